/** What an approval is bound to, each a keyed digest so that a difference can be named without showing a value. */
export type Binding = {
  readonly function: string
  readonly definition: string
  readonly verb: string
  readonly arguments: string
  /** Of the caller, passed on, and no arguments. */
  readonly headers: string
  readonly upstream: string
  readonly credential: string
  readonly subject: string
  readonly actors: string
  readonly rulebook: string
}
