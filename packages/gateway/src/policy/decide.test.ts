import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Decision, Question } from '../model/decision.ts'
import type { FunctionDefinition } from '../model/function.ts'
import type { Json, JsonObject } from '../model/json.ts'
import type { Party } from '../model/principal.ts'
import { compilePolicies } from './compile.ts'
import { parsePolicies } from './parse.ts'

const ann: Party = { kind: 'user', id: 'okta:ann', groups: ['support'] }
const bot: Party = { kind: 'agent', id: 'okta:bot', groups: ['agents'] }
const stranger: Party = { kind: 'user', id: 'okta:eve', groups: [] }

const argumentSchema: JsonObject = {
  type: 'object',
  required: ['amount'],
  properties: {
    amount: { type: 'integer' },
    rate: { type: 'number' },
    note: { type: ['string', 'null'] },
    labels: { type: 'array', items: { type: 'string' } },
    to: { type: 'object', properties: { city: { type: 'string' }, lat: { type: 'number' } } },
    anything: {},
  },
}

function definition(id: string): FunctionDefinition {
  return {
    id,
    connection: 'pay',
    purpose: '',
    owner: 'payments',
    sensitivity: 'internal',
    risk: 'low',
    idempotent: true,
    deferrable: false,
    http: { method: 'POST', path: '/', places: {}, body: 'json' },
    argumentSchema,
    argumentMasks: [],
    resultMasks: [],
    payloads: 'kept',
    digest: '',
  }
}

const grant = (id: string, rest: string) =>
  `@id("${id}") @owner("payments") @reason("r") @review("90d") permit ${rest};`
const toAnn = grant(
  'to-ann',
  '(principal in Group::"support", action == Action::"pay.refund", resource)',
)
const toBot = grant(
  'to-bot',
  '(principal is Agent, action in Action::"pay", resource) when { context has onBehalfOf.user && context.onBehalfOf.user in Group::"support" }',
)
const big = `@id("big") @reason("Large") @approval("finance")
forbid (principal, action, resource) when { context.args.amount > 100 }
unless { context has approval && context.approval.groups.contains("finance") };`
const risky = `@id("risky") @reason("Risky") @approval("risk")
forbid (principal is User, action, resource) when { context.args.amount > 1000 }
unless { context has approval && context.approval.groups.contains("risk") };`
const shaky = grant(
  'shaky',
  '(principal in Group::"support", action, resource) when { context.args.amount < 5 }',
)
const never = `@id("never") @reason("Never") forbid (principal, action, resource) when { context.args.amount > 9000 };`
const rate = `@id("rate") @reason("Rate") forbid (principal, action, resource) when { context.args has rate && context.args.rate.greaterThan(decimal("1.5")) };`
const city = `@id("city") @reason("City") forbid (principal, action, resource) when { context.args has to.city && context.args.to.city like "At*" };`
const note = `@id("note") @reason("Note") forbid (principal, action, resource) when { context.args has note };`
const labels = `@id("labels") @reason("Labels") forbid (principal, action, resource) when { context.args has labels && context.args.labels.contains("x") };`
const inside = `@id("inside") @reason("Inside") forbid (principal, action, resource) unless { context.source.ip.isInRange(ip("10.0.0.0/8")) };`
const longer = `@id("longer") @reason("Longer") forbid (principal, action, resource) when { context.args.amount == 9007199254740993 };`

type Asked = {
  readonly parties?: readonly Party[]
  readonly args?: JsonObject
  readonly text?: Readonly<Record<string, string>>
  readonly approvedBy?: readonly string[]
  readonly timed?: Question['timed']
  readonly functionId?: string
  readonly ip?: string
  readonly labels?: readonly string[]
}

/** `permit …grants`, `hold by …groups: …guardrails`, or `forbid …guardrails !…errors`. */
function say(decision: Decision): string {
  const reasons = decision.reasons.map(({ policy }) => policy).join(' ')
  if (decision.effect === 'permit') return `permit ${reasons}`
  if (decision.effect === 'hold') return `hold by ${decision.approverGroups.join(' ')}: ${reasons}`
  return ['forbid', reasons, ...decision.errors.map((id) => `!${id}`)].filter(Boolean).join(' ')
}

function question(asked: Asked): Question {
  const parties = asked.parties ?? [ann]
  const { text } = asked
  return {
    parties,
    subject: parties[0] ?? ann,
    functionId: asked.functionId ?? 'pay.refund',
    args: asked.args ?? { amount: 1 },
    ...(text && { exactNumber: (path: readonly string[]) => text[path.join('.')] }),
    session: 'ses_1',
    ...(asked.labels && { labels: asked.labels }),
    time: 0,
    source: { protocol: 'http', ip: asked.ip ?? '10.1.2.3' },
    approvedBy: asked.approvedBy ?? [],
    ...(asked.timed && { timed: asked.timed }),
  }
}

function check(policies: readonly string[], asked: Asked, wanted: string): void {
  const parsed = parsePolicies([{ file: 'a.cedar', text: policies.join('\n') }])
  const functions = [definition('pay.refund'), definition('pay.list')]
  const compiled = compilePolicies(parsed.policies, functions)
  assert.deepEqual([...parsed.problems, ...compiled.problems], [])
  assert.equal(say(compiled.decide(question(asked))), wanted)
  const { decision } = compiled.explain(question(asked))
  assert.equal(say(decision), wanted)
}

const amount = (value: Json, more: JsonObject = {}): JsonObject => ({ amount: value, ...more })
type Row = readonly [name: string, policies: readonly string[], asked: Asked, wanted: string]
const annTimed = [{ party: 'okta:ann', id: 'timed-1' }]
const noMailAfter = `@id("tainted") @reason("Somebody else may have written what it read")
  forbid (principal, action == Action::"pay.refund", resource)
  when { context.session.labels.contains("untrusted") };`
const approvableAfter = noMailAfter
  .replace('forbid', '@approval("leads") forbid')
  .replace(';', ' unless { context has approval && context.approval.groups.contains("leads") };')
const cases: readonly Row[] = [
  [
    'a guardrail about a session that nothing was brought into',
    [toAnn, noMailAfter],
    {},
    'permit to-ann',
  ],
  [
    'the same when something else was',
    [toAnn, noMailAfter],
    { labels: ['private', 'confidential'] },
    'permit to-ann',
  ],
  [
    'a guardrail about what was brought into the session',
    [toAnn, noMailAfter],
    { labels: ['private', 'untrusted'] },
    'forbid tainted',
  ],
  [
    'a guardrail that has to be approved, for a session with a label',
    [toAnn, approvableAfter],
    { labels: ['untrusted'] },
    'hold by leads: tainted',
  ],
  ['a timed grant alone', [], { timed: annTimed }, 'permit timed-1'],
  ['a timed grant beside a permit', [toAnn], { timed: annTimed }, 'permit to-ann timed-1'],
  ['a timed grant of somebody else', [], { parties: [stranger], timed: annTimed }, 'forbid'],
  [
    'a timed grant of an unknown function',
    [],
    { functionId: 'pay.gone', timed: annTimed },
    'forbid',
  ],
  [
    'a timed grant gives nothing to who acts for its party',
    [],
    { parties: [ann, bot], timed: annTimed },
    'forbid',
  ],
  [
    'each party one of its own',
    [toAnn],
    { parties: [ann, bot], timed: [{ party: 'okta:bot', id: 'timed-2' }] },
    'permit to-ann timed-2',
  ],
  [
    'a guardrail stands above a timed grant',
    [never],
    { args: amount(9001), timed: annTimed },
    'forbid never',
  ],
  [
    'an approvable one as well',
    [big],
    { args: amount(101), timed: annTimed },
    'hold by finance: big',
  ],
  [
    'approved, by a timed grant',
    [big],
    { args: amount(101), timed: annTimed, approvedBy: ['finance'] },
    'permit timed-1',
  ],
  [
    'a guardrail that cannot be evaluated stands too',
    [big],
    { args: {}, timed: annTimed },
    'forbid !big',
  ],
  [
    'a timed grant where only Cedar itself can evaluate',
    [longer],
    { args: amount(5), timed: annTimed },
    'permit timed-1',
  ],
  ['no policy', [], {}, 'forbid'],
  ['a grant', [toAnn], {}, 'permit to-ann'],
  ['a grant of another function', [toAnn], { functionId: 'pay.list' }, 'forbid'],
  ['an unknown function', [toAnn], { functionId: 'pay.gone' }, 'forbid'],
  ['a stranger', [toAnn], { parties: [stranger] }, 'forbid'],
  ['nobody', [toAnn], { parties: [] }, 'forbid'],
  ['an actor without a grant of its own', [toAnn], { parties: [ann, bot] }, 'forbid'],
  ['a subject and an actor', [toAnn, toBot], { parties: [ann, bot] }, 'permit to-ann to-bot'],
  ['an actor for a stranger', [toAnn, toBot], { parties: [stranger, bot] }, 'forbid'],
  ['below the guardrail', [toAnn, big], { args: amount(100) }, 'permit to-ann'],
  ['an approvable guardrail', [toAnn, big], { args: amount(101) }, 'hold by finance: big'],
  ['approved', [toAnn, big], { args: amount(101), approvedBy: ['finance'] }, 'permit to-ann'],
  [
    'approved by others',
    [toAnn, big],
    { args: amount(101), approvedBy: ['x'] },
    'hold by finance: big',
  ],
  ['no approval could help', [big], { args: amount(101) }, 'forbid big'],
  ['two approvals', [toAnn, big, risky], { args: amount(1001) }, 'hold by finance risk: big risky'],
  [
    'two, one in hand',
    [toAnn, big, risky],
    { args: amount(1001), approvedBy: ['finance'] },
    'hold by risk: risky',
  ],
  [
    'each party its own guardrails',
    [toAnn, toBot, big, risky],
    { args: amount(1001), parties: [ann, bot] },
    'hold by finance risk: big risky',
  ],
  ['one that cannot be approved', [toAnn, big, never], { args: amount(9001) }, 'forbid big never'],
  ['a missing argument', [toAnn, big], { args: {} }, 'forbid !big'],
  ['an argument of another type', [toAnn, big], { args: amount('200') }, 'forbid !big'],
  ['a fraction where none may be', [toAnn, big], { args: amount(1.5) }, 'forbid !big'],
  ['a grant that cannot be evaluated', [shaky], { args: {} }, 'forbid !shaky'],
  ['a broken grant beside a sound one', [toAnn, shaky], { args: {} }, 'permit to-ann'],
  ['null is absent', [toAnn, big], { args: amount(null) }, 'forbid !big'],
  [
    'beyond 64 bits',
    [toAnn, big],
    { args: amount(1e19), text: { amount: '10000000000000000000' } },
    'forbid !big',
  ],
  [
    '64 bits',
    [toAnn, never],
    { args: amount(2 ** 63), text: { amount: '9223372036854775807' } },
    'forbid never',
  ],
  [
    'a rounded integer without its text',
    [toAnn, never],
    { args: amount(2 ** 60) },
    'forbid !never',
  ],
  [
    'Cedar itself, exact',
    [toAnn, longer],
    { args: amount(2 ** 53 + 2), text: { amount: '9007199254740993' } },
    'forbid longer',
  ],
  [
    'Cedar itself, one more',
    [toAnn, longer],
    { args: amount(2 ** 53), text: { amount: '9007199254740992' } },
    'permit to-ann',
  ],
  ['Cedar itself, unreadable', [toAnn, longer], { args: amount(1e30) }, 'forbid !longer'],
  ['a decimal', [toAnn, rate], { args: amount(1, { rate: 1.5 }) }, 'permit to-ann'],
  ['a decimal above', [toAnn, rate], { args: amount(1, { rate: 1.5001 }) }, 'forbid rate'],
  ['an integer as decimal', [toAnn, rate], { args: amount(1, { rate: 5 }) }, 'forbid rate'],
  [
    'a decimal with an exponent',
    [toAnn, rate],
    { args: amount(1, { rate: 25 }), text: { rate: '2.5e1' } },
    'forbid rate',
  ],
  [
    'asked by has, too exact to hold',
    [toAnn, rate],
    { args: amount(1, { rate: 1.50001 }) },
    'forbid !rate',
  ],
  ['asked by has, null', [toAnn, rate], { args: amount(1, { rate: null }) }, 'permit to-ann'],
  [
    'a nested argument',
    [toAnn, city],
    { args: amount(1, { to: { city: 'Athens', lat: 1.123456 } }) },
    'forbid city',
  ],
  [
    'a part nobody reads',
    [toAnn, city],
    { args: amount(1, { to: { city: 'Rome', lat: 1.123456 } }) },
    'permit to-ann',
  ],
  [
    'an argument nobody reads',
    [toAnn],
    { args: amount(1.5, { anything: [null] }) },
    'permit to-ann',
  ],
  ['a null is not there', [toAnn, note], { args: amount(1, { note: null }) }, 'permit to-ann'],
  ['a lone surrogate', [toAnn, note], { args: amount(1, { note: '\uD800' }) }, 'forbid !note'],
  ['a set', [toAnn, labels], { args: amount(1, { labels: ['y', 'x'] }) }, 'forbid labels'],
  [
    'a set with a null',
    [toAnn, labels],
    { args: amount(1, { labels: ['y', null] }) },
    'forbid !labels',
  ],
  [
    'a polluted name',
    [toAnn, note],
    { args: JSON.parse('{"amount":1,"__proto__":{"note":"x"}}') },
    'permit to-ann',
  ],
  ['an address', [toAnn, inside], {}, 'permit to-ann'],
  ['an IPv4 address in IPv6 clothes', [toAnn, inside], { ip: '::ffff:10.0.0.1' }, 'permit to-ann'],
  ['an address outside', [toAnn, inside], { ip: 'fe80::1%eth0' }, 'forbid inside'],
  ['no address', [toAnn, inside], { ip: 'unix' }, 'forbid !inside'],
  ['no address, by Cedar itself', [toAnn, inside, longer], { ip: 'unix' }, 'forbid !inside'],
]

for (const [name, policies, asked, wanted] of cases) {
  test(name, () => check(policies, asked, wanted))
}
