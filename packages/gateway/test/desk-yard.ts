import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import type { Ballot, Person } from '../src/approval/ballot.ts'
import { type Desk, openDesk } from '../src/approval/desk.ts'
import type { DeskNeeds } from '../src/approval/needs.ts'
import { maskedValues } from '../src/approval/question.ts'
import type { InForce } from '../src/call/in-force.ts'
import { Refusal } from '../src/call/refusal.ts'
import type { Call, Guarded } from '../src/call/stage.ts'
import { limits } from '../src/config/limits.ts'
import {
  type ApprovalFlow,
  type ApprovalRules,
  noApprovalRules,
} from '../src/model/approval-rules.ts'
import type { ClearanceTerms } from '../src/model/clearance.ts'
import type { FunctionDefinition } from '../src/model/function.ts'
import type { Party } from '../src/model/principal.ts'
import { defaultReviewRules } from '../src/model/review-rules.ts'
import { openSqlite } from '../src/store/sqlite/open.ts'
import type { Store } from '../src/store/store.ts'
import { callOf } from './call-stages.ts'

/** The approvals desk over a real store, with clocks, locks and rules that a test sets. */

const encoder = new TextEncoder()
export const sam: Party = { kind: 'user', id: 'corp:sam', groups: ['support', 'finance'] }
export const bot: Party = { kind: 'agent', id: 'corp:bot', groups: ['finance'] }

const fn: FunctionDefinition = {
  id: 'pay.transfer',
  connection: 'pay',
  purpose: 'Moves money',
  owner: 'team-pay',
  sensitivity: 'restricted',
  risk: 'critical',
  idempotent: false,
  deferrable: false,
  http: { method: 'POST', path: '/transfers', places: {}, body: 'json' },
  argumentSchema: {},
  argumentMasks: [],
  resultMasks: [],
  payloads: 'kept',
  digest: 'sha256:fn',
}

/**
 * Rules with these words about approvals. An expression `small` is true of calls whose `amount` is at most 100;
 * any other is no expression.
 */
export function rulesWith(approvals: Partial<ApprovalRules> = {}): InForce {
  return {
    rulebook: { digest: 'sha256:rules', connections: [], functions: [fn], policies: [] },
    decide: () => assert.fail('it was decided already'),
    argumentProblems: () => [],
    argumentMasking: () => ({
      hidesFromUpstream: false,
      hidesFromRecord: true,
      apply: (values) => ({ values: { ...values, pin: '****' }, findings: [] }),
      applyToBody: (body) => body,
    }),
    resultMasking: () => assert.fail('there is no result yet'),
    approvals: { ...noApprovalRules, ...approvals },
    fits: (_, expressions, { args }) =>
      expressions.every((one) => one === 'small' && Number(args.amount) <= 100),
    constraintProblem: (_, expression) => (expression === 'small' ? undefined : 'unreadable'),
    reviews: defaultReviewRules,
    grants: [],
    grant: () => undefined,
    ownerGroups: (owner) => [owner],
    ownerFlow: (owner) => owner,
    dutySides: () => [],
    dutyConflicts: () => [],
  }
}

export function flow(changes: Partial<ApprovalFlow> = {}): ApprovalFlow {
  return {
    group: 'finance',
    steps: [{ name: 'team', groups: ['finance'], quorum: 1, escalation: [] }],
    reasonChars: 0,
    offers: ['call', 'window', 'session'],
    usesMax: 10,
    forMsMax: 60_000,
    notify: [],
    message: 'minimal',
    slackDecides: false,
    ...changes,
  }
}

/** A call that policy holds, with whatever a case changes about it. */
export function held(
  id: string,
  { call, ...changes }: Partial<Omit<Guarded, 'call'>> & { readonly call?: Partial<Call> } = {},
): Guarded {
  const bytes = encoder.encode('POST /pay/transfers\n\n{"to":"\u202Eacme","pin":"1234"}')
  return {
    stage: 'guarded',
    id,
    startedAt: 0,
    call: callOf({ proof: undefined, ...call }),
    principal: {
      subject: sam,
      actors: [bot],
      authentication: { method: 'oidc', issuer: 'corp', credential: 'sha256:0', expiresAt: 9e12 },
      session: 'ses_1',
    },
    fn,
    labels: [],
    connection: {
      id: 'pay',
      protocol: 'http',
      upstream: 'https://pay.internal',
      credential: { kind: 'bearer', secret: { env: 'PAY_TOKEN' } },
      forwardHeaders: [],
    },
    args: { values: { to: '\u202Eacme', pin: '1234' }, bytes, mediaType: 'message/http' },
    outbound: {
      protocol: 'http',
      method: 'POST',
      path: '/transfers',
      headers: [],
      body: undefined,
    },
    rewrite: () => assert.fail('nothing is rewritten here'),
    rules: rulesWith(),
    held: undefined,
    decidedAt: 0,
    decision: {
      effect: 'hold',
      reasons: [{ policy: 'large', effect: 'forbid', text: 'Large transfers need a person.' }],
      grants: [],
      approverGroups: ['finance'],
    },
    grants: [],
    fields: [],
    used: [],
    stale: [],
    argumentFindings: [],
    forwardedArgs: bytes,
    recordedArgs: encoder.encode('POST /pay/transfers\n\n{"to":"\u202Eacme","pin":"****"}'),
    ...changes,
  }
}

/** The same with other arguments: another question. */
export function heldFor(
  id: string,
  amount: number,
  changes: Parameters<typeof held>[1] = {},
): Guarded {
  const args = {
    values: { amount },
    bytes: encoder.encode(`POST /pay/transfers\n\n{"amount":${amount}}`),
    mediaType: 'message/http',
  }
  return held(id, { args, ...changes })
}

export const window = (changes: object = {}): ClearanceTerms => ({
  ...{ kind: 'window', uses: 3, forMs: 60_000, when: [] },
  ...changes,
})

export type DeskHouse = {
  readonly desk: Desk
  readonly store: Store
  readonly clock: { now: number }
  /** Party ids of who is locked. */
  readonly locked: Set<string>
  /** What its rules say of approvals; calls carry their own. */
  readonly say: (approvals: Partial<ApprovalRules>) => void
  /** What failed while nobody waited for it. */
  readonly failures: unknown[]
}

const bindingKey = new Uint8Array(32).fill(2)

/** A desk; on the store of another one, as a second gateway would have it. */
export async function openDeskHouse(
  t: TestContext,
  { beside, ...needs }: Partial<DeskNeeds> & { readonly beside?: Pick<DeskHouse, 'store'> } = {},
): Promise<DeskHouse> {
  const store = beside?.store ?? (await openMemoryStore())
  if (!beside) t.after(store.close)
  const clock = { now: 1_000_000 }
  const locked = new Set<string>()
  const failures: unknown[] = []
  const instance = needs.instance ?? (beside ? 'other' : 'gw')
  let rules = rulesWith()
  let ids = 0
  const desk = openDesk({
    store,
    bindingKey,
    instance,
    now: () => clock.now,
    newId: () => `${instance}-${String(ids++).padStart(6, '0')}`,
    limits,
    rules: () => rules,
    isLocked: (party) => locked.has(party),
    versionOf: async () => 'v1',
    maskedView: maskedValues(new Uint8Array(32)),
    onFailure: (cause) => failures.push(cause),
    ...needs,
  })
  t.after(desk.close)
  const say = (approvals: Partial<ApprovalRules>) => {
    rules = rulesWith(approvals)
  }
  return { desk, store, clock, locked, say, failures }
}

/** Whoever opened it closes it. */
export async function openMemoryStore(): Promise<Store> {
  const kek = new Uint8Array(32).fill(1)
  return openSqlite({ path: ':memory:', instance: 'gw', boot: 'b', kek })
}

export function person(
  name: string,
  groups: readonly string[],
  method: 'oidc' | 'operator' = 'oidc',
): Person {
  const issuer = method === 'oidc' ? 'corp' : 'operator'
  const subject: Party = { kind: 'user', id: `${issuer}:${name}`, groups }
  return { subject, actors: [], authentication: { method } }
}
export const dana: Person = person('dana', ['finance'])
export const eve: Person = person('eve', ['finance'])

/** Dana's yes, unless said otherwise, to what is on offer now. */
export async function ballot(
  { desk }: Pick<DeskHouse, 'desk'>,
  id: string,
  changes: Partial<Ballot> = {},
): Promise<Ballot> {
  const sawDigest = (await desk.find(id))?.offer ?? ''
  return {
    ...{ id, person: dana, verdict: 'approve', reason: '', sawDigest, channel: 'admin' },
    ...changes,
  }
}

/** The state after a vote, or why it was refused. */
export async function cast(
  house: Pick<DeskHouse, 'desk'>,
  id: string,
  changes: Partial<Ballot> = {},
): Promise<string> {
  const voted = await house.desk.vote(await ballot(house, id, changes))
  return 'refused' in voted ? voted.refused : voted.approval.state
}

export const no = { verdict: 'deny', reason: 'Wrong account.' } as const

export async function refusedWith(work: Promise<unknown>): Promise<Refusal> {
  const thrown = await work.then(
    () => assert.fail('it was not refused'),
    (refused: unknown) => refused,
  )
  assert.ok(thrown instanceof Refusal, String(thrown))
  return thrown
}

/** Types of the records of approvals and clearances, in their order. */
export async function types(store: Store): Promise<readonly string[]> {
  const leaves = await store.leaves(0, 1000)
  return leaves
    .map(({ bytes }) => parseLeaf(bytes).type)
    .filter((type) => !type.startsWith('emitter'))
}

/** Waits for what comes by itself; fails when it never does. */
export async function becomes(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 2_000; tries++) {
    if (await isSo()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.fail(`never happened: ${what}`)
}
