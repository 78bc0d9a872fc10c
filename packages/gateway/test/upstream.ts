import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

/** What reached the upstream, byte for byte where it matters. */
export type Reached = {
  readonly method: string
  readonly path: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Of a chunked request only what came with its head, framing and all: the script reads the rest. */
  readonly body: Buffer
  /** The connection it came on; `destroyed` when the gateway let go of it. */
  readonly socket: Socket
}

/** What the upstream does with one request: whatever it likes with the socket. */
export type Script = (socket: Socket, request: Reached) => void

export type Upstream = {
  readonly url: string
  /** Every request that came as far as its headers, in order. */
  readonly reached: Reached[]
  /** What it does with the next requests. */
  script: Script
  readonly close: () => Promise<void>
}

/**
 * A real peer on loopback that speaks by raw sockets, so that it can be as wrong as a peer can be. It
 * reads requests of HTTP/1.1 and leaves the answers to the script.
 */
export async function startUpstream(): Promise<Upstream> {
  const sockets = new Set<Socket>()
  const reached: Reached[] = []
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    let buffered: Buffer = Buffer.alloc(0)
    const onData = (chunk: Buffer) => {
      buffered = Buffer.concat([buffered, chunk])
      for (let read = readRequest(buffered, socket); read; read = readRequest(buffered, socket)) {
        buffered = buffered.subarray(read.length)
        if (read.request.headers['transfer-encoding']) socket.removeListener('data', onData)
        reached.push(read.request)
        upstream.script(socket, read.request)
      }
    }
    socket.on('data', onData)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const upstream: Upstream = {
    url: `http://127.0.0.1:${address.port}`,
    reached,
    script: answer({ body: '{}' }),
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return upstream
}

/** A proper answer, of the length it says. */
export function answer(options: {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}): Script {
  const { status = 200, headers = {}, body = '' } = options
  const bytes = Buffer.from(body)
  const all = { 'content-type': 'application/json', 'content-length': bytes.length, ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = Buffer.from(`HTTP/1.1 ${status} Answer\r\n${lines.join('')}\r\n`, 'latin1')
  return (socket) => void socket.write(Buffer.concat([head, bytes]))
}

/** The head of an answer whose body follows in chunks. */
export function chunkedHead(mediaType: string): string {
  return `HTTP/1.1 200 OK\r\ncontent-type: ${mediaType}\r\ntransfer-encoding: chunked\r\n\r\n`
}

export function chunk(text: string | Uint8Array): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([
    Buffer.from(`${bytes.length.toString(16)}\r\n`),
    bytes,
    Buffer.from('\r\n'),
  ])
}

/** Server-sent events with these texts. */
export const events = (...texts: readonly string[]): string =>
  texts.map((text) => `data: ${text}\n\n`).join('')

/** Writes these bytes as they are, and hangs up if asked to. */
export function raw(text: string, then: 'stay' | 'end' | 'reset' = 'end'): Script {
  return (socket) => {
    socket.write(Buffer.from(text, 'latin1'), () => {
      if (then === 'end') socket.end()
      if (then === 'reset') socket.resetAndDestroy()
    })
  }
}

/** One string without an end, as fast as it is taken. */
export const flood: Script = (socket) => {
  socket.write(chunkedHead('application/json'))
  socket.write('100000000\r\n["')
  const more = () => {
    while (!socket.destroyed && socket.write('a'.repeat(65_536)));
  }
  socket.on('drain', more)
  more()
}

/** Says nothing at all. */
export const hang: Script = () => {}

function readRequest(
  bytes: Buffer,
  socket: Socket,
): { request: Reached; length: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [line = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const headers: Record<string, string> = {}
  for (const one of lines) {
    const colon = one.indexOf(':')
    headers[one.slice(0, colon).toLowerCase()] = one.slice(colon + 1).trim()
  }
  const [method = '', path = ''] = line.split(' ')
  const chunked = headers['transfer-encoding'] !== undefined
  const length = chunked ? bytes.length - end - 4 : Number(headers['content-length'] ?? 0)
  if (bytes.length < end + 4 + length) return undefined
  const body = Buffer.from(bytes.subarray(end + 4, end + 4 + length))
  return { request: { method, path, headers, body, socket }, length: end + 4 + length }
}
