import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { after, test } from 'node:test'
import {
  answering,
  type Exchanged,
  exchanged,
  framesOf,
  noCredential,
  openForwarder,
  until,
} from '../../../../test/mcp-exchange.ts'
import type { McpConnection } from '../../../model/connection.ts'
import { isJsonObject } from '../../../model/json.ts'

const upstreams = openForwarder()
after(() => upstreams.close())

/**
 * A child that says to a `tools/call` whatever `answer` does, and to everything before what a good server says. In it
 * `id` is the request's, `say` writes a message, `raw` writes text.
 */
function child(
  answer: string,
  { initialize = '' }: { readonly initialize?: string } = {},
): Exchanged {
  const program = `
    const raw = (text) => process.stdout.write(text)
    const say = (message) => raw(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n')
    const result = (id, value = { content: [] }) => say({ id, result: value })
    let rest = ''
    process.stdin.on('data', (chunk) => {
      rest += chunk
      for (let end = rest.indexOf('\\n'); end >= 0; end = rest.indexOf('\\n')) {
        const { id, method, params, ...other } = JSON.parse(rest.slice(0, end))
        rest = rest.slice(end + 1)
        if (method === 'initialize') {
          ${initialize}
          result(id, { protocolVersion: params.protocolVersion, capabilities: { tools: {} } })
        } else take({ id, method, params, ...other })
      }
    })
    const take = ({ id, method, params, result: answered, error }) => {
      ${answer}
    }`
  return { stdio: { command: 'node', args: ['-e', program], env: {} } }
}

const good = '200 {"result":{"content":[]}}'
const garbage = 'upstream-failed: It sent something that is not a message of MCP.'
const gone = 'upstream-failed: Its process ended in the middle.'
const call = "if (method === 'tools/call')"

async function check(given: Exchanged, expected: string): Promise<void> {
  const timeoutMs = expected === 'upstream-timeout' ? 300 : 60_000
  const { refusal, status, text } = await framesOf(upstreams, { timeoutMs, ...given })
  assert.equal(refusal ?? `${status} ${text}`, expected)
}

const cases: readonly (readonly [string, Exchanged, string])[] = [
  ['an answer', child(`${call} result(id)`), good],
  ['a banner before it', child(`${call} { raw('Listening …\\n\\n'); result(id) }`), good],
  [
    'in pieces',
    child(
      `${call} { raw('{"jsonrpc":"2.0","id":' + id); setTimeout(() => raw(',"result":{"content":[]}}\\r\\n'), 20) }`,
    ),
    good,
  ],
  [
    'two at once',
    child(
      `${call} { const m = (i) => '{"jsonrpc":"2.0","id":' + i + ',"result":{"content":[]}}\\n'; raw(m(77) + m(id)) }`,
    ),
    good,
  ],
  ['another id first', child(`${call} { result(77); result(String(id)); result(id) }`), good],
  ['the same id twice', child(`${call} { result(id); result(id, { other: 1 }) }`), good],
  ['an id as text', child(`${call} result(String(id))`), 'upstream-timeout'],
  ['silence', child(''), 'upstream-timeout'],
  ['an odd message', child(`${call} raw('{"jsonrpc":"2.0","id":' + id + '}\\n')`), garbage],
  ['half a message', child(`${call} raw('{"jsonrpc":"2.0","id":1,\\n"result":{}}\\n')`), garbage],
  ['noise without end', child(`${call} raw('noise\\n'.repeat(2000))`), garbage],
  [
    'a message without end',
    child(`${call} raw('x'.repeat(9_000_000))`),
    'upstream-failed: It sent a message of more than 8388608 bytes.',
  ],
  [
    'a flood nobody asked for',
    child(`${call} raw('{"jsonrpc":"2.0","method":"notifications/x"}\\n'.repeat(20000))`),
    'upstream-failed: It sent messages without end.',
  ],
  ['it ends', child(`${call} process.exit(0)`), gone],
  ['it crashes', child(`${call} throw new Error()`), gone],
  ['it is killed', child(`${call} process.kill(process.pid, 'SIGKILL')`), gone],
  [
    'it closes its output',
    child(`${call} { process.stdout.end(); process.stdin.destroy() }`),
    gone,
  ],
  ['it ends before it began', { stdio: { command: 'node', args: ['-e', ''], env: {} } }, gone],
  [
    'it is not there',
    { stdio: { command: 'no-such-program', args: [], env: {} } },
    'upstream-unreachable: Its program was not found.',
  ],
  [
    'it is a relative path',
    { stdio: { command: './node', args: [], env: {} } },
    'upstream-unreachable: Its program was not found.',
  ],
  [
    'it is no program',
    { stdio: { command: '/dev/null', args: [], env: {} } },
    'upstream-unreachable',
  ],
  [
    'its folder is not there',
    { stdio: { command: 'node', args: ['-e', ''], env: {}, cwd: '/no/such/folder' } },
    'upstream-unreachable',
  ],
  [
    'its secret is not there',
    { stdio: { command: 'node', args: [], env: { KEY: { env: 'NOWHERE' } } } },
    'credential-unavailable',
  ],
  [
    'another revision',
    child('', {
      initialize: "return result(id, { protocolVersion: '1999-01-01', capabilities: {} })",
    }),
    'upstream-failed: It does not speak the revision of MCP that it is asked for.',
  ],
  [
    'an older revision than any',
    child(`${call} result(id)`, {
      initialize: "return result(id, { protocolVersion: '2024-11-05', capabilities: {} })",
    }),
    good,
  ],
  [
    'only the newest revision',
    child(
      `
    if (method === 'server/discover') result(id, { supportedVersions: ['2026-07-28'], capabilities: {} })
    else result(id, { content: [], said: params._meta['io.modelcontextprotocol/protocolVersion'] })`,
      { initialize: "return say({ id, error: { code: -32601, message: 'no' } })" },
    ),
    '200 {"result":{"content":[],"said":"2026-07-28"}}',
  ],
  [
    'the newest revision, as configured',
    {
      ...child(`
    if (method === 'server/discover') result(id, { supportedVersions: ['2026-07-28'], capabilities: {} })
    else result(id)`),
      revision: '2026-07-28',
    },
    good,
  ],
  [
    'its environment is what is stated',
    {
      stdio: {
        command: 'node',
        args: [...(child(`${call} result(id, { env: process.env })`).stdio?.args ?? [])],
        env: { ONE: '1' },
      },
    },
    '200 {"result":{"env":{"ONE":"1"}}}',
  ],
  [
    'an argument is no command',
    {
      stdio: {
        command: 'node',
        args: [
          ...(child(`${call} result(id, { args: process.argv.slice(1) })`).stdio?.args ?? []),
          '; touch /tmp/x',
          '$(id)',
        ],
        env: {},
      },
    },
    '200 {"result":{"args":["; touch /tmp/x","$(id)"]}}',
  ],
]
for (const [name, given, expected] of cases) test(name, () => check(given, expected))

/** Asks for roots, and says in its result what it was answered. */
const asking = child(`
  if (method === 'tools/call') { globalThis.call = id; say({ id: 'mine', method: 'roots/list' }) }
  else if (id === 'mine') result(globalThis.call, { answered: answered ?? error.code })`)
const { ask } = answering({ 'roots/list': { result: { roots: [] } } })

test('what a child asks is put to whoever it is there for', () =>
  check({ ...asking, exchange: { ask } }, '200 {"result":{"answered":{"roots":[]}}}'))

test('what a child asks that is there for all is put to nobody', () =>
  check({ ...asking, shared: true, exchange: { ask } }, '200 {"result":{"answered":-32601}}'))

test('a child may see whether anybody is there', () =>
  check(
    child(`
      if (method === 'tools/call') { globalThis.call = id; say({ id: 5, method: 'ping' }) }
      else if (id === 5) result(globalThis.call, { answered })`),
    '200 {"result":{"answered":{}}}',
  ))

test('a child that asks and takes no answer is ended', () => {
  // Its own progress keeps the messages from being nobody's.
  const given = child(`${call} {
    const { writeSync } = require('node:fs')
    const ping = JSON.stringify({ jsonrpc: '2.0', id: 'x'.repeat(256), method: 'ping' })
    const params = { progressToken: id, progress: 1 }
    const own = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params })
    const lines = (ping + '\\n').repeat(1_000) + own + '\\n'
    const all = Buffer.from(lines)
    for (;;) {
      for (let at = 0; at < all.length; ) {
        try { at += writeSync(1, all, at) } catch (thrown) { if (thrown.code !== 'EAGAIN') throw thrown }
      }
    }
  }`)
  return check(given, 'upstream-failed: It asks and does not take answers.')
})

const whoAmI = child(`${call} result(id, { pid: process.pid })`)
const pidOf = async (given: Exchanged) => {
  const { text, refusal } = await framesOf(upstreams, { ...whoAmI, ...given })
  assert.equal(refusal, undefined)
  return Number(JSON.parse(text).result.pid)
}

test('each principal has a child of its own, unless all share one', async () => {
  const [a, b, again] = [
    await pidOf({ principal: 'a' }),
    await pidOf({ principal: 'b' }),
    await pidOf({ principal: 'a' }),
  ]
  assert.notEqual(a, b)
  assert.equal(again, a)
  const shared = await pidOf({ principal: 'a', shared: true })
  assert.ok(![a, b].includes(shared))
  assert.equal(await pidOf({ principal: 'b', shared: true }), shared)
})

test('a child that has other secrets now is another', async () => {
  const withSecret = (secret: string) =>
    pidOf({ principal: 'c', credential: { kind: 'none', echoes: [Buffer.from(secret)] } })
  const [before, after, again] = [
    await withSecret('before-it-was-replaced'),
    await withSecret('after-it-was-replaced'),
    await withSecret('after-it-was-replaced'),
  ]
  assert.notEqual(before, after)
  assert.equal(again, after)
})

test('a child that was killed is started again', async () => {
  const given = { principal: 'killed' }
  const first = await pidOf(given)
  process.kill(first, 'SIGKILL')
  let second = first
  // Until its end was noticed, calls still go to it and fail.
  await until(() => !isAlive(first), 'its end')
  for (let tries = 0; tries < 100 && second === first; tries++) {
    const { text } = await framesOf(upstreams, { ...whoAmI, ...given })
    if (text !== '') second = Number(JSON.parse(text).result.pid)
  }
  assert.notEqual(second, first)
})

test('a child that always ends is not started for every call', async () => {
  const given = child('', { initialize: 'process.exit(1)' })
  const first = (await framesOf(upstreams, given)).refusal
  assert.equal(first, gone)
  let last: string | undefined = gone
  for (let tries = 0; tries < 20 && last === gone; tries++) {
    last = (await framesOf(upstreams, given)).refusal
  }
  assert.equal(
    last,
    'upstream-unreachable: Its process ended by itself; it is started again in a while.',
  )
})

test('calls under way in one child do not mix', async () => {
  const given = child(
    `${call} setTimeout(() => result(id, { of: params.arguments.of }), 5 + (id % 7) * 5)`,
  )
  const all = Array.from({ length: 40 }, async (_, of) => {
    const params = { name: 'x', arguments: { of } }
    const { text } = await framesOf(upstreams, { ...given, params })
    assert.equal(text, `{"result":{"of":${of}}}`)
  })
  await Promise.all(all)
})

test('a child hears that the caller left', async () => {
  const given = child(`
    if (method === 'tools/call') { if (params.name === 'told') result(id, { cancelled: globalThis.cancelled === globalThis.waiting }); else { globalThis.waiting = id; say({ method: 'notifications/progress', params: { progressToken: id, progress: 1 } }) } }
    if (method === 'notifications/cancelled') globalThis.cancelled = params.requestId`)
  const leave = new AbortController()
  const waiting = { ...given, signal: leave.signal, exchange: { wantsProgress: true } }
  const raw = await upstreams.forward(exchanged(waiting), noCredential)
  leave.abort()
  await assert.rejects(async () => {
    for await (const _ of raw.body);
  }, /The caller left/)
  const told = { ...given, params: { name: 'told' } }
  assert.equal((await framesOf(upstreams, told)).text, '{"result":{"cancelled":true}}')
})

test('whoever reads slowly misses what is said on the way, and never the answer', async () => {
  const given = child(`${call} {
    for (let progress = 1; progress <= 2000; progress++)
      say({ method: 'notifications/progress', params: { progressToken: id, progress, message: 'x'.repeat(1000) } })
    result(id)
  }`)
  const raw = await upstreams.forward(
    exchanged({ ...given, exchange: { wantsProgress: true } }),
    noCredential,
  )
  // Another call of the same child comes after all of it.
  await framesOf(upstreams, given)
  const chunks: Uint8Array[] = []
  for await (const chunk of raw.body) chunks.push(chunk)
  const lines = Buffer.concat(chunks).toString().trimEnd().split('\n')
  assert.equal(lines.at(-1), '{"result":{"content":[]}}')
  assert.ok(lines.length < 2000, `${lines.length} lines`)
})

test('what a child started ends with it', async () => {
  const own = openForwarder()
  const given = child(`${call} {
    const { pid } = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    result(id, { pid })
  }`)
  const { text } = await framesOf(own, given)
  const { pid } = JSON.parse(text).result
  assert.ok(isAlive(pid))
  await own.close()
  await until(() => !isAlive(pid), 'its end')
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const everything = createRequire(import.meta.url).resolve(
  '@modelcontextprotocol/server-everything/dist/index.js',
)

test('the reference server lists everything it has', async () => {
  const connection: McpConnection = {
    ...{ protocol: 'mcp', id: 'everything', upstream: 'stdio:node', shared: true },
    ...{ credential: { kind: 'none' }, definitionMaxAgeMs: 0, describedEveryMs: 60_000 },
    stdio: { command: 'node', args: [everything, 'stdio'], env: {} },
  }
  const found = await upstreams.describe(connection, noCredential, new AbortController().signal)
  assert.ok(!('problem' in found), 'problem' in found ? found.problem : '')
  const { tools, prompts, resources, resourceTemplates, capabilities, fingerprint } = found
  assert.ok(tools.some(({ name }) => name === 'echo'))
  for (const list of [prompts, resources, resourceTemplates]) assert.ok(list.length > 0)
  assert.ok(isJsonObject(capabilities.tools))
  const again = await upstreams.describe(connection, noCredential, new AbortController().signal)
  assert.ok('fingerprint' in again && again.fingerprint === fingerprint)
})
