import { createHmac, randomBytes } from 'node:crypto'
import { McpServer as LegacyServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import * as legacy from '@modelcontextprotocol/sdk/types.js'
import { McpServer, ProtocolError } from '@modelcontextprotocol/server'
import { z } from 'zod'
import * as shape from './mcp-conformance-shape.ts'

// biome-ignore lint/suspicious/noExplicitAny: what the suite sends is looked at member by member.
type Said = any

const key = randomBytes(32)
const info = { name: 'conformance', version: '1' }
const listChanged = { listChanged: true }
const resources = { subscribe: true }
const capabilities = { tools: listChanged, prompts: listChanged, resources, completions: {} }

/** What the suite's server scenarios ask for, by the official SDK for 2026-07-28. */
export function modernConformance(): McpServer {
  const server = new McpServer(info, { capabilities: { ...capabilities, logging: {} } })
  const run = async (asked: shape.Asked, ctx: Said, params: Said): Promise<Said> => {
    const { inputResponses } = ctx.mcpReq
    const before = opened(params.requestState ?? ctx.mcpReq.requestState?.())
    const known = { ...before, ...answersOf(inputResponses) }
    try {
      return await asked({
        ...{ args: params.arguments ?? {}, progressToken: ctx.mcpReq._meta?.progressToken },
        capabilities: ctx.mcpReq.envelope?.['io.modelcontextprotocol/clientCapabilities'] ?? {},
        notify: (method, said) => ctx.mcpReq.notify({ method, params: said }),
        log: (said) => ctx.mcpReq.log('info', said),
        need: async (requests, { keeps = false } = {}) => {
          if (Object.keys(requests).every((name) => name in known)) return known
          throw new Needed(requests, keeps ? sealed(known) : undefined)
        },
      })
    } catch (thrown) {
      if (!(thrown instanceof Needed)) throw thrown
      const { requests, state } = thrown
      const requestState = state === undefined ? {} : { requestState: state }
      return { resultType: 'input_required', inputRequests: requests, ...requestState }
    }
  }
  const on = server.server.setRequestHandler.bind(server.server) as Said
  on('tools/list', () => ({ tools: shape.tools }))
  on('tools/call', ({ params }: Said, ctx: Said) =>
    run(shape.toolNamed(params.name), ctx, params).catch(failed),
  )
  on('prompts/list', () => ({ prompts: shape.prompts }))
  on('prompts/get', ({ params }: Said, ctx: Said) =>
    run(shape.promptNamed(params.name), ctx, params),
  )
  on('resources/list', () => ({ resources: shape.resources }))
  on('resources/templates/list', () => ({ resourceTemplates: shape.templates }))
  on('resources/read', ({ params }: Said) => read(params.uri))
  on('completion/complete', () => shape.completion)
  return server
}

/** The same, by the official SDK for the revisions before. */
export function legacyConformance(): LegacyServer {
  const server = new LegacyServer(info, {
    capabilities: { ...capabilities, logging: {} },
  })
  const run = async (asked: shape.Asked, { params }: Said, extra: Said): Promise<Said> =>
    asked({
      ...{ args: params.arguments ?? {}, progressToken: extra._meta?.progressToken },
      capabilities: server.server.getClientCapabilities() ?? {},
      notify: (method, said) => extra.sendNotification({ method, params: said }),
      log: (data) =>
        extra.sendNotification({
          method: 'notifications/message',
          params: { level: 'info', data },
        }),
      need: async (requests) => {
        const answers: Record<string, Said> = {}
        for (const [name, request] of Object.entries(requests)) {
          answers[name] = await extra.sendRequest(request, z.looseObject({}))
        }
        return answers
      },
    })
  const on = server.server.setRequestHandler.bind(server.server) as Said
  on(legacy.ListToolsRequestSchema, () => ({ tools: shape.tools }))
  on(legacy.CallToolRequestSchema, (request: Said, extra: Said) =>
    run(shape.toolNamed(request.params.name), request, extra).catch(failed),
  )
  on(legacy.ListPromptsRequestSchema, () => ({ prompts: shape.prompts }))
  on(legacy.GetPromptRequestSchema, (request: Said, extra: Said) =>
    run(shape.promptNamed(request.params.name), request, extra),
  )
  on(legacy.ListResourcesRequestSchema, () => ({ resources: shape.resources }))
  on(legacy.ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: shape.templates }))
  on(legacy.ReadResourceRequestSchema, ({ params }: Said) => read(params.uri))
  on(legacy.CompleteRequestSchema, () => shape.completion)
  on(legacy.SubscribeRequestSchema, () => ({}))
  on(legacy.UnsubscribeRequestSchema, () => ({}))
  return server
}

/** Something has to be asked before it goes on. */
class Needed extends Error {
  readonly requests: shape.Requests
  readonly state: string | undefined

  constructor(requests: shape.Requests, state: string | undefined) {
    super('input is needed')
    this.requests = requests
    this.state = state
  }
}

/** An answer is an object; what is none was not given. */
function answersOf(responses: Said): Record<string, Said> {
  const given = Object.entries(responses ?? {})
  return Object.fromEntries(given.filter(([, one]) => typeof one === 'object' && one !== null))
}

function sealed(known: Record<string, Said>): string {
  const text = Buffer.from(JSON.stringify(known)).toString('base64url')
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`
}

function opened(state: string | undefined): Record<string, Said> {
  if (state === undefined) return {}
  const [text = '', tag] = state.split('.')
  if (tag !== createHmac('sha256', key).update(text).digest('base64url')) {
    throw new ProtocolError(-32602, 'This state is not one that was given')
  }
  return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
}

function failed(thrown: Said): Said {
  if (typeof thrown.code === 'number') throw thrown
  return { content: [{ type: 'text', text: String(thrown.message) }], isError: true }
}

function read(uri: string): Said {
  const contents = shape.resourceAt(uri)
  if (!contents) throw new ProtocolError(-32602, 'Resource not found', { uri })
  return { contents: [contents] }
}
