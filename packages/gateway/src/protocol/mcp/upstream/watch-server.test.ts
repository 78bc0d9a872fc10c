import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { noCredential, until } from '../../../../test/mcp-exchange.ts'
import { mcpConnectionOf } from '../../../../test/rulebook-parts.ts'
import { limits } from '../../../config/limits.ts'
import { openConversations } from './conversations.ts'

/** A server of 2026-07-28 that agrees to whatever it is asked to say. */
async function openYard(t: TestContext) {
  const streams = new Set<ServerResponse>()
  const listStreams = new Set<ServerResponse>()
  const server = createServer((request, response) => {
    const chunks: Uint8Array[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const { method, id, params } = JSON.parse(Buffer.concat(chunks).toString())
      const say = (message: object) => JSON.stringify({ jsonrpc: '2.0', ...message })
      if (method !== 'subscriptions/listen') {
        const capabilities = { resources: { subscribe: true, listChanged: true } }
        const result = { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities }
        response.writeHead(200, { 'content-type': 'application/json' }).end(say({ id, result }))
        return
      }
      const { notifications } = params
      const open = notifications.resourcesListChanged ? listStreams : streams
      open.add(response)
      response.on('close', () => open.delete(response))
      const _meta = { 'io.modelcontextprotocol/subscriptionId': id }
      const agreed = { params: { _meta, notifications } }
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(
        `data: ${say({ method: 'notifications/subscriptions/acknowledged', ...agreed })}\n\n`,
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(typeof address === 'object' && address)
  const conversations = openConversations({
    ...{ version: '0', searchPath: undefined, credentialOf: async () => noCredential },
    readSecret: () => Promise.reject(new Error('there are no secrets')),
    // However slow the machine is.
    bounds: { mcpProbeMs: 60_000 },
  })
  t.after(async () => {
    await conversations.close()
    server.close().closeAllConnections()
  })
  const connection = mcpConnectionOf({ upstream: `http://127.0.0.1:${address.port}/mcp` })
  const watch = async (subject: string, uri: string) => {
    const speaker = { principal: subject, subject, capabilities: {}, credential: noCredential }
    const conversation = await conversations.with(connection, speaker)
    const watcher = { subject, onChanged: () => undefined, onOver: () => undefined }
    const watched = await conversation.watch(uri, noCredential, watcher)
    assert.ok('end' in watched)
    return watched
  }
  return { streams, listStreams, watch }
}

const each = limits.mcpWatchStreamsPerSubject
const overloaded = { code: 'overloaded' }

test('nobody has all streams from a server of the newest revision', async (t) => {
  const { streams, listStreams, watch } = await openYard(t)
  const watchAll = (subject: string) =>
    Promise.all(Array.from({ length: each }, (_, at) => watch(subject, `file:///${subject}/${at}`)))

  await t.test('one subject has as many as it may, and another has its own', async () => {
    const [first = assert.fail()] = await watchAll('ann')
    await assert.rejects(watch('ann', 'file:///one-more'), overloaded)
    await watch('ben', 'file:///one-more')
    assert.equal(streams.size, each + 1)
    await first.end()
    await watch('ann', 'file:///another')
  })

  await t.test('who finds none is told at once, and its lists are heard of', async () => {
    const others = Array.from({ length: limits.mcpSessionStreams }, (_, at) => `other-${at}`)
    let refused: unknown
    for (const subject of others) {
      refused = await watch(subject, `file:///${subject}`).then(
        () => undefined,
        (thrown) => thrown.code,
      )
      if (refused !== undefined) break
    }
    assert.equal(refused, 'overloaded')
    await until(() => streams.size === limits.mcpSessionStreams, 'all are open')
    await until(() => listStreams.size === 1, 'it listens')
    const [before = assert.fail()] = listStreams
    before.end()
    await until(() => listStreams.size === 1 && !listStreams.has(before), 'it listens again')
  })
})
