import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type PayloadRole, payloadRoles } from '../record.ts'
import { type About, keptMax, openWritten } from './written.ts'

const steps = fc.oneof(
  { weight: 20, arbitrary: fc.nat(3) },
  { weight: 2, arbitrary: fc.nat(5000) },
  { weight: 1, arbitrary: fc.nat(2 ** 30) },
)
/** Milliseconds between two records: the same second, the same day, other centuries; clocks go back too. */
const gaps = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: -5000, max: 5000 }) },
  { weight: 1, arbitrary: fc.integer({ min: -(2 ** 31), max: 2 ** 31 }) },
)
const roles = fc.oneof(
  fc.subarray<PayloadRole>(['args', 'forwarded']),
  fc.subarray<PayloadRole>(['result', 'returned']),
)
const about = { step: steps, gap: gaps, kept: fc.nat(keptMax), roles }
const abouts = fc.array(fc.record(about), { maxLength: 300 })

const unknown: About = { time: undefined, kept: 0, roles: [] }

test('what is noted of a record is told again, and of no other', () => {
  fc.assert(
    fc.property(abouts, fc.nat(2 ** 32), fc.subarray([...payloadRoles]), (notes, other, gone) => {
      const written = openWritten()
      const model = new Map<number, About>()
      let record = 0
      let time = Date.parse('2026-01-01T00:00:00.000Z')
      for (const { step, gap, kept, roles } of notes) {
        record += step + 1
        time += gap
        const about = { time: gap === 0 ? undefined : time, kept, roles }
        written.note(record, about)
        model.set(record, about)
      }
      for (const [at, [one, about]] of [...model].entries()) {
        if (at % 2 === 0) continue
        written.gone(one, gone)
        model.set(one, { ...about, roles: about.roles.filter((role) => !gone.includes(role)) })
      }
      written.gone(other, model.has(other) ? [] : gone)
      for (const [one, about] of model) {
        assert.deepEqual(written.of(one), about)
        for (const near of [one - 1, one + 1, one + 4096, other]) {
          assert.deepEqual(written.of(near), model.get(near) ?? unknown)
        }
      }
    }),
  )
})
