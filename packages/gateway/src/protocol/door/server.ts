import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createHttp2Server, type Http2Server, type Http2Session } from 'node:http2'
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Limits } from '../../config/limits.ts'
import type { HttpRequest } from './request.ts'
import type { HttpResponse } from './response.ts'

export type ServerOptions = {
  /** PEM. With it HTTP/1.1 and HTTP/2 are negotiated by ALPN; without it HTTP/2 is told by its preface (h2c). */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** False: HTTP/1.1 only. */
  readonly http2: boolean
  readonly limits: Limits
}

type OnRequest = (request: HttpRequest, response: HttpResponse) => void

/**
 * The server of one port: HTTP/1.1 and, unless switched off, HTTP/2; by ALPN over TLS, by the preface
 * without. Every form hands its connections to the same two servers behind it, so that each is protected
 * alike. `sessions` is kept to the HTTP/2 sessions that are open.
 */
export function openServer(
  { tls, http2: withHttp2, limits }: ServerOptions,
  onRequest: OnRequest,
  sessions: Set<Http2Session>,
): TcpServer {
  const http1 = openHttp1(onRequest, limits)
  const http2 = withHttp2 ? openHttp2(onRequest, { sessions, limits }) : undefined
  const door = tls
    ? createTlsServer(
        {
          ...tls,
          ALPNProtocols: http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
          handshakeTimeout: limits.requestHeadersMs,
          noDelay: true,
        },
        (socket) =>
          (http2 && socket.alpnProtocol === 'h2' ? http2 : http1).emit('connection', socket),
      )
    : createTcpServer({ noDelay: true }, (socket) => {
        if (http2) tellApart(socket, { http1, http2, limits })
        else http1.emit('connection', socket)
      })
  door.on('close', () => http1.close())
  // A handshake that fails or does not end; Node leaves such a socket to us.
  door.on('tlsClientError', (_error, socket: Socket) => socket.destroy())
  return door
}

/** A server that never listens itself: connections are handed to it. */
function openHttp1(onRequest: OnRequest, limits: Limits): Server {
  const latest = new WeakMap<object, IncomingMessage>()
  const onHttp1: RequestListener = (request, response) => {
    latest.set(request.socket, request)
    response.on('close', () => latest.delete(request.socket))
    onRequest(request, response)
  }
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.requestHeadersMs,
      connectionsCheckingInterval: limits.requestHeadersMs / 4,
      // The time for a whole request bounds uploads; body.ts bounds the pauses of a body instead.
      requestTimeout: 0,
      keepAliveTimeout: limits.keepAliveMs,
      // Node would answer by itself and go on to the next request: decode.ts refuses, on the record.
      requireHostHeader: false,
      insecureHTTPParser: false,
      joinDuplicateHeaders: false,
    },
    onHttp1,
  )
  server.on('clientError', (error, socket: Socket) => {
    // Garbage behind a call that is under way: a 400 would be taken for that call's answer.
    if (latest.get(socket)?.complete) socket.destroy()
    else refuseGarbage(error, socket)
  })
  // Node looks for heads that take too long only once a server listens, and this one never does.
  server.emit('listening')
  return server
}

function openHttp2(
  onRequest: OnRequest,
  { sessions, limits }: { readonly sessions: Set<Http2Session>; readonly limits: Limits },
): Http2Server {
  const server = createHttp2Server({
    settings: { maxConcurrentStreams: limits.http2Streams, maxHeaderListSize: limits.headerBytes },
  })
  server.on('request', onRequest)
  server.on('session', (session: Http2Session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
    session.on('error', () => session.destroy())
    endWhenIdle(session, limits)
  })
  return server
}

/** A session without a stream is a socket held, as is a connection without a request. */
function endWhenIdle(session: Http2Session, limits: Limits): void {
  let streams = 0
  // The timer starts anew whenever a frame comes or goes, also after it has run out.
  session.setTimeout(limits.requestHeadersMs)
  session.on('timeout', () => {
    if (streams === 0) session.destroy()
  })
  session.on('stream', (stream) => {
    session.setTimeout(limits.keepAliveMs)
    streams++
    stream.on('close', () => {
      streams--
      if (!session.destroyed) session.setTimeout(limits.keepAliveMs)
    })
  })
}

type Behind = { readonly http1: Server; readonly http2: Http2Server; readonly limits: Limits }

/** One plain port: the first bytes tell an HTTP/2 preface (RFC 9113 section 3.4) from HTTP/1.1. */
function tellApart(socket: Socket, { http1, http2, limits }: Behind): void {
  let first = ''
  const chunks: Buffer[] = []
  const onData = (chunk: Buffer) => {
    chunks.push(chunk)
    first = (first + chunk.toString('latin1', 0, 3)).slice(0, 3)
    if (first.length < 3 && 'PRI'.startsWith(first)) return
    socket.off('data', onData)
    socket.setTimeout(0)
    socket.removeAllListeners('timeout')
    socket.pause()
    socket.unshift(Buffer.concat(chunks))
    if (first === 'PRI') {
      // Takes what is buffered itself; resuming would lose it.
      http2.emit('connection', socket)
    } else {
      http1.emit('connection', socket)
      socket.resume()
    }
  }
  socket.on('error', () => socket.destroy())
  socket.setTimeout(limits.requestHeadersMs, () => socket.destroy())
  socket.on('data', onData)
}

/**
 * Bytes that are not one HTTP request: both body lengths, bad chunking, bare line feeds, oversized
 * headers, a head that does not end. There is no call to record; the connection ends here, so nothing after it can be smuggled.
 */
function refuseGarbage(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
  const [status, phrase] = answers[error.code ?? ''] ?? [400, 'Bad Request']
  const body = JSON.stringify({
    type: 'urn:sallyport:refusal:request-malformed',
    title: 'The request could not be read as one unambiguous call.',
    status,
    code: 'request-malformed',
  })
  socket.end(
    `HTTP/1.1 ${status} ${phrase}\r\ncontent-type: application/problem+json\r\nsallyport-record: none\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

const answers: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
}
