/** The sets of characters tokens are made of, by the name a format writes them with. */
const sets: Readonly<Record<string, RegExp>> = {
  digit: /[0-9]/,
  hex: /[0-9a-f]/,
  anyhex: /[0-9A-Fa-f]/,
  lower: /[a-z]/,
  upper: /[A-Z]/,
  alnum: /[0-9A-Za-z]/,
  lowernum: /[0-9a-z]/,
  uppernum: /[0-9A-Z]/,
  /** RFC 4648 section 6, without padding. */
  base32: /[2-7A-Z]/,
  word: /[0-9A-Za-z_]/,
  /** RFC 4648 section 5, without padding. */
  url: /[0-9A-Za-z_-]/,
  dotted: /[0-9A-Za-z_.-]/,
  base64: /[0-9A-Za-z+/=]/,
  base64url: /[0-9A-Za-z_=-]/,
  uuid: /[0-9A-Fa-f-]/,
  /** As `crypt(5)` writes hashes and salts. */
  crypt: /[0-9A-Za-z./]/,
  /** What an opaque credential may hold: no white space, no quote, nothing that ends a value in text. */
  token: /[0-9A-Za-z_.~+/=%:-]/,
  /** What a value written without quotes may hold. */
  value: /[!#$%*+./0-9:=?@A-Z^_a-z~({[-]/,
  /** The same, and bytes of UTF-8 but for those that begin kana, ideographs, Hangul and all beyond. */
  wide: /[!#$%*+./0-9:=?@A-Z^_a-z~({[\x80-\xe2-]/,
}

const names = Object.keys(sets)

/** The number of an alphabet, which is also its bit in `alphabetsOf`; -1: there is none of that name. */
export const alphabetNumber = (name: string): number => names.indexOf(name)

/** For each byte, the bits of the alphabets it is in. */
export const alphabetsOf: Int32Array = Int32Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte)
  return Object.values(sets).reduce(
    (bits, set, number) => (set.test(char) ? bits | (1 << number) : bits),
    0,
  )
})

const bitOf = (name: string): number => 1 << alphabetNumber(name)

/** The bits of the alphabets that code asks for by name. */
export const alphabets: Readonly<
  Record<
    | 'digit'
    | 'anyhex'
    | 'lower'
    | 'upper'
    | 'alnum'
    | 'word'
    | 'url'
    | 'base64'
    | 'token'
    | 'value',
    number
  >
> = {
  digit: bitOf('digit'),
  anyhex: bitOf('anyhex'),
  lower: bitOf('lower'),
  upper: bitOf('upper'),
  alnum: bitOf('alnum'),
  word: bitOf('word'),
  url: bitOf('url'),
  base64: bitOf('base64'),
  token: bitOf('token'),
  value: bitOf('value'),
}
