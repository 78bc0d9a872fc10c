/** The part of limits.ts about bodies whose content is encoded: compressed, usually. */
export const codingLimits = {
  /** Of one body. One is what servers apply; two happen where a proxy compresses what came compressed. */
  contentCodings: 2,
  /** So much may come of any body, however few bytes it was: as much as arguments may have. */
  openedFreeBytes: 1_048_576,
  /** Beyond, so many bytes of each that came: logs and tables give 10 to 40, what is made to burst 1,000 and more. */
  openedRatio: 100,
  /** zstd frames of one body; each is a decoder of its own. Who writes several writes one for some megabytes. */
  openedFrames: 256,
  /** Of a zstd window, as a power of two: 8 MiB, what every receiver has to take and none more (RFC 9659). */
  openedWindowLog: 23,
} as const
