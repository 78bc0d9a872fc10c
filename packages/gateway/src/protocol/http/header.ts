import type { HeaderPair } from '../door/request.ts'

/**
 * Which headers cross the gateway. Towards the upstream it is an allow-list: a header no rule knows
 * could carry the caller's credential, smuggle an argument past policy, or name a hop. A connection
 * adds its own with `forwardHeaders`. `Range` is not on it: a fragment of a result cannot be masked, so
 * asking for one is a connection's decision. Towards the caller everything passes but what belongs to a hop,
 * sets up authority with the upstream, or is the gateway's own word.
 */
const passedToUpstream = new Set([
  'accept',
  'accept-language',
  'content-language',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-unmodified-since',
  'traceparent',
  'tracestate',
  'user-agent',
])

/** Never passed on, whatever a connection asks for. RFC 9110 section 7.6.1 and what carries authority or names hops. */
const neverToUpstream = new Set([
  'accept-encoding',
  'authorization',
  'connection',
  'content-encoding',
  'content-length',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'http2-settings',
  'keep-alive',
  'prefer',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
  'x-real-ip',
])

const neverToCaller = new Set([
  'alt-svc',
  'connection',
  'content-length',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'set-cookie',
  'set-cookie2',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'www-authenticate',
])

/** Sent once or not at all: two of one could be read differently by us and by the upstream. */
const singletons = new Set([
  'authorization',
  'content-encoding',
  'content-length',
  'content-type',
  'host',
  'sallyport-approval',
  'sallyport-clearance',
  'sallyport-defer',
  'sallyport-session',
  'traceparent',
  'transfer-encoding',
])

/** The first header that must not be sent twice but was. */
export function repeatedSingleton(pairs: readonly HeaderPair[]): string | undefined {
  const seen = new Set<string>()
  for (const [name] of pairs) {
    if (!singletons.has(name)) continue
    if (seen.has(name)) return name
    seen.add(name)
  }
  return undefined
}

/** What of the caller's headers the upstream gets. `extra` is the connection's `forwardHeaders` plus the function's header arguments. */
export function headersForUpstream(
  pairs: readonly HeaderPair[],
  extra: ReadonlySet<string>,
): HeaderPair[] {
  return pairs.filter(([name]) => crosses(name, extra))
}

/**
 * A header that `Connection` names although the call means it. Such a header ends at the first hop (RFC
 * 9110 section 7.6.1): policy would judge an argument that the upstream is not sent.
 */
export function nominatedContent(
  pairs: readonly HeaderPair[],
  extra: ReadonlySet<string>,
): string | undefined {
  for (const name of nominated(pairs)) {
    if (crosses(name, extra) || extra.has(name) || singletons.has(name)) return name
  }
  return undefined
}

function crosses(name: string, extra: ReadonlySet<string>): boolean {
  return passedToUpstream.has(name) || (extra.has(name) && mayAsk(name))
}

function mayAsk(name: string): boolean {
  return !neverToUpstream.has(name) && !isOurs(name) && !name.startsWith('x-forwarded-')
}

/** What of the upstream's headers the caller gets. */
export function headersForCaller(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): HeaderPair[] {
  const pairs: HeaderPair[] = []
  for (const [key, value] of Object.entries(headers)) {
    const name = key.toLowerCase()
    if (typeof value === 'string') pairs.push([name, value])
    else if (value !== undefined) for (const one of value) pairs.push([name, one])
  }
  const hop = nominated(pairs)
  return pairs.filter(([name]) => !neverToCaller.has(name) && !hop.has(name) && !isOurs(name))
}

/** Only the gateway speaks in its own name. */
function isOurs(name: string): boolean {
  return name.startsWith('sallyport-')
}

/** Headers that `Connection` names belong to the hop too. It may be sent in several lines. */
function nominated(pairs: readonly HeaderPair[]): ReadonlySet<string> {
  const lines = pairs.filter(([name]) => name === 'connection')
  if (lines.length === 0) return none
  return new Set(
    lines.flatMap(([, value]) => value.split(',').map((one) => one.trim().toLowerCase())),
  )
}

const none: ReadonlySet<string> = new Set()
