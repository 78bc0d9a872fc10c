import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type TestContext, test } from 'node:test'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import { httpConnectionOf, httpFunctionOf, uncalledRules } from '../../test/rulebook-parts.ts'
import type { InForce } from '../call/in-force.ts'
import { limits } from '../config/limits.ts'
import type { Json } from '../model/json.ts'
import { defaultReviewRules } from '../model/review-rules.ts'
import { readJsonBody } from '../protocol/door/json-body.ts'
import { describeOpenApi } from '../rulebook/openapi-description.ts'
import { openSqlite } from '../store/sqlite/open.ts'
import type { Store } from '../store/store.ts'
import { type Catalogue, openCatalogue } from './catalogue.ts'
import { openKnownTexts } from './known-texts.ts'
import type { CatalogueEvent } from './needs.ts'
import { type ReadDescriptionNeeds, readDescription } from './read-description.ts'

const v1 = documentOf({ summary: 'Reads' })
const v2 = documentOf({ summary: 'Reads, and tells everybody' })
const everyMs = 60_000
const parse: ReadDescriptionNeeds['parse'] = (bytes, depthMax) =>
  readJsonBody(bytes, depthMax).value
const describe = describeOpenApi

function documentOf(operation: { readonly [member: string]: Json }): Json {
  return { openapi: '3.1.0', paths: { '/read': { get: { operationId: 'read', ...operation } } } }
}

function digestIn(document: Json): string {
  const described = describeOpenApi(document)
  return 'operations' in described ? (described.operations[0]?.digest ?? '') : ''
}

type Yard = {
  readonly catalogue: Catalogue
  readonly store: Store
  /** What the upstream says of itself; undefined: it is down. */
  says: Json | undefined
  /** How often it was asked. */
  asked: () => number
  readonly clock: { elapsed: number }
  readonly events: CatalogueEvent[]
  readonly another: () => Promise<Catalogue>
  readonly put: (registered: string) => void
}

/** A catalogue between a real upstream and a real store; its own clock stands until it is set. */
async function openYard(t: TestContext): Promise<Yard> {
  let asked = 0
  const server = createServer((_, response) => {
    asked += 1
    if (yard.says === undefined) response.writeHead(503).end()
    else response.end(JSON.stringify(yard.says))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address && typeof address === 'object')
  const openapi = `http://127.0.0.1:${address.port}/openapi.json`
  const kek = new Uint8Array(32)
  const store = await openSqlite({ path: ':memory:', instance: 'gw', boot: 'b', kek })
  const clock = { elapsed: 1_000 }
  const events: CatalogueEvent[] = []
  let rules = rulesFor(openapi, digestIn(v1))
  const opened: Catalogue[] = []
  const open = async () => {
    const catalogue = await openCatalogue({
      read: ({ address }, signal) => readDescription({ parse, describe, limits }, address, signal),
      store,
      rules: () => rules,
      texts: openKnownTexts(undefined),
      now: Date.now,
      elapsed: () => clock.elapsed,
      limits: { ...limits, catalogueTickMs: 5, descriptionGapMs: 0, descriptionIdleTimes: 0 },
      onEvent: (event) => events.push(event),
    })
    opened.push(catalogue)
    catalogue.start()
    return catalogue
  }
  const yard: Yard = {
    catalogue: await open(),
    ...{ store, clock, events, says: v1, asked: () => asked, another: open },
    put: (registered) => {
      rules = rulesFor(openapi, registered)
    },
  }
  t.after(async () => {
    for (const catalogue of opened) await catalogue.close()
    server.closeAllConnections()
    server.close()
    await store.close()
  })
  return yard
}

function rulesFor(openapi: string, registered: string): InForce {
  const fn = httpFunctionOf({
    ...{ id: 'up.read', sensitivity: 'public' },
    http: { method: 'GET', path: '/read', places: {}, body: 'none' },
    source: { operation: 'GET /read', digest: registered },
  })
  const connection = httpConnectionOf({
    ...{ id: 'up', upstream: 'http://up.example' },
    ...{ describedBy: { openapi, everyMs }, definitionHeader: 'x-definition' },
  })
  const reviews = { ...defaultReviewRules, notify: ['ops'] }
  return uncalledRules({ connections: [connection], functions: [fn], reviews })
}

const isHeld = async ({ catalogue }: Pick<Yard, 'catalogue'>) =>
  (await catalogue.isHeld('up.read'))?.why

/** What never holds fails the test by itself, whatever the machine's speed. */
async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 2_000; tries++) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.fail(`never happened: ${what}`)
}

const isRead = (yard: Yard) =>
  until(() => yard.catalogue.sources()[0]?.readAt !== undefined, 'a look')

async function records({ store }: Yard): Promise<unknown[][]> {
  const leaves = await store.leaves(0, 1000)
  return leaves
    .map(({ bytes }) => parseLeaf(bytes))
    .flatMap((leaf) => {
      if (leaf.type === 'function.quarantined') return [[leaf.type, leaf.fn, leaf.why, leaf.found]]
      if (leaf.type === 'function.accepted') return [[leaf.type, leaf.fn, leaf.by, leaf.found]]
      return []
    })
}

const ann = { function: 'up.read', by: 'corp:ann', note: 'told everybody' }

test('a change at the upstream is held by the look after it, until somebody accepts just that', async (t) => {
  const yard = await openYard(t)
  await isRead(yard)
  assert.equal(await isHeld(yard), undefined)
  yard.says = v2
  yard.clock.elapsed += everyMs
  await until(async () => (await isHeld(yard)) === 'drift', 'it was held')
  await until(async () => (await records(yard)).length === 1, 'it was written down')
  const hold = await yard.store.functionHold('up.read')
  assert.deepEqual(
    [hold?.registered, hold?.found, JSON.parse(hold?.registeredText ?? '').described.summary],
    [digestIn(v1), digestIn(v2), 'Reads'],
  )
  const notices = await yard.store.takeNotices({ now: Date.now() + 1, leaseMs: 60_000, limit: 10 })
  assert.deepEqual(
    notices.map(({ channel, event, about }) => [channel, event, about]),
    [['ops', 'function.quarantined', 'up.read']],
  )
  assert.deepEqual(await yard.catalogue.accept({ ...ann, found: digestIn(v1) }), {
    refused: 'another',
  })
  const accepted = await yard.catalogue.accept({ ...ann, found: digestIn(v2) })
  assert.ok('hold' in accepted)
  assert.equal(await isHeld(yard), undefined)
  assert.deepEqual(await yard.catalogue.accept({ ...ann, found: digestIn(v2) }), {
    refused: 'not-held',
  })
  yard.says = documentOf({})
  yard.clock.elapsed += everyMs
  await until(async () => (await isHeld(yard)) === 'drift', 'it was held again')
  await until(async () => (await records(yard)).length === 3, 'that was written down')
  assert.deepEqual(
    (await records(yard)).map(([type, , by, found]) => [type, by, found]),
    [
      ['function.quarantined', 'drift', digestIn(v2)],
      ['function.accepted', 'corp:ann', digestIn(v2)],
      ['function.quarantined', 'drift', digestIn(documentOf({}))],
    ],
  )
})

test('what nobody can have read is not accepted', async (t) => {
  const yard = await openYard(t)
  await isRead(yard)
  yard.says = v2
  yard.clock.elapsed += everyMs
  await until(async () => (await records(yard)).length === 1, 'it was written down')
  const hold = await yard.store.functionHold('up.read')
  assert.ok(hold)
  const { function: fn, connection, why, registered, found } = hold
  const time = new Date(hold.since).toISOString()
  // None, as after it was put back from the log alone; and those of something else.
  for (const foundText of ['', hold.registeredText]) {
    const expectedRevision = (await yard.store.functionHold('up.read'))?.revision ?? 0
    await yard.store.commit({
      record: { type: 'function.quarantined', time, fn, connection, why, registered, found },
      payloads: [],
      change: {
        ...({ kind: 'function.hold', expectedRevision } as const),
        hold: { ...hold, foundText, revision: expectedRevision + 1 },
      },
    })
    assert.deepEqual(await yard.catalogue.accept({ ...ann, found }), { refused: 'not-shown' })
  }
})

test('a change that the upstream states on the wire is judged by the next call', async (t) => {
  const yard = await openYard(t)
  await isRead(yard)
  yard.catalogue.onWire('up', 'one')
  assert.equal(await isHeld(yard), undefined)
  yard.says = v2
  yard.catalogue.onWire('up', 'two')
  assert.equal(await isHeld(yard), 'drift')
  const [found] = await records(yard)
  assert.equal(found?.[2], 'drift')
})

test('a definition that is stated and cannot be read is none that was registered', async (t) => {
  const yard = await openYard(t)
  await isRead(yard)
  yard.catalogue.onWire('up', 'one')
  await until(async () => (await isHeld(yard)) === undefined, 'the first one was looked at')
  yard.says = undefined
  yard.catalogue.onWire('up', 'two')
  assert.equal(await isHeld(yard), 'drift')
  assert.equal(yard.catalogue.sources()[0]?.isRefused, true)
  const asked = yard.asked()
  assert.equal(await isHeld(yard), 'drift')
  assert.equal(yard.asked(), asked, 'it is not asked at every call')
  yard.says = v1
  yard.clock.elapsed += limits.descriptionRetryMs
  await until(async () => (await isHeld(yard)) === undefined, 'it was read, and is as registered')
  assert.deepEqual(await records(yard), [])
})

test('taking turns with two definitions is looked at once each', async (t) => {
  const yard = await openYard(t)
  await isRead(yard)
  for (const stated of ['one', 'two', 'one', 'two']) {
    yard.catalogue.onWire('up', stated)
    assert.equal(await isHeld(yard), undefined)
  }
  const settled = yard.asked()
  for (const stated of ['one', 'two', 'one', 'two']) {
    yard.catalogue.onWire('up', stated)
    assert.equal(await isHeld(yard), undefined)
  }
  assert.equal(yard.asked(), settled)
})

test('an upstream that cannot be read is trusted for a while, and no longer', async (t) => {
  const yard = await openYard(t)
  await isRead(yard)
  yard.says = undefined
  yard.clock.elapsed += everyMs
  await until(() => yard.events.some(({ kind }) => kind === 'unread'), 'the operator was told')
  assert.equal(await isHeld(yard), undefined)
  yard.clock.elapsed += limits.descriptionLooksMissed * everyMs
  assert.equal(await isHeld(yard), 'gone', 'whether anybody looks or not')
  yard.says = v1
  yard.clock.elapsed += everyMs
  await until(async () => (await isHeld(yard)) === undefined, 'it was read again')
  assert.deepEqual(await records(yard), [], 'nothing was found to be different')
})

test('a rulebook that registers exactly what was found ends it', async (t) => {
  const yard = await openYard(t)
  yard.says = v2
  await until(async () => (await isHeld(yard)) === 'drift', 'it was held')
  yard.put(digestIn(v2))
  await until(async () => (await isHeld(yard)) === undefined, 'it was looked at again')
  await until(async () => (await records(yard)).length === 2, 'it was written down')
  const [, ended] = await records(yard)
  assert.deepEqual(ended, ['function.accepted', 'up.read', 'gateway:catalogue', digestIn(v2)])
})

test('two gateways of one store find one thing, and a third one knows it at once', async (t) => {
  const yard = await openYard(t)
  const other = await yard.another()
  await isRead(yard)
  yard.says = v2
  yard.clock.elapsed += everyMs
  for (const catalogue of [yard.catalogue, other]) {
    await until(async () => (await isHeld({ catalogue })) === 'drift', 'both hold it')
  }
  await until(async () => (await records(yard)).length > 0, 'it was written down')
  yard.says = undefined
  const third = await yard.another()
  assert.equal(await isHeld({ catalogue: third }), 'drift')
  await yard.catalogue.accept({ ...ann, found: digestIn(v2) })
  await until(async () => third.holdOf('up.read')?.state === 'accepted', 'the third one was told')
  assert.deepEqual(
    (await records(yard)).map(([type]) => type),
    ['function.quarantined', 'function.accepted'],
  )
})
