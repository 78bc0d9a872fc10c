import { Readable } from 'node:stream'
import { type Dispatcher, Pool } from 'undici'
import { Refusal } from '../../call/refusal.ts'
import type { HttpOutbound, Raw, Recorded } from '../../call/stage.ts'
import { type Limits, limits } from '../../config/limits.ts'
import type { HttpConnection } from '../../model/connection.ts'
import type { Credential } from '../../model/secret.ts'
import type { Forwarder } from '../protocol.ts'
import { UpstreamAnswer } from './answer.ts'
import { hidesResult, isAskable } from './digest-header.ts'
import { UpstreamLine } from './upstream-line.ts'

/** Other numbers than those of limits.ts, for tests. */
export type HttpForwardOptions = Partial<Pick<Limits, 'upstreamSockets' | 'upstreamQueueMs'>>

type Upstream = { readonly pool: Pool; readonly line: UpstreamLine }

/**
 * The upstream side: one keep-alive pool per upstream origin. Requests are never retried and never
 * pipelined: what was sent once may have had its effect.
 */
export function forwarder(options: HttpForwardOptions): Forwarder {
  const bounds = { ...limits, ...options }
  const upstreams = new Map<string, Upstream>()
  /** A connection lives as long as the rulebook it is of. */
  const known = new WeakMap<HttpConnection, Upstream>()
  const upstreamOf = (connection: HttpConnection): Upstream => {
    const before = known.get(connection)
    if (before !== undefined) return before
    const { origin } = new URL(connection.upstream)
    const key = `${origin} ${connection.timeoutMs ?? ''}`
    const upstream = upstreams.get(key) ?? openUpstream(origin, connection.timeoutMs, bounds)
    upstreams.set(key, upstream)
    known.set(connection, upstream)
    return upstream
  }
  return {
    forward: async (at, credential) => {
      if (!isOfThisRoom(at)) throw new Error('a call of another room')
      return dispatch(upstreamOf(at.connection), at, credential)
    },
    close: async () => {
      for (const { line } of upstreams.values()) line.close()
      await Promise.all([...upstreams.values()].map(({ pool }) => pool.destroy()))
    },
  }
}

type HttpCall = Recorded & {
  readonly connection: HttpConnection
  readonly outbound: HttpOutbound
}

function isOfThisRoom(at: Recorded): at is HttpCall {
  return at.connection.protocol === 'http' && at.outbound.protocol === 'http'
}

function openUpstream(origin: string, timeoutMs: number | undefined, bounds: Limits): Upstream {
  const pool = new Pool(origin, {
    connections: bounds.upstreamSockets,
    pipelining: 1,
    connect: { timeout: limits.upstreamConnectMs },
    headersTimeout: timeoutMs ?? limits.upstreamHeadersMs,
    bodyTimeout: timeoutMs ?? limits.upstreamIdleMs,
    maxHeaderSize: limits.headerBytes,
  })
  const waitMs = Math.min(timeoutMs ?? bounds.upstreamQueueMs, bounds.upstreamQueueMs)
  return { pool, line: new UpstreamLine({ sockets: bounds.upstreamSockets, waitMs }) }
}

function dispatch({ pool, line }: Upstream, at: HttpCall, credential: Credential): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const signals = [at.call.signal, at.grantsRevoked]
    if (signals.some(({ aborted }) => aborted)) return reject(new Refusal('caller-left'))
    const { definitionHeader } = at.connection
    const reading = { hidden: hidesResult(at), definitionHeader }
    const answer = new UpstreamAnswer({ resolve, reject }, reading)
    const over = () => {
      for (const signal of signals) signal.removeEventListener('abort', giveUp)
      line.leave(place)
    }
    const place = line.enter({
      send: () => {
        try {
          pool.dispatch(request(at, credential), answer)
        } catch (cause) {
          answer.abandon(new Refusal('upstream-failed', { cause }))
          over()
        }
      },
      refuse: (refusal) => {
        answer.abandon(refusal)
        // What was sent holds its socket until undici says that it has let go.
        if (!place.holdsSocket) over()
      },
    })
    const giveUp = () => place.refuse(new Refusal('caller-left'))
    for (const signal of signals) signal.addEventListener('abort', giveUp)
    answer.onOver = over
    if (place.holdsSocket) place.send()
  })
}

/** The request as it leaves: what the caller may send, the gateway's own words, the upstream's credential. */
function request(at: HttpCall, credential: Credential): Dispatcher.DispatchOptions {
  const headers: string[] = [
    'accept-encoding',
    'identity',
    'via',
    '1.1 sallyport',
    'sallyport-call',
    at.id,
  ]
  const { outbound } = at
  const credentialName = credential.kind === 'header' ? credential.name.toLowerCase() : undefined
  for (const [name, value] of outbound.headers) {
    if (name !== credentialName && isAskable(name, at)) headers.push(name, value)
  }
  if (credential.kind === 'header') headers.push(credential.name, credential.value)
  return {
    method: outbound.method as Dispatcher.HttpMethod,
    path: credential.kind === 'query' ? withQuery(outbound.path, credential) : outbound.path,
    headers,
    body: bodyOf(outbound.body),
  }
}

function bodyOf(body: HttpOutbound['body']): Uint8Array | Readable | null {
  if (body === undefined || body instanceof Uint8Array) return body ?? null
  return Readable.from(body, { objectMode: false })
}

function withQuery(path: string, { name, value }: { name: string; value: string }): string {
  const pair = `${encodeURIComponent(name)}=${encodeURIComponent(value)}`
  return `${path}${path.includes('?') ? '&' : '?'}${pair}`
}
