import { createServer, type IncomingMessage, type Server } from 'node:http'
import {
  createServer as createHttp2Server,
  createSecureServer,
  type Http2SecureServer,
  type Http2Server,
  type Http2Session,
} from 'node:http2'
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net'
import { Refusal } from '../../call/refusal.ts'
import { limits } from '../../config/limits.ts'
import type { Listener, OnCall } from '../protocol.ts'
import { decode, type HttpRequest } from './decode.ts'
import { encode, encodeRefusal, type HttpResponse } from './encode.ts'

export type HttpListenOptions = {
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  /** PEM. With it HTTP/1.1 and HTTP/2 are negotiated by ALPN; without it HTTP/2 is told by its preface (h2c). */
  readonly tls?: { readonly cert: string; readonly key: string }
  readonly concurrentCalls: number
}

/** Opens the caller side: HTTP/1.1 and HTTP/2 on one port. */
export async function listen(options: HttpListenOptions, onCall: OnCall): Promise<Listener> {
  const desk = new CallDesk(options.concurrentCalls, onCall)
  const onRequest = (request: HttpRequest, response: HttpResponse) => desk.take(request, response)
  const sessions = new Set<Http2Session>()
  const server = options.tls ? secure(options.tls, onRequest) : plain(onRequest, sessions)
  server.on('session', (session: Http2Session) => track(sessions, session))
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, () => resolve())
  })
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : options.port
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  return {
    url: `${options.tls ? 'https' : 'http'}://${host}:${port}`,
    close: async ({ graceMs }) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      await desk.idle(graceMs)
      for (const session of sessions) session.destroy()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** Takes requests to the pipeline and answers back, up to a number at a time. */
class CallDesk {
  readonly #concurrentMax: number
  readonly #onCall: OnCall
  #underWay = 0
  #onIdle: () => void = () => {}

  constructor(concurrentMax: number, onCall: OnCall) {
    this.#concurrentMax = concurrentMax
    this.#onCall = onCall
  }

  take(request: HttpRequest, response: HttpResponse): void {
    if (this.#underWay >= this.#concurrentMax) {
      // Shed before anything is read: recording the flood would be part of the flood.
      request.resume()
      encodeRefusal(new Refusal('overloaded'), response)
      return
    }
    this.#underWay++
    const over = () => {
      this.#underWay--
      if (this.#underWay === 0) this.#onIdle()
    }
    void answer(request, response, this.#onCall).then(over, over)
  }

  /** Resolves when no call is under way, or after `graceMs`. */
  idle(graceMs: number): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, graceMs)
      this.#onIdle = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

async function answer(request: HttpRequest, response: HttpResponse, onCall: OnCall): Promise<void> {
  const caller = new AbortController()
  response.on('close', () => {
    if (!response.writableFinished) caller.abort()
  })
  // Without a listener a broken request or response would end the process.
  request.on('error', () => caller.abort())
  response.on('error', () => caller.abort())
  try {
    const reply = await onCall(decode(request, caller.signal))
    await encode(reply, response, request.method ?? 'GET')
  } catch (thrown) {
    encodeRefusal(Refusal.from(thrown), response)
    // What is left of a body nobody will read must not be taken for the next request.
    if (!request.complete) request.resume()
  }
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

type OnRequest = (request: HttpRequest, response: HttpResponse) => void

function secure(tls: { cert: string; key: string }, onRequest: OnRequest): Http2SecureServer {
  const server = createSecureServer({ ...tls, allowHTTP1: true, settings: http2Settings })
  server.on('request', onRequest)
  return server
}

/** One plain port: the first bytes tell an HTTP/2 preface (RFC 9113 section 3.4) from HTTP/1.1. */
function plain(onRequest: OnRequest, sessions: Set<Http2Session>): TcpServer {
  const latest = new WeakMap<object, IncomingMessage>()
  const http1: Server = createServer(http1Options, (request, response) => {
    latest.set(request.socket, request)
    response.on('close', () => latest.delete(request.socket))
    onRequest(request, response)
  })
  http1.on('clientError', (error, socket: Socket) => {
    // Garbage behind a call that is under way: a 400 would be taken for that call's answer.
    if (latest.get(socket)?.complete) socket.destroy()
    else refuseGarbage(error, socket)
  })
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
