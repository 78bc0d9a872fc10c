/** Findings of the check of commitments: what the log commits to, and what became of it. */
export const payloadFindings = {
  'payload-mismatch': ['commitments', 'failure', 'A payload is not the one its record commits to.'],
  'payload-malformed': ['commitments', 'failure', 'A commitment in a record is no commitment.'],
  'payload-missing': ['commitments', 'failure', 'A payload is not there and nothing explains why.'],
  'payload-lost': [
    'commitments',
    'notice',
    'Payloads of older records were lost when the database was rebuilt from the published log.',
  ],
  'payload-present': ['commitments', 'failure', 'A payload is there that was recorded as gone.'],
  'reading-unfounded': [
    'commitments',
    'failure',
    'A payload was read that no record before commits to, or that was gone by then.',
  ],
  'export-impossible': [
    'commitments',
    'failure',
    'An export is recorded of records that were not there, or of none.',
  ],
  'stream-shrunk': [
    'commitments',
    'failure',
    'A stretch of a stream commits to more bytes than what came after it of the same call.',
  ],
  'expiry-early': [
    'commitments',
    'failure',
    'A payload expired before the time of its class was over.',
  ],
  'expiry-class': [
    'commitments',
    'failure',
    'A payload expired under another class than its function has.',
  ],
  'expiry-period': [
    'commitments',
    'failure',
    'Payloads expired after a time for which no gateway keeps any: under an hour, or over a century.',
  ],
  'retention-changed': [
    'commitments',
    'notice',
    'Payloads of a class are kept for another time than before.',
  ],
  'erasure-unfounded': [
    'commitments',
    'failure',
    'An erasure was asked for of what no record before commits to.',
  ],
  'erasure-unasked': [
    'commitments',
    'failure',
    'A payload was erased that nobody had asked to erase.',
  ],
  'erasure-one-person': ['commitments', 'failure', 'One person alone erased a payload.'],
  'erasure-not-a-person': [
    'commitments',
    'failure',
    'What asked for an erasure, or agreed to it, is no person.',
  ],
  'erasure-locked': [
    'commitments',
    'failure',
    'Somebody asked for an erasure, or agreed to it, who was locked.',
  ],
  'erasure-mismatch': [
    'commitments',
    'failure',
    'What was erased is not what was asked to be erased.',
  ],
} as const
