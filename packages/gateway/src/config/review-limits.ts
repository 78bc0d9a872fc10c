/** The part of limits.ts about access reviews and access for a while. */
export const reviewLimits = {
  /** Rules of separated duties; each is looked at for every grant and for every call of its functions. */
  dutyRules: 200,
  /** Three years: longer than anybody remembers who did the other part. */
  dutyMs: 94_608_000_000,
  /** Names of owners; as many as there may be groups worth naming. */
  owners: 2_000,
  /** A year and a day: nothing goes longer without a look. */
  reviewMs: 31_622_400_000,
  /** Grants of one campaign: all are frozen in one transaction, and each is decided on its own. */
  campaignItems: 20_000,
  /** A title, not a text. */
  campaignNameChars: 200,
  /** Reminders of one campaign; more are not read. */
  campaignReminders: 12,
  /** Ninety days: longer than that, nobody looks any more. */
  exemptionMs: 7_776_000_000,
  /** Seven days: over a weekend and a holiday, not over a review. */
  extensionMs: 604_800_000,
  /** A week in which a second person can agree to what the first one wants. */
  proposalMs: 604_800_000,
  /** Items decided in one request; a person has looked at one in ten of them. */
  reviewBulkItems: 1_000,
  /** Commits that a campaign has under way at once: they share flushes, and calls go on between them. */
  reviewCommitsAtOnce: 64,
  /** Items read at once. */
  reviewPageRows: 500,
  /** A day from looking at an item to deciding about it: then it is looked at again. */
  reviewShownMs: 86_400_000,
  /** How often what dates have done to campaigns is written down; nothing depends on it. */
  reviewTickMs: 5_000,
  /** How soon another gateway's certification is seen without a hint. Missing one costs an approval. */
  standingsLookMs: 1_000,
  /** Five minutes without news of standings: then high and critical grants are taken for stale. */
  standingsOldMs: 300_000,
  /** A week to answer somebody who asks for access. */
  timedDecideByMs: 604_800_000,
  /** Thirty days: what is needed for longer belongs into a policy. */
  timedGrantMs: 2_592_000_000,
  /** Requests for access that one person has open: each is shown to everybody who could give it. */
  timedAskedOpen: 20,
  /** Functions of one timed grant: its record names them all. */
  timedFunctions: 32,
} as const
