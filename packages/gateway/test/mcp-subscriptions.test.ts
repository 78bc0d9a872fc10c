import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { assertSoundLog, type House, type Leaf, root, until } from './house.ts'
import { isLong } from './long-form.ts'
import { type AnyClient, type ClientKind, clientKinds, openClient } from './mcp-clients.ts'
import { type Library, startLegacyLibrary, startModernLibrary } from './mcp-library.ts'
import { openMcpYard } from './mcp-yard.ts'

const books = ['a', 'b', 'c', 'lent', 'withdrawn', 'locked'].map((name) => `library://${name}`)
/** What reads arguments decides about the subscription's own. */
const lentByUri = `
@id("lent")
@reason("It is lent")
forbid (principal, action in [Action::"old", Action::"new"], resource)
when { context.args has uri && context.args.uri == "library://lent" };
`
const policy = (without = '') => `@id("callers-speak")
@owner("team")
@reason("Callers speak MCP")
@review("90d")
permit (principal in Group::"callers", action in [Action::"old", Action::"new"], resource);

@id("nobody")
@reason("Nobody reads this")
forbid (principal, action in [Action::"old.resource.library-locked", Action::"new.resource.library-locked"${without}], resource);
`

/** With it, what a session is labelled with decides about its lists. */
const labelled = `
@id("labelled")
@reason("It is labelled")
forbid (principal, action in [Action::"old", Action::"new"], resource)
when { context has session && context.session.labels.contains("nobody") };
`

/** A conversation of 2025-06-18, and the streams on which it is told of changes. */
async function openSession(house: House) {
  const url = `${house.url()}/mcp`
  const headers = {
    ...{ authorization: `Bearer ${house.token}`, 'content-type': 'application/json' },
    accept: 'application/json, text/event-stream',
  }
  const clientInfo = { name: 'test', version: '1' }
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })
  const begun = await fetch(url, { method: 'POST', headers, body })
  await begun.text()
  const own = { ...headers, 'mcp-session-id': begun.headers.get('mcp-session-id') ?? '' }
  const listen = (signal?: AbortSignal) => fetch(url, { headers: own, ...(signal && { signal }) })
  /** Listens on a stream of its own until this is said there. */
  const hears = async (word: string): Promise<void> => {
    const leaving = new AbortController()
    const { body: stream } = await listen(leaving.signal)
    assert.ok(stream)
    let text = ''
    const reading = (async () => {
      for await (const piece of stream.pipeThrough(new TextDecoderStream())) text += piece
    })().catch(() => undefined)
    try {
      await until(() => text.includes(word), `the session heard ${word}`)
    } finally {
      leaving.abort()
      await reading
    }
  }
  return { listen, hears }
}

type Yard = {
  readonly house: House
  readonly old: Library
  readonly fresh: Library
  readonly otto: string
}

async function openLibraries(t: TestContext): Promise<Yard> {
  const [old, fresh] = await Promise.all([
    startLegacyLibrary(t, [...books]),
    startModernLibrary(t, [...books]),
  ])
  const house = await openMcpYard(t, {
    places: { old: { upstream: old.url }, new: { upstream: fresh.url } },
    files: { 'policies/mcp.cedar': policy() },
  })
  const otto = await house.idp.token({ sub: 'otto', groups: ['callers'] })
  return { house, old, fresh, otto }
}

type Seen = {
  readonly yard: Yard
  readonly library: Library
  readonly client: AnyClient
  /** As clients at `/mcp` spell a resource of it. */
  readonly spell: (name: string) => string
  readonly open: (token?: string) => Promise<AnyClient>
  readonly records: () => readonly Leaf[]
}
type Row = readonly [name: string, run: (seen: Seen) => Promise<void>]

/** The server says it again until it was heard: when a subscription begins to count no client is told. */
async function hears({ heard }: AnyClient, uri: string, say: () => Promise<void>): Promise<void> {
  const before = heard.length
  await until(async () => {
    await say()
    return heard.slice(before).includes(uri)
  }, `${uri} was heard`)
}

const callsIn = (leaves: readonly Leaf[]) =>
  leaves.filter(({ type }) => /^call\.(?:authorized|denied)$/.test(type))

const rows: readonly Row[] = [
  [
    'says that it may be subscribed to',
    async ({ client }) => {
      assert.equal(client.capabilities().resources.subscribe, true)
    },
  ],
  [
    'hears of what it has subscribed to, as it spells it, and of nothing else',
    async ({ client, library, spell, records, yard }) => {
      await client.subscribe(spell('a'))
      await client.subscribe(spell('b'))
      const calls = callsIn(records())
      assert.deepEqual(
        calls.map(({ type, fn }) => [type, fn.name.replace(/^(?:old|new)\./, '')]),
        [
          ['call.authorized', 'resource.library-a'],
          ['call.authorized', 'resource.library-b'],
        ],
      )
      const [first = assert.fail()] = calls
      const recorded = JSON.parse(yard.house.payload(first.index, 'args') ?? '')
      assert.deepEqual(recorded, { uri: 'library://a', subscribe: true })
      await client.read(spell('a'))
      // What was only to be heard of can be told from what was read, without a look at any payload.
      assert.deepEqual(
        callsIn(records()).map(({ wants }) => wants),
        ['subscribe', 'subscribe', undefined],
      )
      const shown = await yard.house.admin(root, 'GET', `/calls/${first.call}`)
      assert.equal(shown.json().wants, 'subscribe')
      await library.updateAnyway('library://c')
      await library.updateAnyway('library://locked')
      await hears(client, spell('a'), () => library.update('library://a'))
      await hears(client, spell('b'), () => library.update('library://b'))
      assert.deepEqual([...new Set(client.heard)].toSorted(), [spell('a'), spell('b')])
    },
  ],
  [
    'hears no more of what it has unsubscribed from',
    async ({ client, library, spell }) => {
      await client.subscribe(spell('a'))
      await client.subscribe(spell('b'))
      await hears(client, spell('a'), () => library.update('library://a'))
      await client.unsubscribe(spell('a'))
      await hears(client, spell('b'), () => library.update('library://b'))
      const before = client.heard.length
      await library.updateAnyway('library://a')
      await hears(client, spell('b'), () => library.update('library://b'))
      assert.ok(!client.heard.slice(before).includes(spell('a')), client.heard.join())
    },
  ],
  [
    'may not subscribe to what it may not read: refused, on record, and its server is not asked',
    async ({ client, library, spell, records }) => {
      const wishes = library.wishes.length
      await assert.rejects(client.subscribe(spell('locked')))
      await assert.rejects(client.subscribe(spell('unknown')))
      const calls = callsIn(records())
      assert.deepEqual(
        calls.map(({ type, code, wants }) => [type, code, wants]),
        [
          ['call.denied', 'policy-denied', 'subscribe'],
          ['call.denied', 'function-unknown', undefined],
        ],
      )
      assert.deepEqual(library.wishes.slice(wishes), [])
    },
  ],
  [
    'hears nothing of what another has subscribed to',
    async ({ client, library, spell, open, yard }) => {
      const other = await open(yard.otto)
      await client.subscribe(spell('a'))
      await other.subscribe(spell('b'))
      await hears(client, spell('a'), () => library.updateAnyway('library://a'))
      await hears(other, spell('b'), () => library.updateAnyway('library://b'))
      await hears(client, spell('a'), () => library.updateAnyway('library://a'))
      assert.deepEqual([...new Set(client.heard)], [spell('a')])
      assert.deepEqual([...new Set(other.heard)], [spell('b')])
      await other.close()
    },
  ],
  [
    'is told once of what is said again and again',
    async ({ client, library, spell }) => {
      await client.subscribe(spell('a'))
      await client.subscribe(spell('b'))
      await hears(client, spell('a'), () => library.update('library://a'))
      client.heard.length = 0
      // Written before anything else has a turn, but for what sockets hold back.
      for (let turn = 0; turn < 20; turn++) {
        await Promise.all(Array.from({ length: 100 }, () => library.update('library://a')))
      }
      await hears(client, spell('b'), () => library.update('library://b'))
      const told = client.heard.filter((uri) => uri === spell('a')).length
      assert.ok(told > 0 && told < 1_000, `${told} times`)
    },
  ],
  [
    'hears nothing more of what it may not read any more, and again of what it may',
    async ({ client, library, spell, yard: { house } }) => {
      await client.subscribe(spell('lent'))
      await client.subscribe(spell('b'))
      await hears(client, spell('lent'), () => library.update('library://lent'))
      await activate(
        house,
        policy(', Action::"old.resource.library-lent", Action::"new.resource.library-lent"'),
      )
      // Behind this is nothing that was said before.
      await hears(client, spell('b'), () => library.update('library://b'))
      client.heard.length = 0
      await library.update('library://lent')
      await hears(client, spell('b'), () => library.update('library://b'))
      await library.update('library://lent')
      await hears(client, spell('b'), () => library.update('library://b'))
      assert.ok(!client.heard.includes(spell('lent')), client.heard.join())
      await activate(house, policy())
      await hears(client, spell('lent'), () => library.update('library://lent'))
    },
  ],
  [
    'hears nothing more of what a rule that reads arguments keeps from it',
    async ({ client, library, spell, yard: { house } }) => {
      await client.subscribe(spell('lent'))
      await client.subscribe(spell('b'))
      await hears(client, spell('lent'), () => library.update('library://lent'))
      await activate(house, `${policy()}${lentByUri}`)
      // Behind this is nothing that was said before.
      await hears(client, spell('b'), () => library.update('library://b'))
      client.heard.length = 0
      await library.update('library://lent')
      await hears(client, spell('b'), () => library.update('library://b'))
      await library.update('library://lent')
      await hears(client, spell('b'), () => library.update('library://b'))
      assert.ok(!client.heard.includes(spell('lent')), client.heard.join())
      await activate(house, policy())
    },
  ],
  [
    'is told that nothing more is heard when the connection is another, and subscribes again',
    async ({ client, library, spell, yard: { house } }) => {
      const [id = ''] = spell('').split('+')
      const file = `connections/${id}.yaml`
      const before = readFileSync(join(house.rulebook, file), 'utf8')
      await client.subscribe(spell('a'))
      await hears(client, spell('a'), () => library.update('library://a'))
      client.heard.length = 0
      const ended = client.kind === 'modern' ? `${spell('a')} is over` : spell('a')
      await activate(house, `${before}\nshared: true\n`, file)
      await until(() => client.heard.includes(ended), 'it was told')
      await client.subscribe(spell('a'))
      await hears(client, spell('a'), () => library.update('library://a'))
      await activate(house, before, file)
    },
  ],
  [
    'hears that a list is another, once it is',
    async ({ client, library }) => {
      await client.hearOfLists()
      const before = library.books
      library.books = before.filter((uri) => uri !== 'library://withdrawn')
      await hears(client, 'resources', library.sayListChanged)
      library.books = before
    },
  ],
]

type Pair = readonly [ClientKind, 'old' | 'new']
const everyPair = clientKinds.flatMap((kind): Pair[] => [
  [kind, 'old'],
  [kind, 'new'],
])
/** Where one revision is translated into another. */
const crossedPairs: readonly Pair[] = [
  ['modern', 'old'],
  ['v1', 'new'],
]

async function activate(house: House, text: string, file = 'policies/mcp.cedar'): Promise<void> {
  const activated = () =>
    house.records().findLast(({ type }) => type === 'rulebook.activated')?.digest
  const before = activated()
  writeFileSync(join(house.rulebook, file), text)
  await until(() => activated() !== before, 'the new rulebook was activated')
}

async function seenBy(t: TestContext, yard: Yard, kind: ClientKind, id: 'old' | 'new') {
  const { house, old, fresh } = yard
  const opened: AnyClient[] = []
  t.after(() => Promise.all(opened.map((one) => one.close())))
  const open = async (token = house.token) => {
    const client = await openClient(kind, `${house.url()}/mcp`, token)
    opened.push(client)
    return client
  }
  const from = house.records().length
  const seen: Seen = {
    ...{ yard, open, library: id === 'old' ? old : fresh },
    client: await open(),
    spell: (name) => `${id}+library://${name}`,
    records: () => house.records(from),
  }
  return seen
}

async function tellsAgain({ house, old }: Yard): Promise<void> {
  await activate(house, `${policy()}${labelled}`)
  const session = await openSession(house)
  const broken = await session.listen()
  const db = new DatabaseSync(join(house.home, 'sallyport.db'), { timeout: 5_000 })
  // Nobody can say what the session is labelled with, so nothing can be decided about its lists.
  db.exec('ALTER TABLE session_label RENAME TO label_elsewhere')
  const before = old.books
  old.books = before.filter((uri) => uri !== 'library://withdrawn')
  let isOver = false
  const text = broken.text().finally(() => {
    isOver = true
  })
  await until(async () => {
    await old.sayListChanged()
    return isOver
  }, 'the stream is over')
  assert.doesNotMatch(await text, /list_changed/)
  db.exec('ALTER TABLE label_elsewhere RENAME TO session_label')
  db.close()
  await session.hears('notifications/resources/list_changed')
  old.books = before
  await activate(house, policy())
}

test('subscriptions', async (t) => {
  const yard = await openLibraries(t)
  for (const [name, run] of rows) {
    for (const [kind, id] of isLong ? everyPair : crossedPairs) {
      await t.test(`${kind} client, ${id} server: ${name}`, async (row) => {
        await run(await seenBy(row, yard, kind, id))
      })
    }
  }

  await t.test(
    'one subscription stands for all sessions of one caller, as long as one wants it',
    async (row) => {
      const { old } = yard
      const { client, open, spell } = await seenBy(row, yard, 'v1', 'old')
      const second = await open()
      const from = old.wishes.length
      const mine = () => old.wishes.slice(from).filter((wish) => wish.endsWith('library://c'))
      await client.subscribe(spell('c'))
      await second.subscribe(spell('c'))
      await hears(second, spell('c'), () => old.update('library://c'))
      await client.unsubscribe(spell('c'))
      await hears(second, spell('c'), () => old.update('library://c'))
      assert.deepEqual(mine(), ['+library://c'])
      await second.unsubscribe(spell('c'))
      await until(() => mine().length === 2, 'its server was told')
      assert.deepEqual(mine(), ['+library://c', '-library://c'])
    },
  )

  await t.test(
    'a server that forgets is asked again, and what it did not say counts as a change',
    async (row) => {
      const { old } = yard
      const { client, spell } = await seenBy(row, yard, 'v1', 'old')
      await client.subscribe(spell('c'))
      await hears(client, spell('c'), () => old.update('library://c'))
      old.forget()
      // The next call finds that the session is over.
      await hears(client, spell('c'), async () => void (await client.read(spell('a'))))
      await hears(client, spell('c'), () => old.update('library://c'))
    },
  )

  await t.test('a call reads only the lists of the kind that it is of', async (row) => {
    const { client, library, spell } = await seenBy(row, yard, 'v1', 'new')
    await client.read(spell('a'))
    const asked = () => [library.asked.get('tools/list'), library.asked.get('resources/list')]
    const [tools, resources = 0] = asked()
    for (let call = 0; call < 3; call++) await client.read(spell('a'))
    const [toolsNow, resourcesNow = 0] = asked()
    assert.equal(toolsNow, tools)
    assert.ok(resourcesNow >= resources + 3)
  })

  await t.test('a session is told on its next stream of what could not be said on one', () =>
    tellsAgain(yard),
  )

  await t.test('the log is sound', () => assertSoundLog(yard.house))
})
