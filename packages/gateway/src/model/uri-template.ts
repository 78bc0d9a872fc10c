/**
 * A URI, or a family of them: the part of RFC 6570 of which every URI has one reading. `{name}` is what stands between
 * two slashes, with text around it if need be; `{+name}`, at the end only, is all the rest.
 */
export type UriTemplate = { readonly segments: readonly UriSegment[] }

type UriSegment =
  | { readonly kind: 'literal'; readonly text: string }
  | {
      readonly kind: 'segment' | 'rest'
      readonly before: string
      readonly name: string
      readonly after: string
    }

/** Reads a URI or template; `problem` says what is wrong with it, in a sentence. */
export function readUriTemplate(text: string): UriTemplate | { readonly problem: string } {
  if (text.length > charsMax) return { problem: `A URI has at most ${charsMax} characters.` }
  if (/[\s\p{C}\\]/u.test(text)) {
    return { problem: 'A URI holds no spaces, backslashes or invisible characters.' }
  }
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:./.test(text)) {
    return { problem: 'A URI begins with its scheme: docs://handbook.' }
  }
  const texts = text.split('/')
  const segments: UriSegment[] = []
  for (const [index, one] of texts.entries()) {
    const segment = readSegment(one)
    if (!segment) {
      return {
        problem: 'Between two slashes stands one {name}; {+name} for all the rest, at the end.',
      }
    }
    if (segment.kind === 'rest' && (segment.after !== '' || index < texts.length - 1)) {
      return { problem: `{+${segment.name}} is the rest of a URI and stands at its end.` }
    }
    segments.push(segment)
  }
  const names = variablesOf({ segments })
  if (new Set(names).size < names.length) return { problem: 'A {name} stands twice.' }
  return { segments }
}

const charsMax = 2048

function readSegment(text: string): UriSegment | undefined {
  if (!/[{}]/.test(text)) return { kind: 'literal', text }
  const found = /^([^{}]*)\{(\+?)([A-Za-z_][A-Za-z0-9_.]{0,63})\}([^{}]*)$/.exec(text)
  if (!found) return undefined
  const [, before = '', plus = '', name = '', after = ''] = found
  return { kind: plus === '' ? 'segment' : 'rest', before, name, after }
}

/** The names in a template, in their order. */
export function variablesOf({ segments }: UriTemplate): readonly string[] {
  return segments.flatMap((one) => (one.kind === 'literal' ? [] : [one.name]))
}

/**
 * What a URI has in the places of the names, percent-decoded; undefined when it is none of the family. So is one that
 * an upstream could read otherwise than it is read here: with slashes in disguise, a query or fragment that the
 * template does not begin, or whatever else is not the normal form (RFC 3986 section 6.2.2: dot segments, letters that
 * are encoded, a host in capitals; and empty segments).
 */
export function matchUri(
  { segments }: UriTemplate,
  uri: string,
): Readonly<Record<string, string>> | undefined {
  const texts = uri.split('/')
  const last = segments.at(-1)
  const hasRest = last?.kind === 'rest'
  if (hasRest ? texts.length < segments.length : texts.length !== segments.length) return undefined
  const found: Record<string, string> = Object.create(null)
  let literals = ''
  for (const [index, segment] of segments.entries()) {
    const text = segment.kind === 'rest' ? texts.slice(index).join('/') : (texts[index] ?? '')
    if (segment.kind === 'literal') {
      if (text !== segment.text) return undefined
      literals += text
      continue
    }
    literals += segment.before
    const value = valueIn(segment, text, literals)
    if (value === undefined || (index === 2 && isLoudHost(uri, text))) return undefined
    found[segment.name] = value
  }
  return { ...found }
}

type Variable = Exclude<UriSegment, { readonly kind: 'literal' }>

/** `literals`: of the template, up to here. */
function valueIn(
  { kind, before, after }: Variable,
  text: string,
  literals: string,
): string | undefined {
  if (text.length <= before.length + after.length) return undefined
  if (!text.startsWith(before) || !text.endsWith(after)) return undefined
  const written = text.slice(before.length, text.length - after.length)
  // RFC 6570 section 3.2.2 encodes these in `{name}`: in the clear they begin a query or a fragment.
  if (kind === 'segment' && /[?#]/.test(written)) return undefined
  const isPath = !/[?#]/.test(literals)
  if (isPath && /[?#]|^\/|\/\/|\/$/.test(written)) return undefined
  if (!literals.includes('#') && written.includes('#')) return undefined
  if (/%(?:2f|5c)|[\s\p{C}\\]/iu.test(written) || isOddlyEncoded(written)) return undefined
  try {
    const value = decodeURIComponent(written)
    const whole = decodeURIComponent(text)
    return /[\p{C}\\]/u.test(value) || whole.split('/').some(isDots) ? undefined : value
  } catch {
    return undefined
  }
}

/** RFC 3986 sections 6.2.2.1 and 6.2.2.2: in small letters, or of a character that is never encoded. */
function isOddlyEncoded(text: string): boolean {
  return /%(?:[a-f].|.[a-f]|3\d|[46][1-9A-F]|[57][\dA]|2[DE]|5F|7E)/.test(text)
}

/** RFC 3986 section 6.2.2.1. In other schemes what stands there is a name, and its servers tell case apart. */
function isLoudHost(uri: string, host: string): boolean {
  return /^(?:https?|wss?|ftp|file):\/\//.test(uri) && /[A-Z]/.test(host.replaceAll(/%../g, ''))
}

/** With what some servers take for parameters of a segment behind it. */
function isDots(segment: string): boolean {
  return /^\.{1,2}(?:[;?#]|$)/.test(segment)
}

/** Whether a URI would be of the family for an upstream that decodes what means the same in another spelling. */
export function resembles({ segments }: UriTemplate, uri: string): boolean {
  const texts = uri.split('/')
  const hasRest = segments.at(-1)?.kind === 'rest'
  if (hasRest ? texts.length < segments.length : texts.length !== segments.length) return false
  return segments.every((segment, index) => {
    const written = segment.kind === 'rest' ? texts.slice(index).join('/') : (texts[index] ?? '')
    const plain = (text: string) => (index === 2 ? decoded(text).toLowerCase() : decoded(text))
    const text = plain(written)
    if (segment.kind === 'literal') return text === plain(segment.text)
    if (segment.kind === 'segment' && /[?#]/.test(written)) return false
    const [before, after] = [plain(segment.before), plain(segment.after)]
    const isLonger = text.length > before.length + after.length
    return isLonger && text.startsWith(before) && text.endsWith(after)
  })
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/**
 * Which of two templates goes first where a URI is of both: below zero, the first. Segment by segment a literal goes
 * before a `{name}`, that before the rest, and of two the one with more text around it.
 */
export function compareTemplates(one: UriTemplate, other: UriTemplate): number {
  for (const [index, segment] of one.segments.entries()) {
    const against = other.segments[index]
    if (!against) break
    const order = rank(segment) - rank(against) || textOf(against) - textOf(segment)
    if (order !== 0) return order
  }
  return one.segments.length - other.segments.length
}

function rank({ kind }: UriSegment): number {
  return ['literal', 'segment', 'rest'].indexOf(kind)
}

function textOf(segment: UriSegment): number {
  // Two literals that differ have no URI in common, so their order means nothing.
  return segment.kind === 'literal' ? 0 : segment.before.length + segment.after.length
}

/** Whether a URI could be of both families with nothing to choose between them. */
export function areMistakable(one: UriTemplate, other: UriTemplate): boolean {
  if (one.segments.length !== other.segments.length) return false
  if (compareTemplates(one, other) !== 0) return false
  return one.segments.every((segment, index) => {
    const against = other.segments[index]
    if (!against || segment.kind === 'literal' || against.kind === 'literal') {
      return (
        against?.kind === 'literal' && segment.kind === 'literal' && against.text === segment.text
      )
    }
    const before = isEnd(segment.before, against.before, (a, b) => a.startsWith(b))
    return before && isEnd(segment.after, against.after, (a, b) => a.endsWith(b))
  })
}

function isEnd(one: string, other: string, holds: (a: string, b: string) => boolean): boolean {
  return holds(one, other) || holds(other, one)
}
