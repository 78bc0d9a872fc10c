import type { InForce } from '../../call/in-force.ts'
import { Refusal } from '../../call/refusal.ts'
import type { HttpOutbound, Reading } from '../../call/stage.ts'
import type { Receiver } from '../door/body.ts'
import { readArguments } from './arguments.ts'
import { codingsSaid, readBody } from './body.ts'
import { isDigest } from './digest-header.ts'
import type { Head } from './head.ts'
import { headersForUpstream, nominatedContent, repeatedSingleton } from './header.ts'
import { outboundPath } from './outbound.ts'
import { rewriteArguments } from './rewrite.ts'
import { routeTable } from './route.ts'
import { readTarget } from './target.ts'

/** Where the body comes from. */
export type Wire = {
  readonly receiver: Receiver
  /** It unread, where it is passed on as it comes. */
  readonly streamed: () => AsyncIterable<Uint8Array>
}

/** The call that a head and a body are by these rules. Refuses what is not unambiguously one. */
export async function read(rules: InForce, head: Head, wire: Wire): Promise<Reading> {
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
  const isEncoded = codingsSaid(head).length > 0
  const body = streamed ? undefined : await readBody(wire.receiver, head, fn.http.body)
  const request = { head, target, match, body }
  const found = readArguments(request)
  const outbound = {
    protocol: 'http' as const,
    method: head.method,
    path: outboundPath(connection.upstream, target, match.prefixLength),
    // A digest is of the bytes as they came, and the upstream is sent them opened (RFC 9530).
    headers: headersForUpstream(head.headers, extra).filter(
      ([name]) => !isEncoded || !isDigest(name) || match.headerNames.has(name),
    ),
    body: streamed ? await unread(wire) : body,
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
async function unread({ receiver, streamed }: Wire): Promise<HttpOutbound['body']> {
  return receiver.isBegun() ? await receiver.whole() : streamed()
}
