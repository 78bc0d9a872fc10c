import type { FreshnessShown, GrantDetail, Risk } from './grant-contract.ts'

/** The part of the contract about campaigns of access reviews; see contract.ts. */

export type CampaignState =
  | 'DRAFT'
  | 'STAGED'
  | 'ACTIVE'
  | 'OVERDUE'
  | 'ENFORCING'
  | 'REMEDIATING'
  | 'CLOSED'
  | 'CANCELLED'

export type ItemState =
  | 'UNREVIEWED'
  | 'DECIDED'
  | 'SECOND_LEVEL'
  | 'APPLIED'
  | 'VERIFIED'
  | 'NO_RESPONSE'
  | 'VOIDED'

export type ReviewDecision = 'keep' | 'narrow' | 'time-bound' | 'revoke'

/** Which grants: every condition given has to hold. */
export type CampaignScope = {
  functions?: string[] | undefined
  owners?: string[] | undefined
  risks?: Risk[] | undefined
  grants?: string[] | undefined
  /** Only those that are stale before then (RFC 3339). */
  stale_before?: string | undefined
}

export type ReviewerRule =
  | { kind: 'owner' }
  | { kind: 'function-owner' }
  | { kind: 'groups'; groups: string[] }
  | { kind: 'people'; people: string[] }

export type CampaignAsked = {
  name: string
  scope: CampaignScope
  /** Who reviews an item: the first of these that leaves somebody. */
  reviewers: ReviewerRule[]
  levels?: 1 | 2 | undefined
  /** RFC 5545 RRULE. */
  recurrence?: string | undefined
  /** Absent: now. */
  opens_at?: string | undefined
  due_at: string
  /** When what nobody decided is dealt with. */
  grace_until: string
  /** Milliseconds before (negative: after) `due_at`. */
  reminders?: number[] | undefined
  no_response?: 'stale' | 'revoke' | 'keep-flagged' | 'recommendation' | undefined
  justification?: 'always' | 'high' | undefined
  /** Only says which grants it would be about: nothing is opened. */
  dry_run?: boolean | undefined
}

export type CampaignListed = {
  id: string
  name: string
  state: CampaignState
  owner: string
  population: { count: number; excluded: number; hash: string; at: string } | null
  opens_at: string
  due_at: string
  grace_until: string
  created_at: string
}

export type CampaignDetail = CampaignListed & {
  scope: CampaignScope
  reviewers: ReviewerRule[]
  levels: 1 | 2
  recurrence: string | null
  reminders: number[]
  no_response: 'stale' | 'revoke' | 'keep-flagged' | 'recommendation'
  justification: 'always' | 'high'
  previous: string | null
  cancelling: { by: string; reason: string } | null
  /** How many items are in each state. */
  counts: Record<ItemState, number>
}

/** What a campaign with this scope would be about now. */
export type CampaignPreview = {
  count: number
  excluded: number
  /** The first hundred. */
  grants: { grant: string; tier: Risk; reviewers: string[] }[]
  /** Grants nobody may review by these rules. */
  nobody: string[]
}

/** One of the two: what was opened, or with `dry_run` what would have been. */
export type CampaignStarted = {
  campaign: CampaignDetail | null
  preview: CampaignPreview | null
}

export type ItemListed = {
  id: string
  campaign: string
  grant: string
  tier: Risk
  state: ItemState
  content: string
  reviewers: { groups: string[]; people: string[] }
  decision: ReviewDecision | null
  decided_by: string[]
  remediation: { state: string; answer: string | null; at: string } | null
  reopened: string | null
  you: { may_decide: boolean; why_not: string | null }
}

/** An item as a reviewer is shown it: `shown` is what their decision says they looked at. */
export type ItemDetail = ItemListed & {
  shown: string
  /** Null: no rulebook in force has it any more. */
  grant_now: GrantDetail | null
  moved: { by: string; to: { groups: string[]; people: string[] }; note: string; at: string }[]
  decisions: {
    level: 1 | 2
    by: string
    decision: ReviewDecision
    reason: string
    at: string
    when: string[]
    ends_at: string | null
    recommended: string
    /** From when it was shown until it was decided; null: decided in bulk. */
    dwell_ms: number | null
  }[]
}

export type DecisionAsked = {
  decision: ReviewDecision
  reason: string
  /** Of the item as it was looked at. */
  shown: string
  when?: string[] | undefined
  ends_at?: string | undefined
}

/** Many items at once: no keeping of what is high or critical, and one in ten has to have been looked at. */
export type BulkAsked = {
  items: string[]
  decision: 'keep' | 'revoke'
  reason: string
  /** `shown` of those of them that were looked at. */
  shown: string[]
}

export type BulkDone = {
  decided: number
  refused: { item: string; why: string }[]
}

export type ReassignAsked = {
  groups?: string[] | undefined
  people?: string[] | undefined
  note: string
}

/** The evidence pack of a closed campaign. */
export type PackListed = {
  /** Names of its files; the same bytes whenever they are fetched. */
  files: string[]
  /** Index of the record that binds its manifest; null where the log does not hold it any more. */
  record: number | null
}

/** What goes stale or lapses in the days that were asked about, soonest first. */
export type Forecast = {
  days: number
  grants: {
    grant: string
    owner: string | null
    tier: Risk
    freshness: FreshnessShown
    /** Null: not known. */
    calls_30: number | null
    /** Callers that are no people: what would stand still. */
    machines: string[]
  }[]
}
