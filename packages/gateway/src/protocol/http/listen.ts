import type { Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { Refusal } from '../../call/refusal.ts'
import type { Listener, OnCall } from '../protocol.ts'
import { decode, type HttpRequest } from './decode.ts'
import { encode, encodeRefusal, type HttpResponse } from './encode.ts'
import { openServer } from './server.ts'

export type HttpListenOptions = {
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  /** PEM. With it HTTP/1.1 and HTTP/2 are negotiated by ALPN; without it HTTP/2 is told by its preface (h2c). */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** False: HTTP/1.1 only. */
  readonly http2: boolean
  readonly concurrentCalls: number
}

/** Opens the caller side: HTTP/1.1 and HTTP/2 on one port. */
export async function listen(options: HttpListenOptions, onCall: OnCall): Promise<Listener> {
  const desk = new CallDesk(options.concurrentCalls, onCall)
  const onRequest = (request: HttpRequest, response: HttpResponse) => desk.take(request, response)
  const sessions = new Set<Http2Session>()
  const server = openServer(options, onRequest, sessions)
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
    // HTTP/2 calls a cancelled stream finished; only what we ended ourselves is over.
    if (!response.writableEnded || !response.writableFinished) caller.abort()
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
