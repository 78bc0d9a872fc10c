import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'

/** One MCP endpoint of a gateway, spoken to by Streamable HTTP: both eras of it. */
export type McpEndpoint = {
  /** Posts one message. Rejects when there is no answer at all; `signal` gives up, before and after the head. */
  readonly post: (text: string, given: Given) => Promise<McpAnswer>
  /** Asks for the stream of what the server says by itself, or for the rest of one that broke off. */
  readonly listen: (given: Given) => Promise<McpAnswer>
  /** Says that a session is over. */
  readonly end: (given: Given) => Promise<void>
}

type Given = {
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

export type McpAnswer = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly isStream: boolean
  /** The messages in it; one where it is no stream and not empty. Throws when it breaks off, or when one is too long. */
  readonly messages: AsyncIterable<McpEvent>
}

export type McpEvent = {
  /** JSON, as it came; may hold line breaks. Empty: the event has only an id, or only a time. */
  readonly text: string
  /** Where the stream may be taken up again. */
  readonly id: string | undefined
  /** How long to wait before, milliseconds. */
  readonly retryMs: number | undefined
}

/** 16 MiB: one message is held whole; what the gateway passes on as one is shorter. */
const messageCharsMax = 16_777_216

/** `token` is asked for before each request, so that a file with a token may be renewed. */
export function openMcpEndpoint(at: {
  readonly url: string
  readonly token: () => string
}): McpEndpoint {
  const ask = async (method: string, given: Given, body?: string): Promise<McpAnswer> => {
    const headers = {
      ...given.headers,
      authorization: `Bearer ${at.token()}`,
      accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
      ...(body !== undefined && { 'content-type': 'application/json' }),
    }
    const message = await exchange(at.url, { method, headers, body, signal: given.signal })
    const isStream = /^text\/event-stream\b/i.test(message.headers['content-type'] ?? '')
    const messages = isStream ? readMcpEvents(message) : readWhole(message)
    return { status: message.statusCode ?? 0, headers: message.headers, isStream, messages }
  }
  return {
    post: (text, given) => ask('POST', given, text),
    listen: (given) => ask('GET', given),
    end: async (given) => {
      const { messages } = await ask('DELETE', given)
      for await (const _ of messages);
    },
  }
}

/** No limit of time: a call may wait for people, and its signal says when it is given up. */
function exchange(
  url: string,
  asked: {
    readonly method: string
    readonly headers: Readonly<Record<string, string>>
    readonly body: string | undefined
    readonly signal: AbortSignal
  },
): Promise<IncomingMessage> {
  const { method, headers, body, signal } = asked
  const send = url.startsWith('https:') ? httpsRequest : httpRequest
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const sent = send(url, { method, headers, signal }, resolve)
  sent.on('error', reject)
  sent.end(body)
  return promise
}

async function* readWhole(message: AsyncIterable<Uint8Array>): AsyncGenerator<McpEvent> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of message) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > messageCharsMax) throw new Error('The answer is too long.')
  }
  if (text !== '') yield { text, id: undefined, retryMs: undefined }
}

/** Server-sent events (WHATWG HTML section 9.2): those that hold a message, an id or a time to wait. */
export async function* readMcpEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<McpEvent> {
  let data: string[] = []
  let chars = 0
  let id: string | undefined
  let retryMs: number | undefined
  for await (const line of linesOf(body)) {
    if (line === '') {
      if (data.length > 0 || id !== undefined || retryMs !== undefined) {
        yield { text: data.join('\n'), id, retryMs }
      }
      ;[data, chars, id, retryMs] = [[], 0, undefined, undefined]
      continue
    }
    const [, name, value = ''] = /^(data|id|retry)(?:: ?|$)([\s\S]*)$/.exec(line) ?? []
    if (name === 'data') {
      chars += value.length
      if (chars > messageCharsMax) throw new Error('A message is too long.')
      data.push(value)
    } else if (name === 'id' && !value.includes('\0')) id = value
    else if (name === 'retry' && /^\d{1,9}$/.test(value)) retryMs = Number(value)
  }
}

/** Lines that end in LF or CRLF; an event that was not ended does not count, and neither does its last line. */
async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let begun: string[] = []
  let chars = 0
  for await (const chunk of body) {
    const parts = decoder.decode(chunk, { stream: true }).split('\n')
    for (const part of parts.slice(0, -1)) {
      const line = [...begun, part].join('')
      ;[begun, chars] = [[], 0]
      yield line.endsWith('\r') ? line.slice(0, -1) : line
    }
    const rest = parts.at(-1) ?? ''
    chars += rest.length
    if (chars > messageCharsMax) throw new Error('A message is too long.')
    begun.push(rest)
  }
}
