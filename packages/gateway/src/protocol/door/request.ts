import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Proof } from '../../call/stage.ts'

export type HttpRequest = IncomingMessage | Http2ServerRequest

export type HeaderPair = readonly [name: string, value: string]

/** Name and value pairs as they came, names in lower case, HTTP/2 pseudo headers left out. */
export function headerPairs(rawHeaders: readonly string[]): HeaderPair[] {
  const pairs: HeaderPair[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase()
    if (!name.startsWith(':')) pairs.push([name, rawHeaders[at + 1] ?? ''])
  }
  return pairs
}

/** `Authorization: Bearer …` and nothing else. A gateway's own key is told by its prefix. */
export function proofOf(headers: readonly HeaderPair[]): Proof | undefined {
  const authorization = headers.find(([name]) => name === 'authorization')?.[1]
  const token = authorization && /^Bearer +([\x21-\x7e]+)$/i.exec(authorization)?.[1]
  if (!token) return undefined
  return token.startsWith('spk_') ? { kind: 'api-key', key: token } : { kind: 'bearer', token }
}

/** The host the caller means, with its port; empty when it names none. */
export function hostOf(request: HttpRequest): string {
  const authority = request.headers[':authority'] ?? request.headers.host
  return typeof authority === 'string' ? authority : ''
}

/** Where it comes from. IPv4 addresses that arrive over an IPv6 socket are written as IPv4. */
export function addressOf(request: HttpRequest): string {
  const address = request.socket?.remoteAddress
  if (address === undefined) return '0.0.0.0'
  return address.startsWith('::ffff:') ? address.slice(7) : address
}

/** The trace id of a `traceparent` (W3C Trace Context section 3.2). */
export function traceOf(traceparent: string | undefined): string | undefined {
  const id = traceparent && /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-/.exec(traceparent)?.[1]
  return id && !/^0+$/.test(id) ? id : undefined
}
