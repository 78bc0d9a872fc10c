import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApprovalSummary } from '../admin/approval-contract.ts'
import { liveList } from './watch-approvals.ts'

const now = Date.UTC(2026, 0, 2)

function one(id: string, changes: Partial<ApprovalSummary> = {}): ApprovalSummary {
  return {
    id,
    revision: 1,
    state: 'PENDING',
    digest: 'd',
    terms: { kind: 'call' },
    clearance: null,
    call: 'c',
    function: 'pay.transfer',
    subject: 'corp:sam',
    actors: ['corp:bot'],
    triggered_by: [],
    session: 's',
    delivery: 'held',
    approver_groups: ['team'],
    progress: [{ flow: 'team', name: 'team', have: 0, need: 2, groups: ['team'], open: true }],
    reasons: [],
    created_at: new Date(now).toISOString(),
    decide_by: new Date(now + 600_000).toISOString(),
    votes: [],
    reason_chars: { approve: 0, deny: 1 },
    you: { may_vote: true, why_not: null, on_behalf_of: [], may_withdraw: false },
    ...changes,
  }
}

/** The list as it is drawn, and what was said above it. */
function list() {
  const clock = { now }
  const said: string[] = []
  let drawn: readonly string[] = []
  const screen = {
    say: (line: string) => void said.push(line),
    draw: (lines: readonly string[]) => {
      drawn = lines
    },
  }
  const columns = 200
  return {
    ...liveList(
      screen,
      () => clock.now,
      () => columns,
    ),
    clock,
    said,
    rows: () => drawn.filter((line) => line.includes('apr_')),
    drawn: () => drawn.join('\n'),
  }
}

test('what waits is listed by its deadline, with votes and the time that is left', () => {
  const on = list()
  const soon = one('apr_2', { decide_by: new Date(now + 60_000).toISOString() })
  on.opened([one('apr_1'), soon], false)
  assert.match(
    on.rows()[0] ?? '',
    /^apr_2 +1m +team 0\/2 +pay\.transfer +corp:bot for corp:sam +may vote/,
  )
  assert.match(on.rows()[1] ?? '', /^apr_1 +10m /)
  on.clock.now += 30_000
  on.tick()
  assert.match(on.rows()[0] ?? '', /^apr_2 +30\.0s /)
})

test('votes move it on, and a decision takes it off the list', () => {
  const on = list()
  on.opened([], false)
  assert.match(on.drawn(), /Nothing waits for you/)
  on.happened({ event: 'opened', approval: one('apr_1') })
  assert.match(on.said[0] ?? '', /apr_1 {2}pay\.transfer {2}waits for a person {2}team 0\/2/)
  const progress = [{ flow: 'team', name: 'team', have: 1, need: 2, groups: ['team'], open: true }]
  on.happened({ event: 'changed', approval: one('apr_1', { revision: 2, progress }) })
  assert.match(on.rows()[0] ?? '', /team 1\/2/)
  on.happened({ event: 'decided', approval: one('apr_1', { revision: 3, state: 'APPROVED' }) })
  assert.deepEqual(on.rows(), [])
  assert.match(on.said[1] ?? '', /apr_1 {2}pay\.transfer {2}approved$/)
})

test('an event of before the list was read does not bring the past back', () => {
  const on = list()
  on.opened([one('apr_1', { revision: 5 })], false)
  on.happened({ event: 'changed', approval: one('apr_1', { revision: 2, subject: 'corp:old' }) })
  assert.doesNotMatch(on.drawn(), /corp:old/)
})

test('a list that goes on says so', () => {
  const on = list()
  on.opened([one('apr_1')], true)
  assert.match(on.said[0] ?? '', /there are more/)
})
