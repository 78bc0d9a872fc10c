import assert from 'node:assert/strict'
import { test } from 'node:test'
import { httpFunctionOf } from '../../test/rulebook-parts.ts'
import type { Question } from '../model/decision.ts'
import { compilePolicies } from './compile.ts'
import { parsePolicies } from './parse.ts'

const fn = httpFunctionOf({
  id: 'crm.get',
  argumentSchema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
})
const ann = { kind: 'user', id: 'ann', groups: ['g'] } as const

/** Why each policy that covers the function did what it did, with `n` = 5. */
function check(rest: string, wanted: string, args: Question['args'] = { n: 5 }): void {
  const text = `@id("p") @reason("Because") ${rest}`
  const compiled = compilePolicies(parsePolicies([{ file: 'a', text }]).policies, [fn])
  const explanation = compiled.explain({
    parties: [ann],
    subject: ann,
    functionId: 'crm.get',
    args,
    session: '',
    time: 0,
    source: { protocol: 'http', ip: '::1' },
    approvedBy: [],
  })
  const told = explanation.parties[0]?.policies.map(({ applied, why }) => `${applied}: ${why}`)
  assert.equal(told?.join('\n'), wanted)
}

const cases: readonly (readonly [name: string, rest: string, wanted: string])[] = [
  [
    'a scope',
    'forbid (principal in Group::"x", action, resource);',
    'no: Its scope does not cover this principal.',
  ],
  ['another function', 'forbid (principal, action in [], resource);', ''],
  ['no clauses', 'forbid (principal, action, resource);', 'yes: It has no clauses.'],
  [
    'when',
    'forbid (principal, action, resource) when {\n  // {why}\n  context.args.n > 7\n};',
    'no: when { context.args.n > 7 } is false.',
  ],
  [
    'unless',
    'forbid (principal, action, resource) when { true } unless { context.session.id == "" };',
    'no: unless { context.session.id == "" } is true.',
  ],
  [
    'all',
    'forbid (principal, action, resource) when { "}" != "{" };',
    'yes: All its clauses hold.',
  ],
  [
    'by Cedar',
    'forbid (principal, action, resource) when { context.args.n < 9007199254740993 };',
    'yes: All its clauses hold.',
  ],
]
for (const [name, rest, wanted] of cases) test(name, () => check(rest, wanted))

test('an error names the clause, never the value', () => {
  const rest = 'forbid (principal, action, resource) when { context.args.n > 7 };'
  const why =
    'Could not be evaluated: when { context.args.n > 7 }. Something it reads is absent, of another type, or no value policy can hold.'
  check(rest, `error: ${why}`, { n: 'secret' })
})
