/** The part of limits.ts about the external recogniser of names in free text. */
export const recogniserLimits = {
  /** A model takes 100 ms for 10 KB on a processor; ten times that, and the caller is told instead. */
  recogniserTimeoutMs: 2_000,
  /** A caller that waits longer has gone. */
  recogniserTimeoutMsMax: 60_000,
  /** Texts of one question, and their characters: about a second of a model's work. */
  recogniserBatchTexts: 200,
  recogniserBatchChars: 50_000,
  /** A name in every tenth character of a batch, at 100 bytes each. */
  recogniserAnswerBytes: 1_048_576,
  /** As many names as that, in one batch: twice what a text of nothing but names has. */
  recogniserResults: 10_000,
  /** One failure may be chance; after so many in a row calls no longer wait for it. */
  recogniserFailures: 3,
  /** Long enough for a restart, short enough that nobody has to be called. */
  recogniserRestMs: 10_000,
} as const
