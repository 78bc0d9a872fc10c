import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Approval } from '../model/approval.ts'
import { type ApprovalEvent, asOf, openGroups, step } from './machine.ts'

const clock = { now: 100, claimMs: 50 }

const pending: Approval = {
  id: 'apr_1',
  state: 'PENDING',
  clearance: 'NONE',
  revision: 3,
  binding: {
    function: '',
    definition: '',
    arguments: '',
    upstream: '',
    credential: '',
    subject: '',
    actors: '',
    rulebook: '',
  },
  digest: 'd',
  callId: 'call',
  functionId: 'pay.transfer',
  subject: 'corp:sam',
  actors: [],
  session: 'ses_1',
  approverGroups: ['finance'],
  reasons: [],
  createdAt: 0,
  decideBy: 200,
  votes: [],
}
const active: Approval = { ...pending, state: 'APPROVED', clearance: 'ACTIVE', claimBy: 150 }

/** Every state that an approval can be in, with the clock at 100. */
const states = {
  pending,
  overdue: { ...pending, decideBy: 100 },
  approved: active,
  unclaimed: { ...active, claimBy: 100 },
  used: { ...active, clearance: 'CONSUMED' },
  lost: { ...active, clearance: 'EXPIRED' },
  denied: { ...pending, state: 'DENIED' },
  expired: { ...pending, state: 'EXPIRED' },
  withdrawn: { ...pending, state: 'WITHDRAWN' },
  superseded: { ...pending, state: 'SUPERSEDED' },
} as const satisfies Record<string, Approval>

const vote = { by: 'corp:dana', verdict: 'approve', group: 'finance', reason: '' } as const
const events = {
  yes: { kind: 'vote', vote: { ...vote, sawDigest: 'd' } },
  no: { kind: 'vote', vote: { ...vote, verdict: 'deny', sawDigest: 'd' } },
  claim: { kind: 'claim' },
  expire: { kind: 'expire' },
  withdraw: { kind: 'withdraw' },
  supersede: { kind: 'supersede' },
} as const satisfies Record<string, ApprovalEvent>

type Row = Record<keyof typeof events, string>

const closed: Row = {
  yes: 'not-pending',
  no: 'not-pending',
  claim: 'not-approved',
  expire: 'not-pending',
  withdraw: 'not-pending',
  supersede: 'not-pending',
}
const table: Record<keyof typeof states, Row> = {
  pending: {
    yes: 'APPROVED ACTIVE',
    no: 'DENIED NONE',
    claim: 'not-approved',
    expire: 'too-early',
    withdraw: 'WITHDRAWN NONE',
    supersede: 'SUPERSEDED NONE',
  },
  overdue: {
    yes: 'too-late',
    no: 'too-late',
    claim: 'not-approved',
    expire: 'EXPIRED NONE',
    withdraw: 'WITHDRAWN NONE',
    supersede: 'SUPERSEDED NONE',
  },
  approved: { ...closed, claim: 'APPROVED CONSUMED', expire: 'too-early' },
  unclaimed: { ...closed, claim: 'clearance-expired', expire: 'APPROVED EXPIRED' },
  used: { ...closed, claim: 'already-used', expire: 'already-used' },
  lost: { ...closed, claim: 'clearance-expired', expire: 'clearance-expired' },
  denied: closed,
  expired: closed,
  withdrawn: closed,
  superseded: closed,
}

function check(approval: Approval, event: ApprovalEvent, expected: string): void {
  const before = structuredClone(approval)
  const next = step(approval, event, clock)
  assert.deepEqual(approval, before)
  const got = next.fits ? `${next.approval.state} ${next.approval.clearance}` : next.unfit
  assert.equal(got, expected)
  if (next.fits) assert.equal(next.approval.revision, approval.revision + 1)
}

for (const [state, row] of Object.entries(table)) {
  for (const [event, expected] of Object.entries(row)) {
    test(`${event} when ${state}`, () =>
      check(states[state as keyof typeof states], events[event as keyof typeof events], expected))
  }
}

const two: Approval = { ...pending, approverGroups: ['finance', 'legal'] }
const half: Approval = { ...two, votes: [{ ...vote, sawDigest: 'd', at: 50 }] }
const cast = (changes: object): ApprovalEvent => ({
  kind: 'vote',
  vote: { ...vote, sawDigest: 'd', ...changes },
})
const votes: readonly (readonly [string, Approval, ApprovalEvent, string])[] = [
  ['a second group is still open', two, cast({}), 'PENDING NONE'],
  ['one person is one vote', half, cast({ group: 'legal' }), 'already-voted'],
  [
    'one person is one vote, by an operator key too',
    half,
    cast({ by: 'operator:Dana', group: 'legal' }),
    'already-voted',
  ],
  [
    'and the other way round',
    { ...two, votes: [{ ...vote, by: 'operator:dana', sawDigest: 'd', at: 50 }] },
    cast({ group: 'legal' }),
    'already-voted',
  ],
  [
    'nor may they deny what they approved',
    half,
    cast({ by: 'operator:dana', verdict: 'deny' }),
    'already-voted',
  ],
  [
    'people of two issuers are two people',
    half,
    cast({ by: 'partner:dana', group: 'legal' }),
    'APPROVED ACTIVE',
  ],
  ['a group needs one yes', half, cast({ by: 'corp:eve' }), 'group-satisfied'],
  [
    'a satisfied group can still veto',
    half,
    cast({ by: 'corp:eve', verdict: 'deny' }),
    'DENIED NONE',
  ],
  ['the last group settles it', half, cast({ by: 'corp:eve', group: 'legal' }), 'APPROVED ACTIVE'],
  ['another group has no vote', two, cast({ group: 'sales' }), 'no-such-group'],
  ['who saw something else has no vote', two, cast({ sawDigest: 'e' }), 'other-digest'],
]
for (const [name, approval, event, expected] of votes) {
  test(name, () => check(approval, event, expected))
}

test('a clearance can be claimed until claimMs after the approval', () => {
  const next = step(pending, events.yes, clock)
  assert.equal(next.fits && next.approval.claimBy, 150)
  assert.deepEqual(openGroups(half), ['legal'])
  assert.equal(asOf(states.overdue, 100).state, 'EXPIRED')
  assert.equal(asOf(pending, 100), pending)
})
