import { refund } from './healthy-calls.ts'
import { vote } from './healthy-log.ts'
import type { Fields } from './log-builder.ts'
import {
  change,
  changeDecision,
  closed,
  followed,
  leaveOut,
  noDigest,
  preceded,
  type Row,
  twice,
} from './lying.ts'

const lock = (principal: string): Fields => ({
  type: 'principal.locked',
  principal,
  reason: 'left',
  by: 'corp:kim',
})
const unlock = (principal: string): Fields => ({
  type: 'principal.unlocked',
  principal,
  by: 'corp:kim',
})

const revoked: Fields = {
  type: 'clearance.closed',
  clearance: 'clr_1',
  state: 'REVOKED',
  by: 'corp:dana',
}
const denial: Fields = { ...vote('corp:kim'), verdict: 'deny', state: 'DENIED' }

/** About calls: what was decided, by which rules, who agreed, how it ended. */
export const callLies: readonly Row[] = [
  // pairing
  ['a call without an ending', { outcome: leaveOut }, [['intent-without-ending', 'intent']]],
  ['a call that ended twice', { outcome: twice }, [['outcome-without-intent', 9]]],
  [
    'an ending without a call',
    { intent: leaveOut },
    [
      ['outcome-without-intent', 'outcome'],
      // Its arguments are erased later, and what stands in its place has none.
      ['erasure-unfounded', 'erasure'],
    ],
  ],
  [
    'a call authorised twice',
    { intent: twice },
    [
      ['intent-repeated', 8],
      ['intent-mismatch', 9],
    ],
  ],
  [
    'an ending of another intent',
    { outcome: change({ intent: 1 }) },
    [['intent-mismatch', 'outcome']],
  ],
  [
    'an ending in another session',
    { outcome: change({ session: 'ses_9' }) },
    [['session-mismatch', 'outcome']],
  ],
  [
    'a denial of a call that went on',
    { outcome: preceded({ type: 'call.denied', call: 'c1', code: 'internal', stage: 'accepted' }) },
    [['denial-after-intent', 'outcome']],
  ],
  [
    'a denial of a call that had ended',
    { outcome: followed({ type: 'call.denied', call: 'c1', code: 'internal', stage: 'accepted' }) },
    [['denial-after-intent', 9]],
  ],
  [
    'an ending of a denied call',
    { unauthenticated: followed({ type: 'call.chunk', call: 'c3', session: '', intent: 3 }) },
    [['record-after-denial', 13]],
  ],
  [
    'a chunk after the ending',
    { 'stream-outcome': followed({ type: 'call.chunk', call: 'c7', session: 'ses_1', intent: 3 }) },
    [['outcome-without-intent', 25]],
  ],
  [
    'a lost call that nobody reconciled',
    { reconciled: leaveOut },
    [['intent-without-ending', 'lost']],
  ],
  // locks
  [
    'a call of a locked agent',
    { 'rulebook-2': followed(lock('corp:bot')), 'under-2-outcome': followed(unlock('corp:bot')) },
    [['locked-principal-called', 'under-2']],
  ],
  [
    'a call for a locked person',
    { 'rulebook-2': followed(lock('corp:sam')), 'under-2-outcome': followed(unlock('corp:sam')) },
    [['locked-principal-called', 'under-2']],
  ],
  [
    'calls of others while somebody is locked, and of them once they are unlocked',
    { session: preceded(lock('corp:sam'), unlock('corp:sam'), lock('corp:eve')) },
    [],
  ],
  // rulebook
  [
    'a rulebook nobody activated',
    { intent: changeDecision({ policy: noDigest }) },
    [
      ['rulebook-unknown', 'intent'],
      ['rulebook-missing', 'intent'],
    ],
  ],
  [
    'a rulebook that was replaced',
    {
      'late-intent': (step, log) => [
        {
          ...step,
          fields: {
            ...step.fields,
            decision: { ...Object(step.fields.decision), policy: digestAt(log, 2) },
          },
        },
      ],
    },
    [['rulebook-superseded', 'late-intent']],
  ],
  [
    'an activation that skips one',
    { 'rulebook-2': change({ previous: noDigest }) },
    [['rulebook-previous', 'rulebook-2']],
  ],
  [
    'a function of no rulebook',
    { committed: change({ fn: { name: 'crm.x', server: 'crm', schema: 's' } }) },
    [
      ['function-unknown', 'committed'],
      ['payload-missing', 'committed'],
    ],
  ],
  [
    'a function of another connection',
    {
      intent: (step) => [
        { ...step, fields: { ...step.fields, fn: { ...Object(step.fields.fn), server: 'erp' } } },
      ],
    },
    [['function-unknown', 'intent']],
  ],
  [
    'another definition of the function',
    {
      intent: (step) => [
        {
          ...step,
          fields: { ...step.fields, fn: { ...Object(step.fields.fn), schema: noDigest } },
        },
      ],
    },
    [['function-digest', 'intent']],
  ],
  // decisions
  [
    'a permit that policy does not give',
    { stream: change({}, { args: 'GET /crm/customers/secret\n\n' }) },
    [['decision-effect', 'stream']],
  ],
  [
    'a permit after approval that was not needed for it',
    { approved: change({}, { args: refund(50) }) },
    [],
  ],
  [
    'a denial of what policy permits',
    { denied: change({}, { args: 'GET /crm/customers/7\n\n' }) },
    [['decision-effect', 'denied']],
  ],
  [
    'a hold of what policy permits',
    { held: change({}, { args: refund(50) }) },
    [['decision-effect', 'held']],
  ],
  [
    'a permit for another reason',
    { stream: changeDecision({ rules: ['support-refund'] }) },
    [['decision-rules', 'stream']],
  ],
  [
    'a permit for too few reasons',
    { stream: changeDecision({ rules: [] }) },
    [
      ['decision-rules', 'stream'],
      ['rule-effect', 'stream'],
    ],
  ],
  [
    'a permit at another time',
    { stream: changeDecision({ time: '2025-03-01T08:00:00.000Z' }) },
    [
      ['decision-effect', 'stream'],
      ['decision-time', 'stream'],
    ],
  ],
  [
    'a permit from another network',
    { stream: change({ source: { ip: '192.0.2.1', protocol: 'http' } }) },
    [['decision-effect', 'stream']],
  ],
  [
    'a permit of somebody in no group',
    {
      'late-session': change({ parties: [{ iss: 'corp', sub: 'sam', kind: 'user', groups: [] }] }),
    },
    [['decision-effect', 'late-intent']],
  ],
  ['a session nobody opened', { 'late-session': leaveOut }, [['session-unknown', 'late-intent']]],
  [
    'a caller of another session',
    { stream: change({ caller: { iss: 'corp', sub: 'eve', authn: 'oidc', cred: 'c' } }) },
    [['caller-not-in-session', 'stream']],
  ],
  // approvals
  [
    'an approval nobody asked for',
    { requested: leaveOut },
    [
      ['approval-unknown', 'vote'],
      ['clearance-unknown', 'claimed'],
      ['clearance-unknown', 'approved'],
      ['clearance-unknown', 'consumed'],
    ],
  ],
  ['a question asked twice', { requested: twice }, [['approval-repeated', 14]]],
  [
    'an approval by the subject',
    {
      vote: change({ by: 'corp:sam' }),
      approved: change({ approvals: [{ by: 'corp:sam', id: 'apr_1' }] }),
    },
    [
      ['approval-own-call', 'vote'],
      ['approval-own-call', 'approved'],
    ],
  ],
  [
    'an approval by the subject as an operator',
    {
      vote: change({ by: 'operator:Sam' }),
      approved: change({ approvals: [{ by: 'operator:Sam', id: 'apr_1' }] }),
    },
    [
      ['approval-own-call', 'vote'],
      ['approval-own-call', 'approved'],
    ],
  ],
  ['a vote on something else', { vote: change({ offer: 'o9' }) }, [['approval-offer', 'vote']]],
  [
    'a claim of something else',
    { claimed: change({ digest: 'd2' }) },
    [['clearance-digest', 'claimed']],
  ],
  [
    'a claim that nobody approved',
    { vote: leaveOut },
    [
      ['clearance-unknown', 'claimed'],
      ['clearance-unknown', 'approved'],
      ['clearance-unknown', 'consumed'],
    ],
  ],
  [
    'a claim of what was denied',
    { vote: change({ verdict: 'deny', state: 'DENIED' }) },
    [
      ['approval-state', 'vote'],
      ['approval-other-people', 'approved'],
    ],
  ],
  [
    'a claim of what had been revoked',
    { claimed: preceded(revoked) },
    [
      ['clearance-closed', 17],
      ['clearance-closed', 'approved'],
      ['clearance-closed', 'consumed'],
    ],
  ],
  [
    'an approval that expired after it was given',
    { claimed: preceded(closed) },
    [['approval-closed', 'claimed']],
  ],
  [
    'a vote on what had been withdrawn',
    { vote: preceded({ ...closed, state: 'WITHDRAWN', by: 'corp:sam' }) },
    [
      ['approval-closed', 16],
      ['clearance-unknown', 'claimed'],
      ['clearance-unknown', 'approved'],
      ['clearance-unknown', 'consumed'],
    ],
  ],
  ['a vote after the claim', { claimed: followed(denial) }, [['approval-closed', 17]]],
  ['an approval claimed twice', { claimed: twice }, [['clearance-overused', 17]]],
  [
    'a call that uses what another claimed',
    { claimed: change({ call: 'c99' }) },
    [['clearance-unclaimed', 'approved']],
  ],
  [
    'a call that names other approvers',
    { approved: change({ approvals: [{ by: 'corp:kim', id: 'apr_1' }] }) },
    [['approval-other-people', 'approved']],
  ],
  [
    'a call that needed an approval and cites none',
    { approved: change({ approvals: [] }) },
    [
      ['approval-not-cited', 'approved'],
      ['approval-other-people', 'approved'],
    ],
  ],
  [
    'an approval used twice',
    {
      approved: (step) => [step, { ...step, fields: { ...step.fields, call: 'c55' } }],
      'approved-outcome': (step) => [
        step,
        { ...step, fields: { ...step.fields, call: 'c55', intent: 18 } },
      ],
    },
    [['clearance-unclaimed', 18]],
  ],
]

function digestAt(log: { readonly leaves: readonly Buffer[] }, index: number): string {
  return JSON.parse(log.leaves[index]?.toString() ?? '{}').digest
}
