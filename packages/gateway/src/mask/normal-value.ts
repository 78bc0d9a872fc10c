/**
 * The spelling under which equal values are equal: for allow-lists, pseudonyms and surrogates. Only what separates
 * groups is left out: points of an address and dashes of a date part numbers that others would be without them.
 */
export function normalValue(type: string, text: string): string {
  if (type === 'EMAIL_ADDRESS' || type === 'IP_ADDRESS') return text.toLowerCase()
  if (asWritten.has(type)) return text
  const joined = text.replace(type === 'MAC_ADDRESS' ? /[\s:./_-]/g : /[\s()./_-]/g, '')
  return /^\+?[\dA-Za-z]+$/.test(joined) && /\d/.test(joined) ? joined.toUpperCase() : text
}

const asWritten: ReadonlySet<string> = new Set([
  ...['SECRET', 'CRYPTO', 'PERSON', 'ADDRESS', 'LOCATION'],
  ...['DATE_OF_BIRTH', 'DATE_TIME', 'URL'],
])
