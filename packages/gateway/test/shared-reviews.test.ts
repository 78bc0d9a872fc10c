import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Person, root, until } from './house.ts'
import { startPostgres } from './postgres-server.ts'
import { assertVerifies } from './published-log.ts'
import { olga, otto, reviewsYaml, writeReviewRules } from './review-rules.ts'
import { since } from './shared-calls.ts'
import { type Gateway, openSharedYard, type SharedYard } from './shared-yard.ts'
import { answer, chunk, chunkedHead } from './upstream.ts'

/** Two gateways on one database. */
type Pair = { readonly yard: SharedYard; readonly here: Gateway; readonly there: Gateway }

const reason = 'as the test says'
const grant = '/grants/callers-read'

const cases: Readonly<Record<string, (pair: Pair) => Promise<void>>> = {
  'a grant that is revoked there allows no call here': async ({ yard, here, there }) => {
    assert.equal((await here.call('/up/read')).code, 'ok')
    await act(there, olga, `${grant}/revoke`)
    const now = await since(yard)
    assert.equal((await here.call('/up/read')).code, 'grant-revoked')
    assert.deepEqual(now.reached(), [])
    await restored(there)
    const isBack = async () => (await here.call('/up/read')).code === 'ok'
    await until(isBack, 'its restoring was heard of')
  },
  'a revocation there cuts the stream here': async ({ yard, here, there }) => {
    const before = yard.upstream.script
    yard.upstream.script = (socket) => {
      socket.write(chunkedHead('text/event-stream'))
      socket.write(chunk('data: {"n":1}\n\n'))
    }
    const now = await since(yard)
    const began = Promise.withResolvers<void>()
    const streaming = here.call('/up/read', { onData: () => began.resolve() })
    await began.promise
    await act(there, olga, `${grant}/revoke`)
    const seen = await streaming
    assert.deepEqual([seen.status, seen.complete], [200, false])
    yard.upstream.script = before
    const ending = async () => (await now.leaves()).find(({ type }) => type === 'call.outcome')
    await until(async () => (await ending()) !== undefined, 'its ending was recorded')
    assert.equal((await ending())?.ending, 'grant-revoked')
    await restored(here)
  },
  'what is certified there is fresh here': async ({ yard, here, there }) => {
    const overdue = reviewsYaml.replace('initial: 30d', 'initial: 0s')
    writeFileSync(join(yard.rulebook, 'reviews.yaml'), overdue)
    const applied = await there.admin(root, 'POST', '/rulebook/apply', {})
    assert.equal(applied.status, 200, applied.text())
    const read = async () => (await here.call('/up/read', { headers: { prefer: 'wait=0' } })).code
    await until(async () => (await read()) === 'approval-required', 'it is overdue here')
    const { content } = (await there.admin(olga, 'GET', grant)).json()
    await act(there, olga, `${grant}/certify`, { content, decision: 'keep' })
    await until(async () => (await read()) === 'ok', 'its certification was heard of')
  },
}

test('gateways that share what people decide about access', async (t) => {
  const server = await startPostgres()
  if ('missing' in server) return t.skip(server.missing)
  t.after(() => server.close())
  const yard = await openSharedYard(t, server)
  yard.upstream.script = answer({ body: '{"ok":true}' })
  writeReviewRules(yard.rulebook)
  const [here, there] = await Promise.all([yard.start('gw-1'), yard.start('gw-2')])
  for (const [name, check] of Object.entries(cases)) {
    await t.test(name, () => check({ yard, here, there }))
  }
  await t.test('and their log verifies', async () => {
    for (const gateway of [here, there]) {
      gateway.signal('SIGTERM')
      assert.equal(await gateway.exited, 0)
    }
    await assertVerifies(yard.home)
  })
})

async function act(
  gateway: Gateway,
  person: Person,
  path: string,
  more: object = {},
): Promise<void> {
  const seen = await gateway.admin(person, 'POST', path, { reason, ...more })
  assert.equal(seen.status, 200, seen.text())
}

async function restored(gateway: Gateway): Promise<void> {
  const { content } = (await gateway.admin(olga, 'GET', grant)).json()
  for (const person of [olga, otto]) await act(gateway, person, `${grant}/restore`, { content })
}
