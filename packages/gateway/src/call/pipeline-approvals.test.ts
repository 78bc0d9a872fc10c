import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mcpWatchOf } from '../../test/call-stages.ts'
import {
  approvable,
  check,
  countsFor,
  fails,
  forbid,
  held,
  permit,
  type Row,
  readingOf,
  streaming,
  used,
} from '../../test/pipeline-yard.ts'
import { mcpConnectionOf, mcpFunctionOf } from '../../test/rulebook-parts.ts'
import type { Decision } from '../model/decision.ts'
import type { Gate } from './gate.ts'
import type { InForce } from './in-force.ts'
import { Refusal } from './refusal.ts'
import type { Reading } from './stage.ts'

const stillPending: Gate['claimClearance'] = async () => {
  throw new Refusal('approval-required')
}

/** An approval that people answer while its caller waits for them. */
function pendingAtFirst(): Partial<Gate> {
  let answered = false
  return {
    awaitVerdict: async (id, { waitMs }) => {
      assert.deepEqual([id, waitMs], ['apr_9', 30])
      answered = true
      return { state: 'approved' }
    },
    claimClearance: async (at, id) =>
      answered ? { ...used, id, revoked: new AbortController().signal } : stillPending(at, id),
  }
}
/** Other rules come into force between the claim and the answer to it. */
function replacedAsClaimed(): Partial<Gate> {
  let isReplaced = false
  return {
    rulesEnding: () => isReplaced,
    claimClearance: async (_, id) => {
      isReplaced = true
      return { ...used, id, revoked: new AbortController().signal }
    },
  }
}
const unlessReplaced: InForce['decide'] = ({ approvedBy }) =>
  approvedBy.length > 0 ? assert.fail('they were asked again') : held
const heldFor =
  (expected: number): Gate['awaitVerdict'] =>
  async (_, { waitMs }) => {
    assert.equal(waitMs, expected)
    return { state: 'pending' }
  }

/** A wish to hear of what it could read. */
const watching: Reading = {
  ...readingOf(),
  fn: mcpFunctionOf({
    id: 'crm.read',
    mcp: { method: 'resources/read', name: 'file:///{+path}' },
  }),
  connection: mcpConnectionOf({ id: 'crm' }),
  outbound: mcpWatchOf('file:///a'),
}

/** What the session is labelled with, at each look; the last one from then on. */
function labelled(...looks: readonly (readonly string[])[]): Partial<Gate> {
  let at = 0
  return {
    sessionLabels: async (session) => {
      assert.equal(session, 'ses_1')
      return looks[Math.min(at++, looks.length - 1)] ?? assert.fail()
    },
  }
}

const unlessUntrusted =
  (otherwise: Decision): InForce['decide'] =>
  ({ labels, approvedBy }) => {
    if (labels?.includes('untrusted')) return forbid
    return approvedBy.length > 0 ? permit : otherwise
  }
const labelsBrought = () => ['untrusted']

const rows: readonly Row[] = [
  [
    'nobody has approved in time',
    { rules: { decide: () => held }, gate: { awaitVerdict: async () => ({ state: 'pending' }) } },
    ['denied approval-required at guarded', 'refused approval-required'],
  ],
  [
    'a person denied it',
    { rules: { decide: () => held }, gate: { awaitVerdict: async () => ({ state: 'denied' }) } },
    ['denied approval-denied at guarded', 'refused approval-denied'],
  ],
  [
    'approved: decided again with the approval in hand',
    { rules: { decide: approvable }, chunks: [] },
    [
      'claimed apr_1',
      'intent',
      'upstream let go',
      'outcome done',
      'clr_1 let go by call-1',
      'replied 1',
    ],
  ],
  [
    'the rules were replaced while it was claimed: they are not asked again, and what was claimed is let go',
    { rules: { decide: unlessReplaced }, gate: replacedAsClaimed() },
    ['clr_1 let go by call-1', 'denied rulebook-replaced at guarded', 'refused rulebook-replaced'],
  ],
  [
    'a clearance for calls like this one is there: nobody is asked',
    {
      rules: { decide: approvable },
      gate: {
        claimStanding: async () => ({ ...used, revoked: new AbortController().signal }),
        openApproval: () => assert.fail('somebody was asked'),
        claimClearance: () => assert.fail('something else was claimed'),
      },
      chunks: [],
    },
    ['intent', 'upstream let go', 'outcome done', 'clr_1 let go by call-1', 'replied 1'],
  ],
  [
    'an approval that is presented is the one that is used',
    {
      rules: { decide: approvable },
      call: { approvalId: 'apr_9' },
      gate: { claimStanding: () => assert.fail('something else was looked for') },
      chunks: [],
    },
    [
      'claimed apr_9',
      'intent',
      'upstream let go',
      'outcome done',
      'clr_1 let go by call-1',
      'replied 1',
    ],
  ],
  [
    'who repeats a call uses the approval that was given to it',
    {
      rules: { decide: approvable },
      call: { repeats: true },
      gate: {
        approvalGiven: async () => 'apr_8',
        openApproval: () => assert.fail('somebody was asked'),
      },
      chunks: [],
    },
    [
      'claimed apr_8',
      'intent',
      'upstream let go',
      'outcome done',
      'clr_1 let go by call-1',
      'replied 1',
    ],
  ],
  [
    'who repeats a call that nobody has approved is held',
    {
      rules: { decide: () => held },
      call: { repeats: true },
      gate: { approvalGiven: async () => undefined, awaitVerdict: heldFor(10) },
    },
    ['denied approval-required at guarded', 'refused approval-required'],
  ],
  [
    'who presents what is still pending waits as long as it says, and then claims',
    {
      rules: { decide: approvable },
      call: { approvalId: 'apr_9', waitMs: 30 },
      gate: {
        ...pendingAtFirst(),
        openApproval: () => assert.fail('somebody was asked'),
      },
      chunks: [],
    },
    ['intent', 'upstream let go', 'outcome done', 'clr_1 let go by call-1', 'replied 1'],
  ],
  [
    'who presents what is still pending is told so at once, unless it says how long to wait',
    {
      rules: { decide: () => held },
      call: { approvalId: 'apr_9' },
      gate: {
        claimClearance: stillPending,
        awaitVerdict: () => assert.fail('it was held'),
      },
    },
    ['denied approval-required at guarded', 'refused approval-required'],
  ],
  [
    'who presents what is not its own never waits for it',
    {
      rules: { decide: () => held },
      call: { approvalId: 'apr_9', waitMs: 30 },
      gate: {
        claimClearance: async () => {
          throw new Refusal('approval-unusable')
        },
        awaitVerdict: () => assert.fail('it was held'),
      },
    },
    ['denied approval-unusable at guarded', 'refused approval-unusable'],
  ],
  [
    'a call that may be deferred is, where its function is deferrable',
    {
      rules: { decide: () => held },
      call: {
        deferred: 'if-deferrable',
        onHeld: ({ deferred }) => assert.equal(deferred, true),
        read: async () => readingOf({ deferrable: true }),
      },
    },
    ['denied approval-required at guarded', 'refused approval-required'],
  ],
  [
    'and is held as any other where it is not',
    {
      rules: { decide: approvable },
      call: {
        deferred: 'if-deferrable',
        onHeld: ({ deferred }) => assert.equal(deferred, false),
        read: async () => readingOf({ deferrable: false }),
      },
      chunks: [],
    },
    [
      'claimed apr_1',
      'intent',
      'upstream let go',
      'outcome done',
      'clr_1 let go by call-1',
      'replied 1',
    ],
  ],
  [
    'who comes back by itself is not held',
    {
      rules: { decide: () => held },
      call: { respondAsync: true },
      gate: { awaitVerdict: heldFor(0) },
    },
    ['denied approval-required at guarded', 'refused approval-required'],
  ],
  [
    'unless it says for how long',
    {
      rules: { decide: () => held },
      call: { respondAsync: true, waitMs: 30 },
      gate: { awaitVerdict: heldFor(30) },
    },
    ['denied approval-required at guarded', 'refused approval-required'],
  ],
  [
    'nobody is held for longer than may be',
    {
      rules: { decide: () => held },
      call: { waitMs: 1_000_000 },
      gate: { awaitVerdict: heldFor(100) },
    },
    ['denied approval-required at guarded', 'refused approval-required'],
  ],
  [
    'a deferred call is not made here, approved or not',
    { rules: { decide: () => held }, call: { deferred: true } },
    ['denied approval-required at guarded', 'refused approval-required'],
  ],
  [
    'what allowed it is revoked before the result is whole: none of it is released',
    { rules: { decide: approvable }, chunks: ['ab', 'REVOKED'] },
    [
      'claimed apr_1',
      'intent',
      'upstream sends ab',
      'upstream let go',
      'outcome clearance-revoked',
      'clr_1 let go by call-1',
      'refused clearance-revoked',
    ],
  ],
  [
    'what allowed it is revoked after it: what it has begun ends',
    {
      rules: { decide: approvable },
      call: { read: async () => watching },
      chunks: ['ab'],
    },
    [
      'claimed apr_1',
      'intent',
      'upstream sends ab',
      'upstream let go',
      'outcome done',
      'clr_1 let go by call-1, but not by its watch',
      'caller reads ab',
      'replied 1',
    ],
  ],
  [
    'what allowed a stream is revoked: it is cut',
    { ...streaming, rules: { decide: approvable }, chunks: ['ab', 'REVOKED'] },
    [
      'claimed apr_1',
      'intent',
      'upstream sends ab',
      'chunk up to 2',
      'caller reads ab',
      'upstream let go',
      'outcome clearance-revoked streamed 2',
      'clr_1 let go by call-1',
      'refused clearance-revoked',
    ],
  ],
  [
    'the caller of an approved stream leaves: that is not a revocation',
    { ...streaming, rules: { decide: approvable }, reads: 1 },
    [
      'claimed apr_1',
      'intent',
      'upstream sends ab',
      'chunk up to 2',
      'caller reads ab',
      'upstream let go',
      'outcome aborted streamed 2',
      'clr_1 let go by call-1',
    ],
  ],
  [
    'an ending that is not durable gives no clearance back: nobody knows what it did',
    { rules: { decide: approvable }, gate: { appendOutcome: fails }, chunks: [] },
    ['claimed apr_1', 'intent', 'upstream let go', 'refused evidence-unavailable'],
  ],
  [
    'approved, but policy now forbids',
    { rules: { decide: (q) => (q.approvedBy.length > 0 ? forbid : held) } },
    [
      'claimed apr_1',
      'clr_1 let go by call-1',
      'denied policy-denied at guarded',
      'refused policy-denied',
    ],
  ],
  [
    'the proof stopped counting while the call was held: the clearance is not spent',
    { rules: { decide: () => held }, gate: countsFor(1) },
    ['denied unauthenticated at guarded', 'refused unauthenticated'],
  ],
  [
    'the proof stopped counting after the clearance was claimed',
    {
      rules: { decide: (q) => (q.approvedBy.length > 0 ? permit : held) },
      gate: countsFor(2),
    },
    [
      'claimed apr_1',
      'denied unauthenticated at approved',
      'clr_1 let go by call-1',
      'refused unauthenticated',
    ],
  ],
  [
    'policy sees what was brought into the session',
    {
      rules: { labelsBrought, decide: unlessUntrusted(permit) },
      gate: labelled(['untrusted']),
    },
    ['denied policy-denied at resolved', 'refused policy-denied'],
  ],
  [
    'and what was brought into it while people were asked',
    {
      rules: { labelsBrought, decide: unlessUntrusted(held) },
      gate: labelled([], ['untrusted']),
    },
    [
      'claimed apr_1',
      'clr_1 let go by call-1',
      'denied policy-denied at guarded',
      'refused policy-denied',
    ],
  ],
  [
    'a session of which nobody can say what was brought into it makes no call',
    {
      rules: { labelsBrought, decide: () => permit },
      gate: { sessionLabels: fails },
    },
    ['denied evidence-unavailable at identified', 'refused evidence-unavailable'],
  ],
]
for (const [name, given, expected] of rows) test(name, () => check(given, expected))
