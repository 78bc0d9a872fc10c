import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import {
  answering,
  type Exchanged,
  exchanged,
  framesOf,
  noCredential,
  openForwarder,
  until,
} from '../../../test/mcp-exchange.ts'
import { type McpPeer, startLegacyPeer, startModernPeer } from '../../../test/mcp-peers.ts'
import { Refusal } from '../../call/refusal.ts'

const upstreams = openForwarder()
const modern = await startModernPeer()
const legacy = await startLegacyPeer()
const others: McpPeer[] = []
const startOther = async () => {
  const peer = await startLegacyPeer()
  others.push(peer)
  return peer
}
after(async () => {
  await upstreams.close()
  await modern.close()
  await legacy.close()
  for (const peer of others) await peer.close()
})

/** The frames as one text; of a result only what its tool said. */
async function check(given: Exchanged, expected: string): Promise<void> {
  const { refusal, status, mediaType, text } = await framesOf(upstreams, given)
  const lines = text.split('\n').filter((line) => line !== '')
  const seen = lines.map((line) => {
    const { result, error, method, params } = JSON.parse(line)
    if (method) return `${method} ${params.progress ?? params.data}`
    if (error) return `error ${error.code}`
    const type = result.resultType === 'input_required' ? ' input_required' : ''
    return `result${type} ${result.content?.[0]?.text ?? result.requestState}`
  })
  assert.equal(refusal ?? `${status} ${mediaType} ${seen.join(', ')}`, expected)
}

const json = '200 application/json'
const lines = '200 application/x-ndjson'
const echo = { params: { name: 'echo', arguments: { text: 'hi' } } }
const tool = (name: string) => ({ params: { name, arguments: {} } })
const sure = { 'elicitation/create': { result: { action: 'accept', content: { sure: true } } } }
const elicits = { capabilities: { elicitation: { form: {} } } }
const asks = { ...elicits, ask: answering(sure).ask, takesInputRequired: false }
const resumed = {
  requestState: 'where we were',
  inputResponses: Buffer.from('{"sure":{"action":"accept","content":{"sure":true}}}'),
}
const revisions = ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26'] as const
const old = revisions.slice(1)
const steps = 'notifications/progress 1, notifications/progress 2'

const cases: readonly (readonly [string, Exchanged, string])[] = [
  ['modern, found out', { upstream: modern.url, ...echo }, `${json} result hi`],
  ['legacy, found out', { upstream: legacy.url, ...echo }, `${json} result hi`],
  ...revisions.map(
    (revision) =>
      [
        `SDK v2 in ${revision}`,
        { upstream: modern.url, revision, ...echo },
        `${json} result hi`,
      ] as const,
  ),
  ...old.map(
    (revision) =>
      [
        `SDK v1 in ${revision}`,
        { upstream: legacy.url, revision, ...echo },
        `${json} result hi`,
      ] as const,
  ),
  [
    'SDK v1 does not speak 2026-07-28',
    { upstream: legacy.url, revision: '2026-07-28', ...echo },
    'upstream-failed: It does not speak the revision of MCP that it is asked for.',
  ],
  [
    'progress',
    { upstream: modern.url, ...tool('steps'), exchange: { wantsProgress: true } },
    `${lines} ${steps}, result done`,
  ],
  [
    'progress and logging',
    {
      upstream: modern.url,
      ...tool('steps'),
      exchange: { wantsProgress: true, logLevel: 'info' },
    },
    `${lines} ${steps}, notifications/message half way, result done`,
  ],
  ['neither was asked for', { upstream: modern.url, ...tool('steps') }, `${json} result done`],
  [
    'logging of a session, as loud as asked for',
    { upstream: legacy.url, ...tool('log'), exchange: { logLevel: 'warning' } },
    `${lines} notifications/message at warning, result done`,
  ],
  ['logging nobody asked for', { upstream: legacy.url, ...tool('log') }, `${json} result done`],
  [
    'a question, passed on',
    { upstream: modern.url, ...tool('ask'), exchange: elicits },
    `${json} result input_required where we were`,
  ],
  [
    'its answer, brought back',
    { upstream: modern.url, ...tool('ask'), exchange: { ...elicits, resumed } },
    `${json} result sure: true`,
  ],
  [
    'a question, asked on the way',
    { upstream: modern.url, ...tool('ask'), exchange: asks },
    `${json} result sure: true`,
  ],
  [
    'a request of the server',
    { upstream: legacy.url, ...tool('ask'), exchange: asks },
    `${json} result sure: true`,
  ],
  [
    'a request of the server that belongs to no other',
    { upstream: legacy.url, ...tool('ask aside'), exchange: asks },
    `${json} result sure: true`,
  ],
  [
    'the same in a session of several callers',
    { upstream: legacy.url, ...tool('ask aside'), exchange: asks, shared: true },
    `${json} result MCP error -32601: Nobody is there who could be asked.`,
  ],
  [
    'a stream that is broken and resumed',
    { upstream: legacy.url, revision: '2025-11-25', ...tool('break') },
    `${json} result after the break`,
  ],
  ['a tool that fails', { upstream: modern.url, ...tool('fail') }, `${json} result as told`],
  [
    'an unknown tool',
    { upstream: modern.url, ...tool('nobody') },
    '500 application/json error -32602',
  ],
  [
    'an unknown method',
    { upstream: modern.url, method: 'prompts/get', params: { name: 'nobody' } },
    '500 application/json error -32601',
  ],
  ['nobody there', { upstream: 'http://127.0.0.1:9/mcp', ...echo }, 'upstream-unreachable'],
]
for (const [name, given, expected] of cases) test(name, () => check(given, expected))

test('what a modern server is told says the same in head and body', async () => {
  const path = { city: 'Tel Aviv ', 'x-mcp-header': 'City' }
  const schema = { properties: { city: { type: 'string', 'x-mcp-header': 'City' } } }
  const params = { name: 'echo', arguments: { text: 'hi', city: path.city } }
  await framesOf(upstreams, { upstream: modern.url, params, schema })
  assert.equal(
    modern.requests.at(-1),
    'POST /mcp mcp-method=tools/call mcp-name=echo ' +
      'mcp-param-city==?base64?VGVsIEF2aXYg?= mcp-protocol-version=2026-07-28',
  )
})

test('each principal has a session of its own, unless all share one', async () => {
  const peer = await startOther()
  const sessions = () =>
    new Set(peer.requests.flatMap((line) => /mcp-session-id=(\S+)/.exec(line)?.[1] ?? [])).size
  for (const principal of ['a', 'b', 'a']) {
    await check({ upstream: peer.url, principal, ...echo }, `${json} result hi`)
  }
  assert.equal(sessions(), 2)
  for (const principal of ['a', 'b']) {
    await check({ upstream: peer.url, principal, shared: true, ...echo }, `${json} result hi`)
  }
  assert.equal(sessions(), 3)
})

test('a session that its server forgot is begun anew, once, and the call is made', async () => {
  const peer = await startOther()
  await check({ upstream: peer.url, ...echo }, `${json} result hi`)
  peer.forget()
  await check({ upstream: peer.url, ...echo }, `${json} result hi`)
})

for (const [name, peer] of [
  ['modern', modern],
  ['legacy', legacy],
] as const) {
  test(`a ${name} server hears that the caller left`, async () => {
    const leave = new AbortController()
    const before = peer.cancelled.length
    const begun = peer.started.length
    const given = { upstream: peer.url, signal: leave.signal, ...tool('wait') }
    const left = upstreams.forward(exchanged(given), noCredential)
    await until(() => peer.started.length > begun, 'the call')
    leave.abort()
    await assert.rejects(
      left,
      (thrown) => thrown instanceof Refusal && thrown.code === 'caller-left',
    )
    await until(() => peer.cancelled.length > before, 'the cancellation')
  })
}

test('sessions are ended with the gateway', async () => {
  const peer = await startOther()
  const own = openForwarder()
  assert.match((await framesOf(own, { upstream: peer.url, ...echo })).text, /hi/)
  await own.close()
  await until(() => peer.requests.some((line) => line.startsWith('DELETE')), 'the farewell')
})
