/** The part of limits.ts about tokens that the gateway gets for itself (OAuth client credentials). */
export const oauthLimits = {
  /** Connect to last byte of a token endpoint; the call waits for it. */
  oauthTokenMs: 10_000,
  /** 64 KiB: a token is at most as long as the headers that carry it. */
  oauthAnswerBytes: 65_536,
  /** 8 KiB: half of what servers take of headers. */
  oauthTokenChars: 8_192,
  /** Tokens at once: one for each credential and value of its secret. */
  oauthTokens: 1_000,
  /** A token this close to its end is replaced beside the calls that still use it. */
  oauthTokenEarlyMs: 60_000,
  /** Of a token whose end is not said (RFC 6749 section 5.1); longer could be too long. */
  oauthTokenUnsaidMs: 300_000,
  /** An hour: however long it would count, a client that was locked is noticed. */
  oauthTokenMsMax: 3_600_000,
  /** What a client signs to prove itself counts this long: servers refuse what could be sent again for hours. */
  oauthAssertionMs: 60_000,
  /** After a failure the next call fails at once for so long, so that we never hammer who cannot answer. */
  oauthRetryMs: 2_000,
} as const
