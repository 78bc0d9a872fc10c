import type { Cell, EntityType, Span } from './cell.ts'
import { hints } from './hint-bits.ts'
import { beginsStandIn, isStandIn } from './stand-in.ts'

/**
 * What the name of the field alone says the whole value is: names, addresses, dates of birth, medical
 * records. Undefined: nothing, or the value is plainly something else.
 */
export function wholeOf(cell: Cell): Span | undefined {
  if ((cell.hint & wholeHints) === 0 || cell.kind === 'key' || cell.kind === 'line')
    return undefined
  const { bytes } = cell
  let start = cell.from
  let end = cell.to
  while (start < end && isBlank(bytes[start])) start += 1
  while (end > start && isBlank(bytes[end - 1])) end -= 1
  if (end - start < 1 || end - start > wholeBytesMax || isPlaceholder(bytes, start, end))
    return undefined
  for (const { bit, type, rule, confidence, fits } of fields) {
    if ((cell.hint & bit) === 0) continue
    const counted = count(bytes, start, end)
    if (!fits(counted)) continue
    return { type, rule, start, end, confidence, validator: undefined }
  }
  return undefined
}

/** A longer value is a text about something, and its own words are looked at. */
const wholeBytesMax = 512

const isBlank = (byte: number | undefined): boolean =>
  byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d)

type Counted = {
  readonly digits: number
  readonly letters: number
  readonly blanks: number
  readonly bytes: number
}

type Field = {
  readonly bit: number
  readonly type: EntityType
  readonly rule: string
  readonly confidence: number
  readonly fits: (counted: Counted) => boolean
}

/** In the order in which they are asked. */
const fields: readonly Field[] = [
  {
    bit: hints.birth,
    type: 'DATE_OF_BIRTH',
    rule: 'field/birth',
    confidence: 85,
    fits: ({ digits, bytes }) => digits >= 4 && bytes <= 40,
  },
  {
    bit: hints.name,
    type: 'PERSON',
    rule: 'field/name',
    confidence: 80,
    fits: ({ letters, digits }) => letters >= 1 && digits <= letters,
  },
  {
    bit: hints.address,
    type: 'ADDRESS',
    rule: 'field/address',
    confidence: 75,
    fits: ({ letters, blanks, digits }) => letters >= 2 && (blanks > 0 || digits === 0),
  },
  {
    bit: hints.medical,
    type: 'MEDICAL_RECORD',
    rule: 'field/medical',
    confidence: 80,
    fits: ({ digits, bytes }) => digits >= 3 && bytes <= 40,
  },
]
const wholeHints: number = fields.reduce((bits, { bit }) => bits | bit, 0)

function count(bytes: Uint8Array, start: number, end: number): Counted {
  let digits = 0
  let letters = 0
  let blanks = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0
    if (byte >= 0x30 && byte <= 0x39) digits += 1
    else if (byte > 0x7f || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a)) letters += 1
    else if (byte === 0x20) blanks += 1
  }
  return { digits, letters, blanks, bytes: end - start }
}

/** Already masked, empty, or the name of a variable: `[REDACTED:…]`, `***`, `${NAME}`, `{{ name }}`, `null`. */
function isPlaceholder(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start] ?? 0
  if (beginsStandIn(first)) return isStandIn(latin(bytes, start, end))
  let same = true
  for (let at = start + 1; at < end; at++) if (bytes[at] !== first) same = false
  if (same && !(first > 0x2f && first < 0x7b)) return true
  if (end - start > 9) return false
  return empties.has(latin(bytes, start, end).toLowerCase())
}

const latin = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.subarray(start, end)).toString('latin1')

const empties: ReadonlySet<string> = new Set([
  'null',
  'none',
  'nil',
  'n/a',
  'na',
  'true',
  'false',
  'undefined',
  'unknown',
  'redacted',
  'hidden',
  'masked',
  'xxx',
  'xxxx',
  '-',
  'yes',
  'no',
  'string',
  'required',
  'optional',
])
