import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MaskError, type Masker, type ResultMasking } from '../mask/plan.ts'
import { noApprovalRules } from '../model/approval-rules.ts'
import type { Freshness } from '../model/certification.ts'
import type { Decision } from '../model/decision.ts'
import type { DutyMark } from '../model/duty.ts'
import type { FunctionDefinition } from '../model/function.ts'
import { type DutyRule, defaultReviewRules } from '../model/review-rules.ts'
import type { Credential } from '../model/secret.ts'
import type { Gate } from './gate.ts'
import type { InForce } from './in-force.ts'
import { govern } from './pipeline.ts'
import { Refusal } from './refusal.ts'
import type { Approved, Call, Outcome, Reading, Recorded } from './stage.ts'

const encoder = new TextEncoder()
const party = { kind: 'user', id: 'corp:sam', groups: ['support'] } as const

const fn: FunctionDefinition = {
  id: 'crm.customer.get',
  connection: 'crm',
  purpose: 'Read one customer',
  owner: 'team-crm',
  sensitivity: 'internal',
  risk: 'low',
  idempotent: true,
  deferrable: false,
  http: { method: 'GET', path: '/customers/{id}', places: { id: 'path' }, body: 'none' },
  argumentSchema: {},
  argumentMasks: [],
  resultMasks: [],
  payloads: 'kept',
  digest: 'sha256:fn',
}

const reading: Reading = {
  fn,
  connection: {
    id: 'crm',
    protocol: 'http',
    upstream: 'http://127.0.0.1:1',
    prefix: '/crm',
    credential: { kind: 'none' },
    forwardHeaders: [],
  },
  args: { values: { id: 'c-1' }, bytes: encoder.encode('GET'), mediaType: 'message/http' },
  outbound: {
    protocol: 'http',
    method: 'GET',
    path: '/customers/c-1',
    headers: [],
    body: undefined,
  },
  rewrite: () => assert.fail('nothing is masked from anybody here'),
}

const watching: Reading['outbound'] = {
  ...{ protocol: 'mcp', to: 'watch', method: 'resources/subscribe', headers: [] },
  params: encoder.encode('{}'),
  watch: {
    ...{ capabilities: {}, onChanged: () => {}, onOver: () => {} },
    until: new AbortController().signal,
  },
}

const permit: Decision = {
  effect: 'permit',
  reasons: [],
  grants: [{ party: 'corp:sam', grants: [{ id: 'support-read' }] }],
}
const held: Decision = { ...permit, effect: 'hold', approverGroups: ['approvers'] }
const forbid: Decision = { effect: 'forbid', reasons: [], errors: [] }
const lapsed: Decision = {
  ...permit,
  grants: [{ party: 'corp:sam', grants: [{ id: 'support-read', expiresAt: 10 }] }],
}

function rules(changes: Partial<InForce> = {}): InForce {
  return {
    rulebook: { digest: 'sha256:rules', connections: [], functions: [fn], policies: [] },
    decide: () => permit,
    argumentProblems: () => [],
    argumentMasking: () => ({
      hidesFromUpstream: false,
      hidesFromRecord: false,
      apply: (values) => ({ values, findings: [] }),
      applyToBody: (body) => body,
    }),
    resultMasking: () => ({
      masker: () => ({ push: (chunk) => chunk, end: () => new Uint8Array(), findings: () => [] }),
    }),
    approvals: noApprovalRules,
    fits: () => true,
    constraintProblem: () => undefined,
    reviews: defaultReviewRules,
    grants: [],
    grant: () => undefined,
    ownerGroups: (owner) => [owner],
    ownerFlow: (owner) => owner,
    dutySides: () => [],
    dutyConflicts: () => [],
    ...changes,
  }
}

type World = {
  readonly log: string[]
  /** Takes back what the call has claimed. */
  readonly revoke: AbortController
  /** Takes back the grant it is made by. */
  readonly grants: AbortController
  readonly chunks: readonly string[]
  readonly mediaType?: string
}

async function* chunks({ log, revoke, grants, chunks: texts }: World) {
  try {
    for (const text of texts) {
      if (text === 'BREAK') throw new Refusal('upstream-failed')
      // As the forwarder does when its signal says that nobody wants the answer any more.
      if (text === 'REVOKED') {
        revoke.abort()
        throw new Refusal('caller-left')
      }
      if (text === 'UNGRANTED') {
        grants.abort()
        throw new Refusal('caller-left')
      }
      if (text === 'LEFT') throw new Refusal('caller-left')
      log.push(`upstream sends ${text}`)
      yield encoder.encode(text)
    }
  } finally {
    log.push('upstream let go')
  }
}

const describe = (outcome: Outcome) =>
  `outcome ${outcome.ending}${outcome.streamed ? ` streamed ${outcome.streamed.bytes}` : ''}`

const used = { id: 'apr_1', clearance: 'clr_1', by: ['corp:dana'], groups: ['approvers'] }

/** A gate where everything says yes. Whatever it does to the outside world leaves a line in the log. */
function openGate(world: World, inForce: InForce): Gate {
  const { log, revoke, grants } = world
  let index = 0
  const append = async (line: string) => {
    log.push(line)
    return { origin: 'test', index: index++ }
  }
  return {
    micros: () => 0,
    now: () => 1000,
    newId: () => 'call-1',
    identify: async () => ({
      subject: party,
      actors: [],
      authentication: { method: 'oidc', issuer: 'corp', credential: 'sha256:0', expiresAt: 2000 },
      session: 'ses_1',
    }),
    rules: () => inForce,
    freshness: () => ({ state: 'FRESH', tier: 'low', when: [] }),
    timedGrants: () => [],
    isHeld: () => undefined,
    sessionLabels: () => assert.fail('these rules know no labels'),
    duties: () => assert.fail('no duty is touched'),
    revokedGrant: () => grants.signal,
    onWire: (connection, stated) => log.push(`${connection} says it has ${stated}`),
    claimStanding: async () => undefined,
    approvalGiven: () => assert.fail('nobody repeats anything'),
    openApproval: async () => ({ id: 'apr_1', digest: 'd' }),
    awaitVerdict: async () => ({ state: 'approved' }),
    claimClearance: async (_, id) => {
      log.push(`claimed ${id}`)
      return { ...used, id, revoked: revoke.signal }
    },
    clearanceDone: ({ clearance }, id, until) =>
      log.push(`${clearance} let go by ${id}${until ? ', but not by its watch' : ''}`),
    holdMs: { default: 10, max: 100 },
    appendIntent: () => append('intent'),
    appendOutcome: (_, outcome) => append(describe(outcome)),
    appendChunk: (_, soFar) => append(`chunk up to ${soFar.bytes}`),
    appendDenial: (at, refusal) => append(`denied ${refusal.code} at ${at.stage}`),
    credential: async () => ({ kind: 'none', echoes: [] }),
    forward: async () => ({
      state: 'raw',
      fragment: false,
      head: { status: 200, headers: [], mediaType: world.mediaType ?? 'application/json' },
      body: chunks(world),
    }),
    commitStream: () => {
      let bytes = 0
      return {
        update: (more) => {
          bytes += more.length
        },
        soFar: () => ({ salt: new Uint8Array(), hmac: new Uint8Array(), bytes }),
      }
    },
    logFault: () => {},
    maskKey: new Uint8Array(32),
    limits: { heldResultBytes: 8, chunkCommitBytes: 4 },
  }
}

const stillPending: Gate['claimClearance'] = async () => {
  throw new Refusal('approval-required')
}

/** An approval that people answer while its caller waits for them. */
function pendingAtFirst(): Partial<Gate> {
  let answered = false
  return {
    awaitVerdict: async (id, { waitMs }) => {
      assert.deepEqual([id, waitMs], ['apr_9', 30])
      answered = true
      return { state: 'approved' }
    },
    claimClearance: async (at, id) =>
      answered ? { ...used, id, revoked: new AbortController().signal } : stillPending(at, id),
  }
}

function callWith(changes: Partial<Call> = {}): Call {
  return {
    protocol: 'http',
    proof: { kind: 'bearer', token: 't' },
    source: { protocol: 'http', ip: '127.0.0.1' },
    sessionName: undefined,
    approvalId: undefined,
    waitMs: undefined,
    traceId: undefined,
    signal: new AbortController().signal,
    admit: () => {},
    read: async () => reading,
    ...changes,
  }
}

type Case = {
  readonly gate?: Partial<Gate>
  readonly rules?: Partial<InForce>
  readonly call?: Partial<Call>
  readonly chunks?: readonly string[]
  readonly mediaType?: string
  /** How many chunks the caller reads before leaving; absent: all of them. */
  readonly reads?: number
}

/** The only place that drives the pipeline: adding a case means adding a row below. */
async function check(given: Case, expected: readonly string[]): Promise<void> {
  const log: string[] = []
  const world = {
    log,
    revoke: new AbortController(),
    grants: new AbortController(),
    chunks: given.chunks ?? ['ab', 'cd'],
    ...(given.mediaType && { mediaType: given.mediaType }),
  }
  const gate = { ...openGate(world, rules(given.rules)), ...given.gate }
  try {
    const reply = await govern(gate, callWith(given.call))
    if (reply.review) log.push(`review ${reply.review}`)
    const body = reply.body[Symbol.asyncIterator]()
    for (let read = 0; read < (given.reads ?? Number.POSITIVE_INFINITY); read++) {
      const { done, value } = await body.next()
      if (done) break
      log.push(`caller reads ${Buffer.from(value)}`)
    }
    if (given.reads !== undefined) await body.return?.()
    else log.push(`replied ${reply.record.index}`)
  } catch (thrown) {
    assert.ok(thrown instanceof Refusal)
    log.push(`refused ${thrown.code}`)
  }
  assert.deepEqual(log, expected)
}

/** What the session is labelled with, at each look; the last one from then on. */
function labelled(...looks: readonly (readonly string[])[]): Partial<Gate> {
  let at = 0
  return {
    sessionLabels: async (session) => {
      assert.equal(session, 'ses_1')
      return looks[Math.min(at++, looks.length - 1)] ?? assert.fail()
    },
  }
}

const unlessUntrusted =
  (otherwise: Decision): InForce['decide'] =>
  ({ labels, approvedBy }) => {
    if (labels?.includes('untrusted')) return forbid
    return approvedBy.length > 0 ? permit : otherwise
  }
const labelsBrought = () => ['untrusted']

const fails = () => Promise.reject(new Error('boom'))
const aborted = AbortSignal.abort()

const unused = {
  ...{ log: [], revoke: new AbortController(), grants: new AbortController(), chunks: [] },
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** A proof that is accepted so many times. */
function countsFor(times: number, thrown: Error = new Refusal('unauthenticated')): Partial<Gate> {
  const { identify } = openGate(unused, rules())
  let left = times
  return { identify: (call) => (left-- > 0 ? identify(call) : Promise.reject(thrown)) }
}

const later = { digest: 'sha256:later', connections: [], functions: [fn], policies: [] }
/** Other rules from the second time on that somebody asks which are in force. */
function replacedBy(changes: Partial<InForce>): Partial<Gate> {
  let asked = 0
  return { rules: () => (asked++ === 0 ? rules() : rules({ rulebook: later, ...changes })) }
}
const readUnlessLater: Call['read'] = ({ rulebook }) =>
  rulebook === later ? Promise.reject(new Refusal('function-unknown')) : Promise.resolve(reading)
const streaming = { mediaType: 'text/event-stream', chunks: ['ab', 'cd'] }

/** Masks as one that has to ask a recogniser first: holds all, and lets out what it held. */
function asking(): Masker {
  const held: Uint8Array[] = []
  let asked = false
  return {
    push: (chunk) => {
      held.push(chunk)
      return new Uint8Array()
    },
    ask: async (recognise) => {
      await recognise({ texts: ['x'], language: 'en', entities: ['PERSON'], confidence: 50 })
      asked = true
    },
    end: () => {
      assert.ok(asked)
      return Buffer.concat(held)
    },
    findings: () => [],
  }
}

/** An answer that is encoded in a way its room does not open. */
const closed: Partial<Gate> = {
  forward: async () => ({
    ...{ state: 'raw', fragment: false, isClosed: true },
    head: { status: 200, headers: [], mediaType: 'application/json' },
    body: (async function* () {
      yield encoder.encode('zz')
    })(),
  }),
}
const known: Credential = { kind: 'header', name: 'x', value: 'k', echoes: [encoder.encode('k')] }
/** Masks what it can read. */
const maskerOfWhole: ResultMasking['masker'] = ({ fragment }) =>
  fragment ? undefined : { push: (chunk) => chunk, end: () => new Uint8Array(), findings: () => [] }

const approvable: InForce['decide'] = ({ approvedBy }) =>
  approvedBy.includes('approvers') ? permit : held
const heldFor =
  (expected: number): Gate['awaitVerdict'] =>
  async (_, { waitMs }) => {
    assert.equal(waitMs, expected)
    return { state: 'pending' }
  }

const fresh = { state: 'FRESH', tier: 'low', when: [] } as const
const stale = { ...fresh, state: 'STALE' } as const
/** Where the grant stands, the last one from then on. */
function standing(...states: readonly Freshness['state'][]): Gate['freshness'] {
  let at = 0
  return () => ({ ...fresh, state: states[Math.min(at++, states.length - 1)] ?? 'STALE' })
}
const toApprovers: Partial<InForce> = { decide: () => permit, ownerFlow: () => 'approvers' }

const duty: DutyRule = {
  id: 'two-people',
  reason: 'Who creates a vendor does not pay it.',
  left: [],
  right: [],
  object: { left: '$.id', right: '$.id' },
  effect: 'deny',
  approvers: [],
  exempt: [],
}
const mark: DutyMark = {
  rule: 'two-people',
  side: 'left',
  object: 'o',
  person: 'corp:sam',
  at: 0,
  since: 0,
}
/** A call on the left of this rule, of which the right was done already, or was not. */
function dutyCase(
  rule: Partial<DutyRule>,
  { met = [], object = 'c-1' }: { readonly met?: readonly string[]; readonly object?: string } = {},
): Case {
  const named = object === '' ? undefined : object
  const side = { rule: { ...duty, ...rule }, side: 'left', object: named } as const
  return {
    rules: { dutySides: () => [side] },
    gate: { duties: async () => ({ marks: [mark], bars: [{ ...mark, side: 'right' }], met }) },
    chunks: [],
  }
}
const met = { met: ['two-people'] }
const done = ['intent', 'upstream let go', 'outcome done', 'replied 1']
const approvedDone = ['claimed apr_1', ...done.slice(0, 3), 'clr_1 let go by call-1', 'replied 1']

const cases: readonly (readonly [string, Case, readonly string[]])[] = [
  [
    'the review of its grant is overdue: the owner is asked, and the approval is for this call',
    {
      rules: toApprovers,
      gate: {
        freshness: () => stale,
        openApproval: async (_, groups, reasons) => {
          assert.deepEqual(groups, ['approvers'])
          assert.deepEqual(
            reasons.map(({ policy, cause }) => [policy, cause]),
            [['support-read', 'stale_review']],
          )
          return { id: 'apr_1', digest: 'd' }
        },
      },
      chunks: [],
    },
    approvedDone,
  ],
  [
    'overdue, and nobody has agreed in time',
    {
      rules: toApprovers,
      gate: { freshness: () => stale, awaitVerdict: async () => ({ state: 'pending' }) },
    },
    ['denied approval-required at guarded', 'refused approval-required'],
  ],
  [
    'overdue and held by policy: both are asked at once',
    {
      rules: { decide: approvable },
      gate: {
        freshness: () => stale,
        openApproval: async (_, groups) => {
          assert.deepEqual(groups, ['approvers', 'team-crm'])
          return { id: 'apr_1', digest: 'd' }
        },
        claimClearance: async (_, id) => {
          const groups = ['approvers', 'team-crm']
          return { ...used, id, groups, revoked: new AbortController().signal }
        },
      },
      chunks: [],
    },
    approvedDone.slice(1),
  ],
  [
    'overdue, and a window that somebody else approved does not stand for its owner',
    { rules: { decide: () => permit }, gate: { freshness: () => stale } },
    [
      'claimed apr_1',
      'clr_1 let go by call-1',
      'denied approval-unusable at guarded',
      'refused approval-unusable',
    ],
  ],
  [
    'it became overdue while people were asked for something else: its owner was not',
    { rules: { decide: approvable }, gate: { freshness: standing('FRESH', 'STALE') } },
    [
      'claimed apr_1',
      'clr_1 let go by call-1',
      'denied approval-unusable at guarded',
      'refused approval-unusable',
    ],
  ],
  [
    'the review lapsed while the owner was asked: what they approved is gone',
    { rules: toApprovers, gate: { freshness: standing('STALE', 'LAPSED') } },
    [
      'claimed apr_1',
      'clr_1 let go by call-1',
      'denied review-lapsed at guarded',
      'refused review-lapsed',
    ],
  ],
  [
    'certified while the owner was asked',
    { rules: toApprovers, gate: { freshness: standing('STALE', 'FRESH') }, chunks: [] },
    approvedDone,
  ],
  [
    'its grant was revoked',
    { gate: { freshness: standing('REVOKED') } },
    ['denied grant-revoked at authorized', 'refused grant-revoked'],
  ],
  [
    'a review that is due soon is said',
    { gate: { freshness: standing('DUE_SOON') }, chunks: [] },
    [...done.slice(0, 3), 'review due-soon', 'replied 1'],
  ],
  [
    'its grant is revoked while a stream goes on: it is cut',
    { ...streaming, chunks: ['ab', 'UNGRANTED'] },
    [
      'intent',
      'upstream sends ab',
      'chunk up to 2',
      'caller reads ab',
      'upstream let go',
      'outcome grant-revoked streamed 2',
      'refused grant-revoked',
    ],
  ],
  [
    'its grant was revoked just before the intent',
    { gate: { revokedGrant: () => AbortSignal.abort() } },
    ['denied grant-revoked at approved', 'refused grant-revoked'],
  ],
  [
    'timed grants are policy’s business as far as they cover this call',
    {
      rules: {
        decide: ({ timed }) => {
          assert.deepEqual(timed, [{ party: 'corp:sam', id: 'timed-1' }])
          return permit
        },
        fits: (_, expressions) => expressions.every((one) => one === 'yes'),
      },
      gate: {
        timedGrants: (parties, functionId) => {
          assert.deepEqual([parties, functionId], [['corp:sam'], 'crm.customer.get'])
          return [
            { party: 'corp:sam', id: 'timed-1', when: ['yes'] },
            { party: 'corp:sam', id: 'timed-2', when: ['no'] },
          ]
        },
      },
      chunks: [],
    },
    done,
  ],
  [
    'the function waits for its owner',
    { gate: { isHeld: () => ({ why: 'drift' }) } },
    ['denied function-quarantined at resolved', 'refused function-quarantined'],
  ],
  [
    'whether it does is waited for',
    { gate: { isHeld: async () => ({ why: 'gone' }) } },
    ['denied function-quarantined at resolved', 'refused function-quarantined'],
  ],
  [
    'who may not call it is not told of that',
    { rules: { decide: () => forbid }, gate: { isHeld: () => ({ why: 'drift' }) } },
    ['denied policy-denied at resolved', 'refused policy-denied'],
  ],
  [
    'the upstream says which definition it has',
    {
      gate: {
        forward: async () => ({
          ...{ state: 'raw', fragment: false, stated: 'v2', body: nothing() },
          head: { status: 200, headers: [], mediaType: 'application/json' },
        }),
      },
    },
    ['intent', 'crm says it has v2', 'outcome done', 'replied 1'],
  ],
  [
    'a result that its room does not open, where something may be hidden',
    { gate: closed, rules: { resultMasking: () => ({ masker: maskerOfWhole }) } },
    ['intent', 'outcome result-withheld', 'refused result-withheld'],
  ],
  [
    'where the credential may come back in it',
    { gate: { ...closed, credential: async () => known } },
    ['intent', 'outcome result-withheld', 'refused result-withheld'],
  ],
  [
    'where there is nothing to hide',
    { gate: closed },
    ['intent', 'outcome done', 'caller reads zz', 'replied 1'],
  ],
  ['nobody did the other part', dutyCase({}), done],
  [
    'who did the other part is refused',
    dutyCase({}, met),
    ['denied duties-conflict at guarded', 'refused duties-conflict'],
  ],
  [
    'what the call is about cannot be told: refused as well',
    dutyCase({}, { object: '' }),
    ['denied duties-conflict at guarded', 'refused duties-conflict'],
  ],
  [
    'who is exempt is not asked',
    {
      ...dutyCase({ exempt: ['corp:sam'] }, met),
      gate: { duties: () => assert.fail('it was asked') },
    },
    done,
  ],
  [
    'nor under another account of theirs',
    {
      ...dutyCase({ exempt: ['corp:samuel'] }, met),
      rules: {
        ...dutyCase({ exempt: ['corp:samuel'] }).rules,
        approvals: {
          ...noApprovalRules,
          people: [{ id: 'corp:samuel', accounts: ['corp:sam'], agents: [] }],
        },
      },
    },
    done,
  ],
  ['whoever is in an exempt group', dutyCase({ exempt: ['support'] }, met), done],
  [
    'unless the group is listed and they are not in it',
    {
      ...dutyCase({}, met),
      rules: {
        ...dutyCase({ exempt: ['support'] }).rules,
        approvals: { ...noApprovalRules, groups: { support: ['corp:dana'] } },
      },
    },
    ['denied duties-conflict at guarded', 'refused duties-conflict'],
  ],
  ['only flagged', dutyCase({ effect: 'flag' }, met), done],
  [
    'people may agree to it',
    dutyCase({ effect: 'approve', approvers: ['approvers'] }, met),
    approvedDone,
  ],
  ['they are asked where there is something to agree to', dutyCase({ effect: 'approve' }), done],
  [
    'other people do not',
    dutyCase({ effect: 'approve', approvers: ['directors'] }, met),
    [
      'claimed apr_1',
      'clr_1 let go by call-1',
      'denied approval-unusable at guarded',
      'refused approval-unusable',
    ],
  ],
  [
    'duties that cannot be looked at',
    { ...dutyCase({}), gate: { duties: fails } },
    ['denied internal at guarded', 'refused internal'],
  ],
  [
    'permitted: nothing is read by the caller before the outcome is durable',
    {},
    [
      'intent',
      'upstream sends ab',
      'upstream sends cd',
      'upstream let go',
      'outcome done',
      'caller reads ab',
      'caller reads cd',
      'replied 1',
    ],
  ],
  [
    'no proof',
    { call: { proof: undefined } },
    ['denied unauthenticated at accepted', 'refused unauthenticated'],
  ],
  [
    'identity check breaks',
    { gate: { identify: fails } },
    ['denied internal at accepted', 'refused internal'],
  ],
  [
    'no rulebook',
    { gate: { rules: () => undefined } },
    ['denied rulebook-missing at identified', 'refused rulebook-missing'],
  ],
  [
    'unknown function',
    { call: { read: () => Promise.reject(new Refusal('function-unknown')) } },
    ['denied function-unknown at identified', 'refused function-unknown'],
  ],
  [
    'policy forbids',
    { rules: { decide: () => forbid } },
    ['denied policy-denied at resolved', 'refused policy-denied'],
  ],
  [
    'every grant has expired',
    { rules: { decide: () => lapsed } },
    ['denied review-lapsed at authorized', 'refused review-lapsed'],
  ],
  [
    'arguments do not fit',
    { rules: { argumentProblems: () => [{ pointer: '/id', problem: 'is too long' }] } },
    ['denied arguments-invalid at reviewed', 'refused arguments-invalid'],
  ],
  [
    'nobody has approved in time',
    { rules: { decide: () => held }, gate: { awaitVerdict: async () => ({ state: 'pending' }) } },
    ['denied approval-required at guarded', 'refused approval-required'],
  ],
  [
    'a person denied it',
    { rules: { decide: () => held }, gate: { awaitVerdict: async () => ({ state: 'denied' }) } },
    ['denied approval-denied at guarded', 'refused approval-denied'],
  ],
  [
    'approved: decided again with the approval in hand',
    { rules: { decide: approvable }, chunks: [] },
    [
      'claimed apr_1',
      'intent',
      'upstream let go',
      'outcome done',
      'clr_1 let go by call-1',
      'replied 1',
    ],
  ],
  [
    'a clearance for calls like this one is there: nobody is asked',
    {
      rules: { decide: approvable },
      gate: {
        claimStanding: async () => ({ ...used, revoked: new AbortController().signal }),
        openApproval: () => assert.fail('somebody was asked'),
        claimClearance: () => assert.fail('something else was claimed'),
      },
      chunks: [],
    },
    ['intent', 'upstream let go', 'outcome done', 'clr_1 let go by call-1', 'replied 1'],
  ],
  [
    'an approval that is presented is the one that is used',
    {
      rules: { decide: approvable },
      call: { approvalId: 'apr_9' },
      gate: { claimStanding: () => assert.fail('something else was looked for') },
      chunks: [],
    },
    [
      'claimed apr_9',
      'intent',
      'upstream let go',
      'outcome done',
      'clr_1 let go by call-1',
      'replied 1',
    ],
  ],
  [
    'who repeats a call uses the approval that was given to it',
    {
      rules: { decide: approvable },
      call: { repeats: true },
      gate: {
        approvalGiven: async () => 'apr_8',
        openApproval: () => assert.fail('somebody was asked'),
      },
      chunks: [],
    },
    [
      'claimed apr_8',
      'intent',
      'upstream let go',
      'outcome done',
      'clr_1 let go by call-1',
      'replied 1',
    ],
  ],
  [
    'who repeats a call that nobody has approved is held',
    {
      rules: { decide: () => held },
      call: { repeats: true },
      gate: { approvalGiven: async () => undefined, awaitVerdict: heldFor(10) },
    },
    ['denied approval-required at guarded', 'refused approval-required'],
  ],
  [
    'who presents what is still pending waits as long as it says, and then claims',
    {
      rules: { decide: approvable },
      call: { approvalId: 'apr_9', waitMs: 30 },
      gate: {
        ...pendingAtFirst(),
        openApproval: () => assert.fail('somebody was asked'),
      },
      chunks: [],
    },
    ['intent', 'upstream let go', 'outcome done', 'clr_1 let go by call-1', 'replied 1'],
  ],
  [
    'who presents what is still pending is told so at once, unless it says how long to wait',
    {
      rules: { decide: () => held },
      call: { approvalId: 'apr_9' },
      gate: {
        claimClearance: stillPending,
        awaitVerdict: () => assert.fail('it was held'),
      },
    },
    ['denied approval-required at guarded', 'refused approval-required'],
  ],
  [
    'who presents what is not its own never waits for it',
    {
      rules: { decide: () => held },
      call: { approvalId: 'apr_9', waitMs: 30 },
      gate: {
        claimClearance: async () => {
          throw new Refusal('approval-unusable')
        },
        awaitVerdict: () => assert.fail('it was held'),
      },
    },
    ['denied approval-unusable at guarded', 'refused approval-unusable'],
  ],
  [
    'a call that may be deferred is, where its function is deferrable',
    {
      rules: { decide: () => held },
      call: {
        deferred: 'if-deferrable',
        onHeld: ({ deferred }) => assert.equal(deferred, true),
        read: async () => ({ ...reading, fn: { ...reading.fn, deferrable: true } }),
      },
    },
    ['denied approval-required at guarded', 'refused approval-required'],
  ],
  [
    'and is held as any other where it is not',
    {
      rules: { decide: approvable },
      call: {
        deferred: 'if-deferrable',
        onHeld: ({ deferred }) => assert.equal(deferred, false),
        read: async () => ({ ...reading, fn: { ...reading.fn, deferrable: false } }),
      },
      chunks: [],
    },
    [
      'claimed apr_1',
      'intent',
      'upstream let go',
      'outcome done',
      'clr_1 let go by call-1',
      'replied 1',
    ],
  ],
  [
    'policy sees what was brought into the session',
    {
      rules: { labelsBrought, decide: unlessUntrusted(permit) },
      gate: labelled(['untrusted']),
    },
    ['denied policy-denied at resolved', 'refused policy-denied'],
  ],
  [
    'and what was brought into it while people were asked',
    {
      rules: { labelsBrought, decide: unlessUntrusted(held) },
      gate: labelled([], ['untrusted']),
    },
    [
      'claimed apr_1',
      'clr_1 let go by call-1',
      'denied policy-denied at guarded',
      'refused policy-denied',
    ],
  ],
  [
    'a session of which nobody can say what was brought into it makes no call',
    {
      rules: { labelsBrought, decide: () => permit },
      gate: { sessionLabels: fails },
    },
    ['denied evidence-unavailable at identified', 'refused evidence-unavailable'],
  ],
  [
    'who comes back by itself is not held',
    {
      rules: { decide: () => held },
      call: { respondAsync: true },
      gate: { awaitVerdict: heldFor(0) },
    },
    ['denied approval-required at guarded', 'refused approval-required'],
  ],
  [
    'unless it says for how long',
    {
      rules: { decide: () => held },
      call: { respondAsync: true, waitMs: 30 },
      gate: { awaitVerdict: heldFor(30) },
    },
    ['denied approval-required at guarded', 'refused approval-required'],
  ],
  [
    'nobody is held for longer than may be',
    {
      rules: { decide: () => held },
      call: { waitMs: 1_000_000 },
      gate: { awaitVerdict: heldFor(100) },
    },
    ['denied approval-required at guarded', 'refused approval-required'],
  ],
  [
    'a deferred call is not made here, approved or not',
    { rules: { decide: () => held }, call: { deferred: true } },
    ['denied approval-required at guarded', 'refused approval-required'],
  ],
  [
    'what allowed it is revoked before the result is whole: none of it is released',
    { rules: { decide: approvable }, chunks: ['ab', 'REVOKED'] },
    [
      'claimed apr_1',
      'intent',
      'upstream sends ab',
      'upstream let go',
      'outcome clearance-revoked',
      'clr_1 let go by call-1',
      'refused clearance-revoked',
    ],
  ],
  [
    'what allowed it is revoked after it: what it has begun ends',
    {
      rules: { decide: approvable },
      call: { read: async () => ({ ...reading, outbound: watching }) },
      chunks: ['ab'],
    },
    [
      'claimed apr_1',
      'intent',
      'upstream sends ab',
      'upstream let go',
      'outcome done',
      'clr_1 let go by call-1, but not by its watch',
      'caller reads ab',
      'replied 1',
    ],
  ],
  [
    'what allowed a stream is revoked: it is cut',
    { ...streaming, rules: { decide: approvable }, chunks: ['ab', 'REVOKED'] },
    [
      'claimed apr_1',
      'intent',
      'upstream sends ab',
      'chunk up to 2',
      'caller reads ab',
      'upstream let go',
      'outcome clearance-revoked streamed 2',
      'clr_1 let go by call-1',
      'refused clearance-revoked',
    ],
  ],
  [
    'the caller of an approved stream leaves: that is not a revocation',
    { ...streaming, rules: { decide: approvable }, reads: 1 },
    [
      'claimed apr_1',
      'intent',
      'upstream sends ab',
      'chunk up to 2',
      'caller reads ab',
      'upstream let go',
      'outcome aborted streamed 2',
      'clr_1 let go by call-1',
    ],
  ],
  [
    'an ending that is not durable gives no clearance back: nobody knows what it did',
    { rules: { decide: approvable }, gate: { appendOutcome: fails }, chunks: [] },
    ['claimed apr_1', 'intent', 'upstream let go', 'refused evidence-unavailable'],
  ],
  [
    'approved, but policy now forbids',
    { rules: { decide: (q) => (q.approvedBy.length > 0 ? forbid : held) } },
    [
      'claimed apr_1',
      'clr_1 let go by call-1',
      'denied policy-denied at guarded',
      'refused policy-denied',
    ],
  ],
  [
    'a party is locked before the intent, in the order of the log',
    {
      gate: { appendIntent: () => Promise.reject(new Refusal('unauthenticated')) },
    },
    ['denied unauthenticated at approved', 'refused unauthenticated'],
  ],
  [
    'the proof stopped counting while the call was held: the clearance is not spent',
    { rules: { decide: () => held }, gate: countsFor(1) },
    ['denied unauthenticated at guarded', 'refused unauthenticated'],
  ],
  [
    'its caller has as many calls under way as it may: nothing is read',
    {
      call: {
        admit: (parties) => {
          throw new Refusal('overloaded', { detail: parties.join() })
        },
        read: () => assert.fail('it was read'),
      },
    },
    ['denied overloaded at identified', 'refused overloaded'],
  ],
  [
    'the proof stopped counting while the body came',
    { gate: countsFor(1) },
    ['denied unauthenticated at approved', 'refused unauthenticated'],
  ],
  [
    'the proof stopped counting after the clearance was claimed',
    {
      rules: { decide: (q) => (q.approvedBy.length > 0 ? permit : held) },
      gate: countsFor(2),
    },
    [
      'claimed apr_1',
      'denied unauthenticated at approved',
      'clr_1 let go by call-1',
      'refused unauthenticated',
    ],
  ],
  [
    'the proof cannot be looked at again',
    { gate: countsFor(1, new Error('boom')) },
    ['denied internal at approved', 'refused internal'],
  ],
  [
    'the rules were replaced while the body came: it is read and judged by the new ones',
    { gate: replacedBy({ decide: () => forbid }) },
    ['denied policy-denied at resolved', 'refused policy-denied'],
  ],
  [
    'the new rules do not know the function any more',
    { gate: replacedBy({}), call: { read: readUnlessLater } },
    ['denied function-unknown at identified', 'refused function-unknown'],
  ],
  [
    'the rules were replaced by others that permit it too',
    { gate: replacedBy({}), chunks: [] },
    ['intent', 'upstream let go', 'outcome done', 'replied 1'],
  ],
  [
    'the intent cannot be recorded: nothing is forwarded',
    { gate: { appendIntent: fails } },
    ['denied evidence-unavailable at approved', 'refused evidence-unavailable'],
  ],
  [
    'the caller left before the intent',
    { call: { signal: aborted } },
    ['denied caller-left at approved', 'refused caller-left'],
  ],
  [
    'no credential',
    { gate: { credential: fails } },
    ['intent', 'outcome internal', 'refused internal'],
  ],
  [
    'the upstream is down',
    { gate: { forward: () => Promise.reject(new Refusal('upstream-unreachable')) } },
    ['intent', 'outcome upstream-unreachable', 'refused upstream-unreachable'],
  ],
  [
    'the upstream breaks off a short result: none of it is released',
    { chunks: ['ab', 'BREAK'] },
    [
      'intent',
      'upstream sends ab',
      'upstream let go',
      'outcome upstream-failed',
      'refused upstream-failed',
    ],
  ],
  [
    'the outcome cannot be recorded: the result is withheld',
    { gate: { appendOutcome: fails } },
    [
      'intent',
      'upstream sends ab',
      'upstream sends cd',
      'upstream let go',
      'refused evidence-unavailable',
    ],
  ],
  [
    'no denial without its record',
    { gate: { appendDenial: fails }, call: { proof: undefined } },
    ['refused evidence-unavailable'],
  ],
  [
    'a stream: each stretch is committed to before it is released, the end after the outcome',
    streaming,
    [
      'intent',
      'upstream sends ab',
      'chunk up to 2',
      'caller reads ab',
      'upstream sends cd',
      'caller reads cd',
      'upstream let go',
      'outcome done streamed 4',
      'replied 0',
    ],
  ],
  [
    'a long result becomes a stream',
    { chunks: ['abcdef', 'ghijkl'] },
    [
      'intent',
      'upstream sends abcdef',
      'upstream sends ghijkl',
      'chunk up to 6',
      'caller reads abcdef',
      'chunk up to 12',
      'caller reads ghijkl',
      'upstream let go',
      'outcome done streamed 12',
      'replied 0',
    ],
  ],
  [
    'the caller of a stream leaves before the first chunk: there is an ending all the same',
    { ...streaming, reads: 0 },
    ['intent', 'outcome aborted streamed 0'],
  ],
  [
    'the caller of a stream leaves in the middle',
    { ...streaming, reads: 1 },
    [
      'intent',
      'upstream sends ab',
      'chunk up to 2',
      'caller reads ab',
      'upstream let go',
      'outcome aborted streamed 2',
    ],
  ],
  [
    'the caller of a stream leaves while the upstream is waited for',
    { ...streaming, chunks: ['ab', 'LEFT'] },
    [
      'intent',
      'upstream sends ab',
      'chunk up to 2',
      'caller reads ab',
      'upstream let go',
      'outcome aborted streamed 2',
      'refused caller-left',
    ],
  ],
  [
    'lines are for reading now, as events are, whatever is said of them besides',
    { ...streaming, mediaType: 'Application/X-NDJSON; charset=utf-8', chunks: ['ab'] },
    [
      'intent',
      'upstream sends ab',
      'chunk up to 2',
      'caller reads ab',
      'upstream let go',
      'outcome done streamed 2',
      'replied 0',
    ],
  ],
  [
    'a stream that cannot be committed to is not released',
    { ...streaming, gate: { appendChunk: fails } },
    [
      'intent',
      'upstream sends ab',
      'upstream let go',
      'outcome evidence-unavailable streamed 2',
      'refused evidence-unavailable',
    ],
  ],
  [
    'what nothing can stand in for is withheld',
    {
      rules: {
        resultMasking: () => ({
          masker: () => {
            throw new MaskError('boom')
          },
        }),
      },
    },
    ['intent', 'outcome result-withheld', 'refused result-withheld'],
  ],
  [
    'where the rules ask a recogniser, nothing goes out before its answer',
    {
      chunks: ['ab', 'cd'],
      gate: { recognise: async ({ texts }) => texts.map(() => []) },
      rules: { resultMasking: () => ({ masker: asking }) },
    },
    [
      'intent',
      'upstream sends ab',
      'upstream sends cd',
      'upstream let go',
      'outcome done',
      'caller reads abcd',
      'replied 1',
    ],
  ],
  [
    'where the rules ask a recogniser and none is configured, the result is withheld',
    { chunks: ['ab'], rules: { resultMasking: () => ({ masker: asking }) } },
    [
      'intent',
      'upstream sends ab',
      'upstream let go',
      'outcome result-withheld',
      'refused result-withheld',
    ],
  ],
  [
    'a recogniser without an answer is no consent',
    {
      chunks: ['ab'],
      gate: { recognise: () => Promise.reject(new MaskError('no answer')) },
      rules: { resultMasking: () => ({ masker: asking }) },
    },
    [
      'intent',
      'upstream sends ab',
      'upstream let go',
      'outcome result-withheld',
      'refused result-withheld',
    ],
  ],
  [
    'what cannot be masked is withheld',
    { rules: { resultMasking: () => ({ masker: () => undefined }) } },
    ['intent', 'outcome result-withheld', 'refused result-withheld'],
  ],
]
for (const [name, given, expected] of cases) test(name, () => check(given, expected))

test('the order is held by types', () => {
  const gate = openGate(unused, rules())
  // @ts-expect-error an approved call has no durable record yet
  void (() => gate.forward({} as Approved, { kind: 'none', echoes: [] }))
  // @ts-expect-error nor may it ask for a credential
  void (() => gate.credential({} as Approved))
  void (() => gate.credential({} as Recorded))
})
