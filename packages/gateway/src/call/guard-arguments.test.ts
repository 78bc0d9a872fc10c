import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gateOf, mcpOutboundOf, reviewedOf } from '../../test/call-stages.ts'
import { inForceOf, mcpConnectionOf, mcpFunctionOf } from '../../test/rulebook-parts.ts'
import { compileArgumentMasking } from '../mask/compile.ts'
import type { DetectionPlan } from '../mask/plan.ts'
import type { ArgumentMask } from '../model/function.ts'
import type { JsonObject } from '../model/json.ts'
import { guardArguments } from './guard-arguments.ts'
import type { InForce } from './in-force.ts'
import { Refusal } from './refusal.ts'

type Given = {
  /** The bytes of `arguments` as they came. */
  readonly sent: string
  readonly masks?: readonly ArgumentMask[]
  readonly find?: DetectionPlan
}

/** Guards one MCP call; what was forwarded is what its room makes of the masked arguments. */
async function guarded({ sent, masks = [], find }: Given) {
  const masking = compileArgumentMasking(masks, { upstream: find })
  assert.ok('apply' in masking)
  const bytes = Buffer.from(sent)
  const values: JsonObject = JSON.parse(sent)
  const argumentProblems: InForce['argumentProblems'] = (_, given) =>
    'id' in given ? [] : [{ pointer: '/id', problem: 'is missing' }]
  const at = reviewedOf({
    rules: inForceOf({}, { argumentMasking: () => masking, argumentProblems }),
    fn: mcpFunctionOf({ id: 'peer.refund' }),
    connection: mcpConnectionOf(),
    args: { values, bytes, mediaType: 'application/json' },
    outbound: mcpOutboundOf({ params: bytes }),
    rewrite: (masked) => {
      const now = masked.body ?? Buffer.from(JSON.stringify(masked.values))
      return { outbound: mcpOutboundOf({ params: now }), bytes: now }
    },
  })
  const gate = gateOf({ maskKey: Buffer.alloc(32, 7) })
  const { outbound, forwardedArgs, recordedArgs, argumentFindings } = await guardArguments(gate, at)
  assert.ok(outbound.protocol === 'mcp')
  const text = (one: Uint8Array) => Buffer.from(one).toString()
  return {
    upstream: text(outbound.params),
    forwarded: text(forwardedArgs),
    recorded: text(recordedArgs),
    found: argumentFindings.map(({ rule, count }) => `${rule} ${count}`),
  }
}

const hides = (...from: ArgumentMask['from']): ArgumentMask => {
  return { id: 'hide-note', path: '$.note', strategy: { kind: 'redact', label: 'x' }, from }
}
const mails: DetectionPlan = {
  rules: [
    { id: 'mail', entities: ['EMAIL_ADDRESS'], confidence: 50, strategy: { kind: 'redact' } },
  ],
  ...{ custom: [], allowed: new Set(), onError: 'block', digest: 'sha256:plan' },
}
const sent = '{"id" : 1.50, "n\\u006fte":"a", "more":"{\\"to\\":\\"jo@example.org\\"}"}'
const hidden = sent.replace('"a"', '"[REDACTED:x]"')

const rows: readonly (readonly [string, Given, Awaited<ReturnType<typeof guarded>>])[] = [
  [
    'nothing is hidden: every byte goes on',
    { sent },
    { upstream: sent, forwarded: sent, recorded: sent, found: [] },
  ],
  [
    'from the upstream: only the value changes',
    { sent, masks: [hides('upstream')] },
    { upstream: hidden, forwarded: hidden, recorded: sent, found: ['hide-note 1'] },
  ],
  [
    'from the record: its upstream sees it, and no record of what was forwarded does',
    { sent, masks: [hides('record')] },
    { upstream: sent, forwarded: hidden, recorded: hidden, found: ['hide-note 1'] },
  ],
  [
    'from both',
    { sent, masks: [hides('upstream', 'record')] },
    {
      ...{ upstream: hidden, forwarded: hidden, recorded: hidden },
      found: ['hide-note 1', 'hide-note 1'],
    },
  ],
  [
    'values that are found, in JSON in a text too',
    { sent, find: mails },
    {
      upstream: sent.replace('jo@example.org', '[REDACTED:EMAIL_ADDRESS]'),
      forwarded: sent.replace('jo@example.org', '[REDACTED:EMAIL_ADDRESS]'),
      recorded: sent,
      found: ['mail 1'],
    },
  ],
]

test('the arguments of an MCP call are hidden byte for byte', async (t) => {
  for (const [name, given, expected] of rows) {
    await t.test(name, async () => assert.deepEqual(await guarded(given), expected))
  }
})

test('arguments that do not fit are refused by their place, never by their value', async () => {
  await assert.rejects(guarded({ sent: '{"note":"a"}' }), (thrown) => {
    assert.ok(thrown instanceof Refusal)
    assert.equal(thrown.code, 'arguments-invalid')
    assert.equal(thrown.detail, '/id: is missing')
    return true
  })
})
