import { Refusal } from '../../call/refusal.ts'
import type { Limits } from '../../config/limits.ts'
import type { HttpBinding } from '../../model/function.ts'
import { type Coding, codingsOf, type OpenOptions, openBody } from './content-coding.ts'
import type { HttpRequest } from './decode.ts'
import type { Head } from './reading.ts'

const mediaTypes: Readonly<Record<string, RegExp>> = {
  json: /^application\/(?:[\w.+-]+\+)?json$/,
  form: /^application\/x-www-form-urlencoded$/,
  text: /^text\/[\w.+-]+$/,
}

/** A request whose body is still to come. */
export type Incoming = {
  readonly request: HttpRequest
  /** Aborted when the caller leaves, which may be before anybody asks for the body. */
  readonly signal: AbortSignal
  readonly limits: Limits
}

/** The bytes of one request's body, opened. It can be received once; they can be read as often as needed. */
export type Receiver = {
  /** Receives the whole body within the limit, when first asked, and opens what its content is encoded by. */
  readonly whole: () => Promise<Uint8Array>
  /** True once `whole` was asked for: nothing is left to stream then. */
  readonly isBegun: () => boolean
  /** The body, once it was received whole; undefined when nobody asked for it. */
  readonly received: () => Uint8Array | undefined
  readonly bytesMax: number
}

export function openReceiver(incoming: Incoming, head: Head): Receiver {
  let bytes: Promise<Uint8Array> | undefined
  let received: Uint8Array | undefined
  const receive = async () => {
    received = await opened(await collect(incoming), head, incoming.limits.requestBodyBytes)
    return received
  }
  return {
    whole: () => {
      bytes ??= receive()
      return bytes
    },
    isBegun: () => bytes !== undefined,
    received: () => received,
    bytesMax: incoming.limits.requestBodyBytes,
  }
}

/** Reads a whole body within the limit. Refuses what the function does not take. */
export async function readBody(
  receiver: Receiver,
  head: Head,
  kind: Exclude<HttpBinding['body'], 'stream'>,
): Promise<Uint8Array | undefined> {
  const length = declaredLength(head)
  if (length === 0) return undefined
  if (kind === 'none') throw malformed('This function takes no body.')
  assertReadable(head, kind)
  if (length !== undefined && length > receiver.bytesMax) throw tooLarge(receiver.bytesMax)
  const bytes = await receiver.whole()
  return bytes.length === 0 ? undefined : bytes
}

/** Passes a body through unread but opened, in bounded memory and up to a bounded size. */
export function streamBody(incoming: Incoming, head: Head): AsyncIterable<Uint8Array> {
  const options = {
    bytesMax: incoming.limits.streamedBodyBytes,
    refuse: refusalFor(incoming.limits.streamedBodyBytes),
  }
  return {
    [Symbol.asyncIterator]: () => openBody(asItComes(incoming, head), codingsSaid(head), options),
  }
}

async function* asItComes(incoming: Incoming, head: Head): AsyncGenerator<Uint8Array, undefined> {
  const { request, limits } = incoming
  const bytesMax = limits.streamedBodyBytes
  let size = 0
  if (declaredLength(head) === 0) return undefined
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

/** Zero when the request declares no body, undefined when it does not say how long it is. */
function declaredLength(head: Head): number | undefined {
  let length: number | undefined
  for (const [name, value] of head.headers) {
    if (name === 'transfer-encoding') return undefined
    if (name === 'content-length') length = Number(value)
  }
  // HTTP/2 may send a body without declaring its length; HTTP/1.1 may not (RFC 9112 section 6.3).
  return length ?? (head.headers.some(([name]) => name === 'content-type') ? undefined : 0)
}

/** How the body is encoded. Refuses what is not opened here, before anything of it is read. */
export function codingsSaid(head: Head): readonly Coding[] {
  const codings = codingsOf(headerOf(head, 'content-encoding'))
  if (codings !== undefined) return codings
  throw malformed(
    'The body is encoded in a way that is not opened; gzip, br, zstd and deflate are.',
  )
}

function headerOf(head: Head, name: string): string | undefined {
  return head.headers.find(([one]) => one === name)?.[1]
}

async function opened(bytes: Uint8Array, head: Head, bytesMax: number): Promise<Uint8Array> {
  const codings = codingsSaid(head)
  if (codings.length === 0) return bytes
  const whole = (async function* () {
    yield bytes
    return undefined
  })()
  const pieces: Uint8Array[] = []
  const options = { bytesMax, refuse: refusalFor(bytesMax) }
  const body = { [Symbol.asyncIterator]: () => openBody(whole, codings, options) }
  for await (const piece of body) pieces.push(piece)
  return Buffer.concat(pieces)
}

function refusalFor(bytesMax: number): OpenOptions['refuse'] {
  return (why, cause) =>
    why === 'long'
      ? tooLarge(bytesMax)
      : malformed('The body is not what its Content-Encoding says.', cause)
}

function assertReadable(head: Head, kind: string): void {
  const [mediaType = '', ...parameters] = (headerOf(head, 'content-type') ?? '')
    .toLowerCase()
    .split(';')
  const expected = mediaTypes[kind]
  if (expected && !expected.test(mediaType.trim())) {
    throw malformed(`This function takes a ${kind} body; its Content-Type says otherwise.`)
  }
  const charset = parameters.map((one) => one.trim()).find((one) => one.startsWith('charset='))
  if (expected && charset && !/^charset="?(?:utf-8|us-ascii)"?$/.test(charset)) {
    throw malformed('The body must be UTF-8.')
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
  if (!request.complete || request.destroyed || signal.aborted) return undefined
  const { readableLength } = request
  if (readableLength === 0 || readableLength > limits.requestBodyBytes) return undefined
  return request.read()
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

function tooLarge(bytesMax: number): Refusal {
  return new Refusal('request-too-large', {
    detail: `A body of this kind may have ${bytesMax} bytes.`,
  })
}

function malformed(detail: string, cause?: unknown): Refusal {
  return new Refusal('request-malformed', { detail, cause })
}
