import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { limits } from '../config/limits.ts'
import type { Answer, Witness } from './witness.ts'

export type Listener = {
  /** Submission prefix and monitoring prefix at once. */
  readonly url: string
  readonly close: () => Promise<void>
}

/**
 * The HTTP interface of c2sp.org/tlog-witness: `POST /add-checkpoint` and `GET /<origin hash>/checkpoint`.
 * Plain HTTP: nothing here is secret and every answer is signed; a proxy may put TLS in front.
 */
export async function listen(
  witness: Witness,
  at: { readonly host: string; readonly port: number },
): Promise<Listener> {
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.requestHeadersMs,
    requestTimeout: limits.witnessRequestMs,
    keepAliveTimeout: limits.keepAliveMs,
    // Node looks every 30 s otherwise, and a request may take that long.
    connectionsCheckingInterval: limits.witnessRequestMs,
  })
  server.maxConnections = limits.witnessConnections
  const underWay = new Set<Promise<void>>()
  server.on('request', (request, response) => {
    const answered = answer(witness, request).then(
      (found) => reply(response, found),
      () => void response.destroy(),
    )
    underWay.add(answered)
    void answered.finally(() => underWay.delete(answered))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(at.port, at.host, resolve)
  })
  return { url: urlOf(server), close: () => close(server, underWay) }
}

async function answer(witness: Witness, request: IncomingMessage): Promise<Answer> {
  const { method, url = '' } = request
  if (url === '/add-checkpoint') {
    if (method !== 'POST') return { status: 405, body: 'add-checkpoint is a POST\n' }
    const body = await readBody(request)
    return body ? witness.add(body) : { status: 413, body: 'the request is too long\n' }
  }
  const [, hash] = /^\/([0-9a-f]{64})\/checkpoint$/.exec(url) ?? []
  const note = method === 'GET' && hash !== undefined ? witness.latest(hash) : undefined
  return note === undefined ? { status: 404, body: 'not found\n' } : { status: 200, body: note }
}

/** Undefined when it is longer than a checkpoint with its proof can be. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = []
  let length = 0
  // Left before its end the request stays open, so that the refusal can still be read.
  for await (const piece of request.iterator({ destroyOnReturn: false })) {
    length += piece.length
    if (length > limits.witnessRequestBytes) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** Resolves when it has gone out, or nobody takes it any more. */
async function reply(response: ServerResponse, { status, type, body }: Answer): Promise<void> {
  const gone = new Promise<void>((resolve) => response.once('close', resolve))
  response.writeHead(status, {
    'content-type': type ?? 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    // What was not read to its end cannot be followed by another request.
    ...(status === 413 && { connection: 'close' }),
  })
  response.end(body)
  await gone
}

function urlOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening')
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `http://${host}:${address.port}`
}

/** What has been asked is still answered; whoever only holds a connection is cut off. */
async function close(server: Server, underWay: ReadonlySet<Promise<void>>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limits.witnessRequestMs)
  })
  await Promise.race([Promise.all(underWay), late])
  clearTimeout(timer)
  server.closeAllConnections()
  await closed
}
