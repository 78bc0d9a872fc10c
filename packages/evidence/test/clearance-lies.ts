import { closed, deferral, payout, returned } from './approval-story.ts'
import { claim, parties } from './healthy-calls.ts'
import { change, followed, leaveOut, preceded, type Row, twice } from './lying.ts'

/** About what came of approvals: how often it was used, by what, and what became of it. */
export const clearanceLies: readonly Row[] = [
  [
    'a clearance under the id of another',
    { 'session-yes': change({ clearance: 'clr_2' }) },
    [
      ['clearance-repeated', 'session-yes'],
      ['clearance-unknown', 'session-claim'],
      ['clearance-unknown', 'session-call'],
      ['clearance-unknown', 'session-returned'],
      ['clearance-unknown', 'revoked'],
    ],
  ],
  [
    'a clearance for longer than people agreed to',
    { 'lou-yes': change({ claimBy: '2026-03-01T10:00:00.000Z' }) },
    [['clearance-too-long', 'lou-yes']],
  ],
  // claims
  [
    'a claim of another approval',
    { 'window-claim': change({ approval: 'apr_3' }) },
    [['clearance-digest', 'window-claim']],
  ],
  [
    'a bypassed question claimed by another call',
    { 'bypass-claim': change({ digest: 'd2' }) },
    [['clearance-digest', 'bypass-claim']],
  ],
  [
    'a claim too many',
    { 'window-outcome-2': preceded(claim('clr_2', 'apr_2', { call: 'c24', digest: 'd', use: 3 })) },
    [
      ['clearance-overused', 'window-outcome-2'],
      ['clearance-state', 'window-consumed'],
    ],
  ],
  [
    'two claims of one call',
    { 'window-claim': twice },
    [
      ['clearance-overused', 48],
      ['clearance-overused', 'window-claim-2'],
    ],
  ],
  [
    'a claim that skips a number',
    { 'window-claim': change({ use: 2 }) },
    [['clearance-use-number', 'window-claim']],
  ],
  [
    'a claim of what was revoked',
    { revoked: followed(claim('clr_3', 'apr_3', { call: 'c33', digest: 'd33', use: 2 })) },
    [['clearance-closed', 62]],
  ],
  [
    'a claim of what nobody knows the use of',
    {
      'bypass-lost': followed(claim('clr_6', 'apr_6', { call: 'c63', digest: 'd-apr_6', use: 2 })),
    },
    [
      ['clearance-closed', 74],
      ['clearance-overused', 74],
    ],
  ],
  // what it becomes
  ['a use that has not ended yet', { 'window-consumed': leaveOut }, []],
  [
    'one given back as if no other call had it',
    { 'window-returned': change({ state: 'ACTIVE' }) },
    [['clearance-state', 'window-returned']],
  ],
  [
    'one given back as if another call had it',
    { 'session-returned': change({ state: 'IN_USE' }) },
    [['clearance-state', 'session-returned']],
  ],
  [
    'one given back by a call that had not claimed it',
    { 'window-returned': change({ call: 'c99' }) },
    [
      ['clearance-state', 'window-returned'],
      ['clearance-state', 'window-consumed'],
    ],
  ],
  [
    'one given back after its end',
    { 'window-consumed': followed(returned('clr_2', 'c23', 'ACTIVE')) },
    [['clearance-closed', 55]],
  ],
  [
    'one for a single call, given back',
    { consumed: change({ ...returned('clr_1', 'c5', 'ACTIVE') }) },
    [['clearance-state', 'consumed']],
  ],
  [
    'one used up before its last use',
    { 'session-returned': (step) => [{ ...step, fields: closed('clr_3', 'CONSUMED') }] },
    [
      ['clearance-state', 'session-returned'],
      ['clearance-closed', 'revoked'],
    ],
  ],
  [
    'one lost that nobody had used',
    { 'bypass-claim': leaveOut },
    [
      ['clearance-state', 'bypass-lost'],
      ['clearance-state', 'bypass-consumed'],
    ],
  ],
  [
    'one that lost a use and goes on',
    {
      'session-returned': (step) => [
        { ...step, fields: closed('clr_3', 'UNKNOWN') },
        { ...step, fields: returned('clr_3', '', 'ACTIVE') },
      ],
    },
    [],
  ],
  [
    'one revoked by nobody',
    { revoked: change({ by: undefined }) },
    [['clearance-state', 'revoked']],
  ],
  [
    'one expired before its time',
    { revoked: change({ state: 'EXPIRED', by: undefined }) },
    [['clearance-state', 'revoked']],
  ],
  [
    'one ended in no known way',
    { revoked: change({ state: 'EATEN' }) },
    [
      ['leaf-malformed', 'revoked'],
      ['chain-gap', 62],
    ],
  ],
  // calls that the gateway makes by itself
  ['a deferred call made twice', { deferred: twice }, [['deferral-state', 78]]],
  [
    'a deferred call that ended without having been made',
    { deferred: leaveOut },
    [['deferral-state', 'deferred-done']],
  ],
  [
    'a deferred call cancelled while it was made',
    { 'deferred-done': change({ state: 'CANCELLED' }) },
    [['deferral-state', 'deferred-done']],
  ],
  [
    'a deferred call cancelled before it was made',
    { deferred: leaveOut, 'deferred-done': (step) => [{ ...step, fields: deferral('CANCELLED') }] },
    [],
  ],
  [
    'a deferred call whose gateway was lost',
    { 'deferred-done': (step) => [{ ...step, fields: deferral('UNKNOWN') }] },
    [],
  ],
  [
    'a deferred call forgotten while it was made',
    { 'deferred-done': leaveOut },
    [['deferral-state', 'deferred-forgotten']],
  ],
  [
    'a deferred call of no known state',
    { 'deferred-forgotten': change({ state: 'EATEN' }) },
    [
      ['leaf-malformed', 'deferred-forgotten'],
      ['chain-gap', 80],
    ],
  ],
  // uses
  [
    'a call that cites what another had claimed',
    { 'window-claim': change({ call: 'c99' }) },
    [
      ['clearance-unclaimed', 'window-call'],
      ['clearance-state', 'window-returned'],
      ['clearance-state', 'window-consumed'],
    ],
  ],
  [
    'a call that cites no clearance',
    { 'session-call': change({ clearance: undefined }) },
    [['approval-not-cited', 'session-call']],
  ],
  [
    'a call that does not fit the first condition',
    { 'window-call': change({}, { args: payout(901) }) },
    [['clearance-condition', 'window-call']],
  ],
  [
    'a call that does not fit what an approver added',
    { 'window-call-2': change({}, { args: payout(9) }) },
    [['clearance-condition', 'window-call-2']],
  ],
  [
    'a call without the argument that is to fit',
    { 'window-call': change({}, { args: payout(1).replace('amount', 'sum') }) },
    [['clearance-condition', 'window-call']],
  ],
  [
    'a call of another session',
    {
      'session-call': (step) => [
        {
          fields: { type: 'session.opened', session: 'ses_8', parties },
          payloads: {},
        },
        { ...step, fields: { ...step.fields, session: 'ses_8' } },
      ],
      'session-outcome': (step, log) => [
        { ...step, fields: { ...step.fields, session: 'ses_8', intent: log.leaves.length - 1 } },
      ],
    },
    [['approval-other-call', 59]],
  ],
]
