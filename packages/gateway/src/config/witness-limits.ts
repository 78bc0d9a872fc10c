/** The part of limits.ts about witnesses, on both sides. */
export const witnessLimits = {
  /** As many as every reader of a trust file has to take (c2sp.org/tlog-policy). */
  witnesses: 32,
  /** Two round trips across the world and a slow disk; no call waits for it. */
  witnessAskMs: 5_000,
  /**
   * Four minutes. A verifier takes a cosignature up to five before a record that it covers for one by a clock that
   * is a little slow, and clocks of gateways differ as well (`clockLeewayMs`).
   */
  witnessClockMs: 240_000,
  /** The last checkpoint of a stop is taken to the witnesses for so long: a stop has to end soon. */
  witnessStopMs: 5_000,
  /** After a witness that could not be asked: so long first, doubled up to the most. */
  witnessRetryMs: 1_000,
  /** A witness that is back is noticed within a minute. */
  witnessRetryMsMax: 60_000,
  /** Archived checkpoints looked through at start for the newest witnessed one: two an hour, so half a day. */
  checkpointsTakenUp: 24,
  /** 64 KiB: a few cosignatures, post-quantum ones included. */
  witnessAnswerBytes: 65_536,
  /** 128 KiB: 63 proof lines and a checkpoint with 16 signatures of the longest kind. */
  witnessRequestBytes: 131_072,
  /** What a log sends fits into a few packets. */
  witnessRequestMs: 10_000,
  /** Connections to one witness; each log needs one. */
  witnessConnections: 256,
} as const
