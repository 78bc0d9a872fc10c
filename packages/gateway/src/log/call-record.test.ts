import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leafText } from '@sallyport/evidence/leaf'
import { type Commitment, type Commitments, chainStart } from '@sallyport/evidence/record'
import fc from 'fast-check'
import { mcpWatchOf } from '../../test/call-stages.ts'
import { mcpConnectionOf, mcpFunctionOf } from '../../test/rulebook-parts.ts'
import { Refusal } from '../call/refusal.ts'
import type { Approved, Guarded, Outcome, Recorded, Resolved } from '../call/stage.ts'
import type { FunctionDefinition } from '../model/function.ts'
import { defaultReviewRules } from '../model/review-rules.ts'
import type { Entry } from '../store/store.ts'
import { chunkEntry, denialEntry, intentEntry, outcomeEntry } from './call-record.ts'

const now = Date.parse('2026-01-02T03:04:05.678Z')
const bytes = (text: string) => new TextEncoder().encode(text)

const fn: FunctionDefinition = {
  id: 'crm.customer.get',
  connection: 'crm',
  purpose: 'Read one customer',
  owner: 'team-crm',
  sensitivity: 'internal',
  risk: 'low',
  idempotent: true,
  deferrable: false,
  http: { method: 'POST', path: '/customers', places: {}, body: 'json' },
  argumentSchema: {},
  argumentMasks: [],
  resultMasks: [{ id: 'pan', path: '$.card', strategy: { kind: 'redact', label: 'card' } }],
  payloads: 'kept',
  digest: 'sha256:fn',
}
const hiding: FunctionDefinition = {
  ...fn,
  argumentMasks: [{ id: 'ssn', path: '$.ssn', strategy: { kind: 'hash' }, from: ['record'] }],
}

/** A call whose every value is `secret`, at the stage where it is resolved. */
function resolvedWith(secret: string, definition: FunctionDefinition = fn): Resolved {
  return {
    stage: 'resolved',
    id: 'call-1',
    startedAt: now,
    call: {
      protocol: 'http',
      proof: { kind: 'bearer', token: secret },
      source: { protocol: 'http', ip: '127.0.0.1' },
      sessionName: secret,
      approvalId: secret,
      waitMs: undefined,
      traceId: secret,
      signal: new AbortController().signal,
      admit: () => assert.fail(),
      read: () => assert.fail(),
    },
    principal: {
      subject: { kind: 'user', id: 'corp:sam', groups: [] },
      actors: [
        { kind: 'agent', id: 'corp:bot', groups: [] },
        { kind: 'agent', id: 'corp:earlier', groups: [] },
      ],
      authentication: { method: 'oidc', issuer: 'corp', credential: 'sha256:0', expiresAt: now },
      session: 'ses_1',
    },
    fn: definition,
    labels: [],
    connection: {
      id: 'crm',
      protocol: 'http',
      upstream: 'http://127.0.0.1:1',
      credential: { kind: 'none' },
      forwardHeaders: [],
    },
    args: { values: { id: secret }, bytes: bytes(secret), mediaType: `text/plain; x="${secret}"` },
    outbound: {
      protocol: 'http',
      method: 'POST',
      path: `/${secret}`,
      headers: [],
      body: undefined,
    },
    rewrite: () => assert.fail(),
    held: undefined,
    rules: {
      rulebook: { digest: 'sha256:rules', connections: [], functions: [fn], policies: [] },
      decide: () => assert.fail(),
      approvals: { flows: {}, groups: {}, people: [], breakGlass: undefined },
      fits: () => assert.fail(),
      constraintProblem: () => assert.fail(),
      reviews: defaultReviewRules,
      grants: [],
      grant: () => assert.fail(),
      ownerGroups: () => assert.fail(),
      ownerFlow: () => assert.fail(),
      dutySides: () => assert.fail(),
      dutyConflicts: () => assert.fail(),
      argumentProblems: () => [],
      argumentMasking: () => assert.fail(),
      resultMasking: () => assert.fail(),
    },
  }
}

const guardedWith = (secret: string, definition: FunctionDefinition = fn): Guarded => ({
  ...resolvedWith(secret, definition),
  stage: 'guarded',
  decision: {
    effect: 'hold',
    reasons: [{ policy: 'support-read', effect: 'permit' }],
    grants: [],
    approverGroups: ['approvers'],
  },
  decidedAt: now - 2,
  grants: [],
  fields: [['$.id']],
  used: [{ party: 'corp:sam', grant: 'support-read', freshness: 'DUE_SOON', when: ['1 == 1'] }],
  stale: [],
  argumentFindings: [{ rule: 'ssn', path: '$.ssn', how: 'hash', count: 2 }],
  forwardedArgs: bytes(`forwarded ${secret}`),
  recordedArgs: bytes(`recorded ${secret}`),
})
const approvedWith = (secret: string, definition: FunctionDefinition = fn): Approved => ({
  ...guardedWith(secret, definition),
  stage: 'approved',
  approval: {
    id: 'apr_1',
    clearance: 'clr_1',
    by: ['corp:dana'],
    groups: ['approvers'],
    revoked: new AbortController().signal,
  },
  duties: undefined,
  grantsRevoked: new AbortController().signal,
})
const recordedWith = (secret: string, definition: FunctionDefinition = fn): Recorded => ({
  ...approvedWith(secret, definition),
  stage: 'recorded',
  intent: { origin: 'log', index: 41 },
})
const outcomeWith = (secret: string): Outcome => ({
  ending: 'done',
  head: { status: 200, headers: [['x', secret]], mediaType: `application/json; a=${secret}` },
  findings: [{ rule: 'pan', path: '$.card', how: 'redact', count: 1 }],
  received: bytes(`received ${secret}`),
  returned: bytes(`returned ${secret}`),
  streamed: undefined,
})
const soFar = { salt: new Uint8Array(32), hmac: new Uint8Array(32), bytes: 99 }

type Expected = { readonly record: object; readonly payloads: readonly string[] }

/** The record with these members among others, and the payloads as `role:kept or committed:text`. */
function check({ record, payloads }: Entry, expected: Expected): void {
  assert.partialDeepStrictEqual(record, { time: '2026-01-02T03:04:05.678Z', ...expected.record })
  const listed = payloads.map((payload) =>
    'bytes' in payload
      ? `${payload.role}:${payload.keep ? 'kept' : 'committed'}:${new TextDecoder().decode(payload.bytes)}`
      : `${payload.role}:streamed:${payload.length}`,
  )
  assert.deepEqual(listed, expected.payloads)
}

const caller = { iss: 'corp', sub: 'bot', authn: 'oidc', cred: 'sha256:0' }
const obo = [
  { iss: 'corp', sub: 'sam' },
  { iss: 'corp', sub: 'earlier' },
]
const committedFn = { ...fn, payloads: 'committed' } as const
const same = bytes('same')
const alone = { ...resolvedWith('s').principal, actors: [] }
const policyDenied = new Refusal('policy-denied', {
  decidedAt: now - 1,
  facts: { policies: ['no-night'], errors: ['broken'] },
})

/** In a session with these labels, under rules by which a call brings three. */
const labelledWith = (...labels: string[]): Approved => {
  const at = approvedWith('s')
  const labelsBrought = () => ['untrusted', 'private', 'confidential']
  return { ...at, labels, rules: { ...at.rules, labelsBrought } }
}
/** It wants to hear of what it could read. */
const watching = (): Approved => {
  const mcp = { method: 'resources/read', name: 'file:///{+path}' } as const
  return {
    ...approvedWith('s', mcpFunctionOf({ id: 'crm.read', mcp })),
    connection: mcpConnectionOf({ id: 'crm' }),
    outbound: mcpWatchOf('file:///a'),
  }
}
const argumentPayloads = ['args:kept:recorded s', 'forwarded:kept:forwarded s']

const cases: readonly (readonly [string, Entry, Expected])[] = [
  [
    'an intent that brings something into its session',
    intentEntry(labelledWith('private'), now),
    {
      record: { labels: ['private'], brings: ['untrusted', 'confidential'] },
      payloads: argumentPayloads,
    },
  ],
  [
    'an intent to hear of changes',
    intentEntry(watching(), now),
    { record: { type: 'call.authorized', wants: 'subscribe' }, payloads: argumentPayloads },
  ],
  [
    'a denial of that',
    denialEntry(watching(), policyDenied, now),
    { record: { type: 'call.denied', wants: 'subscribe' }, payloads: ['args:kept:recorded s'] },
  ],
  [
    'an intent',
    intentEntry(approvedWith('s'), now),
    {
      record: {
        type: 'call.authorized',
        call: 'call-1',
        session: 'ses_1',
        caller,
        obo,
        fn: { name: 'crm.customer.get', schema: 'sha256:fn', server: 'crm' },
        decision: {
          effect: 'allow',
          obligations: ['approval:approvers', 'mask:pan', 'fields'],
          policy: 'sha256:rules',
          rules: ['support-read'],
          time: '2026-01-02T03:04:05.676Z',
        },
        source: { ip: '127.0.0.1', protocol: 'http' },
        masked: [{ how: 'hash', n: 2, path: '$.ssn', rule: 'ssn' }],
        approvals: [{ by: 'corp:dana', id: 'apr_1' }],
        clearance: 'clr_1',
        grants: [{ party: 'corp:sam', grant: 'support-read', freshness: 'DUE_SOON' }],
      },
      payloads: ['args:kept:recorded s', 'forwarded:kept:forwarded s'],
    },
  ],
  [
    'an intent that goes against a duty that is only flagged',
    intentEntry({ ...approvedWith('s'), duties: { marks: [], bars: [], met: ['two'] } }, now),
    {
      record: { duties: ['two'] },
      payloads: ['args:kept:recorded s', 'forwarded:kept:forwarded s'],
    },
  ],
  [
    'an intent whose arguments are forwarded as they are',
    intentEntry({ ...approvedWith('s'), recordedArgs: same, forwardedArgs: bytes('same') }, now),
    { record: {}, payloads: ['args:kept:same'] },
  ],
  [
    'an intent of somebody for themselves',
    intentEntry({ ...approvedWith('s'), principal: alone }, now),
    {
      record: { caller: { iss: 'corp', sub: 'sam' }, obo: [] },
      payloads: ['args:kept:recorded s', 'forwarded:kept:forwarded s'],
    },
  ],
  [
    'an intent that is only committed to',
    intentEntry(approvedWith('s', committedFn), now),
    { record: {}, payloads: ['args:committed:recorded s', 'forwarded:committed:forwarded s'] },
  ],
  [
    'an outcome',
    outcomeEntry(recordedWith('s'), outcomeWith('s'), now),
    {
      record: { type: 'call.outcome', intent: 41, ending: 'done', status: 200, session: 'ses_1' },
      payloads: ['result:kept:received s', 'returned:kept:returned s'],
    },
  ],
  [
    'an outcome that nothing was masked in',
    outcomeEntry(recordedWith('s'), { ...outcomeWith('s'), received: same, returned: same }, now),
    { record: {}, payloads: ['result:kept:same'] },
  ],
  [
    'an outcome without a reply',
    outcomeEntry(
      recordedWith('s'),
      {
        ...outcomeWith('s'),
        ending: 'upstream-timeout',
        head: undefined,
        received: undefined,
        returned: undefined,
      },
      now,
    ),
    { record: { ending: 'upstream-timeout', status: 0 }, payloads: [] },
  ],
  [
    'an outcome of a stream',
    outcomeEntry(
      recordedWith('s'),
      { ...outcomeWith('s'), received: undefined, returned: undefined, streamed: soFar },
      now,
    ),
    { record: {}, payloads: ['returned:streamed:99'] },
  ],
  [
    'a chunk',
    chunkEntry(recordedWith('s'), soFar, now),
    { record: { type: 'call.chunk', intent: 41 }, payloads: ['returned:streamed:99'] },
  ],
  [
    'a denial before anybody was identified',
    denialEntry(
      { stage: 'accepted', id: 'call-1', startedAt: now, call: resolvedWith('s').call },
      new Refusal('unauthenticated'),
      now,
    ),
    {
      record: {
        type: 'call.denied',
        code: 'unauthenticated',
        stage: 'accepted',
        source: { ip: '127.0.0.1', protocol: 'http' },
      },
      payloads: [],
    },
  ],
  [
    'a denial by policy',
    denialEntry(resolvedWith('s'), policyDenied, now),
    {
      record: {
        stage: 'resolved',
        caller,
        decision: {
          effect: 'deny',
          obligations: [],
          policy: 'sha256:rules',
          rules: ['no-night', 'broken'],
          time: '2026-01-02T03:04:05.677Z',
        },
      },
      payloads: ['args:kept:s'],
    },
  ],
  [
    'a denial because no grant counts: which, and where each stood',
    denialEntry(
      resolvedWith('s'),
      new Refusal('review-lapsed', {
        grants: [{ party: 'corp:sam', grant: 'support-read', freshness: 'LAPSED' }],
      }),
      now,
    ),
    {
      record: { grants: [{ party: 'corp:sam', grant: 'support-read', freshness: 'LAPSED' }] },
      payloads: ['args:kept:s'],
    },
  ],
  [
    'a denial while an owner is asked, which policy did not want',
    denialEntry(
      {
        ...guardedWith('s'),
        decision: { effect: 'permit', reasons: [], grants: [] },
        used: [{ party: 'corp:sam', grant: 'support-read', freshness: 'STALE' }],
        stale: [{ grant: 'support-read', owner: 'crm', group: 'crm-leads' }],
      },
      new Refusal('approval-required', { facts: { approval: 'apr_7' } }),
      now,
    ),
    {
      record: {
        decision: { effect: 'allow', obligations: ['approval:crm-leads'] },
        grants: [{ party: 'corp:sam', grant: 'support-read', freshness: 'STALE' }],
      },
      payloads: ['args:kept:recorded s'],
    },
  ],
  [
    'a denial because of a duty',
    denialEntry(
      guardedWith('s'),
      new Refusal('duties-conflict', { facts: { duties: ['two'] } }),
      now,
    ),
    {
      record: { code: 'duties-conflict', duties: ['two'] },
      payloads: ['args:kept:recorded s'],
    },
  ],
  [
    'a denial before what the record must not see was masked',
    denialEntry(resolvedWith('s', hiding), policyDenied, now),
    { record: {}, payloads: ['args:committed:s'] },
  ],
  [
    'a denial after that',
    denialEntry(
      guardedWith('s', hiding),
      new Refusal('approval-required', { facts: { approval: 'apr_7' } }),
      now,
    ),
    {
      record: {
        approval: 'apr_7',
        decision: {
          effect: 'hold',
          obligations: ['approval:approvers'],
          time: '2026-01-02T03:04:05.676Z',
        },
      },
      payloads: ['args:kept:recorded s'],
    },
  ],
]
for (const [name, entry, expected] of cases) test(name, () => check(entry, expected))

test('an intent says by which conditions of its grants it was judged', () => {
  assert.deepEqual(intentEntry(approvedWith('s'), now).narrowed, [
    { grant: 'support-read', when: ['1 == 1'] },
  ])
})

test('no argument, token, header or result value is in any leaf', () => {
  const secrets = fc.string({ unit: 'grapheme', minLength: 6, maxLength: 60 })
  fc.assert(
    fc.property(secrets, (random) => {
      const secret = `CANARY${random}`
      const refusal = new Refusal('approval-unusable', {
        detail: secret,
        facts: { approval: secret, differs: [secret], pointers: [secret] },
        cause: secret,
      })
      for (const entry of [
        intentEntry(approvedWith(secret), now),
        outcomeEntry(recordedWith(secret), outcomeWith(secret), now),
        chunkEntry(recordedWith(secret), soFar, now),
        denialEntry(resolvedWith(secret), refusal, now),
        denialEntry(guardedWith(secret), refusal, now),
      ]) {
        const text = leafText(entry.record, emitter, commitmentsOf(entry))
        assert.doesNotMatch(text, /canary/i)
      }
    }),
  )
})

const emitter = { boot: 'b1', instance: 'gw', prev: chainStart, seq: 0 }

function commitmentsOf({ payloads }: Entry): Commitments {
  const commitment = (mt: string): Commitment => ({ alg: 'HMAC-SHA-256', c: 'c', len: 1, mt })
  return Object.fromEntries(payloads.map(({ role, mediaType }) => [role, commitment(mediaType)]))
}

test('an intent that brings nothing new says nothing of it', () => {
  const { record } = intentEntry(labelledWith('private', 'untrusted', 'confidential'), now)
  assert.ok(!('brings' in record))
  const plain = intentEntry(approvedWith('s'), now).record
  assert.ok(!('brings' in plain) && !('labels' in plain) && !('wants' in plain))
})
