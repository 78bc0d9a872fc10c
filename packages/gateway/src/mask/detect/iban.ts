import { isAlnum, kindOf as kindOfByte, kinds } from './classes.ts'
import { add } from './finding.ts'

/**
 * An IBAN (ISO 13616-1) that begins with the two letters at `start`, in one piece or in groups with one
 * space, dash or point between them. The country says how long it is, so each place is read once.
 * Returns where it ends; `start` when there is none.
 */
export function scanIban(bytes: Uint8Array, start: number, to: number): number {
  const first = ((bytes[start] ?? 0) & 0xdf) - 0x41
  const second = ((bytes[start + 1] ?? 0) & 0xdf) - 0x41
  if (first < 0 || first > 25 || second < 0 || second > 25) return start
  const length = lengths[first * 26 + second] ?? 0
  if (length === 0) return start
  const end = formEnd(bytes, start, to, length)
  if (end === start) return start
  // Country and check digits are read last: two letters, two digits.
  const head = ((bytes[start + 2] ?? 0) - 0x30) * 10 + (bytes[start + 3] ?? 0) - 0x30
  if (head < 2 || head > 98) return start
  const whole = (first + 10) * 10_000 + (second + 10) * 100 + head
  if ((remainder(bytes, start + 4, end) * 1_000_000 + whole) % 97 !== 1) return start
  add({
    type: 'IBAN_CODE',
    rule: 'iban/mod-97',
    start,
    end,
    confidence: 99,
    validator: 'mod-97',
  })
  return end
}

/** A constant of this file to the compiler, see `scan.ts`. */
const kindOf: Uint8Array = kindOfByte

/** Where as many letters and digits end as an IBAN of this country has, in one case; `start` when they do not. */
function formEnd(bytes: Uint8Array, start: number, to: number, length: number): number {
  // Two letters stand there, and two digits.
  if (((kindOf[bytes[start + 2] ?? 0] ?? 0) & (kindOf[bytes[start + 3] ?? 0] ?? 0)) !== kinds.digit)
    return start
  const inFours = endInFours(bytes, start, to, length)
  if (inFours > start && inFours < to && isAlnum(bytes[inFours])) return start
  let at = start + 4
  let left = length - 4
  let separator = 0
  for (;;) {
    const begun = at
    const limit = Math.min(to, at + left)
    while (at < limit && ((kindOf[bytes[at] ?? 0] ?? 0) & (kinds.digit | kinds.letter)) !== 0) at++
    left -= at - begun
    if (left === 0) break
    if (at + 1 >= to || !isSeparator(bytes[at] ?? 0, separator) || !isAlnum(bytes[at + 1]))
      return start
    separator = bytes[at] ?? 0
    at += 1
  }
  return (at < to && isAlnum(bytes[at])) || isMixed(bytes, start, at) ? start : at
}

/**
 * The groups of four letters and digits with one separator that were read last. Where many IBANs could
 * begin among such groups, each group is read once and not by all of them. Scanning is synchronous and
 * never nested, so this serves all cells.
 */
let foursFrom = 0
let foursTo = 0
let foursSeparator = 0

/** Nothing is known of the cell that is read next. */
export function forgetFours(): void {
  foursTo = 0
}

/** Where so many letters and digits end if they stand in groups of four, of which the last is whole; else `start`. */
function endInFours(bytes: Uint8Array, start: number, to: number, length: number): number {
  const separator = bytes[start + 4] ?? 0
  const end = start + length + ((length - 1) >> 2)
  if (!isSeparator(separator, 0) || end > to) return start
  const isKnown = start < foursTo && start >= foursFrom && separator === foursSeparator
  if (!isKnown || (start - foursFrom) % 5 !== 0) {
    foursFrom = start
    foursTo = start + 4
    foursSeparator = separator
  }
  while (foursTo < end) {
    if (bytes[foursTo] !== separator || foursTo + 5 > to) return start
    for (let at = foursTo + 1; at < foursTo + 5; at++) if (!isAlnum(bytes[at])) return start
    foursTo += 5
  }
  return end
}

/** Capitals and small letters stand there. */
function isMixed(bytes: Uint8Array, from: number, to: number): boolean {
  let cases = 0
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0
    if (kindOf[byte] === kinds.letter) cases |= caseOf(byte)
  }
  return cases === mixedCase
}

/** One bit for capitals and one for small letters. */
const caseOf = (letter: number): number => 1 << ((letter >> 5) & 1)
const mixedCase = 3

/** Of the number that letters and digits of `[from, to)` write (ISO 7064: `A` is 10), divided by 97. */
function remainder(bytes: Uint8Array, from: number, to: number): number {
  let rest = 0
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0
    const kind = kindOf[byte] ?? 0
    if (kind === kinds.digit) rest = rest * 10 + byte - 0x30
    else if (kind === kinds.letter) rest = rest * 100 + (byte & 0xdf) - 0x37
    // Divided only before it would grow too large.
    if (rest > 9_999_999) rest %= 97
  }
  return rest % 97
}

const isSeparator = (byte: number, before: number): boolean =>
  before === 0 ? byte === 0x20 || byte === 0x2d || byte === 0x2e || byte === 0x5f : byte === before

/** The length of each country's IBAN: the SWIFT registry of IBAN formats. */
export const ibanLengths: Readonly<Record<string, number>> = Object.fromEntries(
  (
    'NO15 BE16 BI27 DK18 FI18 FO18 GL18 NL18 SD18 FK18 MK19 SI19 AT20 BA20 EE20 KZ20 LT20 LU20 XK20 MN20 ' +
    'CH21 HR21 LI21 LV21 CR22 BH22 BG22 DE22 GB22 GE22 IE22 ME22 RS22 VA22 AE23 IL23 IQ23 TL23 OM23 SO23 ' +
    'AD24 CZ24 ES24 MD24 PK24 RO24 SA24 SE24 SK24 TN24 VG24 ' +
    'PT25 ST25 LY25 AZ28 IS26 TR26 FR27 GR27 IT27 MC27 MR27 SM27 DJ27 AL28 BY28 CY28 DO28 GT28 HU28 LB28 ' +
    'NI28 PL28 BR29 EG29 PS29 QA29 UA29 HN28 YE30 JO30 KW30 MU30 MT31 SC31 LC32 RU33 ' +
    'SV28 DZ26 AO25 BF28 BJ28 CF27 CG27 CI28 CM27 CV25 GA27 GQ27 GW25 IR26 KM27 MA28 MG27 ML28 MZ25 NE28 SN28 TD27 TG28'
  )
    .split(' ')
    .map((one) => [one.slice(0, 2), Number(one.slice(2))]),
)

const lengths: Uint8Array = new Uint8Array(26 * 26)
for (const [country, length] of Object.entries(ibanLengths)) {
  lengths[(country.charCodeAt(0) - 0x41) * 26 + country.charCodeAt(1) - 0x41] = length
}
