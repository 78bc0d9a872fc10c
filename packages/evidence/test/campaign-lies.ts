import { bare, change, leaveOut, type Row, twice } from './lying.ts'

/** About rounds of review, and what is decided in them. */
export const campaignLies: readonly Row[] = [
  ['a campaign opened twice', { campaign: twice }, [['campaign-unknown', 95]]],
  [
    'a campaign that nobody opened',
    { campaign: leaveOut },
    [
      ['campaign-unknown', 'staged'],
      ['campaign-unknown', 'active'],
      ['campaign-unknown', 'assigned'],
      ['campaign-unknown', 'kept'],
      ['campaign-unknown', 'to-revoke'],
      ['campaign-unknown', 'applied'],
      ['campaign-unknown', 'verified'],
      ['campaign-unknown', 'remediating'],
      ['campaign-unknown', 'campaign-closed'],
    ],
  ],
  [
    'a campaign that goes back',
    { remediating: change({ state: 'STAGED' }) },
    [
      ['campaign-order', 'remediating'],
      ['campaign-order', 'campaign-closed'],
    ],
  ],
  [
    'a campaign cancelled by one',
    { remediating: change({ state: 'CANCELLED', by: ['corp:kim'] }), 'campaign-closed': leaveOut },
    [['review-by-one', 'remediating']],
  ],
  [
    'a campaign closed after it was cancelled',
    { remediating: change({ state: 'CANCELLED', by: ['corp:kim', 'corp:dana'] }) },
    [['campaign-order', 'campaign-closed']],
  ],
  [
    'a campaign with another population in the end',
    { 'campaign-closed': change({ population: 'sha256:q' }) },
    [['campaign-population', 'campaign-closed']],
  ],
  [
    'a campaign without all of its items',
    { 'campaign-closed': change({ counts: [{ n: 1, what: 'keep' }] }) },
    [['campaign-population', 'campaign-closed']],
  ],
  [
    'a campaign whose population is frozen twice',
    {
      active: (step, log) => [
        bare({ ...step, fields: JSON.parse(String(log.leaves.at(-1))) }),
        step,
      ],
    },
    [['campaign-population', 96]],
  ],
  [
    'a decision before anybody was asked',
    { active: leaveOut, staged: leaveOut },
    [
      ['review-closed', 'kept'],
      ['review-closed', 'to-revoke'],
      ['campaign-population', 'campaign-closed'],
    ],
  ],
  [
    'a decision by who answers for the campaign',
    { kept: change({ by: 'corp:kim' }) },
    [['review-reviewer', 'kept']],
  ],
  [
    'a second decision by the same person',
    { kept: (step) => [step, { ...step, fields: { ...step.fields, level: 2 } }] },
    [['review-by-one', 99]],
  ],
  [
    'a second decision without a first',
    { kept: change({ level: 2 }) },
    [['review-by-one', 'kept']],
  ],
  [
    'a grant of high risk kept in bulk',
    { kept: change({ tier: 'high', dwell: undefined }) },
    [['review-in-bulk', 'kept']],
  ],
]
