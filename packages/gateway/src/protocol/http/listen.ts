import { constants, type Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { FollowUps } from '../../call/follow-up.ts'
import { Refusal } from '../../call/refusal.ts'
import type { Call } from '../../call/stage.ts'
import type { Limits } from '../../config/limits.ts'
import type { Listener, OnCall } from '../protocol.ts'
import { decode, type HttpRequest } from './decode.ts'
import { encode, encodeRefusal, type HttpResponse } from './encode.ts'
import { isReserved, openFollowUpDesk } from './follow-up.ts'
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
  /** Of these, for one party: nobody can take all places by not reading their answers. */
  readonly callsPerCaller: number
  readonly limits: Limits
}

/** Opens the caller side: HTTP/1.1 and HTTP/2 on one port. */
export async function listen(
  options: HttpListenOptions,
  onCall: OnCall,
  followUps: FollowUps,
): Promise<Listener> {
  const desk = new CallDesk(options, onCall)
  const followUpDesk = openFollowUpDesk(followUps, options.limits)
  const onRequest = (request: HttpRequest, response: HttpResponse) => {
    if (!isReserved(request.url)) return desk.take(request, response)
    followUpDesk.take(request, response)
    linger(request, options.limits.lingerMs)
  }
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
      // Nobody is kept waiting by who only asks.
      await followUpDesk.close()
      await desk.idle(graceMs)
      for (const session of sessions) session.destroy()
      for (const socket of sockets) socket.destroy()
      await closed
      // What was cut records its ending, through rooms that are closed after this one.
      await desk.idle(options.limits.stopCutMs)
    },
  }
}

/** Takes requests to the pipeline and answers back, up to a number at a time. */
class CallDesk {
  readonly #options: HttpListenOptions
  readonly #onCall: OnCall
  readonly #byParty = new Map<string, number>()
  #underWay = 0
  #onIdle: () => void = () => {}

  constructor(options: HttpListenOptions, onCall: OnCall) {
    this.#options = options
    this.#onCall = onCall
  }

  take(request: HttpRequest, response: HttpResponse): void {
    const { limits, concurrentCalls } = this.#options
    if (this.#underWay >= concurrentCalls) {
      // Shed before anything is read: recording the flood would be part of the flood.
      encodeRefusal(new Refusal('overloaded'), response)
      linger(request, limits.lingerMs)
      return
    }
    this.#underWay++
    let admitted: readonly string[] = []
    const admit = (parties: readonly string[]) => {
      this.#admit(parties)
      admitted = parties
    }
    const over = () => {
      this.#count(admitted, -1)
      this.#underWay--
      if (this.#underWay === 0) this.#onIdle()
    }
    void answer({ request, response, admit, limits }, this.#onCall).then(over, over)
  }

  #admit(parties: readonly string[]): void {
    const { callsPerCaller } = this.#options
    if (parties.some((party) => (this.#byParty.get(party) ?? 0) >= callsPerCaller)) {
      throw new Refusal('overloaded', { detail: 'Too many calls of this caller are under way.' })
    }
    this.#count(parties, 1)
  }

  #count(parties: readonly string[], by: 1 | -1): void {
    for (const party of parties) {
      const count = (this.#byParty.get(party) ?? 0) + by
      if (count === 0) this.#byParty.delete(party)
      else this.#byParty.set(party, count)
    }
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

type Taken = {
  readonly request: HttpRequest
  readonly response: HttpResponse
  readonly admit: Call['admit']
  readonly limits: Limits
}

async function answer({ request, response, admit, limits }: Taken, onCall: OnCall): Promise<void> {
  const caller = new AbortController()
  response.on('close', () => {
    // HTTP/2 calls a cancelled stream finished; only what we ended ourselves is over.
    if (!response.writableEnded || !response.writableFinished) caller.abort()
  })
  // Without a listener a broken request or response would end the process.
  request.on('error', () => caller.abort())
  response.on('error', () => caller.abort())
  const call = decode(request, { signal: caller.signal, limits, admit })
  try {
    const reply = await onCall(call)
    const { method = 'GET' } = request
    await encode(reply, response, { method, stallMs: limits.callerStallMs })
  } catch (thrown) {
    encodeRefusal(Refusal.from(thrown), response, call)
  } finally {
    linger(request, limits.lingerMs)
  }
}

/**
 * What is left of a body nobody will read must not be taken for the next request. It is let in for a
 * while, because a sender whose connection is cut at once may never read the answer; then it is cut.
 */
function linger(request: HttpRequest, lingerMs: number): void {
  if (request.complete) return
  const cut = setTimeout(() => {
    if ('stream' in request) request.stream.close(constants.NGHTTP2_NO_ERROR)
    else request.socket.destroy()
  }, lingerMs)
  request.on('end', () => clearTimeout(cut))
  request.on('close', () => clearTimeout(cut))
  request.resume()
}
