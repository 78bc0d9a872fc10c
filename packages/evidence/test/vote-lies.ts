import { decided, narrowed } from './approval-story.ts'
import { delegation } from './delegation-lies.ts'
import type { Fields } from './log-builder.ts'
import { change, followed, leaveOut, type Row, twice, wait } from './lying.ts'

const byOther: Row[2] = [
  ['approval-other-people', 'window-call'],
  ['approval-other-people', 'window-call-2'],
]
const lapsed: Row[2] = [
  ['clearance-unknown', 'window-claim'],
  ['clearance-unknown', 'window-call'],
  ['clearance-unknown', 'window-claim-2'],
  ['clearance-unknown', 'window-returned'],
  ['clearance-unknown', 'window-call-2'],
  ['clearance-unknown', 'window-consumed'],
]
const lock = (principal: string): Fields => ({
  ...{ type: 'principal.locked', principal, reason: 'left', by: 'corp:kim' },
})
const steps = (first: object, second: object = {}) => ({
  steps: [
    { flow: 'treasury', groups: ['clerks'], quorum: 1, ...first },
    { flow: 'treasury', groups: ['leads'], quorum: 2, ...second },
  ],
})

const sessionYes = (by: string): Row[1] => ({
  'session-yes': change({ by }),
  'session-call': change({ approvals: [{ by, id: 'apr_3' }] }),
})

/** About a question of two steps: how it was put, who voted on what, and who they are. */
export const voteLies: readonly Row[] = [
  // how it is put
  [
    'more people asked than the rulebook says',
    { 'window-asked': change(steps({ groups: ['clerks', 'interns'] })) },
    [['approval-flow', 'window-asked']],
  ],
  [
    'fewer people needed than the rulebook says',
    { 'window-asked': change(steps({}, { quorum: 1 })), 'joe-yes': leaveOut, 'for-ann': leaveOut },
    [['approval-flow', 'window-asked'], ...byOther],
  ],
  [
    'steps side by side that the rulebook has one after another',
    {
      'window-asked': change(steps({}, { flow: 'other' })),
      'clerk-first': change({ by: 'corp:lou', step: 1, group: 'leads' }),
    },
    [['approval-flow', 'window-asked']],
  ],
  [
    'more uses asked for than are offered',
    { 'window-asked': change({ terms: { ...narrowed, uses: 11 } }) },
    [['approval-terms', 'window-asked']],
  ],
  [
    'more time asked for than is offered',
    { 'window-asked': change({ terms: { ...narrowed, for: 3_600_001 } }) },
    [['approval-terms', 'window-asked']],
  ],
  [
    'a session asked for where none is offered',
    { 'window-asked': change({ terms: { ...narrowed, kind: 'session' } }) },
    [
      ['approval-terms', 'window-asked'],
      ['approval-widened', 'countered'],
    ],
  ],
  // what is on offer
  [
    'a yes to an earlier offer',
    { 'joe-yes': change({ offer: 'o2' }) },
    [['approval-offer', 'joe-yes']],
  ],
  [
    'a counter-offer under the digest of the offer before',
    {
      countered: change({ offer: 'o2' }),
      ...Object.fromEntries(
        ['narrower-yes', 'joe-yes', 'for-ann', 'lou-yes'].map((one) => [
          one,
          change({ offer: 'o2' }),
        ]),
      ),
    },
    [['approval-offer', 'countered']],
  ],
  [
    'a counter-offer of more time',
    { countered: change({ terms: { ...narrowed, for: 3_600_001 } }) },
    [['approval-widened', 'countered']],
  ],
  [
    'a counter-offer without a condition that was asked for',
    { countered: change({ terms: { ...narrowed, when: ['context.args.amount >= 10'] } }) },
    [['approval-widened', 'countered']],
  ],
  [
    'a counter-offer of the same',
    {
      'window-asked': change({ terms: narrowed }),
    },
    [['approval-widened', 'countered']],
  ],
  [
    'a yes to what was offered before, counted for what is offered now',
    { 'narrower-yes': leaveOut, 'clerk-first': leaveOut },
    [
      ['approval-step', 'joe-yes'],
      ['approval-step', 'for-ann'],
      ['approval-step', 'lou-yes'],
      ['approval-unmet', 'lou-yes'],
      ...byOther,
    ],
  ],
  // whose it is
  [
    'a yes of the agent that calls',
    sessionYes('corp:bot'),
    [
      ['approval-not-a-person', 'session-yes'],
      ['approval-own-call', 'session-yes'],
      ['approval-own-call', 'session-call'],
    ],
  ],
  [
    'a yes of somebody else’s agent',
    sessionYes('corp:helper'),
    [['approval-not-a-person', 'session-yes']],
  ],
  [
    'a yes of another account of the caller',
    sessionYes('hub:sammy'),
    [['approval-own-call', 'session-yes']],
  ],
  [
    'a yes of another account of the caller, whom the question excludes',
    { 'clerk-first': change({ by: 'hub:sammy' }) },
    [['approval-own-call', 'clerk-first']],
  ],
  [
    'a yes of somebody who was excluded by name',
    { 'window-asked': change({ excluded: ['corp:pat'] }) },
    [['approval-own-call', 'clerk-first']],
  ],
  [
    'a yes of the caller’s delegate',
    { delegated: followed(delegation('dlg_2', 'corp:sam', 'corp:pat')) },
    [['approval-own-call', 'clerk-first']],
  ],
  [
    'a yes of somebody for whom the caller votes while they are away',
    { delegated: followed(delegation('dlg_2', 'corp:pat', 'corp:sam')) },
    [['approval-own-call', 'clerk-first']],
  ],
  [
    'a yes for the caller, who is away',
    {
      delegated: followed(delegation('dlg_2', 'corp:sam', 'corp:pat')),
      'clerk-first': change({ onBehalfOf: 'corp:sam', group: 'leads' }),
    },
    [
      ['approval-own-call', 'clerk-first'],
      ['approval-vote-group', 'clerk-first'],
    ],
  ],
  [
    'a counter-offer of the caller',
    { countered: change({ by: 'corp:sam' }) },
    [['approval-own-call', 'countered']],
  ],
  [
    'a counter-offer for somebody who had not asked for it',
    { countered: change({ onBehalfOf: 'corp:ann' }) },
    [['approval-delegate', 'countered']],
  ],
  [
    'a yes of somebody who was locked',
    { locked: followed(lock('corp:lou')), 'lou-yes': wait(6000) },
    [['approval-locked', 'lou-yes']],
  ],
  [
    'a yes for somebody who was locked',
    { locked: followed(lock('corp:ann')), 'for-ann': wait(6000) },
    [['approval-locked', 'for-ann']],
  ],
  [
    'a yes of somebody whose other account was locked',
    { countered: followed(lock('hub:lee9')), 'narrower-yes': wait(6000) },
    [['approval-locked', 'narrower-yes']],
  ],
  [
    'a yes of somebody whose agent was locked',
    { countered: followed(lock('corp:helper')), 'narrower-yes': wait(6000) },
    [],
  ],
  // twice
  [
    'a yes of one person through two accounts',
    { 'lou-yes': change({ by: 'hub:lee9' }) },
    [
      ['approval-voted-twice', 'lou-yes'],
      ['approval-not-listed', 'lou-yes'],
      ['approval-unmet', 'lou-yes'],
      ...byOther,
    ],
  ],
  [
    'a yes of one person in two steps',
    { 'lou-yes': change({ by: 'corp:lee' }) },
    [['approval-voted-twice', 'lou-yes'], ['approval-unmet', 'lou-yes'], ...byOther],
  ],
  [
    'a yes of somebody for whom another had voted',
    { 'lou-yes': change({ by: 'corp:ann' }) },
    [['approval-voted-twice', 'lou-yes'], ['approval-unmet', 'lou-yes'], ...byOther],
  ],
  // where it counts
  [
    'a yes in a step that has enough of them',
    { 'joe-yes': change({ step: 0 }) },
    [['approval-step', 'joe-yes']],
  ],
  [
    'a yes in a step before its turn',
    { 'clerk-first': change({ by: 'corp:lou', step: 1, group: 'leads' }) },
    [['approval-step', 'clerk-first']],
  ],
  ['a yes in no step', { 'joe-yes': change({ step: 7 }) }, [['approval-step', 'joe-yes']]],
  [
    'a yes of somebody who is not on the list of their group',
    { 'lou-yes': change({ by: 'corp:pat' }) },
    [['approval-not-listed', 'lou-yes'], ...byOther],
  ],
  [
    'a no of somebody in a step that had said yes',
    {
      'joe-yes': change({
        by: 'corp:pat',
        verdict: 'deny',
        state: 'DENIED',
        step: 0,
        group: 'clerks',
      }),
    },
    [['approval-closed', 'for-ann'], ['approval-closed', 'lou-yes'], ...lapsed],
  ],
  [
    'a no in a step whose turn has not come',
    {
      'clerk-first': change({
        ...{ by: 'corp:lou', verdict: 'deny', state: 'DENIED', step: 1, group: 'leads' },
      }),
    },
    [
      ['approval-step', 'clerk-first'],
      ['approval-closed', 'escalated'],
      ...['countered', 'narrower-yes', 'joe-yes', 'for-ann', 'lou-yes'].map(
        (one) => ['approval-closed', one] as const,
      ),
      ...lapsed,
    ],
  ],
  // escalation
  [
    'more people let vote that nobody let',
    { escalated: leaveOut },
    [['approval-vote-group', 'narrower-yes']],
  ],
  [
    'more people let vote sooner than the rulebook says',
    {
      escalated: (step, log) => {
        log.now -= 4990
        return [step]
      },
    },
    [['approval-escalation', 'escalated']],
  ],
  [
    'other people let vote than the rulebook says',
    { escalated: change({ groups: ['leads', 'interns'] }) },
    [['approval-escalation', 'escalated']],
  ],
  [
    'more people let vote in another step',
    { escalated: change({ step: 1 }) },
    [
      ['approval-escalation', 'escalated'],
      ['approval-vote-group', 'narrower-yes'],
    ],
  ],
  [
    'more people let vote in no step',
    { escalated: change({ step: 9 }) },
    [
      ['approval-step', 'escalated'],
      ['approval-vote-group', 'narrower-yes'],
    ],
  ],
  // what comes of it
  [
    'an approval by too few',
    {
      'for-ann': change({
        ...{ state: 'APPROVED', clearance: 'clr_2', claimBy: '2026-03-01T09:30:00.000Z' },
      }),
      'lou-yes': leaveOut,
    },
    [['approval-unmet', 'for-ann'], ...byOther],
  ],
  [
    'votes that were void, counted',
    {
      'for-ann': change({ voided: undefined }),
    },
    [['approval-state', 'for-ann'], ['approval-step', 'lou-yes'], ...byOther],
  ],
  [
    'a vote made void that nobody had cast',
    { 'lou-yes': change({ voided: ['corp:zoe'] }) },
    [['approval-state', 'lou-yes']],
  ],
  [
    'a clearance before the last yes',
    { 'clerk-first': change({ clearance: 'clr_9', claimBy: '2026-03-01T08:30:00.000Z' }) },
    [['approval-state', 'clerk-first']],
  ],
  [
    'an expiry before its time',
    { withdrawn: change({ state: 'EXPIRED' }) },
    [['approval-state', 'withdrawn']],
  ],
  [
    'an end of no kind',
    { withdrawn: change({ state: 'EATEN' }) },
    [
      ['leaf-malformed', 'withdrawn'],
      ['chain-gap', 64],
    ],
  ],
  ['an end twice', { withdrawn: twice }, [['approval-closed', 64]]],
  // a veto
  [
    'a veto of somebody else while others agree',
    {
      'withdraw-asked': followed(
        decided('apr_4', 'corp:dana', {
          ...{ group: 'finance', offer: 'o5', verdict: 'deny', state: 'DENIED' },
        }),
      ),
      withdrawn: leaveOut,
    },
    [],
  ],
]
