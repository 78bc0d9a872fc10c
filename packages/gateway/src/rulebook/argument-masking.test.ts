import assert from 'node:assert/strict'
import { test } from 'node:test'
import { detectRuleOf, mcpFunctionOf, userOf } from '../../test/rulebook-parts.ts'
import { Refusal } from '../call/refusal.ts'
import type { DetectRule } from '../model/detection.ts'
import type { McpMethod } from '../model/function.ts'
import { argumentMaskingOf } from './argument-masking.ts'
import { openDetector } from './detection-plan.ts'

const toCaller = detectRuleOf()
const toUpstream = detectRuleOf({ direction: ['arguments'], from: ['upstream'] })
const toRecord = detectRuleOf({ direction: ['arguments'], from: ['record'] })
const shown = detectRuleOf({ reveal: [{ groups: ['all'], strategy: { kind: 'keep' } }] })
const recognised = detectRuleOf({ paths: ['$..note'], recognise: { language: 'en' } })

/** What hides a mail in the arguments from whoever receives them, in those of the record, and in the result. */
function check(method: McpMethod, detect: readonly DetectRule[], expected: string): void {
  const fn = mcpFunctionOf({ id: 'up.fn', detect, mcp: { method, name: '' } })
  const detector = openDetector({ custom: [], allow: [], onError: 'block' })
  const masking = argumentMaskingOf(fn, detector)
  const key = Buffer.alloc(32, 1)
  const hides = (from: 'upstream' | 'record') => {
    try {
      const body = Buffer.from('{"note":"jo@example.org"}')
      const inBody = Buffer.from(masking.applyToBody(body, { from, key })).toString()
      const { values } = masking.apply({ note: 'jo@example.org' }, { from, key })
      assert.equal(inBody, JSON.stringify(values))
      return inBody.includes('REDACTED')
    } catch (thrown) {
      assert.ok(thrown instanceof Refusal, String(thrown))
      return thrown.code
    }
  }
  const plan = detector.inResult(fn, [userOf('a', ['all'])])
  const inResult = plan?.rules.map(({ strategy }) => strategy.kind).join() ?? 'nothing'
  assert.equal(`${hides('upstream')} ${hides('record')} ${inResult}`, expected)
}

const rows: readonly (readonly [string, McpMethod, readonly DetectRule[], string])[] = [
  ['a tool: results', 'tools/call', [toCaller], 'false false redact'],
  ['a tool: arguments from its upstream', 'tools/call', [toUpstream], 'true false nothing'],
  ['a tool: arguments from the record', 'tools/call', [toRecord], 'false true nothing'],
  ['a tool: shown to the group', 'tools/call', [shown], 'false false keep'],
  ['a question: results', 'elicitation/create', [toCaller], 'true false nothing'],
  [
    'a question: arguments from its upstream',
    'elicitation/create',
    [toUpstream],
    'false false redact',
  ],
  ['a question: arguments from the record', 'elicitation/create', [toRecord], 'false true nothing'],
  ['a question: shown to nobody in particular', 'roots/list', [shown], 'true false nothing'],
  ['sampling is one too', 'sampling/createMessage', [toCaller], 'true false nothing'],
  [
    'a question: a recogniser is not asked',
    'elicitation/create',
    [recognised],
    'result-withheld false nothing',
  ],
  ['a tool: a recogniser is, about results', 'tools/call', [recognised], 'false false redact'],
]

test('what hides is what is said of whoever receives it', async (t) => {
  for (const [name, method, detect, expected] of rows) {
    await t.test(name, () => check(method, detect, expected))
  }
})
