import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  approvable,
  approvedDone,
  check,
  done,
  permit,
  type Row,
  streaming,
  used,
} from '../../test/pipeline-yard.ts'
import type { Freshness } from '../model/certification.ts'
import type { Gate } from './gate.ts'
import type { InForce } from './in-force.ts'

const fresh = { state: 'FRESH', tier: 'low', when: [] } as const
const stale = { ...fresh, state: 'STALE' } as const
/** Where the grant stands, the last one from then on. */
function standing(...states: readonly Freshness['state'][]): Gate['freshness'] {
  let at = 0
  return () => ({ ...fresh, state: states[Math.min(at++, states.length - 1)] ?? 'STALE' })
}
const toApprovers: Partial<InForce> = { decide: () => permit, ownerFlow: () => 'approvers' }

const rows: readonly Row[] = [
  [
    'the review of its grant is overdue: the owner is asked, and the approval is for this call',
    {
      rules: toApprovers,
      gate: {
        freshness: () => stale,
        openApproval: async (_, groups, reasons) => {
          assert.deepEqual(groups, ['approvers'])
          assert.deepEqual(
            reasons.map(({ policy, cause }) => [policy, cause]),
            [['support-read', 'stale_review']],
          )
          return { id: 'apr_1', digest: 'd' }
        },
      },
      chunks: [],
    },
    approvedDone,
  ],
  [
    'overdue, and nobody has agreed in time',
    {
      rules: toApprovers,
      gate: { freshness: () => stale, awaitVerdict: async () => ({ state: 'pending' }) },
    },
    ['denied approval-required at guarded', 'refused approval-required'],
  ],
  [
    'overdue and held by policy: both are asked at once',
    {
      rules: { decide: approvable },
      gate: {
        freshness: () => stale,
        openApproval: async (_, groups) => {
          assert.deepEqual(groups, ['approvers', 'team-crm'])
          return { id: 'apr_1', digest: 'd' }
        },
        claimClearance: async (_, id) => {
          const groups = ['approvers', 'team-crm']
          return { ...used, id, groups, revoked: new AbortController().signal }
        },
      },
      chunks: [],
    },
    approvedDone.slice(1),
  ],
  [
    'overdue, and a window that somebody else approved does not stand for its owner',
    { rules: { decide: () => permit }, gate: { freshness: () => stale } },
    [
      'claimed apr_1',
      'clr_1 let go by call-1',
      'denied approval-unusable at guarded',
      'refused approval-unusable',
    ],
  ],
  [
    'it became overdue while people were asked for something else: its owner was not',
    { rules: { decide: approvable }, gate: { freshness: standing('FRESH', 'STALE') } },
    [
      'claimed apr_1',
      'clr_1 let go by call-1',
      'denied approval-unusable at guarded',
      'refused approval-unusable',
    ],
  ],
  [
    'the review lapsed while the owner was asked: what they approved is gone',
    { rules: toApprovers, gate: { freshness: standing('STALE', 'LAPSED') } },
    [
      'claimed apr_1',
      'clr_1 let go by call-1',
      'denied review-lapsed at guarded',
      'refused review-lapsed',
    ],
  ],
  [
    'certified while the owner was asked',
    { rules: toApprovers, gate: { freshness: standing('STALE', 'FRESH') }, chunks: [] },
    approvedDone,
  ],
  [
    'its grant was revoked',
    { gate: { freshness: standing('REVOKED') } },
    ['denied grant-revoked at authorized', 'refused grant-revoked'],
  ],
  [
    'a review that is due soon is said',
    { gate: { freshness: standing('DUE_SOON') }, chunks: [] },
    [...done.slice(0, 3), 'review due-soon', 'replied 1'],
  ],
  [
    'its grant is revoked while a stream goes on: it is cut',
    { ...streaming, chunks: ['ab', 'UNGRANTED'] },
    [
      'intent',
      'upstream sends ab',
      'chunk up to 2',
      'caller reads ab',
      'upstream let go',
      'outcome grant-revoked streamed 2',
      'refused grant-revoked',
    ],
  ],
  [
    'its grant was revoked just before the intent',
    { gate: { revokedGrant: () => AbortSignal.abort() } },
    ['denied grant-revoked at approved', 'refused grant-revoked'],
  ],
  [
    'timed grants are policy’s business as far as they cover this call',
    {
      rules: {
        decide: ({ timed }) => {
          assert.deepEqual(timed, [{ party: 'corp:sam', id: 'timed-1' }])
          return permit
        },
        fits: (_, expressions) => expressions.every((one) => one === 'yes'),
      },
      gate: {
        timedGrants: (parties, functionId) => {
          assert.deepEqual([parties, functionId], [['corp:sam'], 'crm.customer.get'])
          return [
            { party: 'corp:sam', id: 'timed-1', when: ['yes'] },
            { party: 'corp:sam', id: 'timed-2', when: ['no'] },
          ]
        },
      },
      chunks: [],
    },
    done,
  ],
]
for (const [name, given, expected] of rows) test(name, () => check(given, expected))
