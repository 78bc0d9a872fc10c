import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { openAdmin } from '../src/admin/app.ts'
import type { Explain, KeyAsked } from '../src/admin/contract.ts'
import { openMetrics } from '../src/admin/metrics.ts'
import type { AdminNeeds, PublishedLog, RulebookOutcome } from '../src/admin/needs.ts'
import { openDesk } from '../src/approval/desk.ts'
import { isSamePerson } from '../src/approval/same-person.ts'
import type { InForce } from '../src/call/in-force.ts'
import { Refusal } from '../src/call/refusal.ts'
import { limits } from '../src/config/limits.ts'
import { openAdminSessions } from '../src/identity/admin-session.ts'
import { issueKey } from '../src/identity/api-key.ts'
import { openLocks } from '../src/identity/locks.ts'
import { issueOperatorKey } from '../src/identity/operator.ts'
import { openSignIn } from '../src/identity/sign-in.ts'
import { type ApprovalRules, noApprovalRules } from '../src/model/approval-rules.ts'
import type { GrantListed } from '../src/model/grant.ts'
import { defaultReviewRules } from '../src/model/review-rules.ts'
import type { Rulebook } from '../src/model/rulebook.ts'
import { openReviewDesk } from '../src/review/desk.ts'
import { openSqlite } from '../src/store/sqlite/open.ts'
import type { Store } from '../src/store/store.ts'

const rulebook: Rulebook = {
  digest: 'sha256:rules',
  connections: [
    {
      id: 'pay',
      protocol: 'http',
      upstream: 'https://pay.internal',
      credential: { kind: 'none' },
      forwardHeaders: [],
    },
  ],
  functions: ['pay.list', 'pay.transfer'].map((id) => ({
    id,
    connection: 'pay',
    purpose: id === 'pay.list' ? 'Lists transfers' : 'Moves money',
    owner: 'team-pay',
    sensitivity: id === 'pay.list' ? 'internal' : 'restricted',
    risk: 'high',
    idempotent: false,
    deferrable: false,
    http: { method: 'POST', path: '/transfers', places: {}, body: 'json' },
    argumentSchema: { type: 'object' },
    argumentMasks: [],
    resultMasks: [{ id: 'm1', path: '$.iban', strategy: { kind: 'drop' } }],
    payloads: 'kept',
    digest: `sha256:${id}`,
  })),
  policies: [],
}

const outcome: RulebookOutcome = {
  problems: [],
  digest: 'sha256:next',
  tests: [],
  warnings: [{ file: 'reviews.yaml', line: 9, column: 1, message: 'corp:kim has both sides.' }],
}
export const broken: RulebookOutcome = {
  problems: [
    { file: 'functions/pay.yaml', line: 3, column: 5, message: 'No owner.', hint: 'Name one.' },
  ],
  digest: undefined,
  tests: [],
  warnings: [],
}

/** A log of which nothing is published yet. */
export const noLog: PublishedLog = {
  origin: 'sallyport.test/log',
  size: () => 0,
  witnessedSize: () => 0,
  checkpoint: async () => undefined,
  witnessedCheckpoint: () => undefined,
  file: async () => undefined,
  list: async () => [],
  proof: async () => ({ state: 'durable' }),
  trust: () => 'quorum none\n',
  rotate: async () => ({ key: 'sallyport.test/log+00000000+AQ' }),
}

export type Name = 'root' | 'ann' | 'dana' | 'eve'

const people: Readonly<Record<Name, readonly string[]>> = {
  root: ['admin'],
  ann: ['auditor'],
  dana: ['finance'],
  eve: ['sales'],
}

export type House = {
  readonly url: string
  readonly store: Store
  readonly faults: unknown[]
  readonly clock: { now: number }
  /** A session of this person; the same one each time. */
  readonly signIn: (name: Name) => Promise<string>
  readonly keys: Readonly<Record<Name, string>>
}

export async function openHouse(
  t: TestContext,
  changes: Partial<AdminNeeds> = {},
  approvals: ApprovalRules = noApprovalRules,
  grants: readonly GrantListed[] = [],
): Promise<House> {
  const kek = new Uint8Array(32).fill(1)
  const store = await openSqlite({ path: ':memory:', instance: 'gw', boot: 'b', kek })
  const clock = { now: Date.UTC(2026, 0, 2) }
  const now = () => clock.now
  let ids = 0
  const newId = () => `id-${String(ids++).padStart(6, '0')}`
  const issued = operatorKeys()
  const operators = names.map((name) => ({
    name,
    groups: people[name],
    keyHash: issued[name].keyHash,
  }))
  const faults: unknown[] = []
  const bindingKey = new Uint8Array(32)
  const adminSessions = openAdminSessions({ now, limits })
  const locks = await openLocks({
    ...{ store, now, isSamePerson, signOut: adminSessions.endOf, issuers: ['corp'] },
  })
  const inForce = rulesInForce(approvals, grants)
  const desk = openDesk({
    ...{ store, bindingKey, now, newId, limits, instance: 'gw' },
    rules: () => inForce,
    isLocked: locks.isLockedId,
    versionOf: async () => 'none',
    maskedView: () => ({}),
    onFailure: (cause) => faults.push(cause),
  })
  const reviews = openReviewDesk({
    ...{ store, bindingKey, now, newId, limits },
    rules: () => inForce,
    isLocked: locks.isLockedId,
    took: () => {},
    freshness: () => ({ state: 'STALE', tier: 'low', when: [] }),
    onFailure: (cause) => faults.push(cause),
  })
  const admin = await openAdmin({
    listen: { host: '127.0.0.1', port: 0 },
    store,
    desk,
    reviews,
    rulebooks: rulebooksOf(inForce, clock.now),
    catalogue: nothingFound,
    signIn: openSignIn({
      ...{ operators, sessions: adminSessions, locks, now },
      verifyToken: async (token) => {
        const person = signedInAtProvider(token, clock.now)
        if (person) return person
        throw new Refusal('unauthenticated', { detail: 'The token has expired.' })
      },
    }),
    locks,
    issueKey,
    evidence: noLog,
    notifier: { channels: () => [], test: async () => undefined },
    roleGroups: { admin: ['admin'], auditor: ['auditor'], payloadReader: ['payload-reader'] },
    notReady: async () => [],
    metrics: openMetrics({ version: '0.1.0' }),
    now,
    newId,
    version: '0.1.0',
    logFault: (fault) => faults.push(fault),
    limits,
    ...changes,
  })
  t.after(async () => {
    await admin.close()
    await reviews.close()
    await desk.close()
    await store.close()
  })
  const keys = {
    ...{ root: issued.root.key, ann: issued.ann.key },
    ...{ dana: issued.dana.key, eve: issued.eve.key },
  }
  return { url: admin.url, store, faults, clock, signIn: openSessions(admin.url, keys), keys }
}

function openSessions(url: string, keys: House['keys']): House['signIn'] {
  const sessions = new Map<Name, string>()
  return async (name) => {
    const known = sessions.get(name)
    if (known !== undefined) return known
    const answer = await fetch(`${url}/api/v1/sign-in`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys[name]}` },
    })
    assert.equal(answer.status, 200)
    const { token } = await json(answer)
    sessions.set(name, String(token))
    return String(token)
  }
}

/** A catalogue of which no upstream says anything. */
const nothingFound: AdminNeeds['catalogue'] = {
  holdOf: () => undefined,
  holds: () => [],
  sources: () => [],
  accept: async () => ({ refused: 'not-held' }),
  coverage: async () => undefined,
}

function operatorKeys() {
  return {
    root: issueOperatorKey(),
    ann: issueOperatorKey(),
    dana: issueOperatorKey(),
    eve: issueOperatorKey(),
  }
}

/** Rules that say so much about approvals and grants, and nothing else. */
function rulesInForce(approvals: ApprovalRules, grants: readonly GrantListed[]): InForce {
  return {
    rulebook: { ...rulebook, approvals },
    approvals,
    decide: () => assert.fail('nobody calls'),
    argumentProblems: () => [],
    argumentMasking: () => assert.fail('nobody calls'),
    resultMasking: () => assert.fail('nobody calls'),
    fits: () => true,
    constraintProblem: (_, expression) => (expression.includes(';') ? 'no expression' : undefined),
    reviews: defaultReviewRules,
    grants,
    grant: (id) => grants.find((one) => one.id === id),
    ownerGroups: (owner) => [owner],
    ownerFlow: (owner) => owner,
    dutySides: () => [],
    dutyConflicts: () => [],
  }
}

function rulebooksOf(inForce: InForce, since: number): AdminNeeds['rulebooks'] {
  return {
    loaded: () => ({
      rulebook: inForce.rulebook,
      inForce,
      since,
      decide: ({ approvedBy, labels = [] }) =>
        labels.length > 0
          ? { effect: 'forbid', reasons: [], errors: [] }
          : approvedBy.length > 0
            ? { effect: 'permit', reasons: [], grants: [] }
            : { effect: 'hold', reasons: [], grants: [], approverGroups: ['finance'] },
    }),
    check: async () => broken,
    activate: async () => outcome,
  }
}

/** What a provider says of `oidc.<name>`, who signed in with a second factor a minute ago. */
function signedInAtProvider(token: string, now: number) {
  const name = names.find((one) => token === `oidc.${one}`)
  if (name === undefined) return undefined
  return {
    subject: { kind: 'user', id: `corp:${name}`, groups: people[name] },
    actors: [],
    authentication: { method: 'oidc', expiresAt: now + 3_600_000 },
    assurance: { amr: ['pwd', 'mfa'], signedInAt: now - 60_000 },
  } as const
}

const names: readonly Name[] = ['root', 'ann', 'dana', 'eve']

// biome-ignore lint/suspicious/noExplicitAny: what came over the wire is looked at member by member.
export type Answer = Record<string, any>

export async function json(answer: Response): Promise<Answer> {
  const body: unknown = await answer.json()
  return body as Answer
}

export type Asked = {
  readonly as?: Name
  readonly method?: string
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

export async function ask(house: House, path: string, asked: Asked = {}): Promise<Response> {
  const { as, method = 'GET', body, headers } = asked
  const token = as && (await house.signIn(as))
  return fetch(`${house.url}${path}`, {
    method,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
}

const later = new Date(Date.UTC(2026, 0, 9)).toISOString()
export const key: KeyAsked = {
  name: 'ci',
  kind: 'workload',
  groups: [],
  scope: ['pay.list'],
  expires_at: later,
}
export const question: Explain = {
  as: { kind: 'user', id: 'corp:sam', groups: [] },
  call: 'pay.list',
  args: {},
}

export const v1 = '/api/v1'
