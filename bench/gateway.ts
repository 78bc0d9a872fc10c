import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { startIdp } from '../packages/gateway/src/cli/demo/idp.ts'
import { own } from './process.ts'

type Gateway = {
  readonly pid: number
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly stop: () => Promise<void>
}

/**
 * A gateway as anybody would run it: its own process, an OIDC issuer, a rulebook of this many policies, a
 * store on this disk, masking on, both records durable. One of the policies permits the call measured.
 */
export async function benchGateway(options: {
  readonly folder: string
  readonly upstreamPort: number
  readonly policies: number
  readonly payloads: 'kept' | 'committed'
  /** A PostgreSQL instead of a file, for gateways of different names that share the folder `home`. */
  readonly store?: { readonly url: string; readonly instance: string; readonly home: string }
}): Promise<Gateway> {
  const folder = mkdtempSync(join(options.folder, 'gateway-'))
  writeRulebook(folder, options)
  const gateway = await startGateway(folder, options.store)
  const path = '/crm/search'
  const body = JSON.stringify({ query: 'x', filters: { plan: 'business' } })
  await answering(`http://127.0.0.1:${gateway.port}${path}`, gateway.headers, body)
  return { ...gateway, path }
}

/** `sallyport serve` over the rulebook in this folder, with a token of somebody in the group `bench`. */
export async function startGateway(
  folder: string,
  store?: { readonly url: string; readonly instance: string; readonly home: string },
): Promise<Omit<Gateway, 'path'>> {
  const idp = await startIdp({ audience: 'bench' })
  const port = await freePort()
  const config = join(folder, 'gateway.yaml')
  writeFileSync(
    config,
    `home: ${store?.home ?? './home'}
instance: ${store?.instance ?? 'bench'}
rulebook: ./rulebook
listen: { host: 127.0.0.1, port: ${port} }
admin: { host: 127.0.0.1, port: ${await freePort()} }
issuers:
  - { name: bench, issuer: '${idp.issuer}', audiences: [bench], defaultKind: service, insecureHttp: true }
`,
  )
  const bin = join(import.meta.dirname, '../packages/gateway/bin/sallyport.js')
  const where = store ? ['--store', store.url] : []
  const child = spawn(process.execPath, [bin, 'serve', '--config', config, ...where], {
    env: {
      ...process.env,
      BENCH_SECRET: 'upstream-secret-for-the-bench',
      SALLYPORT_LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'inherit', 'pipe'],
  })
  const { pid } = own(child)
  const token = await idp.token({ sub: 'bench', groups: ['bench'] })
  return {
    pid,
    port,
    headers: { authorization: `Bearer ${token}` },
    stop: async () => {
      const gone = new Promise((resolve) => child.on('exit', resolve))
      child.kill('SIGTERM')
      await gone
      await idp.close()
    },
  }
}

/** Waits until what is behind this URL answers, and returns its answer; anything but 200 is an error. */
export async function answering(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<string> {
  const call = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body }
  for (let attempt = 0; attempt < 400; attempt++) {
    const response = await fetch(url, call).catch(() => undefined)
    if (response?.status === 200) return response.text()
    if (response) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`nothing answers at ${url}`)
}

function writeRulebook(
  folder: string,
  {
    upstreamPort,
    policies,
    payloads,
  }: { upstreamPort: number; policies: number; payloads: string },
): void {
  for (const name of ['connections', 'functions', 'policies']) {
    mkdirSync(join(folder, 'rulebook', name), { recursive: true })
  }
  writeFileSync(
    join(folder, 'rulebook/connections/crm.yaml'),
    `id: crm
protocol: http
upstream: http://127.0.0.1:${upstreamPort}
prefix: /crm
credential: { header: { name: X-Api-Key, value: { env: BENCH_SECRET } } }
`,
  )
  writeFileSync(
    join(folder, 'rulebook/functions/crm.yaml'),
    `connection: crm
functions:
  - name: search
    purpose: Find a customer
    owner: team-crm
    sensitivity: restricted
    risk: medium
    http: POST /search
    payloads: ${payloads}
    arguments:
      query: { type: string, required: true, maxLength: 4000 }
      filters: { type: object, required: true, properties: { plan: { type: string } } }
    mask:
      - { path: $.customer.email, partial: { first: 1, last: 4 } }
      - { path: $.customer.ssn, redact: SSN }
      - { path: $.customer.card.number, partial: { first: 6, last: 4 } }
`,
  )
  const policy = (n: number) => `@id("grant-${n}") @owner("team") @reason("Bench") @review("90d")
permit (principal in Group::"${n === 0 ? 'bench' : `team-${n}`}", action == Action::"crm.search", resource)
when { context.args.query != "forbidden-${n}" };
`
  const text = Array.from({ length: policies }, (_, n) => policy(n)).join('\n')
  writeFileSync(join(folder, 'rulebook/policies/crm.cedar'), text)
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return typeof address === 'object' && address ? address.port : 0
}
