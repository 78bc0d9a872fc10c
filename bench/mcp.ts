/**
 * `npm run bench:mcp`: governed tools/call (masking on, both records durable) beside plain peers on the same machine in
 * the same run: a pass-through of JSON-RPC, a proxy built from the official SDK, mcp-proxy, and the server itself.
 * Prints a table and writes bench/latest-mcp.json. A fixed number of calls a row; `--quick` for a short look.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { importedFrom } from '../packages/gateway/test/mcp-yard.ts'
import { fsyncMs } from './fsync.ts'
import { answering, freePort, startGateway } from './gateway.ts'
import type { LoadResult } from './load.ts'
import { cpuSeconds, own, ownCpuSeconds, runLoad, startScript, stopAll } from './process.ts'

type Row = LoadResult & {
  readonly name: string
  readonly callers: number
  readonly perSecond: number
  readonly cpuMsPerCall: number
}
type Target = {
  readonly pid: number
  readonly port: number
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly stop: () => void | Promise<void>
  /** Absent: user and system time of the process and its children. */
  readonly cpu?: (pid: number) => number
}

const bytes = 2048
const calls = process.argv.includes('--quick') ? 1_000 : 10_000
const revision = '2026-07-28'
const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
const card = '4539578763621486'
const rows: Row[] = []

const clientInfo = { name: 'bench', version: '1' }
const _meta = {
  'io.modelcontextprotocol/protocolVersion': revision,
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': clientInfo,
}
const params = { name: 'search', arguments: { query: 'x'.repeat(1000) }, _meta }
const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
const headers = {
  accept: 'application/json, text/event-stream',
  'content-type': 'application/json',
  'mcp-protocol-version': revision,
  'mcp-method': 'tools/call',
  'mcp-name': 'search',
}

try {
  const upstream = await startScript('mcp-upstream.ts', [String(bytes)])
  // It goes on: it is behind the others.
  await measure('the server itself', { ...upstream, path: '/mcp', stop: () => {} })
  const passThrough = await startScript('mcp-pass-through.ts', [String(upstream.port)])
  await measure('pass-through of JSON-RPC', { ...passThrough, path: '/mcp' })
  const sdk = await startScript('mcp-sdk-proxy.ts', [String(upstream.port)])
  await measure('proxy of the official SDK', { ...sdk, path: '/mcp' })
  await measure('mcp-proxy', await startMcpProxy())
  for (const maxAge of ['60s', '0s']) {
    const gateway = await startGoverned(upstream.port, maxAge)
    await measure(`Sallyport, definitions ${maxAge} old at most`, gateway, { masked: true })
  }
} finally {
  stopAll()
  rmSync(folder, { recursive: true, force: true })
}
report()

/** mcp-proxy, which starts its server itself and speaks stdio with it. */
async function startMcpProxy(): Promise<Target> {
  const port = await freePort()
  const bin = join(fileURLToPath(import.meta.resolve('mcp-proxy')), '../bin/mcp-proxy.mjs')
  const server = [join(import.meta.dirname, 'mcp-upstream.ts'), String(bytes), 'stdio']
  const listen = ['--host', '127.0.0.1', '--port', String(port), '--server', 'stream']
  const speak = ['--upstreamProtocol', 'auto', '--', process.execPath, ...server]
  const child = spawn(process.execPath, [bin, ...listen, ...speak], { stdio: 'ignore' })
  return { ...own(child), port, path: '/mcp', cpu: ownCpuSeconds }
}

/** A gateway with the server behind it, its function imported and three of the result's members masked. */
async function startGoverned(upstreamPort: number, maxAge: string): Promise<Target> {
  const place = { upstream: `http://127.0.0.1:${upstreamPort}/mcp`, revision } as const
  const home = mkdtempSync(join(folder, 'gateway-'))
  const mask = [
    { path: '$.customer.email', partial: { first: 1, last: 4 } },
    { path: '$.customer.ssn', redact: 'SSN' },
    { path: '$.customer.card.number', partial: { first: 6, last: 4 } },
  ]
  const change = { search: { mask, sensitivity: 'restricted', payloads: 'committed' } }
  const files: Readonly<Record<string, string>> = {
    'connections/crm.yaml': `id: crm
protocol: mcp
upstream: ${place.upstream}
revision: ${revision}
credential: none
definitions: { maxAge: ${maxAge} }
`,
    'functions/crm.yaml': await importedFrom('crm', place, { change }),
    'policies/crm.cedar': `@id("bench") @owner("team") @reason("Bench") @review("90d")
permit (principal in Group::"bench", action == Action::"crm.search", resource);
`,
  }
  for (const [name, text] of Object.entries(files)) {
    const path = join(home, 'rulebook', name)
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, text)
  }
  return { ...(await startGateway(home)), path: '/mcp/crm' }
}

async function measure(name: string, target: Target, { masked = false } = {}): Promise<void> {
  const url = `http://127.0.0.1:${target.port}${target.path}`
  const answer = await answering(url, { ...headers, ...target.headers }, body)
  if (!answer.includes('customer') || answer.includes(card) === masked) {
    throw new Error(`${name} answers something else: ${answer.slice(0, 500)}`)
  }
  const { 'content-type': _, ...sent } = headers
  const all = { ...sent, ...target.headers }
  const { cpu: cpuOf = cpuSeconds } = target
  for (const callers of [1, 16]) {
    const requests = callers === 1 ? calls / 4 : calls
    const { port, path } = target
    const load = { port, path, headers: all, method: 'POST', body, callers }
    const before = cpuOf(target.pid)
    const result = await runLoad({ ...load, requests, warmup: requests / 4 })
    const cpu = cpuOf(target.pid) - before
    const row: Row = {
      ...{ name, callers, ...result, perSecond: result.requests / result.seconds },
      // The warm-up ran on the same process and is counted in its CPU time.
      cpuMsPerCall: (cpu * 1000) / (requests * 1.25),
    }
    rows.push(row)
    process.stdout.write(`${line(row)}\n`)
    if (result.failed > 0) throw new Error(`${name}: ${result.failed} answers were not 200`)
  }
  await target.stop()
}

function line(row: Row): string {
  return [
    row.name.padEnd(40),
    `${row.callers} callers`.padStart(10),
    `${Math.round(row.perSecond)}/s`.padStart(8),
    `p50 ${row.p50Ms.toFixed(2)} ms`.padStart(13),
    `p99 ${row.p99Ms.toFixed(2)} ms`.padStart(14),
    `${row.cpuMsPerCall.toFixed(3)} CPU-ms`.padStart(13),
  ].join('  ')
}

function report(): void {
  const fsync = fsyncMs()
  const machine = {
    ...{ cpu: cpus()[0]?.model, cores: cpus().length },
    ...{ kernel: release(), node: process.version },
  }
  const written = { machine, bytes, fsync, rows }
  writeFileSync(
    join(import.meta.dirname, 'latest-mcp.json'),
    `${JSON.stringify(written, null, 2)}\n`,
  )
  process.stdout.write(
    `\nfdatasync of one page: p50 ${fsync.p50.toFixed(3)} ms, p99 ${fsync.p99.toFixed(3)} ms\n` +
      'Load generator and server share the machine with what is measured. CPU-ms: user and system time of\n' +
      'every thread of the process measured, per call, without the server that mcp-proxy starts.\n',
  )
}
