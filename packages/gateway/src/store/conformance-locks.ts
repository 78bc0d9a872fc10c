import assert from 'node:assert/strict'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import {
  entry,
  intent,
  issuing,
  locking,
  outcome,
  revoking,
  tally,
  unlocking,
} from './conformance-entries.ts'
import { Conflict, type Store } from './store.ts'

type Home = { readonly store: Store; readonly reopen?: () => Promise<Store> }
type Promised = readonly [string, (home: Home) => Promise<void>]

/** The part of the suite about principals who are locked. */
export const lockPromises: readonly Promised[] = [
  ['a principal is locked once and unlocked once', locksOnce],
  ['of two who lock each other, one does', oneLocksTheOther],
  ['an intent of who is locked is a conflict, an ending is none', refusesIntents],
  ['locks are there after a reopen', locksStay],
  ['an intent with an API key that was revoked is a conflict', refusesRevokedKeys],
]

async function locksOnce({ store }: Home): Promise<void> {
  await assert.rejects(store.commit(unlocking('corp:sam')), Conflict)
  const locks = Array.from({ length: 20 }, () => store.commit(locking('corp:sam')))
  assert.deepEqual(await tally(locks), { won: 1, conflicts: 19 })
  const [first] = await store.locks({ limit: 9 })
  const { record = -1, ...lock } = first ?? {}
  assert.deepEqual(lock, { principal: 'corp:sam', reason: 'left', by: 'operator:root', at: 7 })
  const [said] = await store.leaves(record, 1)
  assert.equal(parseLeaf(said?.bytes ?? new Uint8Array()).type, 'principal.locked')
  const { index: next } = await store.commit(locking('corp:Sam'))
  const listed = async (query: Parameters<Store['locks']>[0]) =>
    (await store.locks(query)).map(({ principal }) => principal)
  assert.deepEqual(await listed({ limit: 9 }), ['corp:Sam', 'corp:sam'])
  assert.deepEqual(await listed({ limit: 1 }), ['corp:Sam'])
  assert.deepEqual(await listed({ limit: 9, before: next }), ['corp:sam'])
  assert.deepEqual(await listed({ limit: 9, before: record }), [])
  const unlocks = Array.from({ length: 20 }, () => store.commit(unlocking('corp:sam')))
  assert.deepEqual(await tally(unlocks), { won: 1, conflicts: 19 })
  assert.deepEqual(await listed({ limit: 9 }), ['corp:Sam'])
}

async function oneLocksTheOther({ store }: Home): Promise<void> {
  const both = [
    store.commit(locking('operator:ann', 'operator:root')),
    store.commit(locking('operator:root', 'operator:ann')),
  ]
  assert.deepEqual(await tally(both), { won: 1, conflicts: 1 })
  await assert.rejects(store.commit(unlocking('operator:ann', 'operator:ann')), Conflict)
}

async function refusesIntents({ store }: Home): Promise<void> {
  const before = await store.commit(entry(intent({ call: 'c1' })))
  const settled = await Promise.allSettled([
    store.commit(locking('corp:sam')),
    store.commit(entry(intent({ call: 'c2' }))),
    store.commit(entry(intent({ call: 'c3', sub: 'kim' }))),
    store.commit(entry(outcome(before.index, { call: 'c1' }))),
    store.commit(locking('corp:boss')),
    store.commit(entry(intent({ call: 'c4', sub: 'kim' }))),
    store.commit(unlocking('corp:boss')),
    store.commit(entry(intent({ call: 'c5', sub: 'kim' }))),
    store.commit(unlocking('corp:sam')),
    store.commit(entry(intent({ call: 'c6' }))),
  ])
  assert.deepEqual(
    settled.map((one) => (one.status === 'fulfilled' ? 'done' : one.reason.name)),
    ['done', 'Conflict', 'done', 'done', 'done', 'Conflict', 'done', 'done', 'done', 'done'],
  )
}

async function locksStay({ store, reopen }: Home): Promise<void> {
  if (!reopen) return
  await store.commit(locking('corp:sam'))
  const again = await reopen()
  assert.deepEqual(
    (await again.locks({ limit: 9 })).map(({ principal }) => principal),
    ['corp:sam'],
  )
  await assert.rejects(again.commit(entry(intent({ call: 'c1' }))), Conflict)
}

async function refusesRevokedKeys({ store, reopen }: Home): Promise<void> {
  const withKey = (call: string, key: string) => {
    const record = intent({ call })
    const caller = { iss: 'key', sub: key, authn: 'api-key', cred: 'sha256:0' }
    return entry(record.type === 'call.authorized' ? { ...record, caller, obo: [] } : record)
  }
  await store.commit(issuing('key_1', 'hash 1'))
  const settled = await Promise.allSettled([
    store.commit(withKey('c1', 'key_1')),
    store.commit(revoking('key_1', 5)),
    store.commit(withKey('c2', 'key_1')),
    store.commit(withKey('c3', 'key_2')),
  ])
  assert.deepEqual(
    settled.map((one) => (one.status === 'fulfilled' ? 'done' : one.reason.about)),
    ['done', 'done', 'key', 'done'],
  )
  const again = (await reopen?.()) ?? store
  await assert.rejects(again.commit(withKey('c4', 'key_1')), Conflict)
}
