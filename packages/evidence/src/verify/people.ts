import { type LeafRecord, partyId } from '../record.ts'

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

type Called = Extract<LeafRecord, { type: 'call.authorized' | 'call.denied' }>

/**
 * Ids of the parties of a call as its session lists them: the subject, the current actor, earlier ones. The
 * caller is the current actor, or the subject where nobody acts for them.
 */
export function namedParties({
  caller,
  obo = [],
}: Pick<Called, 'caller' | 'obo'>): readonly string[] {
  if (!caller) return []
  const [subject, ...earlier] = obo.map(partyId)
  return subject === undefined ? [partyId(caller)] : [subject, partyId(caller), ...earlier]
}
