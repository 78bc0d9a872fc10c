import type { Limits } from '../config/limits.ts'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'

/** One place in which two descriptions differ. Absent: nothing stands there. Texts are the upstream's own words. */
export type Difference = {
  /** Members from the outside in: `described`, `parameters`, `limit (query)`, `schema`, `maximum`. */
  readonly at: readonly string[]
  readonly before?: string
  readonly after?: string
}

/**
 * What a person has to know to accept one description in place of another, in the order of their members. Nothing
 * that differs is left out: what two long values begin and end with alike is cut, and where there would be more to
 * show than `limits` say, all of it is one difference. None: the texts are the same, but for the order of parameters.
 * Either may be empty: then all of the other is one difference.
 */
export function differencesOf(
  before: string,
  after: string,
  limits: Pick<Limits, 'differencesShown' | 'differenceChars'>,
): readonly Difference[] {
  const found: Difference[] = []
  compare(found, [], { before: readText(before), after: readText(after) })
  const chars = found.reduce((sum, difference) => sum + charsOf(difference), 0)
  if (found.length <= limits.differencesShown && chars <= limits.differenceChars) return found
  return [differing([], before, after)]
}

type Pair = { readonly before: Json | undefined; readonly after: Json | undefined }

function readText(text: string): Json | undefined {
  return text === '' ? undefined : JSON.parse(text)
}

function charsOf({ at, before = '', after = '' }: Difference): number {
  return at.reduce((sum, { length }) => sum + length, before.length + after.length)
}

function compare(found: Difference[], at: readonly string[], { before, after }: Pair): void {
  const [old, now] = [membersOf(before), membersOf(after)]
  if (old && now && Array.isArray(before) === Array.isArray(after)) {
    for (const key of [...new Set([...old.keys(), ...now.keys()])]) {
      compare(found, [...at, key], { before: old.get(key), after: now.get(key) })
    }
    if (!isReordered(before, { old, now })) return
  }
  const [oldText, nowText] = [textOf(before), textOf(after)]
  if (oldText !== nowText) found.push(differing(at, oldText, nowText))
}

/** Members by name; elements by what names them, else by what they are. No two have one key. */
function membersOf(value: Json | undefined): ReadonlyMap<string, Json> | undefined {
  if (isJsonObject(value)) return new Map(Object.entries(value))
  if (!Array.isArray(value)) return undefined
  const members = new Map<string, Json>()
  const counts = new Map<string, number>()
  for (const element of value) {
    const name = nameOf(element)
    let count = counts.get(name) ?? 0
    let key: string
    do {
      count += 1
      key = count === 1 ? name : `${name} #${count}`
      // Another element may be named like that: the upstream names them.
    } while (members.has(key))
    counts.set(name, count)
    members.set(key, element)
  }
  return members
}

function nameOf(element: Json): string {
  if (!isJsonObject(element)) return JSON.stringify(element).slice(0, 200)
  const { name, in: place, $ref } = element
  if (typeof name === 'string') return isParameter(element) ? `${name} (${place})` : name
  return typeof $ref === 'string' ? $ref : 'element'
}

function isParameter(element: JsonObject): boolean {
  return typeof element.name === 'string' && typeof element.in === 'string'
}

/** Whether elements that both have stand in another order. Of parameters, which are named, it means nothing. */
function isReordered(
  value: Json | undefined,
  {
    old,
    now,
  }: { readonly old: ReadonlyMap<string, Json>; readonly now: ReadonlyMap<string, Json> },
): boolean {
  if (!Array.isArray(value)) return false
  if ([...old.values(), ...now.values()].every((one) => isJsonObject(one) && isParameter(one))) {
    return false
  }
  const kept = [...now.keys()].filter((key) => old.has(key))
  return [...old.keys()].filter((key) => now.has(key)).some((key, at) => kept[at] !== key)
}

/** Both are canonical JSON, so equal values have equal texts. */
function textOf(value: Json | undefined): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value)
}

function differing(
  at: readonly string[],
  before: string | undefined,
  after: string | undefined,
): Difference {
  if (!before || !after) return { at, ...(before && { before }), ...(after && { after }) }
  const shorter = Math.min(before.length, after.length)
  let begin = 0
  while (begin < shorter && before[begin] === after[begin]) begin += 1
  let end = 0
  while (end < shorter - begin && before.at(-1 - end) === after.at(-1 - end)) end += 1
  return { at, before: around(before, begin, end), after: around(after, begin, end) }
}

/** Without most of what both begin with (`begin` characters) and end with (`end`). */
function around(text: string, begin: number, end: number): string {
  const from = begin > contextMax ? begin - contextMax / 2 : 0
  const to = end > contextMax ? text.length - end + contextMax / 2 : text.length
  const shown = text.slice(from, to).toWellFormed()
  return `${from > 0 ? '… ' : ''}${shown}${to < text.length ? ' …' : ''}`
}

// Characters that both have in common; of more, half as many are shown.
const contextMax = 200
