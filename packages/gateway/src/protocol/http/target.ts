import { Refusal } from '../../call/refusal.ts'

/** A request target taken apart once. `path` and `query` are the raw text, fit to be sent on. */
export type Target = {
  readonly path: string
  /** Raw path segments, without the leading empty one; percent-decoded each. */
  readonly segments: readonly string[]
  readonly query: string
}

const segmentsMax = 64

/**
 * Reads a request target (RFC 9112 section 3.2) strictly: one path that policy and upstream cannot read
 * differently. Dot segments, encoded slashes and backslashes, empty segments, control characters and
 * broken percent-encoding are refused, not repaired. Absolute form counts when it names this host.
 */
export function readTarget(url: string, host: string): Target {
  const text = url.startsWith('/') ? url : stripOrigin(url, host)
  const queryAt = text.indexOf('?')
  const path = queryAt < 0 ? text : text.slice(0, queryAt)
  const query = queryAt < 0 ? '' : text.slice(queryAt + 1)
  if (!/^[\x21-\x7e]*$/.test(text) || text.includes('#')) throw malformed('stray characters')
  if (path.includes('\\')) throw malformed('a backslash')
  const raw = path.slice(1).split('/')
  if (raw.length > segmentsMax) throw malformed('too many segments')
  return { path, query, segments: path === '/' ? [] : raw.map(readSegment) }
}

function readSegment(raw: string, index: number, all: readonly string[]): string {
  // A single trailing slash is an empty last segment; anywhere else it is a doubled slash.
  if (raw === '') {
    if (index === all.length - 1) return ''
    throw malformed('an empty segment')
  }
  const decoded = raw.includes('%') ? decodePercent(raw) : raw
  if (decoded === '.' || decoded === '..') throw malformed('a dot segment')
  // Some servers take what follows a semicolon off before they resolve dot segments.
  if (/^\.{1,2};/.test(decoded)) throw malformed('a dot segment')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[/\\\x00-\x1f\x7f]/.test(decoded)) throw malformed('an encoded slash or control character')
  return decoded
}

/** Strict percent-decoding as UTF-8. */
export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw malformed('broken percent-encoding')
  }
}

function stripOrigin(url: string, host: string): string {
  const origin = /^https?:\/\/([^/?#]+)/i.exec(url)
  if (!origin || origin[1]?.toLowerCase() !== host.toLowerCase()) {
    throw new Refusal('request-malformed', { detail: 'The request target is not a path.' })
  }
  const rest = url.slice(origin[0].length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

function malformed(what: string): Refusal {
  return new Refusal('request-malformed', { detail: `The path or query holds ${what}.` })
}

/** Query or form fields in order (WHATWG application/x-www-form-urlencoded, read strictly). */
export function readFields(text: string): (readonly [name: string, value: string])[] {
  if (text === '') return []
  return text.split('&').map((pair) => {
    const equals = pair.indexOf('=')
    const name = equals < 0 ? pair : pair.slice(0, equals)
    const value = equals < 0 ? '' : pair.slice(equals + 1)
    return [decodeField(name), decodeField(value)] as const
  })
}

function decodeField(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  return spaced.includes('%') ? decodePercent(spaced) : spaced
}
