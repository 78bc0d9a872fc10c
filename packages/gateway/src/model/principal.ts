/**
 * Who a call is made by. The words are RFC 8693's: the *subject* is on whose behalf, an *actor* is
 * who does it. A person calling for themselves is a subject without actors.
 */
export type PartyKind = 'user' | 'agent' | 'workload' | 'service'

export type Party = {
  readonly kind: PartyKind
  /** `<issuer's configured name>:<sub>`, so that two issuers can never name the same party. */
  readonly id: string
  /** Group names by the issuer's configured claim rules. */
  readonly groups: readonly string[]
}

export type Principal = {
  readonly subject: Party
  /** Who acts for the subject, in the order of the `act` claim: the current actor first. */
  readonly actors: readonly Party[]
  /** Party ids of people whose doing set this off, by verified claims: who started the CI run. Deny-only. */
  readonly triggeredBy?: readonly string[]
  /** What proved it. `credential` is `sha256:<hex>` of the token or key, never the thing itself. */
  readonly authentication: {
    readonly method: 'oidc' | 'api-key'
    readonly issuer: string
    readonly credential: string
    /** Unix milliseconds. */
    readonly expiresAt: number
  }
  /** Function ids this proof is limited to (an API key's scope; `crm.*` covers a connection). Absent: no limit of its own. */
  readonly scope?: readonly string[]
  /** One authenticated conversation: `ses_…`, derived from the proof, stable while the proof is. */
  readonly session: string
}

/** Who makes the call: the current actor, or the subject when nobody acts for them. */
export function callerOf({ subject, actors }: Principal): Party {
  return actors[0] ?? subject
}

/**
 * The parties whose rights a call needs, each on its own: the subject and, when somebody acts for
 * them, the current actor. Earlier actors are history, not authority (RFC 8693 section 4.1).
 */
export function decidingParties(principal: Principal): readonly Party[] {
  const [current] = principal.actors
  return current ? [principal.subject, current] : [principal.subject]
}
