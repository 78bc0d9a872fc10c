import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { cosign } from '@sallyport/evidence'
import { noteIn, rogue, textOf } from './asking-log.ts'
import { type House, openHouse, type Person, root, until } from './house.ts'
import { integrated, reader, takeAway, told, verified } from './take-away.ts'

const boss: Person = { sub: 'boss', groups: ['admin'] }
const whole = { scope: 'whole', payloads: true } as const

type Yard = {
  readonly house: House
  /** The intent of a call that carried a payload, and its session. */
  readonly intent: number
  readonly session: string
  /** Whether the one witness cosigns. */
  readonly witness: { isThere: boolean }
  /** Two people erase that payload. Returns the record that says so, once it is published. */
  readonly erase: () => Promise<number>
}

/** A house whose one witness has cosigned a call. */
async function openYard(t: TestContext): Promise<Yard> {
  const witness = { isThere: true }
  const member = await rogue(t, (signer) => async (request, response) => {
    const body = await textOf(request)
    if (!witness.isThere || request.method !== 'POST') return response.writeHead(503).end()
    return response.end(await cosign(noteIn(body), signer, Math.floor(Date.now() / 1000)))
  })
  const house = await openHouse(t, { witnesses: { members: [member] } })
  const { intent, session } = await written(house)
  await until(async () => (await stateOf(house, intent + 1)) === 'witnessed', 'witnessed')
  const erase = async () => {
    const reason = 'a request of the data subject'
    const asked = await house.admin(root, 'POST', `/records/${intent}/erasures`, { reason })
    assert.equal(asked.status, 201, asked.text())
    const { id } = asked.json()
    const approved = await house.admin(boss, 'POST', `/erasures/${id}/approve`)
    assert.equal(approved.status, 200, approved.text())
    const erased = house.records().find(({ type }) => type === 'payload.erased')
    await integrated(house, erased?.index)
    return erased?.index
  }
  return { house, intent, session, witness, erase }
}

async function written(house: House, sub = 'tess'): Promise<Pick<Yard, 'intent' | 'session'>> {
  const token = await house.idp.token({ sub, groups: ['callers'] })
  await house.call('/up/write', { token, json: { note: 'canary' } })
  const { index, session } =
    house.records().findLast(({ type }) => type === 'call.authorized') ?? assert.fail()
  return { intent: index, session }
}

async function stateOf(house: House, index: number): Promise<string> {
  const seen = await house.admin(reader, 'GET', `/records/${index}/proof`)
  return String(seen.headers['sallyport-proof'])
}

/** Once it is made, an auditor finds nothing wrong with the whole log and its payloads. */
async function check(t: TestContext, house: House): Promise<void> {
  await until(async () => {
    const { status } = await house.admin(reader, 'POST', '/exports', whole)
    return status === 201
  }, 'an export is made')
  const { folder } = await takeAway(t, house, whole)
  const verdict = await verified(house, folder)
  assert.deepEqual(told(verdict), [])
  assert.ok(verdict.ok)
}

test('what was erased while a witness is away is not shown as missing without a reason', async (t) => {
  const { house, witness, erase } = await openYard(t)
  witness.isThere = false
  const erased = await erase()
  const refused = await house.admin(reader, 'POST', '/exports', whole)
  assert.deepEqual([refused.status, refused.json().code], [409, 'not-integrated'])
  assert.ok(refused.json().detail.includes(`record ${erased} says`), refused.text())
  for (const asked of [
    { scope: 'whole', payloads: false },
    { scope: 'range', since: '2020-01-01T00:00:00Z', payloads: true },
  ] as const) {
    const { folder } = await takeAway(t, house, asked)
    const verdict = await verified(house, folder, asked.scope)
    assert.deepEqual(told(verdict), [], 'a part of a log, or no payloads: nothing is accused')
  }
  witness.isThere = true
  await check(t, house)
})

test('what was erased after an export was planned ends that export', async (t) => {
  const { house, intent, erase } = await openYard(t)
  const planned = await house.admin(reader, 'POST', '/exports', whole)
  const { id } = planned.json()
  const ask = (path: string) => house.admin(reader, 'GET', `/exports/${id}/files${path}`)
  assert.equal((await ask(`/payloads/${intent}.args`)).status, 200)
  const erased = await erase()
  let listed = await ask('?limit=200')
  while (listed.status === 200 && listed.json().next_cursor !== null) {
    listed = await ask(`?limit=200&cursor=${listed.json().next_cursor}`)
  }
  for (const seen of [listed, await ask(`/payloads/${intent}.args`)]) {
    assert.deepEqual([seen.status, seen.json().code], [409, 'conflict'], seen.text())
    assert.ok(seen.json().detail.includes(`record ${erased} says`))
  }
  assert.equal((await ask('/checkpoint')).status, 200)
  await check(t, house)
})

test('an export says what waits for witnesses', async (t) => {
  const { house, witness } = await openYard(t)
  witness.isThere = false
  const from = new Date(Date.now() + 1).toISOString()
  await until(() => Date.now() > Date.parse(from), 'a later millisecond')
  const { intent, session } = await written(house, 'uma')
  await integrated(house, intent + 1)
  const planned = await house.admin(reader, 'POST', '/exports', { ...whole, payloads: false })
  const { size, state, waiting } = planned.json()
  assert.ok(size <= intent && waiting >= 2 && state === 'witnessed', planned.text())
  for (const asked of [
    { scope: 'session', session, payloads: false },
    { scope: 'range', since: from, payloads: false },
  ] as const) {
    const refused = await house.admin(reader, 'POST', '/exports', asked)
    assert.equal(refused.status, 404)
    assert.match(refused.json().detail, /\d+ newer records wait/)
  }
  const none = { scope: 'session', session: 'ses_none', payloads: false }
  assert.equal((await house.admin(reader, 'POST', '/exports', none)).status, 404)
})
