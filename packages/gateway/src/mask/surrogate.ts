import { normalValue } from './normal-value.ts'
import { newHmac } from './strategy.ts'

/**
 * Another value of the same form that is nobody's, the same one for equal values, however they are grouped: names and numbers that are
 * reserved (RFC 2606, RFC 5737, RFC 3849, RFC 7042, 555-01xx) or whose check digits are wrong. Undefined for a type that has
 * none: then nothing is invented.
 */
export function surrogateOf(type: string, value: string, key: Uint8Array): string | undefined {
  const normal = normalValue(type, value)
  const stream = newHmac(key).update(`surrogate:${type}:${normal}`).digest()
  switch (type) {
    case 'EMAIL_ADDRESS':
      return `user-${stream.toString('hex', 0, 6)}@example.invalid`
    case 'PHONE_NUMBER':
      return `+1 555 555 01${twoDigits(stream)}`
    case 'US_SSN':
      // No number begins with 000.
      return groupedAs(
        value,
        `000${twoDigits(stream, 2)}${twoDigits(stream, 4)}${twoDigits(stream, 6)}`,
      )
    case 'CREDIT_CARD':
      // A magnetic track holds a name besides.
      return isNumber.test(value) ? groupedAs(value, wrongCard(normal, stream)) : undefined
    case 'IBAN_CODE':
      return groupedAs(value, wrongIban(normal, stream))
    case 'IP_ADDRESS':
      return value.includes(':')
        ? `2001:db8::${stream.toString('hex', 0, 2)}:${stream.toString('hex', 2, 4)}`
        : `192.0.2.${stream[0] ?? 0}`
    case 'MAC_ADDRESS':
      return `00-00-5E-00-53-${stream.toString('hex', 0, 1).toUpperCase()}`
    default:
      return undefined
  }
}

const isNumber = /^[\d\s./_\p{Pd}\p{Po}-]+$/u

function twoDigits(stream: Uint8Array, at = 0): string {
  return String(((stream[at] ?? 0) * 256 + (stream[at + 1] ?? 0)) % 100).padStart(2, '0')
}

/** These characters, in the groups and the case of letters in which the value is written. */
function groupedAs(value: string, characters: string): string {
  const left = characters.replace(/[^0-9A-Za-z]/g, '')
  let at = 0
  return value.replace(/[0-9A-Za-z]/g, (before) => {
    const character = left[at++] ?? ''
    return /[a-z]/.test(before) ? character.toLowerCase() : character
  })
}

/** Other digits, and a check digit that Luhn refuses. */
function wrongCard(value: string, stream: Uint8Array): string {
  const digits = otherDigits(value, stream)
  const at = digits.search(/\d(?=\D*$)/)
  const right = luhnDigit(digits.slice(0, at).replace(/\D/g, ''))
  return `${digits.slice(0, at)}${(right + 1 + ((stream[31] ?? 0) % 9)) % 10}${digits.slice(at + 1)}`
}

/** Check digits run from 02 to 98; of 00 and 01 at least one does not even add up (ISO 13616, ISO 7064). */
function wrongIban(value: string, stream: Uint8Array): string {
  const [country, account] = [value.slice(0, 2), otherDigits(value.slice(4), stream)]
  const addsUp = remainder97(`${account}${country}00`) === 1n
  return `${country}${addsUp ? '01' : '00'}${account}`
}

function remainder97(text: string): bigint {
  const digits = text.replace(/[^0-9A-Za-z]/g, '').replace(/[A-Za-z]/g, (letter) => {
    return String(Number.parseInt(letter, 36))
  })
  return BigInt(digits) % 97n
}

function otherDigits(text: string, stream: Uint8Array): string {
  let at = 0
  return text.replace(/[0-9A-Za-z]/g, (character) => {
    const byte = stream[at++ % stream.length] ?? 0
    if (/\d/.test(character)) return String((byte + at) % 10)
    const base = character < 'a' ? 65 : 97
    return String.fromCharCode(base + ((byte + at) % 26))
  })
}

/** The digit that would make these digits pass (ISO/IEC 7812-1). */
function luhnDigit(digits: string): number {
  const sum = [...digits].reverse().reduce((total, digit, place) => {
    const doubled = Number(digit) * (place % 2 === 0 ? 2 : 1)
    return total + (doubled > 9 ? doubled - 9 : doubled)
  }, 0)
  return (10 - (sum % 10)) % 10
}
