import { hints } from '../detect/hint-bits.ts'
import { alphabets, alphabetsOf } from './alphabet.ts'
import { forgetName, names, takeNumber, takeWord } from './names.ts'
import { wordBits } from './words.ts'

/**
 * What the name of a field, column or key says about a secret in it, as bits of a hint
 * (`detect/hint-bits.ts`). Allocates nothing.
 */
export function secretHintOf(bytes: Uint8Array, from: number, to: number): number {
  forgetName()
  let at = from
  while (at < to) {
    const byte = bytes[at] ?? 0
    const sets = alphabetsOf[byte] ?? 0
    if ((sets & alphabets.digit) !== 0) {
      takeNumber(at, at + 1)
      at += 1
    } else if ((sets & alphabets.alnum) !== 0 || byte > 0x7f) at = Math.abs(takeWord(bytes, at, to))
    else at += 1
  }
  const { bits, unsure } = names
  forgetName()
  if (bits === 0) return 0
  // `token_something` may be anything that is about a token: only what looks random counts there.
  if (unsure) return hints.key
  return (
    ((bits & wordBits.password) !== 0 ? hints.password : 0) |
    ((bits & wordBits.secret) !== 0 ? hints.token : 0) |
    ((bits & wordBits.plainKey) !== 0 ? hints.key : 0) |
    ((bits & (wordBits.key | wordBits.scheme)) !== 0 ? hints.key | hints.service : 0) |
    ((bits & wordBits.service) !== 0 ? hints.service : 0)
  )
}

/** The bits of the words of a name, from the hint they gave. */
export const wordBitsOf = (hint: number): number =>
  // What only the vocabulary of fields knows, such as `cvv`, may be as plain as a password.
  ((hint & hints.password) !== 0 || (hint & (hints.secret | own)) === hints.secret
    ? wordBits.password
    : 0) |
  ((hint & (hints.token | hints.secret)) !== 0 ? wordBits.secret : 0) |
  ((hint & hints.key) !== 0 ? wordBits.plainKey : 0) |
  ((hint & hints.service) !== 0 ? wordBits.service : 0)

const own = hints.password | hints.token | hints.key | hints.service
