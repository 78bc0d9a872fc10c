import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import {
  CallToolResultSchema,
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceListChangedNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { card } from './mcp-gallery.ts'

/** Official clients: of 2026-07-28, of 2025-11-25 by the same package, and of the package before. */
export type ClientKind = 'modern' | 'legacy' | 'v1'
export const clientKinds: readonly ClientKind[] = ['modern', 'legacy', 'v1']

// biome-ignore lint/suspicious/noExplicitAny: what came back is looked at member by member.
type Said = any

export type CallOptions = {
  readonly signal?: AbortSignal
  readonly onprogress?: (said: Said) => void
}

/** What the tests ask of a client, whichever it is. */
export type AnyClient = {
  readonly kind: ClientKind
  readonly names: (list: 'tools' | 'prompts' | 'resources' | 'templates') => Promise<string[]>
  readonly tools: () => Promise<Said[]>
  readonly call: (name: string, args?: object, options?: CallOptions) => Promise<Said>
  readonly read: (uri: string) => Promise<Said>
  readonly prompt: (name: string, args: Record<string, string>) => Promise<Said>
  readonly complete: (params: Said) => Promise<Said>
  /** What the server said in its log. */
  readonly logged: Said[]
  /** What the server asked of the client. */
  readonly asked: { readonly method: string; readonly params: Said }[]
  /**
   * Of what changed the client was told, in order: URIs of resources, and lists. `<uri> is over`: its server has ended
   * that subscription, and said so.
   */
  readonly heard: string[]
  /** Wants to hear of a resource; rejects where the server does not agree. */
  readonly subscribe: (uri: string) => Promise<void>
  readonly unsubscribe: (uri: string) => Promise<void>
  /** Wants to hear of lists. A client of an older revision does from the start. */
  readonly hearOfLists: () => Promise<void>
  readonly setLevel: (level: 'info' | 'debug') => Promise<void>
  readonly ping: () => Promise<unknown>
  readonly capabilities: () => Said
  readonly close: () => Promise<void>
}

/** Answers of the person and of the model behind the client; in each something that its server must not see. */
export const answers: {
  readonly elicitation: object
  readonly sampling: object
  readonly roots: { readonly roots: readonly { readonly uri: string; readonly name: string }[] }
} = {
  elicitation: { action: 'accept', content: { n: 7, note: `paid with ${card}` } },
  sampling: {
    role: 'assistant',
    content: { type: 'text', text: `a poem about ${card}` },
    model: 'm',
  },
  roots: { roots: [{ uri: 'file:///home/ana', name: `home of ${card}` }] },
}

const info = { name: 'a client', version: '1' }
const capabilities = { elicitation: { form: {} }, sampling: {}, roots: {} }

/** Connects to the MCP endpoint at this URL, as whoever the token says. */
export async function openClient(kind: ClientKind, url: string, token: string): Promise<AnyClient> {
  const requestInit = { headers: { authorization: `Bearer ${token}` } }
  const logged: Said[] = []
  const asked: AnyClient['asked'] = []
  const heard: string[] = []
  const answer = (method: string, given: object) => async (request: Said) => {
    asked.push({ method, params: request.params })
    return given as never
  }
  if (kind === 'v1') {
    const client = new LegacyClient(info, { capabilities })
    client.setRequestHandler(ElicitRequestSchema, answer('elicitation', answers.elicitation))
    client.setRequestHandler(CreateMessageRequestSchema, answer('sampling', answers.sampling))
    client.setRequestHandler(ListRootsRequestSchema, answer('roots', answers.roots))
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
      logged.push(params)
    })
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
      heard.push(params.uri)
    })
    client.setNotificationHandler(ResourceListChangedNotificationSchema, () => {
      heard.push('resources')
    })
    await client.connect(new LegacyTransport(new URL(url), { requestInit }) as never)
    return {
      ...surface(client, { kind, logged, asked, heard }),
      subscribe: async (uri) => void (await client.subscribeResource({ uri })),
      unsubscribe: async (uri) => void (await client.unsubscribeResource({ uri })),
      hearOfLists: async () => undefined,
      call: (name, args = {}, options) =>
        client.callTool({ name, arguments: { ...args } }, CallToolResultSchema, options),
      setLevel: async (level) => void (await client.setLoggingLevel(level)),
    }
  }
  const client = new Client(info, {
    capabilities,
    ...(kind === 'modern' && { versionNegotiation: { mode: { pin: '2026-07-28' } } }),
  })
  client.setRequestHandler('elicitation/create', answer('elicitation', answers.elicitation))
  client.setRequestHandler('sampling/createMessage', answer('sampling', answers.sampling))
  client.setRequestHandler('roots/list', answer('roots', answers.roots))
  client.setNotificationHandler('notifications/message', ({ params }) => {
    logged.push(params)
  })
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
    heard.push(params.uri)
  })
  client.setNotificationHandler('notifications/resources/list_changed', () => {
    heard.push('resources')
  })
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }))
  let logLevel: string | undefined
  return {
    ...surface(client, { kind, logged, asked, heard }),
    ...(kind === 'modern' ? listening(client, heard) : subscribing(client)),
    call: (name, args = {}, options) => {
      const _meta = logLevel && { 'io.modelcontextprotocol/logLevel': logLevel }
      return client.callTool({ name, arguments: { ...args }, ...(_meta && { _meta }) }, options)
    },
    // A modern client says with each request what it wants to hear.
    setLevel: async (level) => {
      if (kind === 'modern') logLevel = level
      else await client.setLoggingLevel(level)
    },
  }
}

function subscribing(client: Client): Listening {
  return {
    subscribe: async (uri) => void (await client.subscribeResource({ uri })),
    unsubscribe: async (uri) => void (await client.unsubscribeResource({ uri })),
    hearOfLists: async () => undefined,
  }
}

type Listening = Pick<AnyClient, 'subscribe' | 'unsubscribe' | 'hearOfLists'>

/** 2026-07-28: a stream for each resource, and one for lists. */
function listening(client: Client, heard: string[]): Listening {
  const streams = new Map<string, { readonly close: () => Promise<void> }>()
  return {
    subscribe: async (uri) => {
      const stream = await client.listen({ resourceSubscriptions: [uri] })
      streams.set(uri, stream)
      void stream.closed.then((by) => by === 'graceful' && heard.push(`${uri} is over`))
      if (stream.honoredFilter.resourceSubscriptions?.includes(uri)) return
      await stream.close()
      throw new Error('It does not agree to that.')
    },
    unsubscribe: async (uri) => streams.get(uri)?.close(),
    hearOfLists: async () => void (await client.listen({ resourcesListChanged: true })),
  }
}

function surface(
  client: Client | LegacyClient,
  given: Pick<AnyClient, 'kind' | 'logged' | 'asked' | 'heard'>,
): Omit<AnyClient, 'call' | 'setLevel' | keyof Listening> {
  const lists: Record<string, () => Promise<string[]>> = {
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    prompts: async () => (await client.listPrompts()).prompts.map(({ name }) => name),
    resources: async () => (await client.listResources()).resources.map(({ uri }) => uri),
    templates: async () =>
      (await client.listResourceTemplates()).resourceTemplates.map(
        ({ uriTemplate }) => uriTemplate,
      ),
  }
  return {
    ...given,
    names: async (list) => ((await lists[list]?.()) ?? []).toSorted(),
    tools: async () => (await client.listTools()).tools,
    read: (uri) => client.readResource({ uri }),
    prompt: (name, args) => client.getPrompt({ name, arguments: args }),
    complete: (params) => client.complete(params),
    ping: () => client.ping(),
    capabilities: () => client.getServerCapabilities(),
    close: () => client.close(),
  }
}
