import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import fc from 'fast-check'
import { leafText } from './leaf.ts'
import { parseLeaf } from './parse-leaf.ts'
import {
  type CallFacts,
  type Commitments,
  chainStart,
  leafBytesMax,
  type RecordDraft,
} from './record.ts'

/** Somebody else's RFC 8785. Its types do not fit its module. */
const canonicalize: (value: unknown) => string = createRequire(import.meta.url)('canonicalize')

const time = '2026-01-02T03:04:05.678Z'
const emitter = { seq: 7, prev: chainStart, instance: 'gw-1', boot: 'b1' }
const commitment = { mt: 'text/plain', len: 3, c: 'abc', alg: 'HMAC-SHA-256' } as const

const facts = (text: string): CallFacts => ({
  grants: [{ party: text, grant: text, freshness: 'FRESH' }],
  duties: [text],
  trace: text,
  session: text,
  obo: [{ sub: text, iss: text }],
  fn: { server: text, schema: text, name: text },
  decision: { rules: [text], policy: text, obligations: [text], effect: 'hold', time: text },
  source: { protocol: text, ip: text },
  caller: { sub: text, iss: text, cred: text, authn: 'oidc' },
  call: text,
  labels: [text],
  wants: 'subscribe',
})
const masked = (text: string) => [{ rule: text, path: text, n: 2, how: text }]
const args = { forwarded: commitment, args: commitment }
const results = { returned: commitment, result: commitment }

type Drafts = readonly (readonly [RecordDraft, Commitments])[]

/** One of each type, every member present, in no particular order. */
const drafts = (text: string): Drafts => [
  ...callDrafts(text),
  ...approvalDrafts(text),
  ...stateDrafts(text),
  ...grantDrafts(text),
  ...reviewDrafts(text),
]

const callDrafts = (text: string): Drafts => [
  [
    {
      type: 'call.authorized',
      time,
      masked: masked(text),
      clearance: text,
      approvals: [{ id: text, by: text }],
      ...facts(text),
    },
    args,
  ],
  [
    {
      type: 'call.denied',
      time,
      stage: 'guarded',
      code: 'internal',
      approval: text,
      ...facts(text),
    },
    { args: commitment },
  ],
  [{ type: 'call.denied', time, stage: 'guarded', code: 'internal', call: text }, {}],
  [
    {
      type: 'call.outcome',
      time,
      status: 200,
      masked: masked(text),
      intent: 1,
      session: text,
      ending: 'done',
      call: text,
    },
    results,
  ],
  [{ type: 'call.chunk', time, session: text, intent: 1, call: text }, results],
  [
    { type: 'reconcile.indeterminate', time, session: text, reason: 'stop', intent: 1, call: text },
    {},
  ],
]

const approvalDrafts = (text: string): Drafts => {
  const terms = { when: [text], uses: 3, kind: 'window', for: 60_000 } as const
  const vote = {
    type: 'approval.decided',
    time,
    verdict: 'deny',
    step: 0,
    state: 'DENIED',
    offer: text,
    group: text,
    channel: 'slack',
    by: text,
    approval: text,
  } as const
  const countered = {
    type: 'approval.countered',
    time,
    terms,
    offer: text,
    by: text,
    approval: text,
  } as const
  const glass = {
    type: 'break-glass.opened',
    time,
    uses: 100,
    signedIn: time,
    reviewBy: time,
    reason: text,
    incident: text,
    glass: text,
    functions: [text],
    expires: time,
    clearance: text,
    by: text,
    amr: [text],
  } as const
  const records: readonly RecordDraft[] = [
    { ...vote, voided: [text], onBehalfOf: text, clearance: text, claimBy: time },
    vote,
    { ...countered, onBehalfOf: text },
    { ...countered, terms: { kind: 'call' } },
    { type: 'approval.escalated', time, step: 1, groups: [text], approval: text },
    { type: 'approval.closed', time, state: 'EXPIRED', by: text, approval: text },
    { type: 'approval.closed', time, state: 'EXPIRED', approval: text },
    {
      type: 'clearance.claimed',
      time,
      use: 1,
      digest: text,
      clearance: text,
      call: text,
      approval: text,
    },
    { type: 'clearance.returned', time, state: 'ACTIVE', clearance: text, call: text },
    { type: 'clearance.closed', time, state: 'REVOKED', reason: text, clearance: text, by: text },
    { type: 'clearance.closed', time, state: 'REVOKED', clearance: text },
    { ...glass, approval: text, acr: text },
    glass,
    { type: 'break-glass.reviewed', time, verdict: 'justified', glass: text, by: text },
    {
      type: 'delegation.made',
      time,
      until: time,
      to: text,
      groups: [text],
      from: text,
      delegation: text,
      by: text,
    },
    { type: 'delegation.ended', time, delegation: text, by: text },
    { type: 'deferral.changed', time, state: 'DONE', ran: text, call: text, approval: text },
    { type: 'deferral.changed', time, state: 'DONE', call: text, approval: text },
  ]
  const requested: RecordDraft = {
    type: 'approval.requested',
    time,
    terms,
    steps: [{ quorum: 2, groups: [text], flow: text }],
    session: text,
    rules: [text],
    offer: text,
    groups: [text],
    fn: text,
    excluded: [text],
    digest: text,
    decideBy: time,
    call: text,
    approval: text,
  }
  return [[requested, args], ...records.map((record) => [record, {}] as const)]
}

const stateDrafts = (text: string): Drafts => [
  [{ type: 'rulebook.activated', time, previous: text, digest: text, by: text }, {}],
  [{ type: 'key.issued', time, scope: [text], name: text, key: text, expires: time, by: text }, {}],
  [{ type: 'key.revoked', time, key: text, by: text }, {}],
  [{ type: 'admin.signed-in', time, method: 'operator', by: text }, {}],
  [{ type: 'principal.locked', time, reason: text, principal: text, by: text }, {}],
  [{ type: 'principal.unlocked', time, principal: text, by: text }, {}],
  [{ type: 'payload.read', time, role: 'result', record: 1, by: text }, {}],
  [
    {
      type: 'session.opened',
      time,
      session: text,
      parties: [{ sub: text, kind: 'agent', iss: text, groups: [text] }],
    },
    {},
  ],
  [
    {
      type: 'erasure.requested',
      time,
      record: 1,
      roles: ['args', 'result'],
      reason: text,
      erasure: text,
      by: text,
    },
    {},
  ],
  [
    {
      type: 'payload.erased',
      time,
      record: 1,
      roles: ['returned'],
      requestedBy: text,
      erasure: text,
      by: text,
    },
    {},
  ],
  [{ type: 'payload.expired', time, records: [1, 2], period: 3_600_000, class: text }, {}],
  [
    {
      type: 'evidence.exported',
      time,
      to: 9,
      session: text,
      scope: 'session',
      payloads: true,
      from: 1,
      by: text,
    },
    {},
  ],
  [{ type: 'log.genesis', time, origin: text, key: text }, {}],
  [{ type: 'key.rotated', time, previous: text, key: text, by: text }, {}],
  [{ type: 'heartbeat', time, interval: 10_000, elapsed: 20_001 }, {}],
  [
    {
      type: 'emitter.start',
      time,
      version: text,
      config: text,
      after: { seq: 3, hash: text, boot: text },
    },
    {},
  ],
  [{ type: 'emitter.start', time, version: text }, {}],
  [{ type: 'emitter.stop', time }, {}],
  [{ type: 'outage.ended', time, reason: 'disk-full', from: time }, {}],
  [{ type: 'log.recovered', time, size: 9, kept: 4 }, {}],
]

const grantDrafts = (text: string): Drafts => {
  const said = { time, timed: text, reason: text, by: text }
  const access = { time, timed: text, when: [text], party: text, from: time, functions: [text] }
  const putOff = { time, until: time, reason: text, grant: text, content: text, by: [text, text] }
  const certified: RecordDraft = {
    type: 'grant.certified',
    ...{ time, when: [text], validUntil: time, tier: 'high', reason: text, grant: text },
    ...{ decision: 'keep', content: text, certification: text, by: [text] },
  }
  const records: readonly RecordDraft[] = [
    certified,
    { ...certified, item: text, endsAt: time, campaign: text },
    {
      type: 'grant.proposed',
      time,
      reason: text,
      grant: text,
      content: text,
      by: text,
      act: 'extend',
    },
    {
      type: 'grant.revoked',
      time,
      reason: text,
      item: text,
      grant: text,
      campaign: text,
      by: text,
    },
    { type: 'grant.revoked', time, reason: text, grant: text, by: text },
    { type: 'grant.restored', time, reason: text, grant: text, by: [text, text] },
    { type: 'grant.exempted', ...putOff },
    { type: 'grant.extended', ...putOff },
    { type: 'timed.asked', ...access, reason: text, endsAt: time, by: text },
    { type: 'timed.given', ...access, reason: text, endsAt: time, by: [text] },
    { type: 'timed.agreed', ...said },
    { type: 'timed.refused', ...said },
    { type: 'timed.revoked', ...said },
    {
      type: 'function.quarantined',
      ...{ time, why: 'drift', registered: text, found: text, fn: text, connection: text },
    },
    {
      type: 'function.accepted',
      ...{ time, note: text, found: text, fn: text, connection: text, by: text },
    },
  ]
  return records.map((record) => [record, {}] as const)
}

const reviewDrafts = (text: string): Drafts => {
  const about = { time, item: text, grant: text, campaign: text }
  const dates = { opensAt: time, graceUntil: time, dueAt: time }
  const population = { hash: text, excluded: 1, count: 2 }
  const records: readonly RecordDraft[] = [
    {
      type: 'campaign.opened',
      ...{ time, state: 'DRAFT', previous: text, owner: text, noResponse: 'revoke', name: text },
      ...{ levels: 2, campaign: text, by: text, ...dates },
    },
    {
      type: 'campaign.changed',
      ...{
        time,
        unanswered: 3,
        state: 'STAGED',
        reason: text,
        population,
        campaign: text,
        by: [text],
      },
    },
    { type: 'campaign.changed', time, state: 'ACTIVE', campaign: text },
    {
      type: 'campaign.closed',
      ...{ time, population: text, manifest: text, counts: [{ what: 'voided', n: 1 }] },
      ...{ campaign: text, by: text },
    },
    { type: 'review.assigned', ...about, people: [text], note: text, groups: [text], by: text },
    {
      type: 'review.decided',
      ...{ ...about, when: [text], tier: 'low', shown: text, recommended: 'none', reason: text },
      ...{ level: 1, endsAt: time, dwell: 5, decision: 'revoke', content: text, by: text },
    },
    { type: 'review.applied', ...about, state: 'verified', decision: 'keep', answer: 'permit' },
    { type: 'review.applied', ...about, state: 'failed', decision: 'no-response' },
    { type: 'review.voided', ...about, reopened: text, content: text },
    { type: 'review.voided', ...about, content: text },
  ]
  return records.map((record) => [record, {}] as const)
}

/** The text is what the independent canonicalizer writes of the same members, and reads back. */
function check(draft: RecordDraft, commitments: Commitments): void {
  const text = leafText(draft, emitter, commitments)
  const members = { ...draft, ...commitments, emitter, v: 'evd/1' }
  assert.equal(text, canonicalize(members))
  assert.deepEqual(parseLeaf(Buffer.from(text)), JSON.parse(text))
}

for (const [draft, commitments] of drafts('é "x" \\ \u2028 \u0001')) {
  test(`${draft.type} is canonical`, () => check(draft, commitments))
}

test('whatever the strings hold', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 40 })
  fc.assert(
    fc.property(text, (value) => {
      for (const [draft, commitments] of drafts(value)) check(draft, commitments)
    }),
    { numRuns: 50 },
  )
})

const manyRules = Array.from({ length: 500 }, (_, n) => ({
  rule: `rule-${n}`,
  path: '$.a.b.c',
  n: 1,
  how: 'redact',
}))

test('a leaf that is too long loses the ends of its lists, and says how many', () => {
  const [[intent]] = drafts('ü') as [[RecordDraft, Commitments]]
  const text = leafText({ ...intent, masked: manyRules } as RecordDraft, emitter, args)
  assert.ok(Buffer.byteLength(text) <= leafBytesMax)
  const leaf = parseLeaf(Buffer.from(text))
  assert.ok(leaf.type === 'call.authorized')
  assert.equal(leaf.truncated, 500 - leaf.masked.length)
  assert.deepEqual(leaf.masked, manyRules.slice(0, leaf.masked.length))
  assert.equal(text, canonicalize(JSON.parse(text)))
})

const stop: RecordDraft = { type: 'emitter.stop', time }
const claimed = {
  type: 'clearance.claimed',
  time,
  call: 'c',
  clearance: 'clr_1',
  digest: 'd',
  use: 1,
} as const
/** What types forbid: who has passed over the compiler is stopped all the same. */
const forbidden = (draft: object) => draft as RecordDraft
const unwritable: readonly (readonly [string, RecordDraft, Commitments])[] = [
  ['a lone surrogate', { ...claimed, approval: '\ud800' }, {}],
  ['a string that is too long', { ...claimed, approval: 'x'.repeat(1025) }, {}],
  ['null', forbidden({ ...claimed, approval: null }), {}],
  ['a fraction', forbidden({ ...drafts('x')[4]?.[0], intent: 1.5 }), {}],
  ['a negative number', forbidden({ ...drafts('x')[4]?.[0], intent: -1 }), {}],
  ['no number', forbidden({ ...drafts('x')[4]?.[0], intent: Number.NaN }), {}],
  ['an absent member', forbidden({ ...claimed, approval: undefined }), {}],
  ['an unknown type', forbidden({ type: 'call.eaten', time }), {}],
  ['a commitment without a place', stop, { args: commitment }],
  ['a result of an intent', drafts('x')[0]?.[0] ?? stop, { result: commitment }],
  [
    'what is too long without any list',
    { ...claimed, approval: '€'.repeat(1024), call: '€'.repeat(1024), digest: '€'.repeat(1024) },
    {},
  ],
]
for (const [name, draft, commitments] of unwritable) {
  test(`cannot be recorded: ${name}`, () => {
    assert.throws(() => leafText(draft, emitter, commitments), TypeError)
  })
}

const good = leafText(claimed_(), emitter, {})
function claimed_(): RecordDraft {
  return { ...claimed, approval: 'apr_1' }
}
const unreadable: readonly (readonly [string, string])[] = [
  ['an unknown type', good.replace('clearance.claimed', 'clearance.eaten')],
  ['a type of the prototype', good.replace('clearance.claimed', 'constructor')],
  ['an unknown member', good.replace('"v":', '"u":1,"v":')],
  ['a missing member', good.replace('"digest":"d",', '')],
  ['a member twice', good.replace('"call":"c"', '"call":"b","call":"c"')],
  ['another order', good.replace(/"approval":"apr_1","call":"c"/, '"call":"c","approval":"apr_1"')],
  ['white space', good.replace(',', ', ')],
  ['another version', good.replace('evd/1', 'evd/2')],
  [
    'an outage for no known reason',
    leafText({ type: 'outage.ended', time, from: time, reason: 'disk-full' }, emitter, {}).replace(
      'disk-full',
      'holiday',
    ),
  ],
  ['a number for a string', good.replace('"c"', '1')],
  ['a fraction', good.replace('"seq":7', '"seq":7.5')],
  ['a byte order mark', `\ufeff${good}`],
  ['a list', '[]'],
  ['no JSON', 'x'],
]
for (const [name, text] of unreadable) {
  test(`is no leaf: ${name}`, () => {
    assert.notEqual(text, good)
    assert.throws(() => parseLeaf(Buffer.from(text)), TypeError)
  })
}

test('is no leaf: bytes that are not UTF-8', () => {
  assert.throws(() => parseLeaf(Buffer.from(good.replace('apr', 'apr\xff'), 'latin1')), TypeError)
})
