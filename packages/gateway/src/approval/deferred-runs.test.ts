import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Refusal } from '../call/refusal.ts'
import type { Reply } from '../call/stage.ts'
import { limits } from '../config/limits.ts'
import type { Approval } from '../model/approval.ts'
import type { Deferral } from '../model/deferral.ts'
import { approval, entry, opening, requested, updating } from '../store/conformance-entries.ts'
import { openSqlite } from '../store/sqlite/open.ts'
import { type Store, Unavailable } from '../store/store.ts'
import { openDeferredRuns } from './deferred-runs.ts'

const start = 1_000_000
const request = new TextEncoder().encode('the request')

async function house(t: TestContext) {
  const kek = new Uint8Array(32).fill(1)
  const store = await openSqlite({ path: ':memory:', instance: 'gw', boot: 'b1', kek })
  let now = start
  const made: string[] = []
  const failures: unknown[] = []
  const closings: (() => Promise<void>)[] = []
  t.after(async () => {
    for (const close of closings) await close()
    await store.close()
  })
  return {
    store,
    made,
    failures,
    /** The clock of all of them. */
    pass: (ms: number) => (now += ms),
    open: (given: {
      readonly instance: string
      readonly reply?: () => Promise<Reply>
      readonly commit?: Store['commit']
    }) => {
      const runs = openDeferredRuns({
        store: { ...store, commit: given.commit ?? store.commit },
        find: store.approval,
        make: async ({ id }, bytes) => {
          assert.deepEqual(Buffer.from(bytes), Buffer.from(request))
          made.push(`${given.instance} ${id}`)
          return (given.reply ?? (async () => replyOf('{}')))()
        },
        instance: given.instance,
        now: () => now,
        graceMs: 0,
        limits: { ...limits, deskTickMs: 10 },
        onFailure: (cause) => failures.push(cause),
      })
      closings.push(runs.close)
      return runs
    },
  }
}

function replyOf(text: string): Reply {
  return {
    state: 'witnessed',
    callId: 'ran-1',
    record: { origin: 'test', index: 7 },
    length: undefined,
    head: { status: 200, headers: [], mediaType: 'application/json' },
    body: (async function* () {
      yield new TextEncoder().encode(text)
    })(),
  }
}

function deferralOf(id: string): Deferral {
  return {
    ...{ id, state: 'WAITING', revision: 0, approval: `apr_${id}`, functionId: 'crm.get' },
    protocol: 'http',
    principal: {
      ...{ subject: { kind: 'user', id: 'corp:sam', groups: [] }, actors: [], session: 'ses_1' },
      authentication: { method: 'oidc', issuer: 'corp', credential: 'sha256:0', expiresAt: 9 },
    },
    ...{ createdAt: 1, keptUntil: 9 },
  }
}

async function defer(store: Store, id: string): Promise<Approval> {
  const deferral = deferralOf(id)
  const asked = approval(deferral.approval, { callId: id, delivery: 'deferred', decideBy: 9e12 })
  const change = { kind: 'deferral.open', deferral, approval: asked, request } as const
  await store.commit(entry(requested(asked), change))
  return asked
}

const settle = (store: Store, asked: Approval, state: Approval['state']) =>
  store.commit(updating({ ...asked, state, revision: asked.revision + 1 }, asked.revision))

async function comesTo(store: Store, id: string, state: Deferral['state']): Promise<Deferral> {
  for (let tries = 0; tries < 2_000; tries++) {
    const deferral = await store.deferral(id)
    if (deferral?.state === state) return deferral
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return assert.fail(`it never came to ${state}`)
}

test('of two gateways one makes the call, and it is forgotten when its time is over', async (t) => {
  const { store, made, pass, open } = await house(t)
  for (const instance of ['one', 'two']) open({ instance }).start()
  const calls = await Promise.all(['c1', 'c2', 'c3'].map((id) => defer(store, id)))
  for (const asked of calls) await settle(store, asked, 'APPROVED')
  for (const { callId } of calls) await comesTo(store, callId, 'DONE')
  assert.deepEqual(made.map((one) => one.split(' ')[1]).sort(), ['c1', 'c2', 'c3'])
  const done = await store.deferral('c1')
  assert.deepEqual(
    [done?.ran, done?.record, done?.status, done?.keptUntil],
    ['ran-1', 'test#7', 200, start + limits.deferredKeptMs],
  )
  assert.ok(await store.deferredResult('c1'))
  pass(limits.deferredKeptMs)
  await comesTo(store, 'c1', 'FORGOTTEN')
  assert.equal(await store.deferredResult('c1'), undefined)
  assert.equal(await store.deferredRequest('c1'), undefined)
})

test('what was not approved is never made', async (t) => {
  const { store, made, open } = await house(t)
  open({ instance: 'one' }).start()
  const rows = [
    ['c1', 'DENIED', 'approval-denied'],
    ['c2', 'EXPIRED', 'approval-unusable'],
    ['c3', 'WITHDRAWN', 'approval-unusable'],
    ['c4', 'SUPERSEDED', 'approval-unusable'],
  ] as const
  for (const [id, state, ending] of rows) {
    await settle(store, await defer(store, id), state)
    assert.equal((await comesTo(store, id, 'CANCELLED')).ending, ending)
    assert.equal(await store.deferredRequest(id), undefined, 'nothing of it is kept')
  }
  assert.deepEqual(made, [])
})

test('a question that is still open is left alone', async (t) => {
  const { store, made, open } = await house(t)
  await defer(store, 'c1')
  const runs = open({ instance: 'one' })
  runs.start()
  // Something else happens, and it is looked at.
  await store.commit(opening(approval('apr_other')))
  await runs.close()
  assert.equal((await store.deferral('c1'))?.state, 'WAITING')
  assert.deepEqual(made, [])
})

test('a refusal is kept, and a fault is said to the operator', async (t) => {
  const { store, failures, open } = await house(t)
  const refusal = new Refusal('policy-denied')
  refusal.callId = 'ran-2'
  refusal.record = 'test#9'
  const thrown: unknown[] = [refusal, new Error('a fault')]
  const reply = async (): Promise<Reply> => {
    throw thrown.shift()
  }
  open({ instance: 'one', reply }).start()
  await settle(store, await defer(store, 'c1'), 'APPROVED')
  const { ending, ran, record } = await comesTo(store, 'c1', 'FAILED')
  assert.deepEqual([ending, ran, record], ['policy-denied', 'ran-2', 'test#9'])
  assert.deepEqual(failures, [])
  await settle(store, await defer(store, 'c2'), 'BYPASSED')
  assert.equal((await comesTo(store, 'c2', 'FAILED')).ending, 'internal')
  assert.match(String(failures[0]), /a fault/)
})

test('an ending that cannot be written is written later, and the call is made once', async (t) => {
  const { store, made, failures, open } = await house(t)
  let refusals = 3
  const commit: Store['commit'] = async (one) => {
    const { change } = one
    const isDone = change?.kind === 'deferral.update' && change.deferral.state === 'DONE'
    if (isDone && refusals-- > 0) throw new Unavailable('the disk is full')
    return store.commit(one)
  }
  open({ instance: 'one', commit }).start()
  await settle(store, await defer(store, 'c1'), 'APPROVED')
  await comesTo(store, 'c1', 'DONE')
  assert.equal(failures.length, 3)
  assert.deepEqual(made, ['one c1'])
})

test('a call that an earlier run of this instance was making is never made again', async (t) => {
  const { store, made, open } = await house(t)
  for (const [id, instance] of [
    ['c1', 'one'],
    ['c2', 'two'],
  ] as const) {
    const asked = await defer(store, id)
    await settle(store, asked, 'APPROVED')
    const deferral = { ...deferralOf(id), state: 'RUNNING', revision: 1, instance } as const
    await store.commit(
      entry(
        {
          ...{ type: 'deferral.changed', time: '2026-01-02T03:04:05.678Z' },
          ...{ call: id, approval: asked.id, state: 'RUNNING' },
        },
        { kind: 'deferral.update', deferral, expectedRevision: 0 },
      ),
    )
  }
  const runs = open({ instance: 'one' })
  await runs.reconcile()
  runs.start()
  assert.equal((await store.deferral('c1'))?.state, 'UNKNOWN')
  assert.equal((await store.deferral('c2'))?.state, 'RUNNING', 'another one may still be at it')
  await settle(store, await defer(store, 'c3'), 'APPROVED')
  await comesTo(store, 'c3', 'DONE')
  assert.deepEqual(made, ['one c3'])
})
