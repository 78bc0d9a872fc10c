import type { DatabaseSync } from 'node:sqlite'
import type { Approval } from '../../model/approval.ts'
import type { BreakGlass } from '../../model/break-glass.ts'
import type { Clearance } from '../../model/clearance.ts'
import type { Deferral } from '../../model/deferral.ts'
import type { Delegation } from '../../model/delegation.ts'
import type { Approvals, BreakGlasses, Clearances, Deferrals, Delegations } from '../approvals.ts'
import { openColumn } from '../home/sealed-column.ts'
import type { AtOnce } from './at-once.ts'
import { bodies, bodyOf, bounded, prepareFiltered, prepareTable, rowsMax } from './table.ts'

export type ApprovalReads = AtOnce<Approvals & Clearances & BreakGlasses & Delegations & Deferrals>

/** Questions put to people, and all that comes of them. */
export function approvalReads(db: DatabaseSync, kek: Uint8Array): ApprovalReads {
  return {
    ...questionReads(db),
    ...clearanceReads(db),
    ...delegationReads(db),
    ...deferralReads(db, kek),
  }
}

function questionReads(db: DatabaseSync): AtOnce<Approvals & BreakGlasses> {
  const pending = db.prepare("SELECT body FROM approval WHERE digest = ? AND state = 'PENDING'")
  const denied = db.prepare(
    "SELECT body FROM approval WHERE digest = ? AND state = 'DENIED' ORDER BY number DESC LIMIT 1",
  )
  const approvals = prepareTable<Approval>(db, 'approval')
  const glasses = prepareTable<BreakGlass>(db, 'break_glass')
  return {
    approval: approvals.one,
    pendingApproval: (digest) => bodyOf(pending.get(digest)),
    deniedApproval: (digest) => bodyOf(denied.get(digest)),
    approvals: ({ state, ...page }) => approvals.page(page, { state }),
    breakGlass: glasses.one,
    breakGlasses: ({ by, ...page }) => glasses.page(page, { by }),
  }
}

function clearanceReads(db: DatabaseSync): AtOnce<Clearances> {
  const clearances = prepareTable<Clearance>(db, 'clearance')
  const standing = db.prepare(
    `SELECT body FROM clearance WHERE subject = ? AND kind <> 'call'
      AND state IN ('ISSUED', 'ACTIVE', 'IN_USE') ORDER BY number DESC LIMIT 100`,
  )
  return {
    clearance: clearances.one,
    clearances: ({ state, subject, ...page }) => clearances.page(page, { state, subject }),
    standingClearances: (subject) => standing.all(subject).flatMap(bodies<Clearance>),
  }
}

function delegationReads(db: DatabaseSync): AtOnce<Delegations> {
  const all = prepareFiltered(
    db,
    `SELECT body, ended_ms FROM delegation
      WHERE until_ms > ?1 AND (ended_ms IS NULL OR ended_ms > ?1)`,
    'ORDER BY number DESC',
  )
  return {
    delegations: ({ at, from, to }) =>
      all([at], { from, to }, rowsMax).flatMap((row) => {
        const endedAt = row.ended_ms === null ? {} : { endedAt: Number(row.ended_ms) }
        return bodies<Delegation>(row).map((delegation) => ({ ...delegation, ...endedAt }))
      }),
  }
}

function deferralReads(db: DatabaseSync, kek: Uint8Array): AtOnce<Deferrals> {
  const inState = db.prepare('SELECT body FROM deferral WHERE state = ? ORDER BY number LIMIT ?')
  const bytesOf = (column: 'request' | 'result') => {
    const sealed = db.prepare(`SELECT ${column} AS sealed FROM deferral WHERE id = ?`)
    return (id: string): Uint8Array | undefined => {
      const blob = sealed.get(id)?.sealed
      const place = { table: 'deferral', column, id }
      return blob instanceof Uint8Array ? openColumn(kek, blob, place) : undefined
    }
  }
  return {
    deferral: prepareTable<Deferral>(db, 'deferral').one,
    deferrals: ({ state, limit }) => inState.all(state, bounded(limit)).flatMap(bodies<Deferral>),
    deferredRequest: bytesOf('request'),
    deferredResult: bytesOf('result'),
  }
}
