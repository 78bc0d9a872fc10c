import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import {
  createServer as createHttp2Server,
  createSecureServer,
  type Http2Server,
  type Http2Session,
} from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net'
import { limits } from '../../config/limits.ts'
import type { HttpRequest } from './decode.ts'
import type { HttpResponse } from './encode.ts'
import type { HttpListenOptions } from './listen.ts'

type OnRequest = (request: HttpRequest, response: HttpResponse) => void

/**
 * The server of one port: HTTP/1.1 and, unless switched off, HTTP/2; by ALPN over TLS, by the
 * preface without. `sessions` is kept to the HTTP/2 sessions that are open.
 */
export function openServer(
  { tls, http2 }: Pick<HttpListenOptions, 'tls' | 'http2'>,
  onRequest: OnRequest,
  sessions: Set<Http2Session>,
): TcpServer {
  if (!tls) return http2 ? plain(onRequest, sessions) : http1Only(onRequest)
  if (!http2) return http1Only(onRequest, tls)
  const server = createSecureServer({ ...tls, allowHTTP1: true, settings: http2Settings })
  server.on('request', onRequest)
  server.on('session', (session: Http2Session) => track(sessions, session))
  return server
}

const http1Options = {
  maxHeaderSize: limits.headerBytes,
  headersTimeout: limits.requestHeadersMs,
  // The time for a whole request bounds uploads; a slow body is bounded by its idle time instead.
  requestTimeout: 0,
  keepAliveTimeout: limits.keepAliveMs,
  // Node would answer by itself and go on to the next request: decode.ts refuses, on the record.
  requireHostHeader: false,
  insecureHTTPParser: false,
  joinDuplicateHeaders: false,
} as const

const http2Settings = {
  maxConcurrentStreams: limits.http2Streams,
  maxHeaderListSize: limits.headerBytes,
} as const

function http1Only(onRequest: OnRequest, tls?: { cert: string; key: string }): Server {
  const latest = new WeakMap<object, IncomingMessage>()
  const onHttp1: RequestListener = (request, response) => {
    latest.set(request.socket, request)
    response.on('close', () => latest.delete(request.socket))
    onRequest(request, response)
  }
  const server = tls
    ? createHttpsServer({ ...http1Options, ...tls }, onHttp1)
    : createServer(http1Options, onHttp1)
  server.on('clientError', (error, socket: Socket) => {
    // Garbage behind a call that is under way: a 400 would be taken for that call's answer.
    if (latest.get(socket)?.complete) socket.destroy()
    else refuseGarbage(error, socket)
  })
  return server
}

/** One plain port: the first bytes tell an HTTP/2 preface (RFC 9113 section 3.4) from HTTP/1.1. */
function plain(onRequest: OnRequest, sessions: Set<Http2Session>): TcpServer {
  const http1 = http1Only(onRequest)
  const http2: Http2Server = createHttp2Server({ settings: http2Settings })
  http2.on('request', onRequest)
  http2.on('session', (session: Http2Session) => track(sessions, session))
  return createTcpServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.setTimeout(limits.requestHeadersMs, () => socket.destroy())
    socket.once('data', (chunk: Buffer) => {
      socket.setTimeout(0)
      socket.removeAllListeners('timeout')
      socket.pause()
      socket.unshift(chunk)
      if (chunk.toString('latin1', 0, 3) === 'PRI') {
        // Takes what is buffered itself; resuming would lose it.
        http2.emit('connection', socket)
      } else {
        http1.emit('connection', socket)
        socket.resume()
      }
    })
  })
}

function track(sessions: Set<Http2Session>, session: Http2Session): void {
  sessions.add(session)
  session.on('close', () => sessions.delete(session))
  session.on('error', () => session.destroy())
}

/**
 * Bytes that are not one HTTP request: both body lengths, bad chunking, bare line feeds, oversized
 * headers. There is no call to record; the connection ends here, so nothing after it can be smuggled.
 */
function refuseGarbage(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW'
  const body = JSON.stringify({
    type: 'urn:sallyport:refusal:request-malformed',
    title: 'The request could not be read as one unambiguous call.',
    status: tooLarge ? 431 : 400,
    code: 'request-malformed',
  })
  const status = tooLarge ? '431 Request Header Fields Too Large' : '400 Bad Request'
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/problem+json\r\nsallyport-record: none\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
