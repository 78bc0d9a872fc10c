import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { assertSoundLog, type House, openHouse } from './house.ts'
import { assertVerifies } from './published-log.ts'
import { answer } from './upstream.ts'

/** Values that exist nowhere else, so that whatever shows one leaked it. */
const card = '4539578763621486'
const ssn = '536-22-8716'
const mail = 'canary-person@corp.example'

const masking = `detect:
  - id: vault-shows
    entities: ['*']
    functions: ['vault.*']
    do: keep
  - id: cards
    profile: pci
    do: { partial: { first: 6, last: 4 } }
  - id: mail
    entities: [EMAIL_ADDRESS]
    direction: [result, arguments]
    from: [record]
    do: tokenise
    reveal:
      - groups: [support-leads]
        do: keep
  - id: everything-else
    entities: ['*']
    direction: [result, arguments]
    from: [record]
custom:
  - id: employee
    entity: EMPLOYEE_ID
    pattern: '\\bE-(\\d{6})\\b'
`
const vault = {
  'connections/vault.yaml': `id: vault
protocol: http
upstream: 'vault:'
prefix: /vault
credential: none
`,
  'functions/vault.yaml': `connection: vault
functions:
  - name: detokenise
    purpose: Turn tokens back
    owner: privacy
    sensitivity: restricted
    risk: high
    http: POST /detokenise
    arguments:
      tokens: { type: array, items: { type: string }, required: true }
    mask: none
`,
  'policies/vault.cedar': `@id("leads-detokenise")
@owner("privacy")
@reason("Leads turn tokens back")
@review("90d")
permit (principal in Group::"support-leads", action, resource == Function::"vault.detokenise");
@id("leads-read")
@owner("team")
@reason("Leads read")
@review("90d")
permit (principal in Group::"support-leads", action, resource == Function::"up.read");
`,
  'masking.yaml': masking,
}

async function detectingHouse(t: Parameters<typeof openHouse>[0]): Promise<House> {
  const house = await openHouse(t)
  await house.stop()
  for (const [file, text] of Object.entries(vault)) writeFileSync(join(house.rulebook, file), text)
  await house.restart()
  return house
}

const encoded = (coding: string, body: Uint8Array) =>
  answer({ headers: { 'content-encoding': coding }, body })
const row = {
  note: `paid with ${card}, then wrote to ${mail}`,
  ids: [ssn],
  n: 1.0,
  who: 'E-123456',
}
const lead = { sub: 'lea', groups: ['support-leads'] }

test('values that nobody declared are found in results, and become what the rules say', async (t) => {
  const house = await detectingHouse(t)
  const token = await house.idp.token(lead)
  let hidden = ''

  await t.test('in JSON, byte for byte but for them', async () => {
    house.upstream.script = answer({ body: `{ "a" : 1.50, "row":${JSON.stringify(row)} }` })
    const seen = await house.call('/up/read')
    assert.equal(seen.status, 200, seen.text())
    for (const value of [card, ssn, mail, '123456']) assert.ok(!seen.text().includes(value))
    assert.match(seen.text(), /^\{ "a" : 1\.50, "row":\{"note":"paid with 453957\*{6}1486, /)
    assert.match(seen.text(), /\[REDACTED:US_SSN\]/)
    assert.match(seen.text(), /E-\[REDACTED:EMPLOYEE_ID\]/)
    hidden = /tok_1_[\w-]+/.exec(seen.text())?.[0] ?? assert.fail('there is no token')
    const outcome = house.records().findLast(({ type }) => type === 'call.outcome') ?? assert.fail()
    const found = outcome.masked.map(({ rule, entity, how, n }: Record<string, unknown>) => {
      return [rule, entity, how, n]
    })
    assert.match(outcome.masker.digest, /^sha256:[0-9a-f]{64}$/)
    assert.ok(Number.isSafeInteger(outcome.masker.micros))
    assert.deepEqual(found.toSorted(), [
      ['cards', 'CREDIT_CARD', 'partial', 1],
      ['everything-else', 'EMPLOYEE_ID', 'redact', 1],
      ['everything-else', 'US_SSN', 'redact', 1],
      ['mail', 'EMAIL_ADDRESS', 'tokenise', 1],
    ])
  })

  await t.test('whoever may sees more', async () => {
    house.upstream.script = answer({ body: JSON.stringify(row) })
    const seen = await house.call('/up/read', { token })
    assert.equal(seen.status, 200, seen.text())
    assert.ok(seen.text().includes(mail))
    assert.ok(!seen.text().includes(card))
  })

  await t.test('a token is turned back by a call of its own, and by nobody else', async () => {
    const json = { tokens: [hidden, 'tok_1_AAAA', `${hidden}A`] }
    const refused = await house.call('/vault/detokenise', { json })
    assert.equal(refused.code, 'policy-denied', refused.text())
    const seen = await house.call('/vault/detokenise', { json, token })
    assert.equal(seen.status, 200, seen.text())
    assert.deepEqual(seen.json().values, [
      { token: hidden, type: 'EMAIL_ADDRESS', value: mail },
      { token: 'tok_1_AAAA', type: null, value: null },
      { token: `${hidden}A`, type: null, value: null },
    ])
  })

  await inHeaders(t, house)
  await inArguments(t, house)

  await inOtherBodies(t, house)

  await t.test(
    'where the rules say so, a body that nobody can read passes, and the record says it',
    async () => {
      await house.stop()
      writeFileSync(join(house.rulebook, 'masking.yaml'), `${masking}onError: pass\n`)
      await house.restart()
      const headers = { 'content-type': 'application/octet-stream' }
      house.upstream.script = answer({ headers, body: '\u0001' })
      assert.equal((await house.call('/up/read')).code, 'ok')
      const outcome =
        house.records().findLast(({ type }) => type === 'call.outcome') ?? assert.fail()
      assert.deepEqual(outcome.masked, [{ how: 'pass', n: 1, path: '$', rule: 'unread' }])
      // Whether what the upstream was given comes back in it nobody can see.
      house.upstream.script = encoded('compress', Buffer.from('{}'))
      assert.equal((await house.call('/up/read')).code, 'result-withheld')
    },
  )

  await t.test('the log is sound, and verifies', async () => {
    assertSoundLog(house, [card, ssn, mail, hidden])
    await house.stop()
    assert.deepEqual(
      (await assertVerifies(house.home)).filter((code) => code.startsWith('mask')),
      [],
    )
  })
})

async function inHeaders(t: TestContext, house: House): Promise<void> {
  await t.test('in headers, whatever they are for', async () => {
    const link = `<https://x.example/?who=${mail}>; rel="next"`
    const headers = { 'x-user': mail, link, location: `/${mail}`, 'x-plain': 'as it was' }
    house.upstream.script = answer({ headers, body: '{}' })
    const seen = await house.call('/up/read')
    assert.equal(seen.status, 200, seen.text())
    const told = JSON.stringify(seen.headers)
    assert.ok(!told.includes(mail), told)
    assert.match(told, /<https:..x\.example.\?who=tok_1_[\w-]+>; rel=/)
    assert.ok(told.includes('as it was'))
    const { masked } =
      house.records().findLast(({ type }) => type === 'call.outcome') ?? assert.fail()
    const places = masked.map(({ path }: Record<string, unknown>) => path)
    assert.deepEqual(places.toSorted(), ['header:link', 'header:location', 'header:x-user'])
  })
}

async function inArguments(t: TestContext, house: House): Promise<void> {
  await t.test('in arguments, the record does not see them and the upstream does', async () => {
    house.upstream.script = answer({ body: '{}' })
    const note = `call ${mail} about ${ssn}`
    const seen = await house.call('/up/write', { json: { note } })
    assert.equal(seen.status, 200, seen.text())
    assert.ok(house.upstream.reached.at(-1)?.body.includes(note))
    const intent = house.records().findLast(({ type }) => type === 'call.authorized')
    const kept = house.payload(intent?.index ?? 0, 'args') ?? assert.fail('nothing was kept')
    assert.ok(!kept.includes(mail) && !kept.includes(ssn), kept)
  })

  await t.test('in long arguments, beside which a short call is answered', async () => {
    house.upstream.script = answer({ body: '{}' })
    const note = `${'call them today. '.repeat(10_000)} ${mail} ${ssn}`
    const [long, short] = await Promise.all([
      house.call('/up/write', { json: { note } }),
      house.call('/up/read'),
    ])
    assert.deepEqual([long.status, short.status], [200, 200], long.text() + short.text())
    const intents = house.records().filter(({ type }) => type === 'call.authorized')
    const kept = intents.map(({ index }) => house.payload(index, 'args') ?? '')
    assert.ok(kept.some((text) => text.includes('call them today.  tok_1_')))
    assert.ok(kept.every((text) => !text.includes(mail) && !text.includes(ssn)))
  })
}

async function inOtherBodies(t: TestContext, house: House): Promise<void> {
  await t.test('in an event stream, whatever the pieces', async () => {
    const body = Buffer.from(
      `data: {"delta":"write to ${mail}"}\n\ndata: {"delta":" and ${ssn}"}\n\n`,
    )
    house.upstream.script = (socket) => {
      socket.write(
        'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n',
      )
      for (const byte of body) socket.write(Buffer.of(byte))
      socket.end()
    }
    const seen = await house.call('/up/read')
    assert.equal(seen.status, 200, seen.text())
    assert.ok(!seen.text().includes(mail) && !seen.text().includes(ssn), seen.text())
    assert.match(seen.text(), /tok_1_/)
  })

  await t.test('in a long body that comes compressed, and goes out plain', async () => {
    const rows = Array.from({ length: 20_000 }, (_, at) => ({ at, n: at * 7919, mail, ssn }))
    house.upstream.script = encoded('gzip', gzipSync(JSON.stringify({ rows })))
    const seen = await house.call('/up/read')
    assert.deepEqual([seen.status, seen.complete], [200, true], seen.text().slice(0, 500))
    assert.equal(seen.headers['content-encoding'], undefined)
    assert.ok(!seen.text().includes(mail) && !seen.text().includes(ssn))
    const outcome = house.records().findLast(({ type }) => type === 'call.outcome') ?? assert.fail()
    const counted = outcome.masked.map(({ entity, n }: Record<string, unknown>) => [entity, n])
    assert.deepEqual(counted.toSorted(), [
      ['EMAIL_ADDRESS', 20_000],
      ['US_SSN', 20_000],
    ])
  })

  await t.test('a body that bursts breaks off, and the record says why', async () => {
    house.upstream.script = encoded('zstd', zstdCompressSync(`["${' '.repeat(50_000_000)}"]`))
    const seen = await house.call('/up/read')
    assert.equal(seen.complete && seen.code === 'ok', false)
    assert.ok(seen.body.length < 4_000_000, `${seen.body.length} bytes came of it`)
    const outcome = house.records().findLast(({ type }) => type === 'call.outcome') ?? assert.fail()
    assert.equal(outcome.ending, 'result-withheld')
  })

  await t.test('a body that nobody can read is withheld', async () => {
    const headers = { 'content-type': 'application/octet-stream' }
    house.upstream.script = answer({ headers, body: `\u0001${card}` })
    const seen = await house.call('/up/read')
    assert.equal(seen.code, 'result-withheld', seen.text())
    assert.ok(!seen.text().includes(card))
  })
}
