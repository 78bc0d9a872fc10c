import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { configSchema } from '../../config/schema.ts'
import { type Gateway, serve } from '../../serve.ts'
import { type Idp, startIdp } from './idp.ts'
import { type DemoCredentials, type DemoServices, startServices } from './services.ts'
import { startTickets, type Tickets } from './tickets.ts'

/** Everything the demo runs: a real identity provider, three real services, the gateway between. */
export type DemoWorld = {
  readonly gatewayUrl: string
  readonly adminUrl: string
  readonly services: DemoServices
  /** What is behind MCP; undefined where the library for that is not installed. */
  readonly tickets: Tickets | undefined
  /** The folder of the rules in force. */
  readonly rulebook: string
  /** refund-bot, acting for sam. */
  readonly agentToken: string
  /** dana, a person who may approve payments. */
  readonly approverToken: string
  /** lena, of the team that owns support's grants. */
  readonly ownerToken: string
  /** ann, who may take evidence away, payloads and all. */
  readonly auditorToken: string
  readonly close: () => Promise<void>
}

export async function openWorld(options: {
  readonly version: string
  /** Where data is kept; absent: in memory. */
  readonly keep: string | undefined
}): Promise<DemoWorld> {
  const secret = () => randomBytes(18).toString('base64url')
  const credentials = { crm: secret(), payments: secret(), deploy: secret(), tickets: secret() }
  const [idp, services, tickets] = await Promise.all([
    startIdp(),
    startServices(credentials),
    startTickets(credentials.tickets),
  ])
  const rulebook = rulebookFor(services, tickets)
  const gateway = await startGateway({ ...options, idp, rulebook, credentials })
  const [agentToken, approverToken, ownerToken, auditorToken] = await Promise.all([
    idp.token({
      sub: 'sam',
      groups: ['support'],
      aud: 'sallyport-demo',
      act: { sub: 'refund-bot', groups: ['support-agents'] },
    }),
    idp.token({
      sub: 'dana',
      groups: ['payments-approvers', 'admin'],
      aud: 'sallyport-demo-admin',
    }),
    idp.token({ sub: 'lena', groups: ['team-support'], aud: 'sallyport-demo-admin' }),
    idp.token({
      sub: 'ann',
      groups: ['auditor', 'payload-reader'],
      aud: 'sallyport-demo-admin',
    }),
  ])
  return {
    gatewayUrl: gateway.url,
    adminUrl: gateway.adminUrl,
    services,
    tickets,
    rulebook,
    agentToken,
    approverToken,
    ownerToken,
    auditorToken,
    close: async () => {
      await gateway.close()
      await Promise.all([services.close(), tickets?.close(), idp.close()])
      rmSync(rulebook, { recursive: true, force: true })
    },
  }
}

/** A copy of the demo's rulebook that names the ports the services were given. */
function rulebookFor({ urls }: DemoServices, tickets: Tickets | undefined): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-demo-'))
  const examples = join(import.meta.dirname, '../../../../../examples/rulebooks')
  for (const name of tickets ? ['demo', 'demo-mcp'] : ['demo']) {
    cpSync(join(examples, name), folder, { recursive: true })
  }
  for (const [name, url] of Object.entries({ ...urls, ...(tickets && { tickets: tickets.url }) })) {
    const path = join(folder, 'connections', `${name}.yaml`)
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replace(/^upstream: .*$/m, `upstream: ${url}`))
  }
  return folder
}

function startGateway(given: {
  readonly version: string
  readonly keep: string | undefined
  readonly idp: Idp
  readonly rulebook: string
  readonly credentials: DemoCredentials & { readonly tickets: string }
}): Promise<Gateway> {
  const config = configSchema.parse({
    home: given.keep ?? 'memory',
    rulebook: given.rulebook,
    listen: { host: '127.0.0.1', port: 0 },
    admin: { host: '127.0.0.1', port: 0 },
    issuers: [
      {
        name: 'corp',
        issuer: given.idp.issuer,
        audiences: ['sallyport-demo'],
        adminAudiences: ['sallyport-demo-admin'],
        insecureHttp: true,
        defaultKind: 'user',
      },
    ],
  })
  const { credentials } = given
  return serve({
    config,
    version: given.version,
    log: pino({ level: 'silent' }),
    env: {
      CRM_API_KEY: credentials.crm,
      PAYMENTS_TOKEN: credentials.payments,
      DEPLOY_PASSWORD: credentials.deploy,
      TICKETS_TOKEN: credentials.tickets,
    },
  })
}
