import { Pool } from 'undici'
import { Refusal } from '../../../call/refusal.ts'
import { limits } from '../../../config/limits.ts'
import type { Credential } from '../../../model/secret.ts'
import type { UpstreamMessage } from '../message/upstream-message.ts'
import { Pins } from './pins.ts'
import { type HttpReceiver, type HttpRequest, type HttpWire, send } from './post.ts'

/** The way to one MCP endpoint: sockets for requests, and a few beside them for what must not wait for those. */
export type HttpLine = {
  readonly send: (request: LineRequest, receiver: HttpReceiver) => HttpWire
  /** The same for a stream that stays open. Fails with `overloaded` at once where as many are open as may be. */
  readonly listen: (request: LineRequest, receiver: HttpReceiver) => HttpWire
  /** The same for what a server says of its lists, beside whatever callers listen to. */
  readonly listenToLists: (request: LineRequest, receiver: HttpReceiver) => HttpWire
  /** Sends and reads the one answer. Rejects with a `Refusal`; another status than 200 is no failure here. */
  readonly ask: (request: LineRequest & { readonly id: number }, withinMs: number) => Promise<Asked>
  /** Sends what has no answer, beside all requests. Resolves with the status, or undefined. */
  readonly tell: (request: LineRequest) => Promise<number | undefined>
  /** Whether nothing is under way over it, and nobody has pinned it. */
  readonly isIdle: () => boolean
  /** It is not idle until the returned function is called: there is more to come over it. */
  readonly pin: () => () => void
  readonly close: () => Promise<void>
}

export type LineRequest = {
  readonly method?: HttpRequest['method']
  readonly headers: readonly string[]
  readonly body?: Uint8Array | undefined
  readonly credential: Credential
  readonly takesBatches?: boolean
}

export type Asked = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The answer with this id, or the error without any; undefined: there was none. */
  readonly message: Extract<UpstreamMessage, { kind: 'result' | 'error' }> | undefined
}

/** `url`: of the MCP endpoint. */
export function openHttpLine(url: string): HttpLine {
  const { origin, pathname, search } = new URL(url)
  const path = `${pathname}${search}`
  const calls = openPool(origin, limits.mcpUpstreamSockets)
  const beside = openPool(origin, limits.mcpControlSockets)
  const streams = openPool(origin, limits.mcpSessionStreams)
  const lists = openPool(origin, limits.mcpListStreams)
  const pools = [calls, beside, streams, lists]
  const pins = new Pins()
  const complete = (request: LineRequest): HttpRequest => ({
    method: request.method ?? 'POST',
    path: request.credential.kind === 'query' ? withQuery(path, request.credential) : path,
    headers: [...ownHeaders, ...request.headers, ...credentialHeader(request.credential)],
    body: request.body,
    takesBatches: request.takesBatches ?? false,
  })
  return {
    send: (request, receiver) => send(calls, complete(request), receiver),
    listen: (request, receiver) =>
      streams.stats.size < limits.mcpSessionStreams
        ? send(streams, complete(request), receiver)
        : tooMany(receiver),
    listenToLists: (request, receiver) => send(lists, complete(request), receiver),
    ask: (request, withinMs) =>
      askOnce((receiver) => send(beside, complete(request), receiver), request.id, withinMs),
    tell: (request) => tellOnce((receiver) => send(beside, complete(request), receiver)),
    isIdle: () => pins.size === 0 && pools.every(({ stats }) => stats.size === 0),
    pin: () => pins.take(),
    close: async () => {
      await Promise.all(pools.map((pool) => pool.destroy()))
    },
  }
}

/** Time is kept by whoever asks: a stream may be silent while a person is asked. */
function openPool(origin: string, connections: number): Pool {
  return new Pool(origin, {
    connections,
    pipelining: 1,
    connect: { timeout: limits.upstreamConnectMs },
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: limits.headerBytes,
  })
}

/** Who waited for a socket here would wait for whoever has one to leave. */
function tooMany(receiver: HttpReceiver): HttpWire {
  let isOver = false
  queueMicrotask(() => {
    const detail = 'As many streams from it are open as may be.'
    if (!isOver) receiver.fail(new Refusal('overloaded', { detail }), undefined, undefined)
  })
  const abort = () => {
    isOver = true
  }
  return { pause: () => {}, resume: () => {}, abort }
}

type Send = (receiver: HttpReceiver) => HttpWire

function askOnce(sendIt: Send, id: number, withinMs: number): Promise<Asked> {
  return new Promise((resolve, reject) => {
    let head: Pick<Asked, 'status' | 'headers'> = { status: 0, headers: {} }
    const settle = (settled: () => void) => {
      clearTimeout(late)
      settled()
    }
    const wire = sendIt({
      head: (status, headers) => {
        head = { status, headers }
      },
      alive: () => {},
      message: (message) => {
        if (message.kind !== 'result' && message.kind !== 'error') return
        const isOurs = message.id === id || (message.kind === 'error' && message.id === undefined)
        if (!isOurs) return
        wire.abort()
        settle(() => resolve({ ...head, message }))
      },
      end: () => settle(() => resolve({ ...head, message: undefined })),
      fail: (refusal) => settle(() => reject(refusal)),
    })
    const late = setTimeout(() => {
      wire.abort()
      reject(new Refusal('upstream-timeout'))
    }, withinMs)
  })
}

function tellOnce(sendIt: Send): Promise<number | undefined> {
  return new Promise((resolve) => {
    let status: number | undefined
    const settle = () => {
      clearTimeout(late)
      wire.abort()
      resolve(status)
    }
    const wire = sendIt({
      head: (said) => {
        status = said
        // A stream could follow, and nobody wants it.
        if (said !== 202) setImmediate(settle)
      },
      alive: () => {},
      message: () => {},
      end: settle,
      fail: settle,
    })
    const late = setTimeout(settle, limits.upstreamHeadersMs)
  })
}

const ownHeaders: readonly string[] = [
  ...['content-type', 'application/json'],
  ...['accept', 'application/json, text/event-stream'],
  ...['accept-encoding', 'identity'],
  ...['via', '1.1 sallyport'],
]

function credentialHeader(credential: Credential): readonly string[] {
  return credential.kind === 'header' ? [credential.name, credential.value] : []
}

function withQuery(path: string, { name, value }: { name: string; value: string }): string {
  const pair = `${encodeURIComponent(name)}=${encodeURIComponent(value)}`
  return `${path}${path.includes('?') ? '&' : '?'}${pair}`
}
