/** The part of limits.ts about what upstreams say of themselves. */
export const catalogueLimits = {
  /** How often it is looked whether a description is due, and which rulebook is in force. */
  catalogueTickMs: 1_000,
  /** A second between two looks at one description: an upstream that changes faster is not described. */
  describedByMsMin: 1_000,
  /** A day: whoever looks less often need not look. */
  describedByMsMax: 86_400_000,
  /** How often holds are read again that another gateway of the store wrote, where no hint comes. */
  holdsReadMs: 30_000,
  /** Connect to last byte of a description: one of 4 MiB over a slow line. */
  descriptionFetchMs: 10_000,
  /** 4 MiB, as much as can be imported: an API of a thousand operations is about 2 MiB. */
  descriptionBytes: 4_194_304,
  /** Nesting of a description; real ones stay below thirty. */
  descriptionDepth: 64,
  /** After a look that failed: so long before the next, where one is wanted sooner than its interval says. */
  descriptionRetryMs: 5_000,
  /** Between two looks at one description, however often its upstream says that it is another. */
  descriptionGapMs: 1_000,
  /** The same as a multiple of what the last look kept everybody from doing: it gets a twentieth of the time. */
  descriptionIdleTimes: 20,
  /** How long a call waits for a look that has to come first; then it is refused. Longer than the gap. */
  descriptionWaitMs: 2_000,
  /**
   * Looks in a row that may fail; then the functions of that upstream are refused until one succeeds. At the
   * usual five minutes that is an hour: longer than a deployment, shorter than a working day.
   */
  descriptionLooksMissed: 12,
  /** Unknown operations of one connection that are written down: more is a flood, or a whole API to import. */
  newFunctionsKept: 500,
  /** Differences shown between two descriptions one by one; more are shown as one, which leaves nothing out. */
  differencesShown: 500,
  /** Characters of all of them: about what two descriptions of one operation have at most. */
  differenceChars: 524_288,
  /** The newest calls of a function that are looked at for who makes them. */
  coverageCalls: 50,
} as const
