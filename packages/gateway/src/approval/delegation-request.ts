import type { Delegation } from '../model/delegation.ts'
import type { Person } from './ballot.ts'

/** Somebody is away and lets somebody else vote for them. */
export type DelegationRequest = {
  /** Who says so. */
  readonly person: Person
  /** Party id of who is away; absent: `person`. For somebody else only where the caller knows `person` for an admin. */
  readonly from?: string
  /** Party id of a person. */
  readonly to: string
  /** Which of the approver groups of `from`; absent: all of them. Required for somebody else, and then listed ones. */
  readonly groups?: readonly string[]
  /** Unix milliseconds. */
  readonly untilMs: number
  readonly reason: string
}

export type Delegated =
  | { readonly delegation: Delegation }
  | { readonly refused: DelegationRefused }

/** Why a delegation was not made or ended. Public: the admin API answers with it. */
export const delegationsRefused = {
  'delegation-unknown': 'There is no such delegation, or it has ended.',
  'not-a-person': 'Only a person who signed in as themselves may, and only to another person.',
  'not-yours': 'It is somebody else’s.',
  'to-yourself': 'Nobody is their own delegate, nor makes themselves the delegate of another.',
  locked: 'One of you is locked.',
  'groups-required':
    'Name groups that the person who is away is in; for somebody else, groups that the rulebook lists.',
  'until-invalid': 'It ends in the future, and in 90 days at the latest.',
  'reason-required': 'It needs a reason.',
  'reason-too-long': 'The reason is too long.',
  'already-away': 'Somebody votes for this person already. End that first.',
} as const

export type DelegationRefused = keyof typeof delegationsRefused
