import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Cell, Span } from '../detect/cell.ts'
import { hints } from '../detect/hint-bits.ts'
import { hintOf } from '../detect/hints.ts'
import { scanCell } from '../detect/scan.ts'
import { isMoment, isSum, wantsSure } from './ordinary-cells.ts'

/** `field`: the name of the field the value stands in. */
function check(value: string, field: string, ordinary: boolean, sure = true): void {
  assert.equal(isOrdinary(value, hintOfField(field), sure), ordinary, `${field}: ${value}`)
}

function isOrdinary(value: string, hint: number, sure: boolean): boolean {
  const bytes = Buffer.from(`"${value}"`)
  const to = bytes.length - 1
  const digits = value.replace(/\D/g, '').length
  if (/^-?\d/.test(value) && !value.includes('T')) return isSum(bytes, 1, to, hint, sure)
  return isMoment(bytes, 1, to, { digits, hint }, sure)
}

function hintOfField(field: string): number {
  return hintOf(Buffer.from(field), 0, field.length)
}

function findsIn(value: string, kind: Cell['kind'], hint: number): readonly Span[] {
  const bytes = Buffer.from(value)
  const spans: Span[] = []
  const wanted = new Map([['*', { confidence: 50 }]])
  scanCell({ bytes, from: 0, to: bytes.length, hint, kind }, spans, wanted)
  return spans
}

test('times and sums are nobody’s where their field says nothing else', () => {
  check('2026-03-04T09:30:00Z', '', true)
  check('2026-03-04T09:30:00Z', 'updated', true)
  check('2026-03-04T09:30:00Z', 'updated', false, false)
  check('2026-03-04T09:30:00Z', 'birth date', false)
  check('2026-03-04T09:30:00.123+02:00', 'created at', true)
  check('2026-03-04T09:30:004111111111', 'created at', false)
  check('2026-03-04T09:30:00.1234567890123Z', 'created at', false)
  check('2026-03-04T09:30:00::1', 'created at', false)
  check('2026-03-04T09:30:00+02:00', 'created at', true)
  check('2026-03-04T09:30:00+0200', 'created at', true)
  check('2026-03-04T09:30:00+02:001', 'created at', false)
  check('2026-03-04 09:30', '', false)
  check('123.45', '', true)
  check('123.45', 'total', true)
  check('123.45', 'total', false, false)
  check('123.45', 'account number', false)
  check('4111111111111111.5', 'total', false)
  check('4111111111111111.0', '', false)
  check('12345', 'total', false)
})

test('in what is not read nothing would have been found', () => {
  const two = fc.nat({ max: 99 }).map((number) => String(number).padStart(2, '0'))
  const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 10 })
  const zone = fc.constantFrom('', 'Z', '+02:00', '-0530', '+99:99')
  const rest = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'0123456789.:+-Z'), maxLength: 11 }),
    fc.tuple(digits, zone).map(([fraction, where]) => `.${fraction}${where}`),
    zone,
  )
  const time = fc
    .tuple(fc.nat({ max: 9999 }), two, two, two, two, two, rest)
    .map(
      ([year, month, day, hour, minute, second, zone]) =>
        `${String(year).padStart(4, '0')}-${month}-${day}T${hour}:${minute}:${second}${zone}`,
    )
  const sum = fc
    .tuple(fc.integer({ min: -999_999, max: 999_999 }), fc.nat({ max: 99_999 }))
    .map((parts) => parts.join('.'))
  const other = hintOfField('total')
  assert.notEqual(other & hints.other, 0)
  fc.assert(
    fc.property(fc.oneof(time, sum), (value) => {
      if (!isOrdinary(value, other, true)) return
      const kind = value.includes('T') ? 'string' : 'number'
      assert.deepEqual(findsIn(value, kind, other), [])
    }),
    { numRuns: 2_000 },
  )
})

test('whoever wants what is unsure has everything read', () => {
  assert.equal(wantsSure(new Map([['*', { confidence: 50 }]])), true)
  const wanted = new Map([
    ['*', { confidence: 50 }],
    ['TAX_ID', { confidence: 30 }],
  ])
  assert.equal(wantsSure(wanted), false)
})
