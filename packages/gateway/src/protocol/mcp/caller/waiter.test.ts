import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal } from '../../../call/refusal.ts'
import { limits } from '../../../config/limits.ts'
import type { JsonObject } from '../../../model/json.ts'
import type { Principal } from '../../../model/principal.ts'
import type { Era } from '../message/eras.ts'
import { type CallerRequest, readMessages } from '../message/json-rpc.ts'
import { membersOf } from '../message/members.ts'
import { openRequestStates } from './request-state.ts'
import { type Waiter, type WaiterNeeds, waiterOf } from './waiter.ts'

const principal: Principal = {
  subject: { kind: 'user', id: 'corp:sam', groups: [] },
  actors: [],
  authentication: { method: 'oidc', issuer: 'corp', credential: 'sha256:0', expiresAt: 9e12 },
  session: 'ses_1',
}
const states = openRequestStates({ key: new Uint8Array(32).fill(1), now: () => 0 })
const needs: WaiterNeeds = {
  states,
  tasks: { created: async (id) => ({ resultType: 'task', taskId: `of ${id}` }) },
  approvalUrl: (id) => `https://gw.example/approvals/${id}`,
}

const modern = (capabilities: JsonObject = {}): Era => ({
  modern: true,
  revision: '2026-07-28',
  capabilities,
  logLevel: undefined,
})
const legacy: Era = { modern: false, revision: '2025-11-25' }

function requestOf(params: object, method = 'tools/call'): CallerRequest {
  const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const message = readMessages(Buffer.from(text))
  assert.ok(message.kind === 'request')
  return message
}

const refund = { name: 'refund', arguments: { amount: 5 } }

function waiterFor(params: object, era: Era = modern(), method?: string): Waiter {
  const request = requestOf({ ...refund, ...params }, method)
  const waiter = waiterOf(needs, { request, era, endpoint: '', principal })
  assert.ok(!('code' in waiter), JSON.stringify(waiter))
  return waiter
}

const pending = (approval = 'apr_1') =>
  new Refusal('approval-required', { facts: { approval, groups: ['finance'] } })

/** The state that a caller is sent away with, as it would bring it back. */
async function roundOf(waiter: Waiter, approval?: string): Promise<string> {
  const { result } = await waiter.refused(pending(approval))
  assert.equal(result?.resultType, 'input_required')
  return String(result.requestState)
}

test('a caller of an older revision is held, and then told how to go on', async () => {
  const waiter = waiterFor({}, legacy)
  assert.deepEqual(waiter.waiting, { waitMs: limits.mcpHoldMs, repeats: true })
  const { result, nextStep } = await waiter.refused(pending())
  assert.equal(result, undefined)
  assert.match(nextStep ?? '', /sallyport_wait_for_approval/)
  assert.deepEqual(await waiter.refused(new Refusal('policy-denied')), {})
})

test('a caller that comes back is not held at first, and waits each time it is back', async () => {
  const first = waiterFor({})
  const { onHeld: _, ...waiting } = first.waiting
  assert.deepEqual(waiting, { respondAsync: true, repeats: true })
  const second = waiterFor({ requestState: await roundOf(first) })
  const { onHeld: __, ...back } = second.waiting
  const waitMs = limits.mcpHoldMs
  assert.deepEqual(back, { respondAsync: true, repeats: true, approvalId: 'apr_1', waitMs })
  const third = waiterFor({ requestState: await roundOf(second, 'apr_2') })
  assert.equal(third.waiting.approvalId, 'apr_2')
  assert.deepEqual(await third.refused(new Refusal('approval-denied')), {})
})

test('a caller that comes back for ever is told to stop', async () => {
  let waiter = waiterFor({})
  for (let round = 0; round <= limits.mcpApprovalRounds; round++) {
    waiter = waiterFor({ requestState: await roundOf(waiter) })
  }
  const { result, nextStep } = await waiter.refused(pending())
  assert.equal(result, undefined)
  assert.match(nextStep ?? '', /Repeat the identical call later/)
})

const elsewhere: readonly (readonly [string, object, string?])[] = [
  ['other arguments', { arguments: { amount: 6 } }],
  ['the same in other bytes', { arguments: { amount: 5, more: 1 } }],
  ['another tool', { name: 'charge' }],
  ['another method', {}, 'prompts/get'],
]
for (const [name, changes, method] of elsewhere) {
  test(`a state is of no use with another request: ${name}`, async () => {
    const requestState = await roundOf(waiterFor({}))
    const request = requestOf({ ...refund, requestState, ...changes }, method)
    const waiter = waiterOf(needs, { request, era: modern(), endpoint: '', principal })
    assert.ok('code' in waiter)
    assert.equal(waiter.code, -32602)
  })
}

test('a state that is no text, or nobody sealed, is a problem', () => {
  for (const requestState of [7, null, '', 'x', {}]) {
    const request = requestOf({ ...refund, requestState })
    const waiter = waiterOf(needs, { request, era: modern(), endpoint: '', principal })
    assert.ok('code' in waiter, String(requestState))
  }
})

test('who can be shown a page is, and what it answers there is no approval', async () => {
  const shown = waiterFor({}, modern({ elicitation: { url: {} } }))
  const { result } = await shown.refused(pending())
  assert.deepEqual(result?.inputRequests, {
    sallyport_approval: {
      method: 'elicitation/create',
      params: {
        mode: 'url',
        message:
          'This call waits for the approval (apr_1). Nothing has to be entered here; who may approve it can do so there.',
        url: 'https://gw.example/approvals/apr_1',
      },
    },
  })
  const inputResponses = { sallyport_approval: { action: 'accept', content: { approve: true } } }
  const back = waiterFor({ requestState: result.requestState, inputResponses })
  assert.equal(back.resumed, undefined)
  assert.equal(back.waiting.approvalId, 'apr_1')
  for (const capabilities of [{}, { elicitation: {} }, { elicitation: { form: {} } }]) {
    const none = await waiterFor({}, modern(capabilities)).refused(pending())
    assert.equal(none.result?.inputRequests, undefined)
  }
})

test('where tasks are understood and the call was deferred, it is a task', async () => {
  const extensions = { 'io.modelcontextprotocol/tasks': {} }
  const waiter = waiterFor({}, modern({ extensions }))
  assert.equal(waiter.waiting.deferred, 'if-deferrable')
  waiter.waiting.onHeld?.({ id: 'apr_1', groups: [], deferred: true })
  const { result } = await waiter.refused(pending())
  assert.deepEqual(result, { resultType: 'task', taskId: 'of apr_1' })
  const other = waiterFor({}, modern({ extensions }))
  other.waiting.onHeld?.({ id: 'apr_1', groups: [], deferred: false })
  await roundOf(other)
  assert.equal(waiterFor({}, modern({ extensions }), 'prompts/get').waiting.deferred, undefined)
  assert.equal(waiterFor({}, modern()).waiting.deferred, undefined)
})

test('what an upstream asks comes back with its own state and only what was asked', async () => {
  const params = Buffer.from('{"message":"how  many?"}')
  const requests = new Map([['a', { method: 'elicitation/create', params }]])
  const frame = waiterFor({}).asking({ requests, upstreamState: 'theirs' })
  const result = membersOf(membersOf(frame ?? new Uint8Array())?.get('result') ?? new Uint8Array())
  const text = (name: string) => Buffer.from(result?.get(name) ?? '').toString('utf8')
  assert.equal(
    text('inputRequests'),
    '{"a":{"method":"elicitation/create","params":{"message":"how  many?"}}}',
  )
  const requestState = JSON.parse(text('requestState'))
  const answers = { x: {}, a: { action: 'accept', content: { n: 2 } } }
  const back = waiterFor({ requestState, inputResponses: answers })
  const brought = { ...back.resumed, inputResponses: String(back.resumed?.inputResponses) }
  const kept = '{"a":{"action":"accept","content":{"n":2}}}'
  assert.deepEqual(brought, { inputResponses: kept, requestState: 'theirs' })
  // People have to agree to the answers, too: they are kept until then.
  const approved = waiterFor({ requestState: await roundOf(back), inputResponses: { a: {} } })
  assert.equal(String(approved.resumed?.inputResponses), kept)
  assert.equal(approved.resumed?.requestState, 'theirs')
})

test('an exchange that is kept open is named again by the retry', () => {
  const requests = new Map([['ask_1', { method: 'roots/list', params: Buffer.from('{}') }]])
  const frame = waiterFor({}).asking({ requests, exchange: 'e1' })
  const { result } = JSON.parse(Buffer.from(frame ?? '').toString('utf8'))
  assert.equal(waiterFor({ requestState: result.requestState }).exchange, 'e1')
})
