import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { McpServer } from '@modelcontextprotocol/server'
import { stringify } from 'yaml'
import { z } from 'zod'
import { ask, type Seen } from './caller.ts'
import { dana, type House, openHouse, until, vote } from './house.ts'
import { askModern } from './mcp-agent.ts'
import { type ClientKind, openClient } from './mcp-clients.ts'
import { serveModern } from './mcp-yard.ts'
import { postgresTests } from './postgres-tests.ts'
import { writeRulebook } from './rules.ts'
import { openSharedYard } from './shared-yard.ts'

const own = { owner: 'team', sensitivity: 'internal', risk: 'high', purpose: 'Give money back' }
const args = { amount: { type: 'integer', required: true } }
const policies = `@id("callers-pay")
@owner("team")
@reason("Callers give money back")
@review("90d")
permit (principal in Group::"callers", action in Action::"pay", resource);

@id("large-refund")
@reason("More than 1000 needs an approver")
@approval("approvers")
forbid (principal, action in Action::"pay", resource)
when { context.args.amount > 1000 }
unless { context has approval && context.approval.groups.contains("approvers") };
`

/** A server that gives money back, its files of a rulebook, and what it gave. */
async function servePay(
  t: TestContext,
): Promise<{ files: Record<string, string>; paid: number[] }> {
  const paid: number[] = []
  const upstream = await serveModern(t, () => {
    const server = new McpServer({ name: 'pay', version: '1' })
    for (const name of ['refund', 'later']) {
      const inputSchema = z.object({ amount: z.number() })
      server.registerTool(name, { inputSchema }, ({ amount }) => {
        paid.push(amount)
        return { content: [{ type: 'text', text: `refunded ${amount}` }] }
      })
    }
    return server
  })
  const functions = [
    { ...own, name: 'refund', mcp: 'tools/call refund', arguments: args },
    { ...own, name: 'later', mcp: 'tools/call later', arguments: args, deferrable: true },
  ]
  const files = {
    'policies/pay.cedar': policies,
    'connections/pay.yaml': stringify({ id: 'pay', protocol: 'mcp', upstream, credential: 'none' }),
    'functions/pay.yaml': stringify({ connection: 'pay', functions }),
  }
  return { files, paid }
}

async function openPayHouse(
  t: TestContext,
  settings: object,
): Promise<{ house: House; paid: number[] }> {
  const { files, paid } = await servePay(t)
  const house = await openHouse(t, settings)
  await house.stop()
  writeRulebook(house.rulebook, files)
  await house.restart()
  return { house, paid }
}

const questionsOf = ({ records }: Pick<House, 'records'>): readonly string[] =>
  records()
    .filter(({ type }) => type === 'approval.requested')
    .map(({ approval }) => approval)

/** Somebody answers the next question that is put. */
async function answerNext(house: House, verdict: 'approve' | 'deny'): Promise<void> {
  const before = questionsOf(house).length
  await until(() => questionsOf(house).length > before, 'somebody was asked')
  const id = questionsOf(house).at(-1) ?? assert.fail()
  assert.equal((await vote(house.admin, { id, person: dana, verdict })).status, 200)
}

const kinds: readonly ClientKind[] = ['modern', 'legacy', 'v1']

test('official clients wait for people', { timeout: 300_000 }, async (t) => {
  const { house, paid } = await openPayHouse(t, {})
  for (const [at, kind] of kinds.entries()) {
    const client = await openClient(kind, `${house.url()}/mcp/pay`, house.token)
    t.after(client.close)
    await t.test(`${kind}: a yes`, async () => {
      const amount = 2_000 + at
      const waiting = client.call('refund', { amount })
      await answerNext(house, 'approve')
      const said = await waiting
      assert.equal(said.content[0].text, `refunded ${amount}`)
      assert.ok(paid.includes(amount))
    })
    await t.test(`${kind}: a no`, async () => {
      const amount = 3_000 + at
      const waiting = client.call('refund', { amount })
      await answerNext(house, 'deny')
      const said = await waiting
      assert.equal(said.isError, true)
      assert.equal(said.structuredContent.refusal, 'approval-denied')
      assert.ok(!paid.includes(amount))
    })
    await t.test(`${kind}: nobody is asked when nobody has to be`, async () => {
      assert.equal((await client.call('refund', { amount: at })).content[0].text, `refunded ${at}`)
    })
  }
})

test('a client before 2026 that is told to wait, waits, and calls again', {
  timeout: 300_000,
}, async (t) => {
  const { house, paid } = await openPayHouse(t, { approvals: { hold: '1s', holdMax: '1s' } })
  for (const [at, kind] of kinds.slice(1).entries()) {
    await t.test(kind, async () => {
      const amount = 4_000 + at
      const client = await openClient(kind, `${house.url()}/mcp/pay`, house.token)
      const refused = await client.call('refund', { amount })
      assert.equal(refused.isError, true)
      const { approval_id: id, next_step: next } = refused.structuredContent
      assert.match(next, /sallyport_wait_for_approval/)
      assert.ok((await client.names('tools')).includes('sallyport_wait_for_approval'))
      await house.restart()
      const after = await openClient(kind, `${house.url()}/mcp/pay`, house.token)
      const waiting = after.call('sallyport_wait_for_approval', { approval_id: id })
      assert.equal((await house.approve(id)).status, 200)
      assert.match(JSON.stringify(await waiting), /approved|waiting/)
      assert.deepEqual(
        paid.filter((one) => one === amount),
        [],
      )
      assert.equal((await after.call('refund', { amount })).content[0].text, `refunded ${amount}`)
      assert.deepEqual(
        paid.filter((one) => one === amount),
        [amount],
      )
      await after.close()
    })
  }
})

const messageOf = (seen: Seen) => {
  const events = [...seen.text().matchAll(/^data: (.+)$/gm)]
  return JSON.parse(events.at(-1)?.[1] ?? seen.text())
}

postgresTests({
  'what one gateway began, another goes on with': async ({ t, server }) => {
    const { files, paid } = await servePay(t)
    const yard = await openSharedYard(t, server)
    writeRulebook(yard.rulebook, files)
    const settings = { approvals: { hold: '1s', holdMax: '1s' } }
    const here = await yard.start('one', settings)
    const there = await yard.start('two', settings)
    const at = (gateway: typeof here, token = yard.token) => ({ url: () => gateway.url, token })
    const newest = async () =>
      (await yard.records()).filter(({ type }) => type === 'approval.requested').at(-1)?.approval
    const decide = (verdict: 'approve' | 'deny', id: string) =>
      vote(there.admin, { id, person: dana, verdict })

    const refund = { path: '/mcp', name: 'pay__refund', args: { amount: 5_000 } }
    const first = messageOf(await askModern(at(here), refund)).result
    assert.equal(first.resultType, 'input_required')
    const params = { requestState: first.requestState }
    const pending = messageOf(await askModern(at(there), { ...refund, params })).result
    assert.equal(pending.resultType, 'input_required')
    assert.equal((await decide('approve', await newest())).status, 200)
    const both = await Promise.all(
      [here, there].map((one) => askModern(at(one), { ...refund, params })),
    )
    const results = both.map((seen) => messageOf(seen).result)
    assert.deepEqual(results.map(({ isError }) => isError === true).toSorted(), [false, true])
    assert.deepEqual(paid, [5_000])

    const capabilities = { extensions: { 'io.modelcontextprotocol/tasks': {} } }
    const later = { path: '/mcp', name: 'pay__later', args: { amount: 6_000 }, capabilities }
    const { taskId } = messageOf(await askModern(at(here), later)).result
    const look = { path: '/mcp', method: 'tasks/get', params: { taskId }, capabilities }
    const headers = { 'mcp-name': taskId }
    const otto = await yard.idp.token({ sub: 'otto', groups: ['callers'] })
    const stolen = messageOf(await askModern(at(there, otto), { ...look, headers }))
    assert.equal(stolen.error.code, -32602)
    assert.equal((await decide('approve', await newest())).status, 200)
    const seen = async () => messageOf(await askModern(at(there), { ...look, headers })).result
    await until(async () => (await seen()).status === 'completed', 'the task was made')
    assert.equal((await seen()).result.content[0].text, 'refunded 6000')
    assert.deepEqual(paid, [5_000, 6_000])

    const clientInfo = { name: 'old', version: '1' }
    const initialize = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
    const begun = await ask(here.url, '/mcp', {
      token: yard.token,
      json: { jsonrpc: '2.0', id: 1, method: 'initialize', params: initialize },
    })
    const session = String(begun.headers['mcp-session-id'])
    const went = await ask(there.url, '/mcp', {
      token: yard.token,
      json: { jsonrpc: '2.0', id: 2, method: 'tools/list' },
      headers: { 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' },
    })
    assert.equal(went.status, 200, went.text())
    assert.ok(messageOf(went).result.tools.length >= 2)
  },
})
