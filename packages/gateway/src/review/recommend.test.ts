import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GrantStanding } from '../model/certification.ts'
import type { GrantListed } from '../model/grant.ts'
import type { GrantUse } from '../store/reviews.ts'
import { recommend } from './recommend.ts'
import { dayMs, usageOf, usersOf } from './usage.ts'

const today = 1_000
const at = today * dayMs
const grant: GrantListed = {
  ...{ id: 'g', owner: 'team', functions: ['a', 'b'], principal: { kind: 'group', group: 'x' } },
  ...{ conditions: [], content: 'c', shape: 's', tier: 'low', text: '', file: '', line: 1 },
}
const seen = (daysAgo: number): GrantStanding => ({
  ...{ grant: 'g', content: 'c', firstSeenAt: at - daysAgo * dayMs, contentSince: 0, revision: 1 },
})
const use = (party: string, fn: string, daysAgo: number): GrantUse => ({
  ...{ grant: 'g', party, function: fn, day: today - daysAgo, calls: 2 },
  lastAt: at - daysAgo * dayMs,
})

type Row = {
  readonly what: string
  readonly standing?: GrantStanding
  readonly uses?: readonly GrantUse[]
  readonly grant?: Partial<GrantListed>
  readonly locked?: boolean
  readonly expected: string
}

function check(row: Row): void {
  const { standing, uses = [] } = row
  const { decision, codes } = recommend({
    grant: { ...grant, ...row.grant },
    standing,
    usage: usageOf(uses, { standing, at }),
    usedBy: usersOf(uses, at),
    conflicts: [],
    isPrincipalLocked: row.locked === true,
    at,
  })
  assert.equal([decision, ...codes].join(' '), row.expected, row.what)
}

const both = [use('p', 'a', 1), use('q', 'b', 40)]
const rows: readonly Row[] = [
  { what: 'nobody counted', expected: 'none USAGE_UNKNOWN' },
  { what: 'counted for too short', standing: seen(89), expected: 'none USAGE_UNKNOWN' },
  { what: 'counted, and nothing', standing: seen(90), expected: 'revoke UNUSED_90D' },
  { what: 'used', standing: seen(90), uses: both, expected: 'keep USED_30D' },
  { what: 'used, and new', standing: seen(2), uses: [use('p', 'a', 1)], expected: 'keep USED_30D' },
  {
    what: 'used a while ago',
    standing: seen(200),
    uses: [use('p', 'a', 40), use('q', 'b', 40)],
    expected: 'none ',
  },
  {
    what: 'one function of two',
    standing: seen(90),
    uses: [use('p', 'a', 1), use('q', 'a', 1)],
    expected: 'narrow ONLY_SOME_USED USED_30D',
  },
  {
    what: 'one of the group',
    standing: seen(90),
    uses: [use('p', 'a', 1), use('p', 'b', 1)],
    expected: 'narrow ONE_USER_ONLY USED_30D',
  },
  {
    what: 'given to one',
    grant: { principal: { kind: 'party', type: 'User', id: 'p' } },
    standing: seen(90),
    uses: [use('p', 'a', 1), use('p', 'b', 1)],
    expected: 'keep USED_30D',
  },
  {
    what: 'locked',
    standing: seen(90),
    uses: both,
    locked: true,
    expected: 'revoke PRINCIPAL_LOCKED USED_30D',
  },
  {
    what: 'changed since it was certified',
    standing: {
      ...seen(90),
      certification: {
        ...{ id: 'x', content: 'old', decision: 'keep', by: ['d'], reason: 'r', when: [], at: 0 },
        validUntil: at,
      },
    },
    uses: both,
    expected: 'keep USED_30D CONTENT_CHANGED',
  },
]

test('what the facts suggest, with the reasons', () => {
  for (const row of rows) check({ ...row, expected: row.expected.trim() })
})
