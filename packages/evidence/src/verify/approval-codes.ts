/** Findings of the check of approvals, of the clearances that came of them, and of emergencies; see codes.ts. */
export const approvalFindings = {
  'approval-unknown': [
    'approvals',
    'failure',
    'The record names an approval that was not asked for before.',
  ],
  'approval-repeated': ['approvals', 'failure', 'An approval was asked for twice under one id.'],
  'approval-flow': [
    'approvals',
    'failure',
    'People were asked in other steps than the rulebook has for these groups.',
  ],
  'approval-terms': ['approvals', 'failure', 'More was asked for than the rulebook offers.'],
  'approval-offer': [
    'approvals',
    'failure',
    'A vote is on something else than what was on offer then.',
  ],
  'approval-widened': [
    'approvals',
    'failure',
    'A counter-offer is not narrower than what was on offer.',
  ],
  'approval-own-call': [
    'approvals',
    'failure',
    'Somebody voted on a call made by, for or through themselves.',
  ],
  'approval-not-a-person': [
    'approvals',
    'failure',
    'What voted, or acted for people, is no person.',
  ],
  'approval-locked': ['approvals', 'failure', 'Somebody who was locked voted.'],
  'approval-delegate': [
    'approvals',
    'failure',
    'Somebody voted for a person who had not let them, or not any more.',
  ],
  'approval-voted-twice': ['approvals', 'failure', 'One person voted twice on one offer.'],
  'approval-step': ['approvals', 'failure', 'A vote counts in a step that was not open to it.'],
  'approval-vote-group': [
    'approvals',
    'failure',
    'A vote counts through a group that was not asked in its step.',
  ],
  'approval-not-listed': [
    'approvals',
    'failure',
    'A vote counts through a group of which the rulebook does not list the person.',
  ],
  'approval-escalation': [
    'approvals',
    'failure',
    'More people were let vote than the rulebook says, or sooner.',
  ],
  'approval-late': ['approvals', 'failure', 'An approval was voted on after its time was over.'],
  'approval-closed': ['approvals', 'failure', 'An approval was changed after it had ended.'],
  'approval-unmet': ['approvals', 'failure', 'An approval was given by too few people.'],
  'approval-state': [
    'approvals',
    'failure',
    'An approval became something that does not follow from its records.',
  ],
  'question-altered': [
    'approvals',
    'failure',
    'People were shown another question than the one about the call.',
  ],
  'approval-not-cited': [
    'approvals',
    'failure',
    'A call required an approval and cites none, or no clearance.',
  ],
  'approval-other-people': [
    'approvals',
    'failure',
    'A call cites other approvers than those who approved.',
  ],
  'approval-groups': [
    'approvals',
    'failure',
    'Other groups were asked than those whose approval the call required.',
  ],
  'approval-other-call': [
    'approvals',
    'failure',
    'An approval was used by another call than those it was given for.',
  ],

  'clearance-unknown': [
    'approvals',
    'failure',
    'The record names a clearance that was not issued before.',
  ],
  'clearance-repeated': ['approvals', 'failure', 'A clearance was issued twice under one id.'],
  'clearance-too-long': [
    'approvals',
    'failure',
    'A clearance may be claimed for longer than people agreed to.',
  ],
  'clearance-digest': [
    'approvals',
    'failure',
    'A clearance was claimed for something else than it was given for.',
  ],
  'clearance-overused': [
    'approvals',
    'failure',
    'A clearance was claimed more often than it allows, or twice by one call.',
  ],
  'clearance-use-number': [
    'approvals',
    'failure',
    'A claim is not counted on from the one before it.',
  ],
  'clearance-late': ['approvals', 'failure', 'A clearance was claimed after its time was over.'],
  'clearance-closed': [
    'approvals',
    'failure',
    'A clearance was claimed, or changed, after it had ended.',
  ],
  'clearance-state': [
    'approvals',
    'failure',
    'A clearance became something that does not follow from its records.',
  ],
  'clearance-unclaimed': [
    'approvals',
    'failure',
    'A call cites a clearance that it had not claimed.',
  ],
  'clearance-condition': [
    'approvals',
    'failure',
    'A call does not fit the conditions of the clearance it used.',
  ],
  'clearance-use-open': [
    'approvals',
    'notice',
    'Clearances were claimed for calls of which nothing more is told.',
  ],

  'deferral-state': [
    'approvals',
    'failure',
    'A deferred call became something that does not follow from its records, or was made twice.',
  ],

  'delegation-own': [
    'approvals',
    'failure',
    'Somebody was made their own delegate, or made themselves the delegate of another.',
  ],
  'delegation-repeated': [
    'approvals',
    'failure',
    'Somebody let two people at a time vote for them.',
  ],
  'delegation-unknown': [
    'approvals',
    'failure',
    'A delegation was ended that was not made, or had ended.',
  ],

  'break-glass-repeated': ['approvals', 'failure', 'A glass was broken twice under one id.'],
  'break-glass-not-allowed': [
    'approvals',
    'failure',
    'A glass was broken in a way that the rulebook does not allow.',
  ],
  'break-glass-too-long': ['approvals', 'failure', 'A glass was broken for more than an hour.'],
  'break-glass-suspended': [
    'approvals',
    'failure',
    'A glass was broken by somebody whose earlier use was not reviewed in time, or was unjustified.',
  ],
  'break-glass-other-person': [
    'approvals',
    'failure',
    'A glass was broken for a call of somebody else.',
  ],
  'break-glass-unknown': [
    'approvals',
    'failure',
    'A glass was reviewed that nobody had broken before.',
  ],
  'break-glass-own-review': [
    'approvals',
    'failure',
    'Somebody reviewed a glass that they had broken themselves.',
  ],
  'break-glass-reviewer': [
    'approvals',
    'failure',
    'A glass was reviewed by somebody whom the rulebook does not name for that.',
  ],
  'break-glass-reviewed-twice': [
    'approvals',
    'failure',
    'A glass was reviewed again that had been found justified.',
  ],
  'break-glass-unreviewed': ['approvals', 'notice', 'Nobody has reviewed a broken glass in time.'],
} as const
