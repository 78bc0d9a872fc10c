import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openHouse } from '../../test/admin-house.ts'
import { commitCall } from '../../test/stored-calls.ts'
import { usageOf } from './usage.ts'

const made = Date.UTC(2026, 0, 2)
const day = 86_400_000
const asked = { subject: 'corp:sam', actors: ['corp:bot'], functionId: 'pay.list', callId: 'c0' }
const none = { calls: 0, denied: 0, by_ending: {} }

async function storeWithCalls(t: Parameters<typeof openHouse>[0]) {
  const { store } = await openHouse(t)
  await commitCall(store, 'c1', 'done')
  await commitCall(store, 'c2')
  for (const [call, code] of [
    ['c3', 'policy-denied'],
    ['c4', 'approval-required'],
    ['c0', 'approval-required'],
  ] as const) {
    await store.commit({
      record: {
        ...{ type: 'call.denied', time: new Date(made).toISOString(), call, session: 'ses_1' },
        caller: { iss: 'corp', sub: 'bot', authn: 'oidc', cred: 'sha256:0' },
        fn: { name: 'pay.list', schema: 'sha256:fn', server: 'pay' },
        ...{ code, stage: 'authorized' },
      },
      payloads: [],
    })
  }
  return store
}

test('what a caller did with a function, by how it ended; the call asked about left out', async (t) => {
  const store = await storeWithCalls(t)
  const by_ending = { done: 1, running: 1, 'policy-denied': 1, 'approval-required': 1 }
  const all = { calls: 4, denied: 1, by_ending }
  const last_at = new Date(made).toISOString()
  const cases: readonly (readonly [
    afterMs: number,
    Partial<Awaited<ReturnType<typeof usageOf>>>,
  ])[] = [
    [day, { days_7: all, days_30: all, last_at }],
    [8 * day, { days_7: none, days_30: all, last_at }],
    [31 * day, { days_7: none, days_30: none, last_at }],
  ]
  for (const [afterMs, expected] of cases) {
    const usage = await usageOf(store, asked, made + afterMs)
    assert.deepEqual(usage, { caller: 'corp:bot', at_least: false, ...expected })
  }
  const other = await usageOf(store, { ...asked, actors: [] }, made)
  assert.deepEqual([other.caller, other.days_30, other.last_at], ['corp:sam', none, null])
})

test('more than is looked at is said to be more', async (t) => {
  const { store } = await openHouse(t)
  for (let n = 1; n <= 201; n++) await commitCall(store, `c${n}`)
  const usage = await usageOf(store, asked, made + day)
  assert.deepEqual([usage.days_30.calls, usage.at_least], [200, true])
})
