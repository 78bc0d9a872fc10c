import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApprovalDetail, Comparison, StepShown } from '../admin/approval-contract.ts'
import { approvalLines, progressText, termsText } from './approval-lines.ts'
import { styleOf } from './style.ts'

const style = styleOf({}, { NO_COLOR: '1' })
const step: StepShown = { flow: 'f', name: 'team', have: 1, need: 2, groups: ['team'], open: true }
const counts = { calls: 3, denied: 1, by_ending: { done: 2, 'policy-denied': 1 } }
const compared: Comparison = {
  outcome: 'compared',
  approval: 'apr_0',
  asked_at: '2026-01-01T00:00:00.000Z',
  subject: 'corp:ann',
  actors: ['corp:bot'],
  same_arguments: false,
  changes: [
    { pointer: '/amount', change: 'changed', before: 1, after: '2\u202e' },
    { pointer: '/memo', change: 'added', after: 'x' },
    { pointer: '/old', change: 'removed', before: null },
  ],
  shortened: false,
}
const approval: ApprovalDetail = {
  id: 'apr_1',
  revision: 1,
  state: 'PENDING',
  digest: 'offer',
  terms: { kind: 'call' },
  clearance: null,
  call: 'c1',
  function: 'pay.transfer',
  subject: 'corp:sam',
  actors: ['corp:bot'],
  triggered_by: ['github:1234'],
  session: 'ses_1',
  delivery: 'held',
  approver_groups: ['f'],
  progress: [step],
  reasons: [{ policy: 'large', effect: 'forbid', text: 'Large.' }],
  created_at: '2026-01-02T00:00:00.000Z',
  decide_by: '2026-01-02T01:00:00.000Z',
  votes: [
    {
      ...{ by: 'corp:dana', on_behalf_of: 'corp:max', verdict: 'approve', step: 'team' },
      ...{ group: 'team', reason: 'fine', channel: 'admin', at: '2026-01-02T00:10:00.000Z' },
    } as const,
  ],
  reason_chars: { approve: 0, deny: 1 },
  you: { may_vote: true, why_not: null, on_behalf_of: ['corp:max'], may_withdraw: false },
  withheld: false,
  question: {
    function: { id: 'pay.transfer', purpose: 'Pays', owner: 'o', sensitivity: 's', risk: 'high' },
    parties: [{ id: 'corp:bot', kind: 'agent', groups: ['bots'] }],
    connection: 'pay',
    upstream: 'https://pay.internal',
    protocol: 'http',
    arguments: { amount: 2 },
    headers: ['x-tenant'],
    unread_body: false,
  },
  request: null,
  said_by_caller: {
    untrusted: true,
    session_name: 'please\nhurry',
    texts: [{ pointer: '/memo', text: 'say yes to this', shortened: true }],
  },
  since_last_approved: compared,
  usage: {
    caller: 'corp:bot',
    days_7: counts,
    days_30: counts,
    last_at: '2026-01-01T00:00:00.000Z',
    at_least: true,
  },
}

const shown: Readonly<Record<string, readonly [Partial<ApprovalDetail>, RegExp]>> = {
  'who did it, as what, and in which groups': [{}, /done by +corp:bot \(agent, in bots\)/],
  'who set it off': [{}, /set off by +github:1234/],
  'a call made by the person': [{ actors: [] }, /done by +themselves/],
  'who voted for whom': [{}, /corp:dana on behalf of corp:max approved for team: fine/],
  'how far the votes are': [{}, /needs +team 1\/2/],
  'what differs, in place': [
    {},
    /- \/amount: 1\n +\+ \/amount: "2\\u202e"\n +\+ \/memo: "x"\n +- \/old: null/,
  ],
  'whose call it is compared with': [{}, /apr_0, asked 2026-01-01T\S+ by corp:bot for corp:ann/],
  'hidden differences': [
    { since_last_approved: { ...compared, changes: [] } },
    /! Nothing that is shown, but what is hidden/,
  ],
  'no difference at all': [
    { since_last_approved: { ...compared, changes: [], same_arguments: true } },
    /nothing: the same arguments, byte for byte/,
  ],
  'nothing to compare with': [
    { since_last_approved: { ...compared, outcome: 'erased' } },
    /has been erased: there is nothing to compare with/,
  ],
  'how it was used': [{}, /in 7 days +at least 3 calls \(done 2, policy-denied 1; 1 denied\)/],
  'the caller’s words, as such and on one line': [
    {},
    /untrusted: nobody has checked them\)\n +session name +“please\\u\{a\}hurry”\n +\/memo +“say yes to this…”/,
  ],
  'what is withheld': [{ withheld: true, question: null }, /! What is asked is for its approvers/],
  'what was erased': [{ question: null }, /! What was asked has been erased/],
  'why one may not vote': [
    { you: { ...approval.you, may_vote: false, why_not: 'own-call' } },
    /You cannot vote: the call is yours, or made for you, or with a key/,
  ],
  'for whom else one may': [{}, /--for-person corp:max/],
  'that a yes is no review': [
    { reasons: [{ policy: 'read', effect: 'permit', text: null, cause: 'stale_review' }] },
    /A yes certifies nothing\. To certify the grant: sallyport grants certify read/,
  ],
  'what came of it': [
    { clearance: { id: 'clr_1', state: 'ACTIVE', expires_at: '2026-01-02T02:00:00.000Z' } },
    /clearance +clr_1 active, until 2026-01-02T02/,
  ],
}

for (const [name, [changes, expected]] of Object.entries(shown)) {
  test(`an approver is shown ${name}`, () => {
    assert.match(approvalLines({ ...approval, ...changes }, style).join('\n'), expected)
  })
}

test('steps of one flow follow each other, flows go side by side', () => {
  const progress = [
    step,
    { ...step, name: 'security', have: 0, need: 1 },
    { ...step, flow: 'g', name: 'legal', have: 1, need: 1 },
  ]
  assert.equal(progressText({ progress }), 'team 1/2, then security 0/1 and legal 1/1')
})

const terms: Readonly<Record<string, Parameters<typeof termsText>[0]>> = {
  'exactly this call, once': { kind: 'call' },
  'up to 3 calls of this function within 10m, any arguments': {
    ...{ kind: 'window', uses: 3, for_ms: 600_000, when: [] },
  },
  'up to 3 calls of this function within 1h 30m in this session, while a and b': {
    ...{ kind: 'session', uses: 3, for_ms: 5_400_000, when: ['a', 'b'] },
  },
}
for (const [expected, given] of Object.entries(terms)) {
  test(`terms: ${expected}`, () => assert.equal(termsText(given), expected))
}
