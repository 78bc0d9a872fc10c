/** The questions of the store, answered at once. */
export type AtOnce<Questions> = {
  readonly [Name in keyof Questions]: Questions[Name] extends (
    ...args: infer Args
  ) => Promise<infer Answer>
    ? (...args: Args) => Answer
    : never
}
