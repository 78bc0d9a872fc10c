import type { CallFacts, Masking, Party as RecordedParty } from '@sallyport/evidence/record'
import type { Refusal } from '../call/refusal.ts'
import type {
  Approved,
  Guarded,
  Outcome,
  Recorded,
  Resolved,
  Stage,
  StreamCommitment,
  Unforwarded,
} from '../call/stage.ts'
import type { GrantInUse } from '../model/grant.ts'
import type { PayloadDraft } from '../model/payload.ts'
import type { Party, Principal } from '../model/principal.ts'
import type { Entry } from '../store/store.ts'
import { ruleVersionOf } from './rule-version.ts'

/**
 * What a call leaves in the log, from what its stages know. Pure. A leaf names who, which function,
 * which rules, what was hidden where; argument and result values are only ever in payloads.
 * All times are Unix milliseconds.
 */

/** The record before the effect. */
export function intentEntry(at: Approved, time: number): Entry {
  const narrowed = at.used.flatMap(({ grant, when }) => (when ? [{ grant, when }] : []))
  return {
    ...retentionOf(at),
    record: {
      type: 'call.authorized',
      time: timestamp(time),
      ...callFacts(at),
      decision: {
        effect: 'allow',
        obligations: obligations(at),
        policy: at.rules.rulebook.digest,
        rules: at.decision.reasons.map(({ policy }) => policy),
        time: timestamp(at.decidedAt),
      },
      masked: at.argumentFindings.map((one) => masking(one, at)),
      approvals: (at.approval?.by ?? []).map((by) => ({ by, id: at.approval?.id ?? '' })),
      ...(at.approval && { clearance: at.approval.clearance }),
      ...bringsOf(at),
      grants: at.used.map(grantUsed),
      ...(at.duties && at.duties.met.length > 0 && { duties: at.duties.met }),
    },
    payloads: argumentPayloads(at),
    ...(at.duties && { duties: { marks: at.duties.marks, bars: at.duties.bars } }),
    ...(narrowed.length > 0 && { narrowed }),
  }
}

/** The record before the caller sees the result. Its ending is `done`, `aborted` or a refusal code. */
export function outcomeEntry(at: Recorded, outcome: Outcome, time: number): Entry {
  return {
    ...retentionOf(at),
    record: {
      type: 'call.outcome',
      time: timestamp(time),
      ...afterIntent(at),
      ending: outcome.ending,
      status: outcome.head?.status ?? 0,
      masked: outcome.findings.map((one) => masking(one, at)),
      ...(outcome.looked && { masker: outcome.looked }),
    },
    payloads: resultPayloads(at, outcome),
  }
}

/** A commitment to the part of a streamed result that may be released once this is durable. */
export function chunkEntry(at: Recorded, soFar: StreamCommitment, time: number): Entry {
  return {
    ...retentionOf(at),
    record: { type: 'call.chunk', time: timestamp(time), ...afterIntent(at) },
    payloads: [streamed(soFar, unknownMediaType)],
  }
}

/** A call that was not forwarded: the code and how far it came, never the refusal's own text. */
export function denialEntry(at: Unforwarded, refusal: Refusal, time: number): Entry {
  const approval = approvalOf(refusal)
  const decision = deniedDecision(at, refusal)
  const grants = 'used' in at ? at.used : refusal.grants
  const duties = dutiesOf(at, refusal)
  return {
    ...('fn' in at && retentionOf(at)),
    record: {
      type: 'call.denied',
      time: timestamp(time),
      ...callFacts(at),
      ...(refusal.locked && principalFacts(refusal.locked)),
      ...(decision && { decision }),
      code: refusal.code,
      stage: at.stage,
      ...(approval !== undefined && { approval }),
      ...(grants && { grants: grants.map(grantUsed) }),
      ...(duties.length > 0 && { duties }),
    },
    payloads: deniedPayloads(at),
  }
}

function grantUsed({ party, grant, freshness }: GrantInUse): Omit<GrantInUse, 'when'> {
  return { party, grant, freshness }
}

/** Under which class its payloads are kept; the standard one needs no saying. */
function retentionOf({ fn }: Pick<Resolved, 'fn'>): Pick<Entry, 'retention'> {
  return fn.retention === undefined ? {} : { retention: fn.retention }
}

function callFacts(at: Stage): CallFacts {
  const trace = at.call.traceId
  const { ip, protocol } = at.call.source
  return {
    call: at.id,
    source: { ip, protocol },
    ...('principal' in at && principalFacts(at.principal)),
    ...('fn' in at && {
      fn: { name: at.fn.id, schema: at.fn.digest, server: at.connection.id },
    }),
    ...('labels' in at && at.labels.length > 0 && { labels: at.labels }),
    ...wantsOf(at),
    // It came from the caller: only what can be nothing but a trace id.
    ...(trace !== undefined && /^[0-9a-f]{32}$/.test(trace) && { trace }),
  }
}

/** One function stands for both, and is decided alike: what was let through is two things. */
function wantsOf(at: Stage): Pick<CallFacts, 'wants'> {
  const isWatch = 'outbound' in at && at.outbound.protocol === 'mcp' && at.outbound.to === 'watch'
  return isWatch ? { wants: 'subscribe' } : {}
}

/** From before it is forwarded: what comes of it may reach its caller in many ways. */
function bringsOf({ rules, fn, labels }: Approved): { readonly brings?: readonly string[] } {
  const brings = rules.labelsBrought?.(fn).filter((label) => !labels.includes(label)) ?? []
  return brings.length > 0 ? { brings } : {}
}

function principalFacts({ subject, actors, authentication, session }: Principal) {
  const [current, ...earlier] = actors
  return {
    caller: {
      ...partyOf(current ?? subject),
      authn: authentication.method,
      cred: authentication.credential,
    },
    obo: current ? [subject, ...earlier].map(partyOf) : [],
    session,
  }
}

/** Undoes `<issuer>:<sub>`; a configured issuer name has no colon. */
export function partyOf({ id }: Party): RecordedParty {
  const colon = id.indexOf(':')
  if (colon < 0) return { iss: '', sub: id }
  return { iss: id.slice(0, colon), sub: id.slice(colon + 1) }
}

function afterIntent(at: Recorded) {
  return { call: at.id, session: at.principal.session, intent: at.intent.index }
}

/** What the permit required: whose approval, which masks, whether fields are limited. */
function obligations(at: Approved): readonly string[] {
  return [
    ...(at.approval?.groups ?? []).map((group) => `approval:${group}`),
    ...at.fn.resultMasks.map(({ id }) => `mask:${id}`),
    ...(at.fields.length > 0 ? ['fields'] : []),
  ]
}

function deniedDecision(at: Stage, refusal: Refusal): CallFacts['decision'] {
  if (!('rules' in at)) return undefined
  const policy = at.rules.rulebook.digest
  if (refusal.code === 'policy-denied') {
    const { policies = [], errors = [] } = refusal.facts
    const rules = [policies, errors].flatMap((ids) => (Array.isArray(ids) ? ids : []))
    const time = refusal.decidedAt === undefined ? undefined : timestamp(refusal.decidedAt)
    return {
      effect: 'deny',
      obligations: [],
      policy,
      rules: [...new Set<string>(rules)],
      ...(time !== undefined && { time }),
    }
  }
  if (!('decision' in at)) return undefined
  const { decision } = at
  const owners = 'stale' in at ? at.stale.map(({ group }) => group) : []
  const groups = decision.effect === 'hold' ? [...decision.approverGroups, ...owners] : owners
  return {
    // As policy said: that people are asked because a review is overdue is no decision of policy.
    effect: decision.effect === 'hold' ? 'hold' : 'allow',
    obligations: [...new Set(groups)].map((group) => `approval:${group}`),
    policy,
    rules: decision.reasons.map((reason) => reason.policy),
    time: timestamp(at.decidedAt),
  }
}

/** The rules that stood against it, or that people had agreed to let pass. */
function dutiesOf(at: Stage, { code, facts }: Refusal): readonly string[] {
  if (code === 'duties-conflict' && Array.isArray(facts.duties)) return facts.duties
  return 'duties' in at ? (at.duties?.met ?? []) : []
}

/** The caller may have made it up: only what looks like an approval's id is written down. */
function approvalOf(refusal: Refusal): string | undefined {
  const { approval } = refusal.facts
  return typeof approval === 'string' && /^apr_[A-Za-z0-9-]{1,40}$/.test(approval)
    ? approval
    : undefined
}

function argumentPayloads(at: Guarded | Approved): readonly PayloadDraft[] {
  const keep = at.fn.payloads === 'kept'
  const mediaType = essence(at.args.mediaType)
  const args: PayloadDraft = { role: 'args', mediaType, bytes: at.recordedArgs, keep }
  if (sameBytes(at.recordedArgs, at.forwardedArgs)) return [args]
  return [args, { role: 'forwarded', mediaType, bytes: at.forwardedArgs, keep }]
}

/** Arguments that policy refused are evidence too, as far as the record may see them. */
function deniedPayloads(at: Stage): readonly PayloadDraft[] {
  if (!('args' in at)) return []
  const mediaType = essence(at.args.mediaType)
  const masked = 'recordedArgs' in at
  return [
    {
      role: 'args',
      mediaType,
      bytes: masked ? at.recordedArgs : at.args.bytes,
      keep: at.fn.payloads === 'kept' && (masked || !hidesFromRecord(at)),
    },
  ]
}

/** Before the arguments were masked, what the record must not see can only be committed to. */
function hidesFromRecord({ fn }: Pick<Resolved, 'fn'>): boolean {
  return fn.argumentMasks.some(({ from }) => from.includes('record'))
}

function resultPayloads(at: Recorded, outcome: Outcome): readonly PayloadDraft[] {
  const keep = at.fn.payloads === 'kept'
  const mediaType = essence(outcome.head?.mediaType)
  const { received, returned } = outcome
  const drafts: PayloadDraft[] = []
  if (received) drafts.push({ role: 'result', mediaType, bytes: received, keep })
  if (returned && !(received && sameBytes(received, returned))) {
    drafts.push({ role: 'returned', mediaType, bytes: returned, keep })
  }
  if (outcome.streamed && !returned) drafts.push(streamed(outcome.streamed, mediaType))
  return drafts
}

/** What was released to the caller; how it was received is not held for a stream. */
function streamed({ salt, hmac, bytes }: StreamCommitment, mediaType: string): PayloadDraft {
  return { role: 'returned', mediaType, salt, hmac, length: bytes }
}

function masking(
  { how, count, path, rule, found }: Outcome['findings'][number],
  { fn }: Pick<Resolved, 'fn'>,
): Masking {
  const { entity, detector, validator, band } = found ?? {}
  const version = ruleVersionOf(fn, rule)
  return {
    ...{ how, n: count, path, rule },
    ...(version !== undefined && { version }),
    ...(detector !== undefined && { detector }),
    ...(entity !== undefined && { entity }),
    ...(validator !== undefined && { validator }),
    ...(band !== undefined && { band }),
  }
}

const unknownMediaType = 'application/octet-stream'

/** The other side wrote it: type and subtype (RFC 6838), no parameters, or nothing of it. */
function essence(mediaType: string | undefined): string {
  const [type = ''] = (mediaType ?? '').split(';', 1)
  const name = type.trim().toLowerCase()
  return /^[a-z0-9][a-z0-9!#$&^_.+-]{0,62}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}$/.test(name)
    ? name
    : unknownMediaType
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || Buffer.compare(a, b) === 0
}

/** Kept for the millisecond it is of: a busy gateway writes many records in one. */
let latest = { time: Number.NaN, text: '' }

export function timestamp(time: number): string {
  if (latest.time !== time) latest = { time, text: new Date(time).toISOString() }
  return latest.text
}
