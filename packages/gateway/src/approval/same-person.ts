/**
 * Whether two party ids mean one person. An operator's key says nothing about who the person is at an
 * identity provider, so the same local name counts as the same person: `operator:sam` is `corp:sam`.
 */
export function isSamePerson(one: string, other: string): boolean {
  if (one === other) return true
  const byName = one.startsWith(operators) || other.startsWith(operators)
  return byName && localName(one) === localName(other)
}

function localName(id: string): string {
  return id.slice(id.indexOf(':') + 1).toLowerCase()
}

/** No issuer can be named so: see config/schema.ts. */
const operators = 'operator:'
