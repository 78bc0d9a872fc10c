import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export type Reply = {
  readonly Error: string
  readonly Text: string
  readonly Names: readonly string[] | null
  readonly Times: readonly number[] | null
  readonly Skey: string
  readonly Vkey: string
  readonly Root: string | null
  readonly Proof: readonly string[] | null
  readonly Tiles: Readonly<Record<string, string>> | null
}

export type GoPeer = {
  /** One question at a time. Bytes go and come in base64. */
  readonly ask: (request: Readonly<Record<string, unknown>>) => Promise<Reply>
  readonly close: () => Promise<void>
}

/**
 * Compiles and starts `peer.go` against Debian's packages of Go and golang.org/x/mod. They are
 * installed first, once, where apt is and lets us. Returns why not, where that cannot be.
 */
export async function startGoPeer(): Promise<GoPeer | string> {
  const missing = install()
  if (missing !== undefined) return missing
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-go-'))
  const program = join(folder, 'peer')
  const env = {
    ...process.env,
    GO111MODULE: 'off',
    GOPATH: packages,
    GOCACHE: process.env.GOCACHE ?? join(folder, 'cache'),
  }
  const build = run('go', ['build', '-o', program, join(import.meta.dirname, 'peer.go')], env)
  if (build !== undefined) {
    await rm(folder, { recursive: true })
    throw new Error(`peer.go does not compile: ${build}`)
  }
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] })
  return { ask: asker(child), close: () => stop(child, folder) }
}

const packages = '/usr/share/gocode'
const names = ['golang-go', 'golang-golang-x-mod-dev']
const installMs = 240_000

function install(): string | undefined {
  if (isInstalled()) return undefined
  if (run('apt-get', ['--version']) !== undefined) return 'Go is not installed, and apt is not here'
  const become = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const apt = (...args: readonly string[]) => {
    const [command = '', ...rest] = [...become, 'apt-get', '-qq', ...args]
    return run(command, rest, { ...process.env, DEBIAN_FRONTEND: 'noninteractive' })
  }
  const problem = apt('update') ?? apt('install', '-y', '--no-install-recommends', ...names)
  if (problem !== undefined || !isInstalled()) return `apt did not install ${names.join(' and ')}`
  return undefined
}

function isInstalled(): boolean {
  const library = join(packages, 'src/golang.org/x/mod/sumdb/tlog/tlog.go')
  return existsSync(library) && run('go', ['version']) === undefined
}

/** What went wrong, or `undefined`. */
function run(command: string, args: readonly string[], env = process.env): string | undefined {
  const { error, status, stderr } = spawnSync(command, args, { env, timeout: installMs })
  return status === 0 ? undefined : (error?.message ?? stderr.toString())
}

function asker(child: ChildProcess): GoPeer['ask'] {
  const { stdin, stdout } = child
  if (stdin === null || stdout === null) throw new Error('the peer has no pipes')
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  return async (request) => {
    stdin.write(`${JSON.stringify(request)}\n`)
    const { value, done } = await lines.next()
    if (done) throw new Error('the peer has ended')
    return JSON.parse(value)
  }
}

async function stop(child: ChildProcess, folder: string): Promise<void> {
  child.stdin?.end()
  if (child.exitCode === null) await once(child, 'exit')
  await rm(folder, { recursive: true })
}
