import { Refusal } from '../call/refusal.ts'
import type { IssuerConfig } from '../config/config.ts'
import { limits } from '../config/limits.ts'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import type { Party, PartyKind } from '../model/principal.ts'

/**
 * The parties that verified claims name: the subject, and who acts for them, the current actor first
 * (RFC 8693 section 4.1). `issuers` are all that are configured, because an actor may name its own.
 * Refuses `unauthenticated` for claims that cannot be read whole: a group that was dropped could be
 * the one a guardrail is about.
 */
export function partiesFrom(
  claims: JsonObject,
  { issuer, issuers }: { readonly issuer: IssuerConfig; readonly issuers: readonly IssuerConfig[] },
): { readonly subject: Party; readonly actors: readonly Party[] } {
  const id = claimAt(claims, issuer.subjectClaim)
  const subject: Party = {
    kind: kindOf(claims, issuer, issuer.defaultKind),
    id: partyId(issuer, id),
    groups: groupsOf(claims, issuer),
  }
  const actors: Party[] = []
  for (let act = claims.act; act !== undefined; ) {
    if (!isJsonObject(act)) throw refused('The `act` claim cannot be read.')
    if (actors.length >= limits.actorChain) {
      throw refused(`The token names more than ${limits.actorChain} actors.`)
    }
    const vouching = issuerOfActor(act, issuer, issuers)
    actors.push({
      kind: kindOf(act, vouching, vouching.actorKind),
      id: partyId(vouching, act.sub),
      groups: groupsOf(act, vouching),
    })
    act = act.act
  }
  return { subject, actors }
}

function issuerOfActor(
  act: JsonObject,
  issuer: IssuerConfig,
  issuers: readonly IssuerConfig[],
): IssuerConfig {
  if (act.iss === undefined) return issuer
  const named = issuers.find((one) => one.issuer === act.iss)
  if (!named) throw refused('An actor in the token comes from an issuer that is not accepted here.')
  return named
}

/**
 * Who set this in motion, by the claims that the issuer's rules name, in the token itself and in every actor's
 * part of it. Refuses `unauthenticated` when such a claim is there and names nobody that could be read: somebody
 * who was left out could approve their own call.
 */
export function triggersFrom(
  claims: JsonObject,
  { issuer, issuers }: { readonly issuer: IssuerConfig; readonly issuers: readonly IssuerConfig[] },
): readonly string[] {
  const found = new Set<string>()
  let at: Json | undefined = claims
  let vouching = issuer
  while (isJsonObject(at)) {
    for (const { claim, as } of vouching.triggeredBy) {
      const value = claimAt(at, claim)
      for (const one of Array.isArray(value) ? value : [value]) {
        if (one !== undefined) found.add(`${as}:${nameOf(one)}`)
      }
    }
    at = at.act
    if (isJsonObject(at)) vouching = issuerOfActor(at, vouching, issuers)
  }
  if (found.size > limits.triggeringClaims) {
    throw refused(
      `The token names more than ${limits.triggeringClaims} who set the call in motion.`,
    )
  }
  return [...found]
}

/** Numbers are ids as well, where a provider counts its accounts. */
function nameOf(value: Json): string {
  const name = Number.isSafeInteger(value) ? String(value) : value
  if (typeof name !== 'string' || name.length > limits.partyNameChars || !visible.test(name)) {
    throw refused('The token does not name who set the call in motion in a way that can be used.')
  }
  return name
}

/** Invisible characters are refused: approvers read these names. */
const visible = /^[^\p{C}\p{Zl}\p{Zp}]+$/u

function partyId(issuer: IssuerConfig, id: Json | undefined): string {
  if (typeof id !== 'string' || id.length > limits.partyNameChars || !visible.test(id)) {
    throw refused('The token does not name its subject or an actor in a way that can be used.')
  }
  return `${issuer.name}:${id}`
}

function kindOf(claims: JsonObject, issuer: IssuerConfig, otherwise: PartyKind): PartyKind {
  const rule = issuer.kinds.find(({ when }) => {
    const value = claimAt(claims, when.claim)
    if (when.exists !== undefined) return (value !== undefined) === when.exists
    if (when.startsWith !== undefined) {
      return typeof value === 'string' && value.startsWith(when.startsWith)
    }
    return when.equals !== undefined && value === when.equals
  })
  return rule?.kind ?? otherwise
}

function groupsOf(claims: JsonObject, { groups: rule }: IssuerConfig): readonly string[] {
  // OpenID Connect Core section 5.6.2: the groups are elsewhere, because there are too many of them.
  const elsewhere = claims._claim_names
  if (isJsonObject(elsewhere) && elsewhere[rule.claim] !== undefined) {
    throw refused('The token leaves out its groups, so they cannot be known.')
  }
  const value = claimAt(claims, rule.claim)
  if (value === undefined) return []
  const names: readonly Json[] = Array.isArray(value) ? value : [value]
  if (names.length > limits.groupsPerParty) {
    throw refused(`The token names more than ${limits.groupsPerParty} groups.`)
  }
  const groups = names.map((name) => {
    const usable = typeof name === 'string' && name.length <= limits.partyNameChars
    if (!usable || !visible.test(name)) throw refused('The groups in the token cannot be read.')
    return Object.hasOwn(rule.map, name) ? (rule.map[name] ?? name) : `${rule.prefix}${name}`
  })
  return [...new Set(groups)]
}

/** The claim of exactly this name (which may have dots in it), else along the dotted path. */
export function claimAt(claims: JsonObject, path: string): Json | undefined {
  if (Object.hasOwn(claims, path)) return claims[path]
  return path.split('.').reduce<Json | undefined>((at, step) => {
    return isJsonObject(at) && Object.hasOwn(at, step) ? at[step] : undefined
  }, claims)
}

function refused(detail: string): Refusal {
  return new Refusal('unauthenticated', { detail })
}
