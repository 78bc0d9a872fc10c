import { emptyHash, hashByte, lowerOf as theirLowerOf } from '../detect/word-hash.ts'
import {
  alphabetNumber,
  alphabets as theirAlphabets,
  alphabetsOf as theirAlphabetsOf,
} from './alphabet.ts'
import type { RunEnds } from './format.ts'
import { judge, type Standing } from './judge.ts'
import {
  isQuote,
  readSeparator,
  separatorBytesMax,
  separator as theirSeparator,
} from './separator.ts'
import {
  beforeTrailing,
  closingQuote,
  endsLine,
  hasDigit,
  isJoin,
  firstUnspaced as theirFirstUnspaced,
} from './value-end.ts'
import {
  bitsOfEnding,
  bitsOfWord,
  endPhrase,
  leastEnding,
  mayBeWord,
  wordBits as theirWordBits,
} from './words.ts'

// The compiler knows the constants of a module; what is imported is loaded at each use.
const alphabets = theirAlphabets
const alphabetsOf = theirAlphabetsOf
const firstUnspaced = theirFirstUnspaced
const lowerOf = theirLowerOf
const separator = theirSeparator
const wordBits = theirWordBits

/**
 * Follows the words of a cell and finds the value that stands beside a name such as `password`,
 * `API_KEY`, `stripeToken`. One serves all cells: scanning is synchronous and never nested.
 */
export type Names = {
  /** The bits of the name read so far; 0: none is being read. */
  bits: number
  unsure: boolean
  /** It ends with `id`, of credentials that are kept somewhere. */
  isId: boolean
  /** Where the name begins. */
  start: number
  /** Where its last word ends. */
  end: number
  /** A word said that this is no secret. */
  barred: boolean
  /** Commands that take `-p password` were seen in this line. */
  login: boolean
  /** Where the run of the last value without quotes ended, and how many values began in it. */
  runEnd: number
  runTries: number
}

const state: Names = {
  bits: 0,
  unsure: false,
  isId: false,
  start: -1,
  end: -1,
  barred: false,
  login: false,
  runEnd: -1,
  runTries: 0,
}
export const names: Names = state

/** What `valueAfter` found, when it says so. */
export const found = { start: 0, end: 0, confidence: 0, bits: 0 }

export function forgetName(): void {
  state.bits = 0
  state.unsure = false
  state.isId = false
  state.barred = false
  state.end = -1
}

/**
 * Takes the word of letters that begins at `start`; `TokenName`, `APIKey` and `key2` are two each. Returns
 * its end, negative when a name is being read whose value may follow.
 */
export function takeWord(bytes: Uint8Array, start: number, to: number): number {
  const end = wordEnd(bytes, start, to)
  if (wordHash === noHash && state.bits === 0 && !state.barred && end - start < leastEnding) {
    // Most words say nothing, and no name is being read.
    state.end = end
    return end
  }
  if (end - start > longestWord) {
    state.end = end
    if (bitsOfEnding(bytes, start, end) === 0) return end
  }
  return note(bytes, start, end) ? -end : end
}

/** No word of the list is longer. */
const longestWord = 24

/** FNV-1a of the word `wordEnd` read last; `noHash`: no word of the list begins so and is as long. */
let wordHash = 0
const noHash = 0

function wordEnd(bytes: Uint8Array, start: number, to: number): number {
  let at = start
  const byte = bytes[at] ?? 0
  at++
  if (byte >= firstUnspaced) {
    // Scripts written without spaces: what stands behind their characters is another word.
    while (at < to && isUnspaced(bytes[at] ?? 0)) at++
    wordHash = mayBeWord(bytes, start, at) ? hashOf(bytes, start, at) : noHash
    return at
  }
  if (caseOf[byte] === upper && at < to && caseOf[bytes[at] ?? 0] === upper) {
    let hash = hashByte(emptyHash, byte | 0x20)
    let before = hash
    for (; at < to && caseOf[bytes[at] ?? 0] === upper; at++) {
      before = hash
      hash = hashByte(hash, (bytes[at] ?? 0) | 0x20)
    }
    wordHash = hash
    // `APIKey`: the last capital begins the next word, unless it ends one: `SECRETkey`.
    if (at >= to || caseOf[bytes[at] ?? 0] !== lower || bitsOfWord(hash) !== 0) return at
    wordHash = before
    return at - 1
  }
  while (at < to && caseOf[bytes[at] ?? 0] === lower) at++
  wordHash = mayBeWord(bytes, start, at) ? hashOf(bytes, start, at) : noHash
  return at
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = emptyHash
  for (let at = start; at < end; at++) hash = hashByte(hash, lowerOf[bytes[at] ?? 0] ?? 0)
  return hash
}

/** Adds a word to the name; says whether the value of that name may follow. */
function note(bytes: Uint8Array, start: number, end: number): boolean {
  let bits = wordHash === noHash ? 0 : bitsOfWord(wordHash)
  if (bits === 0) bits = bitsOfEnding(bytes, start, end)
  if ((bits & wordBits.phrase) !== 0) {
    const isEnd = start - state.end <= widestGap && endPhrase(bytes, state.end, start, end)
    bits = isEnd ? wordBits.password : bits & ~wordBits.phrase
  }
  if ((bits & ~wordBits.filler) === 0 && state.bits === 0) {
    if (state.barred && gapBefore(bytes, start) !== joined) state.barred = false
    state.end = end
    return false
  }
  if ((bits & wordBits.login) !== 0) state.login = true
  const gap = gapBefore(bytes, start)
  if (gap === apart) forgetName()
  if ((bits & wordBits.never) !== 0) {
    state.bits = 0
    state.barred = true
    state.end = end
    return false
  }
  if ((bits & named) !== 0) {
    if (!state.barred) {
      if (state.bits === 0) {
        state.start = start
        state.unsure = false
      }
      state.bits |= bits & named
      state.isId = false
      if ((bits & certain) !== 0) state.unsure = false
    }
  } else if (state.bits === wordBits.plainKey && isId(bytes, start, end)) {
    // The id of a key is none.
    state.bits = 0
  } else if ((bits & wordBits.filler) === 0) {
    if (gap === spaced) state.bits = 0
    else if (gap === joined && state.bits !== 0) state.unsure = true
  }
  if ((state.bits & wordBits.kept) !== 0 && isId(bytes, start, end)) state.isId = true
  // `public key` bars one word after a space, and the rest of a name that is written as one.
  if (gap === spaced) state.barred = false
  state.end = end
  return state.bits !== 0
}

const isId = (bytes: Uint8Array, start: number, end: number): boolean =>
  end - start === 2 &&
  ((bytes[start] ?? 0) | 0x20) === 0x69 &&
  ((bytes[start + 1] ?? 0) | 0x20) === 0x64

/**
 * Takes a number of the cell: a short one may end a name, such as `key 2`. Says whether its value may
 * follow.
 */
export function takeNumber(start: number, end: number): boolean {
  if (state.bits === 0 || end - start > 2 || start - state.end > 1) return false
  state.end = end
  return true
}

const certain =
  wordBits.password | wordBits.secret | wordBits.key | wordBits.plainKey | wordBits.scheme
const named = certain | wordBits.service | wordBits.kept

const apart = 0
const spaced = 1
const joined = 2

/** How the word at `start` stands to the one before it. */
function gapBefore(bytes: Uint8Array, start: number): number {
  if (state.end < 0 || start - state.end > widestGap) return apart
  let gap = joined
  for (let at = state.end; at < start; at++) {
    const byte = bytes[at] ?? 0
    if (byte === 0x20 || isQuote(byte)) gap = spaced
    else if (byte === 0x3a && start - state.end <= 2) gap = spaced
    else if (!isJoint(byte)) return apart
  }
  return gap
}

/** Bytes between two words of one name. */
const widestGap = 4

const isJoint = (byte: number): boolean =>
  byte === 0x5f || byte === 0x2d || byte === 0x2e || (byte >= 0x30 && byte <= 0x39)

/** Looks for the value of the name that was read so far. True: it is in `found`. */
export function valueAfter(bytes: Uint8Array, to: number, runs: RunEnds): boolean {
  // What follows lies within a run that was judged often enough.
  if (state.runTries > triesOfRun && state.end + separatorBytesMax < state.runEnd) return false
  return readValue(bytes, to, runs)
}

function readValue(bytes: Uint8Array, to: number, runs: RunEnds): boolean {
  readSeparator(bytes, state.end, to)
  let start = separator.value
  if (start < 0) return false
  const scheme = (state.bits & wordBits.scheme) !== 0
  if (separator.dash && (state.bits & (wordBits.secret | wordBits.service)) === 0) return false
  let end = -1
  let quoted = separator.quote !== 0
  if (quoted) {
    end = closingQuote(bytes, start, to, separator.quote)
    if (end < 0) quoted = false
  }
  if (separator.inner !== 0) {
    if (!quoted || isJoin(bytes, start, end, separator.inner)) return false
    // Of a pair of inner quotes the value stands between; one alone is a part of it.
    if (end > start && bytes[end - 1] === separator.inner) end--
    else start--
  }
  if (!quoted) {
    end = runs.endOf(bytes, start, to, valueAlphabet, valueSlot)
    if (!mayTry(end)) return false
    end = beforeTrailing(bytes, start, end)
  }
  standing.bits = state.bits
  standing.unsure = state.unsure
  standing.ofId = state.isId
  // `machine host login sam password …` of a .netrc, and commands that log in.
  const netrc = state.login && (state.bits & wordBits.password) !== 0
  standing.assigned =
    (separator.assigned && !separator.argument) || isFlag(bytes, state.start) || netrc
  standing.quoted = quoted
  standing.argument = separator.argument
  standing.dash = separator.dash
  standing.tight = separator.tight
  standing.alone = separator.tight || endsLine(bytes, end, to)
  if (scheme && !(quoted || separator.assigned || bytes[start - 1] === 0x20)) return false
  // «Pass `name` on» gives nobody a password.
  if (!standing.assigned && isPass(bytes, state.start)) return false
  let confidence = judge(bytes, start, end, standing)
  if (!quoted && (state.bits & wordBits.password) !== 0) {
    const whole = passwordEnd(bytes, end, to, runs)
    // A longer value is no password, and would be looked through again from each name in it.
    const isShort = whole > end && whole - start <= passwordBytesMax
    if (confidence === 0 && isShort && standing.assigned && hasDigit(bytes, start, whole)) {
      confidence = judge(bytes, start, whole, standing)
    }
    end = whole
  }
  // Nor is a part of an id one.
  if (confidence === 0 && state.isId) forgetName()
  if (confidence === 0) return false
  found.start = start
  found.end = end
  found.confidence = confidence
  found.bits = state.bits
  return true
}

/** As many as `judge` takes for one. */
const passwordBytesMax = 256

/**
 * Where a password without quotes ends that goes on in letters and dashes beyond ASCII: `Tr0ub4dor—9xY`. Scripts that
 * are written without spaces begin other words.
 */
function passwordEnd(bytes: Uint8Array, end: number, to: number, runs: RunEnds): number {
  const byte = bytes[end] ?? 0
  if (end >= to || byte < 0x80 || byte >= firstUnspaced) return end
  return beforeTrailing(bytes, end, runs.endOf(bytes, end, to, wideAlphabet, valueSlot))
}

const standing: Standing = {
  bits: 0,
  unsure: false,
  ofId: false,
  assigned: false,
  quoted: false,
  argument: false,
  dash: false,
  alone: false,
  tight: false,
  field: false,
}

/**
 * Names that run on, such as `key-key-key-…`, would have the same bytes judged again from each of them:
 * only the first of one run are.
 */
function mayTry(end: number): boolean {
  if (end !== state.runEnd) {
    state.runEnd = end
    state.runTries = 0
  }
  state.runTries += 1
  return state.runTries <= triesOfRun
}

const triesOfRun = 6

const valueAlphabet = alphabetNumber('value')
const wideAlphabet = alphabetNumber('wide')
/** The part of `RunEnds` that no format's first parts use for this alphabet. */
const valueSlot = 3

const isPass = (bytes: Uint8Array, start: number): boolean =>
  ((bytes[start] ?? 0) | 0x20) === 0x70 &&
  ((bytes[start + 3] ?? 0) | 0x20) === 0x73 &&
  ((alphabetsOf[bytes[start + 4] ?? 0] ?? 0) & alphabets.word) === 0

/** `-Password x`, `--token x`: the space assigns. */
const isFlag = (bytes: Uint8Array, start: number): boolean =>
  bytes[start - 1] === 0x2d &&
  (start < 2 || ((alphabetsOf[bytes[start - 2] ?? 0] ?? 0) & alphabets.alnum) === 0)

const isUnspaced = (byte: number): boolean => byte >= firstUnspaced || (byte > 0x7f && byte < 0xc0)

const lower = 1
const upper = 2

/** Of a letter: its case, which what is not ASCII has none of and is read as small; 0: it is none. */
const caseOf: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x41 && byte <= 0x5a) return upper
  return (byte >= 0x61 && byte <= 0x7a) || (byte > 0x7f && byte < firstUnspaced) ? lower : 0
})
