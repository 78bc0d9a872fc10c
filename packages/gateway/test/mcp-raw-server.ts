import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import { listening } from './mcp-yard.ts'

// biome-ignore lint/suspicious/noExplicitAny: what came over the wire is looked at member by member.
type Said = any

export type RawCall = {
  readonly name: string
  readonly headers: IncomingMessage['headers']
  readonly message: Said
}
export type RawAnswer = (response: ServerResponse, message: Said) => void

/** A server of 2026-07-28 that is nobody's library: it says what a test wants. */
export type RawServer = {
  url: string
  /** What it lists now; a test changes it. */
  tools: Said[]
  /** The calls of tools that reached it. */
  readonly calls: RawCall[]
  /** Members of what it answers to a list method, or to `server/discover`. */
  readonly says: Map<string, object>
  /** By name of the tool, or the URI of a resource; the others say `ok`. */
  readonly answers: Map<string, RawAnswer>
}

export async function startRawServer(t: TestContext, tools: Said[]): Promise<RawServer> {
  const raw = { url: '', tools, calls: [], says: new Map(), answers: new Map() } as RawServer
  raw.url = await listening(t, async (request, response) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of request) chunks.push(chunk)
    const message = JSON.parse(Buffer.concat(chunks).toString() || '{}')
    const say = (result: object) =>
      sayJson(response, {
        jsonrpc: '2.0',
        id: message.id,
        result: { resultType: 'complete', ...result },
      })
    if (message.method === 'server/discover') {
      const capabilities = { tools: {}, resources: {}, prompts: {} }
      say({ supportedVersions: ['2026-07-28'], capabilities, ...raw.says.get(message.method) })
    } else if (message.method.endsWith('/list')) {
      const empty = { tools: raw.tools, resources: [], resourceTemplates: [], prompts: [] }
      say({ ...empty, ttlMs: 0, cacheScope: 'private', ...raw.says.get(message.method) })
    } else if (message.method === 'tools/call' || message.method === 'resources/read') {
      const name = message.params.name ?? message.params.uri
      raw.calls.push({ name, headers: request.headers, message })
      const answer = raw.answers.get(name)
      if (answer) answer(response, message)
      else say({ content: [{ type: 'text', text: 'ok' }] })
    } else response.writeHead(202).end()
  })
  return raw
}

export function sayJson(response: ServerResponse, value: unknown): void {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  response.writeHead(200, { 'content-type': 'application/json' }).end(text)
}

/** Server-sent events with these messages, and no more. */
export function sayEvents(response: ServerResponse, messages: readonly unknown[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const message of messages) response.write(`data: ${JSON.stringify(message)}\n\n`)
  response.end()
}
