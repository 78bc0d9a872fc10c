import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Approval, Vote } from '../model/approval.ts'
import { type ApprovalEvent, asOf, step } from './machine.ts'
import { progressOf } from './steps.ts'

const now = 100
const window = { kind: 'window', uses: 5, forMs: 60_000, when: [] } as const

const pending: Approval = {
  id: 'apr_1',
  state: 'PENDING',
  revision: 3,
  binding: {
    function: '',
    definition: '',
    verb: '',
    arguments: '',
    headers: '',
    upstream: '',
    credential: '',
    subject: '',
    actors: '',
    rulebook: '',
  },
  digest: 'd',
  terms: window,
  offer: 'o',
  callId: 'call',
  functionId: 'pay.transfer',
  subject: 'corp:sam',
  actors: [],
  triggeredBy: [],
  session: 'ses_1',
  excluded: ['corp:sam'],
  excludedByDelegation: [],
  approverGroups: ['finance'],
  steps: [
    {
      flow: 'finance',
      name: 'team',
      groups: ['finance'],
      quorum: 1,
      escalation: [{ afterMs: 100, groups: ['leads'] }],
    },
  ],
  escalated: 0,
  reasons: [],
  reasonChars: { approve: 0, deny: 1 },
  notify: [],
  message: 'minimal',
  slackDecides: false,
  delivery: 'held',
  createdAt: 0,
  decideBy: 200,
  claimMs: 50,
  votes: [],
}

/** Every state that an approval can be in, with the clock at 100. */
const states = {
  pending,
  overdue: { ...pending, decideBy: 100 },
  climbed: { ...pending, escalated: 1 },
  approved: { ...pending, state: 'APPROVED', clearance: 'clr_1' },
  denied: { ...pending, state: 'DENIED' },
  expired: { ...pending, state: 'EXPIRED' },
  withdrawn: { ...pending, state: 'WITHDRAWN' },
  superseded: { ...pending, state: 'SUPERSEDED' },
  bypassed: { ...pending, state: 'BYPASSED', clearance: 'clr_1' },
} as const satisfies Record<string, Approval>

const yes: Omit<Vote, 'at'> = {
  by: 'corp:dana',
  verdict: 'approve',
  step: 0,
  group: 'finance',
  reason: '',
  sawDigest: 'o',
  channel: 'admin',
}
const cast = (changes: Partial<Vote> = {}, voided: readonly string[] = []): ApprovalEvent => ({
  kind: 'vote',
  vote: { ...yes, ...changes },
  voided,
  clearance: 'clr_1',
})
const events = {
  yes: cast(),
  no: cast({ verdict: 'deny' }),
  counter: { kind: 'counter', terms: { kind: 'call' }, offer: 'less' },
  escalate: { kind: 'escalate' },
  expire: { kind: 'expire' },
  withdraw: { kind: 'withdraw' },
  supersede: { kind: 'supersede' },
  bypass: { kind: 'bypass', clearance: 'clr_1' },
} as const satisfies Record<string, ApprovalEvent>

type Row = Record<keyof typeof events, string>

function rowOf(all: string): Row {
  return {
    yes: all,
    no: all,
    counter: all,
    escalate: all,
    expire: all,
    withdraw: all,
    supersede: all,
    bypass: all,
  }
}

const open: Row = {
  yes: 'APPROVED',
  no: 'DENIED',
  counter: 'PENDING',
  escalate: 'PENDING',
  expire: 'too-early',
  withdraw: 'WITHDRAWN',
  supersede: 'SUPERSEDED',
  bypass: 'BYPASSED',
}
const table: Record<keyof typeof states, Row> = {
  pending: open,
  overdue: { ...rowOf('too-late'), expire: 'EXPIRED' },
  climbed: { ...open, escalate: 'no-more-rungs' },
  approved: rowOf('not-pending'),
  denied: rowOf('not-pending'),
  expired: rowOf('not-pending'),
  withdrawn: rowOf('not-pending'),
  superseded: rowOf('not-pending'),
  bypassed: rowOf('not-pending'),
}

function check(approval: Approval, event: ApprovalEvent, expected: string): void {
  const before = structuredClone(approval)
  const next = step(approval, event, now)
  assert.deepEqual(approval, before)
  assert.equal(next.fits ? next.approval.state : next.unfit, expected)
  if (!next.fits) return
  assert.equal(next.approval.revision, approval.revision + 1)
  const isReleased = next.approval.state === 'APPROVED' || next.approval.state === 'BYPASSED'
  assert.equal(next.approval.clearance, isReleased ? 'clr_1' : undefined)
}

for (const [state, row] of Object.entries(table)) {
  for (const [event, expected] of Object.entries(row)) {
    test(`${event} when ${state}`, () =>
      check(states[state as keyof typeof states], events[event as keyof typeof events], expected))
  }
}

const finance = { flow: 'finance', name: 'team', groups: ['finance'], quorum: 1, escalation: [] }
const legal = { ...finance, flow: 'legal', name: 'law', groups: ['legal'] }
const security = { ...finance, name: 'security', groups: ['security'] }
const given = (vote: Partial<Vote> = {}): Vote => ({ ...yes, at: 50, ...vote })
/** Two flows side by side. */
const beside: Approval = { ...pending, steps: [finance, legal] }
const half: Approval = { ...beside, votes: [given()] }
/** Two steps of one flow, the first with two places. */
const stairs: Approval = { ...pending, steps: [{ ...finance, quorum: 2 }, security] }
const oneOfTwo: Approval = { ...stairs, votes: [given()] }
const upstairs: Approval = { ...stairs, votes: [given(), given({ by: 'corp:eve' })] }
const late: Approval = { ...pending, escalated: 1 }

const votes: readonly (readonly [string, Approval, ApprovalEvent, string])[] = [
  ['a second flow is still open', beside, cast(), 'PENDING'],
  ['one person is one vote', half, cast({ step: 1, group: 'legal' }), 'already-voted'],
  [
    'one person is one vote, by an operator key too',
    half,
    cast({ by: 'operator:Dana', step: 1, group: 'legal' }),
    'already-voted',
  ],
  [
    'and the other way round',
    { ...beside, votes: [given({ by: 'operator:dana' })] },
    cast({ step: 1, group: 'legal' }),
    'already-voted',
  ],
  [
    'nor may they deny what they approved',
    half,
    cast({ by: 'operator:dana', verdict: 'deny' }),
    'already-voted',
  ],
  [
    'who voted for somebody does not vote for themselves',
    { ...beside, votes: [given({ onBehalfOf: 'corp:away' })] },
    cast({ step: 1, group: 'legal' }),
    'already-voted',
  ],
  [
    'nor does the one they voted for',
    { ...beside, votes: [given({ onBehalfOf: 'corp:away' })] },
    cast({ by: 'corp:away', step: 1, group: 'legal' }),
    'already-voted',
  ],
  [
    'nor anybody in the place of who has voted',
    half,
    cast({ by: 'corp:eve', onBehalfOf: 'corp:dana', step: 1, group: 'legal' }),
    'already-voted',
  ],
  [
    'people of two issuers are two people',
    half,
    cast({ by: 'partner:dana', step: 1, group: 'legal' }),
    'APPROVED',
  ],
  ['a step takes no more yeses than it needs', half, cast({ by: 'corp:eve' }), 'step-closed'],
  ['who said yes can still be vetoed', half, cast({ by: 'corp:eve', verdict: 'deny' }), 'DENIED'],
  ['the last flow settles it', half, cast({ by: 'corp:eve', step: 1, group: 'legal' }), 'APPROVED'],
  ['another group has no vote', beside, cast({ group: 'sales' }), 'no-such-group'],
  ['a group has no vote in another step', beside, cast({ step: 1 }), 'no-such-group'],
  ['there is no step beyond the last', beside, cast({ step: 2 }), 'step-closed'],
  ['who saw something else has no vote', beside, cast({ sawDigest: 'e' }), 'other-offer'],
  ['a quorum takes different people', oneOfTwo, cast(), 'already-voted'],
  ['and is met by the last of them', oneOfTwo, cast({ by: 'corp:eve' }), 'PENDING'],
  [
    'a later step is not open before',
    oneOfTwo,
    cast({ by: 'corp:eve', step: 1, group: 'security' }),
    'step-closed',
  ],
  [
    'nor for a veto',
    oneOfTwo,
    cast({ by: 'corp:eve', verdict: 'deny', step: 1, group: 'security' }),
    'step-closed',
  ],
  ['it is after', upstairs, cast({ by: 'corp:kim', step: 1, group: 'security' }), 'APPROVED'],
  [
    'whoever left takes their yes along, so that their step is open again',
    upstairs,
    cast({ by: 'corp:kim', step: 1, group: 'security' }, ['corp:eve']),
    'step-closed',
  ],
  ['and can be filled again', upstairs, cast({ by: 'corp:kim' }, ['corp:eve']), 'PENDING'],
  ['a rung that was not climbed gives no vote', pending, cast({ group: 'leads' }), 'no-such-group'],
  ['one that was does', late, cast({ group: 'leads' }), 'APPROVED'],
]
for (const [name, approval, event, expected] of votes) {
  test(name, () => check(approval, event, expected))
}

test('a counter-offer makes earlier votes void, and never widens', () => {
  const counter = (terms: Approval['terms']) =>
    step({ ...half, terms: window }, { kind: 'counter', terms, offer: 'less' }, now)
  const less = counter({ ...window, uses: 4 })
  assert.ok(less.fits)
  assert.deepEqual([less.approval.votes, less.approval.offer], [[], 'less'])
  const wider: readonly Approval['terms'][] = [
    window,
    { ...window, uses: 6 },
    { ...window, uses: 4, forMs: 60_001 },
    { ...window, uses: 0 },
    { ...window, kind: 'session', uses: 1 },
  ]
  for (const terms of wider) assert.equal(counter(terms).fits, false)
})

test('a condition may be added, and none taken away', () => {
  const from = { ...window, when: ['a', 'b'] }
  const counter = (when: readonly string[], uses = 5) =>
    step(
      { ...pending, terms: from },
      { kind: 'counter', terms: { ...window, when, uses }, offer: 'less' },
      now,
    ).fits
  assert.deepEqual(
    [counter(['b', 'a', 'c']), counter(['a', 'b']), counter(['a', 'c']), counter(['a'], 1)],
    [true, false, false, false],
  )
})

test('what the clock has done is seen before it is written down', () => {
  assert.equal(asOf(states.overdue, 100).state, 'EXPIRED')
  assert.equal(asOf(pending, 99), pending)
  assert.equal(asOf(pending, 100).escalated, 1)
  assert.equal(asOf(late, 0).escalated, 1)
  assert.equal(asOf(states.denied, 100), states.denied)
})

test('progress says which steps are open, and to whom', () => {
  const said = (approval: Approval) =>
    progressOf(approval).map(({ name, have, need, open, groups }) => [
      `${name} ${have}/${need}${open ? ' open' : ''}`,
      groups,
    ])
  assert.deepEqual(said(oneOfTwo), [
    ['team 1/2 open', ['finance']],
    ['security 0/1', ['security']],
  ])
  assert.deepEqual(said(upstairs), [
    ['team 2/2', ['finance']],
    ['security 0/1 open', ['security']],
  ])
  assert.deepEqual(said(late), [['team 0/1 open', ['finance', 'leads']]])
  assert.deepEqual(said(states.denied), [['team 0/1', ['finance']]])
})
