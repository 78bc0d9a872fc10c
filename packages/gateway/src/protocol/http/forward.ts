import { Readable } from 'node:stream'
import { type Dispatcher, Pool } from 'undici'
import { Refusal } from '../../call/refusal.ts'
import type { Raw, Recorded } from '../../call/stage.ts'
import { limits } from '../../config/limits.ts'
import type { Connection } from '../../model/connection.ts'
import type { Credential } from '../../model/secret.ts'
import type { Forwarder } from '../protocol.ts'
import { UpstreamAnswer } from './answer.ts'

export type HttpForwardOptions = Record<string, never>

/**
 * The upstream side: one keep-alive pool per upstream origin. Requests are never retried and never
 * pipelined: what was sent once may have had its effect.
 */
export function forwarder(_options: HttpForwardOptions): Forwarder {
  const pools = new Map<string, Pool>()
  const poolOf = (connection: Connection): Pool => {
    const { origin } = new URL(connection.upstream)
    const key = `${origin} ${connection.timeoutMs ?? ''}`
    const pool = pools.get(key) ?? newPool(origin, connection.timeoutMs)
    pools.set(key, pool)
    return pool
  }
  return {
    forward: (at, credential) => dispatch(poolOf(at.connection), at, credential),
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()))
    },
  }
}

function newPool(origin: string, timeoutMs: number | undefined): Pool {
  return new Pool(origin, {
    connections: limits.upstreamSockets,
    pipelining: 1,
    connect: { timeout: limits.upstreamConnectMs },
    headersTimeout: timeoutMs ?? limits.upstreamHeadersMs,
    bodyTimeout: timeoutMs ?? limits.upstreamIdleMs,
    maxHeaderSize: limits.headerBytes,
  })
}

function dispatch(pool: Pool, at: Recorded, credential: Credential): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const answer = new UpstreamAnswer({ resolve, reject })
    const { signal } = at.call
    if (signal.aborted) return reject(new Refusal('caller-left'))
    const leave = () => answer.abandon(new Refusal('caller-left'))
    signal.addEventListener('abort', leave, { once: true })
    answer.onOver = () => signal.removeEventListener('abort', leave)
    try {
      pool.dispatch(request(at, credential), answer)
    } catch (cause) {
      answer.abandon(new Refusal('upstream-failed', { cause }))
    }
  })
}

/** The request as it leaves: what the caller may send, the gateway's own words, the upstream's credential. */
function request(at: Recorded, credential: Credential): Dispatcher.DispatchOptions {
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
    if (name !== credentialName) headers.push(name, value)
  }
  if (credential.kind === 'header') headers.push(credential.name, credential.value)
  return {
    method: outbound.method as Dispatcher.HttpMethod,
    path: credential.kind === 'query' ? withQuery(outbound.path, credential) : outbound.path,
    headers,
    body: bodyOf(outbound.body),
  }
}

function bodyOf(body: Recorded['outbound']['body']): Uint8Array | Readable | null {
  if (body === undefined || body instanceof Uint8Array) return body ?? null
  return Readable.from(body, { objectMode: false })
}

function withQuery(path: string, { name, value }: { name: string; value: string }): string {
  const pair = `${encodeURIComponent(name)}=${encodeURIComponent(value)}`
  return `${path}${path.includes('?') ? '&' : '?'}${pair}`
}
