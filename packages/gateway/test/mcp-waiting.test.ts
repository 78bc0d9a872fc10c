import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { dana, until, vote } from './house.ts'

import {
  callNow,
  lastOf,
  messagesOf,
  newestApproval,
  nextId,
  openMcpHouse,
  openSession,
  protocolVersion,
  type Row,
  type Said,
  send,
  text,
  type Yard,
} from './mcp-waiting-yard.ts'

const waiting: readonly Row[] = [
  [
    'an older caller is told how to go on, waits, and repeats the call',
    async ({ house, old }) => {
      const session = await openSession(house)
      const listed = await lastOf(await session.request('tools/list', {}))
      const names = listed.result.tools.map(({ name }: Said) => name)
      assert.ok(names.includes('sallyport_wait_for_approval'), names.join())
      const refused = (await lastOf(await session.call('old__refund', { amount: 2_001 }))).result
      assert.equal(refused.isError, true)
      const { approval_id: id, next_step: next } = refused.structuredContent
      assert.match(next, /sallyport_wait_for_approval/)
      const waiting = session.call('sallyport_wait_for_approval', { approval_id: id })
      assert.equal((await house.approve(id)).status, 200)
      const waited = (await lastOf(await waiting)).result
      assert.deepEqual([waited.isError, waited.structuredContent.state], [false, 'approved'])
      const made = (await lastOf(await session.call('old__refund', { amount: 2_001 }))).result
      assert.equal(made.content[0].text, 'refunded 2001')
      const again = (await lastOf(await session.call('old__refund', { amount: 2_001 }))).result
      assert.equal(again.isError, true)
      assert.notEqual(again.structuredContent.approval_id, id)
      assert.deepEqual(old.made, ['refund 2001'])
    },
  ],
  [
    'a caller comes back with its state until people have answered, and uses it once',
    async ({ house, old }) => {
      const refund = { name: 'old__refund', arguments: { amount: 3_001 } }
      const first = (await callNow(house, refund)).result
      assert.equal(first.resultType, 'input_required')
      assert.equal(first.inputRequests, undefined)
      const { requestState } = first
      const pending = (await callNow(house, { ...refund, requestState })).result
      assert.equal(pending.resultType, 'input_required')
      const id = newestApproval(house)
      assert.equal((await house.approve(id)).status, 200)
      const made = (await callNow(house, { ...refund, requestState: pending.requestState })).result
      assert.equal(made.content[0].text, 'refunded 3001')
      const replayed = (await callNow(house, { ...refund, requestState })).result
      assert.equal(replayed.isError, true)
      assert.equal(replayed.structuredContent.refusal, 'approval-unusable')
      const stranger = await house.idp.token({ sub: 'otto', groups: ['callers'] })
      const stolen = await callNow(house, { ...refund, requestState }, { token: stranger })
      assert.equal(stolen.error.code, -32602)
      const swapped = { ...refund, arguments: { amount: 3_002 }, requestState }
      assert.equal((await callNow(house, swapped)).error.code, -32602)
      assert.deepEqual(old.made.slice(1), ['refund 3001'])
    },
  ],
  [
    'a denial is a result that says so, and accepting a form is no approval',
    async ({ house }) => {
      const refund = { name: 'old__refund', arguments: { amount: 4_001 } }
      const first = (await callNow(house, refund)).result
      const inputResponses = { sallyport_approval: { action: 'accept', content: {} } }
      const { requestState } = first
      const still = (await callNow(house, { ...refund, requestState, inputResponses })).result
      assert.equal(still.resultType, 'input_required')
      const id = newestApproval(house)
      const denied = await vote(house.admin, { id, person: dana, verdict: 'deny' })
      assert.equal(denied.status, 200)
      const told = (await callNow(house, { ...refund, requestState: still.requestState })).result
      assert.deepEqual([told.isError, told.structuredContent.refusal], [true, 'approval-denied'])
    },
  ],
  [
    'a deferrable call becomes a task, at whatever instance, after a restart',
    async ({ house, recent }) => {
      const capabilities = { extensions: { 'io.modelcontextprotocol/tasks': {} } }
      const refund = { name: 'new__refund', arguments: { amount: 5_001 } }
      const task = (await callNow(house, refund, { capabilities })).result
      assert.deepEqual([task.resultType, task.status], ['task', 'working'])
      assert.match(task.statusMessage, /approvers/)
      const { taskId } = task
      await house.restart()
      const stranger = await house.idp.token({ sub: 'otto', groups: ['callers'] })
      const asTask = { name: '', taskId }
      for (const method of ['tasks/get', 'tasks/cancel', 'tasks/update']) {
        const stolen = await callNow(house, asTask, { method, capabilities, token: stranger })
        assert.equal(stolen.error.code, -32602, method)
      }
      assert.equal((await house.approve(newestApproval(house))).status, 200)
      const look = async () =>
        (await callNow(house, asTask, { method: 'tasks/get', capabilities })).result
      let seen = await look()
      while (seen.status === 'working') seen = await look()
      assert.equal(seen.status, 'completed', JSON.stringify(seen))
      assert.equal(seen.result.content[0].text, 'refunded 5001')
      assert.deepEqual(recent.made, ['refund 5001'])
    },
  ],
  [
    'a task that people say no to is completed, and says so',
    async ({ house }) => {
      const capabilities = { extensions: { 'io.modelcontextprotocol/tasks': {} } }
      const refund = { name: 'new__refund', arguments: { amount: 6_001 } }
      const { taskId } = (await callNow(house, refund, { capabilities })).result
      const denied = { id: newestApproval(house), person: dana, verdict: 'deny' } as const
      assert.equal((await vote(house.admin, denied)).status, 200)
      const look = async () =>
        (await callNow(house, { name: '', taskId }, { method: 'tasks/get', capabilities })).result
      let seen = await look()
      while (seen.status === 'working') seen = await look()
      assert.deepEqual([seen.status, seen.result.isError], ['completed', true])
    },
  ],
  [
    'a task that is taken back is cancelled, and never made',
    async ({ house, recent }) => {
      const capabilities = { extensions: { 'io.modelcontextprotocol/tasks': {} } }
      const refund = { name: 'new__refund', arguments: { amount: 7_001 } }
      const { taskId } = (await callNow(house, refund, { capabilities })).result
      const asTask = { name: '', taskId }
      const cancelled = await callNow(house, asTask, { method: 'tasks/cancel', capabilities })
      assert.deepEqual(cancelled.result.resultType, 'complete')
      const seen = (await callNow(house, asTask, { method: 'tasks/get', capabilities })).result
      assert.equal(seen.status, 'cancelled')
      assert.deepEqual(recent.made, ['refund 5001'])
    },
  ],
]

/** A caller of an older revision is asked by a request of its own. */
async function askedInTheMiddle({ house, old, recent }: Yard, name: 'old' | 'new'): Promise<void> {
  const server = name === 'old' ? old : recent

  const session = await openSession(house, { elicitation: {} })
  const answered: number[] = []
  let last: Said
  for await (const message of messagesOf(await session.call(`${name}__ask`, {}))) {
    last = message
    if (message.method !== 'elicitation/create') continue
    assert.equal(message.params.message, 'How many?')
    const result = { action: 'accept', content: { n: 7 } }
    const stranger = await openSession(house, { elicitation: {} })
    answered.push((await stranger.answer({ id: message.id, result })).status)
    answered.push((await session.answer({ id: message.id, result })).status)
    answered.push((await session.answer({ id: message.id, result })).status)
  }
  assert.equal(last.result?.content[0].text, 'accept 7', JSON.stringify(last))
  assert.equal(answered[1], 202)
  assert.ok(answered[0] !== 202 && answered[2] !== 202, answered.join())
  assert.equal(server.made.length > 0, true)
}

/** A caller of now is sent away, and comes back with the answer. */
async function comesBack({ house }: Yard, name: 'old' | 'new'): Promise<void> {
  const capabilities = { elicitation: { form: {} } }
  const ask = { name: `${name}__ask`, arguments: {} }
  const first = (await callNow(house, ask, { capabilities })).result
  assert.equal(first?.resultType, 'input_required')
  const [[key, request] = assert.fail('nothing is asked')] = Object.entries<Said>(
    first.inputRequests,
  )
  assert.equal(request.method, 'elicitation/create')
  assert.equal(request.params.message, 'How many?')
  const { requestState } = first
  const inputResponses = { [key]: { action: 'accept', content: { n: 8 } } }
  const retry = () => callNow(house, { ...ask, requestState, inputResponses }, { capabilities })
  // What an older upstream asks is kept open for one of them; every one is answered.
  const times = name === 'old' ? 3 : 1
  const made = await Promise.all(Array.from({ length: times }, retry))
  const texts = made.flatMap(({ result }) => result?.content?.[0].text ?? [])
  assert.deepEqual(texts, ['accept 8'], JSON.stringify(made))
  assert.equal(made.filter(({ error }) => error?.code === -32602).length, times - 1)
}

const held: readonly Row[] = [
  [
    'an older caller is held, hears that it is, and has its answer',
    async ({ house }) => {
      const session = await openSession(house)
      const held = await session.call('old__refund', { amount: 2_001 }, { progressToken: 'p' })
      let last: Said
      for await (const message of messagesOf(held)) {
        if (message.method === 'notifications/progress' && last === undefined) {
          assert.equal(message.params.progressToken, 'p')
          assert.match(message.params.message, /approvers/)
          assert.equal((await house.approve(newestApproval(house))).status, 200)
        }
        last = message
      }
      assert.equal(last.result.content[0].text, 'refunded 2001')
    },
  ],
  [
    'a broken connection is no farewell: the answer is fetched',
    async ({ house }) => {
      const session = await openSession(house)
      const leaving = new AbortController()
      const url = `${house.url()}/mcp`
      const headers = {
        authorization: `Bearer ${house.token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...session.headers,
      }
      const body = JSON.stringify({
        ...{ jsonrpc: '2.0', id: 'held', method: 'tools/call' },
        params: { name: 'old__refund', arguments: { amount: 2_002 } },
      })
      const first = await fetch(url, { method: 'POST', headers, body, signal: leaving.signal })
      const reader = first.body?.pipeThrough(new TextDecoderStream()).getReader()
      let seen = ''
      while (!/^id: .*\n/m.test(seen)) seen += (await reader?.read())?.value
      leaving.abort()
      await reader?.read().catch(() => undefined)
      assert.equal((await house.approve(newestApproval(house))).status, 200)
      const lastEventId = /^id: (.*)$/m.exec(seen)?.[1] ?? ''
      const otto = await house.idp.token({ sub: 'otto', groups: ['callers'] })
      const own = await openSession(house, {}, otto)
      for (const [method, session] of [
        ['GET', headers],
        ['GET', own.headers],
        ['DELETE', headers],
      ] as const) {
        const authorization = `Bearer ${otto}`
        const asked = { ...headers, ...session, authorization, 'last-event-id': lastEventId }
        const stolen = await fetch(url, { method, headers: asked })
        assert.equal(stolen.status, 404, `${method} of somebody else`)
        assert.doesNotMatch(await stolen.text(), /refunded/)
      }
      const resumed = await fetch(url, { headers: { ...headers, 'last-event-id': lastEventId } })
      assert.equal(resumed.status, 200)
      const answer = await lastOf(resumed)
      assert.equal(answer.id, 'held')
      assert.equal(answer.result.content[0].text, 'refunded 2002')
    },
  ],
  [
    'what nobody registered is not asked, and that is on record',
    async ({ house }) => {
      const session = await openSession(house, { sampling: {} })
      const from = house.records().length
      const { result } = await lastOf(await session.call('old__sample', {}))
      assert.match(result.content[0].text, /No registered function/)
      const denied = house.records(from).filter(({ type }) => type === 'call.denied')
      assert.deepEqual(
        denied.map(({ reason, refusal, code }) => reason ?? refusal ?? code),
        ['function-unknown'],
      )
    },
  ],
  [
    'a caller that did not say that it can answer is not asked',
    async ({ house }) => {
      const session = await openSession(house)
      for await (const message of messagesOf(await session.call('old__ask', {}))) {
        assert.notEqual(message.method, 'elicitation/create')
      }
    },
  ],
  [
    'nor is one that takes no stream, over which it would be asked',
    async ({ house }) => {
      const { headers } = await openSession(house, { elicitation: {} })
      const params = { name: 'old__ask', arguments: {} }
      const message = { jsonrpc: '2.0', id: nextId(), method: 'tools/call', params }
      const deaf = { headers: { ...headers, accept: 'application/json' } }
      const { result } = await lastOf(await send(house, message, deaf))
      assert.match(result.content[0].text, /does not support form elicitation/)
    },
  ],
  [
    'an older caller is asked in the middle, by an older upstream',
    (yard) => askedInTheMiddle(yard, 'old'),
  ],
  [
    'an older caller is asked in the middle, by an upstream of now',
    (yard) => askedInTheMiddle(yard, 'new'),
  ],
  [
    'a caller of now comes back with the answer for an older upstream',
    (yard) => comesBack(yard, 'old'),
  ],
  [
    'a caller of now comes back with the answer for an upstream of now',
    (yard) => comesBack(yard, 'new'),
  ],
  [
    'what an upstream of now asks that nobody registered is not asked',
    async ({ house, recent }) => {
      const capabilities = { sampling: {} }
      const from = house.records().length
      const sample = { name: 'new__sample', arguments: {} }
      const { result } = await callNow(house, sample, { capabilities })
      assert.equal(result.structuredContent.refusal, 'upstream-failed', JSON.stringify(result))
      assert.equal(house.records(from).filter(({ type }) => type === 'call.denied').length, 1)
      assert.ok(!recent.made.includes('sample'))
    },
  ],
  [
    'a client of now waits for people by itself, and shows their question to nobody',
    async ({ house }) => {
      const from = house.records().length
      const client = new Client(
        { name: 'test', version: '1' },
        { versionNegotiation: { mode: { pin: protocolVersion } } },
      )
      const transport = new StreamableHTTPClientTransport(new URL(`${house.url()}/mcp/old`), {
        requestInit: { headers: { authorization: `Bearer ${house.token}` } },
      })
      await client.connect(transport)
      const calling = client.callTool({ name: 'refund', arguments: { amount: 9_001 } })
      const isAsked = () => house.records(from).some(({ type }) => type === 'approval.requested')
      await until(isAsked, 'nobody was asked')
      assert.equal((await house.approve(newestApproval(house))).status, 200)
      assert.deepEqual((await calling).content, text('refunded 9001').content)
      await client.close()
    },
  ],
  [
    'the gateway stops while a caller is away to answer: that is on record',
    async ({ house }) => {
      const capabilities = { elicitation: { form: {} } }
      const from = house.records().length
      const ask = { name: 'old__ask', arguments: {} }
      const { result } = await callNow(house, ask, { capabilities })
      assert.equal(result.resultType, 'input_required')
      await house.restart()
      const records = house.records(from)
      const ended = records.filter(({ type }) => type === 'call.outcome')
      assert.deepEqual(
        ended.map(({ ending }) => ending),
        ['aborted', 'aborted'],
        JSON.stringify(ended),
      )
      const { requestState } = result
      const [key = ''] = Object.keys(result.inputRequests)
      const inputResponses = { [key]: { action: 'accept', content: { n: 8 } } }
      const late = await callNow(house, { ...ask, requestState, inputResponses }, { capabilities })
      assert.equal(late.error.code, -32602)
    },
  ],
]

test('callers that wait for people', { timeout: 120_000 }, async (t) => {
  // Nobody is held for long: what a caller does after that is looked at here.
  const yard = await openMcpHouse(t, { approvals: { hold: '1s', holdMax: '1s' } })
  for (const [name, run] of waiting) await t.test(name, () => run(yard))
})

test('callers that are held, and asked', { timeout: 120_000 }, async (t) => {
  const yard = await openMcpHouse(t, {})
  for (const [name, run] of held) await t.test(name, () => run(yard))
})
