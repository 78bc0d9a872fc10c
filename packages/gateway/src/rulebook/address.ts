/**
 * Where an HTTP function lives: its method and path template. A template's segments are literal or hold
 * one `{name}` with literal text around it, so that every path has one reading.
 */
export type Address = {
  readonly method: string
  readonly path: string
  readonly segments: readonly Segment[]
}

export type Segment =
  | { readonly literal: string }
  | { readonly before: string; readonly name: string; readonly after: string }

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const segmentsMax = 32
// What RFC 3986 lets stand unencoded in a segment. No `%`: an encoded and a plain form would be two paths.
const literalText = /^[A-Za-z0-9._~!$&'()*+,;=:@-]*$/
const captureName = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/

/** Reads `GET /customers/{id}`. */
export function readAddress(
  text: string,
): Address | { readonly problem: string; readonly hint: string } {
  const found = /^(\S+) +(\S.*)$/.exec(text.trim())
  const hint = 'Write a method, a space and a path: GET /customers/{id}.'
  const [, method = '', path = ''] = found ?? []
  if (!methods.includes(method)) {
    const upper = method.toUpperCase()
    if (methods.includes(upper))
      return { problem: 'A method is in upper case.', hint: `Write ${upper}.` }
    return {
      problem: 'This names no method.',
      hint: found ? `One of ${methods.join(', ')}.` : hint,
    }
  }
  const segments = readTemplate(path)
  return 'problem' in segments ? segments : { method, path, segments: segments.segments }
}

function readTemplate(
  path: string,
): { readonly segments: readonly Segment[] } | { readonly problem: string; readonly hint: string } {
  if (!path.startsWith('/')) return bad('A path starts with a slash.', 'Write /….')
  if (path === '/') return { segments: [] }
  if (/[?#]/.test(path)) {
    return bad(
      'A path template has no query.',
      'Declare query arguments under arguments, with in: query.',
    )
  }
  const texts = path.slice(1).split('/')
  if (texts.length > segmentsMax)
    return bad(`A path has at most ${segmentsMax} segments.`, 'Shorten it.')
  const segments: Segment[] = []
  const names = new Set<string>()
  for (const [index, text] of texts.entries()) {
    // A slash at the very end is an empty last segment, which is another path than without it.
    if (text === '' && index < texts.length - 1)
      return bad('A segment is empty.', 'Remove the doubled slash.')
    const segment = readSegment(text)
    if ('problem' in segment) return segment
    if ('name' in segment) {
      if (names.has(segment.name))
        return bad(`{${segment.name}} stands twice.`, 'Give each its own name.')
      names.add(segment.name)
    }
    segments.push(segment)
  }
  return { segments }
}

function readSegment(text: string): Segment | { readonly problem: string; readonly hint: string } {
  if (/%2f|%5c/i.test(text)) return bad('An encoded slash is never matched.', 'Remove it.')
  const capture = /^([^{}]*)\{([^{}]*)\}([^{}]*)$/.exec(text)
  const [, before = text, name, after = ''] = capture ?? []
  if (!literalText.test(before) || !literalText.test(after)) {
    return /[{}]/.test(before + after)
      ? bad('A segment holds one {name}.', 'Write {name} once in a segment.')
      : bad(
          'A path holds only letters, digits and - . _ ~ and the like.',
          'Write it without % and spaces.',
        )
  }
  if (name === undefined) {
    if (/^\.{1,2}(?:;|$)/.test(text))
      return bad('Dot segments are never matched.', 'Write the path out.')
    return { literal: text }
  }
  if (!captureName.test(name)) {
    return bad(`{${name.slice(0, 64)}} is no argument name.`, 'Use letters, digits, _ . and -.')
  }
  return { before, name, after }
}

function bad(problem: string, hint: string) {
  return { problem, hint } as const
}

/**
 * Whether some path matches both templates with nothing to choose between them. Mirrors the walk in
 * protocol/http/route.ts: a literal wins over a capture, and of two captures the one with more literal
 * text around it; this is decided at the first segment in which the two differ.
 */
export function ambiguous(a: Address, b: Address): boolean {
  if (a.method !== b.method || a.segments.length !== b.segments.length) return false
  let decided = false
  for (const [index, one] of a.segments.entries()) {
    const other = b.segments[index]
    if (!other || !overlap(one, other)) return false
    decided ||= precedence(one, other)
    if (!decided && 'name' in one && 'name' in other && !sameCapture(one, other)) {
      // Nothing ranks these two: any path that fits the rest of both is read by chance.
      return a.segments.slice(index + 1).every((rest, at) => {
        const against = b.segments[index + 1 + at]
        return against !== undefined && overlap(rest, against)
      })
    }
  }
  return !decided
}

function overlap(one: Segment, other: Segment): boolean {
  if ('literal' in one) {
    return 'literal' in other ? one.literal === other.literal : captures(other, one.literal)
  }
  if ('literal' in other) return captures(one, other.literal)
  const before = one.before.startsWith(other.before) || other.before.startsWith(one.before)
  return before && (one.after.endsWith(other.after) || other.after.endsWith(one.after))
}

type Capture = Exclude<Segment, { readonly literal: string }>

function captures({ before, after }: Capture, text: string): boolean {
  const longer = text.length > before.length + after.length
  return longer && text.startsWith(before) && text.endsWith(after)
}

function precedence(one: Segment, other: Segment): boolean {
  if ('literal' in one || 'literal' in other) return 'literal' in one !== 'literal' in other
  return one.before.length + one.after.length !== other.before.length + other.after.length
}

function sameCapture(one: Capture, other: Capture): boolean {
  return one.before === other.before && one.after === other.after && one.name === other.name
}

/** Whether a function at this address would be hidden by a connection whose prefix lies below its own. */
export function reachesInto(address: Address, deeper: readonly string[]): boolean {
  return (
    address.segments.length >= deeper.length &&
    deeper.every((text, index) => {
      const segment = address.segments[index]
      return segment !== undefined && overlap(segment, { literal: text })
    })
  )
}
