import { isJsonObject } from './json.ts'

type Selector =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'wildcard' }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'slice'; readonly start: number; readonly end: number; readonly step: number }
type Segment = { readonly isDescendant: boolean; readonly selectors: readonly Selector[] }
export type JsonPath = readonly Segment[]

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

/**
 * A value of a document that a path names. Linked upwards, so that a deep document costs no more than its
 * nodes: a list of steps for each of them would be its depth times as much.
 */
export type Located = {
  readonly value: unknown
  /** Undefined for the document itself. */
  readonly above: { readonly node: Located; readonly step: string | number } | undefined
}

/**
 * Everything of the document that the path names, each once, in no promised order. Undefined where more
 * than `nodesMax` nodes would have to be looked at.
 */
export function locate(
  document: unknown,
  path: JsonPath,
  nodesMax: number,
): readonly Located[] | undefined {
  let found: readonly Located[] = [{ value: document, above: undefined }]
  let left = nodesMax
  for (const { isDescendant, selectors } of path) {
    const from = isDescendant ? below(found, left) : found
    const picked: Located[] = []
    for (const node of from ?? []) {
      for (const step of new Set(selectors.flatMap((one) => pick(node.value, one)))) {
        if (picked.length >= left) return undefined
        picked.push(childOf(node, step))
      }
    }
    left -= (isDescendant ? (from?.length ?? left) : 0) + picked.length
    if (!from || left < 0) return undefined
    found = picked
  }
  return found
}

function childOf(node: Located, step: string | number): Located {
  return { value: memberOf(node.value, step), above: { node, step } }
}

/** The member or element at a step; undefined where there is none. */
export function memberOf(value: unknown, step: string | number): unknown {
  if (Array.isArray(value)) return typeof step === 'number' ? value[step] : undefined
  const isThere = isJsonObject(value) && typeof step === 'string' && Object.hasOwn(value, step)
  return isThere ? value[step] : undefined
}

const wildcard: Selector = { kind: 'wildcard' }

/**
 * The nodes and every object and list in them: what selectors pick from. One that lies in another is
 * there once. In a document that was parsed no two places hold one object.
 */
function below(nodes: readonly Located[], nodesMax: number): readonly Located[] | undefined {
  const found = new Map<unknown, Located>()
  for (const node of nodes) if (isContainer(node.value)) found.set(node.value, node)
  // The map grows while it is walked, so nothing is called again and again.
  for (const node of found.values()) {
    for (const step of pick(node.value, wildcard)) {
      const inner = memberOf(node.value, step)
      if (isContainer(inner) && !found.has(inner)) found.set(inner, childOf(node, step))
    }
    if (found.size > nodesMax) return undefined
  }
  return [...found.values()]
}

function isContainer(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

/** The steps from a value to what the selector names in it. */
function pick(value: unknown, selector: Selector): readonly (string | number)[] {
  if (Array.isArray(value)) return positionsOf(value.length, selector)
  if (!isJsonObject(value)) return []
  if (selector.kind === 'wildcard') return Object.keys(value)
  return selector.kind === 'name' && Object.hasOwn(value, selector.name) ? [selector.name] : []
}

function positionsOf(length: number, selector: Selector): readonly number[] {
  if (selector.kind === 'name') return []
  if (selector.kind === 'index') return selector.index < length ? [selector.index] : []
  const { start, end, step } =
    selector.kind === 'slice' ? selector : { start: 0, end: length, step: 1 }
  const positions: number[] = []
  for (let at = start; at < Math.min(end, length); at += step) positions.push(at)
  return positions
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
