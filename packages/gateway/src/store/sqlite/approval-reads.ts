import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { Approval } from '../../model/approval.ts'
import type { BreakGlass } from '../../model/break-glass.ts'
import type { Clearance } from '../../model/clearance.ts'
import type { Deferral } from '../../model/deferral.ts'
import type { Delegation } from '../../model/delegation.ts'
import { openColumn } from '../home/sealed-column.ts'
import type { Approvals, BreakGlasses, Clearances, Deferrals, Delegations } from '../store.ts'

/** The questions of the store, answered at once. */
type AtOnce<Questions> = {
  readonly [Name in keyof Questions]: Questions[Name] extends (
    ...args: infer Args
  ) => Promise<infer Answer>
    ? (...args: Args) => Answer
    : never
}

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

type Row = Readonly<Record<string, unknown>>
type Filters = Readonly<Record<string, string | undefined>>
type Page = { readonly before?: string; readonly limit: number }

function prepareTable<Body>(db: DatabaseSync, table: string) {
  const one = db.prepare(`SELECT body FROM ${table} WHERE id = ?`)
  // Below the row of `before`; an id that is not there has nothing below it.
  const page = prepareFiltered(
    db,
    `SELECT body FROM ${table} WHERE
      number < coalesce((SELECT number FROM ${table} WHERE id = ?1), iif(?1 IS NULL, 9e15, 0))`,
    'ORDER BY number DESC',
  )
  return {
    one: (id: string): Body | undefined => bodyOf(one.get(id)),
    page: ({ before, limit }: Page, filters: Filters): Body[] =>
      page([before ?? null], filters, bounded(limit)).flatMap(bodies<Body>),
  }
}

/** The columns of `filters` are named in this file only; each that is given has to be equal. */
function prepareFiltered(db: DatabaseSync, select: string, order: string) {
  const statements = new Map<string, StatementSync>()
  return (values: readonly SQLInputValue[], filters: Filters, limit: number): Row[] => {
    const given = Object.entries(filters).filter(
      (filter): filter is [string, string] => filter[1] !== undefined,
    )
    const where = given.map(([column]) => ` AND "${column}" = ?`).join('')
    const statement = statements.get(where) ?? db.prepare(`${select}${where} ${order} LIMIT ?`)
    statements.set(where, statement)
    return statement.all(...values, ...given.map(([, value]) => value), limit)
  }
}

function bodyOf<Body>(row: Row | undefined): Body | undefined {
  return row && JSON.parse(String(row.body))
}

function bodies<Body>(row: Row): Body[] {
  const body = bodyOf<Body>(row)
  return body === undefined ? [] : [body]
}

const rowsMax = 1000

function bounded(limit: number): number {
  return Math.min(Math.max(1, Math.trunc(limit)), rowsMax)
}
