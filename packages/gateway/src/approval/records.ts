import type { RecordDraft, Terms } from '@sallyport/evidence/record'
import type { Approval, Vote } from '../model/approval.ts'
import type { Clearance, ClearanceTerms } from '../model/clearance.ts'

/** What the changes of approvals and clearances leave in the log. Pure; times are Unix milliseconds. */

export function requestedRecord(approval: Approval): RecordDraft {
  const { id, callId, session, functionId, digest, offer, terms, subject, actors } = approval
  const parties = [subject, ...actors]
  return {
    type: 'approval.requested',
    time: timestamp(approval.createdAt),
    approval: id,
    call: callId,
    session,
    fn: functionId,
    groups: approval.approverGroups,
    digest,
    offer,
    terms: termsOf(terms),
    steps: approval.steps.map(({ flow, groups, quorum }) => ({ flow, groups, quorum })),
    excluded: approval.excluded.filter((party) => !parties.includes(party)),
    rules: approval.reasons.map(({ policy }) => policy),
    decideBy: timestamp(approval.decideBy),
  }
}

export function decidedRecord(
  approval: Approval,
  vote: Vote,
  also: { readonly voided: readonly string[]; readonly clearance: Clearance | undefined },
): RecordDraft {
  const { by, onBehalfOf, step, group, verdict, channel } = vote
  return {
    type: 'approval.decided',
    time: timestamp(vote.at),
    approval: approval.id,
    by,
    ...(onBehalfOf !== undefined && { onBehalfOf }),
    step,
    group,
    verdict,
    state: approval.state,
    offer: approval.offer,
    ...(also.voided.length > 0 && { voided: also.voided }),
    channel,
    ...(also.clearance && {
      clearance: also.clearance.id,
      claimBy: timestamp(also.clearance.expiresAt),
    }),
  }
}

export function counteredRecord(
  { id, offer, terms }: Approval,
  { by, onBehalfOf }: Pick<Vote, 'by' | 'onBehalfOf'>,
  at: number,
): RecordDraft {
  return {
    type: 'approval.countered',
    time: timestamp(at),
    approval: id,
    by,
    ...(onBehalfOf !== undefined && { onBehalfOf }),
    offer,
    terms: termsOf(terms),
  }
}

export function closedRecord(
  { id, state }: Approval,
  { at, by }: { readonly at: number; readonly by?: string | undefined },
): RecordDraft {
  return {
    type: 'approval.closed',
    time: timestamp(at),
    approval: id,
    state,
    ...(by !== undefined && { by }),
  }
}

/** It allows nothing more, or nobody knows what it has done. */
export function clearanceClosedRecord(
  { id, state }: Clearance,
  { at, by, reason }: { readonly at: number; readonly by?: string; readonly reason?: string },
): RecordDraft {
  return {
    type: 'clearance.closed',
    time: timestamp(at),
    clearance: id,
    state,
    ...(by !== undefined && { by }),
    ...(reason !== undefined && { reason }),
  }
}

function termsOf(terms: ClearanceTerms): Terms {
  if (terms.kind === 'call') return { kind: 'call' }
  return { kind: terms.kind, for: terms.forMs, uses: terms.uses, when: terms.when }
}

export function timestamp(at: number): string {
  return new Date(at).toISOString()
}
