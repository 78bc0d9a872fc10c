import { approvalStory, askForWindow } from './approval-story.ts'
import {
  type Called,
  claim,
  facts,
  getCustomer,
  outcome,
  parties,
  refund,
  result,
  returned,
  type Say,
} from './healthy-calls.ts'
import { rulebook } from './healthy-rulebook.ts'
import { type Fields, LogBuilder, newKey, type Payloads } from './log-builder.ts'
import { reviewStory } from './review-story.ts'

/** One record about to be written. What a lie writes instead: nothing, another one, or several. */
export type Step = { readonly fields: Fields; readonly payloads: Payloads }
export type Lie = (step: Step, log: LogBuilder) => readonly Step[]

export type Healthy = {
  readonly log: LogBuilder
  /** Index of each named record. */
  readonly at: Readonly<Record<string, number>>
}

/**
 * A gateway's life, told truly, in two boots and a crash: calls allowed, held, approved, denied, streamed;
 * masks, erasure, expiry, a second rulebook, and what people agree on (approval-story.ts). `lies` change single records of it by name.
 */
export function healthyLog(lies: Readonly<Record<string, Lie>> = {}, beats = 3): Healthy {
  const log = new LogBuilder()
  const witness = newKey('witness.example/w', 4)
  log.witnesses.push(witness)
  const at: Record<string, number> = {}
  const say: Say = (name, fields, payloads = {}) => {
    const lie = lies[name]
    at[name] = log.leaves.length
    const steps = lie ? lie({ fields, payloads }, log) : [{ fields, payloads }]
    for (const step of steps) log.add(step.fields, step.payloads)
    return at[name]
  }
  const digests = { first: log.putRulebook(rulebook(100)), second: log.putRulebook(rulebook(200)) }
  const calls = firstBoot(log, say, digests, beats)
  secondBoot(log, say, digests, calls)
  return { log, at }
}

type Digests = { readonly first: string; readonly second: string }
/** Indexes of the intents whose payloads go later. */
type Calls = { readonly intent: number; readonly approved: number }

function firstBoot(log: LogBuilder, say: Say, digests: Digests, beats: number): Calls {
  say('genesis', { type: 'log.genesis', origin: log.origin, key: log.key.vkey })
  say('start', { type: 'emitter.start', version: '0.1.0' })
  say('rulebook', activation(digests.first, 'none'))
  say('sign-in', { type: 'admin.signed-in', by: 'corp:dana', method: 'oidc' })
  say('key', {
    type: 'key.issued',
    key: 'k1',
    name: 'ci',
    scope: ['crm.*'],
    expires: '2027-01-01T00:00:00.000Z',
    by: 'corp:kim',
  })
  beat(log, say, 'beat-0')
  say('session', { type: 'session.opened', session: 'ses_1', parties })
  const intent = say('intent', allowed(log, 'c1', digests.first, get), { args: getCustomer })
  say('outcome', outcome('c1', intent, [masked]), { result, returned })
  log.archive()
  for (let n = 1; n < beats; n += 1) beat(log, say, `beat-${n}`)

  say('denied', denied(log, 'c2', digests.first), { args: getOther })
  say('unauthenticated', {
    type: 'call.denied',
    call: 'c3',
    code: 'unauthenticated',
    stage: 'accepted',
  })
  say('requested', question('c4'), { args: refund(150), forwarded: shown(150) })
  say('held', held(log, 'c4', digests.first), { args: refund(150) })
  say('vote', vote('corp:dana'))
  say('claimed', claim('clr_1', 'apr_1', { call: 'c5', digest: 'd1' }))
  const approved = say('approved', approvedCall(log, 'c5', digests.first), { args: refund(150) })
  const ended = say('approved-outcome', outcome('c5', approved), { result: '{"done":true}' })
  say('consumed', { type: 'clearance.closed', clearance: 'clr_1', state: 'CONSUMED' })

  const committed = say('committed', allowed(log, 'c6', digests.first, committedOnly), {
    args: 'GET /crm/notes\n\n',
  })
  log.payloads.delete(`payloads/${committed}.args`)
  say('committed-outcome', { ...outcome('c6', committed, [foundMail]), masker })
  const stream = say('stream', allowed(log, 'c7', digests.first, get), { args: getCustomer })
  say('chunk', { type: 'call.chunk', call: 'c7', session: 'ses_1', intent: stream }, { returned })
  say('stream-outcome', outcome('c7', stream, [masked]), { returned })
  for (const name of [`${stream + 1}.returned`, `${stream + 2}.returned`]) {
    log.payloads.delete(`payloads/${name}`)
  }
  say('read', { type: 'payload.read', record: ended, role: 'result', by: 'corp:dana' })
  say('rulebook-2', activation(digests.second, digests.first))
  const last = say('under-2', allowed(log, 'c8', digests.second, get), { args: getCustomer })
  say('under-2-outcome', outcome('c8', last, [masked]), { result, returned })
  askForWindow(log, say)
  say('lost', allowed(log, 'c9', digests.second, get), { args: getCustomer })
  log.archive()
  return { intent, approved }
}

/** What becomes of payloads of the first boot, an hour later and by the second rulebook. */
function custody(log: LogBuilder, say: Say, { intent, approved }: Calls): void {
  const erasure = { erasure: 'era_1', record: intent, roles: ['args'] }
  const asked = {
    type: 'erasure.requested',
    ...erasure,
    by: 'corp:kim',
    reason: 'asked for by the person',
  }
  say('erasure', asked)
  say('erased', { type: 'payload.erased', ...erasure, requestedBy: 'corp:kim', by: 'corp:dana' })
  log.payloads.delete(`payloads/${intent}.args`)
  say('expired', {
    ...{ type: 'payload.expired', class: 'short', period: 3_600_000, records: [approved] },
  })
  log.payloads.delete(`payloads/${approved}.args`)
}

function secondBoot(log: LogBuilder, say: Say, digests: Digests, calls: Calls): void {
  const { boot, seq, prev } = log.emitter
  log.now += 3_660_000
  log.boot('boot-1')
  say('restart', {
    type: 'emitter.start',
    version: '0.1.0',
    after: { boot, hash: prev, seq: seq - 1 },
  })
  const lost = log.leaves.findIndex((leaf) => JSON.parse(leaf.toString()).call === 'c9')
  const cut = { type: 'reconcile.indeterminate', call: 'c9', session: 'ses_1', intent: lost }
  say('reconciled', { ...cut, reason: 'restart' })
  say('rulebook-again', activation(digests.second, 'none'))
  custody(log, say, calls)
  approvalStory(log, say, digests.second)
  beat(log, say, 'late-beat')
  say('late-session', { type: 'session.opened', session: 'ses_2', parties: [parties[0]] })
  const intent = say('late-intent', alone(log, 'c10', digests.second), { args: getCustomer })
  say('late-outcome', outcome('c10', intent, [masked]), { result, returned })
  reviewStory(log, say, digests.second)
  beat(log, say, 'late-beat-2')
}

const getOther = 'GET /crm/customers/secret\n\n'
const get: Called = { name: 'crm.customer.get', rules: ['support-read'], masks: ['ssn'] }
const committedOnly: Called = { name: 'crm.notes.list', rules: ['support-read'], masks: [] }
const pay: Called = { name: 'crm.refund.create', rules: ['support-refund'], masks: [] }
const foundMail = {
  ...{ band: 'high', entity: 'EMAIL_ADDRESS', validator: 'form' },
  ...{ how: 'redact', n: 2, path: '$.notes[*]', rule: 'mail' },
}
const masker = { digest: `sha256:${'5'.repeat(64)}`, micros: 120 }
const masked = { how: 'redact', n: 1, path: '$.ssn', rule: 'ssn' }

function beat(log: LogBuilder, say: Say, name: string): void {
  log.now += 9_999
  say(name, { type: 'heartbeat', elapsed: log.now + 1 - log.bootedAt, interval: 10_000 })
}

function allowed(log: LogBuilder, call: string, policy: string, called: Called): Fields {
  return { type: 'call.authorized', ...facts(log, call, policy, called), masked: [], approvals: [] }
}

function alone(log: LogBuilder, call: string, policy: string): Fields {
  const caller = { iss: 'corp', sub: 'sam', authn: 'oidc', cred: 'sha256:0' }
  return { ...allowed(log, call, policy, get), session: 'ses_2', caller, obo: [] }
}

function approvedCall(log: LogBuilder, call: string, policy: string): Fields {
  const fields = facts(log, call, policy, pay)
  return {
    type: 'call.authorized',
    ...fields,
    decision: { ...fields.decision, obligations: ['approval:finance'] },
    masked: [],
    approvals: [{ by: 'corp:dana', id: 'apr_1' }],
    clearance: 'clr_1',
  }
}

function held(log: LogBuilder, call: string, policy: string): Fields {
  const fields = facts(log, call, policy, pay)
  const decision = { effect: 'hold', obligations: ['approval:finance'], rules: ['large-refund'] }
  return {
    type: 'call.denied',
    ...fields,
    decision: { ...fields.decision, ...decision },
    code: 'approval-required',
    stage: 'guarded',
    approval: 'apr_1',
  }
}

function denied(log: LogBuilder, call: string, policy: string): Fields {
  const fields = facts(log, call, policy, get)
  const decision = { effect: 'deny', obligations: [], rules: ['no-secrets'] }
  return {
    type: 'call.denied',
    ...fields,
    decision: { ...fields.decision, ...decision },
    code: 'policy-denied',
    stage: 'resolved',
  }
}

/** The question of a refund as people were shown it. */
export function shown(amount: number, more: object = {}): string {
  const [subject, actor] = ['corp:sam', 'corp:bot']
  return JSON.stringify({
    function: { id: 'crm.refund.create', purpose: 'For tests', owner: 'team-crm' },
    parties: [
      { id: subject, kind: 'user', groups: ['support'] },
      { id: actor, kind: 'agent', groups: ['support'] },
    ],
    arguments: { customer: '7', amount, rate: '1.25' },
    ...more,
  })
}

function question(call: string): Fields {
  return {
    type: 'approval.requested',
    approval: 'apr_1',
    call,
    session: 'ses_1',
    fn: 'crm.refund.create',
    groups: ['finance'],
    digest: 'd1',
    offer: 'o1',
    terms: { kind: 'call' },
    steps: [{ flow: 'finance', groups: ['finance'], quorum: 1 }],
    excluded: [],
    rules: ['large-refund'],
    decideBy: '2026-03-02T08:00:00.000Z',
  }
}

export function vote(by: string, group: string = 'finance'): Fields {
  return {
    type: 'approval.decided',
    approval: 'apr_1',
    by,
    step: 0,
    group,
    verdict: 'approve',
    state: 'APPROVED',
    offer: 'o1',
    channel: 'admin',
    clearance: 'clr_1',
    claimBy: '2026-03-01T12:00:00.000Z',
  }
}

function activation(digest: string, previous: string): Fields {
  return { type: 'rulebook.activated', digest, previous, by: 'corp:kim' }
}
