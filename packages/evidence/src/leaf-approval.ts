import { commitment, type Filled, type Of } from './leaf-parts.ts'
import { type Commitments, type Emitter, recordVersion, type Terms } from './record.ts'

/** What was asked of people. */
export function fillQuestion(
  d: Of<'approval.requested'>,
  emitter: Emitter,
  c: Commitments,
): Filled {
  return {
    approval: d.approval,
    args: c.args && commitment(c.args),
    call: d.call,
    decideBy: d.decideBy,
    digest: d.digest,
    emitter,
    excluded: d.excluded,
    fn: d.fn,
    forwarded: c.forwarded && commitment(c.forwarded),
    groups: d.groups,
    offer: d.offer,
    rules: d.rules,
    session: d.session,
    steps: d.steps?.map(({ flow, groups, quorum }) => ({ flow, groups, quorum })),
    terms: d.terms && terms(d.terms),
    time: d.time,
    truncated: undefined,
    type: d.type,
    v: recordVersion,
  }
}

/** What one of them said. */
export function fillVote(
  d: Of<'approval.decided' | 'approval.countered'>,
  emitter: Emitter,
): Filled {
  const decided = d.type === 'approval.decided' ? d : undefined
  return {
    approval: d.approval,
    by: d.by,
    channel: decided?.channel,
    claimBy: decided?.claimBy,
    clearance: decided?.clearance,
    emitter,
    group: decided?.group,
    offer: d.offer,
    onBehalfOf: d.onBehalfOf,
    state: decided?.state,
    step: decided?.step,
    terms: d.type === 'approval.countered' && d.terms ? terms(d.terms) : undefined,
    time: d.time,
    truncated: undefined,
    type: d.type,
    v: recordVersion,
    verdict: decided?.verdict,
    voided: decided?.voided,
  }
}

/** What became of the question, and of the authority that came of it. */
export function fillApprovalState(
  d: Of<
    | 'approval.escalated'
    | 'approval.closed'
    | 'clearance.claimed'
    | 'clearance.returned'
    | 'clearance.closed'
  >,
  emitter: Emitter,
): Filled {
  const escalated = d.type === 'approval.escalated' ? d : undefined
  const claimed = d.type === 'clearance.claimed' ? d : undefined
  return {
    approval: 'approval' in d ? d.approval : undefined,
    by: 'by' in d ? d.by : undefined,
    call: 'call' in d ? d.call : undefined,
    clearance: 'clearance' in d ? d.clearance : undefined,
    digest: claimed?.digest,
    emitter,
    groups: escalated?.groups,
    reason: 'reason' in d ? d.reason : undefined,
    state: 'state' in d ? d.state : undefined,
    step: escalated?.step,
    time: d.time,
    truncated: undefined,
    type: d.type,
    use: claimed?.use,
    v: recordVersion,
  }
}

export function fillEmergency(
  d: Of<'break-glass.opened' | 'break-glass.reviewed'>,
  emitter: Emitter,
): Filled {
  const opened = d.type === 'break-glass.opened' ? d : undefined
  return {
    acr: opened?.acr,
    amr: opened?.amr,
    approval: opened?.approval,
    by: d.by,
    clearance: opened?.clearance,
    emitter,
    expires: opened?.expires,
    functions: opened?.functions,
    glass: d.glass,
    incident: opened?.incident,
    reason: opened?.reason,
    reviewBy: opened?.reviewBy,
    signedIn: opened?.signedIn,
    time: d.time,
    truncated: undefined,
    type: d.type,
    uses: opened?.uses,
    v: recordVersion,
    verdict: 'verdict' in d ? d.verdict : undefined,
  }
}

export function fillDelegation(
  d: Of<'delegation.made' | 'delegation.ended'>,
  emitter: Emitter,
): Filled {
  const made = d.type === 'delegation.made' ? d : undefined
  return {
    by: d.by,
    delegation: d.delegation,
    emitter,
    from: made?.from,
    groups: made?.groups,
    time: d.time,
    to: made?.to,
    truncated: undefined,
    type: d.type,
    until: made?.until,
    v: recordVersion,
  }
}

export function fillDeferral(d: Of<'deferral.changed'>, emitter: Emitter): Filled {
  return {
    approval: d.approval,
    call: d.call,
    emitter,
    ran: d.ran,
    state: d.state,
    time: d.time,
    truncated: undefined,
    type: d.type,
    v: recordVersion,
  }
}

function terms({ for: forMs, kind, uses, when }: Terms): Filled {
  return { for: forMs, kind, uses, when }
}
