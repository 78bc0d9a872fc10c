import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type LiteralOutbox, literalOutbox } from '../../test/literal-outbox.ts'
import { limits } from '../config/limits.ts'
import type { Message } from '../model/message.ts'
import type { Notice, NoticeEvent } from '../model/notice.ts'
import type { Channel, Sending, Sent } from './channel.ts'
import type { OutboxEvent } from './delivery.ts'
import { type Outbox, type OutboxNeeds, openOutbox } from './outbox.ts'

const fast = { ...limits, noticeLookMs: 5, noticeRetryMs: 5, noticeRetryMsMax: 20 }

function messageOf({ event, about }: Notice): Message {
  return { event, about, subject: `about ${about}`, state: 'PENDING', open: true, facts: [] }
}

/** Notices of one channel, each about something else. */
function notices(channel: string, count: number, event: NoticeEvent = 'approval.requested') {
  return Array.from({ length: count }, (_, n): Notice => {
    const about = `apr_${n}`
    return { id: `${about}:${event}:0:${channel}`, channel, event, about, at: Date.now() }
  })
}

/** A channel that keeps what it was given and says what it is told to say. */
function channelThat(say: (asked: Sending, nth: number) => Sent | Promise<Sent>) {
  const got: string[] = []
  const channel: Channel = {
    send: async (asked) => {
      got.push(asked.id)
      return say(asked, got.length)
    },
  }
  return { channel, got }
}
const works = () => channelThat(() => ({ kind: 'sent' }))

function open(
  t: TestContext,
  store: LiteralOutbox,
  channels: OutboxNeeds['channels'],
  changes: Partial<OutboxNeeds> = {},
): Outbox & { readonly events: OutboxEvent[] } {
  const events: OutboxEvent[] = []
  const outbox = openOutbox({
    store,
    channels,
    message: async (notice) => messageOf(notice),
    linkOf: () => undefined,
    now: Date.now,
    random: Math.random,
    limits: fast,
    onEvent: (event) => events.push(event),
    ...changes,
  })
  t.after(outbox.close)
  outbox.start()
  return { ...outbox, events }
}

/** Ends a hang, and judges nothing. */
async function until(what: () => boolean): Promise<void> {
  const end = Date.now() + 20_000
  while (!what()) {
    assert.ok(Date.now() < end, 'it never came to it')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

test('what was told long ago is forgotten while something new is told', async (t) => {
  const store = literalOutbox()
  const { channel } = works()
  const [old, ...others] = notices('ops', 3)
  assert.ok(old)
  store.write([{ ...old, at: 1 }])
  const limit = 10
  await store.takeNotices({ now: 1, leaseMs: 1, limit })
  await store.settleNotice({ id: old.id, attempts: 1, outcome: 'given-up' })
  store.write(others)
  open(t, store, { ops: channel })
  await until(() => store.waiting().length === 0 && store.givenUp().length === 0)
  assert.deepEqual(await store.noticeCounts(), { waiting: 0, givenUp: 0 })
})

test('everything is told once, however much it is', async (t) => {
  const store = literalOutbox()
  const { channel, got } = works()
  const all = notices('ops', 500)
  store.write(all)
  open(t, store, { ops: channel })
  await until(() => store.waiting().length === 0)
  assert.deepEqual([...got].sort(), all.map(({ id }) => id).sort())
})

test('two gateways tell nothing twice', async (t) => {
  const store = literalOutbox()
  const one = works()
  const other = works()
  const all = notices('ops', 300)
  store.write(all)
  open(t, store, { ops: one.channel })
  open(t, store, { ops: other.channel })
  await until(() => store.waiting().length === 0)
  assert.deepEqual([...one.got, ...other.got].sort(), all.map(({ id }) => id).sort())
})

test('a channel that hangs holds up no other', async (t) => {
  const store = literalOutbox()
  const hangs = channelThat(
    ({ signal }) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve({ kind: 'failed', why: 'hung' }))
      }),
  )
  const { channel, got } = works()
  // The one that hangs has more than can be taken at once, and all of it is older.
  store.write(notices('hangs', 3 * limits.noticesTaken))
  store.write(notices('works', 20).map((one) => ({ ...one, at: one.at + 1 })))
  open(t, store, { hangs: hangs.channel, works: channel }, { limits: { ...fast, stopCutMs: 50 } })
  await until(() => got.length === 20)
  assert.equal(hangs.got.length, limits.noticesAtOnce)
})

test('what failed is told later, under the same id, and that the channel is back', async (t) => {
  const store = literalOutbox()
  let down = true
  const { channel, got } = channelThat(() =>
    down ? { kind: 'failed', why: 'status 500' } : { kind: 'sent' },
  )
  store.write(notices('ops', 10))
  const { events, counts } = open(t, store, { ops: channel })
  await until(() => got.length > 30)
  assert.equal(store.waiting().length, 10)
  assert.deepEqual(events, [{ kind: 'down', channel: 'ops', why: 'status 500' }])
  assert.equal(counts().ops?.trouble, 'status 500')
  down = false
  await until(() => store.waiting().length === 0)
  assert.equal(new Set(got).size, 10)
  assert.deepEqual(events.at(-1), { kind: 'back', channel: 'ops', why: 'sent' })
  assert.equal(counts().ops?.sent, 10)
  assert.equal(counts().ops?.trouble, undefined)
})

test('each wait is longer than the one before, up to the most', async () => {
  const waits: number[] = []
  let clock = 1_000_000
  const store = literalOutbox()
  store.write(notices('ops', 1).map((one) => ({ ...one, at: clock })))
  const settle = store.settleNotice
  const { channel } = channelThat(() => ({ kind: 'failed', why: 'down' }))
  const outbox = openOutbox({
    store: {
      ...store,
      settleNotice: async (settled) => {
        await settle(settled)
        if (typeof settled.outcome !== 'object') return
        waits.push(settled.outcome.retryAt - clock)
        clock = settled.outcome.retryAt
      },
    },
    channels: { ops: channel },
    message: async (notice) => messageOf(notice),
    linkOf: () => undefined,
    now: () => clock,
    random: () => 0.5,
    limits: { ...limits, noticeLookMs: 1 },
    onEvent: () => {},
  })
  outbox.start()
  await until(() => waits.length >= 25)
  await outbox.close()
  const [first = 0] = waits
  assert.equal(first, limits.noticeRetryMs)
  const later = waits.slice(3, 12)
  for (const [n, wait] of later.entries()) {
    const before = waits[n + 2] ?? 0
    assert.ok(wait >= before, `${before} then ${wait}`)
  }
  assert.ok(
    waits.slice(20, 24).every((wait) => wait === limits.noticeRetryMsMax),
    waits.join(),
  )
})

type Ending = readonly [
  name: string,
  event: NoticeEvent,
  ageMs: number,
  sent: Sent,
  expected: 'given up' | 'waits',
]
const day = limits.noticeGiveUpMs
const failed: Sent = { kind: 'failed', why: 'down' }
const endings: readonly Ending[] = [
  ['a question of today is tried on', 'approval.requested', day / 2, failed, 'waits'],
  ['a question of yesterday is given up', 'approval.requested', day + 60_000, failed, 'given up'],
  ['an emergency of yesterday is tried on', 'break-glass.opened', day + 60_000, failed, 'waits'],
  ['and its review', 'break-glass.overdue', day + 60_000, failed, 'waits'],
  [
    'an emergency of last week is given up',
    'break-glass.opened',
    limits.noticeGiveUpEmergencyMs + 60_000,
    failed,
    'given up',
  ],
  [
    'what nobody wants is given up at once',
    'approval.requested',
    0,
    { kind: 'refused', why: 'status 410' },
    'given up',
  ],
]
for (const [name, event, ageMs, sent, expected] of endings) {
  test(name, async (t) => {
    const store = literalOutbox()
    const { channel, got } = channelThat(() => sent)
    store.write(notices('ops', 1, event).map((one) => ({ ...one, at: one.at - ageMs })))
    const { events } = open(t, store, { ops: channel })
    await until(() => store.givenUp().length > 0 || got.length > 2 * limits.noticeAttemptsMin)
    assert.equal(store.givenUp().length, expected === 'given up' ? 1 : 0)
    const told = events.filter(({ kind }) => kind === 'given-up')
    assert.equal(told.length, expected === 'given up' ? 1 : 0)
    // A clock that jumped is no reason to give up at the first attempt.
    if (sent.kind === 'failed') assert.ok(got.length >= limits.noticeAttemptsMin)
  })
}

test('a receiver is left alone as long as it asks', async () => {
  const store = literalOutbox()
  const asked = { kind: 'failed', why: 'status 429', retryAfterMs: 3_600_000 } as const
  const { channel, got } = channelThat(() => asked)
  const [notice] = notices('ops', 1)
  assert.ok(notice)
  store.write([notice])
  const settled = Promise.withResolvers<number>()
  const outbox = openOutbox({
    store: {
      ...store,
      settleNotice: async ({ outcome }) =>
        settled.resolve(typeof outcome === 'object' ? outcome.retryAt : 0),
    },
    channels: { ops: channel },
    message: async (one) => messageOf(one),
    linkOf: () => undefined,
    now: () => notice.at,
    random: () => 0,
    limits: fast,
    onEvent: () => {},
  })
  outbox.start()
  assert.equal(await settled.promise, notice.at + 3_600_000)
  await outbox.close()
  assert.equal(got.length, 1)
})

test('of one approval, one message is on its way at a time, and in order', async (t) => {
  const store = literalOutbox()
  let underWay = 0
  const { channel, got } = channelThat(async () => {
    underWay++
    assert.equal(underWay, 1)
    await new Promise((resolve) => setTimeout(resolve, 5))
    underWay--
    return { kind: 'sent', reference: 'r' }
  })
  const at = Date.now()
  const events: readonly NoticeEvent[] = [
    'approval.requested',
    'approval.changed',
    'approval.settled',
  ]
  store.write(
    events.map((event, n) => {
      return {
        id: `apr_1:${event}:${n}:ops`,
        channel: 'ops',
        event,
        about: 'apr_1',
        at: at - 9 + n,
      }
    }),
  )
  open(t, store, { ops: channel })
  await until(() => store.waiting().length === 0)
  assert.equal(got[0], 'apr_1:approval.requested:0:ops')
  assert.equal(got.length, 3)
})

test('what waits for its card is neither a failure nor given up', async (t) => {
  const store = literalOutbox()
  const { channel } = channelThat((_, nth) => (nth < 5 ? { kind: 'early' } : { kind: 'sent' }))
  store.write(notices('ops', 1))
  const { events, counts } = open(t, store, { ops: channel })
  await until(() => store.waiting().length === 0)
  assert.deepEqual(events, [])
  assert.equal(counts().ops?.failed, 0)
})

test('what there is nothing to tell of any more is over', async (t) => {
  const store = literalOutbox()
  const { channel, got } = works()
  store.write(notices('ops', 3))
  open(t, store, { ops: channel }, { message: async () => undefined })
  await until(() => store.waiting().length === 0)
  assert.deepEqual(got, [])
  assert.deepEqual(store.givenUp(), [])
})

test('a message that cannot be made holds up no other, and is tried again', async (t) => {
  const store = literalOutbox()
  const { channel, got } = works()
  store.write(notices('ops', 5))
  let broken = true
  const { events } = open(
    t,
    store,
    { ops: channel },
    {
      message: async (notice) => {
        if (broken && notice.about === 'apr_0') throw new Error('a value that must not be told')
        return messageOf(notice)
      },
    },
  )
  await until(() => got.length === 4)
  broken = false
  await until(() => store.waiting().length === 0)
  assert.ok(!JSON.stringify(events).includes('must not be told'))
})

test('a channel that gateway.yaml no longer names is given up, aloud', async (t) => {
  const store = literalOutbox()
  store.write(notices('gone', 2))
  store.write(notices('constructor', 1))
  const { events } = open(t, store, {})
  await until(() => store.waiting().length === 0)
  assert.equal(store.givenUp().length, 3)
  assert.equal(events.filter(({ kind }) => kind === 'given-up').length, 3)
})

test('a store that is away for a while is asked again', async (t) => {
  const store = literalOutbox()
  const { channel, got } = works()
  store.broken = true
  const { events } = open(t, store, { ops: channel })
  await until(() => events.some(({ kind }) => kind === 'store-failed'))
  store.write(notices('ops', 3))
  store.broken = false
  await until(() => got.length === 3)
})

test('what could not be settled is sent again when its lease is over, under its id', async (t) => {
  const store = literalOutbox()
  const { channel, got } = channelThat(() => {
    // The store goes away between sending and settling, once.
    store.broken = got.length === 1
    if (store.broken) setTimeout(() => Object.assign(store, { broken: false }), 20)
    return { kind: 'sent' }
  })
  store.write(notices('ops', 1))
  open(t, store, { ops: channel }, { limits: { ...fast, noticeLeaseMs: 50, noticeSendMs: 10 } })
  await until(() => store.waiting().length === 0)
  assert.equal(got.length, 2)
  assert.equal(new Set(got).size, 1)
})

test('closing waits for what is under way, and hands back what is not', async (t) => {
  const store = literalOutbox()
  const begun = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const { channel, got } = channelThat(async () => {
    if (got.length === limits.noticesAtOnce) begun.resolve()
    await go.promise
    return { kind: 'sent' }
  })
  store.write(notices('ops', 20))
  const outbox = open(t, store, { ops: channel })
  await begun.promise
  const closed = outbox.close()
  go.resolve()
  await closed
  assert.equal(got.length, limits.noticesAtOnce)
  assert.equal(store.waiting().length, 20 - limits.noticesAtOnce)
  // Nobody waits for a lease: whoever comes next sends the rest.
  const next = works()
  open(t, store, { ops: next.channel })
  await until(() => store.waiting().length === 0)
  assert.equal(next.got.length, 20 - limits.noticesAtOnce)
})

test('closing cuts off what hangs, and the next start sends it again', async (t) => {
  const store = literalOutbox()
  const begun = Promise.withResolvers<void>()
  const hangs = channelThat(
    ({ signal }) =>
      new Promise((resolve) => {
        begun.resolve()
        signal.addEventListener('abort', () => resolve({ kind: 'failed', why: 'cut' }))
      }),
  )
  store.write(notices('ops', 1))
  const outbox = open(t, store, { ops: hangs.channel }, { limits: { ...fast, stopCutMs: 20 } })
  await begun.promise
  await outbox.close()
  assert.deepEqual(outbox.events, [])
  const { channel, got } = works()
  open(t, store, { ops: channel })
  await until(() => got.length === 1)
})
