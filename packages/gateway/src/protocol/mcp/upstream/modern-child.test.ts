import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { mcpWatchOf } from '../../../../test/call-stages.ts'
import {
  exchanged,
  framesOf,
  noCredential,
  openForwarder,
  peerOf,
  until,
} from '../../../../test/mcp-exchange.ts'
import type { McpExchange } from '../../../call/stage.ts'
import { limits } from '../../../config/limits.ts'

/**
 * A child process of 2026-07-28. It agrees to whatever it is asked to say, but for `file:///never`, `file:///error` and
 * `file:///silent`, and does what it is told by calls.
 */
const program = `
  const raw = (text) => process.stdout.write(text)
  const text = (message) => JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n'
  const say = (message) => raw(text(message))
  const result = (id, value) => say({ id, result: { resultType: 'complete', ...value } })
  const open = new Map()
  const heard = []
  const of = (uri) => [...open].find(([, one]) => one === uri)?.[0]
  const meta = (id) => ({ _meta: { 'io.modelcontextprotocol/subscriptionId': id } })
  const updated = (uri, id = of(uri)) =>
    text({ method: 'notifications/resources/updated', params: { ...meta(id), uri } })
  let asker
  const acts = {
    told: (id) => result(id, { heard, pid: process.pid }),
    update: (id, { uri }) => { raw(updated(uri)); result(id) },
    'update-below': (id, { uri }) => { raw(updated(uri + '/below', of(uri))); result(id) },
    'update-as': (id, { uri, as }) => { raw(updated(uri, of(as))); result(id) },
    end: (id, { uri }) => { const own = of(uri); open.delete(own); result(own, meta(own)); result(id) },
    fail: (id, { uri }) => {
      const own = of(uri)
      open.delete(own)
      say({ id: own, error: { code: -32603, message: 'secret words' } })
      result(id)
    },
    exit: () => process.exit(1),
    'flood-news': (id, { uri }) => raw(updated(uri).repeat(${2 * limits.mcpStrays})),
    'flood-nobody': () => raw(updated('file:///nobody', 1).repeat(${2 * limits.mcpStrays})),
    'flood-log': (id, { uri }) => {
      const data = { level: 'info', data: 'x', ...meta(of(uri)) }
      raw(text({ method: 'notifications/message', params: data }).repeat(${2 * limits.mcpStrays}))
    },
    'flood-ack': (id, { uri }) => {
      const params = { ...meta(of(uri)), notifications: {} }
      raw(text({ method: 'notifications/subscriptions/acknowledged', params }).repeat(${2 * limits.mcpStrays}))
    },
    'flood-asks': () => raw(text({ id: 9, method: 'roots/list' }).repeat(${2 * limits.mcpStrays})),
    'asks-once': (id) => { asker = id; say({ id: 9, method: 'roots/list' }) },
    'flood-progress': (id) => {
      const params = { progressToken: id, progress: 1 }
      raw(text({ method: 'notifications/progress', params }).repeat(${limits.mcpMessagesPerRequest + 1}))
    },
    ask: (id) => {
      const inputRequests = { q: { method: 'roots/list', params: {} } }
      result(id, { resultType: 'input_required', inputRequests, requestState: 's' })
    },
    'ask-once': (id, _, answers) => (answers ? result(id) : acts.ask(id)),
  }
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method, params } = JSON.parse(line)
    if (method === undefined) return result(asker, { answered: JSON.parse(line) })
    if (method === 'server/discover') {
      const capabilities = { tools: {}, resources: { subscribe: true } }
      return result(id, { supportedVersions: ['2026-07-28'], capabilities })
    }
    if (method === 'notifications/cancelled') {
      heard.push('-' + open.get(params.requestId))
      return open.delete(params.requestId)
    }
    if (method === 'tools/call') {
      return acts[params.name](id, params.arguments, params.inputResponses)
    }
    if (method !== 'subscriptions/listen') return
    const [uri] = params.notifications.resourceSubscriptions
    heard.push('+' + uri)
    if (uri === 'file:///silent') return
    if (uri === 'file:///error') return say({ id, error: { code: -32603, message: 'secret words' } })
    open.set(id, uri)
    const notifications = uri === 'file:///never' ? {} : params.notifications
    const agreed = { ...meta(id), notifications }
    say({ method: 'notifications/subscriptions/acknowledged', params: agreed })
  })`

const child = {
  stdio: { command: 'node', args: ['-e', program], env: {} },
  revision: '2026-07-28',
  timeoutMs: 60_000,
} as const

function openYard(t: TestContext) {
  const upstreams = openForwarder()
  const leaving = new AbortController()
  t.after(async () => {
    leaving.abort()
    await upstreams.close()
  })
  const seen: string[] = []
  const times = (what: string) => seen.filter((one) => one === what).length
  const watch = async (uri: string, until: AbortSignal = leaving.signal): Promise<string> => {
    const outbound = mcpWatchOf(uri, {
      until,
      onChanged: () => void seen.push(uri),
      onOver: () => void seen.push(`${uri} is over`),
    })
    const raw = await upstreams.forward({ ...exchanged(child), outbound }, noCredential)
    const chunks: Uint8Array[] = []
    for await (const chunk of raw.body) chunks.push(chunk)
    return Buffer.concat(chunks).toString()
  }
  /** What the caller sees of a call by which the child is told to do something. */
  const tell = async (name: string, args: object = {}, exchange: Partial<McpExchange> = {}) => {
    const asked = { ...child, params: { name, arguments: args }, exchange }
    const { text, refusal } = await framesOf(upstreams, asked)
    return refusal ?? text
  }
  const heard = async (): Promise<readonly string[]> => {
    return JSON.parse(await tell('told')).result.heard
  }
  return { upstreams, seen, times, watch, tell, heard }
}

const taken = '{"result":{}}'
const [a, b] = ['file:///a', 'file:///b']

type Row = readonly [name: string, run: (yard: ReturnType<typeof openYard>) => Promise<unknown>]
const rows: readonly Row[] = [
  [
    'is heard of each resource that it was asked of, and of what is below it',
    async ({ watch, tell, seen, heard }) => {
      assert.deepEqual([await watch(a), await watch(b)], [taken, taken])
      await tell('update', { uri: a })
      await tell('update-below', { uri: b })
      // What it says is in order, so it was heard by now.
      assert.deepEqual(seen, [a, b])
      assert.deepEqual(await heard(), [`+${a}`, `+${b}`])
    },
  ],
  [
    'is asked once for all who want to hear',
    async ({ watch, tell, seen, heard }) => {
      await Promise.all([watch(a), watch(a)])
      await tell('update', { uri: a })
      assert.deepEqual(seen, [a, a])
      assert.deepEqual(await heard(), [`+${a}`])
    },
  ],
  [
    'is told when nobody wants to hear any more, and not heard of again',
    async ({ watch, tell, seen, heard }) => {
      const leaving = new AbortController()
      await watch(a, leaving.signal)
      await watch(b)
      leaving.abort()
      await until(() => seen.includes(`${a} is over`), 'it is over')
      let isTold = false
      for (let tries = 0; tries < 1_000 && !isTold; tries++) {
        isTold = (await heard()).includes(`-${a}`)
      }
      assert.ok(isTold)
      await tell('update', { uri: b })
      await tell('update-as', { uri: a, as: b })
      assert.deepEqual(seen, [`${a} is over`, b])
    },
  ],
  [
    'does not agree: an error, and it is told that nobody listens',
    async ({ watch, heard }) => {
      assert.match(await watch('file:///never'), /"error":.*-32601/)
      assert.deepEqual(await heard(), ['+file:///never', '-file:///never'])
    },
  ],
  [
    'answers with an error: refused, and none of its words are told',
    async ({ watch }) => {
      const detail = 'It did not listen to what is asked of it.'
      await assert.rejects(watch('file:///error'), { code: 'upstream-failed', detail })
    },
  ],
  ...(['end', 'fail'] as const).map(
    (how): Row => [
      how === 'end' ? 'ends a subscription: it is asked again' : 'fails in one: it is asked again',
      async ({ watch, tell, times, heard, seen }) => {
        await watch(a)
        await watch(b)
        await tell(how, { uri: a })
        await until(() => times(a) === 1, 'what it may have said in between counts as a change')
        assert.deepEqual(await heard(), [`+${a}`, `+${b}`, `+${a}`])
        await tell('update', { uri: a })
        await tell('update', { uri: b })
        assert.deepEqual(seen, [a, a, b])
      },
    ],
  ),
  [
    'ends: the next one is asked',
    async ({ watch, tell, times, heard }) => {
      await watch(a)
      assert.equal(await tell('exit'), 'upstream-failed: Its process ended in the middle.')
      await until(() => times(a) === 1, 'the next one was asked')
      assert.deepEqual(await heard(), [`+${a}`])
      await tell('update', { uri: a })
      assert.equal(times(a), 2)
    },
  ],
  [
    'is asked of as many resources as one subject may hear of, and no more',
    async ({ watch, heard }) => {
      const all = Array.from(
        { length: limits.mcpWatchStreamsPerSubject },
        (_, at) => `file:///${at}`,
      )
      await Promise.all(all.map((uri) => watch(uri)))
      await assert.rejects(watch(a), { code: 'overloaded' })
      assert.equal((await heard()).length, all.length)
    },
  ],
  [
    'names another subscription than the one that it is of: heard by the name of the resource',
    async ({ watch, tell, seen }) => {
      await watch(a)
      await watch(b)
      await tell('update-as', { uri: a, as: b })
      assert.deepEqual(seen, [a])
    },
  ],
  ...[
    ['flood-news', 'of the same news'],
    ['flood-nobody', 'of news that nobody wants'],
    ['flood-log', 'of other words in a subscription'],
    ['flood-ack', 'of agreements'],
  ].map(
    ([name = '', what]): Row => [
      `floods its gateway with a burst ${what}: it is ended, and the next one is asked`,
      async ({ watch, tell, seen, times }) => {
        await watch(a)
        const first = JSON.parse(await tell('told')).result.pid
        assert.equal(await tell(name, { uri: a }), 'upstream-failed: It sent messages without end.')
        await until(() => times(a) > 0, 'what it may have said in between counts as a change')
        let next = first
        await until(() => {
          void tell('told').then((text) => {
            if (text.startsWith('{')) next = JSON.parse(text).result.pid
          })
          return next !== first
        }, 'another one answers')
        assert.ok(!seen.includes(`${a} is over`))
      },
    ],
  ),
  [
    'asks, which it may not: it is told so, and the call is answered',
    async ({ tell }) => {
      assert.match(await tell('asks-once'), /"answered":\{(?=.*"id":9)(?=.*"code":-32601)/)
    },
  ],
  [
    'asks without end: it is ended',
    async ({ tell }) => {
      assert.equal(await tell('flood-asks'), 'upstream-failed: It sent messages without end.')
    },
  ],
  [
    'asks by its results, again and again: as often as it may, and the call fails',
    async ({ tell }) => {
      let asked = 0
      const ask = async () => {
        asked += 1
        return Buffer.from('{"result":{"roots":[]}}')
      }
      const said = await tell('ask', {}, { ask, takesInputRequired: false })
      assert.equal(said, 'upstream-failed: It sent messages without end.')
      assert.equal(asked, limits.mcpInputRounds)
    },
  ],
  [
    'asks by its result, and is not wanted any more meanwhile: it ends when the call has',
    async ({ upstreams, tell }) => {
      upstreams.follow([peerOf(child)])
      let pid = 0
      const ask = async () => {
        pid = JSON.parse(await tell('told')).result.pid
        upstreams.follow([])
        // Whoever is ended hears of it after a turn or two.
        for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate)
        return Buffer.from('{"result":{"roots":[]}}')
      }
      const exchange = { ask, takesInputRequired: false }
      assert.equal(await tell('ask-once', {}, exchange), '{"result":{"resultType":"complete"}}')
      upstreams.follow([])
      await until(() => !isRunning(pid), 'its process ended')
    },
  ],
  [
    'reports progress without end: the call fails',
    async ({ tell }) => {
      const said = await tell('flood-progress', {}, { wantsProgress: true }).catch(
        (thrown) => `${thrown.code}: ${thrown.detail}`,
      )
      assert.equal(said, 'upstream-failed: It sent messages without end.')
    },
  ],
]

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

for (const [name, run] of rows) {
  test(`a child of 2026-07-28 ${name}`, async (t) => {
    await run(openYard(t))
  })
}
