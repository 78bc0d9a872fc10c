import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startIdp } from '../src/cli/demo/idp.ts'
import type { Gateway } from '../src/serve.ts'
import { type Asked, ask, type Seen } from './caller.ts'
import { deadUrl, type House, houseConfig, openPeople, readLeaves, startGateway } from './house.ts'
import { assertNothingLeaked } from './leaks.ts'
import { rulebook, writeRulebook } from './rules.ts'
import { startUpstream } from './upstream.ts'

/** A gateway as a process of its own, so that it can be killed, starved and started twice. */
export type Child = {
  readonly url: string
  readonly call: (path: string, asked?: Asked) => Promise<Seen>
  /** The admin API as this person. */
  readonly admin: House['admin']
  readonly signal: (name: 'SIGKILL' | 'SIGTERM') => void
  /** Its exit code; null after a signal. */
  readonly exited: Promise<number | null>
}

/** The same gateway in this process. */
export type Served = Pick<Child, 'call' | 'admin'> & { readonly stop: () => Promise<void> }

export type Yard = Pick<
  House,
  'records' | 'home' | 'secret' | 'token' | 'logged' | 'upstream' | 'rulebook'
> & {
  /** Starts it and waits until it runs; rejects with what it said when it does not. */
  readonly start: (limits?: { readonly fileKiB: number }) => Promise<Child>
  /** Where nothing kills it: most of what the start of a process costs is reading the program. */
  readonly serve: () => Promise<Served>
  /** Ends what still runs, so that one failed row does not fail the next. */
  readonly clear: () => Promise<void>
}

const bin = join(import.meta.dirname, '../bin/sallyport.js')

/** Everything around a gateway, and none running. Its upstream has a minute to answer. */
export async function openYard(t: {
  readonly after: (cleanUp: () => unknown) => void
}): Promise<Yard> {
  const [idp, upstream] = await Promise.all([startIdp({ audience: 'house' }), startUpstream()])
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-yard-'))
  const home = join(folder, 'home')
  const rules = join(folder, 'rulebook')
  writeRulebook(rules, rulebook({ up: upstream.url, dead: await deadUrl(), timeout: '60s' }))
  const config = join(folder, 'gateway.yaml')
  // JSON is YAML too.
  writeFileSync(config, JSON.stringify(houseConfig({ issuer: idp.issuer, home, rules })))
  const secret = randomBytes(18).toString('base64url')
  const token = await idp.token({ sub: 'tess', groups: ['callers'] })
  const children = new Map<ChildProcess, Promise<unknown>>()
  const served = new Set<Gateway>()
  const clear = async () => {
    for (const child of children.keys()) child.kill('SIGKILL')
    await Promise.all([...children.values(), ...Array.from(served, (one) => one.close())])
    children.clear()
    served.clear()
  }
  const said: string[] = []
  t.after(async () => {
    await clear()
    await Promise.all([idp.close(), upstream.close()])
    assertNothingLeaked({ home, logged: said.join('') }, [secret])
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    home,
    rulebook: rules,
    secret,
    token,
    upstream,
    logged: () => said.join(''),
    records: (from) => readLeaves(home, from),
    clear,
    start: async (limits) => {
      const child = spawnGateway(config, { UP_SECRET: secret }, limits)
      const exited = new Promise<number | null>((resolve) => child.on('close', resolve))
      children.set(child, exited)
      const { url, adminUrl } = await addressesOf(child, exited, said)
      return {
        url,
        admin: openPeople(idp, () => adminUrl),
        call: (path, asked) => ask(url, path, { token, ...asked }),
        signal: (name) => void child.kill(name),
        exited,
      }
    },
    serve: async () => {
      const given = { idp, home, rules, secret, lines: said, settings: {}, graceMs: undefined }
      const gateway = await startGateway(given)
      served.add(gateway)
      return {
        admin: openPeople(idp, () => gateway.adminUrl),
        call: (path, asked) => ask(gateway.url, path, { token, ...asked }),
        stop: async () => {
          served.delete(gateway)
          await gateway.close()
        },
      }
    },
  }
}

function spawnGateway(
  config: string,
  env: Readonly<Record<string, string>>,
  limits: { readonly fileKiB: number } | undefined,
): ChildProcess {
  const serve = [bin, 'serve', '--config', config]
  const options: SpawnOptions = {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  }
  if (!limits) return spawn(process.execPath, serve, options)
  // Beyond the limit a write fails with EFBIG, as it does with ENOSPC on a disk that is full.
  const limited = `ulimit -f ${limits.fileKiB}; exec "$0" "$@"`
  return spawn('bash', ['-c', limited, process.execPath, ...serve], options)
}

function addressesOf(
  child: ChildProcess,
  exited: Promise<number | null>,
  said: string[],
): Promise<{ readonly url: string; readonly adminUrl: string }> {
  return new Promise((resolve, reject) => {
    let text = ''
    const listen = (piece: Buffer) => {
      said.push(piece.toString())
      text += piece.toString()
      const url = /Calls +(http\S+)/.exec(text)?.[1]
      const adminUrl = /Admin API +(http\S+)/.exec(text)?.[1]
      if (url !== undefined && adminUrl !== undefined && /Home /.test(text)) {
        resolve({ url, adminUrl })
      }
    }
    child.stdout?.on('data', listen)
    child.stderr?.on('data', listen)
    void exited.then((code) => reject(new Error(`exit ${code}: ${text}`)))
  })
}
