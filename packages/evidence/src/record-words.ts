/** The closed lists of words that members of records are written with (docs/reference/record.md). */

/** Every way the gateway says no (docs/reference/refusals.md). */
export const refusalWords = [
  'unauthenticated',
  'request-malformed',
  'request-too-large',
  'function-unknown',
  'scope-exceeded',
  'policy-denied',
  'review-lapsed',
  'grant-revoked',
  'function-quarantined',
  'duties-conflict',
  'arguments-invalid',
  'approval-required',
  'approval-denied',
  'approval-unusable',
  'approval-impossible',
  'clearance-revoked',
  'evidence-unavailable',
  'credential-unavailable',
  'upstream-unreachable',
  'upstream-timeout',
  'upstream-failed',
  'result-withheld',
  'caller-left',
  'overloaded',
  'rulebook-missing',
  'rulebook-replaced',
  'internal',
] as const
export type RefusalWord = (typeof refusalWords)[number]

/** What other members are written with, by what the words are of. */
export const words = {
  authn: ['oidc', 'api-key'],
  freshness: ['PROVISIONAL', 'FRESH', 'DUE_SOON', 'STALE', 'LAPSED', 'EXEMPT', 'REVOKED'],
  wants: ['subscribe'],
  /** How far a call came that was not forwarded. */
  stage: ['accepted', 'identified', 'resolved', 'authorized', 'reviewed', 'guarded', 'approved'],
  reconciled: ['restart', 'outcome-lost', 'outage', 'stop'],
  terms: ['call', 'window', 'session'],
  vote: ['approve', 'deny'],
  voted: ['PENDING', 'APPROVED', 'DENIED'],
  channel: ['admin', 'slack'],
  approvalClosed: ['EXPIRED', 'WITHDRAWN', 'SUPERSEDED'],
  clearanceReturned: ['ACTIVE', 'IN_USE'],
  clearanceClosed: ['CONSUMED', 'REVOKED', 'EXPIRED', 'UNKNOWN'],
  glassReviewed: ['justified', 'unjustified'],
  deferral: ['RUNNING', 'DONE', 'FAILED', 'CANCELLED', 'UNKNOWN', 'FORGOTTEN'],
  risk: ['low', 'medium', 'high', 'critical'],
  certified: ['keep', 'narrow', 'time-bound'],
  grantAct: ['certify', 'exempt', 'extend', 'restore'],
  campaignOpened: ['DRAFT', 'STAGED'],
  campaign: ['DRAFT', 'STAGED', 'ACTIVE', 'OVERDUE', 'ENFORCING', 'REMEDIATING', 'CANCELLED'],
  noResponse: ['stale', 'revoke', 'keep-flagged', 'recommendation'],
  reviewed: ['keep', 'narrow', 'time-bound', 'revoke'],
  recommended: ['keep', 'narrow', 'time-bound', 'revoke', 'none'],
  applied: ['keep', 'narrow', 'time-bound', 'revoke', 'no-response'],
  counted: ['keep', 'narrow', 'time-bound', 'revoke', 'no-response', 'voided'],
  remediation: ['applied', 'failed', 'verified'],
  answer: ['permit', 'hold', 'forbid'],
  quarantined: ['drift', 'gone', 'new'],
  signIn: ['oidc', 'operator'],
  exported: ['whole', 'range', 'session'],
} as const

/** One word of each list. */
export type Words = { readonly [List in keyof typeof words]: (typeof words)[List][number] }
