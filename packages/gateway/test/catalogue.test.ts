import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { importOpenApi } from '../src/rulebook/openapi-import.ts'
import { assertSoundLog, type House, openHouse, type Person, root, since, until } from './house.ts'
import { assertVerifies } from './published-log.ts'
import { writeRulebook } from './rules.ts'
import { answer, chunk, chunkedHead, type Reached, type Script } from './upstream.ts'
import { startWebhookReceiver, type WebhookReceiver } from './webhook-receiver.ts'

/** Answers for the shop, whose functions are called below `/shop` and `/wired`. */
const olga: Person = { sub: 'olga', groups: ['team-shop'] }

type Shop = {
  readonly house: House
  readonly hook: WebhookReceiver
  /** How the shop answers whoever asks what it offers, at each of its two addresses. */
  says: { shop: Script; wired: Script }
  /** What it states of itself on the wire. */
  definition: string
}

type Items = { readonly maximum?: number; readonly more?: boolean; readonly gone?: boolean }

/** What the shop says of itself. */
function shopDocument({ maximum = 20, more = false, gone = false }: Items = {}): object {
  const limit = { name: 'limit', in: 'query', schema: { type: 'integer', maximum } }
  const responses = { 200: { description: 'Items' } }
  const list = { operationId: 'list', summary: 'Lists items', parameters: [limit], responses }
  const wipe = { operationId: 'wipe', summary: 'Wipes everything', responses }
  return {
    ...{ openapi: '3.1.0', info: { title: 'Shop', version: '1' } },
    paths: { ...(!gone && { '/items': { get: list } }), ...(more && { '/wipe': { post: wipe } }) },
  }
}

const says = (document: object): Script => answer({ body: JSON.stringify(document) })

async function openShop(t: TestContext): Promise<Shop> {
  const hook = await startWebhookReceiver()
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-hook-'))
  const secret = join(folder, 'hook')
  writeFileSync(secret, hook.secret)
  t.after(async () => {
    await hook.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const house = await openHouse(t, {
    notify: {
      channels: {
        ops: { webhook: { url: hook.url, secret: { file: secret }, insecureHttp: true } },
      },
    },
  })
  const said = says(shopDocument())
  const shop: Shop = { house, hook, says: { shop: said, wired: said }, definition: 'one' }
  house.upstream.script = (socket, request) => scriptOf(shop, request)(socket, request)
  writeRulebook(house.rulebook, rulesOf(house.upstream.url))
  const applied = await house.admin(root, 'POST', '/rulebook/apply', {})
  assert.equal(applied.status, 200, applied.text())
  return shop
}

function scriptOf({ says, definition }: Shop, { path }: Reached): Script {
  if (path === '/shop/openapi.json') return says.shop
  if (path === '/wired/openapi.json') return says.wired
  return answer({ body: '{"items":[]}', headers: { 'x-definition': definition } })
}

/** Two connections to one shop: one is read every second, the other says on the wire when it has changed. */
function rulesOf(url: string): Readonly<Record<string, string>> {
  const connection = (id: string, more: string) =>
    `id: ${id}\nprotocol: http\nupstream: ${url}/${id}\nprefix: /${id}\ncredential: none\n${more}\n`
  const functions = (id: string) =>
    importOpenApi(shopDocument(), { connection: id, owner: 'team-shop' }).yaml
  return {
    'connections/shop.yaml': connection(
      'shop',
      'describedBy: { openapi: /openapi.json, every: 1s }',
    ),
    'connections/wired.yaml': connection(
      'wired',
      'describedBy: { openapi: /openapi.json, every: 24h }\ndefinitionHeader: X-Definition',
    ),
    'functions/shop.yaml': functions('shop'),
    'functions/wired.yaml': functions('wired'),
    'policies/shop.cedar': `@id("shop-list")
@owner("team-shop")
@reason("Whoever calls may see what there is")
@review("90d")
permit (principal in Group::"callers", action in [Action::"shop", Action::"wired"], resource);
`,
    'reviews.yaml': 'notify: [ops]\n',
  }
}

const call = ({ house }: Shop, connection = 'shop') => house.call(`/${connection}/items?limit=5`)

async function comesTo(shop: Shop, code: string, connection = 'shop'): Promise<void> {
  await until(async () => (await call(shop, connection)).code === code, `a call came to ${code}`)
}

async function sourceOf({ house }: Shop, connection = 'shop') {
  const seen = await house.admin(root, 'GET', '/functions/sources')
  assert.equal(seen.status, 200, seen.text())
  return seen.json().data.find((one: { connection: string }) => one.connection === connection)
}

const diff = ({ house }: Shop, id = 'shop.list') =>
  house.admin(olga, 'GET', `/functions/${id}/diff`)

async function accept({ house }: Shop, found: string | null, id = 'shop.list', by = olga) {
  const note = 'Told everybody who calls it'
  return house.admin(by, 'POST', `/functions/${id}/accept`, { found, note })
}

type Check = (shop: Shop) => Promise<void>

const cases: Readonly<Record<string, Check>> = {
  'as it was registered: it is called': async (shop) => {
    await comesTo(shop, 'ok')
    await until(async () => (await sourceOf(shop)).read_at !== null, 'it was read')
    const seen = await shop.house.admin(olga, 'GET', '/functions/shop.list')
    const { source, hold, owner_groups, grants } = seen.json()
    assert.deepEqual([source.operation, hold], ['GET /items', null])
    assert.deepEqual([owner_groups, grants], [['team-shop'], ['shop-list']])
  },
  'described otherwise: refused after the next look, until its owner accepts just that': async (
    shop,
  ) => {
    const { house } = shop
    const now = since(house)
    shop.says.shop = says(shopDocument({ maximum: 500 }))
    await comesTo(shop, 'function-quarantined')
    assert.equal((await call(shop)).status, 403)
    const forwarded = () => house.upstream.reached.filter(({ path }) => path.startsWith('/shop/it'))
    const before = forwarded().length
    await call(shop)
    assert.equal(forwarded().length, before, 'nothing was forwarded')
    const listed = await house.admin(root, 'GET', '/functions?held=true')
    assert.deepEqual(
      listed.json().data.map(({ id, held }: { id: string; held: string }) => [id, held]),
      [['shop.list', 'drift']],
    )
    const shown = (await diff(shop)).json()
    assert.deepEqual(shown.differences, [
      {
        at: ['described', 'parameters', 'limit (query)', 'schema', 'maximum'],
        ...{ before: '20', after: '500' },
      },
    ])
    const { found } = shown.hold
    assert.equal((await accept(shop, found, 'shop.list', root)).status, 403, 'an administrator')
    assert.equal((await accept(shop, null)).status, 409, 'something else than was found')
    shop.says.shop = says(shopDocument({ maximum: 5000 }))
    await until(async () => (await diff(shop)).json().hold.found !== found, 'it changed again')
    assert.equal((await accept(shop, found)).status, 409, 'what it was a moment ago')
    const again = (await diff(shop)).json()
    assert.equal(again.you.may_accept, true)
    const accepted = await accept(shop, again.hold.found)
    assert.equal(accepted.status, 200, accepted.text())
    await comesTo(shop, 'ok')
    const records = now.leaves().filter(({ type }) => /^function\./.test(type))
    assert.deepEqual(
      records.map(({ type, fn, found: what, by }) => [type, fn, what, by]),
      [
        ['function.quarantined', 'shop.list', found, undefined],
        ['function.quarantined', 'shop.list', again.hold.found, undefined],
        ['function.accepted', 'shop.list', again.hold.found, 'corp:olga'],
      ],
    )
  },
  'its owner is told, and that it was accepted': async ({ hook }) => {
    const types = () => hook.taken().map(({ type }) => type)
    await until(() => types().includes('function.accepted'), 'somebody was told')
    const told = hook.taken().filter(({ data }) => data.id === 'shop.list')
    assert.ok(told.length > 0)
    assert.ok(JSON.stringify(told).includes('team-shop'))
  },
  'an operation that nobody registered is listed, and cannot be called': async (shop) => {
    const { house } = shop
    shop.says.shop = says(shopDocument({ maximum: 5000, more: true }))
    const discovered = async () => {
      const seen = await house.admin(root, 'GET', '/functions/discovered?connection=shop')
      return seen.json().data.map(({ id, operation }: Record<string, string>) => [id, operation])
    }
    await until(async () => (await discovered()).length > 0, 'it was found')
    assert.deepEqual(await discovered(), [['shop.wipe', 'POST /wipe']])
    const seen = await house.call('/shop/wipe', { method: 'POST' })
    assert.equal(seen.code, 'function-unknown')
    assert.equal((await house.admin(olga, 'GET', '/functions/shop.wipe/diff')).status, 404)
    assert.equal((await house.admin(root, 'GET', '/functions/shop.wipe/diff')).status, 200)
    assert.equal((await accept(shop, null, 'shop.wipe', root)).status, 404)
    shop.says.shop = says(shopDocument({ maximum: 5000 }))
    await until(async () => (await discovered()).length === 0, 'it was forgotten')
  },
  'stated on the wire: the call that says so passes, and the next one does not': async (shop) => {
    await until(async () => (await sourceOf(shop, 'wired')).read_at !== null, 'it was read')
    for (let calls = 0; calls < 3; calls++) assert.equal((await call(shop, 'wired')).code, 'ok')
    // Its next look by itself is tomorrow.
    shop.says.wired = says(shopDocument({ maximum: 21 }))
    shop.definition = 'two'
    assert.equal((await call(shop, 'wired')).code, 'ok')
    assert.equal((await call(shop, 'wired')).code, 'function-quarantined')
    await until(async () => (await diff(shop, 'wired.list')).status === 200, 'it is stored')
    const { hold } = (await diff(shop, 'wired.list')).json()
    assert.equal((await accept(shop, hold.found, 'wired.list')).status, 200)
    assert.equal((await call(shop, 'wired')).code, 'ok')
  },
  'stated on the wire, and then nobody can read it: refused until somebody can': async (shop) => {
    shop.says.wired = answer({ status: 500 })
    shop.definition = 'three'
    assert.equal((await call(shop, 'wired')).code, 'ok')
    assert.equal((await call(shop, 'wired')).code, 'function-quarantined')
    shop.says.wired = says(shopDocument({ maximum: 21 }))
    await comesTo(shop, 'ok', 'wired')
  },
  'held: so after a restart, whether the upstream can be read or not': async (shop) => {
    shop.says.shop = says(shopDocument({ maximum: 1 }))
    await comesTo(shop, 'function-quarantined')
    await until(async () => (await diff(shop)).json().hold.state === 'quarantined', 'it is stored')
    shop.says.shop = answer({ status: 503 })
    await shop.house.restart()
    assert.equal((await call(shop)).code, 'function-quarantined')
    const { hold, differences } = (await diff(shop)).json()
    assert.deepEqual([differences.length, differences[0].after], [1, '1'])
    assert.equal((await accept(shop, hold.found)).status, 200)
    shop.says.shop = says(shopDocument({ maximum: 1 }))
    await comesTo(shop, 'ok')
  },
  'described no longer': async (shop) => {
    shop.says.shop = says(shopDocument({ gone: true }))
    await comesTo(shop, 'function-quarantined')
    await until(async () => (await diff(shop)).json().hold.why === 'gone', 'it is stored')
    assert.equal((await accept(shop, null)).status, 200)
    await comesTo(shop, 'ok')
  },
  'a report of what nobody looks after': async ({ house }) => {
    const seen = await house.admin(root, 'GET', '/functions/coverage')
    assert.equal(seen.status, 200, seen.text())
    const coverage = seen.json()
    assert.ok(coverage.never_called.includes('up.read'))
    assert.ok(!coverage.never_called.includes('shop.list'))
    assert.ok(coverage.not_followed.includes('up.read'))
    assert.ok(!coverage.not_followed.includes('shop.list'))
    assert.ok(coverage.without_masks.includes('up.read'))
    assert.ok(!coverage.without_masks.includes('up.person'))
    assert.ok(coverage.owner_unknown.includes('shop.list'))
    const own = ({ function: id }: { function: string }) => id === 'shop.list'
    assert.equal(coverage.one_caller.find(own).caller, 'corp:tess')
  },
}

/** Comes instead of a description: nobody believes a word of it, and the operator is told. */
const hostile: Readonly<Record<string, Script>> = {
  huge: (socket) => {
    socket.write(chunkedHead('application/json'))
    const more = () => {
      while (!socket.destroyed && socket.write(chunk(' '.repeat(65_536))));
    }
    socket.on('drain', more)
    more()
  },
  deep: answer({ body: `{"openapi":"3.1.0","paths":${'['.repeat(5000)}${']'.repeat(5000)}}` }),
  redirecting: answer({ status: 302, headers: { location: '/elsewhere.json' } }),
}

test('a function that changes at its upstream waits for its owner', async (t) => {
  const shop = await openShop(t)
  const { house } = shop
  for (const [name, check] of Object.entries(cases)) await t.test(name, () => check(shop))
  for (const [name, script] of Object.entries(hostile)) {
    await t.test(`a description that is ${name}`, async () => {
      const now = since(house)
      shop.says.shop = script
      const problem = async () => (await sourceOf(shop)).problem
      await until(async () => (await problem()) !== null, 'the operator was told')
      shop.says.shop = says(shopDocument({ gone: true }))
      await until(async () => (await problem()) === null, 'it was read again')
      await comesTo(shop, 'ok')
      assert.ok(!now.leaves().some(({ type }) => /^function\./.test(type)))
    })
  }
  await t.test('the log is sound, and verifies', async () => {
    assertSoundLog(house)
    await house.stop()
    await assertVerifies(house.home)
  })
})
