/**
 * Whether two ids of parties are one person, as far as a record can tell. An operator's key says nothing of
 * who its holder is at an identity provider, so one local name is one person: `operator:Sam`, `corp:sam`.
 */
export function isSamePerson(one: string, other: string): boolean {
  if (one === other) return true
  const isByName = one.startsWith('operator:') || other.startsWith('operator:')
  return isByName && localName(one) === localName(other)
}

function localName(id: string): string {
  return id.slice(id.indexOf(':') + 1).toLowerCase()
}
