import { isJsonObject } from './json.ts'

type Selector =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'wildcard' }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'slice'; readonly start: number; readonly end: number; readonly step: number }
type Segment = { readonly isDescendant: boolean; readonly selectors: readonly Selector[] }
export type JsonPath = readonly Segment[]

/** Where a value stands: names of members, and positions of elements. */
export type Location = readonly (string | number)[]

/**
 * The part of JSONPath (RFC 9535) that masks are written in: names, wildcards, indexes and slices from
 * the start, unions, descendants. Undefined for the rest of it.
 */
export function parseJsonPath(text: string): JsonPath | undefined {
  if (!text.startsWith('$')) return undefined
  const segments: Segment[] = []
  const pattern =
    /(\.\.?)(?:(\*)|([A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)|(?=\[))|\[((?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^\]'"])*)\]/uy
  let isDescendant = false
  pattern.lastIndex = 1
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text)
    if (!match) return undefined
    const [, dots, star, name, inside] = match
    if (inside !== undefined) {
      const selectors = splitUnion(inside).map(parseSelector)
      if (selectors.length === 0 || selectors.some((one) => !one)) return undefined
      segments.push({ isDescendant, selectors: selectors.filter((one) => one !== undefined) })
      isDescendant = false
    } else if (star !== undefined || name !== undefined) {
      const selector = star ? wildcard : ({ kind: 'name', name: name ?? '' } as const)
      segments.push({ isDescendant: dots === '..', selectors: [selector] })
    } else if (dots === '..') isDescendant = true
    else return undefined
  }
  return isDescendant ? undefined : segments
}

/** Everything of the value that the path names. */
export function locate(value: unknown, path: JsonPath): readonly Location[] {
  let found: readonly Location[] = [[]]
  for (const { isDescendant, selectors } of path) {
    const from = isDescendant ? found.flatMap((at) => below(value, at)) : found
    found = from.flatMap((at) => selectors.flatMap((one) => pick(valueAt(value, at), one, at)))
  }
  return found
}

/** The value at a location; undefined where there is none. */
export function valueAt(value: unknown, location: Location): unknown {
  let at = value
  for (const step of location) {
    if (Array.isArray(at) && typeof step === 'number') at = at[step]
    else if (isJsonObject(at) && typeof step === 'string' && Object.hasOwn(at, step)) at = at[step]
    else return undefined
  }
  return at
}

const wildcard: Selector = { kind: 'wildcard' }

/** The value and every object and list in it: what selectors pick from. */
function below(value: unknown, at: Location): readonly Location[] {
  const found = [at]
  // The list grows while it is walked, so nothing is called again and again.
  for (const one of found) {
    for (const child of pick(valueAt(value, one), wildcard, one)) {
      const inner = valueAt(value, child)
      if (typeof inner === 'object' && inner !== null) found.push(child)
    }
  }
  return found
}

function pick(value: unknown, selector: Selector, at: Location): readonly Location[] {
  if (Array.isArray(value)) {
    const positions = value.map((_, position) => position)
    return positions.filter((position) => isPicked(position, selector)).map((one) => [...at, one])
  }
  if (!isJsonObject(value)) return []
  if (selector.kind === 'wildcard') return Object.keys(value).map((name) => [...at, name])
  return selector.kind === 'name' && Object.hasOwn(value, selector.name)
    ? [[...at, selector.name]]
    : []
}

function isPicked(position: number, selector: Selector): boolean {
  if (selector.kind === 'index') return position === selector.index
  if (selector.kind !== 'slice') return selector.kind === 'wildcard'
  const { start, end, step } = selector
  return position >= start && position < end && (position - start) % step === 0
}

function splitUnion(text: string): readonly string[] {
  const parts = text.match(/(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^,'"])+/g) ?? []
  return parts.map((part) => part.trim())
}

function parseSelector(text: string): Selector | undefined {
  if (text === '*') return wildcard
  if (/^(?:0|[1-9]\d*)$/.test(text)) return { kind: 'index', index: Number(text) }
  const slice = /^(\d*)\s*:\s*(\d*)\s*(?::\s*([1-9]\d*)?)?$/.exec(text)
  if (slice) {
    const [, start, end, step] = slice
    return {
      kind: 'slice',
      start: Number(start || 0),
      end: end ? Number(end) : Number.POSITIVE_INFINITY,
      step: Number(step || 1),
    }
  }
  const quoted = /^(['"])(.*)\1$/s.exec(text)
  return quoted ? nameOf(quoted[2] ?? '', quoted[1] === "'") : undefined
}

/** A quoted name has JSON's escapes, and may escape its own quote. */
function nameOf(inside: string, isSingle: boolean): Selector | undefined {
  const json = isSingle ? inside.replaceAll("\\'", "'").replaceAll('"', '\\"') : inside
  try {
    const name: unknown = JSON.parse(`"${json}"`)
    return typeof name === 'string' ? { kind: 'name', name } : undefined
  } catch {
    return undefined
  }
}
