import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Question } from '../model/decision.ts'
import type { FunctionDefinition } from '../model/function.ts'
import type { JsonObject } from '../model/json.ts'
import { cedarPolicy } from './cedar.ts'
import { compileConstraint } from './constraint.ts'

const argumentSchema: JsonObject = {
  type: 'object',
  required: ['amount', 'to'],
  properties: {
    amount: { type: 'integer' },
    to: { type: 'string' },
    note: { type: 'string' },
    rate: { type: 'number' },
    tags: { type: 'array', items: { type: 'string' } },
    customer: {
      type: 'object',
      properties: { country: { type: 'string' } },
      required: ['country'],
    },
    free: {},
  },
}
const fn: FunctionDefinition = {
  id: 'pay.transfer',
  connection: 'pay',
  purpose: 'Move money',
  owner: 'team-pay',
  sensitivity: 'internal',
  risk: 'high',
  idempotent: false,
  deferrable: false,
  http: { method: 'POST', path: '/', places: {}, body: 'json' },
  argumentSchema,
  argumentMasks: [],
  resultMasks: [],
  payloads: 'kept',
  digest: 'sha256:fn',
}

const sam = { kind: 'user', id: 'corp:sam', groups: ['g'] } as const
const question = (args: JsonObject, more: Partial<Question> = {}): Question => ({
  parties: [sam],
  subject: sam,
  functionId: fn.id,
  args,
  session: 'ses_1',
  time: Date.UTC(2026, 0, 7, 12),
  source: { protocol: 'http', ip: '127.0.0.1' },
  approvedBy: ['g'],
  ...more,
})
const usual: JsonObject = { amount: 70, to: 'de-1', tags: ['a'], customer: { country: 'DE' } }

/** Whether the expression holds of these arguments, or why it is none. */
function check(text: string, expected: boolean | RegExp, args: JsonObject = usual): void {
  const made = compileConstraint(fn, text)
  if (expected instanceof RegExp) assert.match('problem' in made ? made.problem : 'none', expected)
  else assert.equal('holds' in made ? made.holds(question(args)) : made.problem, expected)
}

const notOne = /^This is not one Cedar expression\.$/
const foreign = /^A constraint reads context\.args, context\.session and context\.time/
const unseen = /^The expression has characters that cannot be seen, or more than one line\.$/
const tooMuch = /^The expression is too deep, or has too many parts\.$/
const unfit = /^The expression does not fit the function: /

type Row = readonly [text: string, expected: boolean | RegExp, args?: JsonObject]
const cases: readonly Row[] = [
  ['context.args.amount <= 100', true],
  ['context.args.amount <= 100', false, { ...usual, amount: 101 }],
  ['context.args.amount <= 69 || context.args.to == "de-1"', true],
  ['context.args.to like "de-*" && context.args.amount > 0', true],
  ['context.args.to == "}; permit (principal, action, resource) when { true //"', false],
  ['context.args.tags.contains("a")', /access to optional attribute/],
  ['context.args has tags && context.args.tags.contains("a")', true],
  ['context.args has note && context.args.note == "x"', false],
  ['context.args has customer.country && context.args.customer.country == "DE"', true],
  [
    'context.args has rate && context.args.rate.lessThan(decimal("0.5"))',
    true,
    { ...usual, rate: 0.25 },
  ],
  // What no Cedar value can hold is not true, whatever is asked of it.
  [
    'context.args has rate && context.args.rate.lessThan(decimal("0.5"))',
    false,
    { ...usual, rate: 1e-9 },
  ],
  ['!(context.args.amount > 100)', false, { ...usual, amount: 2 ** 60 }],
  ['!(context.args.amount > 100)', false, { to: 'x' }],
  ['!(context.args.amount > 100)', false, { ...usual, amount: null }],
  ['!(context.args.amount > 100)', false, { ...usual, amount: 'many' }],
  ['context.session.id == "ses_1"', true],
  ['context.session.labels.contains("untrusted")', false],
  ['context.time < datetime("2026-01-08")', true],
  ['context.time < datetime("2026-01-07")', false],
  ['if context.args.amount < 100 then true else context.args.to == "x"', true],
  ['{a: 1} == {a: context.args.amount}', false],
  // --- What is none ---
  ['', /^The expression is empty\.$/],
  ['   ', /^The expression is empty\.$/],
  ['context.args.amount', unfit],
  ['context.args.amuont <= 100', /attribute `args\.amuont`.*not found/],
  ['context.args.amount <= "100"', unfit],
  ['context.args.free == 1', unfit],
  ['false', /policy is impossible/],
  ['nonsense(', notOne],
  [`context.args.to == "${'x'.repeat(300)}"`, /^The expression is longer than 300 characters\.$/],
  ['context.args.amount <= 100\n', unseen],
  ['context.args.to == "\u202ede"', unseen],
  ['context.args.to == "a\u200bb"', unseen],
  ['context.args.to == "\ud800"', unseen],
  // --- What reads more than it may ---
  ['principal == User::"corp:sam"', foreign],
  ['principal in Group::"g"', foreign],
  ['resource == Function::"pay.transfer"', foreign],
  ['action == Action::"pay.transfer"', foreign],
  ['context == context', foreign],
  ['context has approval', foreign],
  ['context has onBehalfOf', foreign],
  ['context.source.protocol == "http"', foreign],
  ['context["source"]["protocol"] == "http"', foreign],
  ['[User::"a"].contains(User::"a")', foreign],
  ['?principal == User::"a"', notOne],
  // --- What closes the clause, opens another, or hides something ---
  ['true } permit (principal, action, resource', notOne],
  ['true }; permit (principal, action, resource) when { true', notOne],
  ['true) }; permit (principal, action, resource) when { (true', notOne],
  ['true } when { true', notOne],
  ['true) } when { (true', notOne],
  ['true) } unless { (false', notOne],
  ['true) || (true', notOne],
  ['true // and nothing else', notOne],
  ['context.args.amount <= 100 /* or */', notOne],
  ['@id("x") true', notOne],
  ['true; true', notOne],
  ['true, true', notOne],
  ['"', notOne],
  ['"\\', notOne],
  ['context.args.to == "\\" } permit (', notOne],
  ['(]', notOne],
  ['permit (principal, action, resource)', notOne],
  // --- What would overflow Cedar ---
  [`${'('.repeat(140)}true${')'.repeat(140)}`, tooMuch],
  [`${'['.repeat(140)}${']'.repeat(140)} == []`, tooMuch],
  [`${'!'.repeat(299)}`, tooMuch],
  [`context${'.a'.repeat(140)}`, tooMuch],
  ['!!!!!!!true', notOne],
  // --- What only Cedar itself could evaluate ---
  [
    'context.args.amount < 9223372036854775807',
    /^The expression uses something that no constraint/,
  ],
]
for (const [text, expected, args] of cases) {
  const name = text.length > 60 ? `${text.slice(0, 60)}…` : text
  test(`${name} ${JSON.stringify(args ?? '')}`, () => check(text, expected, args))
}

test('it is asked about its own function only', () => {
  const made = compileConstraint(fn, 'context.args.amount <= 100')
  assert.ok('holds' in made)
  assert.equal(made.holds(question(usual)), true)
  assert.equal(made.holds(question(usual, { functionId: 'pay.refund' })), false)
})

test('an exact number is compared exactly', () => {
  const made = compileConstraint(fn, 'context.args.amount <= 9007199254740991')
  assert.ok('holds' in made)
  const sent = (text: string) =>
    made.holds(question({ ...usual, amount: Number(text) }, { exactNumber: () => text }))
  assert.equal(sent('9007199254740991'), true)
  assert.equal(sent('9007199254740993'), false)
  assert.equal(sent('99999999999999999999'), false)
})

const fragment = fc.constantFrom(
  ...[
    'true',
    'false',
    'context.args.amount',
    '<= 100',
    '== "x"',
    '"',
    '(',
    ')',
    '{',
    '}',
    '[',
    ']',
  ],
  ...[
    ';',
    '//',
    '/*',
    '\\',
    '@id("x")',
    'when',
    'unless',
    'permit',
    '(principal, action, resource)',
  ],
  ...[
    '||',
    '&&',
    '!',
    'if',
    'then',
    'else',
    'context',
    '.args',
    'has amount',
    '?principal',
    ',',
    ' ',
  ],
)

test('what is accepted is one whole expression, however it is wrapped', () => {
  const accepted = (text: string) => 'holds' in compileConstraint(fn, text)
  const bodyOf = (clauses: string) => {
    const read = cedarPolicy(`permit (principal, action, resource) ${clauses};`)
    return 'policy' in read ? read.policy.conditions : undefined
  }
  const seen = { accepted: 0 }
  const texts = fc.array(fragment, { maxLength: 8 }).map((parts) => parts.join(' '))
  const amounts = fc.nat({ max: 200 }).map((n) => `context.args.amount <= ${n}`)
  const pairs = fc.tuple(
    fc.oneof(texts, amounts),
    fc.constantFrom('&&', '||', '}', ') || (', '"'),
    amounts,
  )
  const mixed = pairs.map(([one, between, other]) => `${one} ${between} ${other}`)
  fc.assert(
    fc.property(fc.oneof(texts, mixed), (text) => {
      if (!accepted(text)) return
      seen.accepted += 1
      const plain = bodyOf(`when { ${text} }`)
      assert.equal(plain?.length, 1)
      assert.deepEqual(bodyOf(`when { (${text}) }`), plain)
    }),
    { numRuns: 1_500 },
  )
  assert.ok(seen.accepted > 20, `only ${seen.accepted} were accepted: this test would show nothing`)
})
