import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { noApprovalRules } from '../model/approval-rules.ts'
import type { Question } from '../model/decision.ts'
import { rulebookContent } from './digest.ts'
import { readFolder } from './folder.ts'
import type { KnownNames } from './known-names.ts'
import { readRulebook } from './load.ts'

const demo = join(import.meta.dirname, '../../../../examples/rulebooks/demo')
const { files } = await readFolder(demo)

function load(text: string | undefined, known: KnownNames = {}) {
  const approvals = text === undefined ? [] : [{ file: 'approvals.yaml', text }]
  return readRulebook({ ...files, approvals }, known)
}

function loaded(text: string | undefined) {
  const read = load(text)
  assert.ok(!('problems' in read), JSON.stringify(read))
  return read
}

const rules = `flows:
  payments-approvers: { steps: [{ groups: [payments-approvers], quorum: 2 }], reason: 10 }
groups: { payments-approvers: [corp:ada, corp:dana] }
people:
  - { id: corp:ada, agents: [corp:bot, corp:job] }
  - { id: corp:dana }
`

/** Whether the demo's rulebook with these approvals is the one with those. */
function check(one: string | undefined, other: string | undefined, expected: boolean): void {
  assert.equal(loaded(one).rulebook.digest === loaded(other).rulebook.digest, expected)
}

const digests: readonly (readonly [string, string | undefined, string | undefined, boolean])[] = [
  ['nothing said and no file', undefined, '# later\n', true],
  ['nobody who may break the glass', undefined, 'breakGlass: { people: [] }', true],
  ['rules', undefined, rules, false],
  ['layout and comments', rules, rules.replace('flows:', '# who decides\nflows:\n'), true],
  [
    'the order of members',
    rules,
    rules.replace('corp:ada, corp:dana', 'corp:dana, corp:ada'),
    true,
  ],
  ['the order of agents', rules, rules.replace('corp:bot, corp:job', 'corp:job, corp:bot'), true],
  [
    'a default that is said',
    rules,
    rules.replace('reason: 10', 'reason: 10, message: masked'),
    true,
  ],
  ['a quorum', rules, rules.replace('quorum: 2', 'quorum: 1'), false],
  ['a member', rules, rules.replace('corp:dana]', 'corp:kim]'), false],
]
for (const [name, one, other, expected] of digests) {
  test(`digest: ${name}`, () => check(one, other, expected))
}

test('the rules in force are those of the content that the digest stands for', () => {
  const { rulebook, inForce } = loaded(rules)
  assert.deepEqual(JSON.parse(rulebookContent(rulebook)).approvals, {
    flows: JSON.parse(JSON.stringify(inForce.approvals.flows)),
    groups: { 'payments-approvers': ['corp:ada', 'corp:dana'] },
    people: [
      { id: 'corp:ada', accounts: [], agents: ['corp:bot', 'corp:job'] },
      { id: 'corp:dana', accounts: [], agents: [] },
    ],
  })
  assert.equal(loaded(undefined).inForce.approvals, noApprovalRules)
})

test('what gateway.yaml does not know is a problem where it is known', () => {
  const text = rules.replace('reason: 10', 'notify: [oops]').replace('corp:dana]', 'crop:dana]')
  const told = load(text, { channels: ['ops'], issuers: ['corp', 'operator'] })
  const problems = 'problems' in told ? told.problems : []
  assert.deepEqual(
    problems.map(({ file, line, message }) => `${file}:${line} ${message}`),
    [
      'approvals.yaml:2 gateway.yaml has no channel `oops`.',
      'approvals.yaml:3 Nobody signs in as one of `crop`.',
    ],
  )
  loaded(text)
})

test('a constraint is judged by the rules in force', () => {
  const { inForce, rulebook } = loaded(undefined)
  const fn = rulebook.functions.find(({ id }) => id === 'payments.transfer')
  assert.ok(fn)
  const sam = { kind: 'user', id: 'corp:sam', groups: [] } as const
  const question = (amount: number): Question => ({
    parties: [sam],
    subject: sam,
    functionId: fn.id,
    args: { amount },
    session: 'ses_1',
    time: 0,
    source: { protocol: 'http', ip: '127.0.0.1' },
    approvedBy: [],
  })
  const small = 'context.args.amount <= 100'
  const positive = 'context.args.amount > 0'
  assert.equal(inForce.constraintProblem(fn, small), undefined)
  assert.match(inForce.constraintProblem(fn, 'context.args.amuont <= 100') ?? '', /amuont/)
  assert.equal(inForce.fits(fn, [], question(1_000)), true)
  assert.equal(inForce.fits(fn, [small, positive], question(70)), true)
  assert.equal(inForce.fits(fn, [small, positive], question(170)), false)
  assert.equal(inForce.fits(fn, [small, positive], question(-1)), false)
  assert.equal(inForce.fits(fn, [small, 'true } when { true'], question(70)), false)
})
