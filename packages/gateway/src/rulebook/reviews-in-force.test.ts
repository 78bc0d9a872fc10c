import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flowOf, noApprovalRules } from '../model/approval-rules.ts'
import { defaultReviewRules } from '../model/review-rules.ts'
import type { RulebookFiles } from './folder.ts'
import { readRulebook } from './load.ts'

const fn = (name: string, owner: string) => `  - name: ${name}
    purpose: Does it
    owner: ${owner}
    sensitivity: internal
    risk: high
    http: POST /${name}
    arguments: { vendor: string }
`
const permit = (id: string, owner: string, scope: string) =>
  `@id("${id}") @owner("${owner}") @reason("r") @review("90d")\npermit (${scope}, resource);\n`
const policies = [
  permit('create', 'team-erp', 'principal in Group::"clerks", action == Action::"erp.create"'),
  permit('pay', 'team-pay', 'principal == User::"corp:kim", action == Action::"erp.pay"'),
].join('')
const functions = `connection: erp\nfunctions:\n${fn('create', 'team-erp')}${fn('pay', 'team-pay')}`

type Texts = { readonly [Part in 'functions' | 'policies' | 'approvals' | 'reviews']?: string }

function filesOf(texts: Texts): RulebookFiles {
  const single = (file: string, text: string | undefined) =>
    text === undefined ? [] : [{ file, text }]
  const erp =
    'id: erp\nprotocol: http\nupstream: https://erp.example\nprefix: /erp\ncredential: none\n'
  return {
    connections: [{ file: 'connections/erp.yaml', text: erp }],
    functions: [{ file: 'functions/erp.yaml', text: texts.functions ?? functions }],
    policies: [{ file: 'policies/erp.cedar', text: texts.policies ?? policies }],
    ...{ tests: [], masking: [], gitleaks: [] },
    approvals: single('approvals.yaml', texts.approvals),
    reviews: single('reviews.yaml', texts.reviews),
  }
}

function load(texts: Texts) {
  const read = readRulebook(filesOf(texts))
  assert.ok(!('problems' in read), JSON.stringify(read))
  return read
}

/** Problems, or warnings after a `~`, as `file:line message`. */
function check(texts: Texts, expected: readonly string[]): void {
  const read = readRulebook(filesOf(texts))
  const lines = ('problems' in read ? read.problems : read.warnings).map(
    ({ file, line, message }) => `${'problems' in read ? '' : '~ '}${file}:${line} ${message}`,
  )
  assert.deepEqual(lines, expected)
}

const owners = `owners:
  team-erp: { groups: [erp-leads, erp-deputies] }
  team-pay: { groups: [pay-leads] }
`
const duties = (effect: string) =>
  `duties:\n  - { id: two, reason: Two, left: [erp.create], right: [erp.pay], effect: ${effect} }\n`
const kimIsClerk = `groups: { clerks: ['corp:kim', 'corp:lee'] }`

const rows: readonly (readonly [name: string, texts: Texts, expected: readonly string[]])[] = [
  ['no word about reviews', {}, []],
  ['every owner is known', { reviews: owners }, []],
  [
    'a function’s owner, and a grant’s, that nobody stands behind',
    { reviews: 'owners: { team-erp: { groups: [erp-leads] } }' },
    [
      'functions/erp.yaml:12 reviews.yaml has no owner `team-pay`.',
      'policies/erp.cedar:3 reviews.yaml has no owner `team-pay`.',
    ],
  ],
  [
    'a flow of an owner’s group, and a list of it',
    {
      reviews: owners,
      approvals: `flows: { pay-leads: { steps: [{ groups: [pay-leads], quorum: 2 }] } }
groups: { pay-leads: ['corp:a', 'corp:b'], erp-leads: ['corp:c'] }`,
    },
    [],
  ],
  [
    'a flow of an owner without a word about who that is',
    { approvals: 'flows: { team-pay: { reason: 10 } }' },
    [],
  ],
  [
    'a flow of a group that is nobody’s',
    { reviews: owners, approvals: 'flows: { team-pay: {} }' },
    ['approvals.yaml:1 No policy has @approval with `team-pay`.'],
  ],
  [
    'what reviews say cannot be read: then nobody is wrong about it',
    { reviews: 'owners: 7', approvals: 'flows: { erp-leads: {} }' },
    ['reviews.yaml:1 `owners` has to be a mapping (`key: value`).'],
  ],
  [
    'an owner of several groups and a group that policy asks, of one name',
    {
      reviews: owners,
      policies: `${policies}@id("ask") @reason("r") @approval("team-erp") forbid (principal, action, resource)
unless { context has approval && context.approval.groups.contains("team-erp") };`,
    },
    ['reviews.yaml:2 A policy has @approval with `team-erp`: a group, or these groups?'],
  ],
  ['a duty that nobody is against', { reviews: duties('deny') }, []],
  [
    'somebody has both sides',
    { reviews: duties('deny'), approvals: kimIsClerk },
    ['reviews.yaml:2 `corp:kim` has both sides of `two`: create and pay.'],
  ],
  [
    'the same, only flagged',
    { reviews: duties('flag'), approvals: kimIsClerk },
    ['~ reviews.yaml:2 `corp:kim` has both sides of `two`: create and pay.'],
  ],
  [
    'duties ask groups too',
    {
      reviews: `duties:
  - id: same-vendor
    reason: Two
    left: [erp.create]
    right: [erp.pay]
    object: { left: $.vendor, right: $.vendor }
    effect: approve
    approvers: [cfo]
`,
      approvals: "groups: { cfo: ['corp:fay'] }",
    },
    [],
  ],
]
for (const [name, texts, expected] of rows) test(name, () => check(texts, expected))

test('without reviews.yaml an owner is a group of that name, and the defaults hold', () => {
  const { inForce, rulebook } = load({})
  assert.equal(rulebook.reviews, undefined)
  assert.equal(inForce.reviews, defaultReviewRules)
  assert.deepEqual(inForce.approvals, noApprovalRules)
  assert.deepEqual(
    [inForce.ownerGroups('team-erp'), inForce.ownerFlow('team-erp')],
    [['team-erp'], 'team-erp'],
  )
  assert.deepEqual(inForce.ownerGroups('constructor'), ['constructor'])
})

test('an owner of one group is asked by its flow, one of several by a flow of their own', () => {
  const { inForce, rulebook } = load({ reviews: owners })
  assert.deepEqual(inForce.ownerGroups('team-erp'), ['erp-deputies', 'erp-leads'])
  assert.deepEqual(['team-erp', 'team-pay'].map(inForce.ownerFlow), ['team-erp', 'pay-leads'])
  const { steps } = flowOf(inForce.approvals, 'team-erp')
  assert.deepEqual(steps, [
    { name: 'team-erp', groups: ['erp-deputies', 'erp-leads'], quorum: 1, escalation: [] },
  ])
  // Who reads the rulebook by itself, as an auditor does, finds it there.
  assert.deepEqual(rulebook.approvals, inForce.approvals)
})

test('the grants are at hand by their ids', () => {
  const { inForce } = load({})
  assert.deepEqual(
    inForce.grants.map(({ id, functions, tier }) => [id, functions, tier]),
    [
      ['create', ['erp.create'], 'high'],
      ['pay', ['erp.pay'], 'high'],
    ],
  )
  assert.equal(inForce.grant('pay')?.owner, 'team-pay')
  assert.equal(inForce.grant('gone'), undefined)
})

test('what reviews.yaml says is part of the digest', () => {
  const digestOf = (reviews: string | undefined) =>
    load(reviews === undefined ? {} : { reviews }).rulebook.digest
  assert.equal(digestOf('mode: enforce'), digestOf(undefined))
  assert.notEqual(digestOf('mode: report'), digestOf(undefined))
  assert.equal(
    digestOf(owners),
    digestOf(
      'owners:\n  team-pay: { groups: [pay-leads] }\n  team-erp: { groups: [erp-deputies, erp-leads] }',
    ),
  )
})

test('somebody who were given more would have both sides', () => {
  const { inForce } = load({ reviews: duties('deny') })
  const conflictsOf = (party: string, functions: readonly string[]) =>
    inForce
      .dutyConflicts([{ id: 'timed-1', party, functions }])
      .map(({ rule, subject, left, right }) => [rule.id, subject, left, right])
  assert.deepEqual(inForce.dutyConflicts(), [])
  assert.deepEqual(conflictsOf('corp:lee', ['erp.create']), [])
  assert.deepEqual(conflictsOf('corp:kim', ['erp.create']), [
    ['two', { kind: 'person', id: 'corp:kim' }, ['timed-1'], ['pay']],
  ])
})
