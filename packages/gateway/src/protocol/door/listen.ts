import type { Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { Places } from './places.ts'
import type { HttpRequest } from './request.ts'
import type { HttpResponse } from './response.ts'
import { openServer, type ServerOptions } from './server.ts'

export type DoorOptions = ServerOptions & {
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  readonly concurrentCalls: number
  /** Of these, for one party: nobody can take all places by not reading their answers. */
  readonly callsPerCaller: number
}

export type Listener = {
  /** Where it listens: `http://127.0.0.1:7433`. */
  readonly url: string
  /** Accepts nothing new, waits up to `graceMs` for calls under way, then cuts, and lets them record that. */
  readonly close: (options: { readonly graceMs: number }) => Promise<void>
}

/** What answers the requests of some addresses. */
export type Desk = {
  /** Whether an address, as it stands in the request, is this desk's. */
  readonly owns: (url: string) => boolean
  /** Answers one request; returns at once and never throws. */
  readonly take: (request: HttpRequest, response: HttpResponse) => void
  /** Ends whatever only waits; calls under way go on. */
  readonly close: () => Promise<void>
}

/** Opens one port, HTTP/1.1 and HTTP/2. A request goes to the first desk that owns its address, else to the last. */
export async function listen(
  options: DoorOptions,
  desksOf: (places: Places) => readonly Desk[],
): Promise<Listener> {
  const places = new Places(options)
  const desks = desksOf(places)
  const onRequest = (request: HttpRequest, response: HttpResponse) => {
    const { url = '/' } = request
    const desk = desks.find((one) => one.owns(url)) ?? desks.at(-1)
    desk?.take(request, response)
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
      await Promise.all(desks.map((desk) => desk.close()))
      await places.idle(graceMs)
      for (const session of sessions) session.destroy()
      for (const socket of sockets) socket.destroy()
      await closed
      // What was cut records its ending, through rooms that are closed after this one.
      await places.idle(options.limits.stopCutMs)
    },
  }
}
