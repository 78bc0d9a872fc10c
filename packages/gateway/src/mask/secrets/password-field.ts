import { utf8 } from '../utf8.ts'
import { isOrdinary, isVariable } from './judge.ts'
import { isPlaceholderWhole, measure } from './value.ts'

/**
 * Whether the whole value of a field that is named for a password, and for nothing else, is one: whatever it looks
 * like, unless it is short, stands in for one, is a place or a name in a program, or says something about passwords.
 */
export function isAnyPassword(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from < bytesMin) return false
  measure(bytes, from, to)
  if (isPlaceholderWhole(bytes, from, to) || isOrdinary(bytes, from, to)) return false
  if (to - from > bytesMax) return true
  const text = utf8(bytes, from, to)
  if (place.test(text) || message.test(text)) return false
  if (variable.test(text) && isVariable(bytes, from, to)) return false
  return !isAbout(text)
}

/**
 * Whether the value of a field whose name may as well speak of what passes, `pass` and not `password`, says how a test
 * went, or which one of several passes it is.
 */
export function isResult(bytes: Uint8Array, from: number, to: number): boolean {
  return to - from <= resultBytesMax && result.test(utf8(bytes, from, to))
}

const resultBytesMax = 20
/** A share, a time, so many of them, or words. */
const result =
  /^(?:\d{1,4}(?:\.\d{1,3})? ?(?:%|m?s|min|h)|\d{1,6} of \d{1,6}|(?:first|second|third|last|final|boarding|season)(?: pass)?|pass\/fail|not run|skip|green|red)$/i

/** Flags, marks of a table and such are shorter: `yes`, `n/a`. */
const bytesMin = 4
/** Longer than anything that is said about a password beside it. */
const bytesMax = 256

/** An address, a file, an element of a page, a parameter of a statement. */
const place = /^(?:[a-z][a-z+.-]*:\/\/|(?:~|\.{0,2})\/[a-z_./-]*$|[#.@:]\w*pass\w*$|--?[a-z-]+$)/i
/** The code of a message: `ERR_PASSWORD_TOO_SHORT`. */
const message = /^(?:[a-z]+[._])+password(?:[._][a-z]+)+$/i
const variable = /^[a-z_$]+(?:\.[a-z_$]+)*$/i

/** Words and short numbers only, of which one tells what the sentence is, or none says anything else. */
function isAbout(text: string): boolean {
  const all = text
    .toLowerCase()
    .split(/[\s.,:;!?()'"/]+/)
    .filter((word) => word !== '')
  if (!all.every((word) => /^(?:\p{L}+|\d{1,3})$/u.test(word))) return false
  if (all.length > 2 && all.some((word) => tellingElsewhere.has(word))) return true
  return all.some((word) => telling.has(word)) || all.every((word) => plain.has(word))
}

/** What is said about passwords: in schemas, forms and messages. */
const telling = new Set(
  (
    'must should required requires require enter invalid incorrect wrong missing expired characters character ' +
    'minimum maximum optional cannot forgot forgotten reset changed confirm choose least match matches please ' +
    'mandatory blank allowed expire expires'
  ).split(' '),
)

/** The same in German, French, Spanish, Portuguese, Italian and Dutch: of sentences, because some are short. */
const tellingElsewhere = new Set(
  (
    'muss müssen mindestens höchstens zeichen erforderlich ungültig abgelaufen vergessen doit doivent moins caractères ' +
    'requis obligatoire invalide expiré oublié debe deben caracteres obligatorio obligatoria olvidado olvidaste deve ' +
    'devem obrigatório obrigatória esqueceu almeno caratteri obbligatorio obbligatoria dimenticato moet minstens ' +
    'tekens vereist ongeldig vergeten'
  ).split(' '),
)

/** What a label consists of, and what stands where there is no password. */
const plain = new Set(
  (
    'a an the your my our new old current this that is are was be to of in on at for from with and or not no none ' +
    'null true false set unset undefined provided given field value user username account login admin string text ' +
    'type number integer boolean object password passwords passwort kennwort mot de passe pass passphrase passcode ' +
    'pin email code again repeat retype show hide empty blank same as above unchanged unknown hidden masked redacted ' +
    'removed encrypted disabled enabled default todo label has been have already taken used before too short ' +
    'long weak simple common easy guess can t s doesn isn don nothing here below'
  ).split(' '),
)
