import type { HttpBinding } from '../model/function.ts'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import { convertSchema, type OpenApiSource, resolve } from './openapi-schema.ts'

/** The request body of an operation: members as arguments of their own, or the whole as one. */
export type ImportedBody = {
  readonly body: HttpBinding['body']
  readonly bodyArgument?: string
  readonly properties: Readonly<Record<string, JsonObject>>
  readonly required: readonly string[]
}

export function readRequestBody(
  source: OpenApiSource,
  written: Json | undefined,
  where: string,
): ImportedBody {
  const none: ImportedBody = { body: 'none', properties: {}, required: [] }
  const requestBody = resolve(source, written)
  const content = isJsonObject(requestBody.content) ? requestBody.content : {}
  const found = chooseBody(Object.keys(content))
  if (!found) return none
  const { type, body } = found
  if (body === 'stream') {
    source.warn(`${where}: a body of type ${type} is passed through; policy does not see it.`)
    return { ...none, body }
  }
  const media = content[type]
  const schemaWritten = isJsonObject(media) ? media.schema : undefined
  const must = requestBody.required === true
  if (body === 'text' || body === 'binary') return wholeBody(body, {}, must)
  const schema = convertSchema(source, schemaWritten, { where, direction: 'arguments' })
  const object = flatten(schema)
  if (!object) {
    if (body === 'json') return wholeBody(body, { content: schema }, must)
    source.warn(`${where}: the form has no listed fields; no field is accepted.`)
    return { ...none, body }
  }
  return { body, properties: object.properties, required: must ? object.required : [] }
}

function chooseBody(types: readonly string[]) {
  const found = (pattern: RegExp, body: HttpBinding['body']) => {
    const type = types.find((one) => pattern.test(one))
    return type === undefined ? undefined : { type, body }
  }
  return (
    found(/^application\/(?:[\w.+-]+\+)?json\b/i, 'json') ??
    found(/^application\/x-www-form-urlencoded\b/i, 'form') ??
    found(/^text\//i, 'text') ??
    found(/./, 'stream')
  )
}

function wholeBody(
  body: HttpBinding['body'],
  properties: Readonly<Record<string, JsonObject>>,
  must: boolean,
): ImportedBody {
  return { body, bodyArgument: 'content', properties, required: must ? ['content'] : [] }
}

/** The members of an object schema, those of `allOf` merged in; undefined when they cannot be listed. */
function flatten(
  schema: JsonObject,
): { properties: Record<string, JsonObject>; required: string[] } | undefined {
  if (schema.anyOf !== undefined || schema.oneOf !== undefined || schema.not !== undefined) {
    return undefined
  }
  const properties: Record<string, JsonObject> = {}
  const required: string[] = []
  const parts: Json | undefined = schema.allOf
  for (const part of Array.isArray(parts) ? parts : []) {
    const inner = isJsonObject(part) ? flatten(part) : undefined
    if (!inner) return undefined
    Object.assign(properties, inner.properties)
    required.push(...inner.required)
  }
  if (isJsonObject(schema.properties)) {
    for (const [name, property] of Object.entries(schema.properties)) {
      if (isJsonObject(property)) properties[name] = property
    }
  } else if (parts === undefined) return undefined
  const stated: Json | undefined = schema.required
  for (const name of Array.isArray(stated) ? stated : []) {
    if (typeof name === 'string') required.push(name)
  }
  return { properties, required: [...new Set(required)].filter((name) => name in properties) }
}
