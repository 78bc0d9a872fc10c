import assert from 'node:assert/strict'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { after, test } from 'node:test'
import { exchanged, framesOf, openForwarder } from '../../../../test/mcp-exchange.ts'
import { Refusal } from '../../../call/refusal.ts'
import { limits } from '../../../config/limits.ts'
import type { McpRevision } from '../../../model/connection.ts'
import type { Credential } from '../../../model/secret.ts'

const upstreams = openForwarder()
const running: (() => void)[] = []
after(async () => {
  await upstreams.close()
  for (const stop of running) stop()
})

async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  running.push(() => server.close().closeAllConnections())
  const address = server.address()
  assert.ok(typeof address === 'object' && address)
  return `http://127.0.0.1:${address.port}/mcp`
}

/** A server of an older revision that takes no answer to what it asks. `onAnswer` is told of each that came. */
function startDeaf(
  onCall: (response: ServerResponse, id: unknown) => void,
  onAnswer: () => void = () => {},
): Promise<string> {
  return listen((request, response) => {
    const chunks: Uint8Array[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const { method, id, params } = JSON.parse(Buffer.concat(chunks).toString() || '{}')
      if (method === 'initialize') {
        const result = { protocolVersion: params.protocolVersion, capabilities: {} }
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
      } else if (method === 'tools/call') {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        onCall(response, id)
      } else if (method !== undefined) response.writeHead(202).end()
      else if (request.method === 'POST') onAnswer()
      else response.writeHead(405).end()
    })
  })
}

const message = (members: object) => JSON.stringify({ jsonrpc: '2.0', ...members })
const event = (members: object) => `data: ${message(members)}\n\n`
const ping = (id: string) => event({ id, method: 'ping' })
const framesFrom = async (upstream: string) => {
  const { refusal, text } = await framesOf(upstreams, { upstream, revision: '2025-11-25' })
  return refusal ?? text
}

const noMessage = 'upstream-failed: It sent something that is not a message of MCP.'
const ids: readonly (readonly [number, string])[] = [
  [limits.mcpIdChars, '{"result":{}}'],
  [limits.mcpIdChars + 1, noMessage],
]
for (const [length, expected] of ids) {
  test(`what an upstream asks with an id of ${length} characters`, async () => {
    const upstream = await startDeaf((response, id) => {
      response.end(ping('a'.repeat(length)) + event({ id, result: {} }))
    })
    assert.equal(await framesFrom(upstream), expected)
  })
}

test('an upstream that asks and asks and takes no answer is let go of', async () => {
  let call: ServerResponse | undefined
  let answers = 0
  const upstream = await startDeaf(
    (response) => {
      call = response
      const most = Array.from({ length: limits.mcpUntaken }, (_, at) => ping(`${at}`))
      response.write(most.join(''))
    },
    () => {
      answers += 1
      // Only now one more: none of those before is what it is let go of for.
      if (answers === limits.mcpControlSockets) call?.write(ping('one more'))
    },
  )
  const expected = 'upstream-failed: It asks and does not take answers.'
  assert.equal(await framesFrom(upstream), expected)
})

type Batch = readonly [string, (id: unknown) => string, string, McpRevision?]
const batches: readonly Batch[] = [
  ['of as many as there may be', (id) => batch(limits.mcpUpstreamBatch, id), '{"result":{}}'],
  ['of more', (id) => batch(limits.mcpUpstreamBatch + 1, id), noMessage],
  ['that is no JSON', (id) => batch(2, id).replace(',{', ' {'), noMessage],
  ['with something else in it', (id) => batch(2, id).replace('[', '[1,'), noMessage],
  ['where there are none', (id) => batch(1, id), noMessage, '2025-11-25'],
]
for (const [name, said, expected, revision = '2025-03-26'] of batches) {
  test(`an upstream’s batch ${name}`, async () => {
    const upstream = await startDeaf((response, id) => response.end(`data: ${said(id)}\n\n`))
    const { refusal, text } = await framesOf(upstreams, { upstream, revision })
    assert.equal(refusal ?? text, expected)
  })
}

function batch(messages: number, id: unknown): string {
  const notes = Array(messages - 1).fill(message({ method: 'notifications/x' }))
  return `[${[...notes, message({ id, result: {} })].join(',')}]`
}

const statuses: readonly (readonly [number, boolean, number])[] = [
  [401, false, 1],
  [401, true, 1],
  [403, false, 0],
  [403, true, 0],
  [500, false, 0],
]
for (const [status, atOnce, times] of statuses) {
  const when = atOnce ? 'when it is met' : 'of a call'
  test(`status ${status} ${when} says ${times} times that a credential was not taken`, async () => {
    const upstream = await listen((request, response) => {
      const isMeeting = request.headers['mcp-method'] === 'server/discover'
      if (atOnce || !isMeeting) return response.writeHead(status).end()
      const result = { supportedVersions: ['2026-07-28'], capabilities: {} }
      response.writeHead(200, { 'content-type': 'application/json' })
      return response.end(JSON.stringify({ jsonrpc: '2.0', id: 0, result }))
    })
    let told = 0
    const credential: Credential = {
      ...{ kind: 'header', name: 'authorization', value: 'Bearer a', echoes: [] },
      onRefused: () => {
        told += 1
      },
    }
    await assert.rejects(upstreams.forward(exchanged({ upstream }), credential), Refusal)
    assert.equal(told, times)
  })
}

const otherRevision = 'upstream-failed: It does not speak the revision of MCP that it is asked for.'
type Refusing = readonly [string, number, unknown, number, string]
const refusing: readonly Refusing[] = [
  ['once, and knows it', 1, { supported: ['2026-07-28'] }, 2, '{"result":{}}'],
  ['every time, and knows it', 9, { supported: ['2026-07-28'] }, 2, otherRevision],
  ['and knows another one', 9, { supported: ['2027-01-01'] }, 1, otherRevision],
  ['and knows none', 9, {}, 1, otherRevision],
]
for (const [name, refusals, data, asked, expected] of refusing) {
  test(`a server that refuses our revision ${name} is asked ${asked} times`, async () => {
    let met = 0
    const upstream = await listen((request, response) => {
      const isMeeting = request.headers['mcp-method'] === 'server/discover'
      met += isMeeting ? 1 : 0
      const isRefused = isMeeting && met <= refusals
      const error = { code: -32022, message: 'Unsupported protocol version', data }
      const result = isMeeting ? { supportedVersions: ['2026-07-28'], capabilities: {} } : {}
      response.writeHead(isRefused ? 400 : 200, { 'content-type': 'application/json' })
      const id = isMeeting ? 0 : 1
      response.end(message(isRefused ? { id, error } : { id, result }))
    })
    const { refusal, text } = await framesOf(upstreams, { upstream })
    assert.equal(refusal ?? text, expected)
    assert.equal(met, asked)
  })
}
