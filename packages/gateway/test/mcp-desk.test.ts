import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { House } from './house.ts'
import { rows } from './mcp-desk-rows.ts'

import { ask, legacy, modern, openMcpHouse, resource, type Said } from './mcp-desk-yard.ts'
import { integrated, takeAway, told, verified } from './take-away.ts'

test('the desk of the MCP room', async (t) => {
  const house = await openMcpHouse(t, {
    mcp: { resource, scopes: ['speak'], allowedOrigins: ['https://chat.example'] },
  })
  const issue = (claims: object) =>
    house.idp.token({
      sub: 'tess',
      groups: ['callers'],
      aud: resource,
      claims: { scp: ['speak'] },
      ...claims,
    })
  const token = await issue({})

  for (const [name, row] of Object.entries(rows)) {
    await t.test(name, async () => {
      const from = house.records().length
      const seen = await ask(house, token, row.asked)
      assert.equal(seen.status, row.status, seen.text)
      if (row.code === 0) assert.ok(seen.json().result, seen.text)
      else if (row.code !== undefined) assert.equal(seen.json().error?.code, row.code, seen.text)
      row.sees?.(seen)
      const denials = house.records(from).filter(({ type }) => type === 'call.denied')
      assert.deepEqual(
        denials.map(({ code }) => code),
        row.denied === undefined ? [] : [row.denied],
      )
    })
  }

  await t.test('a token for somebody else, and one without the scope', async () => {
    const [other, poor] = await Promise.all([
      issue({ aud: 'house' }),
      issue({ claims: { scp: ['other'] } }),
    ])
    const first = await ask(house, other, legacy('tools/list'))
    assert.equal(first.status, 401)
    const second = await ask(house, poor, legacy('tools/list'))
    assert.equal(second.status, 403)
    assert.match(String(second.headers['www-authenticate']), /insufficient_scope.*scope="speak"/)
  })

  await t.test('who listens hears of other rules, and lists anew', () => listens(house, token))
  await t.test('a session is of who began it, until it is ended', async () => {
    await keepsSession(house, token, await issue({ sub: 'mallory' }))
  })
})

async function listens(house: House, token: string): Promise<void> {
  const { headers, body } = modern('subscriptions/listen', {
    notifications: { toolsListChanged: true, resourceSubscriptions: ['a://b'] },
  })
  const leaving = new AbortController()
  const response = await fetch(`${house.url()}/mcp/demo`, {
    method: 'POST',
    headers: {
      ...headers,
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify(body),
    signal: leaving.signal,
  })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  assert.ok(reader)
  let text = ''
  const heard = async (word: string) => {
    while (!text.includes(word)) {
      const { done, value } = await reader.read()
      assert.ok(!done, `it ended without ${word}`)
      text += value
    }
    return JSON.parse(text.slice(text.lastIndexOf('data: ') + 6))
  }
  const first = await heard('subscriptions/acknowledged')
  assert.deepEqual(first.params.notifications, { toolsListChanged: true })
  assert.equal(first.params._meta['io.modelcontextprotocol/subscriptionId'], 7)
  const path = join(house.rulebook, 'policies/mcp.cedar')
  const before = readFileSync(path, 'utf8')
  writeFileSync(path, before.replace(', Action::"demo.steps"', ''))
  const { params } = await heard('notifications/tools/list_changed')
  assert.equal(params._meta['io.modelcontextprotocol/subscriptionId'], 7)
  const { result } = (await ask(house, token, modern('tools/list'))).json()
  assert.deepEqual(
    result.tools.map((tool: Said) => tool.name),
    ['echo'],
  )
  writeFileSync(path, before)
  text = ''
  await heard('notifications/tools/list_changed')
  leaving.abort()
  await reader.cancel().catch(() => undefined)
}

async function keepsSession(house: House, token: string, mallory: string): Promise<void> {
  const hello = legacy('initialize', {
    ...{ protocolVersion: '2025-06-18', capabilities: {} },
    clientInfo: { name: 'test', version: '1' },
  })
  const begun = await ask(house, token, hello)
  assert.equal(begun.json().result.protocolVersion, '2025-06-18')
  const headers = { 'mcp-session-id': String(begun.headers['mcp-session-id']) }
  assert.equal((await ask(house, token, legacy('ping', {}, headers))).status, 200)
  const stolen = await ask(house, mallory, legacy('tools/list', {}, headers))
  assert.equal(stolen.status, 404, stolen.text)
  const elsewhere = await ask(house, token, { ...legacy('ping', {}, headers), path: '/mcp' })
  assert.equal(elsewhere.status, 404)
  const stream = await ask(house, token, { method: 'GET', headers })
  assert.match(String(stream.headers['content-type']), /event-stream/)
  await house.restart()
  assert.equal((await ask(house, token, legacy('ping', {}, headers))).status, 200)
  assert.equal((await ask(house, token, { method: 'DELETE', headers })).status, 204)
  assert.equal((await ask(house, token, legacy('ping', {}, headers))).status, 404)
}

test('the official clients list and call through the gateway', async (t) => {
  const house = await openMcpHouse(t)
  const requestInit = { headers: { authorization: `Bearer ${house.token}` } }
  const url = new URL(`${house.url()}/mcp/demo`)
  for (const name of ['v2 modern', 'v2 legacy', 'v1'] as const) {
    await t.test(name, async () => {
      const info = { name: 'test', version: '1' }
      const client =
        name === 'v1'
          ? new LegacyClient(info)
          : new Client(
              info,
              name === 'v2 modern' ? { versionNegotiation: { mode: { pin: '2026-07-28' } } } : {},
            )
      const Transport = name === 'v1' ? LegacyTransport : StreamableHTTPClientTransport
      // biome-ignore lint/suspicious/noExplicitAny: two official clients of two versions, used the same way.
      await (client as any).connect(new Transport(url, { requestInit }))
      const { tools } = await client.listTools()
      assert.deepEqual(
        tools.map((tool) => tool.name),
        ['echo', 'steps'],
      )
      const said = await client.callTool({ name: 'echo', arguments: { text: 'hello' } })
      assert.deepEqual(said.content, [{ type: 'text', text: 'hello' }])
      assert.match(String(said._meta?.['io.sallyport/record']), /#\d+$/)
      const refused = await client.callTool({ name: 'locked', arguments: {} })
      assert.equal(refused.isError, true)
      await client.close()
    })
  }
  await t.test('an auditor decides these calls again', async (t) => {
    await integrated(house, house.records().length - 1)
    const { folder } = await takeAway(t, house, { scope: 'whole', payloads: true })
    const verdict = await verified(house, folder)
    assert.deepEqual(told(verdict), [])
    const decisions = verdict.checks.find(({ check }) => check === 'decisions')
    assert.ok(decisions && decisions.examined >= 3, JSON.stringify(decisions))
  })
})
