import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { stringify } from 'yaml'
import { assertSoundLog, type House, openHouse } from './house.ts'
import { isLong, onDemand } from './long-form.ts'
import { type Played, play, scenarios } from './mcp-conformance-client.ts'
import { expectedFailures, notRun } from './mcp-conformance-expected.ts'
import { type OauthPlace, oauthAt } from './mcp-conformance-oauth.ts'
import { legacyConformance, modernConformance } from './mcp-conformance-server.ts'
import {
  askClient,
  askServer,
  clientScenarios,
  type Found,
  type Revision,
  serveAs,
} from './mcp-conformance-suite.ts'
import { importedFrom, listening, serveLegacy, serveModern } from './mcp-yard.ts'
import { writeRulebook } from './rules.ts'

const beside = { owner: 'team', sensitivity: 'internal', risk: 'low', unknownArguments: 'allow' }
const functions = [
  { ...beside, name: 'elicitation', purpose: 'Ask a person', mcp: 'elicitation/create' },
  { ...beside, name: 'sampling', purpose: 'Ask a model', mcp: 'sampling/createMessage' },
  { ...beside, name: 'roots-list', purpose: 'Ask for roots', mcp: 'roots/list' },
]
/** The suite gives null for a truth: its owner has to have said that it may be. */
const change = {
  test_custom_headers_null: {
    arguments: {
      type: 'object',
      required: ['region', 'priority', 'query'],
      properties: {
        region: { type: 'string', 'x-mcp-header': 'Region' },
        priority: { type: 'integer', 'x-mcp-header': 'Priority' },
        verbose: { type: ['boolean', 'null'], 'x-mcp-header': 'Verbose' },
        query: { type: 'string' },
      },
    },
  },
}

/** A server, and how its connection gets tokens for it, if it wants any. */
type Behind = { readonly upstream: string; readonly oauth?: OauthPlace | undefined }

/** A gateway with these servers behind it; one that offers nothing has no functions. */
async function openGateway(
  t: TestContext,
  upstreams: Readonly<Record<string, Behind>>,
): Promise<House> {
  const house = await openHouse(t, {}, { graceMs: 0 })
  await house.stop()
  const files: Record<string, string> = {}
  for (const [id, { upstream, oauth }] of Object.entries(upstreams)) {
    const credential = oauth?.credential ?? 'none'
    files[`connections/${id}.yaml`] = stringify({ id, protocol: 'mcp', upstream, credential })
    const place = { upstream, ...(oauth && { credential: await oauth.token() }) }
    const imported = await importedFrom(id, place, { functions, change })
    files[`functions/${id}.yaml`] = imported
  }
  const actions = Object.keys(upstreams).map((id) => `Action::"${id}"`)
  files['policies/mcp.cedar'] =
    `@id("callers-speak") @owner("team") @reason("Callers speak MCP") @review("90d")
permit (principal in Group::"callers", action in [${actions.join(', ')}], resource);
`
  writeRulebook(house.rulebook, files)
  await house.restart()
  return house
}

/** A scenario of a client that has begun: the suite's server listens, and its client has not done anything yet. */
type Begun = {
  readonly id: string
  readonly url: string
  readonly oauth: OauthPlace | undefined
  readonly context: unknown
  readonly played: Played
  readonly revision: Revision
  /** Says that the client is through, and resolves to what the suite found. */
  readonly end: (problem?: unknown) => Promise<Found>
}

async function beginScenario(t: TestContext, at: number, folder: string): Promise<Begun> {
  const [revision, scenario, played] = scenarios[at] ?? assert.fail()
  const arrived = Promise.withResolvers<readonly [IncomingMessage, ServerResponse]>()
  const control = await listening(t, async (request, response) => {
    arrived.resolve([request, response])
    await once(response, 'close')
  })
  const script = join(import.meta.dirname, 'mcp-conformance-command.ts')
  const command = `${process.execPath} ${script} ${control}`
  const found = askClient(t, command, { scenario, revision })
  const [request, response] = await Promise.race([
    arrived.promise,
    found.then((all) => assert.fail(`${scenario} ended early: ${JSON.stringify(all)}`)),
  ])
  const { url, context } = JSON.parse(await text(request))
  const end = (problem?: unknown) => {
    response.writeHead(problem === undefined ? 200 : 500).end(String(problem ?? 'played'))
    return found
  }
  const file = join(folder, `c${at}`)
  const oauth = scenario.startsWith('auth/') ? await oauthAt(url, context, file) : undefined
  if (oauth) writeFileSync(file, oauth.secret)
  return { id: `c${at}`, url, oauth, context, played, revision, end }
}

/**
 * The suite waits for some things a fixed time, and here everything is asked at once: what fails then and should not is
 * asked once more, alone.
 */
async function askTwice(
  t: TestContext,
  run: string,
  ask: (scenario?: string) => Promise<Found>,
): Promise<Found> {
  const all: Record<string, Found[string]> = { ...(await ask()) }
  const expected = expectedFailures[run] ?? {}
  for (const [scenario, checks] of Object.entries(all)) {
    const isUnexpected = checks.some(({ id, status }) => {
      return status === 'FAILURE' && !(scenario in expected) && !(`${scenario}:${id}` in expected)
    })
    if (!isUnexpected) continue
    t.diagnostic(`${run}: ${scenario} is asked again, alone`)
    Object.assign(all, await ask(scenario))
  }
  return all
}

/** What failed is what is expected to fail, no more and no less. */
function assertExpected(t: TestContext, run: string, found: Found): void {
  const expected = expectedFailures[run] ?? {}
  const failed = new Map<string, string>()
  const count = { SUCCESS: 0, FAILURE: 0, WARNING: 0, INFO: 0, SKIPPED: 0 }
  for (const [scenario, checks] of Object.entries(found)) {
    for (const { id, status, errorMessage = '' } of checks) {
      count[status] += 1
      if (status === 'WARNING') t.diagnostic(`${run}: warning: ${scenario}:${id}: ${errorMessage}`)
      if (status !== 'FAILURE') continue
      const entry = scenario in expected ? scenario : `${scenario}:${id}`
      failed.set(entry, `${failed.get(entry) ?? ''} ${errorMessage}`.slice(0, 500))
    }
  }
  const broken = Object.values(found).filter((checks) =>
    checks.some(({ status }) => status === 'FAILURE'),
  )
  const all = Object.keys(found).length
  t.diagnostic(
    `${run}: ${all - broken.length} of ${all} scenarios; checks: ${count.SUCCESS} passed, ${count.FAILURE} failed, ${count.WARNING} warnings`,
  )
  const unexpected = [...failed].filter(([entry]) => !(entry in expected))
  assert.deepEqual(unexpected, [], `${run}: fails, and is not expected to`)
  const passing = Object.keys(expected).filter((entry) => !failed.has(entry))
  assert.deepEqual(passing, [], `${run}: passes: take it off the list of expected failures`)
}

type Run = readonly [revision: Revision, upstream: 'old' | 'new']
const servers: readonly Run[] = [
  ['2025-11-25', 'old'],
  ['2026-07-28', 'new'],
]
/** With a server of the other era behind. */
const crossed: readonly Run[] = [
  ['2025-11-25', 'new'],
  ['2026-07-28', 'old'],
]

test('every scenario of a client is run, or it is said why not', async () => {
  const run = new Set(scenarios.map(([, scenario]) => scenario))
  const left = (await clientScenarios()).filter((scenario) => !run.has(scenario))
  assert.deepEqual(left.toSorted(), Object.keys(notRun).toSorted())
})

test('the conformance suite of MCP', { timeout: 600_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-conformance-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const [begun, fresh, old] = await Promise.all([
    Promise.all(scenarios.map((_, at) => beginScenario(t, at, folder))),
    serveModern(t, modernConformance),
    serveLegacy(t, legacyConformance),
  ])
  const played = begun.map(({ id, url, oauth }) => [id, { upstream: url, oauth }])
  const behind = { new: { upstream: fresh }, old: { upstream: old } }
  const house = await openGateway(t, { ...behind, ...Object.fromEntries(played) })
  for (const [revision, upstream] of isLong ? [] : crossed) {
    t.diagnostic(`server ${revision}, upstream ${upstream}: ${onDemand}`)
  }
  const asked = isLong ? [...servers, ...crossed] : servers
  const runs: [string, Promise<Found>][] = asked.map(([revision, upstream]) => {
    const target = `${house.url()}/mcp/${upstream}`
    const run = `server ${revision}, upstream ${upstream}`
    const found = serveAs(t, target, house.token).then((url) =>
      askTwice(t, run, (scenario) =>
        askServer(t, url, { revision, ...(scenario && { scenario }) }),
      ),
    )
    return [run, found]
  })
  for (const { id, revision, played, context, end } of begun) {
    const url = `${house.url()}/mcp/${id}`
    const found = play({ url, token: house.token, revision }, played, context).then(
      () => end(),
      (thrown) => end(thrown),
    )
    runs.push([`client ${revision}`, found])
  }
  const results = await Promise.all(runs.map(async ([run, found]) => [run, await found] as const))
  const byRun = Map.groupBy(results, ([run]) => run)
  for (const [run, all] of byRun) {
    const found: Found = Object.assign({}, ...all.map(([, one]) => one))
    await t.test(run, (t) => assertExpected(t, run, found))
  }
  // What was asked and never answered ends with the gateway.
  await house.stop()
  assertSoundLog(house)
})
