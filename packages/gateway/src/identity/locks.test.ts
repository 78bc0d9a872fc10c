import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PrincipalLock } from '../model/principal-lock.ts'
import { Conflict, type Store, type StoreChange } from '../store/store.ts'
import { openLocks } from './locks.ts'
import type { Person } from './person.ts'

/** Where several gateways keep their locks: in memory, with hints that come when the test says so. */
function openShared() {
  const locks: PrincipalLock[] = []
  const listeners = new Set<(change: StoreChange) => void>()
  /** What a reader waits for between having read and being answered. */
  let slow: Promise<void> = Promise.resolve()
  const store: Pick<Store, 'commit' | 'locks' | 'onChange'> = {
    commit: async ({ change }) => {
      const isOne = (id: string) => (one: PrincipalLock) => one.principal === id
      if (change?.kind === 'principal.lock') {
        if (locks.some(isOne(change.lock.principal))) throw new Conflict('locked')
        locks.push({ ...change.lock, record: locks.length })
      }
      if (change?.kind === 'principal.unlock') {
        locks.splice(locks.findIndex(isOne(change.principal)), 1)
      }
      return { origin: 'test', index: locks.length }
    },
    locks: async ({ before }) => {
      const found = before === undefined ? locks.toReversed() : []
      await slow
      return found
    },
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  return {
    store,
    listeners,
    hint: (kind: StoreChange['kind']) => {
      for (const listener of listeners) listener({ kind, id: '' })
    },
    delayReads: (until: Promise<void>) => {
      slow = until
    },
  }
}

async function gatewayOf(store: ReturnType<typeof openShared>['store']) {
  const signedIn = new Set(['corp:sam', 'corp:eve'])
  const locks = await openLocks({
    store,
    now: Date.now,
    issuers: ['corp'],
    isSamePerson: (one, other) => one === other,
    signOut: (isMeant) => {
      for (const id of signedIn) if (isMeant(personOf(id))) signedIn.delete(id)
    },
  })
  return { locks, signedIn }
}

function personOf(id: string): Person {
  const subject = { kind: 'user', id, groups: [] } as const
  return { subject, actors: [], authentication: { method: 'oidc', expiresAt: 0 } }
}

async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 30_000; !holds(); ) {
    assert.ok(Date.now() < end, 'it never came true')
    await sleep(5)
  }
}

const sam = { principal: 'corp:sam', reason: 'left', by: 'corp:eve' }

for (const kind of ['principal', 'missed'] as const) {
  test(`what another gateway locked counts here after the hint \`${kind}\``, async (t) => {
    const { store, hint } = openShared()
    const [here, there] = [await gatewayOf(store), await gatewayOf(store)]
    t.after(() => [here, there].map(({ locks }) => locks.close()))
    await there.locks.lock(sam)
    assert.equal(here.locks.isLockedId('corp:sam'), false)
    hint(kind)
    await until(() => here.locks.isLockedId('corp:sam'))
    assert.deepEqual([...here.signedIn], ['corp:eve'])
    await there.locks.unlock(sam)
    hint(kind)
    await until(() => !here.locks.isLocked(personOf('corp:sam')))
  })
}

test('without any hint it counts as well', async (t) => {
  const { store } = openShared()
  const [here, there] = [await gatewayOf(store), await gatewayOf(store)]
  t.after(() => [here, there].map(({ locks }) => locks.close()))
  await there.locks.lock(sam)
  await until(() => here.locks.isLockedId('corp:sam'))
})

test('what was read before a lock of this gateway does not undo it', async (t) => {
  const shared = openShared()
  const { locks } = await gatewayOf(shared.store)
  t.after(() => locks.close())
  const answered = Promise.withResolvers<void>()
  shared.delayReads(answered.promise)
  // Reads that nobody is locked, and is answered only after somebody was.
  shared.hint('principal')
  await locks.lock(sam)
  answered.resolve()
  for (let turn = 0; turn < 20; turn++) {
    await sleep(1)
    assert.equal(locks.isLockedId('corp:sam'), true)
  }
})

test('a closed one listens no more', async () => {
  const { store, listeners } = openShared()
  const { locks } = await gatewayOf(store)
  assert.equal(listeners.size, 1)
  locks.close()
  assert.equal(listeners.size, 0)
})
