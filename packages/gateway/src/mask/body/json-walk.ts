import {
  afterNumberByte,
  endsNumber,
  numberMinus,
  numberWhole,
  numberZero,
} from '../json-number.ts'
import { limits } from '../limits.ts'
import { traitsOf } from './traits.ts'

/** What a walk tells. Positions are of the bytes that are walked through. */
export type WalkEvents = {
  readonly open: (array: boolean) => void
  readonly close: () => void
  /** The next element of an array. */
  readonly element: () => void
  /** The content of a key, without its quotes; `traits` of its bytes ORed, and how many are digits. */
  readonly key: (from: number, to: number, traits: number, digits: number) => void
  readonly string: (from: number, to: number, traits: number, digits: number) => void
  /** `isNumber`: it is one of RFC 8259 section 6; else a word of digits, signs and letters that stands in the place of one. */
  readonly number: (from: number, to: number, isNumber: boolean) => void
}

/**
 * Walks through JSON that is all there, as far as it is JSON, and says where its one value ends: what
 * lies behind has to be read in another way. -1: it is not JSON to the end of one value, and what was
 * told of it may only look so. Never throws, so that a string that only begins like JSON costs no more
 * than any other.
 */
export function walkJson(bytes: Uint8Array, from: number, to: number, events: WalkEvents): number {
  const arrays: boolean[] = []
  let expects: 'value' | 'first' | 'key' | 'firstKey' | 'next' = 'value'
  let at = from
  while (at < to) {
    const byte = bytes[at] ?? 0
    if (byte === 0x20 || (byte <= 0x0d && byte >= 0x09)) {
      at += 1
      continue
    }
    const token = at
    const atValue = expects === 'value' || expects === 'first'
    const array = arrays[arrays.length - 1]
    if (byte === 0x22) {
      if (!atValue && expects !== 'key' && expects !== 'firstKey') return -1
      const end = stringEnd(bytes, at + 1, to)
      if (end < 0) return -1
      if (atValue) events.string(at + 1, end, seen.traits, seen.digits)
      else {
        events.key(at + 1, end, seen.traits, seen.digits)
        const colon = afterBlanks(bytes, end + 1, to)
        if (bytes[colon] !== 0x3a || colon >= to) return -1
        expects = 'value'
        at = colon + 1
        continue
      }
      at = end + 1
      expects = 'next'
    } else if (byte === 0x7b || byte === 0x5b) {
      if (!atValue || arrays.length === depthMax) return -1
      arrays.push(byte === 0x5b)
      events.open(byte === 0x5b)
      expects = byte === 0x5b ? 'first' : 'firstKey'
      at += 1
    } else if (byte === 0x7d || byte === 0x5d) {
      const empty = byte === 0x5d ? 'first' : 'firstKey'
      if (array !== (byte === 0x5d) || (expects !== 'next' && expects !== empty)) return -1
      arrays.pop()
      events.close()
      expects = 'next'
      at += 1
    } else if (byte === 0x2c) {
      if (expects !== 'next' || array === undefined) return -1
      if (array) events.element()
      expects = array ? 'value' : 'key'
      at += 1
    } else {
      if (!atValue) return -1
      const number = byte === 0x2d || (byte >= 0x30 && byte <= 0x39)
      at = number ? numberEnd(bytes, at, to) : literalEnd(bytes, at, to)
      if (at < 0) return -1
      if (number) events.number(token, at, seen.isNumber)
      expects = 'next'
    }
    if (arrays.length === 0 && expects === 'next') return at
  }
  return -1
}

/** Deeper, and the rest is read as text. As deep as a body may be, of which all has to be told. */
const depthMax = limits.depth

/** Of the string that `stringEnd` has passed, and the number that `numberEnd` has. */
const seen = { traits: 0, digits: 0, isNumber: true }

/** Where the closing quote is; -1 when there is none. */
function stringEnd(bytes: Uint8Array, from: number, to: number): number {
  let traits = 0
  let digits = 0
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0
    if (byte === 0x22) {
      seen.traits = traits
      seen.digits = digits
      return at
    }
    const ofByte = traitsOf[byte] ?? 0
    traits |= ofByte
    digits += ofByte & 1
    if (byte === 0x5c) at += 1
  }
  return -1
}

function afterBlanks(bytes: Uint8Array, from: number, to: number): number {
  let at = from
  while (at < to && (bytes[at] ?? 0) <= 0x20) at += 1
  return at
}

/**
 * Behind a number of RFC 8259 section 6, or behind the word that stands in its place: what is wrong with one number
 * must not cost those behind it the names of their members.
 */
function numberEnd(bytes: Uint8Array, from: number, to: number): number {
  const first = bytes[from]
  let state = first === 0x2d ? numberMinus : first === 0x30 ? numberZero : numberWhole
  let at = from + 1
  for (; at < to; at += 1) {
    const next = afterNumberByte(state, bytes[at] ?? 0)
    if (next === undefined) break
    state = next
  }
  seen.isNumber = endsNumber[state] === true && (at >= to || isWord[bytes[at] ?? 0] === 0)
  while (at < to && isWord[bytes[at] ?? 0] === 1) at += 1
  return at
}

/** Behind one of the three words that stand without quotes (RFC 8259 section 3); -1: it is none. */
function literalEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from
  while (at < to && at - from < 6 && isWord[bytes[at] ?? 0] === 1) at += 1
  if (at - from !== 4 && at - from !== 5) return -1
  const word = Buffer.from(bytes.buffer, bytes.byteOffset + from, at - from).toString('latin1')
  return word === 'true' || word === 'false' || word === 'null' ? at : -1
}

const isWord = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte > 0x7f || /[\w+.-]/.test(String.fromCharCode(byte)) ? 1 : 0,
)
