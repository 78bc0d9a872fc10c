import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { McpServer as LegacyServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import {
  type EventStore,
  StreamableHTTPServerTransport,
} from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { RequestOptions } from '@modelcontextprotocol/sdk/shared/protocol.js'
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'
import {
  acceptedContent,
  createMcpHandler,
  inputRequired,
  McpServer,
} from '@modelcontextprotocol/server'
import { z } from 'zod'

export type McpPeer = {
  readonly url: string
  /** One line for each request that came: method and path, then `mcp-…` headers. */
  readonly requests: readonly string[]
  /** What tools that wait began to do, and were told to stop. */
  readonly started: readonly string[]
  readonly cancelled: readonly string[]
  /** Forgets all its sessions, as after a restart. */
  readonly forget: () => void
  readonly close: () => Promise<void>
}

type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/** A server of the official SDK, version 2: 2026-07-28 and, without sessions, the revisions before. */
export async function startModernPeer(): Promise<McpPeer> {
  const started: string[] = []
  const cancelled: string[] = []
  const handler = createMcpHandler(() => {
    const server = new McpServer(
      { name: 'modern', version: '1' },
      { capabilities: { logging: {} } },
    )
    server.registerTool(
      'echo',
      { description: 'Says it again', inputSchema: z.object({ text: z.string() }) },
      ({ text }) => ({ content: [{ type: 'text', text }] }),
    )
    server.registerTool('steps', { inputSchema: z.object({}) }, async (_args, ctx) => {
      const progressToken = ctx.mcpReq._meta?.progressToken
      for (const progress of progressToken === undefined ? [] : [1, 2]) {
        const params = { progressToken: progressToken ?? '', progress }
        await ctx.mcpReq.notify({ method: 'notifications/progress', params })
      }
      await ctx.mcpReq.log('info', 'half way')
      return { content: [{ type: 'text', text: 'done' }] }
    })
    server.registerTool('wait', { inputSchema: z.object({}) }, async (_args, ctx) => {
      await new Promise<void>((resolve) => {
        ctx.mcpReq.signal.addEventListener('abort', () => resolve())
        started.push('wait')
      })
      cancelled.push('wait')
      return { content: [] }
    })
    const wanted = z.object({ sure: z.boolean() })
    server.registerTool('ask', { inputSchema: z.object({}) }, (_args, ctx) => {
      const answer = acceptedContent(ctx.mcpReq.inputResponses, 'sure', wanted)
      if (answer) return { content: [{ type: 'text', text: `sure: ${answer.sure}` }] }
      const sure = inputRequired.elicit({ message: 'Sure?', requestedSchema: wanted })
      return inputRequired({ inputRequests: { sure }, requestState: 'where we were' })
    })
    server.registerTool('fail', { inputSchema: z.object({}) }, () => {
      throw new Error('as told')
    })
    return server
  })
  const node = toNodeHandler(handler)
  return listen((request, response) => node(Object.assign(request), response), {
    started,
    cancelled,
    forget: () => {},
  })
}

/** A server of the official SDK, version 1: the revisions before 2026-07-28, with sessions that can be resumed. */
export async function startLegacyPeer(): Promise<McpPeer> {
  const started: string[] = []
  const cancelled: string[] = []
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  const handle: Handle = async (request, response) => {
    const named = request.headers['mcp-session-id']
    const known = typeof named === 'string' ? sessions.get(named) : undefined
    if (named !== undefined && !known) {
      const error = { code: -32001, message: 'Session not found' }
      response.writeHead(404, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ jsonrpc: '2.0', error, id: null }))
      return
    }
    if (known) return known.handleRequest(request, response)
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => {
        sessions.set(id, transport)
      },
      onsessionclosed: (id) => {
        sessions.delete(id)
      },
      eventStore: openEventStore(),
      retryInterval: 10,
    })
    // Its types do not know exactOptionalPropertyTypes.
    await legacyServer({ started, cancelled }).connect(
      transport as Parameters<LegacyServer['connect']>[0],
    )
    return transport.handleRequest(request, response)
  }
  return listen(handle, { started, cancelled, forget: () => sessions.clear() })
}

function legacyServer({
  started,
  cancelled,
}: {
  readonly started: string[]
  readonly cancelled: string[]
}): LegacyServer {
  const server = new LegacyServer(
    { name: 'legacy', version: '1' },
    { capabilities: { logging: {} } },
  )
  server.registerTool('echo', { inputSchema: { text: z.string() } }, ({ text }) => ({
    content: [{ type: 'text', text }],
  }))
  const ask = async (related: RequestOptions) => {
    const requestedSchema = { type: 'object', properties: { sure: { type: 'boolean' } } } as const
    const params = { mode: 'form', message: 'Sure?', requestedSchema } as const
    const { content } = await server.server.elicitInput(params, related)
    return { content: [{ type: 'text', text: `sure: ${content?.sure}` }] } as const
  }
  server.registerTool('ask', { inputSchema: {} }, async (_args, extra) => ({
    content: [...(await ask({ relatedRequestId: extra.requestId })).content],
  }))
  server.registerTool('ask aside', { inputSchema: {} }, async () => ({
    content: [...(await ask({})).content],
  }))
  server.registerTool('log', { inputSchema: {} }, async (_args, extra) => {
    for (const level of ['debug', 'warning'] as const) {
      await extra.sendNotification({
        method: 'notifications/message',
        params: { level, data: `at ${level}` },
      })
    }
    return { content: [{ type: 'text', text: 'done' }] }
  })
  server.registerTool('break', { inputSchema: {} }, async (_args, extra) => {
    extra.closeSSEStream?.()
    return { content: [{ type: 'text', text: 'after the break' }] }
  })
  server.registerTool('wait', { inputSchema: {} }, async (_args, extra) => {
    await new Promise<void>((resolve) => {
      extra.signal.addEventListener('abort', () => resolve())
      started.push('wait')
    })
    cancelled.push('wait')
    return { content: [] }
  })
  return server
}

/** Remembers every event of every stream, in order. */
function openEventStore(): EventStore {
  const events: { readonly stream: string; readonly message: JSONRPCMessage }[] = []
  return {
    storeEvent: async (stream, message) => {
      events.push({ stream, message })
      return `${events.length - 1}`
    },
    getStreamIdForEventId: async (id) => events[Number(id)]?.stream,
    replayEventsAfter: async (last, { send }) => {
      const stream = events[Number(last)]?.stream ?? ''
      for (const [at, event] of events.entries()) {
        if (at > Number(last) && event.stream === stream) await send(`${at}`, event.message)
      }
      return stream
    },
  }
}

async function listen(
  handle: Handle,
  { started, cancelled, forget }: Pick<McpPeer, 'started' | 'cancelled' | 'forget'>,
): Promise<McpPeer> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    const said = Object.entries(request.headers).filter(([name]) => name.startsWith('mcp-'))
    const headers = said.map(([name, value]) => ` ${name}=${value}`).sort()
    requests.push(`${request.method} ${request.url}${headers.join('')}`)
    handle(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    requests,
    started,
    cancelled,
    forget,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
