import type { BreakGlass } from '../model/break-glass.ts'
import type { Person } from './ballot.ts'

/** A named person takes the responsibility that approvers would have had. Either `approval` or `functions`. */
export type GlassRequest = {
  readonly person: Person
  /** At least 20 characters: it is what the review is about. */
  readonly reason: string
  /** Where the emergency is written down: a ticket, an incident. */
  readonly incident: string
  /** A pending question about a call of this very person: that one call is let through. */
  readonly approval?: string
  /** Function ids or patterns such as `payments.*`: their calls are let through for a while. */
  readonly functions?: readonly string[]
  /** Milliseconds; absent: as long as the rulebook lets it be. */
  readonly forMs?: number
}

/** Somebody else's judgement of it afterwards. An `unjustified` one may be overturned by another. */
export type GlassReview = {
  /** Of the broken glass. */
  readonly id: string
  readonly person: Person
  readonly verdict: 'justified' | 'unjustified'
  readonly notes: string
}

export type GlassOpened = { readonly glass: BreakGlass } | { readonly refused: GlassRefused }

export type GlassReviewed =
  | { readonly glass: BreakGlass }
  | { readonly refused: GlassReviewRefused }

/** Why somebody may not break the glass. Public: the admin API answers with it. */
export const glassRefused = {
  'not-a-person': 'Only a person who signed in as themselves may.',
  'not-named': 'The rulebook does not name you among those who may.',
  locked: 'You are locked.',
  'sign-in-stale': 'Sign in again first: it has to have been just now.',
  'sign-in-weak': 'Sign in with the strength that the rulebook asks for.',
  'reason-required': 'It needs a reason of at least 20 characters.',
  'reason-too-long': 'The reason or the incident is too long.',
  'incident-required': 'Name the incident or ticket that it is for.',
  'nothing-named': 'Name either a pending approval, or functions.',
  'approval-unknown': 'There is no such approval.',
  'approval-closed': 'The decision was made already, or its deadline has passed.',
  'not-your-call': 'The call is made for somebody else: only they may.',
  'functions-not-covered': 'The rulebook does not let the glass be broken for these functions.',
  'too-long': 'That is longer than the rulebook lets it be.',
  unreviewed: 'An earlier use of yours was not reviewed in time.',
  unjustified: 'An earlier use of yours was found unjustified.',
  'too-often': 'You have done so as often as you may in thirty days.',
  busy: 'The question was changed at the same moment. Look at it again.',
} as const

export type GlassRefused = keyof typeof glassRefused

/** Why somebody may not review it. Public. */
export const glassReviewsRefused = {
  'glass-unknown': 'There is no such use of break-glass.',
  'not-a-person': 'Only a person who signed in as themselves may review.',
  'own-glass': 'Nobody reviews what they did themselves, or what was done for them.',
  'not-a-reviewer': 'You are in none of the groups that review.',
  locked: 'You are locked.',
  'already-reviewed': 'It was reviewed; only a finding of unjustified can be overturned.',
  'notes-required': 'A review needs notes.',
  'notes-too-long': 'The notes are too long.',
  busy: 'Somebody reviewed it at the same moment.',
} as const

export type GlassReviewRefused = keyof typeof glassReviewsRefused
