import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ArgumentMask, FunctionDefinition } from '../model/function.ts'
import type { JsonObject } from '../model/json.ts'
import { makeInForce } from './in-force.ts'

const argumentSchema: JsonObject = {
  type: 'object',
  required: ['amount', 'iban', 'card', 'tags', 'id'],
  properties: {
    amount: { type: 'integer' },
    id: { type: 'string' },
    iban: { type: 'string' },
    tags: { type: 'array', items: { type: 'string' } },
    card: {
      type: 'object',
      required: ['number', 'brand'],
      properties: { number: { type: 'string' }, brand: { type: 'string' } },
    },
  },
}

/** Whether a constraint on a function with this mask may say so much, by the values it would have to name. */
function check(path: string, text: string, expected: 'fine' | 'hidden'): void {
  const mask: ArgumentMask = { id: 'm', path, strategy: { kind: 'hash' }, from: ['record'] }
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
    argumentMasks: [mask],
    resultMasks: [],
    payloads: 'kept',
    digest: 'sha256:fn',
  }
  const inForce = makeInForce({
    rulebook: { digest: 'sha256:r', connections: [], functions: [fn], policies: [] },
    grants: [],
    decide: () => assert.fail('nothing is decided here'),
    checks: new Map(),
  })
  const problem = inForce.constraintProblem(fn, text)
  if (expected === 'fine') assert.equal(problem, undefined)
  else assert.match(problem ?? 'none', /^It reads what is hidden from people: `\$/)
}

const cases: readonly (readonly [path: string, text: string, expected: 'fine' | 'hidden'])[] = [
  ['$.iban', 'context.args.iban == "DE02"', 'hidden'],
  ['$.iban', 'context.args["ib\\u{61}n"] like "DE02*"', 'hidden'],
  ['$.iban', 'context.args.amount <= 100', 'fine'],
  ['$.card.number', 'context.args.card.number == "4111"', 'hidden'],
  ['$.card.number', 'context.args.card == {number: "4111", brand: "x"}', 'hidden'],
  ['$.card.number', 'context.args.card.brand == "x"', 'fine'],
  ['$.card.id', 'context.args.id == "x"', 'fine'],
  ['$.card.*', 'context.args.card.brand == "x"', 'hidden'],
  ['$.card', 'context.args.card.brand == "x"', 'hidden'],
  ["$['iban','amount']", 'context.args.amount <= 100', 'hidden'],
  ['$.tags[*]', 'context.args.tags.contains("a")', 'hidden'],
  ['$.tags[0]', 'context.args.tags.contains("a")', 'hidden'],
  ['$..number', 'context.args.card.number == "4111"', 'hidden'],
  ['$..number', 'context.args.card == {number: "4111", brand: "x"}', 'hidden'],
  ['$..number', 'context.args.amount <= 100', 'fine'],
  ['$..*', 'context.args.amount <= 100', 'hidden'],
  ['$.*', 'context.session.id == "ses_1"', 'fine'],
]
for (const [path, text, expected] of cases) {
  test(`${path} and ${text}: ${expected}`, () => check(path, text, expected))
}
