import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  checkTrust,
  cosign,
  cosignatureType,
  formatVerifierKey,
  newSigner,
  parseNote,
  parseTrust,
  type Signer,
} from '@sallyport/evidence'
import { type SmallLog, smallLog } from '../../test/small-log.ts'
import { listen } from '../witness/listen.ts'
import { openWitness } from '../witness/witness.ts'
import { createWitnessKey, verifierKeys } from '../witness/witness-key.ts'
import { trustText } from './trust-text.ts'
import { openWitnesses, type WitnessEvent, type Witnesses } from './witnesses.ts'

const origin = 'log.example/asks'

/** A real witness that can be stopped and started at its address. */
type Peer = {
  readonly name: string
  readonly key: string
  readonly url: string
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
}

type Asked = {
  readonly log: SmallLog
  readonly witnesses: Witnesses
  readonly events: WitnessEvent[]
  /** What was published last, with the cosignatures that came. */
  readonly published: () => string
  readonly publish: (size: number, history?: string) => Promise<void>
  readonly trust: string
}

type Options = {
  readonly quorum?: 'all' | 'any' | 'none' | number
  readonly log?: SmallLog
  /** Longer than any machine is busy, but where a peer is silent. */
  readonly askMs?: number
}

/** A log that publishes to these witnesses. */
async function asking(
  t: TestContext,
  members: readonly Pick<Peer, 'key' | 'name' | 'url'>[],
  { quorum = 'all', log: given, askMs = 60_000 }: Options = {},
): Promise<Asked> {
  const log = given ?? (await smallLog(origin))
  const events: WitnessEvent[] = []
  const trust = trustText({ origin, logKeys: [log.key], witnesses: members, quorum })
  const witnesses = openWitnesses({
    members,
    trust: () => trust,
    report: (event) => events.push(event),
    limits: { witnessAskMs: askMs, witnessRetryMs: 5, witnessRetryMsMax: 20 },
  })
  t.after(witnesses.close)
  let published = ''
  let told = 'a'
  witnesses.start({
    consistency: (from, to) => log.proof(Number(from), Number(to), told),
    addSignatures: async (note) => {
      const same = parseNote(note).text === parseNote(published).text
      if (same) published = note
      return same
    },
  })
  return {
    ...{ log, witnesses, events, trust },
    published: () => published,
    publish: async (size, history = 'a') => {
      told = history
      published = await log.note(size, history)
      witnesses.onPublished(published)
    },
  }
}

async function peer(
  t: TestContext,
  { name, logs }: { name: string; logs: string[] },
): Promise<Peer> {
  const home = await mkdtemp(join(tmpdir(), 'peer-'))
  const { current } = verifierKeys(await createWitnessKey(home, `witness.example/${name}`))
  const open: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const close of open.splice(0).reverse()) await close()
  }
  const start = async (port: number) => {
    const witness = await openWitness({ home, logs, now: Date.now, report: () => undefined })
    open.push(witness.close)
    const listener = await listen(witness, { host: '127.0.0.1', port })
    open.push(listener.close)
    return listener.url
  }
  const url = await start(0)
  t.after(async () => {
    await stop()
    await rm(home, { recursive: true })
  })
  return {
    name,
    key: current,
    url,
    stop,
    start: async () => void (await start(Number(new URL(url).port))),
  }
}

/** A peer that answers whatever it likes. */
async function rogue(
  t: TestContext,
  answer: (signer: Signer) => RequestListener,
): Promise<Pick<Peer, 'key' | 'name' | 'url'>> {
  const signer = await newSigner('witness.example/rogue', cosignatureType)
  const server = createServer(answer(signer))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return { name: 'rogue', key: formatVerifierKey(signer), url: `http://127.0.0.1:${port}/` }
}

const sizeOf = ({ witnesses }: Asked) => Number(witnesses.witnessed()?.size ?? 0n)
const troubleOf = ({ witnesses }: Asked, name: string) =>
  witnesses.states().find((one) => one.name === name)?.trouble

/** What never holds fails the test by itself, whatever the machine's speed. */
async function until(holds: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 1_000; tries++) {
    if (holds()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.fail(`never happened: ${what}`)
}

const stories: Readonly<Record<string, (t: TestContext) => Promise<void>>> = {
  'a checkpoint is witnessed by all, and published so': async (t) => {
    const log = await smallLog(origin)
    const peers = await Promise.all(['w1', 'w2'].map((name) => peer(t, { name, logs: [log.key] })))
    const asked = await asking(t, peers, { log })
    for (const size of [1, 7, 300, 301]) {
      await asked.publish(size)
      await until(() => sizeOf(asked) === size, `witnessed at ${size}`)
    }
    await until(() => parseNote(asked.published()).signatures.length === 3, 'published')
    const { witnesses } = await checkTrust(asked.published(), parseTrust(asked.trust))
    assert.deepEqual(
      witnesses.map(({ name }) => name),
      ['w1', 'w2'],
    )
    for (const state of asked.witnesses.states()) {
      assert.deepEqual([state.size, state.trouble], [301, undefined])
      assert.ok(state.cosignedAt)
    }
    assert.deepEqual(asked.events, [])
  },
  'one that is away is told once, and caught up with when it is back': async (t) => {
    const log = await smallLog(origin)
    const [w1, w2] = [
      await peer(t, { name: 'w1', logs: [log.key] }),
      await peer(t, { name: 'w2', logs: [log.key] }),
    ]
    const asked = await asking(t, [w1, w2], { log })
    await asked.publish(5)
    await until(() => sizeOf(asked) === 5, 'witnessed')
    await w2.stop()
    for (const size of [6, 9, 30]) {
      await asked.publish(size)
      await until(() => asked.witnesses.states()[0]?.size === size, 'the other one goes on')
    }
    await until(() => troubleOf(asked, 'w2') === 'unreachable', 'known to be away')
    assert.equal(sizeOf(asked), 5, 'called witnessed without its quorum')
    await w2.start()
    await until(() => sizeOf(asked) === 30, 'caught up')
    assert.deepEqual(
      asked.events.map(({ event }) => event),
      ['unreachable', 'back'],
    )
  },
  'a quorum of one of two does without the other': async (t) => {
    const log = await smallLog(origin)
    const [w1, w2] = [
      await peer(t, { name: 'w1', logs: [log.key] }),
      await peer(t, { name: 'w2', logs: [log.key] }),
    ]
    await w2.stop()
    const asked = await asking(t, [w1, w2], { log, quorum: 1 })
    await asked.publish(5)
    await until(() => sizeOf(asked) === 5, 'witnessed')
  },
  'nothing is called witnessed where nobody is asked for': async (t) => {
    const log = await smallLog(origin)
    const w1 = await peer(t, { name: 'w1', logs: [log.key] })
    const asked = await asking(t, [w1], { log, quorum: 'none' })
    await asked.publish(5)
    await until(() => parseNote(asked.published()).signatures.length === 2, 'cosigned')
    assert.equal(asked.witnesses.witnessed(), undefined)
    const alone = await asking(t, [], { log })
    await alone.publish(5)
    assert.equal(alone.witnesses.witnessed(), undefined)
  },
  'after a restart the cosignatures that were published count, and are kept': async (t) => {
    const log = await smallLog(origin)
    const peers = await Promise.all(['w1', 'w2'].map((name) => peer(t, { name, logs: [log.key] })))
    const before = await asking(t, peers, { log })
    await before.publish(5)
    await until(() => parseNote(before.published()).signatures.length === 3, 'published')
    await peers[1]?.stop()
    const after = await asking(t, peers, { log })
    after.witnesses.onPublished(before.published())
    await until(() => sizeOf(after) === 5, 'still witnessed')
    await until(() => after.witnesses.states()[0]?.size === 5, 'asked again')
    assert.equal(parseNote(after.witnesses.witnessed()?.note ?? '').signatures.length, 3)
  },
  'an older checkpoint is recalled, and shown to nobody': async (t) => {
    const log = await smallLog(origin)
    const w1 = await peer(t, { name: 'w1', logs: [log.key] })
    const before = await asking(t, [w1], { log })
    await before.publish(5)
    await until(() => parseNote(before.published()).signatures.length === 2, 'published')
    const older = before.published()
    await before.publish(9)
    await until(() => sizeOf(before) === 9, 'witnessed')
    const after = await asking(t, [w1], { log })
    await after.witnesses.recall(older)
    for (const other of [await log.note(7), older.replace('\n5\n', '\n6\n'), 'half a no', '']) {
      await after.witnesses.recall(other)
    }
    assert.equal(sizeOf(after), 5)
    await after.publish(9)
    await until(() => sizeOf(after) === 9, 'witnessed')
    await after.witnesses.recall(older)
    assert.equal(sizeOf(after), 9)
    assert.deepEqual(after.events, [])
  },
  'another history is refused, and said loudly': async (t) => {
    const log = await smallLog(origin)
    const w1 = await peer(t, { name: 'w1', logs: [log.key] })
    const honest = await asking(t, [w1], { log })
    await honest.publish(9)
    await until(() => sizeOf(honest) === 9, 'witnessed')
    const forked = await asking(t, [w1], { log })
    await forked.publish(12, 'b')
    await until(() => forked.events.length >= 2, 'said again and again')
    assert.deepEqual(new Set(forked.events.map(({ event }) => event)), new Set(['inconsistent']))
    assert.equal(troubleOf(forked, 'w1'), 'inconsistent')
    assert.equal(forked.witnesses.witnessed(), undefined)
    await honest.publish(10)
    await until(() => sizeOf(honest) === 10, 'the first history goes on')
  },
  'a log that was rolled back finds its witness ahead': async (t) => {
    const log = await smallLog(origin)
    const w1 = await peer(t, { name: 'w1', logs: [log.key] })
    const before = await asking(t, [w1], { log })
    await before.publish(9)
    await until(() => sizeOf(before) === 9, 'witnessed')
    const restored = await asking(t, [w1], { log })
    await restored.publish(4)
    await until(() => troubleOf(restored, 'w1') === 'ahead', 'found out')
    assert.equal(restored.witnesses.witnessed(), undefined)
  },
  'a witness that does not know the log is told once': async (t) => {
    const w1 = await peer(t, { name: 'w1', logs: [(await smallLog('other.example/log')).key] })
    const asked = await asking(t, [w1])
    await asked.publish(4)
    await until(() => troubleOf(asked, 'w1') === 'rejected', 'rejected')
    assert.match(asked.events[0]?.why ?? '', /404/)
  },
}
for (const [name, story] of Object.entries(stories)) test(name, story)

type Answering = (asked: {
  body: string
  signer: Signer
  requests: number
}) => Promise<[number, string]> | [number, string]
const noteIn = (body: string) => body.slice(body.indexOf('\n\n') + 2)
const now = () => Math.floor(Date.now() / 1000)
const cosigned = async ({ body, signer }: { body: string; signer: Signer }) =>
  cosign(noteIn(body), signer, now())

/** None of these answers may count as a cosignature, or end more than one attempt. */
const rogues: readonly (readonly [name: string, answer: Answering])[] = [
  ['says nothing', () => [200, '']],
  ['says something', () => [200, 'thank you\n']],
  [
    'cosigns another text',
    async ({ signer, body }) => [
      200,
      await cosign(noteIn(body).replace('\n4\n', '\n5\n'), signer, now()),
    ],
  ],
  [
    'signs with a key of its own',
    async ({ body }) => [
      200,
      await cosign(noteIn(body), await newSigner('witness.example/rogue', cosignatureType), now()),
    ],
  ],
  ['signs at time zero', async ({ signer, body }) => [200, await cosign(noteIn(body), signer, 0)]],
  ['signs twice', async (asked) => [200, (await cosigned(asked)).repeat(2)]],
  ['appends to its signature', async (asked) => [200, `${await cosigned(asked)}\nmore\n`]],
  ['leaves the newline out', async (asked) => [200, (await cosigned(asked)).trimEnd()]],
  ['never stops', () => [200, 'x'.repeat(1_000_000)]],
  ['redirects', () => [302, '']],
  ['names no size', () => [409, 'five\n']],
  ['names another size each time', ({ requests }) => [409, `${requests % 4}\n`]],
  ['fails', () => [500, '']],
  ['is busy', () => [429, '']],
]
for (const [name, answer] of rogues) {
  test(`a witness that ${name} witnesses nothing`, async (t) => {
    let requests = 0
    const member = await rogue(t, (signer) => async (request, response) => {
      requests++
      let body = ''
      for await (const piece of request) body += piece
      const [status, text] = await answer({ body, signer, requests })
      response.writeHead(status, { location: '/elsewhere' }).end(text)
    })
    const asked = await asking(t, [member])
    await asked.publish(4)
    await until(() => requests >= 2, 'it is asked again')
    await until(() => troubleOf(asked, 'rogue') === 'unreachable', 'known')
    assert.equal(asked.witnesses.witnessed(), undefined)
    assert.equal(parseNote(asked.published()).signatures.length, 1)
  })
}

test('signatures of strangers in an answer are ignored', async (t) => {
  const stranger = await newSigner('stranger.example/x', cosignatureType)
  const member = await rogue(t, (signer) => async (request, response) => {
    let body = ''
    for await (const piece of request) body += piece
    response.end((await cosigned({ body, signer: stranger })) + (await cosigned({ body, signer })))
  })
  const asked = await asking(t, [member])
  await asked.publish(4)
  await until(() => sizeOf(asked) === 4, 'witnessed')
  assert.equal(parseNote(asked.published()).signatures.length, 2)
})

test('one that never answers does not keep the others, nor the end', async (t) => {
  const log = await smallLog(origin)
  const w1 = await peer(t, { name: 'w1', logs: [log.key] })
  const silent = await rogue(t, () => () => undefined)
  const asked = await asking(t, [silent, w1], { log, quorum: 'any', askMs: 300 })
  for (const size of [2, 3]) {
    await asked.publish(size)
    await until(() => sizeOf(asked) === size, 'witnessed')
  }
  await until(() => troubleOf(asked, 'rogue') === 'unreachable', 'known')
  await asked.publish(4)
  await asked.witnesses.close()
})

test('a key that is none is found at the start', () => {
  const members = [{ name: 'w', key: `w+00000000+BA${'A'.repeat(42)}`, url: 'http://w' }]
  const trust = () => trustText({ origin, logKeys: [], witnesses: members, quorum: 'all' })
  const limits = { witnessAskMs: 1, witnessRetryMs: 1, witnessRetryMsMax: 1 }
  const open = () => openWitnesses({ members, trust, limits, report: () => undefined })
  assert.throws(open, /The key of the witness w in the configuration: .*malformed/)
})
