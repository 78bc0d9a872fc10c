import { completable as legacyCompletable } from '@modelcontextprotocol/sdk/server/completable.js'
import {
  McpServer as LegacyServer,
  ResourceTemplate as LegacyTemplate,
} from '@modelcontextprotocol/sdk/server/mcp.js'
import {
  acceptedContent,
  type CallToolResult,
  completable,
  inputRequired,
  McpServer,
  ResourceTemplate,
} from '@modelcontextprotocol/server'
import { z } from 'zod'

/** What must be seen nowhere on its way to a caller: no function declares it, detection has to find it. */
export const card = '4539578763621486'
/** What a function declares at `$.pin`. */
export const pin = 'canary-gallery-pin'

const onePixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='
const paid = `paid with ${card}.`
const say = (text: string): CallToolResult => ({ content: [{ type: 'text', text }] })

/** Tools that always answer the same: every place of a result in which a value could stand. */
const shown: Readonly<Record<string, CallToolResult>> = {
  prose: say(paid),
  json: say(JSON.stringify({ note: paid, n: 1.5, inside: JSON.stringify({ card }) })),
  structured: {
    content: [{ type: 'text', text: JSON.stringify({ card, n: 1 }) }],
    structuredContent: { card, n: 1 },
  },
  image: {
    content: [{ type: 'image', data: onePixel, mimeType: 'image/png', _meta: { note: paid } }],
  },
  sound: { content: [{ type: 'audio', data: 'UklGRg==', mimeType: 'audio/wav' }] },
  link: {
    content: [
      {
        ...{ type: 'resource_link', uri: 'gallery://note/1', name: 'one', title: paid },
        description: paid,
      },
    ],
  },
  embedded: {
    content: [
      {
        type: 'resource',
        resource: { uri: 'gallery://note/1', mimeType: 'text/plain', text: paid },
      },
      {
        type: 'resource',
        resource: { uri: 'gallery://blob', mimeType: 'image/png', blob: onePixel },
      },
    ],
  },
  meta: { ...say('see below'), _meta: { 'example.org/note': paid } },
  failed: { ...say(paid), isError: true },
  declared: {
    content: [{ type: 'text', text: JSON.stringify({ pin, open: 'seen' }) }],
    structuredContent: { pin, open: 'seen' },
  },
  locked: say('nobody sees this'),
}
export const shownTools: readonly string[] = Object.keys(shown)

const outputs = {
  structured: { card: z.string(), n: z.number() },
  declared: { pin: z.string(), open: z.string() },
}
const outputOf = (name: string) =>
  name === 'structured' || name === 'declared' ? outputs[name] : undefined

const wanted = {
  type: 'object' as const,
  properties: { n: { type: 'number' as const } },
  required: ['n'],
}
const question = { message: `How many? ${paid}`, requestedSchema: wanted }
const sampling = {
  messages: [{ role: 'user' as const, content: { type: 'text' as const, text: paid } }],
  maxTokens: 10,
}
const colours = ['red', 'green', 'grey']
const coloursLike = (value: string | undefined) =>
  colours.filter((one) => one.startsWith(value ?? ''))

/** What tools that wait began to do, and were told to stop. */
export type Told = {
  readonly started: string[]
  readonly cancelled: string[]
  /** What callers answered to its questions. */
  readonly heard: string[]
}

/** Remembers an answer, and says it. */
function hear(what: string, answer: unknown, { heard }: Told): CallToolResult {
  const text = `${what} ${JSON.stringify(answer)}`
  heard.push(text)
  return say(text)
}

/** Resolves once the caller has left. */
async function untilLeft(signal: AbortSignal, { started, cancelled }: Told) {
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve())
    started.push('wait')
  })
  cancelled.push('wait')
  return say('too late')
}

/** The gallery, by the official SDK for 2026-07-28. */
export function modernGallery(told: Told): McpServer {
  const server = new McpServer(
    { name: 'gallery', version: '1' },
    { capabilities: { logging: {}, completions: {} } },
  )
  for (const [name, result] of Object.entries(shown)) {
    const output = outputOf(name)
    const config = {
      description: `Shows ${name}`,
      annotations: { readOnlyHint: true },
      inputSchema: z.object({}),
      ...(output && { outputSchema: z.object(output) }),
    }
    server.registerTool(name, config, () => result)
  }
  server.registerTool(
    'echo',
    { description: 'Says it again', inputSchema: z.object({ text: z.string() }) },
    ({ text }) => say(text),
  )
  server.registerTool(
    'big',
    { description: 'Says much', inputSchema: z.object({ chars: z.number() }) },
    ({ chars }) => say('x'.repeat(chars)),
  )
  server.registerTool('thrown', { inputSchema: z.object({}) }, () => {
    throw new Error(paid)
  })
  server.registerTool('steps', { inputSchema: z.object({}) }, async (_, { mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken
    for (const progress of progressToken === undefined ? [] : [1, 2]) {
      const params = { progressToken: progressToken ?? '', progress, total: 2, message: paid }
      await mcpReq.notify({ method: 'notifications/progress', params })
    }
    await mcpReq.log('warning', { note: paid })
    await mcpReq.log('debug', 'not asked for')
    return say('done')
  })
  server.registerTool('wait', { inputSchema: z.object({}) }, (_, { mcpReq }) =>
    untilLeft(mcpReq.signal, told),
  )
  server.registerTool('ask', { inputSchema: z.object({}) }, (_, { mcpReq }) => {
    const answer = acceptedContent(mcpReq.inputResponses, 'how')
    if (answer) return hear('answer', answer, told)
    return inputRequired({ inputRequests: { how: inputRequired.elicit(question) } })
  })
  server.registerTool('sample', { inputSchema: z.object({}) }, (_, { mcpReq }) => {
    const answer = mcpReq.inputResponses?.said
    if (answer) return hear('sampled', answer, told)
    return inputRequired({ inputRequests: { said: inputRequired.createMessage(sampling) } })
  })
  server.registerTool('roots', { inputSchema: z.object({}) }, (_, { mcpReq }) => {
    const answer = mcpReq.inputResponses?.where
    if (answer) return hear('roots', answer, told)
    return inputRequired({ inputRequests: { where: inputRequired.listRoots() } })
  })
  const about = { description: 'A note', mimeType: 'text/plain' }
  server.registerResource('index', 'gallery://index', about, ({ href }) => ({
    contents: [{ uri: href, mimeType: 'text/plain', text: paid }],
  }))
  server.registerResource('blob', 'gallery://blob', { mimeType: 'image/png' }, ({ href }) => ({
    contents: [{ uri: href, mimeType: 'image/png', blob: onePixel }],
  }))
  const notes = new ResourceTemplate('gallery://note/{id}', {
    list: () => ({ resources: [{ uri: 'gallery://note/1', name: 'note 1' }] }),
    complete: { id: (value) => ['1', '12'].filter((one) => one.startsWith(value)) },
  })
  server.registerResource('notes', notes, about, ({ href }, { id }) => ({
    contents: [{ uri: href, mimeType: 'application/json', text: JSON.stringify({ id, card }) }],
  }))
  const argsSchema = z.object({ colour: completable(z.string(), coloursLike) })
  server.registerPrompt('paint', { description: 'Paints', argsSchema }, ({ colour }) => ({
    messages: [{ role: 'user', content: { type: 'text', text: `${colour}, ${paid}` } }],
  }))
  return server
}

/** The same, by the official SDK for the revisions before. */
export function legacyGallery(told: Told): LegacyServer {
  const server = new LegacyServer(
    { name: 'gallery', version: '1' },
    { capabilities: { logging: {}, completions: {} } },
  )
  for (const [name, result] of Object.entries(shown)) {
    const outputSchema = outputOf(name)
    const config = {
      description: `Shows ${name}`,
      annotations: { readOnlyHint: true },
      inputSchema: {},
      ...(outputSchema && { outputSchema }),
    }
    // Of another version of the same types.
    server.registerTool(name, config, () => result as never)
  }
  server.registerTool(
    'echo',
    { description: 'Says it again', inputSchema: { text: z.string() } },
    ({ text }) => say(text) as never,
  )
  server.registerTool(
    'big',
    { description: 'Says much', inputSchema: { chars: z.number() } },
    ({ chars }) => say('x'.repeat(chars)) as never,
  )
  server.registerTool('thrown', { inputSchema: {} }, () => {
    throw new Error(paid)
  })
  server.registerTool('steps', { inputSchema: {} }, async (_, extra) => {
    const progressToken = extra._meta?.progressToken
    for (const progress of progressToken === undefined ? [] : [1, 2]) {
      const params = { progressToken: progressToken ?? '', progress, total: 2, message: paid }
      await extra.sendNotification({ method: 'notifications/progress', params })
    }
    for (const level of ['warning', 'debug'] as const) {
      const params = { level, data: { note: paid } }
      await extra.sendNotification({ method: 'notifications/message', params })
    }
    return say('done') as never
  })
  server.registerTool(
    'wait',
    { inputSchema: {} },
    async (_, { signal }) => (await untilLeft(signal, told)) as never,
  )
  const related = ({ requestId }: { readonly requestId: string | number }) => ({
    relatedRequestId: requestId,
  })
  server.registerTool('ask', { inputSchema: {} }, async (_, extra) => {
    const answer = await server.server.elicitInput({ mode: 'form', ...question }, related(extra))
    return hear('answer', answer.content ?? answer.action, told) as never
  })
  server.registerTool('sample', { inputSchema: {} }, async (_, extra) => {
    const answer = await server.server.createMessage(sampling, related(extra))
    return hear('sampled', answer, told) as never
  })
  server.registerTool('roots', { inputSchema: {} }, async (_, extra) => {
    const answer = await server.server.listRoots(undefined, related(extra))
    return hear('roots', answer, told) as never
  })
  const about = { description: 'A note', mimeType: 'text/plain' }
  server.registerResource('index', 'gallery://index', about, ({ href }) => ({
    contents: [{ uri: href, mimeType: 'text/plain', text: paid }],
  }))
  server.registerResource('blob', 'gallery://blob', { mimeType: 'image/png' }, ({ href }) => ({
    contents: [{ uri: href, mimeType: 'image/png', blob: onePixel }],
  }))
  const notes = new LegacyTemplate('gallery://note/{id}', {
    list: () => ({ resources: [{ uri: 'gallery://note/1', name: 'note 1' }] }),
    complete: { id: (value) => ['1', '12'].filter((one) => one.startsWith(value)) },
  })
  server.registerResource('notes', notes, about, ({ href }, { id }) => ({
    contents: [{ uri: href, mimeType: 'application/json', text: JSON.stringify({ id, card }) }],
  }))
  const argsSchema = { colour: legacyCompletable(z.string(), coloursLike) }
  server.registerPrompt('paint', { description: 'Paints', argsSchema }, ({ colour }) => ({
    messages: [{ role: 'user', content: { type: 'text', text: `${colour}, ${paid}` } }],
  }))
  return server
}
