import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { stringify } from 'yaml'
import { type House, openHouse } from './house.ts'
import { type RawServer, startRawServer } from './mcp-raw-server.ts'
import { importedFrom } from './mcp-yard.ts'
import { writeRulebook } from './rules.ts'

/** As a server lists it. */
export const tool = (name: string, description: string = `Does ${name}`): object => ({
  ...{ name, description, inputSchema: { type: 'object', properties: {} } },
})
const own = { owner: 'team', sensitivity: 'internal', risk: 'low', purpose: 'Be called' }
const byHand = (names: readonly string[]) =>
  names.map((name) => ({ ...own, name, mcp: `tools/call ${name}`, unknownArguments: 'allow' }))

const policies = `@id("callers-speak")
@owner("team")
@reason("Callers speak MCP")
@review("90d")
permit (
  principal in Group::"callers",
  action in [Action::"rug", Action::"one", Action::"two", Action::"web", Action::"pipe", Action::"newpipe"],
  resource
);

@id("after-strangers-words")
@reason("What it has read may have told it to")
forbid (principal, action in [Action::"web.send", Action::"web.elicitation"], resource)
when { context.session.labels.contains("untrusted") };
`

const httpTools = [
  'fine',
  'garbage',
  'unknown',
  'wrong-type',
  'twice',
  'rpc',
  'gone',
  'forged',
  'moved',
]
const childTools = [
  'banner',
  'list',
  'fine',
  'crash',
  'garbage',
  'oversized',
  'wrong-type',
  'unknown',
  'twice',
  'silent',
  'flood-strangers',
  'flood-news',
  'flood-lists',
  'flood-pings',
]

export type Yard = {
  readonly house: House
  readonly rug: RawServer
  readonly one: RawServer
  readonly two: RawServer
  readonly web: RawServer
}

/** A gateway with servers behind it that mean no good: three that describe what they have, one by hand, one a child. */
export async function openYard(t: TestContext): Promise<Yard> {
  const [rug, one, two, web] = await Promise.all([
    startRawServer(t, [tool('lookup'), tool('stays')]),
    startRawServer(t, [tool('search')]),
    startRawServer(t, [tool('search'), tool('one__search')]),
    startRawServer(t, []),
  ])
  const house = await openHouse(t)
  await house.stop()
  const place = (url: string) => ({ upstream: url, revision: '2026-07-28' }) as const
  const connection = (id: string, at: object) =>
    stringify({ id, protocol: 'mcp', credential: 'none', timeout: '2s', ...at })
  const child = {
    command: process.execPath,
    args: [join(import.meta.dirname, 'mcp-hostile-child.ts')],
  }
  const read = { ...own, name: 'read', mcp: 'tools/call read', taints: ['untrusted'] }
  const question = { ...own, name: 'elicitation', mcp: 'elicitation/create' }
  writeRulebook(house.rulebook, {
    'policies/mcp.cedar': policies,
    'connections/rug.yaml': connection('rug', place(rug.url)),
    'connections/one.yaml': connection('one', place(one.url)),
    'connections/two.yaml': connection('two', place(two.url)),
    'connections/web.yaml': connection('web', {
      ...place(web.url),
      credential: { bearer: { env: 'UP_SECRET' } },
    }),
    'connections/pipe.yaml': connection('pipe', { stdio: child, timeout: '5s' }),
    'connections/newpipe.yaml': connection('newpipe', {
      ...{ stdio: child, timeout: '60s', revision: '2026-07-28' },
    }),
    'functions/rug.yaml': await importedFrom('rug', place(rug.url)),
    'functions/one.yaml': await importedFrom('one', place(one.url)),
    'functions/two.yaml': await importedFrom('two', place(two.url)),
    'functions/web.yaml': stringify({
      connection: 'web',
      functions: [...byHand([...httpTools, 'send', 'asker']), read, question],
    }),
    'functions/pipe.yaml': stringify({ connection: 'pipe', functions: byHand(childTools) }),
    'functions/newpipe.yaml': stringify({ connection: 'newpipe', functions: byHand(childTools) }),
  })
  await house.restart()
  return { house, rug, one, two, web }
}
