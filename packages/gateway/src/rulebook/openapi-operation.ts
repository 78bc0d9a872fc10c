import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import { readAddress } from './address.ts'
import { headerProblem } from './connections.ts'
import type { ImportedFunction } from './functions-file.ts'
import { type ImportedBody, readRequestBody } from './openapi-body.ts'
import { suggestMasks } from './openapi-mask.ts'
import { convertSchema, type OpenApiSource, resolve } from './openapi-schema.ts'

export type Operation = {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly operation: JsonObject
  /** Parameters of the path and then of the operation, which win. */
  readonly parameters: readonly Json[]
}

/** Undefined when the operation cannot be governed as a function; a warning says why. */
export function importOperation(
  source: OpenApiSource,
  { name, method, path, operation, parameters }: Operation,
  owner: string,
): ImportedFunction | undefined {
  const where = `${method} ${path}`
  const address = readAddress(where)
  if ('problem' in address) {
    source.warn(`${where} is left out: ${address.problem} ${address.hint}`)
    return undefined
  }
  const captures = address.segments.flatMap((one) => ('name' in one ? [one.name] : []))
  const body = readRequestBody(source, operation.requestBody, where)
  const bodiless = method === 'GET' || method === 'HEAD'
  if (bodiless && body.body !== 'none') source.warn(`${where}: its body is left out.`)
  const args = collect(source, {
    where,
    captures,
    parameters,
    body: bodiless ? { body: 'none', properties: {}, required: [] } : body,
  })
  if (!args) return undefined
  const result = resultSchema(source, operation, where)
  const masks = result ? suggestMasks(result) : []
  const sends = bodiless ? 'none' : body.body
  const usual = bodiless || method === 'DELETE' || method === 'OPTIONS' ? 'none' : 'json'
  const entry: Record<string, Json> = {
    name,
    purpose: purposeOf(operation, where),
    owner,
    sensitivity: 'confidential',
    risk: riskOf(method),
    http: where,
    ...(sends !== usual && { body: sends }),
    ...(!bodiless && body.bodyArgument !== undefined && { bodyArgument: body.bodyArgument }),
    ...(Object.keys(args).length > 0 && { arguments: args }),
    ...(result && { result }),
    mask: masks.length > 0 ? masks : 'none',
  }
  return { entry, decide: decisions(method, masks.length) }
}

type Argument = { schema: JsonObject; place: string; must: boolean }

function collect(
  source: OpenApiSource,
  at: {
    readonly where: string
    readonly captures: readonly string[]
    readonly parameters: readonly Json[]
    readonly body: ImportedBody
  },
): JsonObject | undefined {
  const { where, captures, body } = at
  const args = new Map<string, Argument>()
  for (const name of captures) {
    args.set(name, { schema: { type: 'string', maxLength: 256 }, place: 'path', must: false })
  }
  for (const written of at.parameters) {
    const parameter = resolve(source, written)
    const { name, in: place } = parameter
    if (typeof name !== 'string' || typeof place !== 'string') continue
    const schema = parameterSchema(source, parameter, where)
    if (!schema) continue
    const before = args.get(name)
    if (before && before.place !== place) {
      source.warn(`${where} is left out: ${name} stands in the ${before.place} and the ${place}.`)
      return undefined
    }
    if (place === 'path' && !captures.includes(name)) continue
    args.set(name, { schema, place, must: place !== 'path' && parameter.required === true })
  }
  for (const [name, schema] of Object.entries(body.properties)) {
    const must = body.required.includes(name)
    const before = args.get(name)
    if (!before) {
      args.set(name, { schema, place: 'body', must })
    } else if (must) {
      source.warn(`${where} is left out: ${name} stands in the ${before.place} and the body.`)
      return undefined
    } else source.warn(`${where}: ${name} of the body is left out; the ${before.place} has it too.`)
  }
  if (body.bodyArgument !== undefined && !args.has(body.bodyArgument)) {
    const content = { type: 'string' }
    args.set(body.bodyArgument, { schema: content, place: 'body', must: body.required.length > 0 })
  }
  return written(args, body)
}

/** The short form of `arguments`, or a JSON Schema where a member's own `required` list is in its way. */
function written(args: ReadonlyMap<string, Argument>, body: ImportedBody): JsonObject {
  const carries = body.bodyArgument === undefined && /^(?:json|form)$/.test(body.body)
  const usual = (name: string, place: string) => {
    const rest = carries || name === body.bodyArgument ? 'body' : 'query'
    return place === 'path' || place === rest
  }
  const entries = [...args].map(([name, { schema, place, must }]) => {
    return { name, must, form: { ...schema, ...(!usual(name, place) && { in: place }) } }
  })
  const short = entries.every(({ must, form }) => !must || !('required' in form))
  if (short) {
    return Object.fromEntries(
      entries.map(({ name, must, form }) => [name, { ...form, ...(must && { required: true }) }]),
    )
  }
  const required = entries.filter(({ must }) => must).map(({ name }) => name)
  const properties = Object.fromEntries(entries.map(({ name, form }) => [name, form]))
  return { type: 'object', properties, required }
}

/** Undefined for what is no argument here; a warning says so where it matters. */
function parameterSchema(
  source: OpenApiSource,
  parameter: JsonObject,
  where: string,
): JsonObject | undefined {
  const name = String(parameter.name)
  const place = String(parameter.in)
  const left = (why: string) => {
    source.warn(`${where}: the ${place} parameter ${name} is left out: ${why}.`)
    return undefined
  }
  if (place === 'cookie') return left('cookies never reach the upstream')
  if (place !== 'path' && place !== 'query' && place !== 'header') return left('unknown place')
  if (place === 'header') {
    // OpenAPI says these three are no parameters.
    if (/^(?:accept|content-type|authorization)$/i.test(name)) return undefined
    if (headerProblem(name)) return left('the gateway sets this header itself')
  }
  if (name === '__proto__' || name.length > 128 || !name.isWellFormed())
    return left('its name cannot be an argument')
  const at = { where: `${where}, ${name}`, direction: 'arguments' as const }
  const schema = convertSchema(source, parameter.schema, at)
  if (parameter.content !== undefined) return { type: 'string', maxLength: 8192 }
  const { type } = schema
  if (type === 'object') return left('an object has no one form in a URL')
  const listed = place === 'query' && parameter.explode !== false && parameter.style === undefined
  const plainList = place === 'query' && (listed || parameter.style === 'form')
  if (type === 'array' && !(plainList && parameter.explode !== false)) {
    source.warn(`${where}: the list ${name} is one text with separators.`)
    return { type: 'string', maxLength: 1024 }
  }
  return schema
}

function resultSchema(
  source: OpenApiSource,
  operation: JsonObject,
  where: string,
): JsonObject | undefined {
  const responses = isJsonObject(operation.responses) ? operation.responses : {}
  const status = Object.keys(responses)
    .toSorted()
    .find((one) => /^2(?:\d\d|XX)$/i.test(one))
  const response = status === undefined ? {} : resolve(source, responses[status])
  const content = isJsonObject(response.content) ? response.content : {}
  const type = Object.keys(content).find((one) => /^application\/(?:[\w.+-]+\+)?json\b/i.test(one))
  const media = type === undefined ? undefined : content[type]
  if (!isJsonObject(media) || media.schema === undefined) return undefined
  const at = { where: `${where}, result`, direction: 'result' as const }
  const schema = convertSchema(source, media.schema, at)
  return Object.keys(schema).length > 0 ? schema : undefined
}

function purposeOf(operation: JsonObject, where: string): string {
  const said = [operation.summary, operation.description].find(
    (text) => typeof text === 'string' && text.trim() !== '',
  )
  const text = typeof said === 'string' ? said : where
  return (
    text
      .replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ')
      .trim()
      .slice(0, 300) || where
  )
}

function riskOf(method: string): string {
  if (method === 'DELETE') return 'high'
  return /^(?:GET|HEAD|OPTIONS)$/.test(method) ? 'low' : 'medium'
}

function decisions(method: string, masks: number): string[] {
  const decide = ['is confidential right? Is anything more in the result to be hidden?']
  if (masks === 0) decide[0] = 'nothing in the result looks sensitive by its name. Is that so?'
  if (!/^(?:GET|HEAD|OPTIONS)$/.test(method)) decide.push('is this risk right?')
  return decide
}
