import assert from 'node:assert/strict'
import { randomUUIDv7 } from 'node:crypto'
import type { Person } from '../src/approval/ballot.ts'
import type { InForce } from '../src/call/in-force.ts'
import { limits } from '../src/config/limits.ts'
import { type ApprovalRules, noApprovalRules } from '../src/model/approval-rules.ts'
import type { FreshnessState } from '../src/model/certification.ts'
import type { FunctionDefinition, Risk } from '../src/model/function.ts'
import { defaultReviewRules, type ReviewRules } from '../src/model/review-rules.ts'
import { compilePolicies } from '../src/policy/compile.ts'
import { parsePolicies } from '../src/policy/parse.ts'
import type { CampaignAsked } from '../src/review/asked.ts'
import { openReviewDesk, type ReviewDesk } from '../src/review/desk.ts'
import { openStandings, type Standings } from '../src/review/standings.ts'
import { makeInForce } from '../src/rulebook/in-force.ts'
import type { Store } from '../src/store/store.ts'
import { openMemoryStore } from './desk-yard.ts'

// The review desk over a real store and real policies, with a clock, locks and rules that a test sets.

export const dayMs = 86_400_000

/** A function of the connection `pay`, owned by `team-pay`. */
export function functionOf(name: string, risk: Risk, owner = 'team-pay'): FunctionDefinition {
  return {
    ...{ id: `pay.${name}`, connection: 'pay', purpose: name, owner, risk },
    ...{ sensitivity: 'internal', idempotent: false, deferrable: false, payloads: 'kept' },
    http: { method: 'POST', path: `/${name}`, places: { amount: 'body' }, body: 'json' },
    argumentSchema: { type: 'object', properties: { amount: { type: 'integer' } } },
    ...{ argumentMasks: [], resultMasks: [] },
    digest: `sha256:${name}-${risk}`,
  }
}

export const functions: readonly FunctionDefinition[] = [
  functionOf('read', 'low'),
  functionOf('pay', 'high'),
  functionOf('wire', 'critical'),
]

/** One `permit` of everything that comes after it in the name. */
export function permit(id: string, principal: string, fn: string, also = ''): string {
  return `@id("${id}") @owner("team-pay") @reason("needed") @review("90d") ${also}
permit (principal ${principal}, action == Action::"${fn}", resource);\n`
}

/** Real rules, of real policies. */
export function reviewRules(
  policies: string,
  also: {
    readonly approvals?: Partial<ApprovalRules>
    readonly reviews?: Partial<ReviewRules>
    readonly functions?: readonly FunctionDefinition[]
  } = {},
): InForce {
  const fns = also.functions ?? functions
  const { policies: sources, problems } = parsePolicies([{ file: 'p.cedar', text: policies }])
  assert.deepEqual(problems, [])
  const compiled = compilePolicies(sources, fns)
  assert.deepEqual(compiled.problems, [])
  const approvals = { ...noApprovalRules, ...also.approvals }
  const reviews = { ...defaultReviewRules, ...also.reviews }
  return makeInForce({
    rulebook: {
      digest: `sha256:${policies.length}-${Math.random()}`,
      ...{ connections: [], functions: fns, policies: sources, approvals, reviews },
    },
    ...{ decide: compiled.decide, grants: compiled.grants, checks: new Map() },
  })
}

export type ReviewHouse = {
  readonly desk: ReviewDesk
  readonly store: Store
  readonly standings: Standings
  readonly clock: { now: number }
  readonly locked: Set<string>
  readonly failures: unknown[]
  /** Puts rules in force, as an activation does. */
  readonly activate: (rules: InForce) => Promise<void>
  /** Where a grant stands now, as a call is judged by it. */
  readonly state: (grant: string) => FreshnessState
}

const bindingKey = new Uint8Array(32).fill(2)

/** A desk; on the store of another one, as a second gateway would have it. */
export async function openReviewHouse(
  t: { readonly after: (cleanUp: () => unknown) => void },
  { beside }: { readonly beside?: Pick<ReviewHouse, 'store' | 'clock'> } = {},
): Promise<ReviewHouse> {
  const store = beside?.store ?? (await openMemoryStore())
  const clock = beside?.clock ?? { now: Date.UTC(2026, 0, 5) }
  const locked = new Set<string>()
  const failures: unknown[] = []
  let rules: InForce | undefined
  const onFailure = (cause: unknown) => failures.push(cause)
  const now = () => clock.now
  const standings = openStandings({ store, now, elapsed: () => 0, limits, onFailure })
  const desk = openReviewDesk({
    ...{ store, bindingKey, now, limits, onFailure },
    newId: randomUUIDv7,
    rules: () => rules,
    isLocked: (party) => locked.has(party),
    took: standings.took,
    freshness: standings.freshness,
  })
  t.after(async () => {
    await desk.close()
    await standings.close()
    if (!beside) await store.close()
  })
  return {
    ...{ desk, store, standings, clock, locked, failures },
    activate: async (next) => {
      const grants = next.grants.map(({ id, content }) => ({ grant: id, content }))
      const { digest } = next.rulebook
      await store.commit({
        record: {
          type: 'rulebook.activated',
          time: new Date(clock.now).toISOString(),
          ...{ digest, previous: rules?.rulebook.digest ?? 'none', by: 'test' },
        },
        payloads: [],
        change: { kind: 'rulebook.put', digest, content: '{}', seen: { grants, at: clock.now } },
      })
      await standings.refresh()
      rules = next
    },
    state: (grant) => {
      assert.ok(rules)
      return standings.freshness(rules, grant).state
    },
  }
}

export function reviewer(name: string, groups: readonly string[] = ['team-pay']): Person {
  return {
    subject: { kind: 'user', id: `corp:${name}`, groups },
    actors: [],
    authentication: { method: 'oidc' },
  }
}
export const dana: Person = reviewer('dana')
export const eve: Person = reviewer('eve')
export const boss: Person = reviewer('boss', ['admin'])

/** Their content, as somebody looks at it now. */
export async function contentOf(
  { desk }: Pick<ReviewHouse, 'desk'>,
  grant: string,
): Promise<string> {
  return (await desk.grant(grant))?.grant.content ?? ''
}

/** A campaign over everything, unless said otherwise. */
export function asking(
  { clock }: Pick<ReviewHouse, 'clock'>,
  changes: Partial<CampaignAsked> = {},
): CampaignAsked {
  return {
    ...{ person: boss, name: 'Spring', scope: {}, reviewers: [{ kind: 'owner' }] },
    dueAt: clock.now + 7 * dayMs,
    graceUntil: clock.now + 14 * dayMs,
    ...changes,
  }
}

/** What came of an act: `pending`, `done`, or why it was refused. */
export async function outcome(
  act: Promise<object & { readonly refused?: string; readonly pending?: boolean }>,
): Promise<string> {
  const done = await act
  return done.refused ?? (done.pending === true ? 'pending' : 'done')
}
