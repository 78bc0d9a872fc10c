import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Client } from 'pg'

/** A PostgreSQL of this test file's own on a port of the loopback interface: with `fsync`, unless told otherwise. */
export type PostgresServer = {
  /** A new empty database in it. */
  readonly database: () => Promise<string>
  /** Runs one statement as the superuser, in the database of this URL. */
  readonly run: (url: string, statement: string) => Promise<readonly Record<string, unknown>[]>
  /** Cuts every connection to the database of this URL. */
  readonly cut: (url: string) => Promise<void>
  /** `immediate`: as if the power were cut, but for the disk's own cache. */
  readonly stop: (how: 'fast' | 'immediate') => Promise<void>
  readonly start: () => Promise<void>
  readonly close: () => Promise<void>
}

export type ServerSettings = {
  /** As in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>
  /** By their names in the data folder. */
  readonly files?: Readonly<Record<string, string>>
}

/** Starts one, or says why there can be none here: then whoever asked is to be skipped. */
export async function startPostgres(
  given: ServerSettings = {},
): Promise<PostgresServer | { readonly missing: string }> {
  const bin = findBin() ?? installBin()
  if (bin === undefined)
    return { missing: 'there is no PostgreSQL here, and none can be installed' }
  const owner = process.getuid?.() === 0 ? otherUser() : { as: [] }
  if (owner === undefined)
    return { missing: 'PostgreSQL refuses to run as root, and nobody else can' }
  const folder = mkdtempSync(join(tmpdir(), 'postgres-'))
  chmodSync(folder, 0o755)
  const data = join(folder, 'data')
  mkdirSync(data)
  const as = (command: string, ...args: string[]) => [...owner.as, join(bin, command), ...args]
  if (owner.uid !== undefined) spawnSync('chown', [owner.uid, data])
  const made = runAs(
    as('initdb', '-D', data, '-U', 'postgres', '-E', 'UTF8', '--locale=C', '-A', 'trust', '-N'),
  )
  if (made.status !== 0) {
    rmSync(folder, { recursive: true, force: true })
    return { missing: `initdb failed: ${made.stderr}` }
  }
  for (const [name, text] of Object.entries(given.files ?? {})) {
    writeFileSync(join(data, name), text, { mode: 0o600 })
    if (owner.uid !== undefined) spawnSync('chown', [owner.uid, join(data, name)])
  }
  const settings = Object.entries({ fsync: 'on', ...given.settings })
  const command = [...owner.as, ...tied, join(bin, 'postgres'), '-D', data]
  for (const [key, value] of settings) command.push('-c', `${key}=${value}`)
  const server = new Server({ command, folder, port: await freePort() })
  await server.start()
  return server
}

class Server implements PostgresServer {
  #child: ChildProcess | undefined
  #databases = 0
  readonly #given: { readonly command: string[]; readonly folder: string; readonly port: number }

  constructor(given: {
    readonly command: string[]
    readonly folder: string
    readonly port: number
  }) {
    this.#given = given
  }

  #url = (database: string): string =>
    `postgres://postgres@127.0.0.1:${this.#given.port}/${database}`

  start = async (): Promise<void> => {
    const { command, port } = this.#given
    const [program = '', ...args] = command
    const settings = ['-p', `${port}`, '-h', '127.0.0.1', '-k', '']
    const child = spawn(program, [...args, ...settings], {
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: '/',
    })
    this.#child = child
    let said = ''
    child.stderr?.on('data', (piece: Buffer) => {
      said = (said + piece.toString()).slice(-4_000)
    })
    for (let tries = 0; tries < 500; tries++) {
      if (child.exitCode !== null) throw new Error(`postgres did not start: ${said}`)
      if (await this.#answers()) return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    throw new Error(`postgres does not answer: ${said}`)
  }

  #answers = async (): Promise<boolean> => {
    try {
      await this.run(this.#url('postgres'), 'SELECT 1')
      return true
    } catch {
      return false
    }
  }

  run = async (url: string, statement: string): Promise<readonly Record<string, unknown>[]> => {
    const client = new Client({ connectionString: url })
    // A server that is being stopped cuts it; the statement's own rejection says so.
    client.on('error', () => {})
    try {
      await client.connect()
      return (await client.query(statement)).rows
    } finally {
      await client.end().catch(() => {})
    }
  }

  database = async (): Promise<string> => {
    this.#databases += 1
    const name = `test_${this.#databases}`
    await this.run(this.#url('postgres'), `CREATE DATABASE ${name}`)
    return this.#url(name)
  }

  cut = async (url: string): Promise<void> => {
    const name = new URL(url).pathname.slice(1)
    await this.run(
      this.#url('postgres'),
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`,
    )
  }

  stop = async (how: 'fast' | 'immediate'): Promise<void> => {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(how === 'fast' ? 'SIGINT' : 'SIGQUIT')
    await exited
  }

  close = async (): Promise<void> => {
    await this.stop('immediate')
    rmSync(this.#given.folder, { recursive: true, force: true })
  }
}

function findBin(): string | undefined {
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    ...globSync('/usr/lib/postgresql/*/bin').toSorted((a, b) => version(b) - version(a)),
  ]
  return folders.find((one) => existsSync(join(one, 'initdb')) && existsSync(join(one, 'postgres')))
}

function version(path: string): number {
  return Number(/\/(\d+)\/bin$/.exec(path)?.[1] ?? 0)
}

/** The Debian package, and no cluster of it: tests make their own. */
function installBin(): string | undefined {
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).status !== 0) return undefined
  process.stderr.write('# installing the package postgresql for the tests\n')
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  mkdirSync('/etc/postgresql-common/createcluster.d', { recursive: true })
  const install = ['install', '-y', '--no-install-recommends', 'postgresql-common']
  spawnSync('apt-get', ['update'], { env })
  if (spawnSync('apt-get', install, { env }).status !== 0) return undefined
  const noCluster =
    'echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.d/no.conf'
  spawnSync('sh', ['-c', noCluster])
  const server = ['install', '-y', '--no-install-recommends', 'postgresql']
  spawnSync('apt-get', server, { env })
  return findBin()
}

/**
 * So that a test file that is killed leaves no server behind, where that can be had. A change of the user takes it
 * back (prctl(2)): it comes after that.
 */
const tied: readonly string[] =
  spawnSync('setpriv', ['--pdeathsig', 'QUIT', 'true']).status === 0
    ? ['setpriv', '--pdeathsig', 'QUIT']
    : []

type Owner = { readonly as: readonly string[]; readonly uid?: string }

function otherUser(): Owner | undefined {
  for (const name of ['postgres', 'nobody']) {
    const { status, stdout } = spawnSync('id', ['-u', name], { encoding: 'utf8' })
    if (status !== 0) continue
    const uid = stdout.trim()
    return { uid, as: ['setpriv', `--reuid=${uid}`, '--clear-groups', '--inh-caps=-all'] }
  }
  return undefined
}

function runAs([program = '', ...args]: readonly string[]) {
  return spawnSync(program, args, { encoding: 'utf8', cwd: '/' })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || !address) throw new Error('no port')
  return address.port
}
