import type { Clearance, ClearanceUse } from '../model/clearance.ts'

export type ClearanceEvent =
  | { readonly kind: 'claim'; readonly use: ClearanceUse }
  /** The call that claimed it is over, and how it ended is on record. */
  | { readonly kind: 'done'; readonly call: string }
  /** The gateway that ran the call was lost: nobody knows what it did. */
  | { readonly kind: 'lost'; readonly call: string }
  /** What was unknown is taken for used. */
  | { readonly kind: 'reconcile' }
  | { readonly kind: 'revoke' }
  | { readonly kind: 'expire' }

/** Why an event has no place in this state. The clearance stays as it was. */
export type ClearanceUnfit =
  /** Its time has not begun, or not ended. */
  | 'too-early'
  /** Its time is over. */
  | 'too-late'
  | 'used-up'
  | 'revoked'
  | 'unknown'
  /** No call of this id is under way with it. */
  | 'not-in-use'
  /** It allows nothing any more. */
  | 'closed'

export type ClearanceStep =
  | { readonly fits: true; readonly clearance: Clearance }
  | { readonly fits: false; readonly unfit: ClearanceUnfit }

/**
 * The whole life of a clearance. Pure: the same clearance, event and time (Unix milliseconds) give the same
 * answer.
 *
 * `ISSUED → ACTIVE` at `notBefore`. A claim makes it `IN_USE`; when no call is under way with it any more it is
 * `CONSUMED` after its last use and `ACTIVE` before. Revoking reaches calls under way too; what is in use does
 * not expire under them. A lost call makes it `UNKNOWN`: what was one exact call is then `CONSUMED`, never
 * active again, since its effect may have been had.
 */
export function stepClearance(
  clearance: Clearance,
  event: ClearanceEvent,
  now: number,
): ClearanceStep {
  switch (event.kind) {
    case 'claim':
      return claim(clearance, event.use, now)
    case 'done':
      return done(clearance, event.call)
    case 'lost':
      return lost(clearance, event.call)
    case 'reconcile':
      return clearance.state === 'UNKNOWN'
        ? changed(clearance, { state: restOf(clearance) })
        : unfit('not-in-use')
    case 'revoke':
      return isOver(clearance) || clearance.state === 'UNKNOWN'
        ? unfit('closed')
        : changed(clearance, { state: 'REVOKED' })
    case 'expire':
      return expire(clearance, now)
  }
}

/** Where a clearance stands at this moment, whether or not anybody has written it down yet. */
export function clearanceAsOf(clearance: Clearance, now: number): Clearance {
  const expired = expire(clearance, now)
  if (expired.fits) return expired.clearance
  const isBegun = clearance.state === 'ISSUED' && now >= clearance.notBefore
  return isBegun ? { ...clearance, state: 'ACTIVE' } : clearance
}

function claim(clearance: Clearance, use: ClearanceUse, now: number): ClearanceStep {
  const { state, kind, uses, usesMax, open } = clearance
  if (state === 'REVOKED') return unfit('revoked')
  if (state === 'EXPIRED') return unfit('too-late')
  if (state === 'UNKNOWN') return unfit('unknown')
  if (state === 'CONSUMED' || uses >= usesMax) return unfit('used-up')
  if (state === 'IN_USE' && kind === 'call') return unfit('used-up')
  // One that is active is so for every gateway, also for one whose clock is behind.
  if (state === 'ISSUED' && now < clearance.notBefore) return unfit('too-early')
  if (now >= clearance.expiresAt) return unfit('too-late')
  return changed(clearance, { state: 'IN_USE', uses: uses + 1, open: [...open, use] })
}

function done(clearance: Clearance, call: string): ClearanceStep {
  const { state, open } = clearance
  if (isOver(clearance)) return unfit('closed')
  const left = open.filter((use) => use.call !== call)
  if (left.length === open.length) return unfit('not-in-use')
  const next = { ...clearance, open: left }
  return changed(next, { state: state === 'UNKNOWN' ? 'UNKNOWN' : restOf(next) })
}

function lost(clearance: Clearance, call: string): ClearanceStep {
  const { state, open } = clearance
  if (isOver(clearance)) return unfit('closed')
  const left = open.filter((use) => use.call !== call)
  if (left.length === open.length || state === 'ISSUED' || state === 'ACTIVE') {
    return unfit('not-in-use')
  }
  return changed(clearance, { state: 'UNKNOWN', open: left })
}

function expire(clearance: Clearance, now: number): ClearanceStep {
  const { state } = clearance
  if (isOver(clearance)) return unfit('closed')
  if (state !== 'ISSUED' && state !== 'ACTIVE') return unfit('too-early')
  return now >= clearance.expiresAt ? changed(clearance, { state: 'EXPIRED' }) : unfit('too-early')
}

/** What it is when a call has left it. */
function restOf({ kind, open, uses, usesMax }: Clearance): 'IN_USE' | 'CONSUMED' | 'ACTIVE' {
  if (open.length > 0) return 'IN_USE'
  return kind === 'call' || uses >= usesMax ? 'CONSUMED' : 'ACTIVE'
}

function isOver({ state }: Clearance): boolean {
  return state === 'CONSUMED' || state === 'REVOKED' || state === 'EXPIRED'
}

function changed(clearance: Clearance, changes: Partial<Clearance>): ClearanceStep {
  return { fits: true, clearance: { ...clearance, ...changes, revision: clearance.revision + 1 } }
}

function unfit(reason: ClearanceUnfit): ClearanceStep {
  return { fits: false, unfit: reason }
}
