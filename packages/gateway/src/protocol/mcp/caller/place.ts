import { mcpSegment, metadataSegments } from '../../../model/connection.ts'
import type { HeaderPair } from '../../door/request.ts'

/** What is spoken of at one address. `endpoint`: the connection; empty for all of them. */
export type Place = { readonly kind: 'mcp' | 'metadata'; readonly endpoint: string }

/** Undefined: the address is no place of MCP. */
export function placeOf(url: string): Place | undefined {
  const path = url.split(/[?#]/, 1)[0] ?? ''
  const [, connection = ''] = mcpPath.exec(path) ?? []
  if (mcpPath.test(path)) return { kind: 'mcp', endpoint: connection }
  if (path === metadataPath) return { kind: 'metadata', endpoint: '' }
  if (!path.startsWith(`${metadataPath}/`)) return undefined
  // RFC 9728 section 3.1: the path of the resource stands behind; in front of a gateway it may be longer.
  const [, one = ''] = behindPath.exec(path) ?? []
  return behindPath.test(path) ? { kind: 'metadata', endpoint: one } : undefined
}

/** Whether an address is this room's, be there something or not. */
export function isOfMcp(url: string): boolean {
  return ofMcp.test(url)
}

const metadataPath = `/${metadataSegments.join('/')}`
const mcpPath = new RegExp(`^/${mcpSegment}(?:/([a-z][a-z0-9-]{0,62}))?$`)
const behindPath = new RegExp(`/${mcpSegment}(?:/([a-z][a-z0-9-]{0,62}))?$`)
const ofMcp = new RegExp(`^/(?:${mcpSegment}|${metadataSegments.join('/')})(?:$|[/?#])`)

export type Manners = {
  readonly allowedOrigins: readonly string[]
  readonly allowedHosts: readonly string[]
  /** The listener is on a loopback address: only this machine is meant to call. */
  readonly isLoopback: boolean
}

/**
 * Whether the page or the name that a request comes by may call: a page in a browser could otherwise reach what only
 * this machine does (DNS rebinding; 2025-11-25, basic/transports, security warning).
 */
export function isWelcome(
  { host, headers }: { readonly host: string; readonly headers: readonly HeaderPair[] },
  { allowedOrigins, allowedHosts, isLoopback }: Manners,
): boolean {
  const origins = headers.filter(([name]) => name === 'origin').map(([, value]) => value)
  const areOriginsKnown = origins.every((origin) => {
    return allowedOrigins.includes(origin) || (isLoopback && isLoopbackOrigin(origin))
  })
  if (!areOriginsKnown || origins.length > 1) return false
  const name = host.toLowerCase()
  return !isLoopback || isLoopbackName(name) || allowedHosts.includes(name)
}

/** A page of this machine itself, such as an inspector. */
function isLoopbackOrigin(origin: string): boolean {
  const [, host = ''] = /^https?:\/\/([^/]+)$/.exec(origin) ?? []
  return isLoopbackName(host.toLowerCase())
}

function isLoopbackName(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/.test(host)
}
