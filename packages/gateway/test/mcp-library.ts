import { randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { McpServer as LegacyServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import * as legacy from '@modelcontextprotocol/sdk/types.js'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { listening } from './mcp-yard.ts'

/** A server whose resources change when a test says so. */
export type Library = {
  readonly url: string
  /** What it lists; a test changes it. */
  books: string[]
  /** How many requests for each list it got. */
  readonly asked: Map<string, number>
  /** What it was asked to say, and asked no more, in order: `+library://a`, `-library://a`. Of older revisions only. */
  readonly wishes: string[]
  /** Says that a resource has changed to whoever wants to hear of it. */
  readonly update: (uri: string) => Promise<void>
  /** The same to everybody who listens at all. */
  readonly updateAnyway: (uri: string) => Promise<void>
  /** Says that its resources are others. */
  readonly sayListChanged: () => Promise<void>
  /** Forgets all sessions, as a restart does. */
  readonly forget: () => void
}

const info = { name: 'library', version: '1' }
const both = { subscribe: true, listChanged: true }
const capabilities = { resources: both, tools: {} }
const resourceOf = (uri: string) => ({ uri, name: uri })

function counted(asked: Library['asked'], method: string): void {
  asked.set(method, (asked.get(method) ?? 0) + 1)
}

/** By the SDK for 2026-07-28. */
export async function startModernLibrary(t: TestContext, books: string[]): Promise<Library> {
  const library = { books, asked: new Map<string, number>(), wishes: [] }
  const handler = createMcpHandler(() => {
    const server = new McpServer(info, { capabilities })
    // biome-ignore lint/suspicious/noExplicitAny: each method has a type of its own.
    const on = server.server.setRequestHandler.bind(server.server) as any
    on('tools/list', () => {
      counted(library.asked, 'tools/list')
      return { tools: [] }
    })
    on('resources/list', () => {
      counted(library.asked, 'resources/list')
      return { resources: known.books.map(resourceOf) }
    })
    on('resources/templates/list', () => ({ resourceTemplates: [] }))
    on('resources/read', ({ params }: { params: { uri: string } }) => ({
      contents: [{ uri: params.uri, text: 'once upon a time' }],
    }))
    return server
  })
  t.after(() => handler.close())
  const url = await listening(t, (request, response) =>
    toNodeHandler(handler)(Object.assign(request), response),
  )
  const known: Library = Object.assign(library, {
    url,
    update: async (uri: string) => handler.notify.resourceUpdated(uri),
    updateAnyway: async (uri: string) => handler.notify.resourceUpdated(uri),
    sayListChanged: async () => handler.notify.resourcesChanged(),
    forget: () => undefined,
  })
  return known
}

type Session = {
  readonly server: LegacyServer
  readonly wanted: Set<string>
  readonly transport: StreamableHTTPServerTransport
}

/** By the SDK before, with sessions. */
export async function startLegacyLibrary(t: TestContext, books: string[]): Promise<Library> {
  const library = { books, asked: new Map<string, number>(), wishes: [] as string[] }
  const sessions = new Map<string, Session>()
  const begin = async (): Promise<Session> => {
    const server = new LegacyServer(info, { capabilities })
    const wanted = new Set<string>()
    // biome-ignore lint/suspicious/noExplicitAny: each method has a type of its own.
    const on = server.server.setRequestHandler.bind(server.server) as any
    on(legacy.ListToolsRequestSchema, () => {
      counted(library.asked, 'tools/list')
      return { tools: [] }
    })
    on(legacy.ListResourcesRequestSchema, () => {
      counted(library.asked, 'resources/list')
      return { resources: known.books.map(resourceOf) }
    })
    on(legacy.ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: [] }))
    on(legacy.ReadResourceRequestSchema, ({ params }: { params: { uri: string } }) => ({
      contents: [{ uri: params.uri, text: 'once upon a time' }],
    }))
    on(legacy.SubscribeRequestSchema, ({ params }: { params: { uri: string } }) => {
      wanted.add(params.uri)
      library.wishes.push(`+${params.uri}`)
      return {}
    })
    on(legacy.UnsubscribeRequestSchema, ({ params }: { params: { uri: string } }) => {
      wanted.delete(params.uri)
      library.wishes.push(`-${params.uri}`)
      return {}
    })
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, session),
      onsessionclosed: (id) => void sessions.delete(id),
    })
    const session = { server, wanted, transport }
    // Its types do not know exactOptionalPropertyTypes.
    await server.connect(transport as never)
    return session
  }
  const url = await listening(t, async (request, response) => {
    const named = request.headers['mcp-session-id']
    const session = sessions.get(String(named)) ?? (named === undefined ? await begin() : undefined)
    if (session) return session.transport.handleRequest(request, response)
    response.writeHead(404).end()
  })
  const all = () => [...sessions.values()]
  const say = async (whom: readonly Session[], uri: string) => {
    await Promise.all(whom.map(({ server }) => server.server.sendResourceUpdated({ uri })))
  }
  const known: Library = Object.assign(library, {
    url,
    update: (uri: string) =>
      say(
        all().filter(({ wanted }) => wanted.has(uri)),
        uri,
      ),
    updateAnyway: (uri: string) => say(all(), uri),
    sayListChanged: async () => {
      await Promise.all(all().map(({ server }) => server.server.sendResourceListChanged()))
    },
    forget: () => {
      for (const { transport } of all()) void transport.close()
      sessions.clear()
    },
  })
  return known
}
