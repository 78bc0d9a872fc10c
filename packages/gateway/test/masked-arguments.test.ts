import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareArguments } from '../../evidence/src/verify/argument-changes.ts'
import { readJsonObject } from '../../evidence/src/verify/http-arguments.ts'
import type { DetectRule } from '../src/model/detection.ts'
import { argumentMaskingOf } from '../src/rulebook/argument-masking.ts'
import { openDetector } from '../src/rulebook/detection-plan.ts'
import { detectRuleOf, mcpFunctionOf } from './rulebook-parts.ts'

/**
 * The gateway hides what it finds in arguments, and the verifier tells from both forms whether that is all that
 * was done. Here it judges what the gateway made.
 */
function check(body: string, rule: Partial<DetectRule>, expected: 'same' | 'unclear'): void {
  const detect = [detectRuleOf({ direction: ['arguments'], from: ['upstream'], ...rule })]
  const fn = mcpFunctionOf({ id: 'up.fn', detect, mcp: { method: 'tools/call', name: '' } })
  const masking = argumentMaskingOf(fn, openDetector({ custom: [], allow: [], onError: 'block' }))
  const received = Buffer.from(body)
  const key = Buffer.alloc(32, 1)
  const sent = Buffer.from(masking.applyToBody(received, { from: 'upstream', key }))
  assert.notEqual(sent.toString(), body, 'nothing was hidden')
  const before = readJsonObject(received) ?? assert.fail()
  const found = (text: string) => {
    const after = readJsonObject(Buffer.from(text)) ?? assert.fail()
    const rules = detect.map(({ id, paths, strategy }) => ({ id, paths, kind: strategy.kind }))
    return compareArguments(before, after, { masks: [], detect: rules }).found
  }
  assert.equal(found(sent.toString()), expected, sent.toString())
  const other = { ...JSON.parse(sent.toString()), kept: 'something else' }
  assert.equal(found(JSON.stringify(other)), 'changed', 'what was not found is another')
}

const mail = 'jo@example.org'
const encoded = Buffer.from(`{"mail":"${mail}","x":"hello there"}`).toString('base64')
const encodedText = Buffer.from(`mail ${mail} hello there`).toString('base64')
const bodies: readonly (readonly [string, object])[] = [
  ['a whole text', { note: mail }],
  ['a part of a text', { note: `write to ${mail} now` }],
  ['two parts of a text', { note: `a ${mail} b jo3@example.org c` }],
  ['a part among stars', { note: `**bold** ${mail}` }],
  ['JSON in a text', { note: `{"mail":"${mail}","x":"a\\u0062"}` }],
  ['an address', { note: 'https://x.example/?m=jo%40example.org&b=1' }],
  ['letters that look alike', { note: 'write ｊｏ@example.org ok' }],
  ['base64', { note: encoded }],
  ['base64 within a text', { note: `data: ${encodedText}` }],
  ['a name', { [mail]: 1 }],
]
const kinds = ['redact', 'drop', 'null', 'mask', 'pseudonym'] as const

test('what the gateway hides of what it finds is nothing else to the verifier', async (t) => {
  for (const kind of kinds) {
    const strategy = { kind }
    for (const [name, body] of bodies) {
      const text = JSON.stringify({ kept: 'as it is', ...body })
      await t.test(`${kind}: ${name}`, () => check(text, { strategy }, 'same'))
    }
    await t.test(`${kind}: a number`, () => {
      const text = '{"kept":"as it is","n":4111111111111111}'
      check(text, { strategy, entities: ['CREDIT_CARD'] }, 'same')
    })
    await t.test(`${kind}: two names`, () => {
      check(`{"kept":"as it is","${mail}":1,"jo2@example.org":2}`, { strategy }, 'unclear')
    })
  }
})
