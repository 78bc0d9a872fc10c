import { decided } from './approval-story.ts'
import type { Lie } from './healthy-log.ts'
import type { Fields } from './log-builder.ts'
import { change, followed, leaveOut, type Row, twice, wait } from './lying.ts'

export const delegation = (id: string, from: string, to: string): Fields => ({
  type: 'delegation.made',
  delegation: id,
  ...{ from, to, by: from, groups: ['leads'], until: '2026-03-09T08:00:00.000Z' },
})
const yes = { verdict: 'approve', state: 'PENDING' }
const ended: Fields = { type: 'delegation.ended', delegation: 'dlg_1', by: 'corp:ann' }

/** Somebody has `to` vote for them, who answers the question that the caller takes back otherwise. */
function deniedBy(to: string, from: string, more: object = {}): Readonly<Record<string, Lie>> {
  const vote = { group: 'finance', offer: 'o5', verdict: 'deny', state: 'DENIED', ...more }
  return {
    revoked: followed(delegation('dlg_2', from, 'corp:dana')),
    'withdraw-asked': change({ excluded: ['corp:dana'] }),
    withdrawn: (step) => [
      { ...step, fields: decided('apr_4', to, vote) },
      { fields: { ...ended, delegation: 'dlg_2', by: from }, payloads: {} },
    ],
  }
}

/** About people who vote for others, who are away. */
export const delegationLies: readonly Row[] = [
  [
    'a vote for somebody who had not asked for it',
    { delegated: leaveOut },
    [
      ['approval-delegate', 'for-ann'],
      ['delegation-unknown', 'undelegated'],
    ],
  ],
  [
    'a vote through a group that was not delegated',
    { delegated: change({ groups: ['clerks'] }) },
    [['approval-delegate', 'for-ann']],
  ],
  [
    'a vote for somebody who was back',
    { delegated: change({ until: '2026-03-01T08:00:00.000Z' }) },
    [
      ['approval-delegate', 'for-ann'],
      ['delegation-unknown', 'undelegated'],
    ],
  ],
  [
    'a vote for somebody who had ended it',
    { locked: followed(ended), 'for-ann': wait(6000) },
    [
      ['approval-delegate', 'for-ann'],
      ['delegation-unknown', 'undelegated'],
    ],
  ],
  [
    'a delegate’s delegate',
    {
      delegated: followed(delegation('dlg_2', 'corp:max', 'corp:eve')),
      'for-ann': change({ by: 'corp:eve' }),
    },
    [
      ['approval-delegate', 'for-ann'],
      ['approval-other-people', 'window-call'],
      ['approval-other-people', 'window-call-2'],
    ],
  ],
  [
    'somebody who is their own delegate',
    { delegated: change({ to: 'corp:ann' }) },
    [
      ['delegation-own', 'delegated'],
      ['approval-delegate', 'for-ann'],
    ],
  ],
  [
    'an administrator who makes themselves the delegate',
    { delegated: change({ by: 'corp:max' }) },
    [['delegation-own', 'delegated']],
  ],
  [
    'two delegates at a time',
    { delegated: followed(delegation('dlg_2', 'corp:ann', 'corp:lou')) },
    [['delegation-repeated', 31]],
  ],
  [
    'two delegates, one after the other',
    { undelegated: followed(delegation('dlg_2', 'corp:ann', 'corp:lou')) },
    [],
  ],
  ['a denial by the delegate of the caller', deniedBy('corp:dana', 'corp:sam'), []],
  [
    'a denial by the delegate of the caller for the caller',
    deniedBy('corp:dana', 'corp:sam', { onBehalfOf: 'corp:sam', group: 'leads' }),
    [
      ['approval-not-listed', 'withdrawn'],
      ['approval-own-call', 'withdrawn'],
      ['approval-vote-group', 'withdrawn'],
    ],
  ],
  [
    'a denial by another account of the caller',
    deniedBy('hub:sammy', 'corp:sam'),
    [['approval-own-call', 'withdrawn']],
  ],
  [
    'a yes of the delegate of the caller',
    deniedBy('corp:dana', 'corp:sam', yes),
    [
      ['approval-own-call', 'withdrawn'],
      ['approval-state', 'withdrawn'],
    ],
  ],
  ['a delegation that ends twice', { undelegated: twice }, [['delegation-unknown', 47]]],
]
