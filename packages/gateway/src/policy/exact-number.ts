import { type DecimalValue, type Long, toLong } from './value.ts'

/** `exactText` gives the number as it was written; asked only where a double may have rounded it. */
export function exactLong(number: number, exactText: () => string | undefined): Long | undefined {
  if (Number.isSafeInteger(number)) return number + 0
  const text = exactText()
  const exact = text === undefined ? undefined : scaled(text, 0)
  return exact === undefined ? undefined : toLong(exact)
}

/** Exact in four digits behind the point, or `undefined`. Without its text a fraction is what it prints as. */
export function exactDecimal(
  number: number,
  exactText: () => string | undefined,
): DecimalValue | undefined {
  const text = Number.isSafeInteger(number) ? `${number}` : (exactText() ?? printed(number))
  const exact = text === undefined ? undefined : scaled(text, 4)
  const units = exact === undefined ? undefined : toLong(exact)
  return units === undefined ? undefined : { kind: 'decimal', units }
}

/** An integer beyond the safe range may not be what was sent, so it has no text of its own. */
function printed(number: number): string | undefined {
  return Number.isInteger(number) ? undefined : `${number}`
}

/** No number that fits 64 bits needs more; what is longer is not worth the arithmetic. */
const exponentMax = 400
const digitsMax = 400

/** A JSON number times ten to the `digits`, when that is an integer. */
function scaled(text: string, digits: number): bigint | undefined {
  if (text.length > digitsMax) return undefined
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text)
  if (!match) return undefined
  const [, sign, whole = '', fraction = '', exponentText = '0'] = match
  const exponent = Number(exponentText) - fraction.length + digits
  if (Math.abs(exponent) > exponentMax) return undefined
  const mantissa = BigInt(`${sign}${whole}${fraction}`)
  if (exponent >= 0) return mantissa * 10n ** BigInt(exponent)
  const divisor = 10n ** BigInt(-exponent)
  return mantissa % divisor === 0n ? mantissa / divisor : undefined
}
