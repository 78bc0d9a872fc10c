import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal } from '../../../call/refusal.ts'
import { limits } from '../../../config/limits.ts'
import type { McpConnection } from '../../../model/connection.ts'
import { UpstreamExchange } from './exchange.ts'

const connection: McpConnection = {
  ...{ id: 'a', protocol: 'mcp', upstream: 'https://a.example/mcp', credential: { kind: 'none' } },
  ...{ shared: false, definitionMaxAgeMs: 0, describedEveryMs: 60_000 },
}

test('an upstream that is alive and never answers is not waited for without end', async () => {
  const asked = {
    ...{ capabilities: {}, wantsProgress: false, logLevel: undefined, takesInputRequired: true },
    ask: () => Promise.reject(new Error('nothing is asked')),
  }
  const exchange = new UpstreamExchange(
    {
      ...{ asked, connection, era: 'modern', method: 'tools/call', signals: [], echoes: [] },
      ...{ idleMs: 60_000, requestMs: 200 },
    },
    { again: () => assert.fail('nothing is made again'), over: () => undefined },
  )
  const alive = setInterval(() => exchange.alive(), 1)
  try {
    await assert.rejects(exchange.raw, { code: 'upstream-timeout' })
  } finally {
    clearInterval(alive)
  }
  assert.ok(exchange.isOver)
})

test('who asks and takes back waits until the caller has taken what it was told', async () => {
  const taken: ((frame: Uint8Array) => void)[] = []
  const ask = () => new Promise<Uint8Array>((resolve) => taken.push(resolve))
  const asked = {
    ...{ capabilities: {}, wantsProgress: false, logLevel: undefined, takesInputRequired: true },
    ask,
  }
  const exchange = new UpstreamExchange(
    {
      ...{ asked, connection, era: 'legacy', method: 'tools/call', signals: [], echoes: [] },
      ...{ idleMs: 60_000, requestMs: 60_000 },
    },
    { again: () => assert.fail('nothing is made again'), over: () => undefined },
  )
  const answers: string[] = []
  exchange.attach({
    ...{ id: 1, pause: undefined, resume: () => {}, done: () => {}, cancel: () => {} },
    answer: (message) => answers.push(Buffer.from(message).toString()),
  })
  const none = Buffer.from('{}')
  const askAndTakeBack = (id: number) => {
    exchange.take({ kind: 'request', id, method: 'roots/list', params: none })
    const values = { requestId: id }
    const method = 'notifications/cancelled'
    exchange.take({ kind: 'notification', method, params: none, values })
  }
  for (let id = 0; id < limits.mcpAsksPerRequest + 5; id++) askAndTakeBack(id)
  assert.equal(taken.length, limits.mcpAsksPerRequest)
  assert.equal(answers.length, 5)
  for (const answer of answers) assert.match(answer, /Too many requests wait for the caller/)
  taken[0]?.(none)
  await new Promise(setImmediate)
  askAndTakeBack(1_000)
  assert.equal(taken.length, limits.mcpAsksPerRequest + 1)
  // What was taken back is not answered.
  assert.equal(answers.length, 5)
  exchange.abandon(new Refusal('caller-left'))
})
