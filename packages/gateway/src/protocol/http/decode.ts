import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { InForce } from '../../call/gate.ts'
import { Refusal } from '../../call/refusal.ts'
import type { Call, Outbound, Proof, Reading } from '../../call/stage.ts'
import type { Limits } from '../../config/limits.ts'
import { readArguments } from './arguments.ts'
import { type Incoming, openReceiver, type Receiver, readBody, streamBody } from './body.ts'
import {
  type HeaderPair,
  headerPairs,
  headersForUpstream,
  nominatedContent,
  repeatedSingleton,
} from './header.ts'
import { outboundPath } from './outbound.ts'
import { rewriteArguments } from './rewrite.ts'
import { routeTable } from './route.ts'
import { readTarget } from './target.ts'

export type HttpRequest = IncomingMessage | Http2ServerRequest

/** A request as the room reads it before anybody knows who sent it. */
export type Head = {
  readonly method: string
  readonly url: string
  readonly host: string
  readonly headers: readonly HeaderPair[]
}

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
  const wire = { incoming, receiver: openReceiver(incoming) }
  const header = (name: string) => headers.find(([one]) => one === name)?.[1]
  return {
    protocol: 'http',
    proof: proofOf(header('authorization')),
    source: { protocol: 'http', ip: plainIp(request.socket?.remoteAddress) },
    sessionName: header('sallyport-session')?.slice(0, limits.sessionNameChars),
    approvalId: header('sallyport-approval')?.slice(0, 64),
    waitMs: waitOf(header('prefer')),
    traceId: traceOf(header('traceparent')),
    signal,
    admit,
    read: (rules) => read(rules, head, wire),
  }
}

type Wire = { readonly incoming: Incoming; readonly receiver: Receiver }

async function read(rules: InForce, head: Head, wire: Wire): Promise<Reading> {
  const repeated = repeatedSingleton(head.headers)
  if (repeated) {
    throw new Refusal('request-malformed', { detail: `The header ${repeated} was sent twice.` })
  }
  if (head.host === '') throw new Refusal('request-malformed', { detail: 'It names no host.' })
  const target = readTarget(head.url, head.host)
  const match = routeTable(rules.rulebook).find({
    host: head.host.replace(/:\d+$/, '').toLowerCase(),
    method: head.method,
    segments: target.segments,
  })
  if (!match) throw new Refusal('function-unknown')
  const { fn, connection } = match
  const extra = new Set([...connection.forwardHeaders, ...match.headerNames])
  const nominated = nominatedContent(head.headers, extra)
  if (nominated) {
    throw new Refusal('request-malformed', { detail: `Connection names the header ${nominated}.` })
  }
  const streamed = fn.http.body === 'stream'
  const body = streamed ? undefined : await readBody(wire.receiver, head, fn.http.body)
  const request = { head, target, match, body }
  const found = readArguments(request)
  const outbound = {
    protocol: 'http' as const,
    method: head.method,
    path: outboundPath(connection.upstream, target, match.prefixLength),
    headers: headersForUpstream(head.headers, extra),
    body: streamed ? await unread(head, wire) : body,
  }
  return {
    fn,
    connection,
    args: found.args,
    outbound,
    rewrite: (masked) => rewriteArguments(request, found, masked, outbound),
  }
}

/** The body as it comes; or as it came, when rules that have been replaced since had it read. */
async function unread(head: Head, { incoming, receiver }: Wire): Promise<Outbound['body']> {
  return receiver.isBegun() ? await receiver.whole() : streamBody(incoming, head)
}

/** `Authorization: Bearer …` and nothing else. A gateway's own key is told by its prefix. */
function proofOf(authorization: string | undefined): Proof | undefined {
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

/** `Prefer: wait=10` (RFC 7240 section 4.3), in seconds. */
function waitOf(prefer: string | undefined): number | undefined {
  const seconds = prefer && /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?/i.exec(prefer)?.[1]
  return seconds ? Number(seconds) * 1000 : undefined
}

/** The trace id of a `traceparent` (W3C Trace Context section 3.2). */
function traceOf(traceparent: string | undefined): string | undefined {
  const id = traceparent && /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-/.exec(traceparent)?.[1]
  return id && !/^0+$/.test(id) ? id : undefined
}
