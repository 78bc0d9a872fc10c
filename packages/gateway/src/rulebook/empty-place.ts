import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import { canonicalJson } from './digest.ts'

/** What a JSON value may become that is taken out: nothing, a mark, or the number that says least. */
export type EmptyPlace = 'null' | 'mark' | 'zero'

/**
 * What the schema allows in the place of a value at this path, as records write it (`$.items[*].note`). Where it
 * says nothing, or there is none, null. A value that is one of several schemas' has to suit all of them.
 */
export function emptyPlaceOf(schema: JsonObject | undefined): (path: string) => EmptyPlace {
  if (schema === undefined) return () => 'null'
  const known = new Map<string, EmptyPlace>()
  return (path) => {
    const before = known.get(path)
    if (before !== undefined) return before
    const names = [...path.matchAll(/\.(\w+)|\[(?:\*|\d+)\]/g)].map(([, name = '*']) => name)
    const here = placesOf(schema, names)
    const fits = (value: Json) => allowsAll(schema, here, value)
    const answer = fits(null) ? 'null' : !fits('[REDACTED]') && fits(0) ? 'zero' : 'mark'
    if (known.size < placesMax) known.set(path, answer)
    return answer
  }
}

/** The schemas of what these members of members lead to, `*` for elements and for members of any name. */
export function placesOf(root: JsonObject, names: readonly string[]): readonly Json[] {
  let here: readonly Json[] = [root]
  for (const name of names) here = here.flatMap((one) => below(one, name, { root, depth: 0 }))
  return here
}

/** Whether every one of these places allows the value. */
export const allowsAll = (root: JsonObject, places: readonly Json[], value: Json): boolean =>
  places.every((one) => allows(one, value, { root, depth: 0 }))

/** Whether an object at one of these places has to have a member of this name; `*`: of any. */
export const requiresAny = (root: JsonObject, places: readonly Json[], name: string): boolean =>
  places.some((one) => requires(one, name, { root, depth: 0 }))

/** Paths that are asked for again and again; hostile ones are looked up each time. */
const placesMax = 256
/** A schema that leads back to itself is followed so far. */
const depthMax = 8

type Within = { readonly root: JsonObject; readonly depth: number }

function allows(schema: Json, value: Json, within: Within): boolean {
  if (!isJsonObject(schema)) return schema !== false
  if (within.depth > depthMax) return false
  const { type, enum: listed, const: only } = schema
  if (type !== undefined && !typesOf(value).some((one) => [type].flat().includes(one))) return false
  const isSame = (one: Json) => canonicalJson(one) === canonicalJson(value)
  if (Array.isArray(listed) && !listed.some(isSame)) return false
  if (only !== undefined && !isSame(only)) return false
  const deeper = { ...within, depth: within.depth + 1 }
  const all = [...listOf(schema.allOf), ...referred(schema, within)]
  if (!all.every((one) => allows(one, value, deeper))) return false
  return [schema.anyOf, schema.oneOf].every(
    (some) => !Array.isArray(some) || some.some((one) => allows(one, value, deeper)),
  )
}

function typesOf(value: Json): readonly string[] {
  if (value === null) return ['null']
  if (Array.isArray(value)) return ['array']
  if (typeof value !== 'number') return [typeof value]
  return Number.isInteger(value) ? ['number', 'integer'] : ['number']
}

function requires(schema: Json, name: string, within: Within): boolean {
  if (!isJsonObject(schema) || within.depth > depthMax) return false
  const { required } = schema
  const deeper = { ...within, depth: within.depth + 1 }
  if (Array.isArray(required) && (name === '*' ? required.length > 0 : required.includes(name)))
    return true
  const all = [...listOf(schema.allOf), ...referred(schema, within)]
  if (all.some((one) => requires(one, name, deeper))) return true
  return [schema.anyOf, schema.oneOf].some(
    (some) => listOf(some).length > 0 && listOf(some).every((one) => requires(one, name, deeper)),
  )
}

/** The schemas of a member of this name, or of an element. A name that is not known may be any. */
function below(schema: Json, name: string, within: Within): readonly Json[] {
  if (!isJsonObject(schema) || within.depth > depthMax) return []
  const { properties, items, prefixItems, additionalProperties } = schema
  const members = isJsonObject(properties) ? properties : {}
  const own =
    name === '*'
      ? [...Object.values(members), ...listOf(prefixItems), ...(items === undefined ? [] : [items])]
      : Object.hasOwn(members, name)
        ? [members[name] ?? true]
        : []
  const others =
    own.length === 0 && additionalProperties !== undefined ? [additionalProperties] : []
  const deeper = { ...within, depth: within.depth + 1 }
  const same = [
    ...referred(schema, within),
    ...['allOf', 'anyOf', 'oneOf'].flatMap((keyword) => listOf(schema[keyword])),
  ]
  return [...own, ...others, ...same.flatMap((one) => below(one, name, deeper))]
}

const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : [])

/** What `$ref` names within the same schema. */
function referred({ $ref }: JsonObject, { root }: Within): readonly Json[] {
  if (typeof $ref !== 'string' || !$ref.startsWith('#')) return []
  let here: Json | undefined = root
  for (const step of $ref.slice(1).split('/').filter(Boolean)) {
    const name = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
    here = isJsonObject(here) && Object.hasOwn(here, name) ? here[name] : undefined
  }
  return here === undefined ? [] : [here]
}
