import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import { approvalPromises } from './conformance-approvals.ts'
import { boundPromises } from './conformance-bounds.ts'
import { callPromises } from './conformance-calls.ts'
import { campaignPromises } from './conformance-campaigns.ts'
import { custodyPromises } from './conformance-custody.ts'
import { deferralPromises } from './conformance-deferrals.ts'
import {
  approval,
  assertChain,
  entry,
  everyLeaf,
  intent,
  issuing,
  locking,
  opening,
  outcome,
  revoking,
  tally,
  updating,
} from './conformance-entries.ts'
import { grantPromises } from './conformance-grants.ts'
import { lockPromises } from './conformance-locks.ts'
import { outboxPromises } from './conformance-outbox.ts'
import { publicationPromises } from './conformance-publication.ts'
import { Conflict, type Store, Unavailable } from './store.ts'

/** A home of the store, freshly made and empty but for its `emitter.start`. */
export type Home = {
  readonly store: Store
  /** Closes the store and opens it again under another boot; absent where nothing outlives a close. */
  readonly reopen?: () => Promise<Store>
  readonly dispose: () => Promise<void>
}

/** What every home of the store must do. One row per promise of store.ts. */
export function storeSuite(name: string, open: () => Promise<Home>): void {
  for (const [promise, prove] of promises) {
    test(`${name}: ${promise}`, async (t) => {
      const home = await open()
      t.after(home.dispose)
      await prove(home)
    })
  }
}

const promises: readonly (readonly [string, (home: Home) => Promise<void>])[] = [
  ['a leaf, its payloads and its change are there when commit resolves', commitsWhole],
  ['1,000 concurrent commits get gapless indexes in their order', commitsInOrder],
  ['a conflict writes nothing and leaves its neighbours alone', conflictLeavesNoTrace],
  ['a record that is no leaf is refused and leaves its neighbours alone', refusesWhatIsNoLeaf],
  ['of 100 updates from one revision, one wins', oneUpdateWins],
  ['of 100 openings of one question, one wins', oneOpeningWins],
  ['a key is issued once and revoked once', issuesAndRevokes],
  ['ids are compared byte by byte', comparesBytes],
  ...callPromises,
  ...lockPromises,
  ...approvalPromises,
  ...deferralPromises,
  ...boundPromises,
  ...grantPromises,
  ...campaignPromises,
  ...outboxPromises,
  ...custodyPromises,
  ...publicationPromises,
  ['who listens is told of changes, and not of what was refused', tellsOfChanges],
  ['limits are bounded', boundsLimits],
  ['after close everything is refused as unavailable', closes],
  ['commits under way are finished by close', finishesBeforeClosing],
  ['everything is there after a reopen, under a new chain', survivesReopen],
]

const encoder = new TextEncoder()

async function commitsWhole({ store }: Home): Promise<void> {
  const bytes = encoder.encode('{"id":"c-1"}')
  const mediaType = 'application/json'
  const { index } = await store.commit({
    record: intent({ call: 'c' }),
    payloads: [
      { role: 'args', mediaType, bytes, keep: true },
      { role: 'forwarded', mediaType, bytes: new Uint8Array(0), keep: true },
    ],
  })
  const [leaf] = await store.leaves(index, 1)
  const record = parseLeaf(leaf?.bytes ?? new Uint8Array())
  assert.equal(record.args?.len, bytes.length)
  assert.equal(record.args?.mt, mediaType)
  assert.deepEqual(Buffer.from((await store.payload(index, 'args')) ?? ''), Buffer.from(bytes))
  assert.equal((await store.payload(index, 'forwarded'))?.length, 0)
  const result = { role: 'result', mediaType, bytes, keep: false } as const
  const end = await store.commit({ record: outcome(index, { call: 'c' }), payloads: [result] })
  assert.equal(await store.payload(end.index, 'result'), undefined, 'only committed to')
  assert.equal(await store.payload(end.index, 'returned'), undefined, 'never given')
  assert.equal(await store.payload(end.index + 1, 'args'), undefined, 'no such leaf')
  const misplaced = { record: intent({ call: 'c' }), payloads: [result] }
  await assert.rejects(store.commit(misplaced), Unavailable, 'an intent commits to no result')
}

async function commitsInOrder({ store }: Home): Promise<void> {
  const start = await store.size()
  const commits = Array.from({ length: 1000 }, (_, n) =>
    store.commit(entry(intent({ call: `c${n}` }))),
  )
  const committed = await Promise.all(commits)
  assert.deepEqual(
    committed.map(({ index }) => index),
    Array.from({ length: 1000 }, (_, n) => start + n),
  )
  assert.equal(await store.size(), start + 1000)
  const records = assertChain(await everyLeaf(store)).slice(start)
  assert.ok(records.every((record, n) => 'call' in record && record.call === `c${n}`))
}

async function conflictLeavesNoTrace({ store }: Home): Promise<void> {
  const start = await store.size()
  const open = opening(approval('apr_1'))
  const settled = await Promise.allSettled([
    store.commit(entry(intent({ call: 'before' }))),
    store.commit(open),
    store.commit({ ...open, payloads: [] }),
    store.commit(updating(approval('apr_none', { revision: 2 }), 1)),
    store.commit(entry(intent({ call: 'after' }))),
  ])
  assert.deepEqual(
    settled.map((one) => (one.status === 'fulfilled' ? one.value.index : one.reason.name)),
    [start, start + 1, 'Conflict', 'Conflict', start + 2],
  )
  assertChain(await everyLeaf(store))
}

async function refusesWhatIsNoLeaf({ store }: Home): Promise<void> {
  const start = await store.size()
  const open = opening(approval('apr_1', { session: '\ud800' }))
  const settled = await Promise.allSettled([
    store.commit(entry(intent({ call: 'before' }))),
    store.commit(open),
    store.commit(entry(intent({ call: 'x'.repeat(9000) }))),
    store.commit(entry(outcome(Number.NaN, { call: 'c' }))),
    store.commit(entry({ ...intent({ call: 'c' }), time: 'soon' })),
    store.commit(entry(intent({ call: 'after' }))),
  ])
  assert.deepEqual(
    settled.map((one) => (one.status === 'fulfilled' ? one.value.index : one.reason.name)),
    [start, 'Unavailable', 'Unavailable', 'Unavailable', 'Unavailable', start + 1],
  )
  assert.equal(await store.approval('apr_1'), undefined)
  assertChain(await everyLeaf(store))
}

async function oneUpdateWins({ store }: Home): Promise<void> {
  await store.commit(opening(approval('apr_1')))
  const updates = Array.from({ length: 100 }, (_, n) =>
    store.commit(updating(approval('apr_1', { state: 'APPROVED', revision: 2, decideBy: n }), 1)),
  )
  assert.deepEqual(await tally(updates), { won: 1, conflicts: 99 })
  const stored = await store.approval('apr_1')
  assert.deepEqual(stored, approval('apr_1', { state: 'APPROVED', revision: 2, decideBy: 0 }))
  const standing = updating(approval('apr_1', { revision: 2 }), 2)
  await assert.rejects(store.commit(standing), Conflict, 'the revision has to grow')
}

async function oneOpeningWins({ store }: Home): Promise<void> {
  const digest = 'the same question'
  const openings = Array.from({ length: 100 }, (_, n) =>
    store.commit(opening(approval(`apr_${n}`, { digest }))),
  )
  assert.deepEqual(await tally(openings), { won: 1, conflicts: 99 })
  assert.equal((await store.pendingApproval(digest))?.id, 'apr_0')
  const denied = approval('apr_0', { digest, state: 'DENIED', revision: 2 })
  await store.commit(updating(denied, 1))
  assert.equal(await store.pendingApproval(digest), undefined)
  await store.commit(opening(approval('apr_again', { digest })))
  assert.equal((await store.pendingApproval(digest))?.id, 'apr_again')
  const ids = async (query: Parameters<Store['approvals']>[0]) =>
    (await store.approvals(query)).map(({ id }) => id)
  assert.deepEqual(await ids({ limit: 10 }), ['apr_again', 'apr_0'])
  assert.deepEqual(await ids({ limit: 10, before: 'apr_again' }), ['apr_0'])
  assert.deepEqual(await ids({ limit: 10, state: 'PENDING' }), ['apr_again'])
  assert.deepEqual(await ids({ limit: 10, before: 'apr_unknown' }), [])
}

async function issuesAndRevokes({ store }: Home): Promise<void> {
  await store.commit(issuing('key_1', 'hash 1'))
  await assert.rejects(store.commit(issuing('key_1', 'hash 2')), Conflict)
  await assert.rejects(store.commit(issuing('key_2', 'hash 1')), Conflict)
  assert.equal((await store.apiKeyByHash('hash 1'))?.revokedAt, undefined)
  await assert.rejects(store.commit(revoking('key_absent', 5)), Conflict)
  const revocations = Array.from({ length: 20 }, (_, n) => store.commit(revoking('key_1', n + 5)))
  assert.deepEqual(await tally(revocations), { won: 1, conflicts: 19 })
  assert.equal((await store.apiKeyByHash('hash 1'))?.revokedAt, 5)
  await store.commit(issuing('key_3', 'hash 3'))
  const keys = await store.apiKeys({ limit: 1 })
  assert.deepEqual(
    keys.map(({ id }) => id),
    ['key_3'],
  )
  assert.deepEqual(
    (await store.apiKeys({ limit: 9, before: 'key_3' })).map(({ id, revokedAt }) => [
      id,
      revokedAt,
    ]),
    [['key_1', 5]],
  )
}

async function comparesBytes({ store }: Home): Promise<void> {
  await store.commit(opening(approval('apr_a', { digest: 'é' })))
  await store.commit(opening(approval('apr_A', { digest: 'e\u0301' })))
  assert.equal((await store.approval('apr_A'))?.digest, 'e\u0301')
  assert.equal(await store.approval('APR_a'), undefined)
  await store.commit(issuing('key_a', 'aa'))
  await store.commit(issuing('key_A', 'AA'))
  assert.equal((await store.apiKeyByHash('AA'))?.id, 'key_A')
  await store.commit(entry(intent({ call: 'c', session: 'Ses' })))
  assert.equal((await store.callHeads({ limit: 9, session: 'ses' })).length, 0)
}

async function tellsOfChanges({ store }: Home): Promise<void> {
  const heard: string[] = []
  const stop = store.onChange(({ kind, id }) => heard.push(`${kind} ${id}`))
  const silent = store.onChange(({ id }) => heard.push(`never ${id}`))
  silent()
  await store.commit(opening(approval('apr_1')))
  await assert.rejects(store.commit(opening(approval('apr_1'))), Conflict)
  await store.commit(locking('corp:sam'))
  // A hint comes soon, not at once.
  for (let tries = 0; tries < 1_000 && heard.length < 2; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  stop()
  assert.deepEqual(heard, ['approval apr_1', 'principal corp:sam'])
}

async function boundsLimits({ store }: Home): Promise<void> {
  const commits = Array.from({ length: 1100 }, (_, n) =>
    store.commit(entry(intent({ call: `${n}` }))),
  )
  await Promise.all(commits)
  assert.equal((await store.leaves(0, 5000)).length, 1000)
  assert.equal((await store.leaves(0, 0)).length, 1)
  assert.equal((await store.callHeads({ limit: Number.POSITIVE_INFINITY })).length, 1000)
}

async function closes({ store }: Home): Promise<void> {
  await store.close()
  await store.close()
  await assert.rejects(store.commit(entry(intent({ call: 'late' }))), Unavailable)
  await assert.rejects(store.size(), Unavailable)
  await assert.rejects(store.leaves(0, 1), Unavailable)
  await assert.rejects(store.approval('apr_1'), Unavailable)
}

async function finishesBeforeClosing({ store }: Home): Promise<void> {
  const commits = Array.from({ length: 3000 }, (_, n) =>
    store.commit(entry(intent({ call: `${n}` }))),
  )
  const closing = store.close()
  assert.equal((await Promise.all(commits)).length, 3000)
  await closing
}

async function survivesReopen({ store, reopen }: Home): Promise<void> {
  if (!reopen) return
  const bytes = encoder.encode('kept')
  const payloads = [{ role: 'args', mediaType: 'text/plain', bytes, keep: true }] as const
  const { index } = await store.commit({ record: intent({ call: 'c' }), payloads })
  await store.commit(opening(approval('apr_1')))
  await store.commit(issuing('key_1', 'hash'))
  const again = await reopen()
  const records = assertChain(await everyLeaf(again))
  assert.deepEqual(
    records.map(({ type }) => type),
    [
      'emitter.start',
      'call.authorized',
      'approval.requested',
      'key.issued',
      'emitter.stop',
      'emitter.start',
    ],
  )
  assert.equal(Buffer.from((await again.payload(index, 'args')) ?? '').toString(), 'kept')
  assert.deepEqual(await again.approval('apr_1'), approval('apr_1'))
  assert.equal((await again.apiKeyByHash('hash'))?.id, 'key_1')
  const next = await again.commit(entry(outcome(index, { call: 'c' })))
  assert.equal(next.index, records.length)
}
