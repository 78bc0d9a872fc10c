import { hintOfCell, noSupport, supportOf, topic } from './context.ts'
import { add } from './finding.ts'
import { hints } from './hint-bits.ts'
import { ibanLengths } from './iban.ts'

/**
 * A BIC (ISO 9362) that is the word at `[start, end)`: eight or eleven characters with a country in
 * the middle. Ordinary words look like it, so a field or a word has to say so.
 */
export function scanBic(bytes: Uint8Array, start: number, end: number): void {
  for (let at = start; at < start + 6; at++) {
    const byte = bytes[at] ?? 0
    if (byte < 0x41 || byte > 0x5a) return
  }
  if (!countries.has((bytes[start + 4] ?? 0) * 256 + (bytes[start + 5] ?? 0))) return
  const named = (hintOfCell() & hints.bic) !== 0
  if (!named && supportOf(bicTopic, start, end) === noSupport) return
  add({
    type: 'SWIFT_BIC',
    rule: 'bic/iso-9362',
    start,
    end,
    confidence: named ? 85 : 75,
    validator: undefined,
  })
}

const bicTopic: number = topic('bic')

/** Countries with banks in SWIFT: those of the IBAN registry and the larger of the others. */
const countries: ReadonlySet<number> = new Set(
  [
    ...Object.keys(ibanLengths),
    ...'US CA MX AR CL CO PE AU NZ JP CN HK SG KR IN ID MY TH VN PH TW ZA NG KE GH TZ UG ET BD LK NP PA UY PY BO EC VE'.split(
      ' ',
    ),
  ].map((country) => country.charCodeAt(0) * 256 + country.charCodeAt(1)),
)
