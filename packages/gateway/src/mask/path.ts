import { limits } from './limits.ts'

/** One way to pick children of a value (RFC 9535 section 2.3). */
export type Selector =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'wildcard' }
  | { readonly kind: 'index'; readonly index: number }
  | {
      readonly kind: 'slice'
      readonly start: number
      readonly end: number | undefined
      readonly step: number
    }

/** `descendant`: the selectors apply to the children of the value and of everything below it. */
export type Segment = { readonly descendant: boolean; readonly selectors: readonly Selector[] }

export type Path = { readonly text: string; readonly segments: readonly Segment[] }

export type PathProblem = { readonly problem: string; readonly at: number }

/**
 * Reads a JSONPath (RFC 9535), the part of it that one forward pass can decide: names, wildcards,
 * indexes and slices that count from the start, unions of these, and descendant segments. `at` is the
 * 0-based character where the problem stands.
 */
export function parsePath(text: string): Path | PathProblem {
  if (text.length > limits.pathChars) {
    return { problem: `is longer than ${limits.pathChars} characters`, at: limits.pathChars }
  }
  const cursor = { text, at: 0 }
  try {
    if (!take(cursor, '$')) fail(cursor, 'must start with $, which stands for the whole value')
    const segments: Segment[] = []
    while (cursor.at < text.length) {
      if (segments.length === limits.pathSegments) {
        fail(cursor, `has more than ${limits.pathSegments} segments`)
      }
      segments.push(readSegment(cursor))
    }
    return { text, segments }
  } catch (thrown) {
    if (thrown instanceof PathSyntaxError) return { problem: thrown.message, at: thrown.at }
    throw thrown
  }
}

type Cursor = { readonly text: string; at: number }

class PathSyntaxError extends Error {
  override readonly name = 'PathSyntaxError'
  readonly at: number

  constructor(problem: string, at: number) {
    super(problem)
    this.at = at
  }
}

function fail(cursor: Cursor, problem: string, at: number = cursor.at): never {
  throw new PathSyntaxError(problem, at)
}

function take(cursor: Cursor, token: string): boolean {
  if (!cursor.text.startsWith(token, cursor.at)) return false
  cursor.at += token.length
  return true
}

function skipBlanks(cursor: Cursor): void {
  while (/[ \t\n\r]/.test(cursor.text.charAt(cursor.at))) cursor.at += 1
}

function readSegment(cursor: Cursor): Segment {
  const from = cursor.at
  skipBlanks(cursor)
  if (cursor.at === cursor.text.length) fail(cursor, 'ends in white space; remove it', from)
  const descendant = take(cursor, '..')
  if (take(cursor, '[')) return { descendant, selectors: readBracket(cursor) }
  if (!descendant && !take(cursor, '.')) fail(cursor, "expected '.', '..' or '['")
  if (take(cursor, '*')) return { descendant, selectors: [{ kind: 'wildcard' }] }
  return { descendant, selectors: [{ kind: 'name', name: readShorthand(cursor) }] }
}

const shorthand =
  /[A-Za-z_\u{80}-\u{d7ff}\u{e000}-\u{10ffff}][\w\u{80}-\u{d7ff}\u{e000}-\u{10ffff}]*/uy

function readShorthand(cursor: Cursor): string {
  shorthand.lastIndex = cursor.at
  const [name] = shorthand.exec(cursor.text) ?? []
  if (name === undefined) {
    fail(cursor, "expected a name or *; a name with other characters is written ['like-this']")
  }
  cursor.at += name.length
  if (cursor.text.startsWith('(', cursor.at))
    fail(cursor, 'calls a function, which masking has not')
  return name
}

function readBracket(cursor: Cursor): Selector[] {
  const selectors: Selector[] = []
  do {
    if (selectors.length === limits.segmentSelectors) {
      fail(cursor, `has more than ${limits.segmentSelectors} selectors in one bracket`)
    }
    skipBlanks(cursor)
    selectors.push(readSelector(cursor))
    skipBlanks(cursor)
  } while (take(cursor, ','))
  if (!take(cursor, ']')) fail(cursor, "expected ',' or ']'")
  return selectors
}

function readSelector(cursor: Cursor): Selector {
  const first = cursor.text.charAt(cursor.at)
  if (first === '*') {
    cursor.at += 1
    return { kind: 'wildcard' }
  }
  if (first === '"' || first === "'") return { kind: 'name', name: readQuoted(cursor, first) }
  if (first === '?') {
    fail(
      cursor,
      'filters need to look ahead, which a stream cannot; name the members, or use [*] to mask all',
    )
  }
  if (/[-\d:]/.test(first)) return readPosition(cursor)
  return fail(cursor, 'expected a quoted name, a number, a slice or *')
}

function readPosition(cursor: Cursor): Selector {
  const start = readNumber(cursor)
  skipBlanks(cursor)
  if (!take(cursor, ':')) {
    if (start === undefined) fail(cursor, 'expected a number')
    return { kind: 'index', index: start }
  }
  skipBlanks(cursor)
  const end = readNumber(cursor)
  skipBlanks(cursor)
  let step = 1
  if (take(cursor, ':')) {
    skipBlanks(cursor)
    const at = cursor.at
    step = readNumber(cursor) ?? 1
    if (step === 0) fail(cursor, 'a step of 0 selects nothing; write 1 or more', at)
  }
  return { kind: 'slice', start: start ?? 0, end, step }
}

function readNumber(cursor: Cursor): number | undefined {
  const [digits] = /^-?\d+/.exec(cursor.text.slice(cursor.at)) ?? []
  if (digits === undefined) {
    if (cursor.text.startsWith('-', cursor.at)) fail(cursor, 'expected a number')
    return undefined
  }
  if (digits.startsWith('-')) {
    fail(
      cursor,
      'negative numbers count from the end, which a stream does not know; count from the start, or use [*]',
    )
  }
  if (digits.length > 1 && digits.startsWith('0')) fail(cursor, 'a number has no leading zeros')
  const value = Number(digits)
  if (!Number.isSafeInteger(value)) fail(cursor, 'the number is too large')
  cursor.at += digits.length
  return value
}

const plainEscapes: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  '/': '/',
  '\\': '\\',
}

function readQuoted(cursor: Cursor, quote: string): string {
  const from = cursor.at
  cursor.at += 1
  let name = ''
  for (;;) {
    const char = cursor.text.charAt(cursor.at)
    if (char === '') fail(cursor, 'the quoted name does not end', from)
    if (char < ' ') fail(cursor, 'control characters are written as escapes')
    cursor.at += 1
    if (char === quote) break
    name += char === '\\' ? readEscape(cursor, quote) : char
  }
  if (!name.isWellFormed()) fail(cursor, 'the name has half a surrogate pair', from)
  return name
}

function readEscape(cursor: Cursor, quote: string): string {
  const char = cursor.text.charAt(cursor.at)
  cursor.at += 1
  if (char === quote) return quote
  if (char === 'u') {
    const hex = cursor.text.slice(cursor.at, cursor.at + 4)
    if (!/^[\da-fA-F]{4}$/.test(hex)) fail(cursor, 'expected four hexadecimal digits')
    cursor.at += 4
    return String.fromCharCode(Number.parseInt(hex, 16))
  }
  return plainEscapes[char] ?? fail(cursor, 'unknown escape', cursor.at - 1)
}
