import type { Lie } from './healthy-log.ts'
import { change, changeDecision, leaveOut, type Row } from './lying.ts'
import { used } from './review-story.ts'

/** Another list of a call is as long as one that was cut, and the record as long as one that had to be. */
const longCall = {
  truncated: 1,
  labels: Array.from({ length: 64 }, (_, n) => `label ${n} ${'-'.repeat(30)}`),
}
const longQuestion = {
  truncated: 1,
  excluded: Array.from({ length: 64 }, (_, n) => `corp:nobody-of-${n} ${'-'.repeat(20)}`),
}
const both =
  (...lies: readonly Lie[]): Lie =>
  (step, log) =>
    lies.reduce((steps, lie) => steps.flatMap((one) => lie(one, log)), [step])

const one = { flow: 'treasury', groups: ['clerks'], quorum: 1 }
const alone = { steps: [one, { flow: 'treasury', groups: ['leads'], quorum: 1 }] }
/** The treasury asks for a clerk and two leads; here one lead suffices. */
const fourEyes = (excuse: object): Row[1] => ({
  'window-asked': change({ ...alone, ...excuse }),
  ...{ 'joe-yes': leaveOut, 'for-ann': leaveOut },
})
const fewer: Row[2] = [
  ['approval-flow', 'window-asked'],
  ['approval-other-people', 'window-call'],
  ['approval-other-people', 'window-call-2'],
]
const mail = { entity: 'EMAIL_ADDRESS', how: 'redact', n: 1, path: '$.note', rule: 'mail' }
const mails = (length: number) => ({ truncated: 1, masked: Array.from({ length }, () => mail) })
const notShort = (record: string): Row[2] => [['record-not-shortened', record]]

/** `truncated` excuses what stood at the ends of lists that were cut, and nothing else. */
export const shortenedLies: readonly Row[] = [
  ['a record that lost the ends of its lists', { 'committed-outcome': change(mails(64)) }, []],
  [
    'one that lost none',
    { 'committed-outcome': change({ ...mails(64), truncated: 0 }) },
    notShort('committed-outcome'),
  ],
  [
    'one with a list of another length',
    { 'committed-outcome': change(mails(63)) },
    notShort('committed-outcome'),
  ],
  ['one that is short', { 'committed-outcome': change(mails(8)) }, []],
  ['fewer people asked, in a record that is short', fourEyes({ truncated: 1 }), fewer],
  ['fewer people asked, in a record of which another list was cut', fourEyes(longQuestion), fewer],
  [
    'a mask that was not required, in a record of which another list was cut',
    { stream: both(change(longCall), changeDecision({ obligations: [] })) },
    [['mask-not-obliged', 'stream']],
  ],
  [
    'the grant of one party, in a record of which another list was cut',
    { 'fresh-use': change({ ...longCall, grants: [used('corp:sam', 'FRESH')] }) },
    [['grant-missing', 'fresh-use']],
  ],
  [
    'no grants, in a record that was cut',
    { 'fresh-use': change({ ...longCall, grants: undefined }) },
    [['grant-missing', 'fresh-use']],
  ],
  [
    'a rule that is missing, in a record of which another list was cut',
    { stream: both(change(longCall), changeDecision({ rules: [] })) },
    [
      ['decision-rules', 'stream'],
      ['rule-effect', 'stream'],
    ],
  ],
  [
    'fewer who agreed, in a record of which another list was cut',
    { 'window-call': change({ ...longCall, approvals: [{ by: 'corp:lee', id: 'apr_2' }] }) },
    [['approval-other-people', 'window-call']],
  ],
  [
    'other groups, in a record of which another list was cut',
    { approved: both(change(longCall), changeDecision({ obligations: [] })) },
    [['approval-groups', 'approved']],
  ],
]
