/**
 * `npm run bench:evidence`: what the record costs. Durable leaves appended, leaves integrated into the
 * published tree, leaves verified as an auditor does, and the two commits of one call at 1, 16 and 128
 * callers, beside what one sync of this disk costs. Writes bench/latest-evidence.json. `--quick` for a
 * short look, `--leaves 10000000` for a long one, in which the log to verify is written without a store.
 */
import { randomUUIDv7 } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openSource } from '../packages/evidence/src/cli/open-source.ts'
import { parseTrust, verifyBundle } from '../packages/evidence/src/evidence.ts'
import { limits } from '../packages/gateway/src/config/limits.ts'
import { openIntegrator } from '../packages/gateway/src/log/integrate.ts'
import { openLogKeys } from '../packages/gateway/src/log/log-key.ts'
import { openTileFolder } from '../packages/gateway/src/log/tile-folder.ts'
import { trustText } from '../packages/gateway/src/log/trust-text.ts'
import { openSqlite } from '../packages/gateway/src/store/sqlite/open.ts'
import type { Entry, Store } from '../packages/gateway/src/store/store.ts'
import { fsyncMs } from './fsync.ts'
import { writeSyntheticLog } from './synthetic-log.ts'
import { verifyTreeAlone } from './tree-alone.ts'

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, leaves: { type: 'string' } },
})
const leaves = Number(values.leaves ?? (values.quick ? 50_000 : 250_000))
const appended = Math.min(leaves, 250_000)
const origin = 'bench.example/log'
const party = { iss: 'corp', sub: '5f0c7f1e-user' }
const digest = `sha256:${'ab'.repeat(32)}`
const session = `ses_${'0'.repeat(32)}`
const facts = {
  caller: { ...party, authn: 'oidc', cred: digest },
  obo: [],
  fn: { name: 'crm.customer.search', schema: digest, server: 'crm' },
  session,
}

const folder = mkdtempSync(join(tmpdir(), 'sallyport-evidence-'))
const rows: Row[] = []
type Row = {
  readonly what: string
  readonly perSecond: number
  /** User and system time of this process with its writer thread, for one of what is counted. */
  readonly cpuUs: number
  readonly p50Ms?: number
  readonly p99Ms?: number
  /** Resident memory on the way, by records verified, MB. */
  readonly memoryMb?: Readonly<Record<number, number>>
}

try {
  await measureLog()
  await measureVerifier()
  for (const callers of [1, 16, 128]) await measureCalls(callers)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
const fsync = fsyncMs()
const rssMb = Math.round(process.resourceUsage().maxRSS / 1024)
writeFileSync(
  join(import.meta.dirname, 'latest-evidence.json'),
  `${JSON.stringify({ node: process.version, leaves, fsync, rssMb, rows }, null, 2)}\n`,
)
process.stdout.write(
  `fdatasync of one page: p50 ${fsync.p50.toFixed(3)} ms, p99 ${fsync.p99.toFixed(3)} ms. ` +
    `Most memory: ${rssMb} MB.\n`,
)

async function openBench(name: string): Promise<{ store: Store; keys: Keys; home: string }> {
  const home = mkdtempSync(join(folder, name))
  const options = { origin, overlapMs: limits.logKeyOverlapMs, now: Date.now() }
  const keys = await openLogKeys(join(home, 'log-key.json'), options)
  const store = await openSqlite({
    path: join(home, 'sallyport.db'),
    instance: 'bench',
    boot: randomUUIDv7(),
    kek: new Uint8Array(32).fill(1),
    origin,
    logKey: keys.current(),
  })
  return { store, keys, home }
}
type Keys = Awaited<ReturnType<typeof openLogKeys>>

async function measureLog(): Promise<void> {
  const { store, keys, home } = await openBench('log-')
  await measure('durable leaves appended, in batches', appended, async () => {
    await store.commit(opened())
    let left = appended
    const appender = async () => {
      while (left-- > 0) await store.commit(denial())
    }
    await Promise.all(Array.from({ length: 2_048 }, appender))
    return {}
  })
  const tiles = await openTileFolder(join(home, 'log'))
  await store.stop()
  const batchLeaves = limits.growthLeaves
  const needs = { store, tiles, keys, origin, holder: 'bench', now: Date.now, batchLeaves }
  const integrator = await openIntegrator(needs)
  await measure('leaves integrated and published', appended, async () => {
    await integrator.run()
    return {}
  })
  await store.close()
  const trust = { origin, logKeys: keys.verifierKeys(), witnesses: [], quorum: 'none' } as const
  await measure('refusals verified, all checks', appended, () => {
    return verify(join(home, 'log'), trustText(trust), appended)
  })
  rmSync(home, { recursive: true })
}

/** A log as a gateway writes it: calls of many people, decisions, commitments, heartbeats. */
async function measureVerifier(): Promise<void> {
  const home = mkdtempSync(join(folder, 'synthetic-'))
  const trust = await writeSyntheticLog(home, leaves)
  await measure('leaves of calls verified, all checks', leaves, () => verify(home, trust, leaves))
  await measure('their tree alone, as other verifiers do', leaves, async () => {
    const source = await openSource(home)
    const size = await verifyTreeAlone(source, parseTrust(trust))
    await source.close()
    if (size !== leaves) throw new Error(`the tree holds ${size} leaves`)
    return {}
  })
  rmSync(home, { recursive: true })
}

/** Returns the memory at ten places of the walk. */
async function verify(log: string, trust: string, least: number): Promise<Pick<Row, 'memoryMb'>> {
  const memoryMb: Record<number, number> = {}
  let next = least / 10
  const onProgress = (done: number) => {
    if (done < next) return
    memoryMb[Math.round(next)] = Math.round(process.memoryUsage().rss / 2 ** 20)
    next += least / 10
  }
  const source = await openSource(log)
  const { ok, size, findings } = await verifyBundle(source, parseTrust(trust), { onProgress })
  if (!ok || size < least) throw new Error(`the log does not verify: ${findings[0]?.code}`)
  await source.close()
  return { memoryMb }
}

/** The store's part of a governed call: an intent and an outcome, each with two commitments. */
async function measureCalls(callers: number): Promise<void> {
  const { store, home } = await openBench('calls-')
  const count = (values.quick ? 2_000 : 12_000) * (callers === 1 ? 0.25 : 1)
  const times: number[] = []
  let left = count
  const caller = async () => {
    while (left-- > 0) {
      const started = performance.now()
      const call = randomUUIDv7()
      const { index } = await store.commit(intent(call))
      await store.commit(outcome(call, index))
      times.push(performance.now() - started)
    }
  }
  await measure(`calls (two commits), ${callers} callers`, count, async () => {
    await Promise.all(Array.from({ length: callers }, caller))
    times.sort((a, b) => a - b)
    return {
      p50Ms: times[Math.floor(count * 0.5)] ?? 0,
      p99Ms: times[Math.floor(count * 0.99)] ?? 0,
    }
  })
  await store.close()
  rmSync(home, { recursive: true })
}

async function measure(
  what: string,
  count: number,
  work: () => Promise<Partial<Row>>,
): Promise<void> {
  const cpu = process.cpuUsage()
  const started = performance.now()
  const latency = await work()
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const row: Row = { what, perSecond: count / seconds, cpuUs: (user + system) / count, ...latency }
  rows.push(row)
  const ms = (value: number | undefined) => (value === undefined ? '' : `${value.toFixed(2)} ms`)
  process.stdout.write(
    [
      what.padEnd(40),
      `${Math.round(row.perSecond)}/s`.padStart(11),
      `${row.cpuUs.toFixed(1)} CPU-µs`.padStart(14),
      ms(row.p50Ms).padStart(10),
      ms(row.p99Ms).padStart(10),
    ].join('  '),
  )
  process.stdout.write('\n')
  const places = Object.entries(row.memoryMb ?? {})
  if (places.length > 0) {
    const told = places.map(([done, mb]) => `${mb} MB at ${done}`)
    process.stdout.write(`  memory: ${told.join(', ')}\n`)
  }
}

function now(): string {
  return new Date().toISOString()
}

function opened(): Entry {
  const parties = [{ ...party, kind: 'user', groups: ['callers'] }] as const
  return { record: { type: 'session.opened', time: now(), session, parties }, payloads: [] }
}

function denial(): Entry {
  const what = { call: randomUUIDv7(), code: 'policy-denied', stage: 'resolved' } as const
  return { record: { type: 'call.denied', time: now(), ...facts, ...what }, payloads: [] }
}

function intent(call: string): Entry {
  const bytes = new Uint8Array(1_000)
  const payload = { mediaType: 'application/json', bytes, keep: false } as const
  return {
    record: { type: 'call.authorized', time: now(), ...facts, call, masked: [], approvals: [] },
    payloads: [
      { ...payload, role: 'args' },
      { ...payload, role: 'forwarded' },
    ],
  }
}

function outcome(call: string, index: number): Entry {
  const bytes = new Uint8Array(2_000)
  const payload = { mediaType: 'application/json', bytes, keep: false } as const
  const ending = { intent: index, ending: 'done', status: 200, masked: [] } as const
  return {
    record: { type: 'call.outcome', time: now(), call, session, ...ending },
    payloads: [
      { ...payload, role: 'result' },
      { ...payload, role: 'returned' },
    ],
  }
}
