import type { DetectFacts, FunctionFacts, MaskFacts } from './content.ts'
import { NumberText } from './http-arguments.ts'
import { canonicalJson, isJsonObject, type JsonObject } from './json.ts'
import { locate, parseJsonPath } from './json-path.ts'

/** What may be changed in arguments before somebody sees them: declared masks, and values that are found. */
export type Hiding = {
  readonly masks: readonly MaskFacts[]
  readonly detect: readonly Pick<DetectFacts, 'id' | 'paths' | 'kind'>[]
  /** To people, who are shown numbers as they are computed with, or as text. */
  readonly isShown?: boolean
}

/** What a function hides in its arguments from the upstream, or from the record. */
export function hidingFrom(
  { argumentMasks, detect, isForCaller }: FunctionFacts,
  who: 'upstream' | 'record',
): Hiding {
  const looks = ({ direction, from }: DetectFacts) => {
    // What an upstream asks of the caller goes the way of a result.
    if (who === 'upstream' && isForCaller) return direction.includes('result')
    return direction.includes('arguments') && from.includes(who)
  }
  return {
    masks: argumentMasks.filter(({ from }) => from.includes(who)),
    detect: detect.filter(looks),
  }
}

export function hidesNothing({ masks, detect }: Hiding): boolean {
  return masks.length === 0 && detect.length === 0
}

/**
 * Whether the arguments `after` are those `before`, but for what these rules hide: `same`, `changed` where
 * something else differs, `unclear` where that cannot be told. `left`: ids of masks of which a value stayed as it was.
 */
export function compareArguments(
  before: JsonObject,
  after: JsonObject,
  hiding: Hiding,
): { readonly found: 'same' | 'changed' | 'unclear'; readonly left: ReadonlySet<string> } {
  const left = new Set<string>()
  const named = namedBy(before, hiding)
  if (!named) return { found: 'unclear', left }
  const compare: Compare = { named, left, isShown: hiding.isShown === true, isUnclear: false }
  const isSame = isMembersSame(compare, before, after)
  return { found: !isSame ? 'changed' : compare.isUnclear ? 'unclear' : 'same', left }
}

/** What the rules name: a value is told by what holds it, and its step there. */
type Named = {
  readonly masks: ReadonlyMap<unknown, ReadonlyMap<string | number, readonly MaskFacts[]>>
  /** Values at which, and below which, something may be found. */
  readonly places: ReadonlyMap<unknown, ReadonlyMap<string | number, readonly Kind[]>>
  /** What is done with what may be found anywhere. */
  readonly anywhere: readonly Kind[]
}
type Kind = DetectFacts['kind']
type Compare = {
  readonly named: Named
  readonly left: Set<string>
  readonly isShown: boolean
  isUnclear: boolean
}

function namedBy(document: JsonObject, { masks, detect }: Hiding): Named | undefined {
  const ofMasks: Marks<MaskFacts> = new Map()
  const ofPlaces: Marks<Kind> = new Map()
  const isRead = [
    ...masks.map((mask) => mark(document, mask.path, { marks: ofMasks, value: mask })),
    ...detect.flatMap(({ paths = [], kind }) =>
      paths.map((path) => mark(document, path, { marks: ofPlaces, value: kind })),
    ),
  ].every((one) => one)
  const anywhere = detect.filter(({ paths }) => paths === undefined).map(({ kind }) => kind)
  return isRead ? { masks: ofMasks, places: ofPlaces, anywhere } : undefined
}

type Marks<Value> = Map<unknown, Map<string | number, Value[]>>

/** False where the path is not understood, or names too much. */
function mark<Value>(
  document: JsonObject,
  text: string,
  { marks, value }: { readonly marks: Marks<Value>; readonly value: Value },
): boolean {
  const path = parseJsonPath(text)
  const found = path && locate(document, path, nodesMax)
  for (const { above } of found ?? []) {
    if (!above) continue
    const steps = marks.get(above.node.value) ?? new Map<string | number, Value[]>()
    marks.set(above.node.value, steps)
    steps.set(above.step, [...(steps.get(above.step) ?? []), value])
  }
  return found !== undefined
}

const nodesMax = 1_000_000

type Pair = {
  readonly holder: unknown
  readonly step: string | number
  readonly before: unknown
  readonly after: unknown
  /** What may be found in it. */
  readonly kinds: readonly Kind[]
}

function isSame(compare: Compare, pair: Pair): boolean {
  const { holder, step, before, after } = pair
  const masks = compare.named.masks.get(holder)?.get(step) ?? []
  if (masks.some((mask) => couldLeave(mask, { before, after }))) return true
  const isKept = isSameAround(compare, pair)
  // Of null nothing can be told, and of no text there is no part.
  const isNothing = before === null || /^$|\*/.test(typeof before === 'string' ? before : '-')
  if (isKept && !isNothing) for (const { id } of masks) compare.left.add(id)
  return isKept
}

/** But for what is declared of the value itself. */
function isSameAround(compare: Compare, pair: Pair): boolean {
  const { named } = compare
  const { holder, step, before, after } = pair
  const kinds = [...pair.kinds, ...(named.places.get(holder)?.get(step) ?? [])]
  if (before instanceof NumberText || typeof before !== 'object' || before === null) {
    const isEqual = compare.isShown ? isShownAs(before, after) : isSameScalar(before, after)
    return isEqual || couldFind(kinds, before, after)
  }
  if (Array.isArray(before)) {
    return Array.isArray(after) && isListSame(compare, { before, after, kinds })
  }
  return isJsonObject(before) && isJsonObject(after) && isMembersSame(compare, before, after, kinds)
}

function isSameScalar(before: unknown, after: unknown): boolean {
  if (before instanceof NumberText) return after instanceof NumberText && after.text === before.text
  return before === after
}

function isShownAs(before: unknown, after: unknown): boolean {
  if (isSameScalar(before, after)) return true
  if (!(before instanceof NumberText)) return false
  if (!(after instanceof NumberText)) return after === before.text
  return Number(after.text) === Number(before.text)
}

function isListSame(
  compare: Compare,
  {
    before,
    after,
    kinds,
  }: {
    readonly before: readonly unknown[]
    readonly after: readonly unknown[]
    readonly kinds: readonly Kind[]
  },
): boolean {
  const stay = [...before.keys()].filter((step) => !isDropped(compare, before, step))
  const kept = after.length === before.length ? [...before.keys()] : stay
  if (kept.length !== after.length) return false
  return kept.every((step, at) => {
    return isSame(compare, { holder: before, step, before: before[step], after: after[at], kinds })
  })
}

function isMembersSame(
  compare: Compare,
  before: JsonObject,
  after: JsonObject,
  kinds: readonly Kind[] = compare.named.anywhere,
): boolean {
  const gone = Object.keys(before).filter((name) => !Object.hasOwn(after, name))
  const come = Object.keys(after).filter((name) => !Object.hasOwn(before, name))
  const lost = gone.filter((name) => {
    const value = before[name]
    // A list of fields that are all left out is no field.
    const isEmptied =
      Array.isArray(value) && [...value.keys()].every((at) => isDropped(compare, value, at))
    return !isDropped(compare, before, name) && !isEmptied
  })
  // Names are looked through as well: which became which cannot be told where there are several.
  if (lost.length > 0 || come.length > 0) {
    const [from, to] = [lost[0], come[0]]
    const isOne = lost.length === 1 && come.length === 1 && from !== undefined && to !== undefined
    if (lost.length < come.length || kinds.length === 0) return false
    // Two that became the same are one.
    const isMerged = lost.length > come.length
    const became = Object.keys(after)
    if (isMerged && !lost.every((name) => became.some((one) => couldFind(kinds, name, one)))) {
      return false
    }
    if (!isOne) compare.isUnclear = true
    else if (!couldFind(kinds, from, to)) return false
    else if (
      !isSame(compare, {
        holder: before,
        step: from,
        before: before[from],
        after: after[to],
        kinds,
      })
    ) {
      return false
    }
  }
  return Object.keys(before).every((name) => {
    if (!Object.hasOwn(after, name)) return true
    const [one, other] = [before[name], after[name]]
    return isSame(compare, { holder: before, step: name, before: one, after: other, kinds })
  })
}

function isDropped({ named }: Compare, holder: unknown, step: string | number): boolean {
  const masks = named.masks.get(holder)?.get(step) ?? []
  return masks.some(({ strategy }) => strategy.kind === 'drop')
}

/** Whether the mask can have left this in the value's place. In a field all is text. */
function couldLeave(
  { strategy }: MaskFacts,
  { before, after }: { readonly before: unknown; readonly after: unknown },
): boolean {
  const left = after instanceof NumberText ? after.text : after
  switch (strategy.kind) {
    case 'redact':
      return left === `[REDACTED:${strategy.label}]`
    case 'hash':
      return typeof left === 'string' && /^(?:hash:[\w-]{22}|\[REDACTED:HASH\])$/.test(left)
    case 'replace': {
      const { with: stand } = strategy
      const text = typeof stand === 'string' ? stand : JSON.stringify(stand)
      return left === text || canonicalJson(plain(after)) === canonicalJson(stand)
    }
    case 'partial':
      if (left === '[REDACTED:PARTIAL]') return true
      return (
        typeof left === 'string' &&
        spellings(before).some((one) => isPieced(one, left.split(/\*+/)))
      )
    default:
      return false
  }
}

/** A number may be written with more digits than it is computed with. */
function spellings(value: unknown): readonly string[] {
  const text = textOf(value)
  if (text === undefined) return []
  return value instanceof NumberText ? [text, String(Number(text))] : [text]
}

/** Whether what is found in a text, and hidden in these ways, can have made the one of the other. */
function couldFind(kinds: readonly Kind[], before: unknown, after: unknown): boolean {
  const text = textOf(before)
  if (text === undefined) return false
  const shown = kinds.filter((kind) => kind !== 'keep')
  const isEmptied = shown.includes('null') || shown.includes('drop')
  if (isEmptied && isNothing(after)) return true
  if (typeof after !== 'string') return false
  // A value of its form, or a coarser one: anything can be that.
  if (shown.some((kind) => kind === 'surrogate' || kind === 'generalise')) return true
  // What is kept of it is spelt plainly, and was perhaps in letters that look alike.
  if (shown.includes('partial') && after.includes('*')) return true
  const stands = shown.flatMap((kind) => standsFor[kind] ?? [])
  if (stands.length === 0) return false
  const pieces = after.split(new RegExp([marked, ...stands].join('|')))
  return isPieced(text, pieces) || (shown.includes('drop') && isThinned(text, pieces.join('')))
}

/** What stands for a whole value that is left out, by what may stand where it was. */
function isNothing(value: unknown): boolean {
  return value === null || value === '' || (value instanceof NumberText && value.text === '0')
}

/** Whether this is the text with something left out, and nothing put in or moved. */
function isThinned(text: string, left: string): boolean {
  let at = 0
  for (let here = 0; here < text.length && at < left.length; here += 1) {
    if (text[here] === left[at]) at += 1
  }
  return at === left.length && left.length < text.length
}

/**
 * What redaction leaves, as it is and as an address spells it; in any way where a value was encoded. No bracket
 * opens within it: text that is full of its beginning would be read to the end from each.
 */
const marked = '(?:\\[|%5B)REDACTED(?::|%3A)[^[\\]%]*(?:\\]|%5D)'
/** What each kind leaves. */
const standsFor: Readonly<Record<string, string>> = {
  redact: marked,
  null: marked,
  drop: marked,
  mask: '\\*+',
  // The first is of older logs.
  pseudonym: 'hash(?::|%3A)[\\w-]{22}|psn_[0-9a-f]{8}_[\\w-]{22}',
  tokenise: 'tok_1_[\\w-]+',
}

/** Whether these pieces of the text are left, in their order, and something between them is not. */
function isPieced(text: string, pieces: readonly string[]): boolean {
  if (pieces.length < 2) return false
  const [first = '', ...rest] = pieces
  const last = rest.pop() ?? ''
  if (!text.startsWith(first) || !text.slice(first.length).endsWith(last)) return false
  let at = first.length
  for (const piece of rest) {
    const found = text.indexOf(piece, at)
    if (found < 0 || found + piece.length > text.length - last.length) return false
    at = found + piece.length
  }
  return true
}

function textOf(value: unknown): string | undefined {
  if (value instanceof NumberText) return value.text
  return typeof value === 'string' ? value : undefined
}

/** With numbers as numbers. */
function plain(value: unknown): unknown {
  if (value instanceof NumberText) return Number(value.text)
  if (Array.isArray(value)) return value.map(plain)
  if (!isJsonObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]))
}
