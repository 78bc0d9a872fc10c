import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FreshnessShown, GrantDetail, GrantUsage } from '../admin/grant-contract.ts'
import { freshnessText, grantLines, lastUsedText, usageText } from './grant-lines.ts'
import { styleOf } from './style.ts'

const plain = styleOf({ isTTY: false }, {})
const dates = { stale_at: '2026-04-01T00:00:00.000Z', lapses_at: '2026-04-15T00:00:00.000Z' }
const never = { stale_at: null, lapses_at: null }

const stands: readonly (readonly [FreshnessShown, string])[] = [
  [{ state: 'FRESH', ...dates }, 'fresh until 2026-04-01'],
  [{ state: 'PROVISIONAL', ...dates }, 'provisional until 2026-04-01'],
  [{ state: 'DUE_SOON', ...dates }, 'due soon until 2026-04-01'],
  [{ state: 'STALE', ...dates }, 'stale, lapses 2026-04-15'],
  [{ state: 'STALE', ...never }, 'stale'],
  [{ state: 'LAPSED', ...dates }, 'lapsed since 2026-04-15'],
  [{ state: 'REVOKED', ...never }, 'revoked'],
  [{ state: 'EXEMPT', ...never }, 'exempt'],
]
for (const [freshness, text] of stands) {
  test(`a grant that is ${text}`, () => assert.equal(freshnessText(freshness), text))
}

const counted = '2026-01-01T00:00:00.000Z'
const usage = (calls: readonly (number | null)[], last: string | null = null): GrantUsage => {
  const [calls_7 = null, calls_30 = null, calls_90 = null] = calls
  return { counted_since: counted, calls_7, calls_30, calls_90, last_at: last }
}
const uses: readonly (readonly [GrantUsage, calls: string, last: string])[] = [
  [usage([null, null, null]), 'unknown', 'unknown'],
  [usage([0, 0, null]), '0 / 0 / unknown', 'unknown'],
  [usage([0, 0, 0]), '0 / 0 / 0', 'not in 90 days'],
  [usage([1, 2, 3], '2026-02-03T04:05:06.000Z'), '1 / 2 / 3', '2026-02-03 04:05:06'],
]
for (const [given, calls, last] of uses) {
  test(`calls ${calls}, last ${last}`, () => {
    assert.deepEqual([usageText(given), lastUsedText(given)], [calls, last])
  })
}

const grant: GrantDetail = {
  ...{ id: 'g', owner: 'team', reason: 'A\u202Ereason', principal: 'Group a' },
  ...{ functions: ['up.read'], tier: 'critical', content: 'sha256:0' },
  freshness: { state: 'STALE', ...dates },
  ...{ since: counted, content_since: counted, expires_at: null },
  usage: usage([null, null, null]),
  certified_by: ['corp:olga'],
  you: { may_certify: false, why_not: 'own-access', may_revoke: false },
  ...{ text: 'permit (\n  principal\n);', file: 'policies/a.cedar', line: 3 },
  ...{ review_days: 30, fields: null, when: ['context.args.amount < 5'] },
  certification: {
    ...{ id: 'c', decision: 'narrow', by: ['corp:olga', 'corp:otto'], reason: 'still' },
    ...{ when: ['context.args.amount < 5'], at: counted, valid_until: counted },
    ...{ campaign: null, matches: false },
  },
  ...{ ends_at: null, exemption: null, extension: null, revoked: null },
  proposal: {
    ...{ act: 'extend', by: 'corp:olga', reason: 'ill', at: counted },
    ...{ until: '2026-01-05T00:00:00.000Z', decision: null, when: [], ends_at: null },
  },
  used_by: [],
  other_paths: [{ grant: 'other', functions: ['up.read'] }],
  peers: [{ function: 'up.read', principals: 2 }],
  duties: [{ rule: 'two-hands', reason: 'Nobody does both' }],
  recommendation: { decision: 'narrow', codes: ['ONLY_SOME_USED'] },
  open_items: [],
}

test('what a reviewer is shown of a grant', () => {
  const text = grantLines(grant, plain).join('\n')
  for (const shown of [
    /stands +stale, lapses 2026-04-15/,
    /certified +narrow by corp:olga, corp:otto on 2026-01-01, NOT AS IT IS NOW/,
    /waits for a second +extend 2026-01-05\S+ wanted by corp:olga/,
    /last used +unknown/,
    /recommended +narrow \(ONLY_SOME_USED\)/,
    /Seen using it in 90 days\n {2}unknown/,
    /other: up\.read/,
    /up\.read: 2 other principals/,
    /two-hands: Nobody does both/,
    /policies\/a\.cedar:3\n {2}permit \(\n {4}principal/,
    /why +A\\u\{202e\}reason/,
  ]) {
    assert.match(text, shown)
  }
  assert.ok(!text.includes('\u202E'), 'nothing invisible is printed')
})
