import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { connect, constants } from 'node:http2'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { assertSoundLog, type House, openHouse, root, since, until } from './house.ts'
import { callersMayCall } from './rules.ts'
import { answer, chunk, chunkedHead } from './upstream.ts'

const noGrant = `${callersMayCall.replace('Group::"callers"', 'Group::"others"')}`

test('policy is live', async (t) => {
  const house = await openHouse(t)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  const call = () => house.call('/up/read', { agent })
  house.upstream.script = answer({ body: '{}' })

  await t.test('a revoked grant counts on the next call of an open connection', async () => {
    assert.equal((await call()).code, 'ok')
    await activate(house, { 'policies/grants.cedar': noGrant })
    const now = since(house)
    const seen = await call()
    assert.deepEqual([seen.code, seen.reused, now.reached()], ['policy-denied', true, 0])
    assert.deepEqual(now.leaves()[0]?.decision.policy, activated(house))
    await activate(house, { 'policies/grants.cedar': callersMayCall })
    const again = await call()
    assert.deepEqual([again.code, again.reused], ['ok', true])
  })

  await t.test('and on the next call of an open HTTP/2 connection', () => overHttp2(house))
  await t.test('a call under way ends under the rules it began with', () => underWay(house))

  for (const [name, files] of Object.entries(invalid)) {
    await t.test(`${name}: the old rulebook stays in force`, async () => {
      const before = activated(house)
      const said = house.logged().length
      write(house, files)
      await until(() => house.logged().slice(said).includes('rulebook refused'), 'it was refused')
      assert.equal((await call()).code, 'ok')
      assert.equal(activated(house), before)
      const check = await house.admin(root, 'POST', '/rulebook/check')
      assert.equal(check.json().valid, false, check.text())
      restore(house, files)
    })
  }

  await t.test('the log is sound', () => assertSoundLog(house))
})

const invalid: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = {
  'policies that are no Cedar': { 'policies/grants.cedar': 'permit (' },
  'a policy about a function that is not there': {
    'policies/grants.cedar': callersMayCall.replace('Action::"dead"', 'Action::"deed"'),
  },
  'YAML that is none': { 'connections/up.yaml': 'id: [' },
  'an unknown key': { 'functions/dead.yaml': 'connection: dead\nfunctions: []\nfunctoins: []\n' },
  'a file that is gone': { 'connections/dead.yaml': undefined },
  'a test that fails': {
    'tests/read.yaml':
      '- name: strangers read\n  as: { user: x }\n  call: up.read\n  expect: allow\n',
  },
}

const originals = new Map<string, string | undefined>()

function write(house: House, files: Readonly<Record<string, string | undefined>>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(house.rulebook, name)
    originals.set(name, name.startsWith('tests/') ? undefined : readFileSync(path, 'utf8'))
    put(path, text)
  }
}

function restore(house: House, files: Readonly<Record<string, string | undefined>>): void {
  for (const name of Object.keys(files)) put(join(house.rulebook, name), originals.get(name))
}

function put(path: string, text: string | undefined): void {
  if (text === undefined) rmSync(path, { force: true })
  else {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
}

/** The digest of the rulebook that the log says is in force. */
const activated = (house: House): string =>
  house.records().findLast(({ type }) => type === 'rulebook.activated')?.digest

async function activate(house: House, files: Readonly<Record<string, string>>): Promise<void> {
  const before = activated(house)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(house.rulebook, name), text)
  await until(() => activated(house) !== before, 'the new rulebook was activated')
}

async function overHttp2(house: House): Promise<void> {
  const session = connect(house.url())
  const status = () =>
    new Promise<unknown>((resolve, reject) => {
      const headers = { ':path': '/up/read', authorization: `Bearer ${house.token}` }
      const stream = session.request(headers)
      stream.on('response', (answered) => resolve(answered[constants.HTTP2_HEADER_STATUS]))
      stream.on('error', reject)
      stream.resume()
      stream.end()
    })
  assert.equal(await status(), 200)
  await activate(house, { 'policies/grants.cedar': noGrant })
  assert.equal(await status(), 403)
  await activate(house, { 'policies/grants.cedar': callersMayCall })
  assert.equal(await status(), 200)
  session.close()
}

/** Its masks too: an event that comes after the change is hidden as the call's record says. */
async function underWay(house: House): Promise<void> {
  const now = since(house)
  const changed = Promise.withResolvers<void>()
  const functions = readFileSync(join(house.rulebook, 'functions/up.yaml'), 'utf8')
  house.upstream.script = (socket) => {
    socket.write(chunkedHead('text/event-stream'))
    socket.write(chunk('data: {"ssn":"1"}\n\n'))
    void changed.promise.then(() =>
      socket.write(chunk('data: {"ssn":"2"}\n\n') + chunk('').toString()),
    )
  }
  const began = Promise.withResolvers<void>()
  const seen = house.call('/up/person', { onData: () => began.resolve() })
  await began.promise
  const before = activated(house)
  await activate(house, { 'functions/up.yaml': functions.replace('redact: SSN', 'redact: OTHER') })
  changed.resolve()
  const hidden = 'data: {"ssn":"[REDACTED:SSN]"}\n\n'
  assert.equal((await seen).text(), hidden + hidden)
  const intent = now.leaves().find(({ type }) => type === 'call.authorized')
  assert.equal(intent?.decision.policy, before)
  house.upstream.script = answer({ body: '{}' })
  await activate(house, { 'functions/up.yaml': functions })
}
