/** Findings of the check of grants, their reviews, and functions that wait for their owner; see codes.ts. */
export const reviewFindings = {
  'grant-unknown': [
    'reviews',
    'failure',
    'A call counted on a grant that is not in its rulebook, or that its decision does not name.',
  ],
  'grant-missing': [
    'reviews',
    'failure',
    'A party of a call needed a grant, and the record says of none.',
  ],
  'grant-other-party': [
    'reviews',
    'failure',
    'A call counted on the grant of somebody who is no party of it.',
  ],
  'grant-revoked-called': [
    'reviews',
    'failure',
    'A call was authorised by a grant that was revoked.',
  ],
  'grant-lapsed-called': [
    'reviews',
    'failure',
    'A call was authorised by a grant whose review had lapsed.',
  ],
  'grant-ended-called': ['reviews', 'failure', 'A call was authorised by a grant after its end.'],
  'grant-narrowed-called': [
    'reviews',
    'failure',
    'A call was authorised by a grant outside of what a review had narrowed it to.',
  ],
  'grant-stale-called': [
    'reviews',
    'failure',
    'A call was authorised by a grant whose review was overdue, and its owner had not agreed to it.',
  ],
  'freshness-unfounded': [
    'reviews',
    'failure',
    'A call counted on a grant as fresher than the records before it say.',
  ],
  'certification-content': [
    'reviews',
    'failure',
    'What was certified is not the grant as a rulebook of that time has it.',
  ],
  'certification-too-long': [
    'reviews',
    'failure',
    'A grant was certified for longer than its rulebook says, or for no time.',
  ],
  'review-by-one': ['reviews', 'failure', 'What takes two different people was done by one.'],
  'review-unproposed': [
    'reviews',
    'failure',
    'A second person agreed to what the first had not proposed, or who certified had not decided.',
  ],
  'review-not-a-person': ['reviews', 'failure', 'What reviewed, or agreed, is no person.'],
  'grant-state': [
    'reviews',
    'failure',
    'A grant was revoked or restored that was so already, or certified while it was revoked.',
  ],
  'put-off-too-long': [
    'reviews',
    'failure',
    'A review was put off for longer than it may be: an exemption is for 90 days, an extension for 7.',
  ],
  'extension-repeated': [
    'reviews',
    'failure',
    'A grant was extended a second time without having been certified.',
  ],
  'timed-unknown': [
    'reviews',
    'failure',
    'Access for a while was settled that nobody had asked for, or that was settled before.',
  ],
  'timed-own': ['reviews', 'failure', 'Somebody agreed to access of their own.'],
  'timed-changed': [
    'reviews',
    'failure',
    'Access for a while was given wider than it was asked for.',
  ],
  'timed-too-long': ['reviews', 'failure', 'Access for a while was given for more than 30 days.'],
  'timed-not-given': [
    'reviews',
    'failure',
    'A call counted on access for a while that was not given for it, or was over.',
  ],
  'function-quarantined-called': [
    'reviews',
    'failure',
    'A call of a function was authorised while it was quarantined.',
  ],
  'function-not-held': [
    'reviews',
    'failure',
    'A function was accepted that was not quarantined, or with another description than was found.',
  ],
  'function-not-registered': [
    'reviews',
    'failure',
    'A gateway ended a quarantine by itself, and no rulebook registers what was found.',
  ],
  'campaign-unknown': [
    'reviews',
    'failure',
    'The record names a campaign that was not opened before, or opens one twice.',
  ],
  'campaign-order': [
    'reviews',
    'failure',
    'A campaign went back to a state it had left, or on from its end.',
  ],
  'campaign-population': [
    'reviews',
    'failure',
    'A campaign ended with another population than was frozen, or without all of it.',
  ],
  'review-closed': ['reviews', 'failure', 'An item was decided while its campaign asked nobody.'],
  'review-reviewer': [
    'reviews',
    'failure',
    'Somebody reviewed in a campaign of their own, or their own grant.',
  ],
  'review-in-bulk': [
    'reviews',
    'failure',
    'A grant of high or critical risk was kept without having been looked at.',
  ],
  'review-unapplied': [
    'reviews',
    'failure',
    'A campaign was closed although a grant that was to be revoked was not.',
  ],
} as const
