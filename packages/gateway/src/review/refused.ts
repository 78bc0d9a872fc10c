/** Why somebody may not do this to a grant, a review or a campaign. Public: the admin API answers with it. */
export const reviewsRefused = {
  'grant-unknown': 'No rulebook in force has a grant of this id.',
  'not-a-person': 'Only a person who signed in as themselves decides about access.',
  locked: 'You are locked.',
  'own-access':
    'Nobody decides about access of their own, of their agents or of groups they are in.',
  'not-a-reviewer': 'You are in none of the groups that decide about this.',
  'last-certifier': 'Whoever certified a critical grant last does not certify it again.',
  'campaign-owner': 'Whoever answers for a campaign reviews nothing in it.',
  'duties-conflict': 'Somebody would have grants to both sides of a separation of duties.',
  'other-content': 'The grant is not what you looked at any more. Look at it again.',
  'other-shown': 'This is not what you were shown, or it was too long ago. Look at it again.',
  'reason-required': 'A reason is needed.',
  'reason-too-long': 'The reason is too long.',
  'condition-invalid':
    'A condition is no expression over the arguments of every function of the grant.',
  'end-invalid': 'The end has to be in the future, and not later than the one it has.',
  'until-invalid': 'The date is in the past, or too far in the future.',
  'is-revoked': 'It is revoked. Two people can restore it.',
  'nothing-to-restore': 'It is neither revoked nor narrowed nor at its end.',
  'already-extended': 'It was extended already since it was certified last.',
  'campaign-unknown': 'There is no such campaign.',
  'campaign-closed': 'The campaign is not open any more, or not open yet.',
  'campaign-open': 'Items of it are undecided, and its grace is not over.',
  'campaign-invalid': 'These dates, reviewers or reminders make no campaign.',
  'recurrence-invalid': 'The recurrence is no RRULE with a next date, at most one a day.',
  'scope-empty': 'No grant of the rulebook in force is in this scope.',
  'nobody-to-ask': 'Some grants would have nobody to review them.',
  'item-unknown': 'There is no such item.',
  'item-closed': 'It was decided already, or is asked again as another item.',
  'not-named': 'People are named out of the lists of the reviewers, and nobody names themselves.',
  'already-decided': 'You have decided about it already; somebody else has the second word.',
  'no-bulk': 'Grants of high and critical risk are kept one by one.',
  'look-first': 'One in ten of them has to have been looked at by you first.',
  'too-many': 'These are too many at once.',
  'functions-unknown': 'A function named is not of the rulebook in force.',
  'not-yours': 'You can ask for yourself and for agents of yours.',
  'timed-unknown': 'There is no such timed grant.',
  'timed-closed': 'It was decided already, or it is too late to decide it.',
  'already-voted': 'You have decided about it already.',
  'not-active': 'It is not in force.',
  busy: 'Others are deciding about this at the same moment. Try again.',
} as const

export type ReviewRefused = keyof typeof reviewsRefused

export type Refused = {
  readonly refused: ReviewRefused /** What exactly, without any value. */
  readonly detail?: string
}
