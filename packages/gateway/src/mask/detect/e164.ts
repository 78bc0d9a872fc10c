import metadata from 'libphonenumber-js/min/metadata'

/**
 * Whether digits behind a `+` are a telephone number (ITU-T E.164) of the numbering plan of their
 * country, as libphonenumber describes it. Only its data is used: its parser takes ten microseconds.
 */
export type E164 = 'valid' | 'possible' | 'impossible'

/** `first`: digits before the first separator, which stands behind the country code or later. */
export function checkE164(digits: string, first: number): E164 {
  for (let length = 1; length <= 3; length++) {
    const plans = plansOf.get(digits.slice(0, length))
    if (plans === undefined) continue
    if (first < length) return 'impossible'
    const national = digits.slice(length)
    let best: E164 = 'impossible'
    for (const { lengths, pattern } of plans) {
      if (!lengths.includes(national.length)) continue
      if (pattern.test(national)) return 'valid'
      best = 'possible'
    }
    return best
  }
  return 'impossible'
}

/** The national number of some country with a trunk prefix, or without one where it has none. */
type Plan = { readonly lengths: readonly number[]; readonly pattern: RegExp }

/**
 * A plan is an array whose first fields are calling code, international prefix, pattern of national
 * numbers and their lengths (libphonenumber-js metadata, version 4). The patterns come with the
 * package, are anchored here and see at most 14 digits, so they are no way in.
 */
function planOf(fields: readonly unknown[]): Plan {
  const pattern = String(fields[2])
  const lengths = Array.isArray(fields[3]) ? fields[3].map(Number) : []
  return { lengths, pattern: new RegExp(`^(?:${pattern})$`) }
}

const plansOf: ReadonlyMap<string, readonly Plan[]> = new Map<string, readonly Plan[]>([
  ...Object.entries(metadata.country_calling_codes).map(
    ([code, countries]) =>
      [code, countries.map((country) => planOf(metadata.countries[country] ?? []))] as const,
  ),
  ...Object.entries(metadata.nonGeographic).map(([code, plan]) => [code, [planOf(plan)]] as const),
])
