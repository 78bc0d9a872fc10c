import { numberEnd, quote, startsNumber, stringEnd } from './json-token.ts'

/**
 * Whether a number that is not whole reads as one, like 1.00000000000000000001: schema and policy would
 * judge the integer, and the upstream could read the fraction.
 */
export function hidesFraction(bytes: Uint8Array, from: number, end: number): boolean {
  let digits = 0
  let hasPoint = false
  let hasExponent = false
  for (let at = from; at < end && !hasExponent; at++) {
    const byte = bytes[at]
    if (byte === point) hasPoint = true
    else if (byte === smallE || byte === capitalE) hasExponent = true
    else if (byte !== minus) digits++
  }
  if (!hasExponent && !(hasPoint && digits > digitsToldApart)) return false
  const source = String.fromCharCode(...bytes.subarray(from, end))
  return Number.isInteger(Number(source)) && !isWhole(source)
}

function isWhole(source: string): boolean {
  const [, whole = '', fraction = '', exponent = '0'] =
    /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source) ?? []
  const digits = whole + fraction
  let zeros = 0
  // An expression for the zeros at the end would try each run of zeros again and again.
  while (zeros < digits.length && digits.at(-1 - zeros) === '0') zeros++
  return zeros === digits.length || Number(exponent) - fraction.length + zeros >= 0
}

/**
 * The same JSON text with every number that a double may not hold exactly in quotes. A parser that hands
 * out the text of each number is many times slower than one look at the bytes.
 */
export function quoteNumbers(bytes: Uint8Array): string {
  // One character for one byte, so that places in the bytes are places in the text.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  const pieces: string[] = []
  let taken = 0
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === quote) {
      at = stringEnd(bytes, at)
      if (at < 0) break
    } else if (startsNumber(bytes[at])) {
      const end = numberEnd(bytes, at)
      const source = text.slice(at, end)
      if (!Number.isSafeInteger(Number(source))) {
        pieces.push(text.slice(taken, at), `"${source}"`)
        taken = end
      }
      at = end - 1
    }
  }
  pieces.push(text.slice(taken))
  return Buffer.from(pieces.join(''), 'latin1').toString('utf8')
}

/** Decimals of so many digits are different doubles (IEEE 754 binary64), so none of them reads as another. */
const digitsToldApart = 15
const minus = 0x2d
const point = 0x2e
const capitalE = 0x45
const smallE = 0x65
