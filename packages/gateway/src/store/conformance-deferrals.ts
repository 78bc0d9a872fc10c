import assert from 'node:assert/strict'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import type { Deferral } from '../model/deferral.ts'
import { approval, entry, requested, tally, time } from './conformance-entries.ts'
import { Conflict, type Entry, type Store } from './store.ts'

type Home = { readonly store: Store; readonly reopen?: () => Promise<Store> }
type Promised = readonly [string, (home: Home) => Promise<void>]

/** The part of the suite about deferred calls. */
export const deferralPromises: readonly Promised[] = [
  ['a deferred call is there with its question, or neither is', defersWhole],
  ['of 100 who would run a deferred call, one does', oneRuns],
  ['of a deferred call nothing is left once it is forgotten', forgets],
  ['a deferred call is there after a reopen', staysDeferred],
]

const encoder = new TextEncoder()

function deferral(id: string, changes: Partial<Deferral> = {}): Deferral {
  const subject = { kind: 'user', id: 'corp:sam', groups: [] } as const
  const authentication = { method: 'oidc', issuer: 'corp', credential: 'sha256:0', expiresAt: 9 }
  return {
    ...{ id, state: 'WAITING', revision: 1, approval: `apr_of_${id}`, functionId: 'crm.get' },
    protocol: 'http',
    principal: {
      ...{ subject, actors: [], session: 'ses_1' },
      authentication: { ...authentication, method: 'oidc' },
    },
    ...{ createdAt: 1, keptUntil: 9 },
    ...changes,
  }
}

function deferring(value: Deferral, request = 'the request'): Entry {
  const asked = approval(value.approval, { callId: value.id, delivery: 'deferred' })
  return entry(requested(asked), {
    ...{ kind: 'deferral.open', deferral: value, approval: asked },
    request: encoder.encode(request),
  })
}

function moving(
  value: Deferral,
  also: { readonly result?: Uint8Array; readonly forget?: true } = {},
): Entry {
  const { id: call, approval: of, state, revision } = value
  return entry(
    { type: 'deferral.changed', time, call, approval: of, state },
    { kind: 'deferral.update', deferral: value, expectedRevision: revision - 1, ...also },
  )
}

async function textOf(bytes: Promise<Uint8Array | undefined>): Promise<string | undefined> {
  const found = await bytes
  return found && Buffer.from(found).toString()
}

async function defersWhole({ store }: Home): Promise<void> {
  await store.commit(deferring(deferral('c1')))
  assert.deepEqual(await store.deferral('c1'), deferral('c1'))
  assert.equal((await store.approval('apr_of_c1'))?.callId, 'c1')
  assert.equal(await textOf(store.deferredRequest('c1')), 'the request')
  assert.equal(await store.deferredResult('c1'), undefined)
  const sameQuestion = deferral('c2', { approval: 'apr_of_c1' })
  await assert.rejects(store.commit(deferring(sameQuestion)), Conflict, 'the question is there')
  assert.equal(await store.deferral('c2'), undefined)
  const sameCall = deferral('c1', { approval: 'apr_other' })
  await assert.rejects(store.commit(deferring(sameCall, 'another')), Conflict, 'the call is there')
  assert.equal(await store.approval('apr_other'), undefined)
  assert.equal(await textOf(store.deferredRequest('c1')), 'the request')
  assert.equal(await store.deferredRequest('c2'), undefined)
  await store.commit(deferring(deferral('c3'), ''))
  assert.equal(await textOf(store.deferredRequest('c3')), '')
}

async function oneRuns({ store }: Home): Promise<void> {
  await store.commit(deferring(deferral('c1')))
  await store.commit(deferring(deferral('c2')))
  const running = (instance: string) => deferral('c1', { state: 'RUNNING', revision: 2, instance })
  const runs = Array.from({ length: 100 }, (_, n) => store.commit(moving(running(`gw${n}`))))
  assert.deepEqual(await tally(runs), { won: 1, conflicts: 99 })
  assert.equal((await store.deferral('c1'))?.instance, 'gw0')
  const ids = async (state: Deferral['state'], limit: number) =>
    (await store.deferrals({ state, limit })).map(({ id }) => id)
  assert.deepEqual(await ids('RUNNING', 9), ['c1'])
  assert.deepEqual(await ids('WAITING', 9), ['c2'])
  await store.commit(deferring(deferral('c3')))
  assert.deepEqual(await ids('WAITING', 1), ['c2'], 'the oldest first')
  const done = deferral('c1', { state: 'DONE', revision: 3 })
  await store.commit(moving(done, { result: encoder.encode('the result') }))
  assert.equal(await textOf(store.deferredResult('c1')), 'the result')
  assert.equal(await textOf(store.deferredRequest('c1')), 'the request')
  const leaves = await store.leavesOfCall('c1')
  assert.deepEqual(
    leaves.map(({ bytes }) => parseLeaf(bytes).type),
    ['approval.requested', 'deferral.changed', 'deferral.changed'],
  )
}

async function forgets({ store }: Home): Promise<void> {
  await store.commit(deferring(deferral('c1')))
  const done = deferral('c1', { state: 'DONE', revision: 2 })
  await store.commit(moving(done, { result: encoder.encode('the result') }))
  const kept = { ...done, revision: 3 }
  await store.commit(moving(kept, { forget: true }))
  assert.equal(await store.deferredRequest('c1'), undefined)
  assert.equal(await store.deferredResult('c1'), undefined)
  assert.deepEqual(await store.deferral('c1'), kept)
}

async function staysDeferred({ store, reopen }: Home): Promise<void> {
  if (!reopen) return
  await store.commit(deferring(deferral('c1')))
  const done = deferral('c1', { state: 'DONE', revision: 2 })
  await store.commit(moving(done, { result: encoder.encode('the result') }))
  const again = await reopen()
  assert.deepEqual(await again.deferral('c1'), done)
  assert.equal(await textOf(again.deferredRequest('c1')), 'the request')
  assert.equal(await textOf(again.deferredResult('c1')), 'the result')
}
