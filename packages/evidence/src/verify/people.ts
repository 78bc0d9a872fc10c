import { type LeafRecord, type Party, partyId } from '../record.ts'

/**
 * Whether two ids of parties are one person, as far as a record can tell. An operator's key says nothing of
 * who its holder is at an identity provider, so one local name is one person: `operator:Sam`, `corp:sam`.
 */
export function isSamePerson(one: string, other: string): boolean {
  if (one === other) return true
  const isByName = one.startsWith('operator:') || other.startsWith('operator:')
  return isByName && localName(one) === localName(other)
}

/** Somebody whom an issuer names: neither a key nor a gateway itself. */
export function isPerson(by: string): boolean {
  return !by.startsWith('key:') && !by.startsWith('gateway:') && /^[^:]+:./.test(by)
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

/** Whether a session's parties are those that a call names, in the order of `namedParties`. */
export function areParties(
  parties: readonly Party[],
  { caller, obo }: { readonly caller: Party; readonly obo: readonly Party[] },
): boolean {
  if (parties.length !== obo.length + 1) return false
  const callerAt = obo.length === 0 ? 0 : 1
  return parties.every((party, at) => {
    const named = at === callerAt ? caller : obo[at < callerAt ? at : at - 1]
    return named !== undefined && isSameParty(party, named)
  })
}

function isSameParty(one: Party, other: Party): boolean {
  const isSpeltAlike = one.iss === other.iss && one.sub === other.sub
  return isSpeltAlike || partyId(one) === partyId(other)
}
