import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noApprovalRules } from '../model/approval-rules.ts'
import type { PrincipalScope } from '../model/grant.ts'
import type { DutyRule } from '../model/review-rules.ts'
import { dutyConflicts } from './duties.ts'

const rule: DutyRule = {
  id: 'create-and-pay',
  reason: 'r',
  left: ['vendors.*'],
  right: ['payments.send'],
  effect: 'deny',
  approvers: [],
  exempt: [],
}

/** `user:corp:sam`, `agent:corp:bot`, `group:leads`, `any`. */
function scopeOf(text: string): PrincipalScope {
  if (text === 'any') return { kind: 'any' }
  const name = text.slice(text.indexOf(':') + 1)
  if (text.startsWith('group:')) return { kind: 'group', group: name }
  return { kind: 'party', type: text.startsWith('user:') ? 'User' : 'Agent', id: name }
}

const approvals = {
  ...noApprovalRules,
  groups: { clerks: ['corp:sam', 'corp:dana'], payers: ['corp:sam.admin', 'corp:kim'] },
  people: [{ id: 'corp:sam', accounts: ['corp:sam.admin'], agents: ['corp:bot'] }],
}

/** Grants as `who function …`; conflicts as `who: left | right`. */
function check(
  grants: readonly string[],
  expected: readonly string[],
  changes: Partial<DutyRule> = {},
): void {
  const listed = grants.map((text, at) => {
    const [who = '', ...functions] = text.split(' ')
    return { id: `g${at}`, functions, principal: scopeOf(who) }
  })
  const found = dutyConflicts({ grants: listed, duties: [{ ...rule, ...changes }], approvals })
  const told = found.map(({ subject, left, right }) => {
    const who =
      subject.kind === 'person'
        ? subject.id
        : subject.kind === 'group'
          ? subject.group
          : 'everybody'
    return `${who}: ${left.join(' ')} | ${right.join(' ')}`
  })
  assert.deepEqual(told, expected)
}

const both = ['user:corp:kim vendors.create', 'user:corp:kim payments.send']
type Row = readonly [
  name: string,
  grants: readonly string[],
  expected: readonly string[],
  changes?: Partial<DutyRule>,
]
const rows: readonly Row[] = [
  ['nobody has anything', [], []],
  ['one side', ['user:corp:kim vendors.create', 'user:corp:kim vendors.edit'], []],
  ['two people', ['user:corp:kim vendors.create', 'user:corp:lee payments.send'], []],
  ['one person with both', both, ['corp:kim: g0 | g1']],
  ['one grant to both', ['user:corp:kim vendors.create payments.send'], ['corp:kim: g0 | g0']],
  ['who is exempt', both, [], { exempt: ['corp:kim'] }],
  ['whose group is', both, [], { exempt: ['payers'] }],
  ['a rule with an object is about calls', both, [], { object: { left: '$.v', right: '$.v' } }],
  [
    'a person and their agent',
    ['user:corp:sam vendors.create', 'agent:corp:bot payments.send'],
    ['corp:sam: g0 | g1'],
  ],
  [
    'a person and their other account',
    ['user:corp:sam vendors.create', 'user:corp:sam.admin payments.send'],
    ['corp:sam: g0 | g1'],
  ],
  [
    'members of two listed groups, by whatever account',
    ['group:clerks vendors.create', 'group:payers payments.send'],
    ['corp:sam: g0 | g1'],
  ],
  [
    'a listed group and a grant of one’s own',
    ['group:clerks vendors.create', 'user:corp:dana payments.send'],
    ['corp:dana: g0 | g1'],
  ],
  [
    'a group that only tokens know',
    ['group:staff vendors.create', 'group:staff payments.send'],
    ['staff: g0 | g1'],
  ],
  [
    'a listed group that has both: said once',
    ['group:clerks vendors.create', 'group:clerks payments.send'],
    ['clerks: g0 | g1'],
  ],
  [
    'and whoever of it has more',
    ['group:clerks vendors.create payments.send', 'user:corp:dana payments.send'],
    ['corp:dana: g0 | g0 g1', 'clerks: g0 | g0'],
  ],
  ['two such groups: nobody can see', ['group:a vendors.create', 'group:b payments.send'], []],
  [
    'that group is exempt',
    ['group:staff vendors.create', 'group:staff payments.send'],
    [],
    { exempt: ['staff'] },
  ],
  [
    'what everybody has counts for each',
    ['any vendors.create', 'user:corp:lee payments.send', 'group:staff payments.send'],
    ['corp:lee: g0 | g1', 'staff: g0 | g2'],
  ],
  [
    'everybody, and then nobody by name',
    ['any vendors.create', 'any payments.send', 'user:corp:lee payments.send'],
    ['everybody: g0 | g1'],
  ],
  [
    'everything is on a side',
    ['user:corp:kim crm.get'],
    ['corp:kim: g0 | g0'],
    { left: ['*'], right: ['crm.get'] },
  ],
]
for (const [name, grants, expected, changes] of rows) {
  test(name, () => check(grants, expected, changes))
}
