import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parseTrust, verifyProof } from '@sallyport/evidence'
import { type House, openHouse, type Person, root, until } from './house.ts'
import { auditor, integrated, reader, takeAway, told, verified } from './take-away.ts'
import { answer } from './upstream.ts'

const boss: Person = { sub: 'boss', groups: ['admin'] }
const canary = 'canary-536-22-8716'

/** A house in which somebody wrote something, was refused something, and was let do one thing by Dana. */
async function busyHouse(t: TestContext): Promise<{
  readonly house: House
  readonly session: string
  /** Index of the intent of a call that carried the canary. */
  readonly intent: number
}> {
  const house = await openHouse(t)
  // The first checkpoint is archived some moments after it is published: an export is compared with it.
  await until(() => archived(house).length > 0, 'a checkpoint is archived')
  await house.call('/up/write', { json: { note: canary } })
  await house.call('/up/read')
  await callByKey(house)
  house.upstream.script = answer({ body: '{"ssn":"536-22-8716","rows":[{"ssn":"1"}]}' })
  const masked = await house.call('/up/person')
  assert.match(masked.text(), /REDACTED/)
  house.upstream.script = answer({ body: '{}' })
  const refused = await house.call('/up/items/a', { method: 'DELETE' })
  assert.equal(refused.code, 'policy-denied')
  const json = { to: 'acme', amount: 500_000 }
  const held = await house.call('/up/transfers', { json, headers: { prefer: 'wait=0' } })
  assert.equal(held.code, 'approval-required', held.text())
  assert.equal((await house.approve(held.approval)).status, 200)
  const headers = { 'sallyport-approval': held.approval }
  const released = await house.call('/up/transfers', { json, headers })
  assert.equal(released.status, 200, released.text())
  const records = house.records()
  const intent = records.find(
    ({ type, fn }) => type === 'call.authorized' && fn.name === 'up.write',
  )
  await integrated(house, records.length - 1)
  return { house, session: intent?.session, intent: intent?.index }
}

function archived({ home }: House): readonly string[] {
  const folder = join(home, 'log', 'checkpoints')
  return existsSync(folder) ? readdirSync(folder) : []
}

/** Somebody without an identity provider: known to policy by the key's groups. */
async function callByKey(house: House): Promise<void> {
  const issued = await house.admin(root, 'POST', '/keys', {
    name: 'nightly',
    kind: 'workload',
    groups: ['callers'],
    scope: ['up.*'],
    expires_at: new Date(Date.now() + 3_600_000).toISOString(),
  })
  const seen = await house.call('/up/read?q=by-key', { token: issued.json().key })
  assert.equal(seen.status, 200, seen.text())
}

test('a record is proved offline, by nothing but the receipt and the trust file', async (t) => {
  const { house, intent } = await busyHouse(t)
  const proof = await integrated(house, intent)
  assert.equal(proof.headers['sallyport-proof'], 'integrated')
  const trust = parseTrust((await house.admin(auditor, 'GET', '/evidence/trust')).text())
  const shown = await verifyProof(proof.text(), trust)
  assert.equal(shown.checkpoint.origin, 'sallyport.local/gateway')
  const leaf = await house.admin(auditor, 'GET', `/records/${intent}`)
  const asserted = await verifyProof(proof.text(), trust, { entry: leaf.body })
  assert.equal(asserted.checkpoint.origin, shown.checkpoint.origin)
  const other = await house.admin(auditor, 'GET', `/records/${intent + 1}`)
  await assert.rejects(verifyProof(proof.text(), trust, { entry: other.body }))
  const beyond = await house.admin(auditor, 'GET', '/records/999999/proof')
  assert.equal(beyond.status, 404)
})

test('a call says of each of its records how far its proof has come', async (t) => {
  const { house, intent } = await busyHouse(t)
  const [record] = house.records(intent)
  const call = await house.admin(auditor, 'GET', `/calls/${record?.call}`)
  const states = call.json().leaves.map(({ state }: { state: string }) => state)
  assert.deepEqual(states, ['integrated', 'integrated'])
})

test('the log says who the parties were, from where they called and when policy was asked', async (t) => {
  const { house, session, intent } = await busyHouse(t)
  const records = house.records()
  const opened = records.filter(({ type }) => type === 'session.opened')
  assert.equal(opened.length, 2, 'one of each caller')
  assert.equal(opened[0]?.session, session)
  assert.deepEqual(opened[0]?.parties, [
    { groups: ['callers'], iss: 'corp', kind: 'user', sub: 'tess' },
  ])
  const first = records.find((one) => one.session === session)
  assert.equal(first?.type, 'session.opened')
  const { source, decision, time } = records[intent] ?? assert.fail()
  assert.deepEqual(source, { ip: '127.0.0.1', protocol: 'http' })
  assert.ok(Date.parse(decision.time) <= Date.parse(time))
})

const scopes = ['whole', 'range', 'session'] as const
for (const scope of scopes) {
  for (const payloads of [false, true]) {
    test(`an export verifies: ${scope}, payloads ${payloads}`, async (t) => {
      const { house, session } = await busyHouse(t)
      const since = house.records()[3]?.time
      const asked = {
        scope,
        payloads,
        ...(scope === 'session' && { session }),
        ...(scope === 'range' && { since }),
      }
      const { folder, paths } = await takeAway(t, house, asked)
      const verdict = await verified(house, folder, asked.scope)
      assert.deepEqual(told(verdict), [])
      assert.ok(verdict.ok)
      assert.equal(verdict.scope, scope)
      const open = verdict.checks.filter(({ state }) => state !== 'passed')
      if (scope === 'whole' && payloads) assert.deepEqual(open, [])
      assert.equal(
        paths.some((path) => path.startsWith('payloads/')),
        payloads,
      )
      const record = house.records().findLast(({ type }) => type === 'evidence.exported')
      assert.deepEqual(
        [record?.scope, record?.payloads, record?.by],
        [scope, payloads, 'corp:rita'],
      )
      const files = paths.map((path) => readFileSync(join(folder, path), 'latin1'))
      assert.equal(
        files.some((text) => text.includes(canary)),
        payloads,
      )
    })
  }
}

test('one changed byte of an export is found, and the record named', async (t) => {
  const { house, intent } = await busyHouse(t)
  const { folder, paths } = await takeAway(t, house, { scope: 'whole', payloads: false })
  const entries = paths.find((path) => path.startsWith('tile/entries/')) ?? assert.fail()
  const bytes = readFileSync(join(folder, entries))
  const call = house.records(intent)[0]?.call ?? assert.fail()
  const at = bytes.indexOf(call)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(join(folder, entries), bytes)
  const verdict = await verified(house, folder)
  assert.ok(!verdict.ok)
  assert.ok(verdict.findings.some(({ record }) => record === intent))
})

test('parts of a log of several tiles verify by themselves', async (t) => {
  const { house } = await busyHouse(t)
  for (let n = 0; n < 150; n++) await house.call('/up/read')
  const token = await house.idp.token({ sub: 'tim', groups: ['callers'] })
  await house.call('/up/write', { token, json: { note: 'tim' } })
  const mine = house.records().at(-1) ?? assert.fail()
  for (let n = 0; n < 150; n++) await house.call('/up/read')
  await integrated(house, house.records().length - 1)
  const { session, index, time: until } = mine
  const since = house.records()[index - 20]?.time
  for (const asked of [
    { scope: 'session', session, payloads: true },
    { scope: 'range', since, until, payloads: true },
  ] as const) {
    const { folder, paths } = await takeAway(t, house, asked)
    const verdict = await verified(house, folder, asked.scope)
    assert.deepEqual(told(verdict), [])
    assert.ok(verdict.ok)
    const entries = paths.filter((path) => path.startsWith('tile/entries/')).length
    const payloads = paths.filter((path) => path.startsWith('payloads/')).length
    assert.ok(asked.scope === 'session' ? entries === 0 && payloads <= 3 : entries <= 2)
  }
})

test('the log folder itself verifies, and a rulebook that is missing in it is published again', async (t) => {
  const { house } = await busyHouse(t)
  const log = join(house.home, 'log')
  const sound = await verified(house, log)
  assert.ok(sound.ok, told(sound).join())
  const [rulebook = assert.fail()] = readdirSync(join(log, 'rulebooks'))
  const content = readFileSync(join(log, 'rulebooks', rulebook))
  assert.equal(`${createHash('sha256').update(content).digest('hex')}.json`, rulebook)
  await house.stop()
  rmSync(join(log, 'rulebooks', rulebook))
  await house.restart()
  await until(() => existsSync(join(log, 'rulebooks', rulebook)), 'the rulebook was published')
  assert.deepEqual(readFileSync(join(log, 'rulebooks', rulebook)), content)
  await integrated(house, house.records().length - 1)
  const again = await verified(house, log)
  assert.ok(again.ok, told(again).join())
})

test('an export is for who asked for it', async (t) => {
  const { house } = await busyHouse(t)
  const wrong = [
    { scope: 'session', payloads: false },
    { scope: 'whole', session: 'ses_1', payloads: false },
    { scope: 'whole', since: '2026-01-01T00:00:00Z', payloads: false },
    { scope: 'everything', payloads: false },
  ]
  for (const asked of wrong) {
    assert.equal((await house.admin(reader, 'POST', '/exports', asked)).status, 400)
  }
  const never = { scope: 'range', until: '2001-01-01T00:00:00Z', payloads: false }
  assert.equal((await house.admin(reader, 'POST', '/exports', never)).status, 404)
  const nobody = { scope: 'session', session: 'ses_none', payloads: false }
  assert.equal((await house.admin(reader, 'POST', '/exports', nobody)).status, 404)
  const { id } = (
    await house.admin(reader, 'POST', '/exports', { scope: 'whole', payloads: false })
  ).json()
  for (const path of ['', '/checkpoint', '/bundle.json']) {
    assert.equal((await house.admin(reader, 'GET', `/exports/${id}/files${path}`)).status, 200)
    assert.equal((await house.admin(auditor, 'GET', `/exports/${id}/files${path}`)).status, 404)
  }
  for (const path of ['payloads/3.args', 'leaf/0', '../keys.json', 'rulebooks/x.json']) {
    const got = await house.admin(reader, 'GET', `/exports/${id}/files/${path}`)
    assert.equal(got.status, 404, path)
  }
})

test('an export stays what it was while the log grows', async (t) => {
  const { house } = await busyHouse(t)
  const planned = await house.admin(reader, 'POST', '/exports', { scope: 'whole', payloads: false })
  const { id, size } = planned.json()
  for (let n = 0; n < 300; n++) await house.call('/up/read')
  await integrated(house, house.records().length - 1)
  const listed = await house.admin(reader, 'GET', `/exports/${id}/files?limit=200`)
  for (const { path, bytes } of listed.json().data) {
    const got = await house.admin(reader, 'GET', `/exports/${id}/files/${path}`)
    assert.equal(got.status, 200, path)
    if (bytes !== null) assert.equal(got.body.length, bytes)
  }
  const tile = await house.admin(reader, 'GET', `/exports/${id}/files/tile/0/000.p/${size}`)
  assert.equal(tile.body.length, size * 32)
  const beyond = await house.admin(reader, 'GET', `/exports/${id}/files/tile/0/001`)
  assert.equal(beyond.status, 404)
})

test('a payload is read by those alone who have that role, and the reading is recorded first', async (t) => {
  const { house, intent } = await busyHouse(t)
  const path = `/records/${intent}/payloads/args`
  for (const person of [root, auditor, boss]) {
    assert.equal((await house.admin(person, 'GET', path)).status, 403)
  }
  const before = house.records().length
  const got = await house.admin(reader, 'GET', path)
  assert.equal(got.status, 200, got.text())
  assert.ok(got.text().includes(canary))
  assert.equal(got.headers['content-type'], 'application/octet-stream')
  const { type, record, role, by } = house.records(before).findLast((one) => one.role) ?? {}
  assert.deepEqual([type, record, role, by], ['payload.read', intent, 'args', 'corp:rita'])
  assert.equal((await house.admin(reader, 'GET', `/records/${intent}/payloads/result`)).status, 404)
  assert.equal(
    (await house.admin(auditor, 'POST', '/exports', { scope: 'whole', payloads: true })).status,
    403,
  )
})

test('two people erase a payload; it is explained, not missing, and nobody does it alone', async (t) => {
  const { house, intent } = await busyHouse(t)
  const reason = 'a request of the data subject'
  const wanted = await house.admin(root, 'POST', `/records/${intent}/erasures`, { reason })
  assert.equal(wanted.status, 201, wanted.text())
  const { id, roles, you } = wanted.json()
  assert.deepEqual([roles, you.may_approve], [['args'], false])
  const again = await house.admin(boss, 'POST', `/records/${intent}/erasures`, { reason })
  assert.equal(again.status, 409)
  const alone = await house.admin(root, 'POST', `/erasures/${id}/approve`)
  assert.equal(alone.status, 403)
  assert.equal((await house.admin(auditor, 'POST', `/erasures/${id}/approve`)).status, 403)
  const both = await house.admin(boss, 'POST', `/erasures/${id}/approve`)
  assert.deepEqual([both.status, both.json().state], [200, 'DONE'], both.text())
  assert.equal((await house.admin(boss, 'POST', `/erasures/${id}/approve`)).status, 409)
  const gone = await house.admin(reader, 'GET', `/records/${intent}/payloads/args`)
  assert.deepEqual([gone.status, gone.json().code], [410, 'payload-gone'])
  const erased = house.records().find(({ type }) => type === 'payload.erased') ?? assert.fail()
  assert.ok(gone.json().detail.includes(`record ${erased.index}`))
  assert.equal(house.payload(intent, 'args'), undefined)
  await integrated(house, house.records().length - 1)
  for (const asked of [
    { scope: 'whole', payloads: true },
    { scope: 'session', session: house.records()[intent]?.session, payloads: true },
  ] as const) {
    const { folder, paths } = await takeAway(t, house, asked)
    assert.ok(!paths.includes(`payloads/${intent}.args`))
    const verdict = await verified(house, folder, asked.scope)
    assert.deepEqual(told(verdict), [])
    assert.ok(verdict.ok)
  }
  const nothing = await house.admin(root, 'POST', `/records/${intent}/erasures`, { reason })
  assert.equal(nothing.status, 404)
})

test('only files of the log are given out, by their exact names', async (t) => {
  const { house } = await busyHouse(t)
  const size = house.records().length
  const wrong = [
    '../sallyport.db',
    '..%2fkeys.json',
    'staging',
    'staging/1-00',
    'tile/0/000.p/256',
    'tile/0/0',
    'tile/entries/../../keys.json',
    'checkpoints/01',
    'rulebooks/aa.json',
    'checkpoint/',
    `checkpoints/${size + 1000}`,
  ]
  for (const path of wrong) {
    const got = await house.admin(auditor, 'GET', `/evidence/files/${path}`)
    assert.ok(got.status === 404 || got.status === 400, `${path}: ${got.status}`)
  }
  const checkpoint = await house.admin(auditor, 'GET', '/evidence/files/checkpoint')
  const newest = await house.admin(auditor, 'GET', '/evidence/checkpoint')
  assert.equal(checkpoint.status, 200)
  assert.match(newest.text(), /^sallyport\.local\/gateway\n\d+\n/)
  assert.equal((await house.admin(reader, 'GET', '/evidence/trust')).status, 200)
  assert.equal((await house.admin({ sub: 'x', groups: [] }, 'GET', '/evidence/trust')).status, 403)
})
