import type { Approval } from '../model/approval.ts'
import type { ClearanceTerms } from '../model/clearance.ts'
import type { Party } from '../model/principal.ts'

/** Who answers, and how they proved who they are. A principal fits, and so does an operator's sign-in. */
export type Person = {
  readonly subject: Party
  readonly actors: readonly Party[]
  readonly authentication: { readonly method: 'oidc' | 'operator' | 'api-key' | 'slack' }
  /** How strongly they had proved it, and when (Unix milliseconds); absent: nobody said. */
  readonly assurance?: Assurance
}

/** What a token says of the sign-in it came of (OpenID Connect Core 1.0 section 2: acr, amr, auth_time). */
export type Assurance = {
  readonly acr?: string
  readonly amr: readonly string[]
  readonly signedInAt: number
}

/** One person's answer. */
export type Ballot = {
  /** Of the approval. */
  readonly id: string
  readonly person: Person
  readonly verdict: 'approve' | 'deny'
  /** Required to deny; to approve, where the flow says so. */
  readonly reason: string
  /** `Approval.offer` as the person was shown it. */
  readonly sawDigest: string
  /** Which of their groups the vote is for; absent: the first that it can count for. */
  readonly group?: string
  /** Party id of the person who is away and for whom they vote; absent: for themselves. */
  readonly onBehalfOf?: string
  /** Where it was cast. */
  readonly channel: 'admin' | 'slack'
}

/** Less than what is on offer, from somebody who may vote on it. */
export type CounterOffer = Omit<Ballot, 'verdict'> & {
  /** Narrower than `Approval.terms`: see narrows.ts. */
  readonly terms: ClearanceTerms
}

export type Voted = { readonly approval: Approval } | { readonly refused: VoteRefused }

/** Why somebody may not vote on this. Public: the admin API answers with it. */
export const votesRefused = {
  'approval-unknown': 'There is no such approval.',
  'approval-closed': 'The decision was made already, or its deadline has passed.',
  'not-a-person': 'Only a person who signed in as themselves may vote.',
  'own-call':
    'This call is yours: made by you, for you, or through an agent, a key or an account of yours. Somebody else decides.',
  'not-an-approver': 'You are in none of the groups whose vote is open now.',
  'not-on-slack': 'A vote on this call needs a sign-in to the gateway.',
  'not-a-delegate': 'That person has not asked you to vote for them, or is not away any more.',
  locked: 'You are locked, or the person you vote for is.',
  'already-voted': 'You have voted on this already.',
  'other-digest': 'What you were shown is not what is on offer now. Look at it again.',
  'reason-required': 'This vote needs a reason, or a longer one.',
  'reason-too-long': 'The reason is too long.',
  'not-narrower': 'A counter-offer only narrows: fewer uses, less time, more conditions.',
  'condition-invalid': 'A condition is no expression over the arguments of this function.',
  busy: 'Others are voting on this at the same moment. Try again.',
} as const

export type VoteRefused = keyof typeof votesRefused
