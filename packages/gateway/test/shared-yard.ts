import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Idp, startIdp } from '../src/cli/demo/idp.ts'
import { type Asked, ask, type Seen } from './caller.ts'
import { deadUrl, type House, houseConfig, type Leaf, openPeople, readLeaves } from './house.ts'
import type { PostgresServer } from './postgres-server.ts'
import { rulebook, writeRulebook } from './rules.ts'
import { startUpstream, type Upstream } from './upstream.ts'

/** One of several gateways: a process of its own. */
export type Gateway = {
  readonly url: string
  readonly adminUrl: string
  readonly call: (path: string, asked?: Asked) => Promise<Seen>
  /** Its admin API as this person. */
  readonly admin: House['admin']
  /** Its wall clock is off by so much from here on. */
  readonly setClock: (offMs: number) => Promise<void>
  readonly signal: (name: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT') => void
  /** Its exit code; null after a signal. */
  readonly exited: Promise<number | null>
}

/**
 * Everything around gateways that share one PostgreSQL and one home folder, and none running. Without a server one
 * gateway at a time may run, and keeps its store in the home folder.
 */
export type SharedYard = {
  readonly idp: Idp
  readonly upstream: Upstream
  readonly home: string
  readonly rulebook: string
  /** Of the database, which nobody else uses; empty without a server. */
  readonly storeUrl: string
  readonly token: string
  readonly secret: string
  /** What all of them said. */
  readonly logged: () => string
  readonly records: (from?: number) => Promise<readonly Leaf[]>
  /** Starts the instance of this name; `settings` as in gateway.yaml. Its wall clock is off by `clockOffMs`. */
  readonly start: (
    instance: string,
    settings?: object,
    set?: { readonly clockOffMs: number },
  ) => Promise<Gateway>
}

const bin = join(import.meta.dirname, '../bin/sallyport.js')
const clock = join(import.meta.dirname, 'set-clock.ts')

export async function openSharedYard(
  t: { readonly after: (cleanUp: () => unknown) => void },
  server?: PostgresServer,
): Promise<SharedYard> {
  const [idp, upstream] = await Promise.all([startIdp({ audience: 'house' }), startUpstream()])
  const storeUrl = (await server?.database()) ?? ''
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-shared-'))
  const home = join(folder, 'home')
  const rules = join(folder, 'rulebook')
  writeRulebook(rules, rulebook({ up: upstream.url, dead: await deadUrl(), timeout: '60s' }))
  const secret = randomBytes(18).toString('base64url')
  const token = await idp.token({ sub: 'tess', groups: ['callers'] })
  const children = new Map<ChildProcess, Promise<unknown>>()
  const said: string[] = []
  t.after(async () => {
    for (const child of children.keys()) child.kill('SIGKILL')
    await Promise.all(children.values())
    await Promise.all([idp.close(), upstream.close()])
    rmSync(folder, { recursive: true, force: true })
  })
  const start: SharedYard['start'] = async (
    instance,
    settings = {},
    { clockOffMs } = { clockOffMs: 0 },
  ) => {
    const config = join(folder, `${instance}.yaml`)
    const given = { ...houseConfig({ issuer: idp.issuer, home, rules }), instance, ...settings }
    // JSON is YAML too.
    writeFileSync(config, JSON.stringify(given))
    const store = server ? ['--store', storeUrl] : []
    const args = ['--import', clock, bin, 'serve', '--config', config, ...store]
    const child = spawn(process.execPath, args, {
      env: { ...process.env, UP_SECRET: secret, CLOCK_OFF_MS: `${clockOffMs}` },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    const exited = new Promise<number | null>((resolve) => child.on('close', resolve))
    children.set(child, exited)
    const addresses = await addressesOf(child, exited, said)
    return {
      ...addresses,
      call: (path, asked) => ask(addresses.url, path, { token, ...asked }),
      admin: openPeople(idp, () => addresses.adminUrl),
      setClock: async (offMs) => {
        const heard = once(child, 'message')
        child.send({ clockOffMs: offMs })
        await heard
      },
      signal: (name) => void child.kill(name),
      exited,
    }
  }
  return {
    ...{ idp, upstream, home, storeUrl, token, secret, start },
    rulebook: rules,
    logged: () => said.join(''),
    records: async (from = 0) => {
      if (!server) return readLeaves(home, from)
      const rows = await server.run(
        storeUrl,
        `SELECT "index", bytes FROM sallyport.leaf WHERE "index" >= ${from} ORDER BY "index"`,
      )
      return rows.map(({ index, bytes }) => ({
        index: Number(index),
        ...JSON.parse(String(bytes)),
      }))
    },
  }
}

function addressesOf(
  child: ChildProcess,
  exited: Promise<number | null>,
  said: string[],
): Promise<Pick<Gateway, 'url' | 'adminUrl'>> {
  return new Promise((resolve, reject) => {
    let text = ''
    const listen = (piece: Buffer) => {
      said.push(piece.toString())
      text += piece.toString()
      const url = /Calls +(http\S+)/.exec(text)?.[1]
      const adminUrl = /Admin API +(http\S+)/.exec(text)?.[1]
      if (url && adminUrl && /Home /.test(text)) resolve({ url, adminUrl })
    }
    child.stdout?.on('data', listen)
    child.stderr?.on('data', listen)
    void exited.then((code) => reject(new Error(`exit ${code}: ${text}`)))
  })
}
