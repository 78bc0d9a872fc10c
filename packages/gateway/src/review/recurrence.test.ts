import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextDate } from './recurrence.ts'

type Row = readonly [rule: string, from: string, expected: string | undefined]

function check([rule, from, expected]: Row): void {
  const next = nextDate(rule, Date.parse(from))
  assert.equal(next === undefined ? undefined : new Date(next).toISOString(), expected, rule)
}

const rows: readonly Row[] = [
  ['FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=1', '2026-01-01T09:00:00Z', '2026-04-01T09:00:00.000Z'],
  ['RRULE:FREQ=YEARLY', '2026-02-03T00:00:00Z', '2027-02-03T00:00:00.000Z'],
  ['FREQ=WEEKLY;BYDAY=MO', '2026-01-07T08:00:00Z', '2026-01-12T08:00:00.000Z'],
  ['FREQ=MONTHLY;BYDAY=-1FR', '2026-01-05T08:00:00Z', '2026-01-30T08:00:00.000Z'],
  ['FREQ=DAILY', '2026-12-31T08:00:00Z', '2027-01-01T08:00:00.000Z'],
  ['FREQ=MONTHLY;UNTIL=20260115T000000Z', '2026-01-05T08:00:00Z', undefined],
  ['FREQ=HOURLY', '2026-01-05T08:00:00Z', undefined],
  ['FREQ=MONTHLY;COUNT=3', '2026-01-05T08:00:00Z', undefined],
  ['FREQ=DAILY;BYMONTHDAY=30;BYMONTH=2', '2026-01-05T08:00:00Z', undefined],
  ['FREQ=MONTHLY\nEXDATE:20260201', '2026-01-05T08:00:00Z', undefined],
  ['FREQ=MONTHLY;BYDAY=XX', '2026-01-05T08:00:00Z', undefined],
  ['every month', '2026-01-05T08:00:00Z', undefined],
  [`FREQ=MONTHLY;BYMONTHDAY=${'1,'.repeat(100)}1`, '2026-01-05T08:00:00Z', undefined],
]

test('the next date of a rule, and rules that have none', () => {
  for (const row of rows) check(row)
})
