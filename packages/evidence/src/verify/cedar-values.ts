import { type Arguments, NumberText } from './http-arguments.ts'
import { isJsonObject, type JsonObject } from './json.ts'

/** What Cedar is told of the arguments, or that it cannot be told all of them. */
export type Told = { readonly value: JsonObject; readonly isWhole: boolean }

/**
 * Arguments in Cedar's JSON form, by the types their schema gives them. What the schema does not type is
 * not told. Null is an absent attribute. Where a value does not fit its type exactly (a fraction of more
 * than four digits, an integer beyond 64 bits, another type) `isWhole` is false: the gateway makes a policy
 * that reads it fail, which Cedar alone cannot be asked to do.
 */
export function tellArguments(args: Arguments, schema: JsonObject): Told {
  const at: At = { root: schema, depth: 0 }
  const told = tellRecord(new Map(args), schema, at)
  return told === unfit
    ? { value: {}, isWhole: false }
    : { value: told.value, isWhole: told.isWhole }
}

/** An address as Cedar reads it: no zone, and an IPv4 one as such however the socket gave it. */
export function tellIp(ip: string): unknown {
  const plain = ip.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '')
  return extension('ip', plain)
}

export function tellTime(time: string): unknown {
  return extension('datetime', time)
}

type At = { readonly root: JsonObject; readonly depth: number }
const unfit: unique symbol = Symbol('unfit')
const untyped: unique symbol = Symbol('untyped')

/** How deep a schema is followed; deeper values are told to nobody. */
const depthMax = 12
const reserved = new Set(['__entity', '__extn', '__expr', '__proto__'])
const alternatives = ['oneOf', 'anyOf', 'allOf', 'not', 'if', '$dynamicRef']

function tellRecord(
  members: ReadonlyMap<string, unknown>,
  schema: JsonObject,
  at: At,
): Told | typeof unfit {
  const properties = isJsonObject(schema.properties) ? schema.properties : {}
  const value: Record<string, unknown> = {}
  let isWhole = true
  for (const [name, property] of Object.entries(properties)) {
    const member = members.get(name)
    if (member === undefined || member === null || reserved.has(name)) continue
    const told = tell(member, property, { ...at, depth: at.depth + 1 })
    if (told === unfit) isWhole = false
    else if (told !== untyped) {
      value[name] = told.value
      isWhole &&= told.isWhole
    }
  }
  return { value, isWhole }
}

type Value = { readonly value: unknown; readonly isWhole: boolean }

function tell(value: unknown, schema: unknown, at: At): Value | typeof unfit | typeof untyped {
  const resolved = isJsonObject(schema) ? resolve(schema, at) : undefined
  if (!resolved || at.depth > depthMax) return untyped
  if (alternatives.some((keyword) => keyword in resolved)) return untyped
  switch (typeOf(resolved)) {
    case 'string':
      return typeof value === 'string' && value.isWellFormed() ? whole(value) : unfit
    case 'boolean':
      return typeof value === 'boolean' ? whole(value) : unfit
    case 'integer':
      return tellLong(value)
    case 'number':
      return tellDecimal(value)
    case 'array':
      return tellSet(value, resolved, at)
    case 'object':
      if (!isJsonObject(resolved.properties)) return untyped
      return isJsonObject(value) ? tellRecord(new Map(Object.entries(value)), resolved, at) : unfit
    default:
      return untyped
  }
}

function whole(value: unknown): Value {
  return { value, isWhole: true }
}

function tellSet(
  value: unknown,
  schema: JsonObject,
  at: At,
): Value | typeof unfit | typeof untyped {
  if ('prefixItems' in schema) return untyped
  const inner = { ...at, depth: at.depth + 1 }
  // Whether the element has a type does not depend on there being one.
  if (tell(sampleOf(schema.items, inner), schema.items, inner) === untyped) return untyped
  if (!Array.isArray(value)) return unfit
  const items = value.map((one) => (one === null ? unfit : tell(one, schema.items, inner)))
  const told = items.filter((one) => one !== unfit && one !== untyped)
  if (told.length < items.length || told.some((one) => !one.isWhole)) return unfit
  return whole(told.map((one) => one.value))
}

/** Any value of the schema's own type. */
function sampleOf(schema: unknown, at: At): unknown {
  const resolved = isJsonObject(schema) ? resolve(schema, at) : undefined
  const samples: Readonly<Record<string, unknown>> = {
    string: '',
    boolean: true,
    integer: new NumberText('0'),
    number: new NumberText('0'),
    array: [],
    object: {},
  }
  return resolved && samples[typeOf(resolved) ?? '']
}

const longMax = 2n ** 63n - 1n

function tellLong(value: unknown): Value | typeof unfit {
  const exact = value instanceof NumberText ? scaled(value.text, 0) : undefined
  if (exact === undefined || exact > longMax || exact < -longMax - 1n) return unfit
  if (Number.isSafeInteger(Number(exact))) return whole(Number(exact))
  // A number of JSON goes through a double on its way into Cedar; text does not.
  return whole(extension('toMilliseconds', extension('duration', `${exact}ms`)))
}

function tellDecimal(value: unknown): Value | typeof unfit {
  const units = value instanceof NumberText ? scaled(value.text, 4) : undefined
  if (units === undefined || units > longMax || units < -longMax - 1n) return unfit
  const digits = `${units < 0n ? -units : units}`.padStart(5, '0')
  const text = `${units < 0n ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`
  return whole(extension('decimal', text))
}

/** A number of JSON times ten to the `digits`, where that is whole. */
function scaled(text: string, digits: number): bigint | undefined {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text)
  if (!match || text.length > 400) return undefined
  const [, sign = '', before = '', fraction = '', exponent = '0'] = match
  const shift = Number(exponent) - fraction.length + digits
  if (Math.abs(shift) > 400) return undefined
  const mantissa = BigInt(`${sign}${before}${fraction}`)
  if (shift >= 0) return mantissa * 10n ** BigInt(shift)
  const divisor = 10n ** BigInt(-shift)
  return mantissa % divisor === 0n ? mantissa / divisor : undefined
}

function extension(fn: string, ...args: readonly unknown[]): unknown {
  return { __extn: { fn, args } }
}

/** The one type named, null aside, or the one type that all listed values have. */
function typeOf(schema: JsonObject): string | undefined {
  const { type } = schema
  if (typeof type === 'string') return type
  const values = Array.isArray(schema.enum) ? schema.enum : 'const' in schema ? [schema.const] : []
  const names: readonly unknown[] = Array.isArray(type) ? type : values.map(jsonType)
  const [only, ...others] = [...new Set(names)].filter((one) => one !== 'null')
  return typeof only === 'string' && others.length === 0 ? only : undefined
}

function jsonType(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

/** Follows references inside the schema; undefined for one that leads elsewhere or in a circle. */
function resolve(schema: JsonObject, { root }: At): JsonObject | undefined {
  let found: unknown = schema
  for (let hops = 0; hops < depthMax; hops += 1) {
    if (!isJsonObject(found)) return undefined
    const { $ref } = found
    if ($ref === undefined) return found
    if (typeof $ref !== 'string' || !$ref.startsWith('#')) return undefined
    found = pointed(root, $ref.slice(1))
  }
  return undefined
}

function pointed(root: JsonObject, pointer: string): unknown {
  let at: unknown = root
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
    at = isJsonObject(at) && Object.hasOwn(at, name) ? at[name] : undefined
  }
  return at
}
