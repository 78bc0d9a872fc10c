/** What a leaf may hold: objects, arrays, well-formed strings, safe integers and booleans. */
export type Canonical =
  | boolean
  | number
  | string
  | readonly Canonical[]
  | { readonly [key: string]: Canonical | undefined }

/**
 * The canonical JSON text of a value (RFC 8785), for the part of JSON that leaves use. A member that
 * is `undefined` is absent. Throws `TypeError` for everything else: null, fractions, integers beyond
 * 2^53, lone surrogates, dates, functions. What two readers could write differently is not evidence.
 */
export function canonicalText(value: Canonical): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    assertPlain(value)
    const members = Object.entries(value)
      .filter((member): member is [string, Canonical] => member[1] !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${canonicalText(key)}:${canonicalText(member)}`)
    return `{${members.join(',')}}`
  }
  assertScalar(value)
  return JSON.stringify(value)
}

/** UTF-8 bytes of the canonical text: what is hashed. */
export function canonicalBytes(value: Canonical): Uint8Array {
  return new TextEncoder().encode(canonicalText(value))
}

/** Throws `TypeError` unless the value is a boolean, a safe integer or a well-formed string. */
export function assertScalar(value: unknown): asserts value is boolean | number | string {
  if (typeof value === 'boolean') return
  if (typeof value === 'string') {
    if (value.isWellFormed()) return
    throw new TypeError('a string is not well-formed Unicode')
  }
  if (typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0)) return
  throw new TypeError(`a ${value === null ? 'null' : typeof value} has no place in a leaf`)
}

function assertPlain(value: object): void {
  const prototype = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return
  throw new TypeError('only plain objects have a canonical form')
}
