import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FunctionDefinition, Risk } from '../model/function.ts'
import { reaches, whoCan } from './access.ts'
import { compilePolicies } from './compile.ts'
import { parsePolicies } from './parse.ts'

function definition(id: string, risk: Risk = 'low', digest = `sha256:${id}`): FunctionDefinition {
  const [connection = ''] = id.split('.')
  return {
    ...{ id, connection, risk, digest, purpose: '', owner: 'team', sensitivity: 'internal' },
    ...{ idempotent: true, deferrable: false, argumentSchema: { type: 'object' } },
    http: { method: 'POST', path: '/', places: {}, body: 'json' },
    ...{ argumentMasks: [], resultMasks: [], payloads: 'kept' },
  }
}

const catalogue = [
  definition('crm.get'),
  definition('crm.put', 'high'),
  definition('pay.send', 'critical'),
]

const head = '@id("g") @owner("team") @reason("because") @review("90d")'

function listed(text: string, functions: readonly FunctionDefinition[] = catalogue) {
  const { policies, problems } = parsePolicies([{ file: 'a.cedar', text }])
  assert.deepEqual(problems, [])
  return compilePolicies(policies, functions).grants
}

function only(text: string, functions?: readonly FunctionDefinition[]) {
  const [grant, ...others] = listed(text, functions)
  assert.equal(others.length, 0)
  return grant ?? assert.fail('no grant')
}

type Row = readonly [scope: string, functions: string, principal: string, tier: Risk]
const rows: readonly Row[] = [
  ['(principal, action, resource)', 'crm.get crm.put pay.send', 'any', 'critical'],
  ['(principal, action in Action::"crm", resource)', 'crm.get crm.put', 'any', 'high'],
  ['(principal, action == Action::"crm.get", resource)', 'crm.get', 'any', 'low'],
  ['(principal, action, resource in Connection::"pay")', 'pay.send', 'any', 'critical'],
  [
    '(principal == User::"corp:sam", action, resource is Function)',
    'crm.get crm.put pay.send',
    'User corp:sam',
    'critical',
  ],
  [
    '(principal == Agent::"corp:bot", action == Action::"crm.get", resource)',
    'crm.get',
    'Agent corp:bot',
    'low',
  ],
  [
    '(principal in Group::"leads", action == Action::"crm.put", resource)',
    'crm.put',
    'group leads',
    'high',
  ],
  [
    '(principal is Workload, action == Action::"crm.put", resource)',
    'crm.put',
    'any Workload',
    'high',
  ],
  [
    '(principal is Agent in Group::"bots", action == Action::"crm.put", resource)',
    'crm.put',
    'group bots Agent',
    'high',
  ],
]
for (const [scope, functions, principal, tier] of rows) {
  test(`permit ${scope}`, () => {
    const grant = only(`${head} permit ${scope};`)
    assert.deepEqual(
      [grant.functions.join(' '), grant.tier, Object.values(grant.principal).join(' ')],
      [
        functions,
        tier,
        principal.startsWith('User') || principal.startsWith('Agent ')
          ? `party ${principal}`
          : principal,
      ],
    )
  })
}

test('a grant says what it was given for, and what bounds it', () => {
  const text = `${head} @expires("2027-01-01") @fields("$.id, $.name")
    permit (principal, action == Action::"crm.get", resource)
    when { context.session == "s" } // not this
    unless { principal in Group::"guests" };`
  const { content, shape, text: written, functions, ...grant } = only(text)
  assert.deepEqual(grant, {
    id: 'g',
    owner: 'team',
    reason: 'because',
    reviewDays: 90,
    expiresAt: Date.UTC(2027, 0, 1),
    fields: ['$.id', '$.name'],
    principal: { kind: 'any' },
    conditions: ['when { context.session == "s" }', 'unless { principal in Group::"guests" }'],
    tier: 'low',
    file: 'a.cedar',
    line: 1,
  })
  assert.equal(written, text)
  for (const digest of [content, shape]) assert.match(digest, /^sha256:[0-9a-f]{64}$/)
})

test('guardrails are no grants, and grants come in order of their ids', () => {
  const named = (id: string) =>
    `${head.replace('"g"', `"${id}"`)} permit (principal, action, resource);`
  const forbid = '@id("f") @reason("r") forbid (principal, action, resource);'
  assert.deepEqual(
    listed([named('b'), forbid, named('a')].join('\n')).map(({ id }) => id),
    ['a', 'b'],
  )
})

const base = `${head} permit (principal in Group::"leads", action in Action::"crm", resource);`
const [get, put, send] = catalogue as [FunctionDefinition, FunctionDefinition, FunctionDefinition]
const contents: readonly (readonly [
  name: string,
  text: string,
  functions: readonly FunctionDefinition[],
  isSame: boolean,
])[] = [
  ['itself', base, catalogue, true],
  ['other layout and comments', base.replace(' permit', '\n// said\npermit'), catalogue, true],
  ['functions in another order', base, [send, put, get], true],
  ['a function it does not cover', base, [get, put], true],
  ['another principal', base.replace('leads', 'staff'), catalogue, false],
  ['another reason', base.replace('because', 'why not'), catalogue, false],
  ['another condition', base.replace(';', ' when { context.session == "s" };'), catalogue, false],
  ['another definition', base, [{ ...get, digest: 'sha256:new' }, put, send], false],
  ['another risk', base, [{ ...get, risk: 'medium' }, put, send], false],
  ['one function more', base, [...catalogue, definition('crm.list')], false],
]
for (const [name, text, functions, isSame] of contents) {
  test(`the content with ${name} is ${isSame ? 'the same' : 'another'}`, () => {
    const { content } = only(base)
    const other = only(text, functions).content
    if (isSame) assert.equal(other, content)
    else assert.notEqual(other, content)
  })
}

const shapes: readonly (readonly [name: string, text: string, isSame: boolean])[] = [
  ['another id', base.replace('"g"', '"other"'), true],
  ['another owner, reason and review', base.replace('because', 'why').replace('90d', '30d'), true],
  ['another principal', base.replace('leads', 'staff'), false],
  ['another condition', base.replace(';', ' when { context.session == "s" };'), false],
  ['fields', base.replace(' permit', ' @fields("$.id") permit'), false],
]
for (const [name, text, isSame] of shapes) {
  test(`the shape with ${name} is ${isSame ? 'the same' : 'another'}`, () => {
    assert.equal(only(text).shape === only(base).shape, isSame)
    assert.notEqual(only(text).content, only(base).content)
  })
}

test('who can call a function, and whom a scope reaches', () => {
  const grants = listed(
    [
      `${head.replace('"g"', '"a"')} permit (principal, action == Action::"crm.get", resource);`,
      `${head.replace('"g"', '"b"')} permit (principal is User in Group::"leads", action in Action::"crm", resource);`,
      `${head.replace('"g"', '"c"')} permit (principal == User::"corp:sam", action == Action::"pay.send", resource);`,
    ].join('\n'),
  )
  const idsOf = (id: string) => whoCan(grants, id).map((grant) => grant.id)
  assert.deepEqual(['crm.get', 'crm.put', 'pay.send', 'gone'].map(idsOf), [
    ['a', 'b'],
    ['b'],
    ['c'],
    [],
  ])
  const reached = (kind: 'user' | 'agent', id: string, groups: readonly string[]) =>
    grants.filter(({ principal }) => reaches(principal, { kind, id, groups })).map(({ id }) => id)
  assert.deepEqual(reached('user', 'corp:sam', []), ['a', 'c'])
  assert.deepEqual(reached('agent', 'corp:sam', ['leads']), ['a'])
  assert.deepEqual(reached('user', 'corp:dana', ['leads']), ['a', 'b'])
})
