import { kindOf, kinds } from './classes.ts'
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
  let count = 0
  let separator = 0
  let rest = 0
  let head = 0
  let lower = 0
  let upper = 0
  let at = start
  for (; at < to && count < length; at++) {
    const byte = bytes[at] ?? 0
    const kind = kindOf[byte] ?? 0
    if (kind === kinds.digit) {
      if (count < 2) return start
      if (count < 4) head = head * 10 + byte - 0x30
      else rest = (rest * 10 + byte - 0x30) % 97
    } else if (kind === kinds.letter) {
      if (count === 2 || count === 3) return start
      if ((byte & 0x20) !== 0) lower += 1
      else upper += 1
      if (count > 3) rest = (rest * 100 + (byte & 0xdf) - 0x37) % 97
    } else {
      if (!isSeparator(byte, separator) || count < 4) return start
      const next = kindOf[bytes[at + 1] ?? 0] ?? 0
      if (at + 1 >= to || (next & (kinds.digit | kinds.letter)) === 0) return start
      separator = byte
      continue
    }
    count += 1
  }
  if (count < length || (lower > 0 && upper > 0)) return start
  if (at < to && ((kindOf[bytes[at] ?? 0] ?? 0) & (kinds.digit | kinds.letter)) !== 0) return start
  // Country and check digits are read last: two letters, two digits.
  const whole = (rest * 1_000_000 + (first + 10) * 10_000 + (second + 10) * 100 + head) % 97
  if (whole !== 1 || head < 2 || head > 98) return start
  add({
    type: 'IBAN_CODE',
    rule: 'iban/mod-97',
    start,
    end: at,
    confidence: 99,
    validator: 'mod-97',
  })
  return at
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
