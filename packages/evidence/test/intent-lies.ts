import { getCustomer } from './healthy-calls.ts'
import type { Lie } from './healthy-log.ts'
import { change, changeDecision, type Row } from './lying.ts'

/** The moment policy was asked, so long before (or, negative, after) the record. */
const asked =
  (msBefore: number): Lie =>
  (step, log) =>
    changeDecision({ time: new Date(log.now + 1 - msBefore).toISOString() })(step, log)

/** So long before a record that comes a while after the one before: its rulebook was in force then. */
const askedLate =
  (msBefore: number): Lie =>
  (step, log) => {
    log.now += 700_000
    return asked(msBefore)(step, log)
  }

/** By the rulebook before, right before it was replaced, in a record that comes so long after that. */
const replacedBefore =
  (ms: number): Lie =>
  (step, log) => {
    const { previous: policy, time } = JSON.parse(String(log.leaves.at(-1)))
    log.now = Date.parse(time) + ms - 1
    return changeDecision({ policy, time })(step, log)
  }

/** Another call waited, and was refused by the rulebook before. */
const refusedBefore: Lie = (step, log) => {
  const { fields } = replacedBefore(5100)(step, log)[0] ?? step
  const decision = { ...Object(fields.decision), effect: 'deny', rules: [] }
  const refusal = { type: 'call.denied', call: 'c99', code: 'policy-denied', stage: 'guarded' }
  const { masked: _, approvals: __, ...facts } = fields
  return [step, { fields: { ...facts, ...refusal, decision }, payloads: {} }]
}

const without = (member: string): Lie => change({ [member]: undefined })

/** About what an intent has to say, and what its decision may: told from the record and its rulebook alone. */
export const intentLies: readonly Row[] = [
  ['an intent of nobody', { committed: without('caller') }, [['intent-incomplete', 'committed']]],
  [
    'an intent that does not say for whom',
    { committed: without('obo') },
    [
      ['intent-incomplete', 'committed'],
      ['caller-not-in-session', 'committed'],
    ],
  ],
  [
    'an intent of no function',
    { 'late-intent': change({ fn: undefined }, { args: getCustomer }) },
    [['intent-incomplete', 'late-intent']],
  ],
  [
    'an intent of no session',
    { 'late-intent': without('session') },
    [
      ['intent-incomplete', 'late-intent'],
      ['session-mismatch', 'late-outcome'],
    ],
  ],
  [
    'an intent that came from nowhere',
    { stream: without('source') },
    [['intent-incomplete', 'stream']],
  ],
  [
    'an intent without a decision',
    { 'late-intent': without('decision') },
    [['intent-incomplete', 'late-intent']],
  ],
  [
    'an intent that says nothing but its call',
    {
      'late-intent': (step) => [
        {
          ...step,
          fields: { type: 'call.authorized', call: step.fields.call, masked: [], approvals: [] },
        },
      ],
    },
    [
      ['intent-incomplete', 'late-intent'],
      ['session-mismatch', 'late-outcome'],
    ],
  ],
  [
    'a call made although it was denied',
    { committed: changeDecision({ effect: 'deny', rules: ['no-secrets'] }) },
    [['intent-not-allowed', 'committed']],
  ],
  [
    'a call made while it was held',
    { committed: changeDecision({ effect: 'hold', rules: ['large-refund'] }) },
    [['intent-not-allowed', 'committed']],
  ],
  [
    'a call made while it was held, that names the approval',
    { approved: changeDecision({ effect: 'hold', rules: ['large-refund'] }) },
    [['intent-not-allowed', 'approved']],
  ],
  [
    'a permit by nothing',
    { committed: changeDecision({ rules: [] }) },
    [['rule-effect', 'committed']],
  ],
  [
    'a permit by a rule that nobody has made',
    { committed: changeDecision({ rules: ['support-read', 'no-such'] }) },
    [['rule-unknown', 'committed']],
  ],
  [
    'a permit by access for a while that nobody gave',
    { committed: changeDecision({ rules: ['timed-9'] }) },
    [['rule-unknown', 'committed']],
  ],
  [
    'a permit by what forbids',
    { committed: changeDecision({ rules: ['support-read', 'large-refund'] }) },
    [['rule-effect', 'committed']],
  ],
  [
    'a hold by what permits',
    { held: changeDecision({ rules: ['support-refund'] }) },
    [
      ['decision-rules', 'held'],
      ['rule-effect', 'held'],
    ],
  ],
  [
    'a hold by what people cannot lift',
    { held: changeDecision({ rules: ['large-refund', 'no-secrets'] }) },
    [
      ['decision-rules', 'held'],
      ['rule-effect', 'held'],
    ],
  ],
  [
    'a denial by a rule that nobody has made',
    { denied: changeDecision({ rules: ['no-secrets', 'no-such'] }) },
    [
      ['decision-rules', 'denied'],
      ['rule-unknown', 'denied'],
    ],
  ],
  [
    'a decision at no moment',
    { stream: changeDecision({ time: undefined }) },
    [['intent-incomplete', 'stream']],
  ],
  [
    'a decision at no date',
    { committed: changeDecision({ time: 'garbage' }) },
    [['decision-time', 'committed']],
  ],
  ['a decision after its record', { stream: asked(-6000) }, [['decision-time', 'stream']]],
  ['a decision right before its record', { stream: asked(20_000) }, []],
  [
    'a decision long before its record',
    { 'late-intent': askedLate(601_000) },
    [
      ['decision-time', 'late-intent'],
      ['heartbeat-gap', 'late-beat-2'],
    ],
  ],
  [
    'a decision before a queue of long bodies',
    { 'late-intent': askedLate(590_000) },
    [['heartbeat-gap', 'late-beat-2']],
  ],
  ['a refusal that was decided after it', { denied: asked(-6000) }, [['decision-time', 'denied']]],
  [
    'a decision by a rulebook that was not there yet',
    { 'under-2': asked(6000) },
    [['decision-time', 'under-2']],
  ],
  ['a call under way when its rulebook was replaced', { 'under-2': replacedBefore(4900) }, []],
  [
    'a call that was decided before its rulebook was replaced, and authorised a while after it',
    { 'under-2': replacedBefore(5100) },
    [['rulebook-superseded', 'under-2']],
  ],
  [
    'a refusal that was decided before its rulebook was replaced, and written a while after it',
    { 'under-2': refusedBefore },
    [],
  ],
  [
    'a decision dated back to when its rulebook was in force',
    {
      'late-intent': (step, log) => {
        const { digest, time } = JSON.parse(String(log.leaves[2]))
        return changeDecision({ policy: digest, time })(step, log)
      },
    },
    [
      ['decision-time', 'late-intent'],
      ['rulebook-superseded', 'late-intent'],
    ],
  ],
]
