import { isJsonObject, type Json, type JsonObject, pointerTo } from '../model/json.ts'

/** One place where two arguments differ; `pointer` is RFC 6901. A value too long to show is left out. */
export type ArgumentChange = {
  readonly pointer: string
  readonly change: 'added' | 'removed' | 'changed'
  readonly before?: Json
  readonly after?: Json
}

/**
 * Where `after` differs from `before`, in the order of their members. Lists are compared place by place. At most
 * `changesMax` places; `shortened`: there are more. Pure.
 */
export function changesBetween(
  before: JsonObject,
  after: JsonObject,
): { readonly changes: readonly ArgumentChange[]; readonly shortened: boolean } {
  const changes: ArgumentChange[] = []
  const places = differing(before, after, '')
  for (const change of places) {
    if (changes.length === changesMax) return { changes, shortened: true }
    changes.push(change)
  }
  return { changes, shortened: false }
}

function* differing(before: Json, after: Json, pointer: string): Generator<ArgumentChange> {
  if (isJsonObject(before) && isJsonObject(after)) {
    yield* differingMembers(before, after, pointer)
  } else if (Array.isArray(before) && Array.isArray(after)) {
    yield* differingMembers(byPlace(before), byPlace(after), pointer)
  } else if (JSON.stringify(before) !== JSON.stringify(after)) {
    yield { pointer, change: 'changed', ...shown('before', before), ...shown('after', after) }
  }
}

function* differingMembers(
  before: JsonObject,
  after: JsonObject,
  pointer: string,
): Generator<ArgumentChange> {
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  for (const name of names) {
    const at = pointerTo(pointer, name)
    const old = Object.hasOwn(before, name) ? before[name] : undefined
    const now = Object.hasOwn(after, name) ? after[name] : undefined
    if (old === undefined && now === undefined) continue
    if (old === undefined) yield { pointer: at, change: 'added', ...shown('after', now) }
    else if (now === undefined) yield { pointer: at, change: 'removed', ...shown('before', old) }
    else yield* differing(old, now, at)
  }
}

function byPlace(list: readonly Json[]): JsonObject {
  return Object.fromEntries(list.entries())
}

function shown(
  name: 'before' | 'after',
  value: Json | undefined,
): { readonly [key: string]: Json } {
  if (value === undefined || JSON.stringify(value).length > valueCharsMax) return {}
  return { [name]: value }
}

/** More than a person compares one by one. */
const changesMax = 100
/** The new value stands among the arguments anyway. */
const valueCharsMax = 2_000
