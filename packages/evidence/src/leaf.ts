import { assertScalar, type Canonical } from './canonical.ts'
import {
  fillApprovalState,
  fillDeferral,
  fillDelegation,
  fillEmergency,
  fillQuestion,
  fillVote,
} from './leaf-approval.ts'
import { commitment, type Filled, type Of } from './leaf-parts.ts'
import { fillCampaign, fillGrant, fillReview, grantUsed } from './leaf-review.ts'
import type {
  BootEnd,
  CallFacts,
  Commitments,
  Emitter,
  Masker,
  Masking,
  Party,
  RecordDraft,
} from './record.ts'
import { leafBytesMax, recordVersion, textMax } from './record.ts'
import { required } from './required-members.ts'

/**
 * The canonical text (RFC 8785) of a leaf, at most `leafBytesMax` bytes of UTF-8. One literal per
 * leaf type with its keys in sorted order, so `JSON.stringify` is the canonical form. A leaf that
 * would be longer loses the ends of its lists, and `truncated` says how many entries; one that does
 * not fit even then, holds what is not canonical, or has no place for a commitment, throws `TypeError`: it cannot be recorded.
 */
export function leafText(draft: RecordDraft, emitter: Emitter, commitments: Commitments): string {
  const leaf = fill(draft, place(emitter), commitments)
  for (const member of required[draft.type]) {
    if (leaf[member] === undefined) throw new TypeError(`${draft.type} has no ${member}`)
  }
  assertMembers(leaf)
  for (const role of Object.keys(commitments)) {
    if (leaf[role] === undefined) throw new TypeError(`${draft.type} commits to no ${role}`)
  }
  const text = JSON.stringify(leaf)
  // UTF-8 takes at most three bytes for a code unit.
  if (text.length * 3 <= leafBytesMax || byteLength(text) <= leafBytesMax) return text
  for (let entriesMax = 64; entriesMax > 0; entriesMax >>= 1) {
    const shorter = JSON.stringify(shorten(leaf, entriesMax))
    if (byteLength(shorter) <= leafBytesMax) return shorter
  }
  throw new TypeError('the record does not fit in a leaf')
}

function fill(draft: RecordDraft, emitter: Emitter, commitments: Commitments): Filled {
  switch (draft.type) {
    case 'call.authorized':
      return fillAuthorized(draft, emitter, commitments)
    case 'call.denied':
      return fillDenied(draft, emitter, commitments)
    case 'call.outcome':
    case 'call.chunk':
    case 'reconcile.indeterminate':
      return fillAfterIntent(draft, emitter, commitments)
    case 'approval.requested':
      return fillQuestion(draft, emitter, commitments)
    case 'approval.decided':
    case 'approval.countered':
      return fillVote(draft, emitter)
    case 'approval.escalated':
    case 'approval.closed':
    case 'clearance.claimed':
    case 'clearance.returned':
    case 'clearance.closed':
      return fillApprovalState(draft, emitter)
    case 'break-glass.opened':
    case 'break-glass.reviewed':
      return fillEmergency(draft, emitter)
    case 'delegation.made':
    case 'delegation.ended':
      return fillDelegation(draft, emitter)
    case 'deferral.changed':
      return fillDeferral(draft, emitter)
    case 'grant.certified':
    case 'grant.proposed':
    case 'grant.revoked':
    case 'grant.restored':
    case 'grant.exempted':
    case 'grant.extended':
    case 'timed.asked':
    case 'timed.given':
    case 'timed.agreed':
    case 'timed.refused':
    case 'timed.revoked':
    case 'function.quarantined':
    case 'function.accepted':
      return fillGrant(draft, emitter)
    case 'campaign.opened':
    case 'campaign.changed':
    case 'campaign.closed':
      return fillCampaign(draft, emitter)
    case 'review.assigned':
    case 'review.decided':
    case 'review.applied':
    case 'review.voided':
      return fillReview(draft, emitter)
    case 'session.opened':
    case 'log.genesis':
    case 'heartbeat':
    case 'emitter.start':
    case 'emitter.stop':
    case 'outage.ended':
    case 'log.recovered':
      return fillLife(draft, emitter)
    case 'payload.read':
    case 'erasure.requested':
    case 'payload.erased':
    case 'payload.expired':
    case 'evidence.exported':
      return fillCustody(draft, emitter)
    default:
      return fillChange(draft, emitter)
  }
}

function fillAuthorized(d: Of<'call.authorized'>, emitter: Emitter, c: Commitments): Filled {
  return {
    approvals: d.approvals.map(({ by, id }) => ({ by, id })),
    args: c.args && commitment(c.args),
    brings: d.brings,
    call: d.call,
    caller: d.caller && caller(d.caller),
    clearance: d.clearance,
    decision: d.decision && decision(d.decision),
    duties: d.duties,
    emitter,
    fn: d.fn && fn(d.fn),
    forwarded: c.forwarded && commitment(c.forwarded),
    grants: d.grants?.map(grantUsed),
    labels: d.labels,
    masked: d.masked.map(masking),
    obo: d.obo?.map(party),
    session: d.session,
    source: d.source && source(d.source),
    time: d.time,
    trace: d.trace,
    truncated: undefined,
    type: d.type,
    v: recordVersion,
    wants: d.wants,
  }
}

function fillDenied(d: Of<'call.denied'>, emitter: Emitter, c: Commitments): Filled {
  return {
    approval: d.approval,
    args: c.args && commitment(c.args),
    call: d.call,
    caller: d.caller && caller(d.caller),
    code: d.code,
    decision: d.decision && decision(d.decision),
    duties: d.duties,
    emitter,
    fn: d.fn && fn(d.fn),
    grants: d.grants?.map(grantUsed),
    labels: d.labels,
    obo: d.obo?.map(party),
    session: d.session,
    source: d.source && source(d.source),
    stage: d.stage,
    time: d.time,
    trace: d.trace,
    truncated: undefined,
    type: d.type,
    v: recordVersion,
    wants: d.wants,
  }
}

function fillAfterIntent(
  d: Of<'call.outcome' | 'call.chunk' | 'reconcile.indeterminate'>,
  emitter: Emitter,
  c: Commitments,
): Filled {
  const outcome = d.type === 'call.outcome' ? d : undefined
  const { result, returned } = d.type === 'reconcile.indeterminate' ? {} : c
  return {
    call: d.call,
    emitter,
    ending: outcome?.ending,
    intent: d.intent,
    masked: outcome?.masked.map(masking),
    masker: outcome?.masker && masker(outcome.masker),
    reason: d.type === 'reconcile.indeterminate' ? d.reason : undefined,
    result: result && commitment(result),
    returned: returned && commitment(returned),
    session: d.session,
    status: outcome?.status,
    time: d.time,
    truncated: undefined,
    type: d.type,
    v: recordVersion,
  }
}

function fillChange(
  d: Of<
    | 'rulebook.activated'
    | 'key.issued'
    | 'key.revoked'
    | 'key.rotated'
    | 'admin.signed-in'
    | 'principal.locked'
    | 'principal.unlocked'
  >,
  emitter: Emitter,
): Filled {
  const issued = d.type === 'key.issued' ? d : undefined
  return {
    by: d.by,
    digest: 'digest' in d ? d.digest : undefined,
    emitter,
    expires: issued?.expires,
    key: 'key' in d ? d.key : undefined,
    method: 'method' in d ? d.method : undefined,
    name: issued?.name,
    previous: 'previous' in d ? d.previous : undefined,
    principal: 'principal' in d ? d.principal : undefined,
    reason: 'reason' in d ? d.reason : undefined,
    scope: issued?.scope,
    time: d.time,
    truncated: undefined,
    type: d.type,
    v: recordVersion,
  }
}

/** The log's own life, and its emitters' and sessions'. */
function fillLife(
  d: Of<
    | 'session.opened'
    | 'log.genesis'
    | 'log.recovered'
    | 'heartbeat'
    | 'outage.ended'
    | 'emitter.start'
    | 'emitter.stop'
  >,
  emitter: Emitter,
): Filled {
  const start = d.type === 'emitter.start' ? d : undefined
  const genesis = d.type === 'log.genesis' ? d : undefined
  const opened = d.type === 'session.opened' ? d : undefined
  const beat = d.type === 'heartbeat' ? d : undefined
  const outage = d.type === 'outage.ended' ? d : undefined
  const recovered = d.type === 'log.recovered' ? d : undefined
  return {
    after: start?.after && bootEnd(start.after),
    config: start?.config,
    elapsed: beat?.elapsed,
    emitter,
    from: outage?.from,
    interval: beat?.interval,
    kept: recovered?.kept,
    key: genesis?.key,
    origin: genesis?.origin,
    parties: opened?.parties.map(({ groups, iss, kind, sub }) => ({ groups, iss, kind, sub })),
    reason: outage?.reason,
    session: opened?.session,
    size: recovered?.size,
    time: d.time,
    truncated: undefined,
    type: d.type,
    v: recordVersion,
    version: start?.version,
  }
}

/** Who looked at what the log commits to, took it out, or had it destroyed. */
function fillCustody(
  d: Of<
    | 'payload.read'
    | 'erasure.requested'
    | 'payload.erased'
    | 'payload.expired'
    | 'evidence.exported'
  >,
  emitter: Emitter,
): Filled {
  const exported = d.type === 'evidence.exported' ? d : undefined
  return {
    by: 'by' in d ? d.by : undefined,
    class: 'class' in d ? d.class : undefined,
    emitter,
    erasure: 'erasure' in d ? d.erasure : undefined,
    from: exported?.from,
    payloads: exported?.payloads,
    period: 'period' in d ? d.period : undefined,
    reason: 'reason' in d ? d.reason : undefined,
    record: 'record' in d ? d.record : undefined,
    records: 'records' in d ? d.records : undefined,
    requestedBy: 'requestedBy' in d ? d.requestedBy : undefined,
    role: 'role' in d ? d.role : undefined,
    roles: 'roles' in d ? d.roles : undefined,
    scope: exported?.scope,
    session: exported?.session,
    time: d.time,
    to: exported?.to,
    truncated: undefined,
    type: d.type,
    v: recordVersion,
  }
}

function place({ boot, instance, prev, seq }: Emitter): Emitter {
  return { boot, instance, prev, seq }
}

function caller({ authn, cred, iss, sub }: NonNullable<CallFacts['caller']>) {
  return { authn, cred, iss, sub }
}

function decision({
  effect,
  obligations,
  policy,
  rules,
  time,
}: NonNullable<CallFacts['decision']>) {
  return { effect, obligations, policy, rules, time }
}

function source({ ip, protocol }: NonNullable<CallFacts['source']>) {
  return { ip, protocol }
}

function bootEnd({ boot, hash, seq }: BootEnd): BootEnd {
  return { boot, hash, seq }
}

function fn({ name, schema, server }: NonNullable<CallFacts['fn']>) {
  return { name, schema, server }
}

function party({ iss, sub }: Party): Party {
  return { iss, sub }
}

function masking(of: Masking): Filled {
  const { band, detector, entity, how, n, path, rule, validator, version } = of
  return { band, detector, entity, how, n, path, rule, validator, version }
}

function masker({ digest, micros }: Masker): Masker {
  return { digest, micros }
}

/** What becomes evidence is looked at once more, whatever the compiler was told. */
function assertMembers(value: Canonical): void {
  if (typeof value !== 'object' || value === null) {
    assertScalar(value)
    if (typeof value === 'string' && value.length > textMax) {
      throw new TypeError(`a string in a record is longer than ${textMax} characters`)
    }
    if (typeof value === 'number' && value < 0) throw new TypeError('a number is below 0')
    return
  }
  if (isList(value)) {
    for (const member of value) if (member !== undefined) assertMembers(member)
    return
  }
  // Listing the members of each first would cost more than looking at them.
  for (const key in value) {
    const member = value[key]
    if (member !== undefined) assertMembers(member)
  }
}

function isList(value: object): value is readonly Canonical[] {
  return Array.isArray(value)
}

/** The leaf with at most so many entries in each list, and the number that is missing. */
function shorten(leaf: Filled, entriesMax: number): Filled {
  let truncated = 0
  const cut = (value: Canonical | undefined): Canonical | undefined => {
    if (Array.isArray(value)) {
      truncated += Math.max(0, value.length - entriesMax)
      return value.slice(0, entriesMax)
    }
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, cut(member)]))
  }
  const shorter = Object.fromEntries(
    Object.entries(leaf).map(([key, member]) => [key, cut(member)]),
  )
  // Assigned, not added: the key already has its place.
  shorter.truncated = truncated
  return shorter
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length
}
