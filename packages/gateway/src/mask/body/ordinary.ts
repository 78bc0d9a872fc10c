/**
 * Whether a text is a point in time (RFC 3339) and nothing else: the most frequent string of bodies that
 * has many digits and holds no value. A field that is named for one is not asked.
 */
export function isTime(bytes: Uint8Array, from: number, to: number): boolean {
  const length = to - from
  if (length < shortest || length > longest) return false
  for (let at = 0; at < shortest; at += 1) {
    const byte = bytes[from + at] ?? 0
    const wanted = form[at]
    if (wanted === digit ? byte < 0x30 || byte > 0x39 : byte !== wanted) return false
  }
  for (let at = from + shortest; at < to; at += 1) if (inZone[bytes[at] ?? 0] === 0) return false
  return true
}

/** Whether what `isTime` takes for one has nothing behind its seconds but a fraction and a zone, as RFC 3339 has them. */
export function isPlainTime(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from + shortest
  if (at < to && bytes[at] === 0x2e) {
    const fraction = at + 1
    for (at = fraction; at < to && isDigit(bytes[at] ?? 0); ) at += 1
    if (at === fraction || at - fraction > fractionDigits) return false
  }
  if (at === to) return true
  const sign = bytes[at]
  if (sign === 0x5a) return at + 1 === to
  const hours = (sign === 0x2b || sign === 0x2d) && areTwoDigits(bytes, at + 1, to)
  const minutes = bytes[at + 3] === 0x3a ? at + 4 : at + 3
  return hours && minutes + 2 === to && areTwoDigits(bytes, minutes, to)
}

function areTwoDigits(bytes: Uint8Array, at: number, to: number): boolean {
  return at + 2 <= to && isDigit(bytes[at] ?? 0) && isDigit(bytes[at + 1] ?? 0)
}

/** Clocks count no finer. */
const fractionDigits = 9

const form: Uint8Array = Buffer.from('0000-00-00T00:00:00')
const digit = 0x30
const shortest = form.length
/** With nine digits of a second and a zone. */
const longest = 35
const inZone = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[\d.:+Z-]/.test(String.fromCharCode(byte)) ? 1 : 0,
)

/** Whether a JSON number is written with a fraction or exponent. */
export function isFraction(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (isMark(bytes[at] ?? 0)) return true
  return false
}

/**
 * The digits of a JSON number with a fraction or exponent that is a whole number all the same: some
 * languages write an account number as `4.0e1` or `40.0`. Undefined for sums and coordinates: what
 * identifies anything is whole.
 */
export function wholeNumber(bytes: Uint8Array, from: number, to: number): Uint8Array | undefined {
  let mark = from
  while (mark < to && !isMark(bytes[mark] ?? 0)) mark += 1
  let at = mark
  if (bytes[mark] === 0x2e)
    do at += 1
    while (at < to && bytes[at] === 0x30)
  if (at === to) return bytes.subarray(from, mark)
  if (isDigit(bytes[at] ?? 0) && !hasExponent(bytes, at, to)) return undefined
  const number = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1')
  const parts = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/.exec(number)
  if (parts === null) return undefined
  const [, whole = '', fraction = '', exponent = '0'] = parts
  const digits = `${whole}${fraction}`
  const point = whole.length + Number(exponent)
  if (point < 1 || point > longestWhole || /[^0]/.test(digits.slice(point))) return undefined
  return Buffer.from(digits.slice(0, point).padEnd(point, '0'))
}

/** No identifier is longer. */
const longestWhole = 64

function hasExponent(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (((bytes[at] ?? 0) | 0x20) === 0x65) return true
  return false
}

function isMark(byte: number): boolean {
  return byte === 0x2e || byte === 0x65 || byte === 0x45
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}
