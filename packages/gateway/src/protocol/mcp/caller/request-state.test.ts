import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from '../../../config/limits.ts'
import type { Party } from '../../../model/principal.ts'
import { openRequestStates, type RequestState, type StateBound } from './request-state.ts'

const key = new Uint8Array(32).fill(7)
const clock = { now: 1_000 }
const now = () => clock.now
const states = openRequestStates({ key, now })

const party = (id: string, kind: Party['kind'] = 'user'): Party => ({ kind, id, groups: [] })
const bound: StateBound = {
  principal: { subject: party('corp:sam'), actors: [party('corp:bot', 'agent')] },
  endpoint: 'pay',
  method: 'tools/call',
  name: 'refund',
  args: Buffer.from('{"amount":5}'),
}
const state: RequestState = {
  approval: { id: 'apr_1', rounds: 2 },
  asked: { inputs: ['a'], upstreamState: 'theirs' },
  answers: '{"a":{"action":"accept"}}',
}

function sealed(content: RequestState = state): string {
  return states.seal(content, bound) ?? assert.fail('it was not sealed')
}

test('a state opens with the request it was sealed for, at every instance with the key', () => {
  const text = sealed()
  assert.deepEqual(states.open(text, bound), state)
  assert.deepEqual(openRequestStates({ key, now }).open(text, bound), state)
  assert.ok(!Buffer.from(text, 'base64url').includes('apr_1'), 'it shows what it says')
  assert.notEqual(text, sealed(), 'two of one content are alike')
})

const others: readonly (readonly [string, Partial<StateBound>])[] = [
  ['another subject', { principal: { ...bound.principal, subject: party('corp:eve') } }],
  [
    'another kind of subject',
    { principal: { ...bound.principal, subject: party('corp:sam', 'service') } },
  ],
  ['nobody acts', { principal: { ...bound.principal, actors: [] } }],
  [
    'a further actor',
    { principal: { ...bound.principal, actors: [...bound.principal.actors, party('corp:x')] } },
  ],
  ['another connection', { endpoint: '' }],
  ['another method', { method: 'prompts/get' }],
  ['another tool', { name: 'refunds' }],
  ['other arguments', { args: Buffer.from('{"amount":6}') }],
  ['a border moved', { method: 'tools/callr', name: 'efund' }],
]
for (const [name, changes] of others) {
  test(`a state does not open with another request: ${name}`, () => {
    assert.equal(states.open(sealed(), { ...bound, ...changes }), undefined)
  })
}

test('a state of another key, or too old, does not open', () => {
  const text = sealed()
  assert.equal(openRequestStates({ key: randomBytes(32), now }).open(text, bound), undefined)
  const later = (ms: number) => openRequestStates({ key, now: () => clock.now + ms })
  assert.deepEqual(later(limits.mcpStateMs - 1).open(text, bound), state)
  assert.equal(later(limits.mcpStateMs).open(text, bound), undefined)
})

test('whatever was changed does not open', () => {
  const text = sealed()
  const bytes = Buffer.from(text, 'base64url')
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ flip
      return states.open(changed.toString('base64url'), bound) === undefined
    }),
  )
  for (let length = 0; length < text.length; length++) {
    assert.equal(states.open(text.slice(0, length), bound), undefined)
  }
})

test('what nobody sealed does not open, whatever it is', () => {
  fc.assert(fc.property(fc.string(), (text) => states.open(text, bound) === undefined))
  assert.equal(states.open(`${sealed()}=`, bound), undefined)
  assert.equal(states.open('A'.repeat(limits.mcpStateChars + 1), bound), undefined)
})

test('a state that a caller could not send back is not made', () => {
  const long = { asked: { inputs: [], upstreamState: 'x'.repeat(limits.mcpStateChars) } }
  assert.equal(states.seal(long, bound), undefined)
})
