import { Refusal } from '../../call/refusal.ts'
import type { Limits } from '../../config/limits.ts'
import type { HttpRequest } from './request.ts'

/** A request whose body is still to come. */
export type Incoming = {
  readonly request: HttpRequest
  /** Aborted when the caller leaves, which may be before anybody asks for the body. */
  readonly signal: AbortSignal
  readonly limits: Limits
}

/** The bytes of one request's body. It can be received once; they can be read as often as needed. */
export type Receiver = {
  /** Receives the whole body within the limit, when first asked. */
  readonly whole: () => Promise<Uint8Array>
  /** True once `whole` was asked for: nothing is left to stream then. */
  readonly isBegun: () => boolean
  /** The body, once it was received whole; undefined when nobody asked for it. */
  readonly received: () => Uint8Array | undefined
  readonly bytesMax: number
}

export function openReceiver(incoming: Incoming): Receiver {
  return receiverOf(() => collect(incoming), incoming.limits.requestBodyBytes)
}

/** What `receive` gives, which is asked once, when somebody first wants it. */
export function receiverOf(receive: () => Promise<Uint8Array>, bytesMax: number): Receiver {
  let bytes: Promise<Uint8Array> | undefined
  let received: Uint8Array | undefined
  const begin = async () => {
    received = await receive()
    return received
  }
  return {
    whole: () => {
      bytes ??= begin()
      return bytes
    },
    isBegun: () => bytes !== undefined,
    received: () => received,
    bytesMax,
  }
}

/** Passes a body through unread, in bounded memory and up to a bounded size. */
export async function* streamBody(incoming: Incoming): AsyncGenerator<Uint8Array, undefined> {
  const { request, limits } = incoming
  const bytesMax = limits.streamedBodyBytes
  let size = 0
  for (;;) {
    const chunk: Uint8Array | null = request.read()
    if (chunk === null) {
      if (request.readableEnded) return undefined
      await readable(incoming)
      continue
    }
    size += chunk.length
    if (size > bytesMax) throw tooLarge(bytesMax)
    yield chunk
  }
}

function collect(incoming: Incoming): Promise<Uint8Array> {
  const { requestBodyBytes: bytesMax } = incoming.limits
  const bytes = cameWhole(incoming)
  if (bytes) return Promise.resolve(bytes)
  const chunks: Uint8Array[] = []
  let size = 0
  return until(
    incoming,
    { totalMs: incoming.limits.requestBodyMs },
    ({ resolve, reject, came }) => ({
      data: (chunk: Uint8Array) => {
        came()
        size += chunk.length
        if (size > bytesMax) reject(tooLarge(bytesMax))
        else chunks.push(chunk)
      },
      end: () => {
        const [only] = chunks
        resolve(chunks.length === 1 && only ? only : Buffer.concat(chunks))
      },
    }),
  )
}

/** A short body is usually here when it is asked for: then there is nothing to wait for. */
function cameWhole({ request, signal, limits }: Incoming): Uint8Array | undefined {
  if (request.destroyed || signal.aborted) return undefined
  const { readableLength } = request
  if (readableLength === 0 || readableLength > limits.requestBodyBytes) return undefined
  if (!request.complete && readableLength !== lengthByHead(request)) return undefined
  const bytes: Uint8Array = request.read()
  // The end comes right behind them, and somebody has to take it.
  if (!request.complete) request.resume()
  return bytes
}

/**
 * How long a body is whose head says it: over HTTP/1.1 nothing behind that many bytes is of it (RFC 9112 section 6.3).
 * Over HTTP/2 more than was stated could still come, and would be an error.
 */
function lengthByHead(request: HttpRequest): number | undefined {
  const stated = 'stream' in request ? undefined : request.headers['content-length']
  return stated === undefined ? undefined : Number(stated)
}

/** Resolves when there is more to read, or the end. */
function readable(incoming: Incoming): Promise<void> {
  return until(incoming, {}, ({ resolve }) => ({
    readable: () => resolve(),
    end: () => resolve(),
  }))
}

type Waiting<T> = {
  readonly resolve: (value: T) => void
  readonly reject: (refusal: Refusal) => void
  /** Something came: the caller is not idle. */
  readonly came: () => void
}
type Events = Readonly<Record<string, (chunk: Uint8Array) => void>>

/**
 * Waits for what these listeners wait for. A body that breaks off, stops coming, takes too long or whose
 * caller is gone already, before a listener could hear of it, is refused.
 */
function until<T>(
  { request, signal, limits }: Incoming,
  { totalMs }: { readonly totalMs?: number },
  listenersOf: (waiting: Waiting<T>) => Events,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const over = () => {
      clearTimeout(idle)
      clearTimeout(total)
      signal.removeEventListener('abort', onGone)
      for (const [event, listener] of listeners) request.off(event, listener)
    }
    const refuse = (refusal: Refusal) => {
      over()
      reject(refusal)
    }
    const onGone = () => refuse(brokenOff(request, undefined))
    const onSlow = () => refuse(malformed('The body stopped coming, or came too slowly.'))
    const idle = setTimeout(onSlow, limits.requestIdleMs)
    const total = totalMs === undefined ? undefined : setTimeout(onSlow, totalMs)
    const done = (value: T) => {
      over()
      resolve(value)
    }
    const waiting = { resolve: done, reject: refuse, came: () => void idle.refresh() }
    const listeners = [
      ...Object.entries(listenersOf(waiting)),
      ['error', (cause: unknown) => refuse(brokenOff(request, cause))] as const,
      ['close', onGone] as const,
    ]
    if (signal.aborted || request.destroyed) return onGone()
    signal.addEventListener('abort', onGone, { once: true })
    for (const [event, listener] of listeners) request.on(event, listener)
  })
}

/** A request that had come whole was left by its caller; any other one was never a call. */
function brokenOff({ complete }: HttpRequest, cause: unknown): Refusal {
  if (complete) return new Refusal('caller-left', { cause })
  return new Refusal('request-malformed', {
    detail: 'The body broke off or was framed wrongly.',
    cause,
  })
}

export function tooLarge(bytesMax: number): Refusal {
  return new Refusal('request-too-large', {
    detail: `A body of this kind may have ${bytesMax} bytes.`,
  })
}

function malformed(detail: string): Refusal {
  return new Refusal('request-malformed', { detail })
}
