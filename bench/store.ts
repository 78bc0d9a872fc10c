/**
 * `npm run bench:store`: what both homes of the store commit, side by side in one run: leaves in batches, and
 * calls (two commits, each with two commitments) at 1, 16 and 128 callers. A PostgreSQL is started for it, on this
 * machine and with fsync; `--postgres postgres://…` takes one that runs, in a schema that is dropped after.
 */
import { randomUUIDv7 } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { connect } from '../packages/gateway/src/store/postgres/connection.ts'
import { openPostgres } from '../packages/gateway/src/store/postgres/open.ts'
import { openSqlite } from '../packages/gateway/src/store/sqlite/open.ts'
import type { Entry, Store } from '../packages/gateway/src/store/store.ts'
import { startPostgres } from '../packages/gateway/test/postgres-server.ts'
import { fsyncMs } from './fsync.ts'

const { values } = parseArgs({
  options: { postgres: { type: 'string' }, calls: { type: 'string', default: '12000' } },
})
const calls = Number(values.calls)
const kek = new Uint8Array(32).fill(1)
const digest = `sha256:${'ab'.repeat(32)}`
const session = `ses_${'0'.repeat(32)}`
const mediaType = 'application/json'
const bytes = Buffer.from(JSON.stringify({ id: 'c-1', note: 'x'.repeat(2_000) }))

const folder = mkdtempSync(join(tmpdir(), 'sallyport-store-'))
try {
  await measureSqlite()
  await measurePostgres()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
const fsync = fsyncMs()
print(`fdatasync of one page: p50 ${fsync.p50.toFixed(3)} ms, p99 ${fsync.p99.toFixed(3)} ms.`)

async function measureSqlite(): Promise<void> {
  const path = join(folder, 'store.db')
  await measure('SQLite', await openSqlite({ path, instance: 'bench', boot: randomUUIDv7(), kek }))
}

async function measurePostgres(): Promise<void> {
  const schema = `bench_${Date.now()}`
  const options = { schema, instance: 'bench', boot: randomUUIDv7(), kek, poolSize: 8 }
  if (values.postgres !== undefined) {
    const url = values.postgres
    await measure('PostgreSQL', await openPostgres({ ...options, url }))
    const session = await connect({ url, schema }, { name: 'bench' })
    await session.run(`DROP SCHEMA ${schema} CASCADE`)
    return session.close()
  }
  const server = await startPostgres()
  if ('missing' in server) return print(`PostgreSQL: ${server.missing}`)
  try {
    const url = await server.database()
    await measure('PostgreSQL', await openPostgres({ ...options, url }))
  } finally {
    await server.close()
  }
}

async function measure(name: string, store: Store): Promise<void> {
  let left = calls * 2
  const append = async () => {
    while (left-- > 0) await store.commit(denial())
  }
  await timed(`${name}: leaves in batches`, calls * 2, () =>
    Promise.all(Array.from({ length: 1_024 }, append)),
  )
  for (const callers of [1, 16, 128]) {
    const count = calls * (callers === 1 ? 0.1 : 1)
    const times: number[] = []
    let more = count
    const caller = async () => {
      while (more-- > 0) {
        const started = performance.now()
        const call = randomUUIDv7()
        const { index } = await store.commit(intent(call))
        await store.commit(outcome(call, index))
        times.push(performance.now() - started)
      }
    }
    await timed(`${name}: calls (two commits), ${callers} callers`, count, () =>
      Promise.all(Array.from({ length: callers }, caller)),
    )
    times.sort((a, b) => a - b)
    const at = (part: number) => (times[Math.floor(times.length * part)] ?? 0).toFixed(2)
    print(`    p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`)
  }
  await store.close()
}

async function timed(what: string, count: number, work: () => Promise<unknown>): Promise<void> {
  const started = performance.now()
  await work()
  const perSecond = (count / (performance.now() - started)) * 1000
  print(`${what.padEnd(48)} ${Math.round(perSecond).toLocaleString('en').padStart(9)}/s`)
}

function denial(): Entry {
  const time = new Date().toISOString()
  const denied = { call: 'c', code: 'policy-denied', stage: 'resolved' } as const
  return { record: { type: 'call.denied', time, ...denied }, payloads: [] }
}

function intent(call: string): Entry {
  const facts = {
    caller: { iss: 'corp', sub: '5f0c7f1e-user', authn: 'oidc', cred: digest },
    obo: [],
    fn: { name: 'crm.customer.search', schema: digest, server: 'crm' },
  }
  const time = new Date().toISOString()
  return {
    record: { type: 'call.authorized', time, call, session, ...facts, masked: [], approvals: [] },
    payloads: [
      { role: 'args', mediaType, bytes, keep: true },
      { role: 'forwarded', mediaType, bytes, keep: false },
    ],
  }
}

function outcome(call: string, of: number): Entry {
  const ended = { call, session, intent: of, ending: 'done', status: 200, masked: [] } as const
  return {
    record: { type: 'call.outcome', time: new Date().toISOString(), ...ended },
    payloads: [
      { role: 'result', mediaType, bytes, keep: true },
      { role: 'returned', mediaType, bytes, keep: false },
    ],
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
