import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { McpServer as LegacyServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import {
  acceptedContent,
  createMcpHandler,
  inputRequired,
  McpServer,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import { type House, openHouse } from './house.ts'

export const amount: { readonly amount: z.ZodNumber } = { amount: z.number() }
const askFor = {
  message: 'How many?',
  requestedSchema: { type: 'object', properties: { n: { type: 'number' } } },
} as const
type Text = { content: { type: 'text'; text: string }[] }
export const text = (said: string): Text => ({ content: [{ type: 'text', text: said }] })

/** A server of an older revision: it asks in the middle of a call. What it was called with is remembered. */
async function startLegacy(
  t: TestContext,
): Promise<{ readonly url: string; readonly made: string[] }> {
  const made: string[] = []
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  const open = async () => {
    const server = new LegacyServer({ name: 'old', version: '1' })
    server.registerTool('refund', { inputSchema: amount }, async ({ amount }) => {
      made.push(`refund ${amount}`)
      return text(`refunded ${amount}`)
    })
    server.registerTool(
      'ask',
      { inputSchema: {} },
      async (_, { sendNotification, requestId, _meta }) => {
        const progressToken = _meta?.progressToken
        if (progressToken !== undefined) {
          const params = { progressToken, progress: 1 }
          await sendNotification({ method: 'notifications/progress', params })
        }
        const answer = await server.server.elicitInput(askFor, { relatedRequestId: requestId })
        made.push(`ask ${JSON.stringify(answer)}`)
        return text(`${answer.action} ${answer.content?.n}`)
      },
    )
    server.registerTool('sample', { inputSchema: {} }, async (_, { requestId }) => {
      const params = { messages: [], maxTokens: 1 }
      const asked = server.server.createMessage(params, { relatedRequestId: requestId })
      const said = await asked.catch((thrown) => thrown.message)
      return text(`sampled ${JSON.stringify(said)}`)
    })
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport),
    })
    await server.connect(transport)
    return transport
  }
  const http = createServer(async (request, response) => {
    const known = sessions.get(String(request.headers['mcp-session-id']))
    await (known ?? (await open())).handleRequest(request, response)
  })
  return { url: await listening(t, http), made }
}

/** A server of the current revision: it has its caller come back. */
async function startModern(
  t: TestContext,
): Promise<{ readonly url: string; readonly made: string[] }> {
  const made: string[] = []
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'new', version: '1' })
    server.registerTool('refund', { inputSchema: z.object(amount) }, ({ amount }) => {
      made.push(`refund ${amount}`)
      return text(`refunded ${amount}`)
    })
    server.registerTool('ask', { inputSchema: z.object({}) }, (_, { mcpReq }) => {
      const content = acceptedContent(mcpReq.inputResponses, 'how')
      if (!content) {
        const how = inputRequired.elicit(askFor)
        return inputRequired({ inputRequests: { how }, requestState: 'mine' })
      }
      made.push(`ask ${JSON.stringify(content)}`)
      return text(`accept ${content.n}`)
    })
    server.registerTool('sample', { inputSchema: z.object({}) }, (_, { mcpReq }) => {
      if (mcpReq.inputResponses) made.push('sample')
      const what = inputRequired.createMessage({ messages: [], maxTokens: 1 })
      return inputRequired({ inputRequests: { what } })
    })
    return server
  })
  const node = toNodeHandler(handler)
  const http = createServer((request, response) => {
    const { method = 'GET', url = '/' } = request
    void node(Object.assign(request, { method, url }), response)
  })
  return { url: await listening(t, http), made }
}

async function listening(t: TestContext, http: Server): Promise<string> {
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    http.closeAllConnections()
    http.close()
  })
  const address = http.address()
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/mcp`
}

export const connection = (id: string, upstream: string) => `id: ${id}
protocol: mcp
upstream: ${upstream}
credential: none
`
const functions = (id: string) => `connection: ${id}
functions:
  - name: refund
    purpose: Give money back
    owner: team
    sensitivity: internal
    risk: high
    deferrable: ${id === 'new'}
    mcp: tools/call refund
    arguments: { amount: { type: integer, required: true } }
  - name: ask
    purpose: Ask how many
    owner: team
    sensitivity: internal
    risk: low
    mcp: tools/call ask
  - name: sample
    purpose: Have a model say something
    owner: team
    sensitivity: internal
    risk: low
    mcp: tools/call sample
  - name: elicitation
    purpose: Ask a person
    owner: team
    sensitivity: internal
    risk: low
    mcp: elicitation/create
    unknownArguments: allow
`
const policies = `@id("callers-speak")
@owner("team")
@reason("Callers speak MCP")
@review("90d")
permit (principal in Group::"callers", action in [Action::"old", Action::"new"], resource);

@id("large-refund")
@reason("More than 1000 needs an approver")
@approval("approvers")
forbid (principal, action in [Action::"old.refund", Action::"new.refund"], resource)
when { context.args.amount > 1000 }
unless { context has approval && context.approval.groups.contains("approvers") };
`

type Upstream = { readonly url: string; readonly made: string[] }
export type Yard = { readonly house: House; readonly old: Upstream; readonly recent: Upstream }

export async function openMcpHouse(t: TestContext, settings: object): Promise<Yard> {
  const [old, recent] = await Promise.all([startLegacy(t), startModern(t)])
  const house = await openHouse(t, settings)
  const files = {
    'connections/old.yaml': connection('old', old.url),
    'connections/new.yaml': connection('new', recent.url),
    'functions/old.yaml': functions('old'),
    'functions/new.yaml': functions('new'),
    'policies/mcp.cedar': policies,
  }
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(house.rulebook, path, '..'), { recursive: true })
    writeFileSync(join(house.rulebook, path), content)
  }
  await house.restart()
  return { house, old, recent }
}

// biome-ignore lint/suspicious/noExplicitAny: answers are looked at member by member, as a client would.
export type Said = any

type Asked = {
  readonly path?: string
  readonly headers?: Record<string, string>
  readonly token?: string
}

export const protocolVersion = '2026-07-28'
const meta = (capabilities: object, more: object = {}) => ({
  'io.modelcontextprotocol/protocolVersion': protocolVersion,
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': capabilities,
  ...more,
})

let ids = 0
/** An id that no request of these tests has had. */
export const nextId = (): number => ++ids

export async function send(house: House, message: object, asked: Asked = {}): Promise<Response> {
  const { path = '/mcp', headers = {}, token = house.token } = asked
  return fetch(`${house.url()}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify(message),
  })
}

/** The messages of an answer, as they come. */
export async function* messagesOf(response: Response): AsyncGenerator<Said> {
  if (!/event-stream/.test(response.headers.get('content-type') ?? '')) {
    const body = await response.text()
    if (body !== '') yield JSON.parse(body)
    return
  }
  let buffered = ''
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    buffered += chunk
    for (let end = buffered.indexOf('\n\n'); end >= 0; end = buffered.indexOf('\n\n')) {
      const data = /^data: (.+)$/m.exec(buffered.slice(0, end))?.[1]
      buffered = buffered.slice(end + 2)
      if (data !== undefined) yield JSON.parse(data)
    }
  }
}

export async function lastOf(response: Response): Promise<Said> {
  let last: Said
  for await (const message of messagesOf(response)) last = message
  return last
}

/** `tools/call` of a caller of the current revision. */
export async function callNow(
  house: House,
  params: { readonly name: string } & Record<string, unknown>,
  {
    capabilities = {},
    method = 'tools/call',
    ...asked
  }: Asked & {
    readonly capabilities?: object
    readonly method?: string
  } = {},
): Promise<Said> {
  const message = {
    ...{ jsonrpc: '2.0', id: nextId(), method },
    params: { ...params, _meta: meta(capabilities) },
  }
  const headers = {
    'mcp-protocol-version': protocolVersion,
    'mcp-method': method,
    'mcp-name': String(params.taskId ?? params.name),
    ...asked.headers,
  }
  return lastOf(await send(house, message, { ...asked, headers }))
}

/** A session of an older revision. */
export async function openSession(
  house: House,
  capabilities: object = {},
  token: string = house.token,
): Promise<{
  readonly headers: Record<string, string>
  readonly request: (method: string, params: object) => Promise<Response>
  readonly call: (name: string, args: object, meta?: object) => Promise<Response>
  readonly answer: (message: object) => Promise<Response>
}> {
  const initialize = {
    ...{ jsonrpc: '2.0', id: nextId(), method: 'initialize' },
    params: {
      protocolVersion: '2025-11-25',
      capabilities,
      clientInfo: { name: 'test', version: '1' },
    },
  }
  const begun = await send(house, initialize, { token })
  const session = begun.headers.get('mcp-session-id') ?? ''
  const said = await lastOf(begun)
  assert.ok(said.result, JSON.stringify(said))
  const headers = { 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' }
  const request = (method: string, params: object) =>
    send(house, { jsonrpc: '2.0', id: nextId(), method, params }, { headers, token })
  return {
    headers,
    request,
    call: (name: string, args: object, _meta: object = {}) =>
      request('tools/call', { name, arguments: args, _meta }),
    answer: (message: object) => send(house, { jsonrpc: '2.0', ...message }, { headers, token }),
  }
}

export type Row = readonly [string, (yard: Yard) => Promise<void>]

/** Of the last question that was put. */
export function newestApproval(house: House): string {
  const asked = house.records().filter(({ type }) => type === 'approval.requested')
  return asked.at(-1)?.approval ?? assert.fail('nobody was asked')
}
