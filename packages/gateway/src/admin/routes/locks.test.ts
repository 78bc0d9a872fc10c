import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import {
  type Answer,
  type Asked,
  ask,
  type House,
  json,
  type Name,
  openHouse,
  v1,
} from '../../../test/admin-house.ts'

const path = `${v1}/principals/locks`
const lock = (principal: string, as: Name = 'root'): Asked => ({
  as,
  method: 'POST',
  body: { principal, reason: 'left' },
})
const unlock = (house: House, principal: string, as: Name = 'root') =>
  ask(house, `${path}/${encodeURIComponent(principal)}`, { as, method: 'DELETE' })

/** Every way to be told no; nothing is locked by any of them. */
const refused: readonly (readonly [string, Asked, number, string, string?])[] = [
  ['an auditor', lock('corp:sam', 'ann'), 403, 'forbidden'],
  ['an approver who lists', { as: 'dana' }, 403, 'forbidden'],
  ['oneself', lock('operator:root'), 403, 'forbidden'],
  ['oneself under another id', lock('corp:Root'), 403, 'forbidden'],
  ['a name without an issuer', lock('sam'), 400, 'request-invalid', '/principal'],
  ['an issuer that is not here', lock('other:sam'), 400, 'request-invalid', '/principal'],
  ['an issuer alone', lock('corp:'), 400, 'request-invalid', '/principal'],
  [
    'no reason',
    { ...lock('corp:sam'), body: { principal: 'corp:sam', reason: '' } },
    400,
    'request-invalid',
    '/reason',
  ],
  [
    'a reason that fits no record',
    { ...lock('corp:sam'), body: { principal: 'corp:sam', reason: 'x'.repeat(1001) } },
    400,
    'request-invalid',
    '/reason',
  ],
]

test('locks that are refused', async (t) => {
  const house = await openHouse(t)
  for (const [name, asked, status, code, pointer] of refused) {
    await t.test(name, async () => {
      const answer = await ask(house, path, asked)
      const body = await json(answer)
      assert.deepEqual([answer.status, body.code], [status, code], JSON.stringify(body))
      assert.equal(body.errors?.[0]?.pointer, pointer)
    })
  }
  assert.deepEqual(await listed(house), [])
  assert.equal((await unlock(house, 'corp:sam')).status, 409, 'who is not locked')
  assert.equal((await unlock(house, 'corp:sam', 'ann')).status, 403)
})

/** Ids as issuers write them: they come back from the path as they went into it. */
const names = [
  'corp:sam',
  'key:key_0123456789abcdef',
  'corp:repo:org/name:ref:refs/heads/main',
  'corp:100%25 a+b?c#d',
  'corp:é/..',
  `corp:${'€'.repeat(256)}`,
]
test('whoever is locked is listed until they are unlocked, and both are records', async (t) => {
  const house = await openHouse(t)
  for (const principal of names) {
    const answer = await ask(house, path, lock(principal))
    assert.equal(answer.status, 201, await answer.clone().text())
    const at = new Date(house.clock.now).toISOString()
    const { record, ...shown } = await json(answer)
    const by = { locked_by: 'operator:root', locked_at: at }
    assert.deepEqual(shown, { principal, reason: 'left', ...by })
    const [said] = await house.store.leaves(record, 1)
    assert.ok(said && Buffer.from(said.bytes).includes('principal.locked'))
    assert.equal((await ask(house, path, lock(principal))).status, 409, 'locked already')
  }
  assert.deepEqual(await listed(house), names.toReversed())
  const paged = await json(await ask(house, `${path}?limit=4`, { as: 'ann' }))
  const rest = await ask(house, `${path}?limit=4&cursor=${paged.next_cursor}`, { as: 'ann' })
  assert.deepEqual([...principals(paged), ...principals(await json(rest))], names.toReversed())
  for (const principal of names) assert.equal((await unlock(house, principal)).status, 204)
  assert.deepEqual(await listed(house), [])
  const records = (await house.store.leaves(0, 100)).map(({ bytes }) => parseLeaf(bytes))
  const by = 'operator:root'
  assert.deepEqual(
    records.flatMap((one) => {
      if (one.type === 'principal.locked') return [[one.principal, one.reason, one.by]]
      return one.type === 'principal.unlocked' ? [[one.principal, one.by]] : []
    }),
    [...names.map((name) => [name, 'left', by]), ...names.map((name) => [name, by])],
  )
})

test('a locked person is signed out, and signs in again only when unlocked', async (t) => {
  const house = await openHouse(t)
  const authorization = `Bearer ${await house.signIn('ann')}`
  const whoami = async () =>
    (await ask(house, `${v1}/whoami`, { headers: { authorization } })).status
  const signIn = () =>
    ask(house, `${v1}/sign-in`, {
      method: 'POST',
      headers: { authorization: `Bearer ${house.keys.ann}` },
    })
  for (const principal of ['operator:ann', 'corp:ann']) {
    assert.equal((await ask(house, path, lock(principal))).status, 201)
    assert.equal(await whoami(), 401)
    const answer = await signIn()
    const { code, detail } = await json(answer)
    assert.deepEqual([code, detail], ['unauthenticated', 'This principal is locked.'])
    assert.equal((await unlock(house, principal)).status, 204)
    assert.equal(await whoami(), 401, 'the old session does not come back')
    assert.equal((await signIn()).status, 200)
  }
})

test('an event stream ends when the person who watches is locked', {
  timeout: 60_000,
}, async (t) => {
  const house = await openHouse(t)
  const authorization = `Bearer ${await house.signIn('ann')}`
  const answer = await fetch(`${house.url}${v1}/calls/events`, { headers: { authorization } })
  const reader = (answer.body ?? assert.fail('there is no body')).getReader()
  assert.equal((await reader.read()).done, false)
  assert.equal((await ask(house, path, lock('operator:ann'))).status, 201)
  house.clock.now += 1_000
  for (let done = false; !done; ) done = (await reader.read()).done
})

const principals = ({ data }: Answer): string[] =>
  data.map(({ principal }: { readonly principal: string }) => principal)

async function listed(house: House): Promise<string[]> {
  return principals(await json(await ask(house, path, { as: 'ann' })))
}
