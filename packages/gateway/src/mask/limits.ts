/** Every number that bounds something in this room, with its reason. */
export const limits = {
  /** Characters of one path. Longer ones are generated, and nobody can review them. */
  pathChars: 1024,
  /** Segments of one path: deeper than any result we were asked to describe. */
  pathSegments: 64,
  /** Selectors in one bracket; a longer union is a list that wants to be a wildcard. */
  segmentSelectors: 128,
  /** Paths of one function, allow-lists included: each costs a step per value it could match. */
  paths: 4096,
  /** Containers within containers. Bounds the stack; parsers downstream give up at similar depths. */
  depth: 256,
  /**
   * Bytes between two values (comma, white space, key) where the value may turn out to be dropped:
   * they are held until that is known.
   */
  heldBytes: 65_536,
  /** Raw bytes of a string or number that is kept whole to derive its mask; a longer one is redacted. */
  maskedScalarBytes: 65_536,
  /** Of a body, a first piece of work; what takes longer than a turn is halved from then on, what is quick doubled. */
  pieceBytes: 16_384,
  /** Larger ones save nothing. */
  pieceBytesMax: 65_536,
  /** Smaller ones would spend more on the turn between them than on themselves. */
  pieceBytesMin: 2_048,
  /** 2 ms: a call needs ten turns of the thread, and is delayed by tens of milliseconds at most by any number of long ones. */
  turnMicros: 2_000,
  /** A string, number or key that is looked at whole: JSON in a string is as long. */
  tokenBytes: 262_144,
  /** What is longer is looked at so much at once. */
  windowBytes: 65_536,
  /** A token that masking left before; one of a longer value is looked at like any other word. */
  markBytes: 2_048,
  /** The headers of one part of a multipart body. */
  partHeadBytes: 16_384,
  /** Of a text that comes in pieces of events, what may wait for the end of a value. */
  channelBytes: 16_384,
  /** So much of it that came at once is read at once: each reading begins with what explains it. */
  channelReadBytes: 4_096,
  /** Of one string in JSON that comes in pieces: longer ones are read so much at once, and go on meanwhile. */
  channelWindowBytes: 2_048,
  /** Texts of one stream that come in pieces side by side: choices, blocks, tool calls. */
  channels: 64,
  /** Events that are held because one before them may not go out yet. */
  heldEventBytes: 1_048_576,
  /** And how many of them, of a thousand bytes of memory each: twice what a channel takes in pieces of four letters. */
  heldEvents: 8_192,
  /** Places that findings of one body name; further ones are counted together. */
  findings: 256,
  /** A result is held whole while a recogniser is asked, which takes 100 ms and more for 10 KB. */
  recognisedBytes: 1_048_576,
  /** One event of an event stream, which is held until it is complete. */
  eventBytes: 1_048_576,
  /** One frame of an MCP result with declared rules, which is held until it is complete: models read far less. */
  frameBytes: 8_388_608,
  /** Names of one length a key is compared with byte by byte; with more, its text is looked up instead. */
  namesCompared: 8,
  /**
   * Remembered combinations of path positions. Hostile nesting can reach many combinations under
   * descendant paths; beyond this number they are computed each time instead of remembered.
   */
  automatonNodes: 1024,
  /**
   * A shorter credential would also match ordinary text, and replacing that text would both corrupt
   * results and tell an observer what the credential is.
   */
  echoBytesMin: 6,
  /** JSON in a string of JSON in a string of JSON: so deep a credential is looked for behind escapes. */
  echoDepth: 3,
} as const
