import { classes } from '../detect/classes.ts'
import { JsonHints } from './json-hints.ts'
import { type WalkEvents, walkJson } from './json-walk.ts'
import type { RawCell } from './raw-cell.ts'

/** What is known of a text within a cell before it is read. */
export type TextKind = Pick<RawCell, 'kind' | 'hint' | 'traits' | 'digits'>

/** The same of a cell of JSON in a text. `whole`: the text is made of nothing else. */
type CellOfJson = TextKind & { readonly whole: boolean }

/**
 * Calls `cell` for each key, string and number of the JSON values that the text begins with. Returns `length`
 * where it is made of nothing else (lines and lists of values are), and its numbers are told as such. Else it only
 * begins so, and all of it has to be read as text besides, in which a number is a word like others: what is
 * returned then is where the last key or string ends that was told, behind which alone anything can be escaped.
 * `hint`: what the name of the field says that the text is the value of.
 */
export function eachCellOfJson(
  bytes: Uint8Array,
  length: number,
  hint: number,
  cell: (from: number, to: number, how: CellOfJson) => void,
): number {
  checked.strings = 0
  checked.odd = 0
  // Four numbers with points between them are no number, and what looked like JSON is none.
  const whole = walkValues(bytes, length, checking) && checked.odd === 0
  // A list of numbers that is none says nothing that the text does not say.
  if (!whole && checked.strings === 0) return 0
  const hints = new JsonHints()
  hints.reset(hint)
  let told = 0
  walkValues(bytes, length, {
    open: (array) => hints.open(array),
    close: () => hints.close(),
    element: () => hints.element(),
    key: (from, to, traits, digits) => {
      told = to
      hints.key(bytes, from, to)
      cell(from, to, { kind: 'key', hint: 0, traits, digits, whole })
    },
    string: (from, to, traits, digits) => {
      told = to
      const hint = hints.next
      hints.string(bytes, from, to)
      cell(from, to, { kind: 'string', hint, traits, digits, whole })
    },
    number: (from, to) => {
      const kind = whole || isExponent(bytes, from, to) ? 'number' : 'string'
      const how = {
        kind,
        hint: hints.next,
        traits: classes.digit,
        digits: to - from,
        whole,
      } as const
      cell(from, to, how)
    },
  })
  return whole ? length : told
}

/** Walks through value after value; false: something else comes, or the last one has no end. */
function walkValues(bytes: Uint8Array, length: number, events: WalkEvents): boolean {
  for (let at = 0; at < length; ) {
    at = walkJson(bytes, at, length, events)
    if (at < 0) return false
    while (at < length && isBetween(bytes[at] ?? 0)) at += 1
    // A number or word behind a value is text.
    if (at < length && !beginsValue(bytes[at] ?? 0)) return false
  }
  return true
}

const isBetween = (byte: number): boolean => byte <= 0x20 || byte === 0x2c
const beginsValue = (byte: number): boolean => byte === 0x7b || byte === 0x5b || byte === 0x22

/** How many strings and keys were told of, of what may be no JSON, and how many words in the place of numbers. */
const checked = { strings: 0, odd: 0 }
const count = (): void => {
  checked.strings += 1
}
const nothing = (): void => {}
const checking: WalkEvents = {
  ...{ open: nothing, close: nothing, element: nothing },
  ...{ key: count, string: count },
  number: (_from, _to, isNumber) => {
    if (!isNumber) checked.odd += 1
  },
}

/** Written with an exponent, a whole number reads as no word does. */
function isExponent(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from > longestNumber) return false
  return /^-?\d+(?:\.\d+)?[eE][-+]?\d+$/.test(
    Buffer.from(bytes.subarray(from, to)).toString('latin1'),
  )
}

const longestNumber = 64
