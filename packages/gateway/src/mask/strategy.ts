import { createHmac, createSecretKey, type Hmac, type KeyObject } from 'node:crypto'
import type { MaskStrategy } from '../model/function.ts'

/** A strategy made ready. Where two rules name one value, the lower `rank`, the more hiding, wins. */
export type Strategy = {
  readonly kind: MaskStrategy['kind']
  readonly rank: number
  readonly hidesNull: boolean
  /** What stands in for the value when nothing of the value is needed to tell. */
  readonly fixed: Uint8Array
  readonly first: number
  readonly last: number
}

export type ScalarKind = 'string' | 'number' | 'literal'

/** Drop hides that there was a value; partial shows some of it. */
const order = ['drop', 'redact', 'replace', 'hash', 'partial'] as const

export function compileStrategy(strategy: MaskStrategy): Strategy {
  const { kind } = strategy
  return {
    kind,
    rank: order.indexOf(kind),
    hidesNull: kind === 'drop' || kind === 'replace',
    fixed: Buffer.from(fixedText(strategy)),
    first: kind === 'partial' ? strategy.first : 0,
    last: kind === 'partial' ? strategy.last : 0,
  }
}

/** What is wrong with a strategy, or undefined. */
export function strategyProblem(strategy: MaskStrategy): string | undefined {
  if (strategy.kind === 'partial') {
    const whole = [strategy.first, strategy.last].every((n) => Number.isSafeInteger(n) && n >= 0)
    return whole ? undefined : 'partial keeps whole numbers of characters, 0 or more'
  }
  return undefined
}

/** HMAC-SHA-256 under the gateway's masking key. */
export function newHmac(key: Uint8Array): Hmac {
  let secret = secrets.get(key)
  if (secret === undefined) {
    secret = createSecretKey(key)
    secrets.set(key, secret)
  }
  return createHmac('sha256', secret)
}

/** Making a key object costs several times the HMAC of a short value, so each key's is kept. */
const secrets = new WeakMap<Uint8Array, KeyObject>()

/** The JSON text of the pseudonym of what the HMAC has read. 128 bits: equal only for equal values. */
export function pseudonym(hmac: Hmac): Uint8Array {
  return Buffer.from(`"hash:${hmac.digest('base64url').slice(0, 22)}"`)
}

/** What stands in for a scalar that is held whole. `raw` is its JSON text. */
export function maskScalar(options: {
  readonly strategy: Strategy
  readonly kind: ScalarKind
  readonly raw: Buffer
  readonly key: Uint8Array
}): Uint8Array {
  const { strategy, kind, raw, key } = options
  const value = kind === 'string' ? unescapeJson(raw.toString()) : raw.toString()
  if (strategy.kind === 'hash') return pseudonym(newHmac(key).update(value))
  if (strategy.kind === 'partial' && kind !== 'literal') {
    return Buffer.from(JSON.stringify(partial(value, strategy)))
  }
  return strategy.fixed
}

/** The value of a quoted JSON string that is known to be well formed. */
export function unescapeJson(quoted: string): string {
  const value: unknown = JSON.parse(quoted)
  return typeof value === 'string' ? value : ''
}

function fixedText(strategy: MaskStrategy): string {
  switch (strategy.kind) {
    case 'redact':
      return JSON.stringify(`[REDACTED:${strategy.label}]`)
    case 'replace':
      return JSON.stringify(strategy.with)
    case 'hash':
      return '"[REDACTED:HASH]"'
    case 'partial':
      return '"[REDACTED:PARTIAL]"'
    case 'drop':
      // Only the whole result cannot be left out: it becomes null.
      return 'null'
  }
}

/** A value too short to hide anything in between is hidden whole. Counts Unicode code points. */
function partial(value: string, { first, last }: Strategy): string {
  const points = [...value]
  if (first + last >= points.length) return '*'.repeat(points.length)
  const hidden = points.length - first - last
  return [
    ...points.slice(0, first),
    '*'.repeat(hidden),
    ...points.slice(points.length - last),
  ].join('')
}
