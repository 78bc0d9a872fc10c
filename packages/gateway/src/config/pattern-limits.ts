/** The part of limits.ts about patterns that a rulebook brings: its own, those of schemas and of a `gitleaks.toml`. */
export const patternLimits = {
  /**
   * Instructions a pattern may compile to: at the worst each costs 10 ns for every character of a text. Counted repeats
   * multiply them; the largest of gitleaks's own rules has 1,972.
   */
  patternInstructions: 4_000,
  /** Patterns in one set. Its states multiply: sets of twice as many were a thousand times slower when they were measured. */
  patternsOfSet: 50,
  /** What they compile to together, as one pattern would: two of the largest. */
  setInstructions: 8_000,
  /** Rules of a `gitleaks.toml`; its own file has 222. */
  gitleaksRules: 2_000,
  /** Expressions of all its allow-lists: half a second to compile; its own file has 50. */
  gitleaksAllowRegexes: 2_000,
  /** Stop words of all its allow-lists, each of which is looked for in each secret; its own file has 1,500. */
  gitleaksStopwords: 20_000,
  /** Bytes of all words of which one has to stand in a text: they are one table of 16-bit steps. */
  ruleWordBytes: 65_535,
  /**
   * Processor time of the rules of a rulebook for one text, of at most 256 KiB: ten times what hundreds of rules take
   * for one full of keys. A pattern that reads on to the end of the text after each of its matches takes hours.
   */
  ruleSearchMs: 5_000,
} as const
