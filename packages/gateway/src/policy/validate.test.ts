import assert from 'node:assert/strict'
import { test } from 'node:test'
import { httpFunctionOf } from '../../test/rulebook-parts.ts'
import { compilePolicies } from './compile.ts'
import { parsePolicies } from './parse.ts'

const fn = httpFunctionOf({
  id: 'crm.get',
  argumentSchema: {
    type: 'object',
    required: ['id', 'size', 'weird'],
    properties: {
      id: { $ref: '#/$defs/id' },
      size: { type: ['integer', 'null'] },
      tree: { $ref: '#/$defs/tree' },
      weird: { oneOf: [{ type: 'string' }, { type: 'integer' }] },
      when: { enum: ['now', 'later'] },
    },
    $defs: {
      id: { type: 'string' },
      tree: {
        type: 'object',
        properties: { name: { type: 'string' }, below: { $ref: '#/$defs/tree' } },
      },
    },
  },
})

function check(policy: string, wanted: readonly string[]): void {
  const text = `@id("p") @reason("r")${policy.startsWith('@') ? ' ' : '\n'}${policy}`
  const { policies, problems } = parsePolicies([{ file: 'a.cedar', text }])
  assert.deepEqual(problems, [])
  const told = compilePolicies(policies, [fn]).problems.map(
    ({ line, column, message, hint }) => `${line}:${column} ${message}${hint ? ` (${hint})` : ''}`,
  )
  assert.deepEqual(told, wanted)
}

const when = (condition: string) => `forbid (principal, action, resource)\nwhen { ${condition} };`
const cases: readonly (readonly [name: string, policy: string, wanted: readonly string[]])[] = [
  [
    'typed arguments',
    when('context.args.id == "x" && context.args has size && context.args.size > 1'),
    [],
  ],
  [
    'a reference that recurs',
    when('context.args has tree.below.name && context.args.tree.below.name like "*"'),
    [],
  ],
  ['listed values', when('context.args has when && context.args.when == "now"'), []],
  [
    'parties',
    when('context has actor && context.actor has agent && context.actor.agent in Group::"g"'),
    [],
  ],
  [
    'time and source',
    when(
      'context.time < datetime("2027-01-01") && context.source.ip.isIpv4() && context.session.id == "" && context.session.labels.contains("x")',
    ),
    [],
  ],
  [
    'a misspelt argument',
    when('context.args.idd == "x"'),
    ['3:8 attribute `args.idd` in context for Action::"crm.get" not found (did you mean `id`?)'],
  ],
  [
    'a misspelt function',
    'forbid (principal, action == Action::"crm.gte", resource);',
    ['2:30 unrecognized action `Action::"crm.gte"` (did you mean `Action::"crm.get"`?)'],
  ],
  [
    'an argument of several types',
    when('context.args.weird == "x"'),
    [
      '3:8 attribute `args.weird` in context for Action::"crm.get" not found (crm.get declares "weird" without one type that policies know: they cannot read it. Free-form values and alternatives have none)',
    ],
  ],
  [
    'an argument that may be null',
    when('context.args.size > 1'),
    [
      '3:8 unable to guarantee safety of access to optional attribute `args.size` in context for Action::"crm.get" (try testing for the attribute\'s presence with `context.args has size && ..`)',
    ],
  ],
  [
    'a wrong type',
    when('context.args.id > 1'),
    ['3:8 unexpected type: expected Long but saw String'],
  ],
  [
    'an impossible policy',
    when('false'),
    ['1:1 policy is impossible: the policy expression evaluates to false for all valid requests'],
  ],
  [
    'an approval that could not help',
    '@approval("g") forbid (principal, action, resource);',
    [
      '1:1 "p" can be approved, but never reads context.approval: no approval would help (add: unless { context has approval && context.approval.groups.contains("g") })',
    ],
  ],
]

for (const [name, policy, wanted] of cases) test(name, () => check(policy, wanted))
