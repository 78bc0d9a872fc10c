import assert from 'node:assert/strict'
import { request } from 'node:http'
import { type TestContext, test } from 'node:test'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import { openDesk } from '../approval/desk.ts'
import { Refusal } from '../call/refusal.ts'
import { limits } from '../config/limits.ts'
import { openAdminSessions } from '../identity/admin-session.ts'
import { issueKey } from '../identity/api-key.ts'
import { issueOperatorKey, verifyOperatorKey } from '../identity/operator.ts'
import type { Approval } from '../model/approval.ts'
import type { Rulebook } from '../model/rulebook.ts'
import { openSqlite } from '../store/sqlite/open.ts'
import { type Store, Unavailable } from '../store/store.ts'
import { openAdmin } from './app.ts'
import { openMetrics } from './metrics.ts'
import type { AdminNeeds, RulebookOutcome } from './needs.ts'

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

const outcome: RulebookOutcome = { problems: [], digest: 'sha256:next', tests: [] }
const broken: RulebookOutcome = {
  problems: [
    { file: 'functions/pay.yaml', line: 3, column: 5, message: 'No owner.', hint: 'Name one.' },
  ],
  digest: undefined,
  tests: [],
}

const people = { root: ['admin'], ann: ['auditor'], dana: ['finance'], eve: ['sales'] }
type Name = keyof typeof people

type House = {
  readonly url: string
  readonly store: Store
  readonly faults: unknown[]
  readonly clock: { now: number }
  /** A session of this person. */
  readonly signIn: (name: Name) => Promise<string>
  readonly keys: Readonly<Record<Name, string>>
}

async function openHouse(t: TestContext, changes: Partial<AdminNeeds> = {}): Promise<House> {
  const kek = new Uint8Array(32).fill(1)
  const store = await openSqlite({ path: ':memory:', instance: 'gw', boot: 'b', kek })
  const clock = { now: Date.UTC(2026, 0, 2) }
  const now = () => clock.now
  let ids = 0
  const newId = () => `id-${String(ids++).padStart(6, '0')}`
  const issued = {
    root: issueOperatorKey(),
    ann: issueOperatorKey(),
    dana: issueOperatorKey(),
    eve: issueOperatorKey(),
  }
  const operators = names.map((name) => ({
    name,
    groups: people[name],
    keyHash: issued[name].keyHash,
  }))
  const faults: unknown[] = []
  const bindingKey = new Uint8Array(32)
  const admin = await openAdmin({
    listen: { host: '127.0.0.1', port: 0 },
    store,
    desk: openDesk({ store, bindingKey, now, newId, limits, maskedView: () => ({}) }),
    rulebooks: {
      loaded: () => ({
        rulebook,
        since: clock.now,
        decide: ({ approvedBy }) =>
          approvedBy.length > 0
            ? { effect: 'permit', reasons: [], grants: [] }
            : { effect: 'hold', reasons: [], grants: [], approverGroups: ['finance'] },
      }),
      check: async () => broken,
      activate: async () => outcome,
    },
    signIn: {
      byOperatorKey: async (key) => verifyOperatorKey(key, { operators, now: now() }),
      byToken: async () => {
        throw new Refusal('unauthenticated', { detail: 'The token has expired.' })
      },
      sessions: openAdminSessions({ now, limits }),
    },
    issueKey,
    roleGroups: { admin: ['admin'], auditor: ['auditor'] },
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
    await store.close()
  })
  const keys = {
    root: issued.root.key,
    ann: issued.ann.key,
    dana: issued.dana.key,
    eve: issued.eve.key,
  }
  const signIn = async (name: Name) => {
    const answer = await fetch(`${admin.url}/api/v1/sign-in`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys[name]}` },
    })
    assert.equal(answer.status, 200)
    return (await json(answer)).token as string
  }
  return { url: admin.url, store, faults, clock, signIn, keys }
}
const names: readonly Name[] = ['root', 'ann', 'dana', 'eve']

// biome-ignore lint/suspicious/noExplicitAny: what came over the wire is looked at member by member.
type Answer = Record<string, any>

async function json(answer: Response): Promise<Answer> {
  const body: unknown = await answer.json()
  return body as Answer
}

type Asked = {
  readonly as?: Name
  readonly method?: string
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

async function ask(house: House, path: string, asked: Asked = {}): Promise<Response> {
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
const key = { name: 'ci', kind: 'workload', groups: [], scope: ['pay.list'], expires_at: later }
const question = { as: { kind: 'user', id: 'corp:sam', groups: [] }, call: 'pay.list', args: {} }
const v1 = '/api/v1'

/** Every way to be told no: what was asked, the status and code, and where in the request it is wrong. */
const refused: readonly (readonly [string, string, Asked, number, string, string?])[] = [
  ['nobody', `${v1}/whoami`, {}, 401, 'unauthenticated'],
  [
    'a made-up session',
    `${v1}/whoami`,
    { headers: { authorization: 'Bearer spa_x' } },
    401,
    'unauthenticated',
  ],
  [
    'an expired token',
    `${v1}/calls`,
    { headers: { authorization: 'Bearer ey.J.x' } },
    401,
    'unauthenticated',
  ],
  [
    'no bearer',
    `${v1}/whoami`,
    { headers: { authorization: 'Basic eDp5' } },
    401,
    'unauthenticated',
  ],
  ['a sign-in without proof', `${v1}/sign-in`, { method: 'POST' }, 401, 'unauthenticated'],
  ['an unknown path', '/nowhere', {}, 404, 'not-found'],
  ['an unknown path of the API', `${v1}/nowhere`, { as: 'root' }, 404, 'not-found'],
  ['another method', '/livez', { method: 'DELETE' }, 405, 'method-refused'],
  [
    'another method of the API',
    `${v1}/functions/x`,
    { as: 'root', method: 'PUT' },
    405,
    'method-refused',
  ],
  [
    'malformed JSON',
    `${v1}/keys`,
    { as: 'root', method: 'POST', body: '{' },
    400,
    'request-invalid',
  ],
  ['no body', `${v1}/keys`, { as: 'root', method: 'POST' }, 400, 'request-invalid'],
  [
    'another media type',
    `${v1}/keys`,
    { as: 'root', method: 'POST', body: 'a=b', headers: { 'content-type': 'text/plain' } },
    415,
    'media-type-refused',
  ],
  [
    'a body that is too large',
    `${v1}/keys`,
    { as: 'root', method: 'POST', body: `"${'x'.repeat(1_048_576)}"` },
    413,
    'request-too-large',
  ],
  [
    'an unknown member',
    `${v1}/keys`,
    { as: 'root', method: 'POST', body: { ...key, admin: true } },
    400,
    'request-invalid',
    '',
  ],
  [
    'a member of another type',
    `${v1}/keys`,
    { as: 'root', method: 'POST', body: { ...key, scope: [1] } },
    400,
    'request-invalid',
    '/scope/0',
  ],
  [
    'a scope that covers nothing',
    `${v1}/keys`,
    { as: 'root', method: 'POST', body: { ...key, scope: ['pay.lst'] } },
    400,
    'request-invalid',
    '/scope/0',
  ],
  [
    'a key that never ends',
    `${v1}/keys`,
    { as: 'root', method: 'POST', body: { ...key, expires_at: '2999-01-01T00:00:00Z' } },
    400,
    'request-invalid',
    '/expires_at',
  ],
  [
    'a key asked for by an auditor',
    `${v1}/keys`,
    { as: 'ann', method: 'POST', body: key },
    403,
    'forbidden',
  ],
  [
    'a key that is not there',
    `${v1}/keys/key_none`,
    { as: 'root', method: 'DELETE' },
    409,
    'conflict',
  ],
  ['calls read by an approver', `${v1}/calls`, { as: 'dana' }, 403, 'forbidden'],
  ['records read by an approver', `${v1}/records/0`, { as: 'dana' }, 403, 'forbidden'],
  ['call events for an approver', `${v1}/calls/events`, { as: 'dana' }, 403, 'forbidden'],
  [
    'an apply by an auditor',
    `${v1}/rulebook/apply`,
    { as: 'ann', method: 'POST' },
    403,
    'forbidden',
  ],
  [
    'a page that is too long',
    `${v1}/calls?limit=201`,
    { as: 'ann' },
    400,
    'request-invalid',
    'limit',
  ],
  ['an unknown parameter', `${v1}/calls?functoin=x`, { as: 'ann' }, 400, 'request-invalid'],
  ['a cursor that is none', `${v1}/calls?cursor=!`, { as: 'ann' }, 400, 'cursor-invalid'],
  ['a cursor of another list', `${v1}/calls?cursor=ImEi`, { as: 'ann' }, 400, 'cursor-invalid'],
  [
    'an unknown state',
    `${v1}/approvals?state=MAYBE`,
    { as: 'dana' },
    400,
    'request-invalid',
    'state',
  ],
  ['an unknown approval', `${v1}/approvals/apr_x`, { as: 'dana' }, 404, 'not-found'],
  ['an unknown call', `${v1}/calls/x`, { as: 'ann' }, 404, 'not-found'],
  ['an unknown session', `${v1}/sessions/x`, { as: 'ann' }, 404, 'not-found'],
  ['an unknown function', `${v1}/functions/x`, { as: 'ann' }, 404, 'not-found'],
  ['a record beyond the log', `${v1}/records/999`, { as: 'ann' }, 404, 'not-found'],
  [
    'a question about no function',
    `${v1}/policy/explain`,
    { as: 'ann', method: 'POST', body: { ...question, call: 'x' } },
    400,
    'request-invalid',
    '/call',
  ],
  [
    'a resume from nowhere',
    `${v1}/calls/events`,
    { as: 'ann', headers: { 'last-event-id': 'x' } },
    400,
    'request-invalid',
    'Last-Event-ID',
  ],
]

async function check(
  t: TestContext,
  path: string,
  asked: Asked,
  expected: readonly [number, string, string?],
) {
  const house = await openHouse(t)
  const answer = await ask(house, path, asked)
  const [status, code, pointer] = expected
  const body = await json(answer)
  assert.deepEqual([answer.status, body.code], [status, code], JSON.stringify(body))
  assert.equal(answer.headers.get('content-type'), 'application/problem+json')
  assert.equal(body.type, `urn:sallyport:problem:${code}`)
  assert.equal(body.status, status)
  assert.equal(body.request_id, answer.headers.get('x-request-id'))
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  if (pointer !== undefined) assert.equal(body.errors[0].pointer, pointer)
  assert.deepEqual(house.faults, [])
}

for (const [name, path, asked, ...expected] of refused) {
  test(`${name}: ${expected[1]}`, (t) => check(t, path, asked, expected))
}

test('a person signs in, is known, and signs out; the sign-in is recorded', async (t) => {
  const house = await openHouse(t)
  const authorization = `Bearer ${await house.signIn('root')}`
  const who = await json(await ask(house, `${v1}/whoami`, { headers: { authorization } }))
  assert.deepEqual(
    [who.id, who.roles, who.method],
    ['operator:root', ['admin', 'approver'], 'operator'],
  )
  const out = await ask(house, `${v1}/sign-in`, { method: 'DELETE', headers: { authorization } })
  assert.equal(out.status, 204)
  assert.equal((await ask(house, `${v1}/whoami`, { headers: { authorization } })).status, 401)
  const leaves = (await house.store.leaves(0, 100)).map(({ bytes }) => parseLeaf(bytes))
  const found = leaves.find(({ type }) => type === 'admin.signed-in')
  assert.equal(found && 'by' in found && found.by, 'operator:root')
})

test('sign-in attempts are bounded for each address', async (t) => {
  const house = await openHouse(t)
  const headers = { authorization: 'Bearer spo_wrong' }
  const codes = new Set<number>()
  for (let n = 0; n <= limits.signInsPerMinute; n++) {
    codes.add((await ask(house, `${v1}/sign-in`, { method: 'POST', headers })).status)
  }
  assert.deepEqual([...codes], [401, 429])
  house.clock.now += 60_000
  await house.signIn('root')
})

test('on a loopback address a foreign host name is not answered', async (t) => {
  const house = await openHouse(t)
  const status = await new Promise((resolve, reject) => {
    const { port } = new URL(house.url)
    const sent = request({ port, path: '/livez', headers: { host: 'evil.example' } }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    sent.on('error', reject).end()
  })
  assert.equal(status, 400)
})

test('probes and metrics need no sign-in and name nobody', async (t) => {
  const metrics = openMetrics({ version: '0.1.0' })
  metrics.callEnded({ ending: 'done', durationMs: 7 })
  metrics.refused('policy-denied')
  let missing: readonly string[] = []
  const house = await openHouse(t, { metrics, notReady: async () => missing })
  assert.equal((await ask(house, '/livez')).status, 200)
  assert.equal((await ask(house, '/readyz')).status, 200)
  missing = ['rulebook']
  assert.equal((await ask(house, '/readyz')).status, 503)
  const text = await (await ask(house, '/metrics')).text()
  for (const line of [
    'sallyport_calls_total{ending="done"} 1',
    'sallyport_refusals_total{code="policy-denied"} 1',
    'sallyport_call_duration_seconds_bucket{le="0.005"} 0',
    'sallyport_call_duration_seconds_bucket{le="0.01"} 1',
    'sallyport_call_duration_seconds_count 1',
    'sallyport_approvals_pending 0',
    'sallyport_records 1',
  ]) {
    assert.ok(text.split('\n').includes(line), line)
  }
})

test('functions are listed, filtered and shown', async (t) => {
  const house = await openHouse(t)
  const first = await json(await ask(house, `${v1}/functions?limit=1`, { as: 'ann' }))
  assert.deepEqual(
    first.data.map(({ id }: Answer) => id),
    ['pay.list'],
  )
  const rest = await json(
    await ask(house, `${v1}/functions?cursor=${first.next_cursor}`, { as: 'ann' }),
  )
  assert.deepEqual(
    [rest.data.map(({ id }: Answer) => id), rest.next_cursor],
    [['pay.transfer'], null],
  )
  const found = await json(
    await ask(house, `${v1}/functions?q=MONEY&sensitivity=restricted`, { as: 'ann' }),
  )
  assert.deepEqual(
    found.data.map(({ id }: Answer) => id),
    ['pay.transfer'],
  )
  const one = await json(await ask(house, `${v1}/functions/pay.list`, { as: 'ann' }))
  assert.deepEqual(one.masks, [{ id: 'm1', path: '$.iban', how: 'drop', of: 'result' }])
})

test('the rulebook is shown, checked, applied and explained', async (t) => {
  const house = await openHouse(t)
  assert.equal((await json(await ask(house, `${v1}/rulebook`, { as: 'ann' }))).functions, 2)
  const checked = await json(
    await ask(house, `${v1}/rulebook/check`, { as: 'ann', method: 'POST' }),
  )
  assert.deepEqual([checked.valid, checked.errors[0].line], [false, 3])
  const applied = await json(
    await ask(house, `${v1}/rulebook/apply`, { as: 'root', method: 'POST' }),
  )
  assert.deepEqual([applied.valid, applied.changed, applied.digest], [true, true, 'sha256:next'])
  const asked = { as: 'ann', method: 'POST', body: question } as const
  const explained = await json(await ask(house, `${v1}/policy/explain`, asked))
  assert.deepEqual([explained.effect, explained.approver_groups], ['hold', ['finance']])
})

test('a rulebook with problems is not applied, and all of them are said', async (t) => {
  const rulebooks = {
    loaded: () => undefined,
    check: async () => broken,
    activate: async () => broken,
  }
  const house = await openHouse(t, { rulebooks })
  const answer = await ask(house, `${v1}/rulebook/apply`, { as: 'root', method: 'POST' })
  const body = await json(answer)
  assert.deepEqual([answer.status, body.code], [422, 'rulebook-invalid'])
  assert.deepEqual(body.errors, [
    { pointer: 'functions/pay.yaml:3:5', detail: 'No owner. Name one.' },
  ])
  assert.equal(
    (await json(await ask(house, `${v1}/rulebook`, { as: 'root' }))).code,
    'rulebook-missing',
  )
})

test('a key is shown once, listed without it, and revoked once', async (t) => {
  const house = await openHouse(t)
  const issued = await ask(house, `${v1}/keys`, { as: 'root', method: 'POST', body: key })
  const { key: text, id, created_by } = await json(issued)
  assert.deepEqual([issued.status, created_by], [201, 'operator:root'])
  assert.match(text, /^spk_/)
  const listed = await (await ask(house, `${v1}/keys`, { as: 'ann' })).text()
  assert.ok(listed.includes(id) && !listed.includes(text))
  const revoked = [1, 2].map(() => ask(house, `${v1}/keys/${id}`, { as: 'root', method: 'DELETE' }))
  const statuses = (await Promise.all(revoked)).map(({ status }) => status)
  assert.deepEqual(statuses.sort(), [204, 409])
  const leaves = (await house.store.leaves(0, 100)).map(({ bytes }) => parseLeaf(bytes).type)
  assert.deepEqual(
    ['key.issued', 'key.revoked'].map((type) => leaves.filter((one) => one === type).length),
    [1, 1],
  )
})

test('when the store is down nobody gets a key, and nothing of why is said', async (t) => {
  const cause = new Unavailable('disk on /dev/sdz is full')
  const house = await openHouse(t)
  const failing = {
    ...house.store,
    commit: (entry: Parameters<Store['commit']>[0]) =>
      entry.record.type === 'key.issued' ? Promise.reject(cause) : house.store.commit(entry),
  }
  const other = await openHouse(t, { store: failing })
  const answer = await ask(other, `${v1}/keys`, { as: 'root', method: 'POST', body: key })
  const text = await answer.text()
  assert.equal(answer.status, 503)
  assert.doesNotMatch(text, /sdz|spk_/)
  assert.equal(other.faults.length, 1)
})

async function commitApproval(store: Store, id: string, changes: Partial<Approval> = {}) {
  const none = { function: '', definition: '', arguments: '', upstream: '' }
  const approval: Approval = {
    id,
    state: 'PENDING',
    clearance: 'NONE',
    revision: 0,
    binding: { ...none, credential: '', subject: '', actors: '', rulebook: '' },
    digest: `digest-${id}`,
    callId: `call-${id}`,
    functionId: 'pay.transfer',
    subject: 'corp:sam',
    actors: ['corp:bot'],
    session: 'ses_1',
    approverGroups: ['finance'],
    reasons: [{ policy: 'large', effect: 'forbid', text: 'Large.' }],
    createdAt: Date.UTC(2026, 0, 1, 23),
    decideBy: Date.UTC(2026, 0, 3),
    votes: [],
    ...changes,
  }
  const { digest, callId: call, session, functionId: fn, approverGroups: groups } = approval
  const bytes = new TextEncoder().encode('{"function":{},"arguments":{"to":"a\u202Eb"}}')
  await store.commit({
    record: {
      type: 'approval.requested',
      time: '2026-01-01T23:00:00.000Z',
      approval: id,
      call,
      session,
      fn,
      groups,
      digest,
      rules: [],
    },
    payloads: [
      { role: 'args', mediaType: 'message/http', bytes, keep: true },
      { role: 'forwarded', mediaType: 'application/json', bytes, keep: true },
    ],
    change: { kind: 'approval.open', approval },
  })
}

const vote = (digest: string, reason?: string) =>
  ({ as: 'dana', method: 'POST', body: { digest, ...(reason && { reason }) } }) as const

test('an approver sees what their groups decide, and nobody else does', async (t) => {
  const house = await openHouse(t)
  await commitApproval(house.store, 'apr_1')
  await commitApproval(house.store, 'apr_2', { approverGroups: ['legal'] })
  const seen = async (as: Name) =>
    (await json(await ask(house, `${v1}/approvals`, { as }))).data.map(({ id }: Answer) => id)
  assert.deepEqual(await seen('dana'), ['apr_1'])
  assert.deepEqual(await seen('ann'), ['apr_2', 'apr_1'])
  assert.deepEqual(await seen('eve'), [])
  assert.equal((await ask(house, `${v1}/approvals/apr_1`, { as: 'eve' })).status, 404)
  const shown = await json(await ask(house, `${v1}/approvals/apr_1`, { as: 'dana' }))
  assert.deepEqual(shown.question.arguments, { to: 'a\\u{202e}b' })
  assert.deepEqual(shown.you, { may_vote: true, why_not: null })
  const reads = (await house.store.leaves(0, 100)).map(({ bytes }) => parseLeaf(bytes))
  assert.equal(reads.filter(({ type }) => type === 'payload.read').length, 1)
})

test('an approver votes; an administrator without the group does not', async (t) => {
  const house = await openHouse(t)
  await commitApproval(house.store, 'apr_1')
  await commitApproval(house.store, 'apr_2')
  const path = (id: string, verdict: string) => `${v1}/approvals/${id}/${verdict}`
  const root = await ask(house, path('apr_1', 'approve'), { ...vote('digest-apr_1'), as: 'root' })
  assert.equal((await json(root)).errors[0].detail, 'not-an-approver')
  const stale = await ask(house, path('apr_1', 'approve'), vote('digest-apr_2'))
  assert.deepEqual([stale.status, (await json(stale)).errors[0].detail], [409, 'other-digest'])
  const yes = await json(await ask(house, path('apr_1', 'approve'), vote('digest-apr_1')))
  assert.deepEqual(
    [yes.state, yes.clearance, yes.votes[0].by],
    ['APPROVED', 'ACTIVE', 'operator:dana'],
  )
  const silent = await ask(house, path('apr_2', 'deny'), vote('digest-apr_2'))
  assert.equal((await json(silent)).errors[0].detail, 'reason-required')
  const no = await json(await ask(house, path('apr_2', 'deny'), vote('digest-apr_2', 'Wrong.')))
  assert.equal(no.state, 'DENIED')
  const listed = await json(await ask(house, `${v1}/approvals?state=PENDING`, { as: 'dana' }))
  assert.deepEqual(listed.data, [])
})

async function commitCall(store: Store, call: string, ending?: 'done'): Promise<void> {
  const time = '2026-01-02T00:00:00.000Z'
  const session = 'ses_1'
  const { index: intent } = await store.commit({
    record: {
      type: 'call.authorized',
      time,
      call,
      session,
      caller: { iss: 'corp', sub: 'bot', authn: 'oidc', cred: 'sha256:0' },
      obo: [{ iss: 'corp', sub: 'sam' }],
      fn: { name: 'pay.list', schema: 'sha256:fn', server: 'pay' },
      decision: { effect: 'allow', obligations: [], policy: 'sha256:rules', rules: ['read'] },
      masked: [],
      approvals: [],
    },
    payloads: [],
  })
  if (!ending) return
  const masked = [{ rule: 'm1', path: '$.iban', how: 'drop', n: 2 }]
  await store.commit({
    record: { type: 'call.outcome', time, call, session, intent, ending, status: 200, masked },
    payloads: [],
  })
}

test('calls are put together from their records, paged, and replayed by session', async (t) => {
  const house = await openHouse(t)
  await commitCall(house.store, 'c1', 'done')
  await commitCall(house.store, 'c2')
  await commitCall(house.store, 'c3', 'done')
  const ids = (body: Answer) => body.data.map(({ id }: Answer) => id)
  const first = await json(await ask(house, `${v1}/calls?limit=2&function=pay.list`, { as: 'ann' }))
  assert.deepEqual(ids(first), ['c3', 'c2'])
  const rest = await json(
    await ask(house, `${v1}/calls?limit=2&cursor=${first.next_cursor}`, { as: 'ann' }),
  )
  assert.deepEqual(ids(rest), ['c1'])
  const [{ caller, on_behalf_of, ending, status, masked }] = rest.data
  assert.deepEqual([caller, on_behalf_of, ending, status], ['corp:bot', 'corp:sam', 'done', 200])
  assert.deepEqual(masked, [{ rule: 'm1', path: '$.iban', how: 'drop', count: 2 }])
  const one = await json(await ask(house, `${v1}/calls/c2`, { as: 'ann' }))
  assert.deepEqual([one.ending, one.rulebook, one.leaves.length], ['running', 'sha256:rules', 1])
  const sessions = await json(await ask(house, `${v1}/sessions`, { as: 'ann' }))
  assert.deepEqual([sessions.data[0].id, sessions.data[0].calls], ['ses_1', 3])
  const replay = await json(await ask(house, `${v1}/sessions/ses_1?limit=2`, { as: 'ann' }))
  assert.deepEqual(ids(replay), ['c1', 'c2'])
  const more = await json(
    await ask(house, `${v1}/sessions/ses_1?cursor=${replay.next_cursor}`, { as: 'ann' }),
  )
  assert.deepEqual([ids(more), more.next_cursor], [['c3'], null])
})

test('a record comes byte for byte as it was hashed', async (t) => {
  const house = await openHouse(t)
  const [leaf] = await house.store.leaves(0, 1)
  const answer = await ask(house, `${v1}/records/0`, { as: 'ann' })
  assert.deepEqual(new Uint8Array(await answer.arrayBuffer()), new Uint8Array(leaf?.bytes ?? []))
})

/** Reads an event stream until `count` events came. */
async function events(house: House, path: string, count: number, headers: Record<string, string>) {
  const leave = new AbortController()
  const answer = await fetch(`${house.url}${path}`, { headers, signal: leave.signal })
  assert.equal(answer.headers.get('content-type'), 'text/event-stream')
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of answer.body ?? assert.fail('there is no body')) {
    text += decoder.decode(chunk, { stream: true })
    if (text.split('\ndata: ').length + text.split('data: ').length > 2 * count + 1) break
    if ((text.match(/^id: /gm) ?? []).length >= count && text.endsWith('\n\n')) break
  }
  leave.abort()
  return text
    .split('\n\n')
    .filter((block) => block.includes('data: '))
    .map(
      (block): Answer => ({
        id: /^id: (.*)$/m.exec(block)?.[1],
        ...JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? '{}'),
      }),
    )
}

test('events resume after the last one seen, and show only what one may see', async (t) => {
  const house = await openHouse(t)
  await commitApproval(house.store, 'apr_1')
  await commitApproval(house.store, 'apr_2', { approverGroups: ['legal'] })
  await commitApproval(house.store, 'apr_3')
  const authorization = `Bearer ${await house.signIn('dana')}`
  const path = `${v1}/approvals/events`
  const all = await events(house, path, 2, { authorization, 'last-event-id': '0' })
  assert.deepEqual(
    all.map(({ event, id }) => [event, id]),
    [
      ['opened', 'apr_1'],
      ['opened', 'apr_3'],
    ],
  )
  const rest = await events(house, path, 1, { authorization, 'last-event-id': '2' })
  assert.deepEqual(
    rest.map(({ id }) => id),
    ['apr_3'],
  )
})

test('those who watch calls see them start and end', async (t) => {
  const house = await openHouse(t)
  await commitCall(house.store, 'c1', 'done')
  const authorization = `Bearer ${await house.signIn('ann')}`
  const seen = await events(house, `${v1}/calls/events`, 2, { authorization, 'last-event-id': '0' })
  assert.deepEqual(
    seen.map(({ event, call }) => [event, call.id]),
    [
      ['started', 'c1'],
      ['ended', 'c1'],
    ],
  )
})
