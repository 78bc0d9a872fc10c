import type { Canonical } from './canonical.ts'
import { utf8Bytes } from './encoding.ts'
import { textMax } from './record.ts'

/** What a value of a leaf looks like. */
export type Shape = {
  /** Throws `TypeError` naming the member `at` unless the value, out of `JSON.parse`, has this shape. */
  readonly check: (value: unknown, at: string) => void
  /**
   * Reads canonical text (RFC 8785) of this shape and moves behind it. Undefined for whatever is not plainly
   * that: then nothing is known of the text but that it needs a closer look.
   */
  readonly read: (reading: Reading) => Canonical | undefined
}
export type Members = Readonly<Record<string, Shape>>

/**
 * One text being read, as its bytes of UTF-8 and as a string. Up to `at` all is ASCII, so the same index
 * is the same place in both.
 */
export type Reading = { readonly bytes: Uint8Array; readonly text: string; at: number }

export const text: Shape = {
  check: (value, at) => {
    if (typeof value !== 'string') throw new TypeError(`${at} is not a string`)
    if (value.length > textMax) throw new TypeError(`${at} is too long`)
  },
  read: (reading) => {
    const { bytes, text, at } = reading
    if (bytes[at] !== quote) return undefined
    let end = at + 1
    while (isPlain[bytes[end] ?? quote] === 1) end += 1
    if (bytes[end] !== quote || end - at > textMax + 1) return undefined
    reading.at = end + 1
    return text.slice(at + 1, end)
  },
}

export const integer: Shape = {
  check: (value, at) => {
    const isFine = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
    if (!isFine) throw new TypeError(`${at} is not an integer from 0`)
  },
  read: (reading) => {
    const { bytes, at } = reading
    let end = at
    let value = 0
    for (let digit = digitAt(bytes, end); digit >= 0; digit = digitAt(bytes, end)) {
      value = value * 10 + digit
      end += 1
    }
    const digits = end - at
    // Fifteen digits are exact, and enough for everything but mistakes.
    const isCanonical = digits > 0 && digits <= 15 && (digits === 1 || bytes[at] !== zero)
    if (!isCanonical) return undefined
    reading.at = end
    return value
  },
}

/** An integer that may be below 0. Nobody writes such anymore, so only a closer look takes it. */
export const signedInteger: Shape = {
  check: (value, at) => {
    if (!Number.isSafeInteger(value)) throw new TypeError(`${at} is not an integer`)
  },
  read: integer.read,
}

/** RFC 3339 in UTC with milliseconds, as every date is written. */
export const moment: Shape = {
  check: (value, at) => {
    if (!isMoment(value)) throw new TypeError(`${at} is no date`)
  },
  read: (reading) => {
    const value = text.read(reading)
    return isMoment(value) ? value : undefined
  },
}

function isMoment(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > textMax) return false
  const at = new Date(value)
  return !Number.isNaN(at.getTime()) && at.toISOString() === value
}

const [yes, no] = [utf8Bytes('true'), utf8Bytes('false')]

export const flag: Shape = {
  check: (value, at) => {
    if (typeof value !== 'boolean') throw new TypeError(`${at} is not a boolean`)
  },
  read: (reading) => {
    if (skip(reading, yes)) return true
    return skip(reading, no) ? false : undefined
  },
}

export function oneOf(...words: readonly string[]): Shape {
  const spelt = words.map((word) => ({ word, bytes: utf8Bytes(JSON.stringify(word)) }))
  return {
    check: (value, at) => {
      if (!words.some((word) => word === value)) throw new TypeError(`${at} is not a known word`)
    },
    read: (reading) => spelt.find(({ bytes }) => skip(reading, bytes))?.word,
  }
}

export function list(entry: Shape): Shape {
  return {
    check: (value, at) => {
      if (!Array.isArray(value)) throw new TypeError(`${at} is not a list`)
      for (const member of value) entry.check(member, at)
    },
    read: (reading) => {
      const { bytes } = reading
      if (bytes[reading.at] !== openBracket) return undefined
      const values: Canonical[] = []
      if (bytes[reading.at + 1] === closeBracket) {
        reading.at += 2
        return values
      }
      let between: number | undefined = comma
      while (between === comma) {
        reading.at += 1
        const value = entry.read(reading)
        if (value === undefined) return undefined
        values.push(value)
        between = bytes[reading.at]
      }
      reading.at += 1
      return between === closeBracket ? values : undefined
    },
  }
}

/** Exactly these members, in the order of RFC 8785. */
export function object(required: Members, optional: Members = {}): Shape {
  const members = membersOf(required, optional)
  return {
    check: (value, at) => checkObject(required, optional, value, at),
    read: (reading) => {
      const { bytes } = reading
      if (bytes[reading.at] !== openBrace) return undefined
      const value: Record<string, Canonical> = {}
      let between: number | undefined = comma
      reading.at += 1
      for (const { key, head, shape, isRequired } of members) {
        if (between !== comma || !skip(reading, head)) {
          if (isRequired) return undefined
          continue
        }
        const member = shape.read(reading)
        if (member === undefined) return undefined
        value[key] = member
        between = bytes[reading.at]
        reading.at += 1
      }
      return between === closeBrace ? value : undefined
    },
  }
}

/** Keys are ASCII, so their order as strings is that of RFC 8785. None is `__proto__`. */
function membersOf(required: Members, optional: Members) {
  return Object.entries({ ...required, ...optional })
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, shape]) => {
      const head = utf8Bytes(`${JSON.stringify(key)}:`)
      return { key, head, shape, isRequired: Object.hasOwn(required, key) }
    })
}

function checkObject(required: Members, optional: Members, value: unknown, at: string): void {
  if (!isObject(value)) throw new TypeError(`${at} is not an object`)
  for (const key of Object.keys(required)) {
    if (!Object.hasOwn(value, key)) throw new TypeError(`${at} has no ${key}`)
  }
  let previous = ''
  for (const key of Object.keys(value)) {
    const known = Object.hasOwn(required, key) ? required : optional
    const shape = Object.hasOwn(known, key) ? known[key] : undefined
    if (!shape) throw new TypeError(`${at} has an unknown member`)
    if (key < previous) throw new TypeError('the leaf is not in canonical form')
    previous = key
    shape.check(value[key], key)
  }
}

export function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function skip(reading: Reading, word: Uint8Array): boolean {
  const { bytes, at } = reading
  for (let i = 0; i < word.length; i += 1) if (bytes[at + i] !== word[i]) return false
  reading.at = at + word.length
  return true
}

/** The digit that stands there, -1 where none does. */
function digitAt(bytes: Uint8Array, at: number): number {
  const digit = (bytes[at] ?? 0) - zero
  return digit >= 0 && digit <= 9 ? digit : -1
}

const quote = 0x22
const comma = 0x2c
const zero = 0x30
const backslash = 0x5c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/** Bytes that stand in a string for themselves: printable ASCII but the quote and the backslash. */
const isPlain = Uint8Array.from({ length: 256 }, (_, byte) => {
  return byte >= 0x20 && byte < 0x80 && byte !== quote && byte !== backslash ? 1 : 0
})
