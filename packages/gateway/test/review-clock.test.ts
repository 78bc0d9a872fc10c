import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type House, openPeople, type Person } from './house.ts'
import { type PostgresServer, startPostgres } from './postgres-server.ts'
import { olga, writeReviewRules } from './review-rules.ts'
import { type Gateway, openSharedYard, type SharedYard } from './shared-yard.ts'
import { answer } from './upstream.ts'

const day = 86_400_000
const grant = '/grants/callers-read'
/** Proofs outlive every date of these tests; whether a token has expired is not their matter. */
const expiresInSeconds = 400 * 86_400

/** A moment, and what the very same call meets then. */
type Moment = {
  readonly name: string
  readonly at: (dates: Dates) => number
  readonly state: string
  readonly code: string
  readonly header?: string
}
type Dates = { readonly staleAt: number; readonly lapsesAt: number }

const today = { name: 'on the day', state: 'FRESH', code: 'ok' } as const
const later: readonly Moment[] = [
  {
    name: 'a day before it is stale',
    at: ({ staleAt }) => staleAt - day,
    state: 'DUE_SOON',
    code: 'ok',
    header: 'due-soon',
  },
  {
    name: 'a day after it became stale',
    at: ({ staleAt }) => staleAt + day,
    state: 'STALE',
    code: 'approval-required',
  },
  {
    name: 'a day after it lapsed',
    at: ({ lapsesAt }) => lapsesAt + day,
    state: 'LAPSED',
    code: 'review-lapsed',
  },
]

/**
 * A grant is certified once, and then nothing happens but that time passes: the gateway is stopped, and started when
 * it is later. The record says that nothing was written about the grant in between.
 */
async function goesStale(yard: SharedYard, server: PostgresServer | undefined): Promise<void> {
  yard.upstream.script = answer({ body: '{"ok":true}' })
  writeReviewRules(yard.rulebook)
  const token = await yard.idp.token({ sub: 'tess', groups: ['callers'], expiresInSeconds })
  const timed = await yard.idp.token({ ...tim, expiresInSeconds })
  const dates = await atGateway(yard, { server, offMs: 0 }, async (gateway, admin) => {
    const found = await certified(admin)
    await givenForADay(admin)
    await assertMeets(today, { yard, gateway, admin, token })
    assert.equal((await gateway.call('/up/read', { token: timed })).code, 'ok')
    return found
  })
  for (const moment of later) {
    const offMs = moment.at(dates) - Date.now()
    await atGateway(yard, { server, offMs }, async (gateway, admin) => {
      await assertMeets(moment, { yard, gateway, admin, token })
      assert.equal((await gateway.call('/up/read', { token: timed })).code, 'policy-denied')
    })
  }
  const leaves = await yard.records()
  const about = leaves.filter(
    ({ type, grant }) => /^grant\./.test(type) && grant === 'callers-read',
  )
  assert.deepEqual(
    about.map(({ type }) => type),
    ['grant.certified'],
    'nothing was written about the grant but its certification',
  )
  const calls = leaves.filter(
    ({ type, caller }) => /^call\.(?:authorized|denied)$/.test(type) && caller.sub === 'tess',
  )
  assert.deepEqual(
    calls.map(({ type, code, grants }) => [type, code, grants?.[0]?.grant, grants?.[0]?.freshness]),
    [
      ['call.authorized', undefined, 'callers-read', 'FRESH'],
      ['call.authorized', undefined, 'callers-read', 'DUE_SOON'],
      ['call.denied', 'approval-required', 'callers-read', 'STALE'],
      ['call.denied', 'review-lapsed', 'callers-read', 'LAPSED'],
    ],
  )
}

/** Where the grant stands, and what the very same call meets. */
async function assertMeets(
  { name, state, code, header }: Omit<Moment, 'at'>,
  at: {
    readonly yard: SharedYard
    readonly gateway: Gateway
    readonly admin: House['admin']
    readonly token: string
  },
): Promise<void> {
  const { yard, gateway, admin, token } = at
  const shown = await admin(olga, 'GET', grant)
  assert.equal(shown.json().freshness?.state, state, `${name}: ${shown.text()}`)
  const before = yard.upstream.reached.length
  const seen = await gateway.call('/up/read', { token, headers: { prefer: 'wait=0' } })
  assert.equal(seen.code, code, `${name}: ${seen.text()}`)
  assert.equal(seen.headers['sallyport-review'], header, name)
  assert.equal(yard.upstream.reached.length - before, code === 'ok' ? 1 : 0, name)
}

async function certified(admin: House['admin']): Promise<Dates> {
  const { content } = (await admin(olga, 'GET', grant)).json()
  const asked = { content, decision: 'keep', reason: 'Callers still read' }
  const seen = await admin(olga, 'POST', `${grant}/certify`, asked)
  assert.equal(seen.status, 200, seen.text())
  const { stale_at, lapses_at } = seen.json().grant.freshness
  return { staleAt: Date.parse(stale_at), lapsesAt: Date.parse(lapses_at) }
}

/** Access for a day, which ends by itself as well. */
async function givenForADay(admin: House['admin']): Promise<void> {
  const until = new Date(Date.now() + day).toISOString()
  const asked = { functions: ['up.read'], until, reason: 'For a day' }
  const { id } = (await admin(tim, 'POST', '/timed-grants', asked)).json()
  const given = await admin(olga, 'POST', `/timed-grants/${id}/give`, { reason: 'For a day' })
  assert.equal(given.status, 200, given.text())
}

/** In no group that any grant is given to. */
const tim: Person = { sub: 'tim', groups: ['visitors'] }

/** A gateway that runs at this moment, and only for this. */
async function atGateway<Result>(
  yard: SharedYard,
  { server, offMs }: { readonly server: PostgresServer | undefined; readonly offMs: number },
  work: (gateway: Gateway, admin: House['admin']) => Promise<Result>,
): Promise<Result> {
  if (server) await setDatabaseClock(yard, server, offMs)
  const gateway = await yard.start('gw-1', {}, { clockOffMs: offMs })
  const admin = openPeople(yard.idp, () => gateway.adminUrl, { expiresInSeconds })
  const result = await work(gateway, admin)
  gateway.signal('SIGTERM')
  assert.equal(await gateway.exited, 0)
  return result
}

/** Gateways that share a database do not begin with a clock that is not its clock: it is set with theirs. */
async function setDatabaseClock(
  { storeUrl }: SharedYard,
  server: PostgresServer,
  offMs: number,
): Promise<void> {
  const [row] = await server.run(
    storeUrl,
    "SELECT count(*)::int AS kept FROM pg_proc WHERE proname = 'clock_timestamp_kept'",
  )
  if (row?.kept === 0) {
    await server.run(
      storeUrl,
      `SET allow_system_table_mods = on;
       ALTER FUNCTION pg_catalog.clock_timestamp() RENAME TO clock_timestamp_kept`,
    )
  }
  await server.run(
    storeUrl,
    `SET allow_system_table_mods = on;
     CREATE OR REPLACE FUNCTION pg_catalog.clock_timestamp() RETURNS timestamptz LANGUAGE sql
     AS 'SELECT pg_catalog.clock_timestamp_kept() + interval ''${Math.round(offMs)} milliseconds'''`,
  )
}

test('a grant goes stale and lapses by itself, with the store in the home folder', async (t) => {
  await goesStale(await openSharedYard(t), undefined)
})

test('a grant goes stale and lapses by itself, with the store in PostgreSQL', async (t) => {
  const server = await startPostgres()
  if ('missing' in server) return t.skip(server.missing)
  t.after(() => server.close())
  await goesStale(await openSharedYard(t, server), server)
})
