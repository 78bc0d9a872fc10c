import type { Cell } from './cell.ts'
import { kindOf, kinds } from './classes.ts'
import { hints, topicShift } from './hint-bits.ts'
import { topicCount, topicNumber, wordTopics } from './vocabulary.ts'
import { emptyHash, hashByte, hashPair, lowerOf } from './word-hash.ts'

/** How much the surroundings support that a value is of some topic. */
export const noSupport = 0
export const nearWord = 1
export const fieldName = 2

/**
 * The words of the cell being scanned, as they pass. Scanning is synchronous and never nested, so one
 * set of positions serves all cells and none has to be allocated.
 */
const seen: Int32Array = new Int32Array(topicCount).fill(-(1 << 30))
const ahead: Int32Array = new Int32Array(topicCount)
let aheadStamp = 0
let aheadOf = -1
/** Behind the last word of any topic, and behind the last byte known not to be a letter. */
let lastTopic = -(1 << 30)
let quietFrom = 0
let quietTo = 0
let aheadAny = false
let consumedEnd = -1
let wordsSince = 0
/** The last words that passed. What they say is looked up when a value asks, which in most cells none does. */
const wordStarts: Int32Array = new Int32Array(64)
const wordEnds: Int32Array = new Int32Array(64)
const wordHashes: Int32Array = new Int32Array(64)
/** More words than are in reach: each takes two bytes at least. */
const wordsKept = 64
let wordsPassed = 0
let wordsRead = 0
let cell: Cell = {
  bytes: new Uint8Array(0),
  from: 0,
  to: 0,
  hint: 0,
  kind: 'string',
}

/** Bytes before a value in which a word supports it: about eight words. */
const bytesBefore = 64
/** Bytes after it: the words of one short clause. */
const bytesAfter = 40
/** Words between one value and the next of a list. */
const wordsBetween = 2
/** Two words form a phrase when this little stands between them. */
const phraseGap = 3

export function beginContext(next: Cell): void {
  cell = next
  if (lastTopic >= 0) seen.fill(-(1 << 30))
  lastTopic = -(1 << 30)
  quietFrom = next.from
  quietTo = next.from
  wordsPassed = 0
  wordsRead = 0
  aheadOf = -1
  consumedEnd = -1
}

/** A word of letters, `[start, end)`, stands before what is asked about next. */
export function passWord(start: number, end: number): void {
  const place = wordsPassed & (wordsKept - 1)
  wordStarts[place] = start
  wordEnds[place] = end
  wordsPassed += 1
  wordsSince += 1
}

/** Looks up the words that passed and are in reach of what begins at `start`. */
function readWords(start: number): void {
  let word = Math.max(wordsRead, wordsPassed - wordsKept)
  while (word < wordsPassed && (wordEnds[word & (wordsKept - 1)] ?? 0) <= start - bytesBefore) {
    word += 1
  }
  let known = word === wordsRead
  for (; word < wordsPassed; word++) {
    const place = word & (wordsKept - 1)
    const end = wordEnds[place] ?? 0
    const hash = hashWord(wordStarts[place] ?? 0, end)
    wordHashes[place] = hash
    note(wordTopics(hash), end)
    const last = (word - 1) & (wordsKept - 1)
    if (word > 0 && (wordStarts[place] ?? 0) - (wordEnds[last] ?? 0) <= phraseGap) {
      const before = known
        ? (wordHashes[last] ?? 0)
        : hashWord(wordStarts[last] ?? 0, wordEnds[last] ?? 0)
      note(wordTopics(hashPair(before, hash)), end)
    }
    known = true
  }
  wordsRead = wordsPassed
}

function hashWord(start: number, end: number): number {
  let hash = emptyHash
  for (let at = start; at < end; at++) hash = hashByte(hash, lowerOf[cell.bytes[at] ?? 0] ?? 0)
  return hash
}

/** What supports that the value at `[start, end)` is of this topic. */
export function supportOf(topic: number, start: number, end: number): number {
  if (cell.hint >>> topicShift === topic) return fieldName
  if (wordsRead < wordsPassed) readWords(start)
  const word = seen[topic] ?? 0
  if (word > start - bytesBefore) {
    // The nearest noun counts: `my SSN is …, the order number is …`, but `SSNs: …, … and …`.
    if ((seen[rival] ?? 0) > word) return noSupport
    if (word > consumedEnd || wordsSince <= wordsBetween) return nearWord
    return noSupport
  }
  lookAhead(end)
  return ahead[topic] === aheadStamp ? nearWord : noSupport
}

/** Anything at all may speak for a value at `[start, end)`: its field, a word before or behind it. */
export function isSupported(start: number, end: number): boolean {
  if ((cell.hint & tellingHints) !== 0) return true
  if (wordsRead < wordsPassed) readWords(start)
  if (lastTopic > start - bytesBefore) return true
  lookAhead(end)
  return aheadAny
}

/** What a field may be named for, but for numbers that mean something else. */
const tellingHints: number = ((1 << topicShift) - 1) & ~hints.other

/** A value was found up to `end`: the words before it were about that one. */
export function consume(end: number): void {
  consumedEnd = end
  wordsSince = 0
}

/** Where the cell begins: what stands before is of another. */
export const cellBegin = (): number => cell.from

/** The bits of the field's name. */
export const hintOfCell = (): number => cell.hint

export function topic(name: string): number {
  const number = topicNumber.get(name)
  if (number === undefined) throw new Error(`no topic is called ${name}`)
  return number
}

const rival: number = topic('other')

function note(topics: readonly number[] | undefined, end: number): void {
  if (topics === undefined) return
  lastTopic = end
  for (const one of topics) seen[one] = end
}

/** Reads the words behind a value, once for all that is asked about one position. */
function lookAhead(from: number): void {
  if (aheadOf === from) return
  aheadOf = from
  aheadStamp += 1
  aheadAny = false
  const { bytes } = cell
  const to = Math.min(cell.to, from + bytesAfter)
  // What was seen to hold no letter is not read again: in rows of digits, each byte is read once.
  if (from < quietFrom || from > quietTo) {
    quietFrom = from
    quietTo = from
  }
  let at = quietTo
  while (at < to && isLetter[bytes[at] ?? 0] === 0) at += 1
  quietTo = at
  let last = 0
  let lastEnd = -1
  while (at < to) {
    let hash = emptyHash
    const start = at
    for (; at < to && isLetter[bytes[at] ?? 0] === 1; at++) {
      hash = hashByte(hash, lowerOf[bytes[at] ?? 0] ?? 0)
    }
    mark(wordTopics(hash))
    if (lastEnd >= 0 && start - lastEnd <= phraseGap) mark(wordTopics(hashPair(last, hash)))
    last = hash
    lastEnd = at
    while (at < to && isLetter[bytes[at] ?? 0] === 0) at += 1
  }
}

/** 1: a byte of a word, in ASCII or beyond. */
const isLetter: Uint8Array = Uint8Array.from(kindOf, (kind) => (kind > kinds.digit ? 1 : 0))

function mark(topics: readonly number[] | undefined): void {
  if (topics === undefined) return
  aheadAny = true
  for (const one of topics) ahead[one] = aheadStamp
}
