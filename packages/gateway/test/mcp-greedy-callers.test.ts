import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { stringify } from 'yaml'
import { assertSoundLog, type House, openHouse, since, until } from './house.ts'
import { askModern, type Said } from './mcp-agent.ts'
import { sayJson, startRawServer } from './mcp-raw-server.ts'
import { listening } from './mcp-yard.ts'
import { writeRulebook } from './rules.ts'

const own = { owner: 'team', sensitivity: 'internal', risk: 'low', purpose: 'Be called' }
const policies = `@id("callers-speak")
@owner("team")
@reason("Callers speak MCP")
@review("90d")
permit (principal in Group::"callers", action in [Action::"web", Action::"slow"], resource);
`

type Yard = { readonly house: House; readonly hold: () => void; readonly release: () => void }

/** One server answers at once; the other says nothing about calls and lists while they are held. */
async function openYard(t: TestContext): Promise<Yard> {
  const web = await startRawServer(t, [])
  const answers: (() => void)[] = []
  let isHeld = false
  const slow = await listening(t, async (request, response) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method, id } = JSON.parse(Buffer.concat(chunks).toString() || '{}')
    const answer = () => sayWhatItHas(response, id)
    if (isHeld && method !== 'server/discover') answers.push(answer)
    else answer()
  })
  const house = await openHouse(t, { callLimits: { concurrentCalls: 6, callsPerCaller: 2 } })
  await house.stop()
  const files = Object.entries({ web: web.url, slow }).map(([id, upstream]) => [
    [`connections/${id}.yaml`, stringify({ ...place, id, upstream })],
    [
      `functions/${id}.yaml`,
      stringify({ connection: id, functions: [{ ...own, name: 'f', mcp: 'tools/call f' }] }),
    ],
  ])
  writeRulebook(house.rulebook, {
    'policies/mcp.cedar': policies,
    ...Object.fromEntries(files.flat()),
  })
  await house.restart()
  const hold = () => {
    isHeld = true
  }
  const release = () => {
    isHeld = false
    for (const answer of answers.splice(0)) answer()
  }
  return { house, hold, release }
}

const place = { protocol: 'mcp', credential: 'none', revision: '2026-07-28', timeout: '10m' }

/** The answer to any request. */
function sayWhatItHas(response: ServerResponse, id: unknown): void {
  const own = { supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, tools: [] }
  const result = { resultType: 'complete', ...own, content: [] }
  sayJson(response, { jsonrpc: '2.0', id, result })
}

const held: Said = { path: '/mcp/slow', name: 'f' }
const called: Said = { path: '/mcp/web', name: 'f' }
const statusOf = async (house: House, said: Said) => (await askModern(house, said)).status

const refused: Readonly<Record<string, Said>> = {
  'a list': { path: '/mcp/web', method: 'tools/list' },
  'what is offered': { method: 'server/discover' },
  'a task': { method: 'tasks/get', params: { taskId: 'a' }, headers: { 'mcp-name': 'a' } },
  'the tool that waits': { name: 'sallyport_wait_for_approval', args: { approval_id: 'a' } },
  'a method nobody knows': { method: 'more/of/it' },
  'a call': called,
}

test('nobody takes the places of others, whatever they ask', async (t) => {
  const yard = await openYard(t)
  const { house } = yard
  const other = await house.idp.token({ sub: 'uma', groups: ['callers'] })
  await t.test('lists that do not come', () => lists(yard, other))
  yard.hold()
  const calls = [askModern(house, held), askModern(house, held)]
  await until(async () => (await statusOf(house, called)) === 503, 'both are under way')
  for (const [name, said] of Object.entries(refused)) {
    await t.test(`${name} of who has no place left is refused, on the record`, async () => {
      const now = since(house)
      const seen = await askModern(house, said)
      assert.deepEqual([seen.status, seen.json().error.code], [503, -31503], seen.text())
      const { code, caller } = now.leaves().find(({ type }) => type === 'call.denied') ?? {}
      assert.deepEqual([code, caller.sub], ['overloaded', 'tess'])
    })
    await t.test(`${name} of another caller is not`, async () => {
      const seen = await askModern(house, { ...said, token: other })
      assert.notEqual(seen.status, 503, seen.text())
    })
  }
  yard.release()
  for (const one of calls) assert.equal((await one).status, 200)
  await t.test('bodies that do not come', () => bodies(house, other))
  assertSoundLog(house)
})

/** A list is given up after a while, so they are asked for until somebody was refused. */
async function lists({ house, hold, release }: Yard, other: string): Promise<void> {
  hold()
  let isOver = false
  const asking = Array.from({ length: 2 }, async () => {
    while (!isOver) await askModern(house, { path: '/mcp/slow', method: 'tools/list' })
  })
  await until(async () => (await statusOf(house, called)) === 503, 'they take their places')
  assert.equal(await statusOf(house, { ...called, token: other }), 200)
  isOver = true
  release()
  await Promise.all(asking)
  await until(async () => (await statusOf(house, called)) === 200, 'its places are free')
}

async function bodies(house: House, other: string): Promise<void> {
  await until(async () => (await statusOf(house, called)) === 200, 'its places are free')
  const sockets = [halfOf(house), halfOf(house)]
  await until(async () => (await statusOf(house, called)) === 503, 'both are arriving')
  assert.equal(await statusOf(house, { ...called, token: other }), 200)
  for (const socket of sockets) socket.destroy()
  await until(async () => (await statusOf(house, called)) === 200, 'they have left')
}

function halfOf(house: House): Socket {
  const { hostname, port, host } = new URL(house.url())
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  const head = [
    'POST /mcp/web HTTP/1.1',
    `host: ${host}`,
    `authorization: Bearer ${house.token}`,
    'content-type: application/json',
    'content-length: 100',
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n{"jsonrpc"`)
  return socket
}
