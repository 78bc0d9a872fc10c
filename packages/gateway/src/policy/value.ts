/**
 * Values as policies see them. A Long is a `number` while it is a safe integer and a `bigint` beyond,
 * so that there is one form of each and `===` compares it. `undefined` in place of a value is an
 * evaluation error: nothing is thrown on the hot path.
 */
export type Long = number | bigint
export type Value =
  | boolean
  | string
  | Long
  | EntityValue
  | SetValue
  | RecordValue
  | DecimalValue
  | DatetimeValue
  | DurationValue
  | IpValue
  | Unreadable

export type EntityValue = { readonly kind: 'entity'; readonly type: string; readonly id: string }
export type SetValue = {
  readonly kind: 'set'
  readonly items: readonly Value[]
  /** The keys of the items; made when first compared. */
  keys?: ReadonlySet<string>
}
export type RecordValue = { readonly kind: 'record'; readonly fields: ReadonlyMap<string, Value> }
/** `units` are ten-thousandths. */
export type DecimalValue = { readonly kind: 'decimal'; readonly units: Long }
export type DatetimeValue = { readonly kind: 'datetime'; readonly ms: Long }
export type DurationValue = { readonly kind: 'duration'; readonly ms: Long }
export type IpValue = {
  readonly kind: 'ip'
  readonly bits: 32 | 128
  readonly address: bigint
  readonly prefix: number
}

/**
 * Stands where an argument is present but no Cedar value can hold it. Reading it, and even asking
 * whether it is there, is an evaluation error: a guardrail that first asks `has` must not be passed
 * by sending a number that is too long.
 */
export type Unreadable = { readonly kind: 'unreadable' }
export const unreadable: Unreadable = { kind: 'unreadable' }

const longMax = 2n ** 63n - 1n
const longMin = -(2n ** 63n)

/** The one form of an exact integer, or `undefined` where 64 bits do not hold it. */
export function toLong(exact: bigint): Long | undefined {
  if (exact > longMax || exact < longMin) return undefined
  const short = Number(exact)
  return Number.isSafeInteger(short) ? short : exact
}

export function add(left: Long, right: Long): Long | undefined {
  if (typeof left === 'number' && typeof right === 'number') {
    const sum = left + right
    // A sum of safe integers beyond the safe range cannot round back into it.
    if (Number.isSafeInteger(sum)) return sum
  }
  return toLong(BigInt(left) + BigInt(right))
}

export function subtract(left: Long, right: Long): Long | undefined {
  if (typeof left === 'number' && typeof right === 'number') {
    const difference = left - right
    if (Number.isSafeInteger(difference)) return difference
  }
  return toLong(BigInt(left) - BigInt(right))
}

export function multiply(left: Long, right: Long): Long | undefined {
  if (typeof left === 'number' && typeof right === 'number') {
    const product = left * right
    // Adding zero turns -0 into 0: there is one form of each integer.
    if (Number.isSafeInteger(product)) return product + 0
  }
  return toLong(BigInt(left) * BigInt(right))
}

export function isLong(value: Value | undefined): value is Long {
  return typeof value === 'number' || typeof value === 'bigint'
}

export function isSet(value: Value | undefined): value is SetValue {
  return typeof value === 'object' && value.kind === 'set'
}

export function isRecord(value: Value | undefined): value is RecordValue {
  return typeof value === 'object' && value.kind === 'record'
}

/** What a policy gets when it reads this attribute. */
export function readable(value: Value | undefined): Value | undefined {
  return value === unreadable ? undefined : value
}

export function isEntity(value: Value | undefined): value is EntityValue {
  return typeof value === 'object' && value.kind === 'entity'
}

/** Equality of any two values; values of different types are unequal, which is no error. */
export function isEqual(left: Value, right: Value): boolean {
  if (typeof left !== 'object' || typeof right !== 'object') return left === right
  if (left.kind !== right.kind) return false
  if (left.kind === 'entity' && right.kind === 'entity') {
    return left.id === right.id && left.type === right.type
  }
  return keyOf(left) === keyOf(right)
}

/** A text that is the same for equal values and different for different ones. */
export function keyOf(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  if (typeof value === 'number' || typeof value === 'bigint') return `${value}`
  switch (value.kind) {
    case 'entity':
      return `${value.type}::${JSON.stringify(value.id)}`
    case 'set':
      return `[${[...setKeys(value)].sort().join()}]`
    case 'record':
      return `{${[...value.fields]
        .map(([name, field]) => `${JSON.stringify(name)}:${keyOf(field)}`)
        .sort()
        .join()}}`
    case 'decimal':
      return `decimal(${value.units})`
    case 'datetime':
      return `datetime(${value.ms})`
    case 'duration':
      return `duration(${value.ms})`
    case 'ip':
      return `ip(${value.bits},${value.address},${value.prefix})`
    case 'unreadable':
      return 'unreadable'
  }
}

export function setKeys(set: SetValue): ReadonlySet<string> {
  set.keys ??= new Set(set.items.map(keyOf))
  return set.keys
}
