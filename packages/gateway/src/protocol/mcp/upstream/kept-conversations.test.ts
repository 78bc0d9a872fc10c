import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mcpWatchOf } from '../../../../test/call-stages.ts'
import { exchanged, noCredential, openForwarder, until } from '../../../../test/mcp-exchange.ts'
import { limits } from '../../../config/limits.ts'
import type { Conversation } from './conversation.ts'
import { KeptConversations } from './kept-conversations.ts'

type Step =
  /** Somebody needs as many more, and each is at work from then on, or idle, or watched. */
  {
    readonly by: string | undefined
    readonly more: number
    readonly busy?: boolean
    readonly watched?: boolean
    readonly isChild?: boolean
  }

/** One that goes on until it is closed, and in which nothing is said. */
function conversationOf(
  answers: Pick<Conversation, 'isBusy' | 'isWatched' | 'close'>,
): Conversation {
  return {
    ...{ era: 'legacy', revision: '2025-11-25', told: { logLevel: undefined } },
    server: { capabilities: {}, serverInfo: undefined, instructions: undefined },
    request: () => assert.fail('something was said'),
    watch: () => assert.fail('a resource was asked about'),
    pin: () => assert.fail('it was pinned'),
    isOver: () => false,
    ...answers,
  }
}

/** Takes the steps one after the other: how many of each were refused, and of whom some were ended. */
async function check(steps: readonly Step[], expected: readonly string[]): Promise<void> {
  const kept = new KeptConversations()
  const ended: string[] = []
  let last = 0
  const seen: string[] = []
  for (const { by: subject, more, busy = false, watched = false, isChild = true } of steps) {
    let refused = 0
    ended.length = 0
    for (let at = 0; at < more; at++) {
      last += 1
      const conversation = conversationOf({
        isBusy: () => busy,
        isWatched: () => watched,
        close: async () => {
          ended.push(subject ?? 'gateway')
        },
      })
      const begin = () => Promise.resolve(conversation)
      await kept.get(`${last}`, { server: 'peer', isChild, subject, begin }).catch((thrown) => {
        assert.equal(thrown.code, 'overloaded')
        refused += 1
      })
    }
    // A conversation that was given up is closed once it has begun, which it has.
    await new Promise((resolve) => setImmediate(resolve))
    seen.push(`${refused} refused, ended: ${[...new Set(ended)].join() || 'none'}`)
  }
  await kept.close()
  assert.deepEqual(seen, expected)
}

const { mcpChildren: all, mcpChildrenPerSubject: each, mcpSessionsPerSubject } = limits
const others = Array.from({ length: all / each }, (_, at) => ({ by: `other-${at}`, more: each }))
const nothing = '0 refused, ended: none'

const rows: readonly (readonly [string, readonly Step[], readonly string[]])[] = [
  [
    'one subject has its own number of busy children, and others have theirs',
    [
      { by: 'a', more: each + 2, busy: true },
      { by: 'b', more: 1 },
    ],
    ['2 refused, ended: none', nothing],
  ],
  [
    'of its own idle ones the oldest makes room, and nobody else’s',
    [
      { by: 'b', more: 1 },
      { by: 'a', more: each },
      { by: 'a', more: 2 },
    ],
    [nothing, nothing, '0 refused, ended: a'],
  ],
  [
    'where there is no room at all, an idle one of somebody makes it',
    [...others, { by: 'a', more: 1 }],
    [...others.map(() => nothing), '0 refused, ended: other-0'],
  ],
  [
    'where there is no room at all, one’s own idle one first',
    [
      { by: 'a', more: 1 },
      ...others.slice(1),
      { by: 'a', more: each - 1 },
      { by: 'other-1', more: 1 },
    ],
    [...others.map(() => nothing), nothing, '0 refused, ended: other-1'],
  ],
  [
    'where all only wait to hear of changes, somebody’s makes room',
    [...others.map((step) => ({ ...step, watched: true })), { by: 'a', more: 1 }],
    [...others.map(() => nothing), '0 refused, ended: other-0'],
  ],
  [
    'one in which nobody waits to hear of changes makes room before all others',
    [
      ...others.slice(1).map((step) => ({ ...step, watched: true })),
      { by: 'a', more: each - 1, watched: true },
      { by: 'b', more: 1 },
      { by: 'a', more: 1, watched: true },
      { by: 'a', more: 1, watched: true },
    ],
    [
      ...others.slice(1).map(() => nothing),
      nothing,
      nothing,
      '0 refused, ended: b',
      '0 refused, ended: a',
    ],
  ],
  [
    'one that is at work makes no room, whoever waits to hear of changes in it',
    [...others.map((step) => ({ ...step, busy: true, watched: true })), { by: 'a', more: 1 }],
    [...others.map(() => nothing), '1 refused, ended: none'],
  ],
  [
    'the gateway itself, and what is everybody’s, is nobody’s',
    [{ by: undefined, more: each + 1, busy: true }],
    [nothing],
  ],
  [
    'sessions are counted apart',
    [
      { by: 'a', more: each, busy: true },
      { by: 'a', more: mcpSessionsPerSubject + 1, busy: true, isChild: false },
    ],
    [nothing, '1 refused, ended: none'],
  ],
]

test('nobody has all conversations with upstreams', async (t) => {
  for (const [name, steps, expected] of rows) {
    await t.test(name, () => check(steps, expected))
  }
})

test('what is not wanted any more ends, once nobody is at work in it', async () => {
  const kept = new KeptConversations()
  const ended: string[] = []
  const busy = new Set(['old busy'])
  const open = async (server: string, name: string) => {
    const conversation = conversationOf({
      isBusy: () => busy.has(name),
      isWatched: () => true,
      close: async () => {
        ended.push(name)
      },
    })
    const begin = async () => conversation
    await kept.get(name, { server, isChild: false, subject: 'a', begin })
  }
  await open('old', 'old idle')
  await open('old', 'old busy')
  await open('new', 'new idle')
  kept.follow(new Set(['old', 'new']))
  await new Promise(setImmediate)
  assert.deepEqual(ended, [])
  kept.follow(new Set(['new']))
  await new Promise(setImmediate)
  assert.deepEqual(ended, ['old idle'])
  busy.clear()
  kept.follow(new Set(['new']))
  await new Promise(setImmediate)
  assert.deepEqual(ended, ['old idle', 'old busy'])
  await kept.close()
})

const program = `
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method, params } = JSON.parse(line)
    const { protocolVersion } = params ?? {}
    const capabilities = { resources: { subscribe: true } }
    const result = method === 'initialize' ? { protocolVersion, capabilities } : {}
    if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result }))
  })`

test('a child in which somebody only waits to hear of changes makes room, and is not begun again', async (t) => {
  const upstreams = openForwarder()
  const leaving = new AbortController()
  t.after(async () => {
    leaving.abort()
    await upstreams.close()
  })
  const over: number[] = []
  for (let at = 0; at <= each; at++) {
    const call = exchanged({
      stdio: { command: 'node', args: ['-e', program, `${at}`], env: {} },
      revision: '2025-11-25',
    })
    const watch = { until: leaving.signal, onOver: () => void over.push(at) }
    const outbound = mcpWatchOf('file:///a', watch)
    await upstreams.forward({ ...call, outbound }, noCredential)
  }
  await until(() => over.length > 0, 'one made room')
  assert.deepEqual(over, [0])
})
