import { bare, change, followed, leaveOut, preceded, type Row, twice } from './lying.ts'
import { both, used } from './review-story.ts'

const noContent = `sha256:${'1'.repeat(64)}`
const revokedRead = {
  ...{ type: 'grant.revoked', grant: 'support-read', by: 'corp:dana', reason: 'left' },
}

/** About grants, what is decided about them, and functions that wait for their owner. */
export const reviewLies: readonly Row[] = [
  // what calls count on
  [
    'a call after its grant was revoked',
    { 'timed-given': followed(revokedRead) },
    [['grant-revoked-called', 'timed-use']],
  ],
  [
    'a call by a grant that its rulebook does not have',
    {
      'first-use': change({
        grants: [{ ...Object(both('PROVISIONAL')[0]), grant: 'all' }, both('PROVISIONAL')[1]],
      }),
    },
    [['grant-unknown', 'first-use']],
  ],
  [
    'a call by a grant that did not decide about it',
    {
      'first-use': change({
        grants: both('PROVISIONAL').map((one) => ({ ...one, grant: 'support-refund' })),
      }),
    },
    [
      ['grant-unknown', 'first-use'],
      ['grant-unknown', 'first-use'],
    ],
  ],
  [
    'a call by a guardrail',
    {
      'first-use': change({
        grants: both('PROVISIONAL').map((one) => ({ ...one, grant: 'no-secrets' })),
      }),
    },
    [
      ['grant-unknown', 'first-use'],
      ['grant-unknown', 'first-use'],
    ],
  ],
  [
    'a call for which one party needed no grant',
    { 'first-use': change({ grants: [used('corp:sam', 'PROVISIONAL')] }) },
    [['grant-missing', 'first-use']],
  ],
  [
    'a call by the grant of somebody else',
    { 'first-use': change({ grants: [...both('PROVISIONAL'), used('corp:eve', 'PROVISIONAL')] }) },
    [['grant-other-party', 'first-use']],
  ],
  [
    'a call by a lapsed grant',
    { 'fresh-use': change({ grants: [used('corp:sam', 'LAPSED'), both('FRESH')[1]] }) },
    [['grant-lapsed-called', 'fresh-use']],
  ],
  [
    'a call by a revoked grant that says so',
    { 'fresh-use': change({ grants: [used('corp:sam', 'REVOKED'), both('FRESH')[1]] }) },
    [['grant-revoked-called', 'fresh-use']],
  ],
  [
    'a call by a stale grant that nobody agreed to',
    { 'fresh-use': change({ grants: [used('corp:sam', 'STALE'), both('FRESH')[1]] }) },
    [['grant-stale-called', 'fresh-use']],
  ],
  // how fresh they are
  [
    'a grant that is fresh without having been certified',
    { certified: leaveOut },
    [
      ['freshness-unfounded', 'fresh-use'],
      ['freshness-unfounded', 'fresh-use'],
      ['freshness-unfounded', 'timed-use'],
    ],
  ],
  [
    'a grant that is fresh after its certification ended',
    { certified: change({ validUntil: '2026-03-01T07:00:00.000Z' }), extended: leaveOut },
    [
      ['certification-too-long', 'certified'],
      ['freshness-unfounded', 'fresh-use'],
      ['freshness-unfounded', 'fresh-use'],
      ['freshness-unfounded', 'timed-use'],
    ],
  ],
  [
    'a grant that is exempt and was not exempted',
    { 'fresh-use': change({ grants: both('EXEMPT') }) },
    [
      ['freshness-unfounded', 'fresh-use'],
      ['freshness-unfounded', 'fresh-use'],
    ],
  ],
  [
    'a grant that is provisional after it was certified',
    { 'fresh-use': change({ grants: both('PROVISIONAL') }) },
    [
      ['freshness-unfounded', 'fresh-use'],
      ['freshness-unfounded', 'fresh-use'],
    ],
  ],
  // what is certified, and by whom
  [
    'a certification of another content',
    { certified: change({ content: noContent }), extended: leaveOut },
    [
      ['certification-content', 'certified'],
      ['freshness-unfounded', 'fresh-use'],
      ['freshness-unfounded', 'fresh-use'],
      ['freshness-unfounded', 'timed-use'],
    ],
  ],
  [
    'a certification of a lower tier than the grant has',
    { certified: change({ tier: 'medium', validUntil: '2026-03-05T08:00:00.000Z' }) },
    [['certification-content', 'certified']],
  ],
  [
    'a certification of what no rulebook has',
    { exempted: (step) => [step, { ...step, fields: { ...certificate, grant: 'all' } }] },
    [['certification-content', 94]],
  ],
  [
    'a certification for longer than the rulebook lets',
    { certified: change({ validUntil: '2027-03-05T08:00:00.000Z' }) },
    [['certification-too-long', 'certified']],
  ],
  [
    'a certification while the grant is revoked',
    {
      certified: preceded(revokedRead),
      'fresh-use': leaveOut,
      'fresh-use-outcome': leaveOut,
      'timed-use': leaveOut,
      'timed-use-outcome': leaveOut,
    },
    [['grant-state', 88]],
  ],
  [
    'a certification by a machine',
    { certified: change({ by: ['key:k1'] }) },
    [['review-not-a-person', 'certified']],
  ],
  ['a grant revoked twice', { 'grant-revoked': twice }, [['grant-state', 101]]],
  [
    'a grant restored that was not revoked',
    { 'grant-revoked': leaveOut },
    [
      ['review-unapplied', 'campaign-closed'],
      ['grant-state', 'restored'],
    ],
  ],
  [
    'a grant restored by one',
    { restored: change({ by: ['corp:dana', 'corp:dana'] }) },
    [['review-by-one', 'restored']],
  ],
  [
    'a grant restored by somebody under two accounts',
    { restored: change({ by: ['corp:dana', 'operator:Dana'] }) },
    [['review-by-one', 'restored']],
  ],
  [
    'a grant restored that nobody had proposed to',
    { 'restore-wanted': leaveOut },
    [['review-unproposed', 'restored']],
  ],
  [
    'a grant restored where another act was proposed',
    { 'restore-wanted': change({ act: 'extend' }) },
    [['review-unproposed', 'restored']],
  ],
  [
    'an exemption for a year',
    { exempted: change({ until: '2027-03-01T08:00:00.000Z' }) },
    [['put-off-too-long', 'exempted']],
  ],
  [
    'an extension for a month',
    { extended: change({ until: '2026-04-01T08:00:00.000Z' }) },
    [['put-off-too-long', 'extended']],
  ],
  [
    'an extension again',
    {
      'exemption-wanted': (step, log) =>
        [
          { ...step, fields: JSON.parse(String(log.leaves.at(-2))) },
          { ...step, fields: JSON.parse(String(log.leaves.at(-1))) },
          step,
        ].map(bare),
    },
    [['extension-repeated', 93]],
  ],
  // access for a while
  [
    'access for a while that nobody had asked for',
    { 'timed-asked': leaveOut },
    [
      ['timed-unknown', 'timed-agreed'],
      ['timed-unknown', 'timed-given'],
    ],
  ],
  ['access for a while given twice', { 'timed-given': twice }, [['timed-unknown', 110]]],
  [
    'access for a while given by its party',
    { 'timed-given': change({ by: ['corp:lee', 'corp:bot'] }) },
    [['timed-own', 'timed-given']],
  ],
  [
    'access for a while agreed to by who asked for it',
    { 'timed-agreed': change({ by: 'corp:sam' }) },
    [['timed-own', 'timed-agreed']],
  ],
  [
    'access for a while to more than was asked for',
    { 'timed-given': change({ functions: ['crm.customer.get', 'crm.payout.create'] }) },
    [['timed-changed', 'timed-given']],
  ],
  [
    'access for longer than was asked for',
    { 'timed-given': change({ endsAt: '2026-03-20T08:00:00.000Z' }) },
    [['timed-changed', 'timed-given']],
  ],
  [
    'access for half a year',
    {
      'timed-asked': change({ endsAt: '2026-09-01T08:00:00.000Z' }),
      'timed-given': change({ endsAt: '2026-09-01T08:00:00.000Z' }),
    },
    [['timed-too-long', 'timed-given']],
  ],
  [
    'access for a while that was over',
    { 'timed-given': change({ endsAt: '2026-03-01T08:00:00.000Z' }) },
    [
      ['timed-not-given', 'timed-use'],
      ['decision-effect', 'timed-use'],
    ],
  ],
  [
    'access for a while to another function',
    {
      'timed-asked': change({ functions: ['crm.notes.list'] }),
      'timed-given': change({ functions: ['crm.notes.list'] }),
    },
    [
      ['timed-not-given', 'timed-use'],
      ['decision-effect', 'timed-use'],
    ],
  ],
  [
    'access for a while that was only asked for',
    { 'timed-given': leaveOut },
    [
      ['timed-not-given', 'timed-use'],
      ['decision-effect', 'timed-use'],
    ],
  ],
  [
    'access for a while that was revoked',
    {
      'timed-given': followed({
        ...{ type: 'timed.revoked', timed: 'timed-1', by: 'corp:dana', reason: 'over' },
      }),
    },
    [
      ['grant-revoked-called', 'timed-use'],
      ['decision-effect', 'timed-use'],
    ],
  ],
  // functions
  [
    'a call of a function that is quarantined',
    { 'timed-given': followed({ ...quarantine(), fn: 'crm.customer.get' }) },
    [['function-quarantined-called', 'timed-use']],
  ],
  [
    'a function accepted that nobody had quarantined',
    { quarantined: leaveOut },
    [['function-not-held', 'accepted']],
  ],
  [
    'a function accepted with another description',
    { accepted: change({ found: 'sha256:3' }) },
    [['function-not-held', 'accepted']],
  ],
]

function quarantine() {
  return {
    ...{ type: 'function.quarantined', fn: 'crm.notes.list', connection: 'crm', why: 'gone' },
    ...{ registered: 'sha256:1', found: '' },
  }
}

const certificate = {
  ...{ type: 'grant.certified', certification: 'crt_2', content: noContent, decision: 'keep' },
  ...{ by: ['corp:dana'], reason: 'used', when: [], tier: 'low' },
  validUntil: '2026-04-01T08:00:00.000Z',
}
