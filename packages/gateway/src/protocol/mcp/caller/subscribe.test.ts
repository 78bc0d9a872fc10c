import assert from 'node:assert/strict'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { setImmediate as aTurn } from 'node:timers/promises'
import { noFollowUps } from '../../../../test/no-follow-ups.ts'
import { principalOf, userOf } from '../../../../test/rulebook-parts.ts'
import type { Call, McpWatch, Reply } from '../../../call/stage.ts'
import { limits } from '../../../config/limits.ts'
import type { Json } from '../../../model/json.ts'
import type { CallerRequest } from '../message/json-rpc.ts'
import { type SubscribeNeeds, subscribe } from './subscribe.ts'
import { openSubscriptions, type Wish } from './subscriptions.ts'
import type { Known } from './visit.ts'

/** One `subscriptions/listen`: what came of it, and how many calls it took, of which so many at a time. */
async function listenTo(
  resourceSubscriptions: Json,
  {
    leavesAt = Number.POSITIVE_INFINITY,
    onCallNumber = () => undefined,
  }: { readonly leavesAt?: number; readonly onCallNumber?: (count: number) => void } = {},
) {
  const seen = { calls: 0, atOnce: 0, first: [] as readonly object[], wanted: () => 0 }
  const watches: McpWatch[] = []
  seen.wanted = () => watches.filter(({ until }) => !until.aborted).length
  const leaving = new AbortController()
  let underWay = 0
  const onCall = async (call: Call): Promise<Reply> => {
    assert.equal(call.protocol, 'mcp')
    seen.calls += 1
    onCallNumber(seen.calls)
    underWay += 1
    if (seen.calls === leavesAt) leaving.abort()
    seen.atOnce = Math.max(seen.atOnce, underWay)
    await aTurn()
    underWay -= 1
    return replyOf('{"result":{}}')
  }
  const subscriptions = openSubscriptions({
    ...{ rules: () => undefined, access: () => 'none', labels: async () => [] },
    isQuarantined: () => false,
  })
  const begin = (wish: Wish) => {
    const subscribing = subscriptions.begin(wish)
    if (subscribing) watches.push(subscribing.watch)
    return subscribing
  }
  const needs: SubscribeNeeds = {
    listeners: {
      open: ({ first }) => {
        seen.first = first
        return true
      },
      close: () => undefined,
    },
    followUps: noFollowUps,
    subscriptions: { ...subscriptions, begin },
    listChanges: () => noChanges,
    sessionLists: () => noChanges,
    onCall,
  }
  const request: CallerRequest = {
    ...{ kind: 'request', id: 1, method: 'subscriptions/listen', members: new Map() },
    params: { notifications: { resourceSubscriptions } },
    exactNumber: () => undefined,
  }
  const problem = await subscribe(needs, knownAs('ann', leaving.signal), {
    request,
    place: { admit: () => undefined, receive: (_, come) => come(), leave: () => undefined },
    capabilities: {},
  })
  return { ...seen, problem }
}

const noChanges = {
  ...{ hasNews: () => false, untold: () => undefined },
  takeNews: async () => [],
}

/** Somebody who asks at the endpoint of one connection, until they leave. */
function knownAs(id: string, gone: AbortSignal): Known {
  const request = new IncomingMessage(new Socket())
  const source = { protocol: 'mcp', ip: '::1' }
  return {
    ...{ request, response: new ServerResponse(request), headers: {}, gone, session: undefined },
    caller: { endpoint: 'files', headers: [], proof: undefined, source, sessionName: undefined },
    stopping: new AbortController().signal,
    principal: principalOf({ subject: userOf(id) }),
  }
}

function replyOf(frame: string): Reply {
  return {
    ...{ state: 'witnessed', callId: 'call-1', record: { origin: 'test', index: 0 } },
    head: { status: 200, headers: [], mediaType: 'application/json' },
    length: frame.length,
    body: (async function* () {
      yield Buffer.from(frame)
    })(),
  }
}

const many = (count: number) => Array.from({ length: count }, (_, at) => `file:///${at}`)
const long = (chars: number) => 'file:///'.padEnd(chars, 'a')
const { mcpSubscriptions: most, mcpSubscribedUriChars: longest } = limits
const notice = 'notifications/subscriptions/acknowledged'

const rows: readonly (readonly [name: string, wanted: Json, calls: number | 'refused'])[] = [
  ['none', [], 0],
  ['one', many(1), 1],
  ['one, twice', ['file:///a', 'file:///a'], 1],
  ['as many as may be', many(most), most],
  ['one more', many(most + 1), 'refused'],
  ['one as long as may be', [long(longest)], 1],
  ['a longer one', ['file:///a', long(longest + 1)], 'refused'],
  ['one without a name', [''], 'refused'],
  ['no list', 'file:///a', 'refused'],
]
for (const [name, wanted, calls] of rows) {
  test(`who wants to hear of ${name}: ${calls === 'refused' ? calls : `calls: ${calls}`}`, async () => {
    const seen = await listenTo(wanted)
    const isRefused = calls === 'refused'
    assert.equal(seen.problem !== undefined, isRefused)
    assert.equal(seen.calls, isRefused ? 0 : calls)
    assert.ok(seen.atOnce <= limits.mcpSubscribesAtOnce, `${seen.atOnce} at once`)
    const agreed = Array.isArray(wanted) && calls !== 0 ? [...new Set(wanted)] : undefined
    const _meta = { 'io.modelcontextprotocol/subscriptionId': 1 }
    const notifications = agreed ? { resourceSubscriptions: agreed } : {}
    const said = { jsonrpc: '2.0', method: notice, params: { _meta, notifications } }
    assert.deepEqual(seen.first, isRefused ? [] : [said])
  })
}

test('who has left is not called for any more', async () => {
  const { calls } = await listenTo(many(most), { leavesAt: 2 })
  assert.ok(calls >= 2 && calls <= limits.mcpSubscribesAtOnce, `${calls} calls`)
})

test('what was agreed to is heard of, however long the last takes to be decided about', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { wanted } = await listenTo(many(most), {
    onCallNumber: (count) => count === most && t.mock.timers.tick(2 * limits.mcpUnheardMs),
  })
  assert.equal(wanted(), most)
})
