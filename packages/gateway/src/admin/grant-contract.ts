/** The part of the contract about grants and where they stand; see contract.ts. */

export type FreshnessState =
  | 'PROVISIONAL'
  | 'FRESH'
  | 'DUE_SOON'
  | 'STALE'
  | 'LAPSED'
  | 'EXEMPT'
  | 'REVOKED'

export type Risk = 'low' | 'medium' | 'high' | 'critical'

/** Where a grant stands at the moment of the answer, and when that changes by itself. */
export type FreshnessShown = {
  state: FreshnessState
  /** From then on each call by it needs a person. */
  stale_at: string | null
  /** From then on it allows nothing. */
  lapses_at: string | null
}

/** Calls that a grant allowed. Null: not known, which is not the same as none. */
export type GrantUsage = {
  /** Since when they are counted. */
  counted_since: string | null
  calls_7: number | null
  calls_30: number | null
  calls_90: number | null
  last_at: string | null
}

export type GrantListed = {
  /** The policy's id. */
  id: string
  owner: string | null
  /** Why it was given. */
  reason: string | null
  /** Whom it is given to: `anybody`, `User corp:sam`, `Group support`. */
  principal: string
  /** Function ids it covers, where nothing forbids them. */
  functions: string[]
  /** The highest risk of these functions. */
  tier: Risk
  freshness: FreshnessShown
  /** Digest of what it grants, as it is now: what a certification is bound to. */
  content: string
  /** When a rulebook with it was first in force. */
  since: string | null
  content_since: string | null
  expires_at: string | null
  usage: GrantUsage
  /** Party ids of who certified it last. */
  certified_by: string[]
  you: {
    /** May the person who asks certify it now? If not, why. */
    may_certify: boolean
    why_not: string | null
    may_revoke: boolean
  }
}

export type CertificationShown = {
  id: string
  decision: 'keep' | 'narrow' | 'time-bound'
  by: string[]
  reason: string
  when: string[]
  at: string
  valid_until: string
  campaign: string | null
  /** False: what was certified is not what the grant is now. */
  matches: boolean
}

/** What two people agreed on until a date. */
export type AgreedUntil = { until: string; by: string[]; reason: string }

export type ProposalShown = {
  act: 'certify' | 'exempt' | 'extend' | 'restore'
  by: string
  reason: string
  at: string
  until: string | null
  decision: 'keep' | 'narrow' | 'time-bound' | null
  when: string[]
  ends_at: string | null
}

export type GrantUser = {
  party: string
  functions: string[]
  calls_30: number
  calls_90: number
  last_at: string
}

export type GrantDetail = GrantListed & {
  /** The policy's text. */
  text: string
  file: string
  line: number
  review_days: number | null
  /** Response members it is limited to; null: as the function's masks leave them. */
  fields: string[] | null
  /** Cedar expressions that a reviewer narrowed it by. */
  when: string[]
  certification: CertificationShown | null
  ends_at: string | null
  exemption: AgreedUntil | null
  extension: AgreedUntil | null
  revoked: { at: string; by: string; reason: string } | null
  /** What one person wants and a second one has to do as well before it counts. */
  proposal: ProposalShown | null
  /** Who was seen using it in 90 days, most calls first. */
  used_by: GrantUser[]
  /** Other grants for the same principal and functions: without this one, these are still there. */
  other_paths: { grant: string; functions: string[] }[]
  /** How many other principals (parties, groups, everybody) have a grant to each of its functions. */
  peers: { function: string; principals: number }[]
  /** Separation of duties: rules that somebody breaks by having this grant. */
  duties: { rule: string; reason: string }[]
  recommendation: Recommendation
  /** A campaign's items about it that are not decided. */
  open_items: { campaign: string; item: string }[]
}

export type Recommendation = {
  decision: 'keep' | 'narrow' | 'time-bound' | 'revoke' | 'none'
  /** Why, by code; see docs/guides/access-reviews.md. */
  codes: string[]
}

/** "Still justified, as it is now." For critical grants a second person has to say the same. */
export type CertifyAsked = {
  /** Of the grant as it was looked at. */
  content: string
  decision: 'keep' | 'narrow' | 'time-bound'
  reason: string
  /** Cedar expressions, for `narrow`. */
  when?: string[] | undefined
  /** RFC 3339, for `time-bound`. */
  ends_at?: string | undefined
}

export type ReasonGiven = { reason: string }

/** `content`: of the grant as it was looked at. */
export type UntilAsked = { content: string; until: string; reason: string }

export type RestoreAsked = { content: string; reason: string }

/** What one person did. `pending`: a second person has to do the same before it counts. */
export type GrantChanged = { grant: GrantDetail; pending: boolean }

export type WhoCan = {
  function: string
  paths: {
    grant: string
    kind: 'policy' | 'timed'
    principal: string
    freshness: FreshnessShown
    /** True: only for some arguments, or at some times. */
    conditional: boolean
  }[]
  /** What stands above every grant: guardrails about this function. */
  guardrails: { policy: string; reason: string | null; approvers: string[] }[]
}

export type WhatCan = {
  principal: string
  functions: {
    function: string
    /** What a call would meet: let through, held for a person, refused; or a policy reads its arguments. */
    answer: 'permit' | 'hold' | 'refuse' | 'depends'
    grants: { grant: string; freshness: FreshnessShown }[]
  }[]
}

export type TimedGrantAsked = {
  /** Party id it is for; absent: whoever asks. */
  for?: string | undefined
  functions: string[]
  /** Cedar expressions that all have to hold. */
  when?: string[] | undefined
  until: string
  reason: string
}

export type TimedGrantListed = {
  id: string
  party: string
  functions: string[]
  when: string[]
  from: string
  until: string
  reason: string
  by: string[]
  /** `ended`: it was given, and its time is over. */
  state: 'asked' | 'given' | 'refused' | 'revoked' | 'ended'
  created_at: string
  you: { may_decide: boolean; why_not: string | null; may_revoke: boolean }
}
