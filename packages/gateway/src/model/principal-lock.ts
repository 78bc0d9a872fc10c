/** A principal who is refused whatever they present, until they are unlocked. */
export type PrincipalLock = {
  /** A party's id: `<issuer>:<sub>`. Refused as the subject of a call and as any of its actors. */
  readonly principal: string
  readonly reason: string
  /** Who locked them: a party's id. */
  readonly by: string
  /** Unix milliseconds. */
  readonly at: number
  /** Index of the record that says so. */
  readonly record: number
}
