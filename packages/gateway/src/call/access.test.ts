import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  grantListedOf,
  grantsOf,
  httpFunctionOf,
  inForceOf,
  principalOf,
  userOf,
} from '../../test/rulebook-parts.ts'
import type { Freshness } from '../model/certification.ts'
import type { Decision, Question } from '../model/decision.ts'
import type { JsonObject } from '../model/json.ts'
import { defaultReviewRules } from '../model/review-rules.ts'
import { type Access, accessTo } from './access.ts'

const fn = httpFunctionOf({ id: 'files.note' })
const principal = principalOf({ subject: userOf('ann') })
const lent: JsonObject = { uri: 'file:///lent' }
const mine: JsonObject = { uri: 'file:///mine' }
const fresh: Freshness = { state: 'FRESH', tier: 'low', when: [] }

type World = {
  readonly freshness?: Freshness
  readonly timed?: readonly { party: string; id: string; when: readonly string[] }[]
  readonly decide?: (question: Question) => Decision
}

const permit: Decision = { effect: 'permit', reasons: [], grants: grantsOf('ann', 'readers') }
const forbid = (policy?: string): Decision => ({
  ...{ effect: 'forbid', errors: [] },
  reasons: policy === undefined ? [] : [{ policy, effect: 'forbid' }],
})
const unlessLent = ({ args }: Question) => (args.uri === lent.uri ? forbid('lent') : permit)
const timedOnly = ({ timed = [] }: Question) => (timed.length > 0 ? permit : forbid())

/** `readers` is given to everybody; a condition is true of `mine`. */
function check(world: World, args: JsonObject | undefined, expected: Access): void {
  const rules = inForceOf(
    { functions: [fn], reviews: { ...defaultReviewRules, mode: 'enforce' } },
    {
      grants: world.timed ? [] : [grantListedOf({ id: 'readers', functions: [fn.id] })],
      decide: world.decide ?? (() => permit),
      fits: (_, __, question) => question.args.uri === mine.uri,
    },
  )
  const gate = {
    now: () => 1_000,
    freshness: () => world.freshness ?? fresh,
    timedGrants: () => world.timed ?? [],
  }
  const source = { protocol: 'mcp', ip: '::1' }
  assert.equal(accessTo(gate, { rules, fn, principal, source, args }), expected)
}

const timed = [{ party: 'ann', id: 'for-now', when: ['true of mine'] }]
const narrowed: Freshness = { ...fresh, when: ['true of mine'] }
const rows: readonly (readonly [string, World, JsonObject | undefined, Access])[] = [
  ['a rule that reads arguments, of any call', { decide: unlessLent }, undefined, 'permit'],
  ['a rule that reads arguments, of what it is about', { decide: unlessLent }, lent, 'none'],
  ['a rule that reads arguments, of something else', { decide: unlessLent }, mine, 'permit'],
  ['an overdue review', { freshness: { ...fresh, state: 'STALE' } }, mine, 'hold'],
  ['a lapsed review', { freshness: { ...fresh, state: 'LAPSED' } }, mine, 'none'],
  ['a revoked grant', { freshness: { ...fresh, state: 'REVOKED' } }, mine, 'none'],
  ['a grant that was narrowed, within', { freshness: narrowed }, mine, 'permit'],
  ['a grant that was narrowed, outside', { freshness: narrowed }, lent, 'none'],
  ['a timed grant for some, of any call', { timed, decide: timedOnly }, undefined, 'depends'],
  ['a timed grant for some, within', { timed, decide: timedOnly }, mine, 'permit'],
  ['a timed grant for some, outside', { timed, decide: timedOnly }, lent, 'none'],
]
for (const [name, world, args, expected] of rows) {
  test(`access: ${name}`, () => check(world, args, expected))
}
