import type { SpanStrategy } from '../model/detection.ts'
import { normalValue } from './normal-value.ts'
import { newHmac } from './strategy.ts'
import { surrogateOf } from './surrogate.ts'
import { tokenOf } from './token.ts'

/** What stands in for a value that was found. Never more of it than its strategy shows. */
export function standIn(options: {
  readonly strategy: SpanStrategy
  readonly type: string
  /** As it was read: unescaped and folded. */
  readonly text: string
  readonly key: Uint8Array
}): string {
  const { strategy, type, text, key } = options
  switch (strategy.kind) {
    case 'mask':
      return '*'.repeat([...text].length)
    case 'partial':
      return partial(type, text, strategy)
    case 'pseudonym':
      return pseudonymOf(type, normalValue(type, text), key)
    case 'generalise':
      return generalised(type, text) ?? redacted(type)
    case 'keep':
      return text
    case 'tokenise':
      return tokenOf(type, text, key)
    case 'surrogate':
      return surrogateOf(type, text, key) ?? redacted(type)
    case 'drop':
      return ''
    case 'null':
    case 'redact':
      return redacted(type)
  }
}

/**
 * `psn_`, which key made it, 96 bits of HMAC-SHA-256 over type and value, and 36 bits over those that tell who holds
 * the key that it was made and not only written so. Each home has a key of its own, so that what two tenants hold does
 * not join; under another key all of it differs, and says so.
 */
function pseudonymOf(type: string, value: string, key: Uint8Array): string {
  const made = newHmac(key).update(`sallyport pseudonym\0${type}\0${value}`).digest('base64url')
  return checked(made.slice(0, pseudonymChars), key)
}

/** Whether `pseudonymOf` has made it with this key. */
export function isPseudonym(text: string, key: Uint8Array): boolean {
  const made = /^psn_[\da-f]{8}_([\w-]{22})$/.exec(text)?.[1]
  return made !== undefined && checked(made.slice(0, pseudonymChars), key) === text
}

function checked(made: string, key: Uint8Array): string {
  const check = newHmac(key).update(`sallyport pseudonym check\0${made}`).digest('base64url')
  return `psn_${rotationOf(key)}_${made}${check.slice(0, 6)}`
}

const pseudonymChars = 16

/** Four bytes that name a key and say nothing else about it. */
function rotationOf(key: Uint8Array): string {
  const known = rotations.get(key)
  if (known !== undefined) return known
  const rotation = newHmac(key).update('sallyport rotation').digest('hex').slice(0, 8)
  rotations.set(key, rotation)
  return rotation
}

const rotations = new WeakMap<Uint8Array, string>()

/** The mark that redaction leaves. */
export function redacted(type: string): string {
  return `[REDACTED:${type}]`
}

/**
 * Counts letters and digits only, so that a card's groups do not hide or show more of it. Shows no more than half, but
 * of a card what PCI DSS 3.4 allows.
 */
function partial(type: string, text: string, wished: { first: number; last: number }): string {
  const isCard = type === 'CREDIT_CARD'
  const points = [...text]
  // Of a magnetic track no part may be shown.
  const isTrack = isCard && /[=^A-Za-z]/.test(text)
  const counted = isTrack ? 0 : points.filter((point) => !separator.test(point)).length
  const first = Math.min(wished.first, isCard ? 6 : counted)
  const last = Math.min(wished.last, isCard ? 4 : counted)
  if (first + last >= counted) return '*'.repeat(points.length)
  const most = isCard ? counted : counted >> 1
  const lastShown = Math.min(last, most)
  const firstShown = Math.min(first, most - lastShown)
  let place = 0
  return points
    .map((point) => {
      if (separator.test(point)) return point
      place += 1
      return place <= firstShown || place > counted - lastShown ? point : '*'
    })
    .join('')
}

const separator = /[\s-]/

/** A coarser value; undefined where there is none. */
function generalised(type: string, text: string): string | undefined {
  if (type === 'EMAIL_ADDRESS') return `*${text.slice(text.lastIndexOf('@'))}`
  if (type === 'IP_ADDRESS') {
    const four = /^(\d+\.\d+\.\d+)\.\d+$/.exec(text)
    if (four) return `${four[1]}.0/24`
    const six = /^([\da-f]+:[\da-f]+:[\da-f]+):/i.exec(text)
    return six ? `${six[1]}::/48` : undefined
  }
  if (type === 'DATE_OF_BIRTH' || type === 'DATE_TIME') {
    return /(?<!\d)(?:19|20)\d\d(?!\d)/.exec(text)?.[0]
  }
  return undefined
}
