import assert from 'node:assert/strict'
import { test } from 'node:test'
import { approvedDone, type Case, check, done, fails, type Row } from '../../test/pipeline-yard.ts'
import { noApprovalRules } from '../model/approval-rules.ts'
import type { DutyMark } from '../model/duty.ts'
import type { DutyRule } from '../model/review-rules.ts'

const duty: DutyRule = {
  id: 'two-people',
  reason: 'Who creates a vendor does not pay it.',
  left: [],
  right: [],
  object: { left: '$.id', right: '$.id' },
  effect: 'deny',
  approvers: [],
  exempt: [],
}
const mark: DutyMark = {
  rule: 'two-people',
  side: 'left',
  object: 'o',
  person: 'corp:sam',
  at: 0,
  since: 0,
}
/** A call on the left of this rule, of which the right was done already, or was not. */
function dutyCase(
  rule: Partial<DutyRule>,
  { met = [], object = 'c-1' }: { readonly met?: readonly string[]; readonly object?: string } = {},
): Case {
  const named = object === '' ? undefined : object
  const side = { rule: { ...duty, ...rule }, side: 'left', object: named } as const
  return {
    rules: { dutySides: () => [side] },
    gate: { duties: async () => ({ marks: [mark], bars: [{ ...mark, side: 'right' }], met }) },
    chunks: [],
  }
}
const met = { met: ['two-people'] }

const rows: readonly Row[] = [
  ['nobody did the other part', dutyCase({}), done],
  [
    'who did the other part is refused',
    dutyCase({}, met),
    ['denied duties-conflict at guarded', 'refused duties-conflict'],
  ],
  [
    'what the call is about cannot be told: refused as well',
    dutyCase({}, { object: '' }),
    ['denied duties-conflict at guarded', 'refused duties-conflict'],
  ],
  [
    'who is exempt is not asked',
    {
      ...dutyCase({ exempt: ['corp:sam'] }, met),
      gate: { duties: () => assert.fail('it was asked') },
    },
    done,
  ],
  [
    'nor under another account of theirs',
    {
      ...dutyCase({ exempt: ['corp:samuel'] }, met),
      rules: {
        ...dutyCase({ exempt: ['corp:samuel'] }).rules,
        approvals: {
          ...noApprovalRules,
          people: [{ id: 'corp:samuel', accounts: ['corp:sam'], agents: [] }],
        },
      },
    },
    done,
  ],
  ['whoever is in an exempt group', dutyCase({ exempt: ['support'] }, met), done],
  [
    'unless the group is listed and they are not in it',
    {
      ...dutyCase({}, met),
      rules: {
        ...dutyCase({ exempt: ['support'] }).rules,
        approvals: { ...noApprovalRules, groups: { support: ['corp:dana'] } },
      },
    },
    ['denied duties-conflict at guarded', 'refused duties-conflict'],
  ],
  ['only flagged', dutyCase({ effect: 'flag' }, met), done],
  [
    'people may agree to it',
    dutyCase({ effect: 'approve', approvers: ['approvers'] }, met),
    approvedDone,
  ],
  ['they are asked where there is something to agree to', dutyCase({ effect: 'approve' }), done],
  [
    'other people do not',
    dutyCase({ effect: 'approve', approvers: ['directors'] }, met),
    [
      'claimed apr_1',
      'clr_1 let go by call-1',
      'denied approval-unusable at guarded',
      'refused approval-unusable',
    ],
  ],
  [
    'duties that cannot be looked at',
    { ...dutyCase({}), gate: { duties: fails } },
    ['denied internal at guarded', 'refused internal'],
  ],
]
for (const [name, given, expected] of rows) test(name, () => check(given, expected))
