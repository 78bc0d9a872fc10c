import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request as send } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { listening } from './mcp-yard.ts'

export type Revision = '2025-11-25' | '2026-07-28'

type Check = {
  readonly id: string
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'INFO' | 'SKIPPED'
  readonly errorMessage?: string
}

const suite = fileURLToPath(import.meta.resolve('@modelcontextprotocol/conformance/dist/index.js'))

/** What the suite found, by scenario. */
export type Found = Readonly<Record<string, readonly Check[]>>

/** Everything that a revision requires of a server, or one scenario of it, asked of the server at this URL. */
export function askServer(
  t: TestContext,
  url: string,
  { revision, scenario }: { readonly revision: Revision; readonly scenario?: string },
): Promise<Found> {
  const one = scenario && ['--scenario', scenario, '--spec-version', revision, '--force']
  return runSuite(t, ['server', '--url', url, ...(one || ['--requirements', revision])])
}

/** One scenario of a client, which is a command. */
export async function askClient(
  t: TestContext,
  command: string,
  given: { readonly scenario: string; readonly revision: Revision },
): Promise<Found> {
  const { scenario, revision } = given
  const which = ['--scenario', scenario, '--spec-version', revision, '--force']
  return runSuite(t, ['client', '--command', command, '--timeout', '300000', ...which])
}

/** Every scenario of a client that the suite knows. */
export async function clientScenarios(): Promise<readonly string[]> {
  const listed = await promisify(execFile)(process.execPath, [suite, 'list', '--client'])
  return [...listed.stdout.matchAll(/^ +- (\S+) \[/gm)].map(([, name = '']) => name)
}

/** `server-` before what a server is asked, and when it was after it. */
const resultFolder = /^(?:server-)?(?<scenario>.*)-\d{4}-\d\d-\d\dT[\d-]+Z$/

async function runSuite(t: TestContext, args: readonly string[]): Promise<Found> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-conformance-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const command = [suite, ...args, '--output-dir', folder]
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] })
  const said: string[] = []
  t.after(() => child.kill('SIGKILL'))
  const ended = once(child, 'close')
  const saved = new Promise<void>((resolve) => {
    for (const output of [child.stdout, child.stderr]) {
      output.on('data', (chunk) => {
        said.push(String(chunk))
        // The suite's server waits for connections that its client keeps, after all is found.
        if (args[0] === 'client' && /Results saved to/.test(said.join(''))) resolve()
      })
    }
  })
  await Promise.race([ended, saved])
  // A scenario may be called `auth/…`.
  const found = globSync('**/checks.json', { cwd: folder }).map((file) => {
    const name = dirname(file)
    const { scenario } = resultFolder.exec(name)?.groups ?? {}
    const checks: readonly Check[] = JSON.parse(readFileSync(join(folder, file), 'utf8'))
    return [scenario ?? name, checks]
  })
  assert.ok(found.length > 0, `the suite found nothing: ${said.join('').slice(-2_000)}`)
  return Object.fromEntries(found)
}

/**
 * An address in front of the gateway's at which everybody is this caller: the suite sends no bearer token of its own.
 * Nothing else is changed, neither Host nor Origin.
 */
export function serveAs(t: TestContext, target: string, token: string): Promise<string> {
  return listening(t, (request, response) => {
    const headers = { ...request.headers, authorization: `Bearer ${token}` }
    const { method } = request
    const forwarded = send(target, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      response.flushHeaders()
      answer.pipe(response)
      answer.on('error', () => response.destroy())
    })
    forwarded.on('error', () => response.destroy())
    response.on('close', () => forwarded.destroy())
    request.pipe(forwarded)
  })
}
