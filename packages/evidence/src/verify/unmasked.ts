import type { MaskFacts } from './content.ts'
import { type Compared, standIn } from './frames.ts'
import { canonicalJson, isJsonObject } from './json.ts'
import { type JsonPath, type Located, locate, memberOf, parseJsonPath } from './json-path.ts'

/**
 * Whether a value that the mask, one of these, names is where it was, as it was; or why that cannot be told.
 */
export function isLeftUnmasked(
  places: readonly Compared[],
  mask: MaskFacts,
  masks: readonly MaskFacts[],
): boolean | string {
  const path = parseJsonPath(mask.path)
  if (!path) return `the path of the mask ${mask.id} is not understood`
  const budget = { left: nodesMax }
  let isAll = true
  for (const place of places) {
    if (place.kind !== 'document' && place.kind !== 'beneath') continue
    const isLeft = isLeftAt(place, { path, mask, masks, budget })
    if (isLeft === true) return true
    isAll = isAll && isLeft !== undefined && budget.left > 0
  }
  return isAll ? false : `the mask ${mask.id} names more of a result than is looked at`
}

/**
 * The same of what went back alone, where what came is not there: whether a value that the mask names is none that masking
 * leaves. A number in a path may name another element then than it named before.
 */
export function isShownUnmasked(
  places: readonly Compared[],
  mask: MaskFacts,
  masks: readonly MaskFacts[],
): boolean | string {
  const path = parseJsonPath(mask.path)
  if (!path) return `the path of the mask ${mask.id} is not understood`
  if (path.some(isCounted) || masks.some(putsContainer)) {
    return `without the result as it came, what the mask ${mask.id} names cannot be told`
  }
  let isAll = true
  for (const { kind, after } of places) {
    if (kind !== 'document' && kind !== 'beneath') continue
    const named = locate(after, kind === 'beneath' ? fromAnywhere(path) : path, nodesMax)
    if (named?.some(({ value }) => value !== null && !isLeftByMasking(value, mask, masks))) {
      return true
    }
    isAll = isAll && named !== undefined
  }
  return isAll ? false : `the mask ${mask.id} names more of a result than is looked at`
}

function isCounted({ selectors }: JsonPath[number]): boolean {
  return selectors.some(({ kind }) => kind === 'index' || kind === 'slice')
}

/** A path of another mask may lead into what it puts there. */
function putsContainer({ strategy }: MaskFacts): boolean {
  return strategy.kind === 'replace' && typeof strategy.with === 'object' && strategy.with !== null
}

/** By this mask, or by another that names the same value. */
function isLeftByMasking(value: unknown, mask: MaskFacts, masks: readonly MaskFacts[]): boolean {
  if (isWhatMaskingLeaves(value, mask) || masks.some((one) => isStandIn(value, one))) return true
  if (mask.strategy.kind === 'partial' && value === '[REDACTED:PARTIAL]') return true
  const isHashed = masks.some(({ strategy }) => strategy.kind === 'hash')
  return isHashed && typeof value === 'string' && pseudonym.test(value)
}

/** What the gateway writes for a value that is hashed, or too long for that: without the key it is not computed again. */
const pseudonym = /^(?:hash:[A-Za-z0-9_-]{22}|\[REDACTED:HASH\])$/

/** Undefined where it names too much. */
function isLeftAt(
  { kind, before, after }: Compared,
  named: {
    readonly path: JsonPath
    readonly mask: MaskFacts
    readonly masks: readonly MaskFacts[]
    readonly budget: { left: number }
  },
): boolean | undefined {
  const { mask, masks, budget } = named
  const path = kind === 'beneath' ? fromAnywhere(named.path) : named.path
  const there = placesIn(after)
  const drops = masks.some(({ strategy }) => strategy.kind === 'drop')
  return locate(before, path, nodesMax)?.some((node) => {
    const { value: left, isMoved } = there(node)
    // Dropping an element moves those behind it: another value may stand in its place.
    if (isMoved && drops) return false
    const { value } = node
    if (value === null || left === undefined || isWhatMaskingLeaves(value, mask)) return false
    if (masks.some((one) => isStandIn(value, one))) return false
    return isSameJson(value, left, budget)
  })
}

/** The path from any object below. One that names everything names each member then. */
function fromAnywhere([first, ...rest]: JsonPath): JsonPath {
  if (!first) return [{ isDescendant: false, selectors: [{ kind: 'wildcard' }] }]
  return [{ ...first, isDescendant: true }, ...rest]
}

/** Whether something of a value that no path leads to went back. */
export function isLeftUnreachable({ before, after }: Compared): boolean {
  if (Array.isArray(after)) return after.length > 0
  if (isJsonObject(after)) return Object.keys(after).length > 0
  return before !== standIn && before === after
}

/**
 * Far more than a result has that anybody reads. A mask with several descendants names each value once,
 * but comparing what lies in each other would still be the depth times the length.
 */
const nodesMax = 1_000_000

/** `isMoved`: a list that it is in has more or fewer elements than before. */
type Place = { readonly value: unknown; readonly isMoved: boolean }

/** What stands in another document where a node of the first stood. */
function placesIn(document: unknown): (node: Located) => Place {
  const known = new Map<Located, Place>()
  const find = (node: Located): Place => {
    const { above } = node
    if (!above) return { value: document, isMoved: false }
    const found = known.get(node)
    if (found) return found
    const outer = find(above.node)
    const isMoved = outer.isMoved || isOfAnotherLength(above.node.value, outer.value)
    const place = { value: memberOf(outer.value, above.step), isMoved }
    known.set(node, place)
    return place
  }
  return find
}

function isOfAnotherLength(before: unknown, after: unknown): boolean {
  return Array.isArray(before) && Array.isArray(after) && before.length !== after.length
}

/** Whether two values that came out of `JSON.parse` say the same; no, once the budget is used up. */
function isSameJson(one: unknown, other: unknown, budget: { left: number }): boolean {
  budget.left -= 1
  if (budget.left < 0) return false
  if (Array.isArray(one)) {
    if (!Array.isArray(other) || one.length !== other.length) return false
    return one.every((value, at) => isSameJson(value, other[at], budget))
  }
  if (!isJsonObject(one)) return one === other
  if (!isJsonObject(other)) return false
  const names = Object.keys(one)
  if (names.length !== Object.keys(other).length) return false
  return names.every((name) => {
    return Object.hasOwn(other, name) && isSameJson(one[name], other[name], budget)
  })
}

/** A value that the mask would turn into itself. */
function isWhatMaskingLeaves(value: unknown, mask: MaskFacts): boolean {
  if (mask.strategy.kind !== 'partial') return isStandIn(value, mask)
  return typeof value === 'string' && /^$|\*/.test(value)
}

/** What the mask puts in the place of any value. Where two name one value, either may have stayed. */
function isStandIn(value: unknown, { strategy }: MaskFacts): boolean {
  if (strategy.kind === 'replace') return canonicalJson(value) === canonicalJson(strategy.with)
  return strategy.kind === 'redact' && value === `[REDACTED:${strategy.label}]`
}
