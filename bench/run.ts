/**
 * `npm run bench`: governed calls beside plain peers on the same machine in the same run. Prints a table
 * and writes bench/latest.json. Bounded: a fixed number of requests a row. `--quick` for a short look;
 * `--postgres` measures a gateway whose store is a PostgreSQL on this machine as well.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PostgresServer, startPostgres } from '../packages/gateway/test/postgres-server.ts'
import { fsyncMs } from './fsync.ts'
import { benchGateway } from './gateway.ts'
import type { LoadResult } from './load.ts'
import { startNginx } from './nginx.ts'
import { cpuSeconds, rssMegabytes, runLoad, startScript, stopAll } from './process.ts'

type Row = LoadResult & {
  readonly name: string
  readonly bytes: number
  readonly callers: number
  readonly perSecond: number
  readonly cpuMsPerCall: number
  readonly rssMb: number
}

const quick = process.argv.includes('--quick')
const requests = quick ? 5_000 : 40_000
const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
const rows: Row[] = []

const server = process.argv.includes('--postgres') ? await postgres() : undefined

try {
  for (const bytes of [2048, 10_240]) await measureSize(bytes)
} finally {
  stopAll()
  await server?.close()
  rmSync(folder, { recursive: true, force: true })
}
report()

async function measureSize(bytes: number): Promise<void> {
  const upstream = await startScript('upstream.ts', [String(bytes)])
  const nginx = startNginx(folder, upstream.port)
  if (nginx) {
    await measure('plain nginx', bytes, { ...nginx, path: '/customers', headers: {} })
    nginx.stop()
  }
  const proxy = await startScript('proxy.ts', [String(upstream.port)])
  await measure('plain Node proxy', bytes, { ...proxy, path: '/customers', headers: {} })
  proxy.stop()
  for (const policies of [20, 200]) {
    for (const payloads of ['committed', 'kept'] as const) {
      const options = { folder, upstreamPort: upstream.port, policies, payloads }
      const gateway = await benchGateway(options)
      await measure(`Sallyport, ${policies} policies, payloads ${payloads}`, bytes, gateway)
      await gateway.stop()
    }
  }
  if (server) {
    const store = { url: await server.database(), instance: 'bench', home: `./home-${bytes}` }
    const options = { folder, upstreamPort: upstream.port, policies: 20, store }
    const gateway = await benchGateway({ ...options, payloads: 'committed' })
    await measure('Sallyport on PostgreSQL, 20 policies', bytes, gateway)
    await gateway.stop()
  }
  upstream.stop()
}

async function postgres(): Promise<PostgresServer> {
  const started = await startPostgres()
  if ('missing' in started) throw new Error(started.missing)
  return started
}

type Target = {
  readonly pid: number
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

async function measure(name: string, bytes: number, target: Target): Promise<void> {
  for (const callers of quick ? [16] : [1, 16, 64]) {
    const count = callers === 1 ? requests / 8 : requests
    const body = JSON.stringify({ query: 'x'.repeat(1000), filters: { plan: 'business' } })
    const load = { ...target, method: 'POST', body, callers, requests: count, warmup: count / 4 }
    const before = cpuSeconds(target.pid)
    const result = await runLoad(load)
    const cpu = cpuSeconds(target.pid) - before
    const row: Row = {
      name,
      bytes,
      callers,
      ...result,
      perSecond: result.requests / result.seconds,
      // The warm-up ran on the same process and is counted in its CPU time.
      cpuMsPerCall: (cpu * 1000) / (count * 1.25),
      rssMb: rssMegabytes(target.pid),
    }
    rows.push(row)
    process.stdout.write(`${line(row)}\n`)
    if (result.failed > 0) throw new Error(`${name}: ${result.failed} answers were not 200`)
  }
}

function line(row: Row): string {
  return [
    row.name.padEnd(44),
    `${row.bytes} B`.padStart(8),
    `${row.callers} callers`.padStart(11),
    `${Math.round(row.perSecond)}/s`.padStart(9),
    `p50 ${row.p50Ms.toFixed(2)} ms`.padStart(13),
    `p99 ${row.p99Ms.toFixed(2)} ms`.padStart(14),
    `${row.cpuMsPerCall.toFixed(3)} CPU-ms`.padStart(13),
    `${Math.round(row.rssMb)} MB`.padStart(7),
  ].join('  ')
}

function report(): void {
  const fsync = fsyncMs()
  const ratios = rows
    .filter((row) => row.name.startsWith('Sallyport'))
    .map((row) => {
      const peer = rows.find(
        (one) =>
          one.name === 'plain Node proxy' && one.bytes === row.bytes && one.callers === row.callers,
      )
      const ratio = row.perSecond / (peer?.perSecond ?? Number.NaN)
      return { name: row.name, bytes: row.bytes, callers: row.callers, ofPlainNodeProxy: ratio }
    })
  const commit = spawnSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).stdout?.trim()
  const machine = {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    kernel: release(),
    node: process.version,
  }
  writeFileSync(
    join(import.meta.dirname, 'latest.json'),
    `${JSON.stringify({ commit, machine, fsync, rows, ratios }, null, 2)}\n`,
  )
  process.stdout.write(
    `\nfdatasync of one page: p50 ${fsync.p50.toFixed(3)} ms, p99 ${fsync.p99.toFixed(3)} ms\n` +
      'Load generator and upstream share the machine with what is measured. CPU-ms: user and system\n' +
      'time of every thread of the process measured, per call.\n\nThroughput beside the plain Node proxy of the same run:\n',
  )
  for (const { name, bytes, callers, ofPlainNodeProxy } of ratios) {
    process.stdout.write(
      `  ${name.padEnd(44)} ${bytes} B  ${String(callers).padStart(2)} callers  ${(ofPlainNodeProxy * 100).toFixed(0)} %\n`,
    )
  }
}
