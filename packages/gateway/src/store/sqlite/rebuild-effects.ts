import type { DatabaseSync } from 'node:sqlite'
import type { LeafRecord } from '@sallyport/evidence/record'
import type { Approval } from '../../model/approval.ts'
import type { BreakGlass } from '../../model/break-glass.ts'
import type { Clearance } from '../../model/clearance.ts'
import type { Deferral } from '../../model/deferral.ts'
import type { TimedGrant } from '../../model/timed-grant.ts'
import type { Change } from '../store.ts'

/**
 * What records of the lost part did to governed state and to payloads, as far as a record tells. Lost are keys
 * and questions (a record does not hold what is needed to use them), the reasons of delegations, the notes of
 * reviews, deferred calls and the outbox.
 */
export function prepareEffects(db: DatabaseSync): {
  readonly changeOf: (record: LeafRecord, at: number) => Change | undefined
  readonly keysLost: readonly string[]
} {
  const key = db.prepare('SELECT 1 FROM api_key WHERE id = ?')
  const call = db.prepare('SELECT call FROM leaf WHERE "index" = ?')
  const glass = db.prepare('SELECT body FROM break_glass WHERE id = ?')
  const newest = db.prepare('SELECT id FROM break_glass ORDER BY number DESC LIMIT 1')
  const callOf = (of: number) => String(call.get(of)?.call ?? '')
  const keysLost: string[] = []
  const changeOf = (record: LeafRecord, at: number): Change | undefined => {
    switch (record.type) {
      case 'key.issued':
        if (!key.get(record.key)) keysLost.push(record.key)
        return undefined
      case 'key.revoked':
        return { kind: 'key.revoke', id: record.key, at }
      case 'principal.locked': {
        const { principal, reason, by } = record
        return { kind: 'principal.lock', lock: { principal, reason, by, at } }
      }
      case 'principal.unlocked':
        return { kind: 'principal.unlock', principal: record.principal, by: record.by }
      case 'break-glass.opened':
        return glassOpened(record, { at, after: newest.get()?.id })
      case 'break-glass.reviewed': {
        const body = glass.get(record.glass)?.body
        return body === undefined
          ? undefined
          : glassReviewed(JSON.parse(String(body)), { ...record, at })
      }
      case 'delegation.made': {
        const { delegation: id, from, to, groups, until } = record
        const dates = { createdAt: at, until: Date.parse(until) }
        const delegation = { id, from, to, groups, reason: '', ...dates }
        return { kind: 'delegation.make', delegation }
      }
      case 'delegation.ended':
        return { kind: 'delegation.end', id: record.delegation, at }
      case 'erasure.requested': {
        const { erasure: id, record: of, roles, reason, by: requestedBy } = record
        const wish = { id, state: 'PENDING', record: of, callId: callOf(of), roles } as const
        const erasure = { ...wish, reason, requestedBy, requestedAt: at }
        return { kind: 'erasure.request', erasure }
      }
      case 'payload.erased': {
        const { erasure: id, by, record: of } = record
        return { kind: 'erasure.approve', id, callId: callOf(of), by, at }
      }
      case 'payload.expired': {
        const { class: name, records } = record
        return { kind: 'payload.expire', class: name, records, next: Math.max(0, ...records) + 1 }
      }
      default:
        return undefined
    }
  }
  return { changeOf, keysLost }
}

type Opened = Extract<LeafRecord, { type: 'break-glass.opened' }>

/** So that whoever broke it still owes its review. Its clearance is over: what it was used for may be lost. */
function glassOpened(
  record: Opened,
  { at, after }: { readonly at: number; readonly after: unknown },
): Change {
  const { glass: id, by, functions, approval, acr, amr } = record
  const expiresAt = Date.parse(record.expires)
  const breakGlass: BreakGlass = {
    ...{ id, revision: 1, by, functions, clearance: record.clearance },
    ...{ reason: record.reason, incident: record.incident },
    ...(approval !== undefined && { approval }),
    assurance: { ...(acr !== undefined && { acr }), amr, signedInAt: Date.parse(record.signedIn) },
    ...{ openedAt: at, expiresAt, reviewBy: Date.parse(record.reviewBy) },
  }
  const clearance: Clearance = {
    ...{ id: record.clearance, state: 'EXPIRED', revision: 1, kind: 'break-glass' },
    ...(approval !== undefined && { approval }),
    ...{ breakGlass: id, binding: {}, subject: by, actors: [], functions, when: [], groups: [] },
    ...{ by: [by], usesMax: record.uses, uses: 0, open: [] },
    ...{ issuedAt: at, notBefore: at, expiresAt },
  }
  const expectedNewest = after === undefined ? undefined : String(after)
  return { kind: 'break-glass.open', breakGlass, clearance, expectedNewest }
}

function glassReviewed(
  glass: BreakGlass,
  { by, verdict, at }: { readonly by: string; readonly verdict: string; readonly at: number },
): Change {
  const review = {
    ...{ by, notes: '', at },
    verdict: verdict === 'justified' ? ('justified' as const) : ('unjustified' as const),
  }
  const breakGlass = { ...glass, revision: glass.revision + 1, review }
  return { kind: 'break-glass.update', breakGlass, expectedRevision: glass.revision }
}

/**
 * What was open may have been decided and used in the part that was lost: nothing of it counts any more. Returns
 * how many questions were closed.
 */
export function closeWhatWasOpen(db: DatabaseSync): number {
  const approvals = rewrite<Approval>(db, 'approval', {
    in: ['PENDING'],
    close: (approval) => ({ ...approval, state: 'EXPIRED' }),
  })
  rewrite<Clearance>(db, 'clearance', {
    in: ['ISSUED', 'ACTIVE', 'IN_USE'],
    close: (clearance) => ({
      ...clearance,
      state: clearance.state === 'IN_USE' ? 'UNKNOWN' : 'EXPIRED',
      open: [],
    }),
  })
  rewrite<Deferral>(db, 'deferral', {
    in: ['WAITING', 'RUNNING'],
    close: (deferral) => ({
      ...deferral,
      state: deferral.state === 'RUNNING' ? 'UNKNOWN' : 'CANCELLED',
    }),
  })
  rewrite<TimedGrant>(db, 'timed_grant', {
    in: ['asked'],
    close: (timed) => ({ ...timed, state: 'refused' }),
  })
  return approvals
}

type Stateful = { readonly id: string; readonly state: string; readonly revision: number }

function rewrite<Body extends Stateful>(
  db: DatabaseSync,
  table: string,
  rows: { readonly in: readonly Body['state'][]; readonly close: (body: Body) => Body },
): number {
  const update = db.prepare(`UPDATE ${table} SET state = ?, revision = ?, body = ? WHERE id = ?`)
  const states = rows.in.map((state) => `'${state}'`).join(', ')
  const open = db.prepare(`SELECT body FROM ${table} WHERE state IN (${states})`).all()
  for (const { body } of open) {
    const was: Body = JSON.parse(String(body))
    const closed = { ...rows.close(was), revision: was.revision + 1 }
    update.run(closed.state, closed.revision, JSON.stringify(closed), closed.id)
  }
  return open.length
}
