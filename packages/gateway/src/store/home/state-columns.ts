import type { Approval } from '../../model/approval.ts'
import type { BreakGlass } from '../../model/break-glass.ts'
import type { Clearance } from '../../model/clearance.ts'
import type { Deferral } from '../../model/deferral.ts'

export type StateColumns<Name extends string> = Readonly<Record<Name | 'id' | 'body', string>> & {
  readonly revision: number
}

// What stands beside the body of governed state in every home: by what it is found, compared and listed.

export function approvalColumns(approval: Approval): StateColumns<'digest' | 'state'> {
  const { id, digest, state, revision } = approval
  return { id, digest, state, revision, body: JSON.stringify(approval) }
}

export function clearanceColumns(clearance: Clearance): StateColumns<'state' | 'subject' | 'kind'> {
  const { id, state, revision, subject, kind } = clearance
  return { id, state, revision, subject, kind, body: JSON.stringify(clearance) }
}

export function breakGlassColumns(glass: BreakGlass): StateColumns<'by'> {
  const { id, revision, by } = glass
  return { id, revision, by, body: JSON.stringify(glass) }
}

export function deferralColumns(deferral: Deferral): StateColumns<'state'> {
  const { id, state, revision } = deferral
  return { id, state, revision, body: JSON.stringify(deferral) }
}
