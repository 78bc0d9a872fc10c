import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { Refusal } from '../../call/refusal.ts'
import type { Call, Proof } from '../../call/stage.ts'
import type { Limits } from '../../config/limits.ts'
import { openReceiver, streamBody } from './body.ts'
import { type HeaderPair, headerPairs } from './header.ts'
import { keepCall } from './kept-call.ts'
import { deferralAsked, preferencesOf, termsAsked } from './preference.ts'
import { type Head, read, type Wire } from './reading.ts'

export type HttpRequest = IncomingMessage | Http2ServerRequest

/** What a call is given by the desk that took it. */
export type Desk = {
  readonly signal: AbortSignal
  readonly limits: Limits
  readonly admit: Call['admit']
}

/**
 * Wire → `Call`. Nothing is refused here: a request that cannot be read becomes a call whose reading
 * refuses, so that it is recorded like every other.
 */
export function decode(request: HttpRequest, { signal, limits, admit }: Desk): Call {
  const headers = headerPairs(request.rawHeaders)
  const head: Head = {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    host: hostOf(request),
    headers,
  }
  const incoming = { request, signal, limits }
  let isStreamed = false
  const wire: Wire = {
    receiver: openReceiver(incoming, head),
    streamed: () => {
      isStreamed = true
      return streamBody(incoming, head)
    },
  }
  const asked = preferencesOf(headers)
  const terms = termsAsked(headers)
  const deferred = deferralAsked(headers)
  const malformed = [terms, deferred].find((one) => 'problem' in one)
  const header = (name: string) => headers.find(([one]) => one === name)?.[1]
  const call: Call = {
    protocol: 'http',
    proof: proofOf(headers),
    source: { protocol: 'http', ip: plainIp(request.socket?.remoteAddress) },
    sessionName: header('sallyport-session')?.slice(0, limits.sessionNameChars),
    approvalId: header('sallyport-approval')?.slice(0, 64),
    waitMs: asked.waitMs,
    respondAsync: asked.respondAsync,
    ...('terms' in terms && terms.terms && { clearanceTerms: terms.terms }),
    ...('deferred' in deferred && { deferred: deferred.deferred }),
    traceId: traceOf(header('traceparent')),
    signal,
    admit,
    read: async (rules) => {
      if (malformed) throw new Refusal('request-malformed', { detail: malformed.problem })
      return read(rules, head, wire)
    },
    kept: () => (isStreamed ? undefined : keepCall(head, call, wire.receiver)),
  }
  return call
}

/** `Authorization: Bearer …` and nothing else. A gateway's own key is told by its prefix. */
export function proofOf(headers: readonly HeaderPair[]): Proof | undefined {
  const authorization = headers.find(([name]) => name === 'authorization')?.[1]
  const token = authorization && /^Bearer +([\x21-\x7e]+)$/i.exec(authorization)?.[1]
  if (!token) return undefined
  return token.startsWith('spk_') ? { kind: 'api-key', key: token } : { kind: 'bearer', token }
}

function hostOf(request: HttpRequest): string {
  const authority = request.headers[':authority'] ?? request.headers.host
  return typeof authority === 'string' ? authority : ''
}

/** IPv4 addresses that arrive over an IPv6 socket are written as IPv4. */
function plainIp(address: string | undefined): string {
  if (address === undefined) return '0.0.0.0'
  return address.startsWith('::ffff:') ? address.slice(7) : address
}

/** The trace id of a `traceparent` (W3C Trace Context section 3.2). */
function traceOf(traceparent: string | undefined): string | undefined {
  const id = traceparent && /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-/.exec(traceparent)?.[1]
  return id && !/^0+$/.test(id) ? id : undefined
}
