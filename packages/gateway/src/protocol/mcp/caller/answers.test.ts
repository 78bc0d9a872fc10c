import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gateOf, mcpOutboundOf, reviewedOf } from '../../../../test/call-stages.ts'
import { inForceOf, mcpConnectionOf, mcpFunctionOf } from '../../../../test/rulebook-parts.ts'
import type { MaskedArguments } from '../../../call/arguments.ts'
import { guardArguments } from '../../../call/guard-arguments.ts'
import type { ArgumentMasking } from '../../../mask/plan.ts'
import { withAnswers } from './answers.ts'
import type { ArgumentsRead } from './arguments.ts'

const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('utf8')
const bytes = Buffer.from('{"card":  "1234"}')
const answers = Buffer.from('{"how":{"content":{"pin":"1234"}}}')

const plain: ArgumentsRead = {
  args: { values: { card: '1234' }, bytes, mediaType: 'application/json' },
  paramsWith: (masked) => {
    const now = masked?.body ?? bytes
    return { params: Buffer.concat([Buffer.from('name+'), now]), bytes: now }
  },
}

test('a request without answers stays as it is', () => {
  assert.equal(withAnswers(plain, undefined), plain)
})

test('what is approved and recorded covers arguments and answers, byte for byte', () => {
  const { args, paramsWith } = withAnswers(plain, answers)
  const whole =
    '{"arguments":{"card":  "1234"},"inputResponses":{"how":{"content":{"pin":"1234"}}}}'
  assert.equal(text(args.bytes), whole)
  assert.deepEqual(args.values, { card: '1234' })
  const { params, bytes } = paramsWith()
  assert.deepEqual([text(params), text(bytes)], ['name+{"card":  "1234"}', whole])
})

test('answers that nobody has masked go nowhere once something is masked', () => {
  const { paramsWith } = withAnswers(plain, answers)
  assert.throws(() => paramsWith({ values: {}, body: undefined }))
})

/** Hides every four digits, wherever they stand. */
const masking: ArgumentMasking = {
  hidesFromUpstream: true,
  hidesFromRecord: true,
  apply: (values) => ({
    values: JSON.parse(JSON.stringify(values).replaceAll('1234', '****')),
    findings: JSON.stringify(values).includes('1234')
      ? [{ rule: 'digits', path: '$', how: 'redact', count: 1 }]
      : [],
  }),
  applyToBody: (body) => Buffer.from((text(body) ?? '').replaceAll('1234', '****')),
}

test('answers are masked as arguments are, for the upstream and for the record', async () => {
  const { args, paramsWith } = withAnswers(plain, answers)
  const rewritten: MaskedArguments[] = []
  const at = reviewedOf({
    args,
    fn: mcpFunctionOf({ id: 'peer.pay' }),
    connection: mcpConnectionOf(),
    outbound: mcpOutboundOf({ params: paramsWith().params }),
    rules: inForceOf({}, { argumentMasking: () => masking }),
    rewrite: (masked) => {
      rewritten.push(masked)
      const { params, bytes } = paramsWith(masked)
      return { outbound: mcpOutboundOf({ params }), bytes }
    },
  })
  const guarded = await guardArguments(gateOf({ maskKey: new Uint8Array(32) }), at)
  const hidden =
    '{"arguments":{"card":  "****"},"inputResponses":{"how":{"content":{"pin":"****"}}}}'
  assert.equal(text(guarded.recordedArgs), hidden)
  assert.equal(text(guarded.forwardedArgs), hidden)
  assert.deepEqual(
    rewritten.map((masked) => [text(masked.body), text(masked.answers)]),
    Array.from({ length: 2 }, () => ['{"card":  "****"}', '{"how":{"content":{"pin":"****"}}}']),
  )
  assert.equal(guarded.argumentFindings.length, 4)
})
