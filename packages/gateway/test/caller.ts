import { type Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'

export type Asked = {
  readonly method?: string
  /** The bearer token; `null` sends none. */
  readonly token?: string | null
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly json?: unknown
  readonly agent?: Agent
  /** The caller leaves when this says so. */
  readonly signal?: AbortSignal
  /** Told of every piece of the answer as it comes. */
  readonly onData?: (piece: Buffer) => void
}

// biome-ignore lint/suspicious/noExplicitAny: what came over the wire is looked at member by member.
type Parsed = Record<string, any>

/** What the caller saw, by nothing but its own client. */
export type Seen = {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  readonly text: () => string
  readonly json: () => Parsed
  /** The refusal's code, or `ok`. */
  readonly code: string
  readonly record: string
  readonly approval: string
  /** False: the answer broke off before its end. */
  readonly complete: boolean
  /** Whether it went over a connection that was used before. */
  readonly reused: boolean
}

/** One call by a plain client. Rejects only when no answer came at all. */
export function ask(base: string, path: string, asked: Asked = {}): Promise<Seen> {
  const { token, json, agent, signal, onData } = asked
  const body = json === undefined ? asked.body : JSON.stringify(json)
  const headers: Record<string, string> = {
    ...(typeof token === 'string' && { authorization: `Bearer ${token}` }),
    ...(json !== undefined && { 'content-type': 'application/json' }),
    ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
    ...asked.headers,
  }
  const { method = body === undefined ? 'GET' : 'POST' } = asked
  const { hostname, port } = new URL(base)
  return new Promise((resolve, reject) => {
    const options = { hostname, port, path, method, headers, agent: agent ?? false, signal }
    const sent = request(options, (response) => {
      sent.removeListener('error', reject).on('error', () => {})
      const pieces: Buffer[] = []
      const over = () => resolve(seenOf(sent, response, Buffer.concat(pieces)))
      response.on('data', (piece: Buffer) => {
        pieces.push(piece)
        onData?.(piece)
      })
      response.on('error', over)
      response.on('close', over)
    })
    // After an answer began, what goes wrong shows in the answer.
    sent.on('error', reject)
    sent.end(body)
  })
}

function seenOf(sent: ClientRequest, response: IncomingMessage, body: Buffer): Seen {
  const { statusCode: status = 0, headers } = response
  const text = () => body.toString('utf8')
  return {
    status,
    headers,
    body,
    text,
    json: () => JSON.parse(text()),
    code: codeOf(headers['content-type'], text()),
    record: String(headers['sallyport-record'] ?? ''),
    approval: String(headers['sallyport-approval'] ?? ''),
    complete: response.complete,
    reused: sent.reusedSocket,
  }
}

function codeOf(mediaType: string | undefined, text: string): string {
  if (mediaType !== 'application/problem+json') return 'ok'
  return text === '' ? 'unsaid' : JSON.parse(text).code
}

/** Sends these bytes as they are, ends its side if asked to, and resolves with all that came back. */
export function sendRaw(
  base: string,
  bytes: string,
  then: 'wait' | 'end' = 'wait',
): Promise<string> {
  const { hostname, port } = new URL(base)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    const pieces: Buffer[] = []
    socket.on('data', (piece: Buffer) => pieces.push(piece))
    socket.on('close', () => resolve(Buffer.concat(pieces).toString('latin1')))
    socket.on('error', reject)
    socket.write(Buffer.from(bytes, 'latin1'))
    if (then === 'end') socket.end()
  })
}
