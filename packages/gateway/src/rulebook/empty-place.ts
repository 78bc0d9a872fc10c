import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'

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
    let here: readonly Json[] = [schema]
    for (const [, name = '*'] of path.matchAll(/\.(\w+)|\[(?:\*|\d+)\]/g)) {
      here = here.flatMap((one) => below(one, name, { root: schema, depth: 0 }))
    }
    const fits = (value: null | string | number) =>
      here.every((one) => allows(one, value, { root: schema, depth: 0 }))
    const answer = fits(null) ? 'null' : !fits('[REDACTED]') && fits(0) ? 'zero' : 'mark'
    if (known.size < placesMax) known.set(path, answer)
    return answer
  }
}

/** Paths that are asked for again and again; hostile ones are looked up each time. */
const placesMax = 256
/** A schema that leads back to itself is followed so far. */
const depthMax = 8

type Within = { readonly root: JsonObject; readonly depth: number }

function allows(schema: Json, value: null | string | number, within: Within): boolean {
  if (!isJsonObject(schema)) return schema !== false
  if (within.depth > depthMax) return false
  const { type, enum: listed, const: only } = schema
  if (type !== undefined && !typesOf(value).some((one) => [type].flat().includes(one))) return false
  if (Array.isArray(listed) && !listed.includes(value)) return false
  if (only !== undefined && only !== value) return false
  const deeper = { ...within, depth: within.depth + 1 }
  const all = [...listOf(schema.allOf), ...referred(schema, within)]
  if (!all.every((one) => allows(one, value, deeper))) return false
  return [schema.anyOf, schema.oneOf].every(
    (some) => !Array.isArray(some) || some.some((one) => allows(one, value, deeper)),
  )
}

function typesOf(value: null | string | number): readonly string[] {
  if (value === null) return ['null']
  return typeof value === 'string' ? ['string'] : ['number', 'integer']
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
