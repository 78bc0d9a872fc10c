import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TestContext } from 'node:test'
import { pino } from 'pino'
import { type Idp, startIdp } from '../src/cli/demo/idp.ts'
import { configSchema } from '../src/config/schema.ts'
import { type Gateway, serve } from '../src/serve.ts'
import { prepareReads } from '../src/store/sqlite/reads.ts'
import { type Asked, ask, type Seen } from './caller.ts'
import { assertNothingLeaked } from './leaks.ts'
import { rulebook, writeRulebook } from './rules.ts'
import { startUpstream, type Upstream } from './upstream.ts'

// biome-ignore lint/suspicious/noExplicitAny: a leaf is looked at member by member, as an auditor would.
export type Leaf = Record<string, any>

export type House = {
  readonly url: () => string
  readonly adminUrl: () => string
  readonly idp: Idp
  readonly upstream: Upstream
  /** What the gateway proves itself with to the upstream. */
  readonly secret: string
  readonly home: string
  readonly rulebook: string
  /** What the operator's log said. */
  readonly logged: () => string
  /** A person of the group `callers`. */
  readonly token: string
  readonly call: (path: string, asked?: Asked) => Promise<Seen>
  /** The leaves of the log from an index on, read from the file behind the gateway's back. */
  readonly records: (from?: number) => Leaf[]
  /** The clear bytes of one payload; undefined when it was not kept. */
  readonly payload: (
    index: number,
    role: 'args' | 'forwarded' | 'result' | 'returned',
  ) => string | undefined
  /** The admin API as this person: their first request signs them in. */
  readonly admin: (person: Person, method: string, path: string, body?: unknown) => Promise<Seen>
  /** Dana looks at the question and says yes. */
  readonly approve: (id: string) => Promise<Seen>
  readonly restart: () => Promise<void>
  readonly stop: () => Promise<void>
}

type Logged = Pick<House, 'records' | 'home' | 'secret' | 'token' | 'logged'>

export type Person = { readonly sub: string; readonly groups: readonly string[] }
export const dana: Person = { sub: 'dana', groups: ['approvers'] }
export const root: Person = { sub: 'root', groups: ['admin'] }

const audience = 'house'
const adminAudience = 'house-admin'

/** A whole gateway between a real identity provider and a real upstream; `settings` as in gateway.yaml. */
export async function openHouse(
  t: TestContext,
  settings: object = {},
  { graceMs }: { readonly graceMs?: number } = {},
): Promise<House> {
  const [idp, upstream] = await Promise.all([startIdp({ audience }), startUpstream()])
  const secret = randomBytes(18).toString('base64url')
  const home = mkdtempSync(join(tmpdir(), 'sallyport-house-'))
  const rules = mkdtempSync(join(tmpdir(), 'sallyport-rules-'))
  writeRulebook(rules, rulebook({ up: upstream.url, dead: await deadUrl() }))
  const lines: string[] = []
  const refused: Buffer[] = []
  const start = () => startGateway({ idp, home, rules, secret, lines, settings, graceMs })
  let gateway: Gateway | undefined
  const running = (): Gateway => {
    if (!gateway) throw new Error('the gateway is stopped')
    return gateway
  }
  const stop = async () => {
    await gateway?.close()
    gateway = undefined
  }
  // Before the start: were it refused, what still listens would keep the test file from ending.
  t.after(async () => {
    await upstream.close()
    await stop()
    await idp.close()
    assertNothingLeaked({ home, logged: lines.join(''), refused }, [secret])
    for (const folder of [home, rules]) rmSync(folder, { recursive: true, force: true })
  })
  gateway = await start()
  const token = await idp.token({ sub: 'tess', groups: ['callers'] })
  const admin = openPeople(idp, () => running().adminUrl)
  const payload: House['payload'] = (index, role) => readPayload(home, index, role)
  return {
    url: () => running().url,
    adminUrl: () => running().adminUrl,
    idp,
    upstream,
    secret,
    home,
    rulebook: rules,
    logged: () => lines.join(''),
    token,
    call: async (path, asked) => {
      const seen = await ask(running().url, path, { token, ...asked })
      if (seen.code !== 'ok') refused.push(seen.body)
      return seen
    },
    records: (from) => readLeaves(home, from),
    payload,
    admin,
    approve: (id) => vote(admin, { id, person: dana, verdict: 'approve' }),
    stop,
    restart: async () => {
      await stop()
      gateway = await start()
    },
  }
}

/** One person's answer to one question, after looking at it. */
export async function vote(
  admin: House['admin'],
  { id, person, verdict }: { id: string; person: Person; verdict: 'approve' | 'deny' },
): Promise<Seen> {
  const shown = await admin(person, 'GET', `/approvals/${id}`)
  const digest = shown.status === 200 ? shown.json().digest : 'unseen'
  return admin(person, 'POST', `/approvals/${id}/${verdict}`, { digest, reason: verdict })
}

/** The configuration of a house, as gateway.yaml would say it. */
export function houseConfig(given: { issuer: string; home: string; rules: string }): object {
  return {
    home: given.home,
    rulebook: given.rules,
    listen: { host: '127.0.0.1', port: 0 },
    admin: { host: '127.0.0.1', port: 0 },
    issuers: [
      {
        name: 'corp',
        issuer: given.issuer,
        audiences: [audience],
        adminAudiences: [adminAudience],
        insecureHttp: true,
        defaultKind: 'user',
      },
    ],
  }
}

/** The gateway of a house, in this process. */
export function startGateway(given: {
  readonly idp: Idp
  readonly home: string
  readonly rules: string
  readonly secret: string
  readonly lines: string[]
  readonly settings: object
  readonly graceMs: number | undefined
}): Promise<Gateway> {
  const { home, rules, idp, settings, graceMs } = given
  return serve({
    config: configSchema.parse({
      ...houseConfig({ issuer: idp.issuer, home, rules }),
      ...settings,
    }),
    env: { UP_SECRET: given.secret },
    version: '0.0.0-test',
    ...(graceMs !== undefined && { graceMs }),
    log: pino({ level: 'trace' }, { write: (line: string) => void given.lines.push(line) }),
  })
}

/**
 * The admin API, to which each person signs in with their first request: once per person and address, because signing
 * in is limited per minute. What they prove themselves with is good for so long.
 */
export function openPeople(
  idp: Idp,
  adminUrl: () => string,
  { expiresInSeconds = 3_600 }: { readonly expiresInSeconds?: number } = {},
): House['admin'] {
  const sessions = new Map<string, string>()
  const signIn = async ({ sub, groups }: Person): Promise<string> => {
    const key = `${adminUrl()} ${sub} ${groups.join()}`
    const known = sessions.get(key)
    if (known !== undefined) return known
    const proof = await idp.token({ sub, groups, aud: adminAudience, expiresInSeconds })
    const seen = await ask(adminUrl(), '/api/v1/sign-in', { method: 'POST', token: proof })
    assert.equal(seen.status, 200, seen.text())
    const token: string = seen.json().token
    sessions.set(key, token)
    return token
  }
  return async (person, method, path, body) =>
    ask(adminUrl(), `/api/v1${path}`, {
      method,
      token: await signIn(person),
      ...(body !== undefined && { json: body }),
    })
}

/** An address nobody listens at: it was just given back. */
export async function deadUrl(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 1}`
}

export function readLeaves(home: string, from = 0): Leaf[] {
  const db = new DatabaseSync(join(home, 'sallyport.db'), { readOnly: true, timeout: 5000 })
  try {
    const query = 'SELECT "index" AS at, bytes FROM leaf WHERE "index" >= ? ORDER BY "index"'
    const rows = db.prepare(query).all(from)
    return rows.map(({ at, bytes }) => {
      assert.ok(bytes instanceof Uint8Array)
      return { index: at, ...JSON.parse(Buffer.from(bytes).toString('utf8')) }
    })
  } finally {
    db.close()
  }
}

function readPayload(
  home: string,
  index: number,
  role: 'args' | 'forwarded' | 'result' | 'returned',
): string | undefined {
  const keys = JSON.parse(readFileSync(join(home, 'keys.json'), 'utf8'))
  const db = new DatabaseSync(join(home, 'sallyport.db'), { readOnly: true, timeout: 5000 })
  try {
    const bytes = prepareReads(db, Buffer.from(keys.kek, 'base64url')).payload(index, role)
    return bytes && Buffer.from(bytes).toString('utf8')
  } finally {
    db.close()
  }
}

export type Since = { readonly leaves: () => Leaf[]; readonly reached: () => number }

/** The log's own pulse, and what a caller's first call adds: neither is about one call. */
const besideCalls: readonly unknown[] = [
  'heartbeat',
  'session.opened',
  'clearance.closed',
  'clearance.returned',
]

/** Channels are told when they can be: what is recorded of that comes whenever it does. */
function isBesideCalls({ type, by }: Leaf): boolean {
  return besideCalls.includes(type) || (type === 'payload.read' && /^channel:/.test(by))
}

/** What calls and people wrote since, and whether the upstream was touched since. */
export function since(house: House): Since {
  const from = house.records().length
  const before = house.upstream.reached.length
  return {
    leaves: () => house.records(from).filter((leaf) => !isBesideCalls(leaf)),
    reached: () => house.upstream.reached.length - before,
  }
}

const shape = ({ type, ending, status }: Leaf) => [type, ending, status]
/** What `withoutChunks` shows of an intent. */
export const intent: readonly unknown[] = ['call.authorized', undefined, undefined]
/** Commitments to stretches of a stream stand between; how many there are is not told here. */
export const withoutChunks = (now: Since): unknown[][] =>
  now
    .leaves()
    .filter(({ type }) => type !== 'call.chunk')
    .map(shape)

/** The ending is written, and the connection to the upstream is given up. */
export async function ends(house: House, now: Since, expected: unknown[]): Promise<void> {
  await until(() => withoutChunks(now).length === expected.length, 'the ending was recorded')
  assert.deepEqual(withoutChunks(now), expected)
  await until(() => letGo(house), 'the upstream was let go')
}

/** Whether the gateway gave up the connection of its last request. */
export const letGo = ({ upstream }: House): boolean =>
  upstream.reached.at(-1)?.socket.destroyed === true

/** Waits until it holds; what never holds fails the test by itself, whatever the machine's speed. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 3_000; tries++) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  assert.fail(`never happened: ${what}`)
}

/**
 * What has to hold of every log, whatever happened: each chain without a gap, each intent with exactly
 * one ending, no ending without an intent, and none of these words in any leaf or in the operator's log.
 */
export function assertSoundLog(house: Logged, secrets: readonly string[] = []): void {
  const leaves = house.records()
  assertChains(house)
  const ends = leaves.filter(
    ({ type }) => type === 'call.outcome' || type === 'reconcile.indeterminate',
  )
  const intents = leaves.filter(({ type }) => type === 'call.authorized')
  assert.deepEqual(
    ends.map(({ intent }) => intent).toSorted((a, b) => a - b),
    intents.map(({ index }) => index),
    'every intent has exactly one ending',
  )
  for (const end of ends) assert.equal(leaves[end.intent]?.call, end.call)
  const text = JSON.stringify(leaves)
  for (const word of [house.secret, house.token, ...secrets]) {
    assert.ok(!text.includes(word), 'a secret stands in a leaf')
    assert.ok(!house.logged().includes(word), 'a secret stands in the operator’s log')
  }
}

function assertChains({ home }: Pick<House, 'home'>): void {
  const db = new DatabaseSync(join(home, 'sallyport.db'), { readOnly: true, timeout: 5000 })
  const rows = db.prepare('SELECT bytes FROM leaf ORDER BY "index"').all()
  db.close()
  const last = new Map<string, { seq: number; hash: string }>()
  for (const { bytes } of rows) {
    assert.ok(bytes instanceof Uint8Array)
    const { boot, seq, prev } = JSON.parse(Buffer.from(bytes).toString('utf8')).emitter
    const before = last.get(boot)
    assert.equal(seq, before ? before.seq + 1 : 0)
    assert.equal(prev, before ? before.hash : `sha256:${'0'.repeat(64)}`)
    const hash = createHash('sha256').update('\0').update(bytes).digest('hex')
    last.set(boot, { seq, hash: `sha256:${hash}` })
  }
}
