import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mcpOutboundOf } from '../../test/call-stages.ts'
import { held, rulesWith } from '../../test/desk-yard.ts'
import { mcpFunctionOf } from '../../test/rulebook-parts.ts'
import type { JsonObject } from '../model/json.ts'
import { maskedValues } from './question.ts'

const bytes = Buffer.from('{"uri":"box://1234/in"}')

/** Of a resource by template, with what these rules hide, people are shown that. */
function check(
  hides: 'hidesFromUpstream' | 'hidesFromRecord' | undefined,
  answers: string | undefined,
  expected: JsonObject,
): void {
  const none = { hidesFromUpstream: false, hidesFromRecord: false }
  const at = held('c1', {
    fn: mcpFunctionOf({ mcp: { method: 'resources/read', name: 'box://{pin}/{name}' } }),
    args: {
      ...{ values: { pin: '1234', name: 'in', uri: 'box://1234/in' }, bytes },
      ...{ mediaType: 'application/json' },
      ...(answers !== undefined && { parts: { values: bytes, answers: Buffer.from(answers) } }),
    },
    rules: {
      ...rulesWith(),
      argumentMasking: () => ({
        ...{ ...none, ...(hides && { [hides]: true }) },
        apply: (values) => ({ values: { ...values, pin: '****' }, findings: [] }),
        applyToBody: (body) => body,
      }),
    },
    rewrite: ({ values, answers: hidden }) => {
      assert.equal(hidden && Buffer.from(hidden).toString(), answers && '{"a":1,"pin":"****"}')
      const params = Buffer.from(JSON.stringify({ uri: `box://${values.pin}/${values.name}` }))
      return { outbound: mcpOutboundOf({ method: 'resources/read', params }), bytes: params }
    },
  })
  assert.deepEqual(maskedValues(new Uint8Array(32))(at), expected)
}

const clear = { pin: '1234', name: 'in', uri: 'box://1234/in' }
const hidden = { pin: '****', name: 'in', uri: 'box://****/in' }
const cases: readonly (readonly [string, ...Parameters<typeof check>])[] = [
  ['nothing hidden', undefined, undefined, clear],
  ['a part hidden from the upstream', 'hidesFromUpstream', undefined, hidden],
  ['a part hidden from the record', 'hidesFromRecord', undefined, hidden],
  [
    'the same beside answers',
    'hidesFromRecord',
    '{"a":1,"pin":"9"}',
    { arguments: hidden, inputResponses: { a: 1, pin: '****' } },
  ],
]
for (const [name, ...rest] of cases) {
  test(`people are shown the URI of a resource, ${name}`, () => check(...rest))
}
