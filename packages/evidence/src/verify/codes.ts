import { approvalFindings } from './approval-codes.ts'
import { payloadFindings } from './payload-codes.ts'
import { reviewFindings } from './review-codes.ts'

/** What is checked, in the order in which it is told. docs/reference/verification.md explains each. */
export const checkNames = [
  'signatures',
  'tree',
  'checkpoints',
  'chains',
  'pairing',
  'rulebook',
  'decisions',
  'approvals',
  'reviews',
  'commitments',
  'heartbeats',
  'masks',
] as const
export type CheckName = (typeof checkNames)[number]

/** Findings of all checks but those of approvals, payloads and reviews, which are many. */
const otherFindings = {
  'checkpoint-missing': [
    'signatures',
    'failure',
    'There is no checkpoint, so nothing can be verified.',
  ],
  'checkpoint-malformed': [
    'signatures',
    'failure',
    'The newest checkpoint is not a signed checkpoint.',
  ],
  'checkpoint-untrusted': [
    'signatures',
    'failure',
    'The newest checkpoint is not signed and cosigned as the trust file demands.',
  ],
  'manifest-malformed': [
    'signatures',
    'failure',
    'The list of what the bundle should hold is unreadable.',
  ],
  'manifest-mismatch': [
    'signatures',
    'failure',
    'The bundle says of itself something else than its signed checkpoint does.',
  ],
  'scope-unmet': [
    'signatures',
    'failure',
    'The bundle holds less of the log than was expected of it.',
  ],
  'records-unwitnessed': [
    'signatures',
    'notice',
    'The newest records are signed for by the log alone as yet: it was verified up to the newest checkpoint that witnesses have cosigned.',
  ],
  'key-retired': [
    'signatures',
    'failure',
    'A checkpoint is signed only with a key that had been replaced more than seven days before.',
  ],
  'key-rotation-broken': [
    'signatures',
    'failure',
    'A key was rotated away that was not the one in use at that point.',
  ],
  'key-unrecorded': [
    'signatures',
    'failure',
    'The newest checkpoint is signed with a key that the log does not name as its own.',
  ],

  'tile-missing': ['tree', 'failure', 'A part of the tree is not there.'],
  'tile-mismatch': [
    'tree',
    'failure',
    'A part of the tree does not agree with what lies below or above it.',
  ],
  'tile-stale-mismatch': [
    'tree',
    'failure',
    'An older part of the tree is not a beginning of the newer.',
  ],
  'entries-missing': ['tree', 'failure', 'Records are not there that the tree was built over.'],
  'entries-malformed': ['tree', 'failure', 'A file of records cannot be read as such.'],
  'leaf-altered': ['tree', 'failure', 'The record is not the one that the tree was built over.'],
  'leaf-malformed': [
    'tree',
    'failure',
    'The record is in the tree, but is no record as the format has them.',
  ],
  'tree-cut-off': [
    'tree',
    'failure',
    'So much of the tree is not there that what follows was not looked at.',
  ],
  'root-mismatch': ['tree', 'failure', 'The tree has another root than the signed checkpoint.'],
  'file-unexpected': [
    'tree',
    'failure',
    'A file has a place in the log that nothing of the log accounts for.',
  ],
  'file-unreadable': ['tree', 'failure', 'A file is there and cannot be read.'],
  'file-unknown': ['tree', 'notice', 'A file is no part of the log; it was not looked at.'],

  'archived-malformed': [
    'checkpoints',
    'failure',
    'An archived checkpoint is not the one its name says.',
  ],
  'archived-unsigned': [
    'checkpoints',
    'failure',
    'An archived checkpoint is not signed by a trusted log.',
  ],
  'archived-inconsistent': [
    'checkpoints',
    'failure',
    'The log of today does not begin with the log of an archived checkpoint: history was rewritten.',
  ],
  'archived-ahead': [
    'checkpoints',
    'failure',
    'An archived checkpoint covers more records than the newest one: the log was cut off.',
  ],
  'since-ahead': [
    'checkpoints',
    'failure',
    'A checkpoint from before covers more records than the newest one: the log was rolled back.',
  ],
  'since-inconsistent': [
    'checkpoints',
    'failure',
    'The log of today does not begin with the log of a checkpoint from before: history was rewritten.',
  ],
  'since-unshown': [
    'checkpoints',
    'failure',
    'The bundle shows too little of the log to tell whether it contains a checkpoint from before.',
  ],
  'cosignature-backwards': [
    'checkpoints',
    'failure',
    'A witness signed a larger log at an earlier time than a smaller one.',
  ],

  'genesis-missing': ['chains', 'failure', 'The first record of the log is not its genesis.'],
  'genesis-origin': ['chains', 'failure', 'The genesis names another log than the checkpoint.'],
  'genesis-again': ['chains', 'failure', 'A genesis stands where it is not the first record.'],
  'chain-gap': ['chains', 'failure', 'Records of an instance are missing before this one.'],
  'chain-repeated': ['chains', 'failure', 'An instance has two records at one place of its chain.'],
  'chain-broken': [
    'chains',
    'failure',
    'The record does not name the one before it of its instance.',
  ],
  'boot-unannounced': ['chains', 'failure', 'An instance wrote without having recorded its start.'],
  'boot-unlinked': [
    'chains',
    'failure',
    'An instance started without naming the last record it had written before.',
  ],
  'boot-again': ['chains', 'failure', 'A start is recorded in the middle of a run.'],
  'stop-not-last': ['chains', 'failure', 'An instance wrote after it had recorded its stop.'],
  'recovery-misplaced': [
    'chains',
    'failure',
    'A recovery is recorded elsewhere than right after the start that followed it.',
  ],
  'config-changed': [
    'chains',
    'notice',
    'An instance was started with another configuration than before.',
  ],
  'boot-unclean': ['chains', 'notice', 'An instance ended without recording its stop: it crashed.'],

  'intent-repeated': ['pairing', 'failure', 'A call was authorised twice, or after it had ended.'],
  'intent-without-ending': [
    'pairing',
    'failure',
    'A call was authorised and nothing says how it ended.',
  ],
  'record-shortened': [
    'pairing',
    'notice',
    'The record was too long and lost the ends of its lists: what stood there cannot be checked.',
  ],
  'record-not-shortened': [
    'pairing',
    'failure',
    'The record says that it was shortened, and is none that a gateway shortens.',
  ],
  'call-running': ['pairing', 'notice', 'A call was still running when the checkpoint was made.'],
  'outcome-without-intent': [
    'pairing',
    'failure',
    'An ending is recorded of a call that was not open.',
  ],
  'intent-incomplete': [
    'pairing',
    'failure',
    'A call was authorised and the record does not say who called, what, or by which decision.',
  ],
  'intent-not-allowed': [
    'pairing',
    'failure',
    'A call was authorised although its decision does not allow it.',
  ],
  'intent-mismatch': ['pairing', 'failure', 'An ending names another record as its intent.'],
  'session-mismatch': ['pairing', 'failure', 'A call ended in another session than it began in.'],
  'denial-after-intent': ['pairing', 'failure', 'A call was denied after it had been authorised.'],
  'record-after-denial': ['pairing', 'failure', 'A call went on after it had been denied.'],
  'locked-principal-called': [
    'pairing',
    'failure',
    'A call was authorised of which a party was locked.',
  ],
  'lock-by-locked': ['pairing', 'failure', 'Somebody who was locked locked or unlocked somebody.'],
  'key-issued-again': ['pairing', 'failure', 'An API key was issued under the id of another one.'],
  'key-unknown-called': [
    'pairing',
    'failure',
    'A call was authorised with an API key that nobody had issued.',
  ],
  'key-ended-called': [
    'pairing',
    'failure',
    'A call was authorised with an API key that was revoked, or had expired.',
  ],

  'rulebook-unknown': [
    'rulebook',
    'failure',
    'The record cites a rulebook that was never activated before.',
  ],
  'rulebook-superseded': [
    'rulebook',
    'failure',
    'The record cites a rulebook that had been replaced when policy was asked, or when the call was authorised.',
  ],
  'decision-time': [
    'rulebook',
    'failure',
    'The moment policy was asked is no date, not right before the record, or before its rulebook.',
  ],
  'rule-unknown': [
    'rulebook',
    'failure',
    'A decision names a rule that its rulebook does not have.',
  ],
  'rule-effect': ['rulebook', 'failure', 'A decision names rules that cannot have led to it.'],
  'rulebook-previous': [
    'rulebook',
    'failure',
    'An activation names another rulebook as the one it replaced.',
  ],
  'rulebook-missing': ['rulebook', 'failure', 'The content of an activated rulebook is not there.'],
  'rulebook-altered': [
    'rulebook',
    'failure',
    'The content of a rulebook is not what its digest says.',
  ],
  'function-unknown': [
    'rulebook',
    'failure',
    'The record names a function its rulebook does not have.',
  ],
  'function-digest': [
    'rulebook',
    'failure',
    'The function of the record has another digest than in its rulebook.',
  ],

  'decision-effect': [
    'decisions',
    'failure',
    'Policy, asked again, does not decide as was recorded.',
  ],
  'decision-rules': [
    'decisions',
    'failure',
    'Policy, asked again, names other rules than were recorded.',
  ],
  'session-unknown': ['decisions', 'failure', 'The session of the call was never opened.'],
  'caller-not-in-session': [
    'decisions',
    'failure',
    'The caller is none of the parties of its session.',
  ],

  'heartbeat-gap': [
    'heartbeats',
    'failure',
    'An instance was silent for more than two of its intervals.',
  ],
  'heartbeat-interval': [
    'heartbeats',
    'failure',
    'A heartbeat names an interval that no gateway has: none, or more than ten seconds.',
  ],
  'instance-silent': [
    'heartbeats',
    'notice',
    'An instance fell silent without recording its stop, and the log went on without it.',
  ],
  outage: ['heartbeats', 'notice', 'An instance could write nothing for a while, and says so.'],
  'outage-mismatch': [
    'heartbeats',
    'failure',
    'An outage is not dated from the record before it, so it explains no silence.',
  ],
  'heartbeat-backwards': [
    'heartbeats',
    'failure',
    'The steady clock of an instance ran backwards.',
  ],
  'clock-backwards': ['heartbeats', 'failure', 'A record is dated before the one it follows.'],
  'date-after-cosignature': [
    'heartbeats',
    'failure',
    'A record is dated later than a witness had already seen it.',
  ],
  'date-before-cosignature': [
    'heartbeats',
    'failure',
    'A record is dated more than a day before a witness saw the log without it.',
  ],
  'date-unwitnessed': [
    'heartbeats',
    'notice',
    'From this record on, witnesses first saw the log more than a day after its dates.',
  ],
  'clock-jump': ['heartbeats', 'notice', 'The clock of an instance was set, or the machine slept.'],
  'time-malformed': ['heartbeats', 'failure', 'The date of a record is no date.'],

  'mask-undeclared': ['masks', 'failure', 'A mask was applied that the function does not declare.'],
  'mask-not-obliged': [
    'masks',
    'failure',
    'A mask that the function declares was not required of the call.',
  ],
  'forwarded-unexplained': [
    'masks',
    'failure',
    'Other arguments were forwarded than were received, and no rule of the function says why.',
  ],
  'forwarded-altered': [
    'masks',
    'failure',
    'In the arguments as forwarded something differs that no rule hides from the upstream.',
  ],
  'arguments-other-function': [
    'masks',
    'failure',
    'The arguments of a call are no request for its function.',
  ],
  'mask-not-applied': ['masks', 'failure', 'A value that had to be hidden went back unchanged.'],
} as const

/**
 * Every finding there is: which check makes it, whether it fails the verdict (a notice is worth knowing
 * and fails nothing), and what it means. Codes are stable: a release adds to them and renames none.
 */
export const findings: typeof otherFindings &
  typeof approvalFindings &
  typeof payloadFindings &
  typeof reviewFindings = {
  ...otherFindings,
  ...approvalFindings,
  ...payloadFindings,
  ...reviewFindings,
}

export type FindingCode = keyof typeof findings
