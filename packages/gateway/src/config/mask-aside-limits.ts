/** The part of limits.ts about bodies that are masked beside the thread that answers calls. */
export const maskAsideLimits = {
  /** 64 KiB: what is longer takes over 10 ms to mask and goes to another thread, which costs 1 ms. */
  maskedHereBytes: 65_536,
  /** 4 KiB, where the rulebook brings patterns: one that reads on after each match takes 70 ms for as much, and seconds for more. */
  searchedHereBytes: 4_096,
  /** Arguments that wait for that thread: at 1 MiB each a few seconds; one more is refused as `overloaded`. */
  maskedAside: 64,
  /** Results under way in it, which hold a few MiB each at the worst; one more is masked where calls are answered. */
  resultsAside: 64,
} as const
