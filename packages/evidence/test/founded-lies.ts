import { change, followed, leaveOut, preceded, type Row, wait } from './lying.ts'
import { both, readContent, used } from './review-story.ts'

const payout = { grant: 'support-payout', by: 'corp:dana', reason: 'left' }
const askedFor = {
  ...{ party: 'corp:bot', functions: ['crm.notes.list'], when: [], reason: 'the audit' },
  ...{ from: '2026-03-01T08:00:00.000Z', endsAt: '2026-03-09T08:00:00.000Z' },
}
const readCalls = ['fresh-use', 'fresh-use', 'timed-use'] as const
const refundUsed = both('STALE').map((one) => ({ ...one, grant: 'support-refund' }))
const unrestored = { 'restore-wanted': leaveOut, restored: leaveOut }

/** Whether records before it bear out what is said of a grant, of access for a while and of a function. */
export const foundedLies: readonly Row[] = [
  [
    'a call after the end that a review gave its grant',
    { certified: change({ endsAt: '2026-03-01T07:00:00.000Z', decision: 'time-bound' }) },
    readCalls.map((name) => ['grant-ended-called', name]),
  ],
  [
    'a call within what a review had narrowed its grant to',
    { certified: change({ when: ['context.args.id like "*"'], decision: 'narrow' }) },
    [],
  ],
  [
    'a call outside of what a review had narrowed its grant to',
    { certified: change({ when: ['context.args.id == "x"'], decision: 'narrow' }) },
    [
      ['grant-narrowed-called', 'fresh-use'],
      ['grant-narrowed-called', 'timed-use'],
    ],
  ],
  [
    'a grant that nobody certified and that is still provisional after months',
    { 'review-session': wait(90 * 86_400_000) },
    [
      ['freshness-unfounded', 'first-use'],
      ['freshness-unfounded', 'first-use'],
      ['heartbeat-gap', 'late-beat-2'],
    ],
  ],
  [
    'a lapsed grant that is called stale',
    {
      certified: change({ validUntil: '2025-12-01T08:00:00.000Z' }),
      'extension-wanted': leaveOut,
      extended: leaveOut,
      'fresh-use': change({ grants: both('STALE') }),
      'timed-use': leaveOut,
      'timed-use-outcome': leaveOut,
    },
    [
      ['certification-too-long', 'certified'],
      ['freshness-unfounded', 'fresh-use'],
      ['freshness-unfounded', 'fresh-use'],
      ['grant-stale-called', 'fresh-use'],
      ['grant-stale-called', 'fresh-use'],
    ],
  ],
  [
    'a call by a stale grant that somebody else agreed to',
    {
      'fresh-use': change({
        grants: [used('corp:sam', 'STALE'), both('FRESH')[1]],
        approvals: [{ by: 'corp:dana', id: 'apr_1' }],
        clearance: 'clr_1',
      }),
    },
    [
      ['clearance-closed', 'fresh-use'],
      ['grant-stale-called', 'fresh-use'],
    ],
  ],
  [
    'a call by a stale grant that its owner agreed to, and calls of the same start that say of no grants',
    { approved: change({ grants: refundUsed }) },
    [
      ['grant-missing', 'committed'],
      ['grant-missing', 'stream'],
      ['grant-missing', 'under-2'],
      ['grant-missing', 'lost'],
    ],
  ],
  [
    'a later call that does not say by which grants',
    { 'fresh-use': change({ grants: undefined }) },
    [['grant-missing', 'fresh-use']],
  ],
  [
    'a certification of a campaign that there is not',
    { certified: change({ campaign: 'cmp_9', item: 'i9' }) },
    [['review-unproposed', 'certified']],
  ],
  [
    'a certification of a campaign by who did not decide its item',
    {
      remediating: preceded({
        ...{ type: 'grant.certified', grant: 'support-read', certification: 'crt_2' },
        ...{ content: readContent, decision: 'keep', by: ['corp:dana'], reason: 'used daily' },
        ...{ when: [], tier: 'low', validUntil: '2026-09-01T08:00:00.000Z' },
        ...{ campaign: 'cmp_1', item: 'i1' },
      }),
    },
    [['review-unproposed', 103]],
  ],
  // What honest gateways write.
  ['a call that does not say by which grants', { 'first-use': change({ grants: undefined }) }, []],
  ['a function that is described as before', { accepted: change({ found: 'sha256:1' }) }, []],
  ['a grant of low risk kept in bulk', { kept: change({ dwell: undefined }) }, []],
  [
    'access for a while that was taken back before anybody gave it',
    {
      'timed-asked': followed(
        { type: 'timed.asked', timed: 'timed-2', ...askedFor, by: 'corp:sam' },
        { type: 'timed.revoked', timed: 'timed-2', by: 'corp:sam', reason: 'not needed' },
      ),
    },
    [],
  ],
  [
    'a grant that was revoked before its reviewer decided so',
    { 'to-revoke': preceded({ type: 'grant.revoked', ...payout }), 'grant-revoked': leaveOut },
    [],
  ],
  [
    'a grant that left the rulebook before it was revoked',
    {
      'to-revoke': change({ grant: 'gone' }),
      'grant-revoked': leaveOut,
      applied: change({ grant: 'gone', state: 'failed' }),
      verified: leaveOut,
      ...unrestored,
    },
    [],
  ],
  [
    'a grant that is still there and could not be revoked',
    {
      'grant-revoked': leaveOut,
      applied: change({ state: 'failed' }),
      verified: leaveOut,
      ...unrestored,
    },
    [['review-unapplied', 'campaign-closed']],
  ],
  [
    'a quarantine that ended because a rulebook registers what was found',
    { accepted: change({ by: 'gateway:catalogue' }) },
    [],
  ],
  [
    'a quarantine that ended by itself, and no rulebook registers what was found',
    {
      quarantined: change({ found: 'sha256:3' }),
      accepted: change({ found: 'sha256:3', by: 'gateway:catalogue' }),
    },
    [['function-not-registered', 'accepted']],
  ],
]
