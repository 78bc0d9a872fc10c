import assert from 'node:assert/strict'
import { test } from 'node:test'
import { approvedOf, gateOf, recordedOf } from '../../test/call-stages.ts'
import {
  check,
  countsFor,
  fails,
  forbid,
  type Row,
  readingOf,
  rulesWith,
} from '../../test/pipeline-yard.ts'
import { rulebookOf } from '../../test/rulebook-parts.ts'
import type { Gate } from './gate.ts'
import type { InForce } from './in-force.ts'
import { Refusal } from './refusal.ts'
import type { Call } from './stage.ts'

const lapsed: InForce['decide'] = () => ({
  ...{ effect: 'permit', reasons: [] },
  grants: [{ party: 'corp:sam', grants: [{ id: 'support-read', expiresAt: 10 }] }],
})
const aborted = AbortSignal.abort()

const later = rulebookOf({ functions: [readingOf().fn] })
/** Other rules once it was asked so often which are in force: as the body begins, as it is there, before the intent. */
function replacedBy(changes: Partial<InForce>, { after = 1 } = {}): Partial<Gate> {
  let asked = 0
  return {
    rules: () => (asked++ < after ? rulesWith() : rulesWith({ rulebook: later, ...changes })),
  }
}
/** Yes from this time on that it is asked. */
function fromThe(time: number): () => boolean {
  let asked = 0
  return () => ++asked >= time
}
const readUnlessLater: Call['read'] = ({ rulebook }) =>
  rulebook === later
    ? Promise.reject(new Refusal('function-unknown'))
    : Promise.resolve(readingOf())

const rows: readonly Row[] = [
  [
    'permitted: nothing is read by the caller before the outcome is durable',
    {},
    [
      'intent',
      'upstream sends ab',
      'upstream sends cd',
      'upstream let go',
      'outcome done',
      'caller reads ab',
      'caller reads cd',
      'replied 1',
    ],
  ],
  [
    'no proof',
    { call: { proof: undefined } },
    ['denied unauthenticated at accepted', 'refused unauthenticated'],
  ],
  [
    'identity check breaks',
    { gate: { identify: fails } },
    ['denied internal at accepted', 'refused internal'],
  ],
  [
    'no rulebook',
    { gate: { rules: () => undefined } },
    ['denied rulebook-missing at identified', 'refused rulebook-missing'],
  ],
  [
    'unknown function',
    { call: { read: () => Promise.reject(new Refusal('function-unknown')) } },
    ['denied function-unknown at identified', 'refused function-unknown'],
  ],
  [
    'its caller has as many calls under way as it may: nothing is read',
    {
      call: {
        admit: (parties) => {
          throw new Refusal('overloaded', { detail: parties.join() })
        },
        read: () => assert.fail('it was read'),
      },
    },
    ['denied overloaded at identified', 'refused overloaded'],
  ],
  [
    'the rules were replaced while the body came: it is read and judged by the new ones',
    { gate: replacedBy({ decide: () => forbid }) },
    ['denied policy-denied at resolved', 'refused policy-denied'],
  ],
  [
    'the new rules do not know the function any more',
    { gate: replacedBy({}), call: { read: readUnlessLater } },
    ['denied function-unknown at identified', 'refused function-unknown'],
  ],
  [
    'the rules were replaced by others that permit it too',
    { gate: replacedBy({}), chunks: [] },
    ['intent', 'upstream let go', 'outcome done', 'replied 1'],
  ],
  [
    'the rules were replaced after they had permitted it: it is not made, whatever the new ones say',
    { gate: replacedBy({}, { after: 2 }) },
    ['denied rulebook-replaced at approved', 'refused rulebook-replaced'],
  ],
  [
    'other rules have been on their way into force for long: nothing is judged by the old ones',
    { gate: { rulesEnding: () => true }, rules: { decide: () => assert.fail('it was judged') } },
    ['denied rulebook-replaced at identified', 'refused rulebook-replaced'],
  ],
  [
    'they have been for long only when it is about to be made',
    { gate: { rulesEnding: fromThe(3) } },
    ['denied rulebook-replaced at approved', 'refused rulebook-replaced'],
  ],
  [
    'policy forbids',
    { rules: { decide: () => forbid } },
    ['denied policy-denied at resolved', 'refused policy-denied'],
  ],
  [
    'every grant has expired',
    { rules: { decide: lapsed } },
    ['denied review-lapsed at authorized', 'refused review-lapsed'],
  ],
  [
    'the function waits for its owner',
    { gate: { isHeld: () => ({ why: 'drift' }) } },
    ['denied function-quarantined at resolved', 'refused function-quarantined'],
  ],
  [
    'whether it does is waited for',
    { gate: { isHeld: async () => ({ why: 'gone' }) } },
    ['denied function-quarantined at resolved', 'refused function-quarantined'],
  ],
  [
    'who may not call it is not told of that',
    { rules: { decide: () => forbid }, gate: { isHeld: () => ({ why: 'drift' }) } },
    ['denied policy-denied at resolved', 'refused policy-denied'],
  ],
  [
    'arguments do not fit',
    { rules: { argumentProblems: () => [{ pointer: '/id', problem: 'is too long' }] } },
    ['denied arguments-invalid at reviewed', 'refused arguments-invalid'],
  ],
  [
    'the proof stopped counting while the body came',
    { gate: countsFor(1) },
    ['denied unauthenticated at approved', 'refused unauthenticated'],
  ],
  [
    'the proof cannot be looked at again',
    { gate: countsFor(1, new Error('boom')) },
    ['denied internal at approved', 'refused internal'],
  ],
  [
    'a party is locked before the intent, in the order of the log',
    {
      gate: { appendIntent: () => Promise.reject(new Refusal('unauthenticated')) },
    },
    ['denied unauthenticated at approved', 'refused unauthenticated'],
  ],
  [
    'the intent cannot be recorded: nothing is forwarded',
    { gate: { appendIntent: fails } },
    ['denied evidence-unavailable at approved', 'refused evidence-unavailable'],
  ],
  [
    'the caller left before the intent',
    { call: { signal: aborted } },
    ['denied caller-left at approved', 'refused caller-left'],
  ],
  [
    'no credential',
    { gate: { credential: fails } },
    ['intent', 'outcome internal', 'refused internal'],
  ],
  [
    'the upstream is down',
    { gate: { forward: () => Promise.reject(new Refusal('upstream-unreachable')) } },
    ['intent', 'outcome upstream-unreachable', 'refused upstream-unreachable'],
  ],
  [
    'the upstream breaks off a short result: none of it is released',
    { chunks: ['ab', 'BREAK'] },
    [
      'intent',
      'upstream sends ab',
      'upstream let go',
      'outcome upstream-failed',
      'refused upstream-failed',
    ],
  ],
  [
    'the outcome cannot be recorded: the result is withheld',
    { gate: { appendOutcome: fails } },
    [
      'intent',
      'upstream sends ab',
      'upstream sends cd',
      'upstream let go',
      'refused evidence-unavailable',
    ],
  ],
  [
    'no denial without its record',
    { gate: { appendDenial: fails }, call: { proof: undefined } },
    ['refused evidence-unavailable'],
  ],
]
for (const [name, given, expected] of rows) test(name, () => check(given, expected))

test('the order is held by types', () => {
  const gate = gateOf({})
  // @ts-expect-error an approved call has no durable record yet
  void (() => gate.forward(approvedOf(), { kind: 'none', echoes: [] }))
  // @ts-expect-error nor may it ask for a credential
  void (() => gate.credential(approvedOf()))
  void (() => gate.credential(recordedOf()))
})
