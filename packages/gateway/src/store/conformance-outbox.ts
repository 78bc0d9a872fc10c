import assert from 'node:assert/strict'
import type { Notice } from '../model/notice.ts'
import { approval, entry, intent, opening, updating } from './conformance-entries.ts'
import { Conflict, type Store } from './store.ts'

type Home = { readonly store: Store; readonly reopen?: () => Promise<Store> }
type Promised = readonly [string, (home: Home) => Promise<void>]

/** The part of the suite about what people have to be told. */
export const outboxPromises: readonly Promised[] = [
  ['a notice is there with its change, or not at all, and once', writesOnce],
  ['of two who take notices, each gets others', takesApart],
  ['a notice is anybody’s again when its lease is over, by whichever clock', leases],
  ['a notice that was settled is not taken again', settles],
  ['the newest reference of a channel is found', findsReferences],
  ['what was settled long ago is forgotten, and nothing else', forgets],
  ['what was not told is there after a reopen', remembers],
]

const leaseMs = 60_000

function notice(id: string, changes: Partial<Notice> = {}): Notice {
  return {
    ...{ id, channel: 'slack', event: 'approval.requested', about: 'apr_1', at: 1_000 },
    ...changes,
  }
}

async function writeAll(store: Store, notices: readonly Notice[]): Promise<void> {
  await store.commit({ ...entry(intent({ call: 'c' })), notices })
}

async function idsTaken(store: Store, now: number, limit = 100): Promise<readonly string[]> {
  return (await store.takeNotices({ now, leaseMs, limit })).map(({ id }) => id)
}

async function writesOnce({ store }: Home): Promise<void> {
  await store.commit({ ...opening(approval('apr_1')), notices: [notice('n1'), notice('n2')] })
  const again = { ...opening(approval('apr_1')), notices: [notice('n3')] }
  await assert.rejects(store.commit(again), Conflict)
  const repeated = [notice('n1', { channel: 'webhook', at: 5 }), notice('n4')]
  const closed = updating(approval('apr_1', { state: 'EXPIRED', revision: 2 }), 1)
  await store.commit({ ...closed, notices: repeated })
  assert.deepEqual(await store.noticeCounts(), { waiting: 3, givenUp: 0 })
  assert.deepEqual(await store.takeNotices({ now: 1_000, leaseMs, limit: 9 }), [
    { ...notice('n1'), attempts: 1 },
    { ...notice('n2'), attempts: 1 },
    { ...notice('n4'), attempts: 1 },
  ])
}

async function takesApart({ store }: Home): Promise<void> {
  const ids = Array.from({ length: 200 }, (_, n) => `n${n}`)
  await writeAll(
    store,
    ids.map((id, n) => notice(id, { at: 1_000 + n })),
  )
  assert.deepEqual(await idsTaken(store, 999), [], 'its time has not come')
  assert.deepEqual(await idsTaken(store, 1_001), ['n0', 'n1'])
  const takers = Array.from({ length: 40 }, () => idsTaken(store, 2_000, 10))
  const taken = (await Promise.all(takers)).flat()
  assert.deepEqual([...new Set(taken)].length, taken.length, 'none twice')
  assert.deepEqual([...taken].sort(), ids.slice(2).sort())
}

async function leases({ store }: Home): Promise<void> {
  await writeAll(store, [notice('n1')])
  const ours = await store.takeNotices({ now: 2_000, leaseMs, limit: 9 })
  assert.deepEqual(await idsTaken(store, 2_000 + leaseMs - 1), [], 'somebody else’s')
  // The clock of another gateway goes five minutes ahead: it believes that the lease is over.
  const theirs = await store.takeNotices({ now: 2_000 + 300_000, leaseMs, limit: 9 })
  assert.deepEqual([ours[0]?.attempts, theirs[0]?.attempts], [1, 2])
  await store.settleNotice({ id: 'n1', attempts: 1, outcome: 'given-up' })
  assert.deepEqual(await store.noticeCounts(), { waiting: 1, givenUp: 0 }, 'it is no longer ours')
  await store.settleNotice({ id: 'n1', attempts: 2, outcome: 'sent' })
  assert.deepEqual(await store.noticeCounts(), { waiting: 0, givenUp: 0 })
  // Behind by five minutes, it takes later what is new, and nothing that was told.
  await writeAll(store, [notice('n2', { at: 400_000 })])
  assert.deepEqual(await idsTaken(store, 100_000), [])
  assert.deepEqual(await idsTaken(store, 400_000), ['n2'])
}

async function settles({ store }: Home): Promise<void> {
  await writeAll(store, [notice('sent'), notice('lost'), notice('later')])
  await idsTaken(store, 1_000)
  await store.settleNotice({ id: 'sent', attempts: 1, outcome: 'sent' })
  await store.settleNotice({ id: 'lost', attempts: 1, outcome: 'given-up' })
  await store.settleNotice({ id: 'later', attempts: 1, outcome: { retryAt: 5_000 } })
  await store.settleNotice({ id: 'none', attempts: 1, outcome: 'sent' })
  assert.deepEqual(await store.noticeCounts(), { waiting: 1, givenUp: 1 })
  assert.deepEqual(await idsTaken(store, 4_999), [])
  const again = await store.takeNotices({ now: 5_000, leaseMs, limit: 9 })
  assert.deepEqual(again, [{ ...notice('later'), attempts: 2 }])
  await store.settleNotice({ id: 'sent', attempts: 1, outcome: { retryAt: 1 } })
  assert.deepEqual(await idsTaken(store, 9_999), [], 'sent is sent')
}

async function findsReferences({ store }: Home): Promise<void> {
  await writeAll(store, [
    notice('n1'),
    notice('n2'),
    notice('n3', { about: 'apr_2' }),
    notice('n4', { channel: 'webhook' }),
    notice('n5'),
  ])
  await idsTaken(store, 1_000)
  assert.equal(await store.noticeReference('slack', 'apr_1'), undefined)
  const sent = { attempts: 1, outcome: 'sent' } as const
  await store.settleNotice({ id: 'n2', ...sent, reference: 'C1:2' })
  await store.settleNotice({ id: 'n1', ...sent, reference: 'C1:1' })
  await store.settleNotice({ id: 'n3', ...sent, reference: 'C1:3' })
  await store.settleNotice({ id: 'n4', ...sent, reference: 'w' })
  await store.settleNotice({ id: 'n5', ...sent })
  assert.equal(await store.noticeReference('slack', 'apr_1'), 'C1:2', 'of the newest notice')
  assert.equal(await store.noticeReference('slack', 'apr_2'), 'C1:3')
  assert.equal(await store.noticeReference('webhook', 'apr_1'), 'w')
  assert.equal(await store.noticeReference('webhook', 'apr_2'), undefined)
}

async function forgets({ store }: Home): Promise<void> {
  const day = 86_400_000
  const sent = { attempts: 1, outcome: 'sent' } as const
  await writeAll(store, [notice('old'), notice('lost'), notice('later'), notice('new')])
  await idsTaken(store, 1_000)
  await store.settleNotice({ id: 'old', ...sent, reference: 'C1:1' })
  await store.settleNotice({ id: 'lost', attempts: 1, outcome: 'given-up' })
  await store.settleNotice({ id: 'later', attempts: 1, outcome: { retryAt: 50 * day } })
  await store.settleNotice({ id: 'new', attempts: 1, outcome: { retryAt: 29 * day } })
  assert.deepEqual(await idsTaken(store, 29 * day), ['new'])
  await store.settleNotice({ id: 'new', attempts: 2, outcome: 'sent', reference: 'C1:2' })
  await store.forgetNotices({ settledBefore: 1_000, limit: 100 })
  assert.deepEqual(await store.noticeCounts(), { waiting: 1, givenUp: 1 }, 'not before its time')
  await store.forgetNotices({ settledBefore: day, limit: 1 })
  assert.deepEqual(await store.noticeCounts(), { waiting: 1, givenUp: 1 }, 'the oldest first')
  await store.forgetNotices({ settledBefore: day, limit: 100 })
  assert.deepEqual(await store.noticeCounts(), { waiting: 1, givenUp: 0 })
  assert.equal(await store.noticeReference('slack', 'apr_1'), 'C1:2')
  // An id that is forgotten is free again; one that is not is the same notice.
  await writeAll(store, [notice('old', { at: 32 * day }), notice('new', { at: 32 * day })])
  assert.deepEqual(await idsTaken(store, 32 * day), ['old'])
  assert.deepEqual(await idsTaken(store, 50 * day), ['later', 'old'])
}

async function remembers({ store, reopen }: Home): Promise<void> {
  if (!reopen) return
  await writeAll(store, [notice('n1'), notice('n2')])
  await store.takeNotices({ now: 1_000, leaseMs, limit: 9 })
  await store.settleNotice({ id: 'n1', attempts: 1, outcome: 'sent', reference: 'C1:1' })
  const again = await reopen()
  assert.equal(await again.noticeReference('slack', 'apr_1'), 'C1:1')
  assert.deepEqual(await idsTaken(again, 1_000), [])
  const later = await again.takeNotices({ now: 1_000 + leaseMs, leaseMs, limit: 9 })
  assert.deepEqual(
    later.map(({ id, attempts }) => [id, attempts]),
    [['n2', 2]],
  )
}
