import type { Approval } from '../model/approval.ts'
import type { Party } from '../model/principal.ts'
import { openGroups } from './machine.ts'
import { isSamePerson } from './same-person.ts'

/** Who votes, and how they proved who they are. A principal fits, and so does an operator's sign-in. */
export type Person = {
  readonly subject: Party
  readonly actors: readonly Party[]
  readonly authentication: { readonly method: 'oidc' | 'operator' | 'api-key' }
}

export type Ballot = {
  readonly id: string
  readonly person: Person
  readonly verdict: 'approve' | 'deny'
  /** Required to deny. */
  readonly reason: string
  /** The digest of what the person was shown. */
  readonly sawDigest: string
  /** Which of their groups the vote is for; absent: the first that it can count for. */
  readonly group?: string
}

/** Why somebody may not vote on this. Public: the admin API answers with it. */
export const votesRefused = {
  'approval-unknown': 'There is no such approval.',
  'approval-closed': 'The decision was made already, or its deadline has passed.',
  'not-a-person': 'Only a person who signed in as themselves may vote.',
  'own-call': 'Nobody votes on a call that is made by them, for them, or with a key they issued.',
  'not-an-approver': 'You are in none of the groups whose vote is still open.',
  'already-voted': 'You have voted on this already.',
  'other-digest': 'What you were shown is not what this approval covers. Look at it again.',
  'reason-required': 'A denial needs a reason.',
  'reason-too-long': 'The reason is too long.',
  busy: 'Others are voting on this at the same moment. Try again.',
} as const

export type VoteRefused = keyof typeof votesRefused

/**
 * May this person vote on this approval, and for which group? Only people approve (DESIGN promise 5):
 * never an agent, a job or a key, and never somebody the call is made by or for. Being an administrator
 * gives no vote. A denial is open to every approver; a yes only where one is still missing.
 *
 * `issuers` are the people who issued the keys that this call was made with.
 */
export function eligibility(
  approval: Approval,
  ballot: Pick<Ballot, 'person' | 'verdict' | 'group'>,
  issuers: readonly string[],
): { readonly group: string } | { readonly refused: VoteRefused } {
  const { subject, actors, authentication } = ballot.person
  const signedIn = authentication.method === 'oidc' || authentication.method === 'operator'
  if (subject.kind !== 'user' || actors.length > 0 || !signedIn) return { refused: 'not-a-person' }
  const involved = [approval.subject, ...approval.actors, ...issuers]
  if (involved.some((party) => isSamePerson(party, subject.id))) return { refused: 'own-call' }
  const candidates = ballot.verdict === 'deny' ? approval.approverGroups : openGroups(approval)
  const theirs = candidates.filter((group) => subject.groups.includes(group))
  const group = ballot.group === undefined ? theirs[0] : theirs.find((one) => one === ballot.group)
  return group === undefined ? { refused: 'not-an-approver' } : { group }
}
