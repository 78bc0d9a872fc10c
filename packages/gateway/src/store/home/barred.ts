import { type Party, partyId, type RecordDraft } from '@sallyport/evidence/record'
import type { GrantStandingUpdate } from '../reviews.ts'
import type { Change, ConflictAbout, Entry } from '../store.ts'

/** What no intent may count on, as the home has stored it. */
export type BarredNames = {
  /** Principals that are locked. */
  readonly principals: Iterable<string>
  /** Ids of API keys that were revoked. */
  readonly keys: Iterable<string>
  /** Grants that are revoked, timed ones as well. */
  readonly grants: Iterable<string>
  /** Functions that are quarantined. */
  readonly functions: Iterable<string>
  /** Grants that a review has narrowed, or given an end. */
  readonly bounded: Iterable<readonly [string, GrantBounds]>
}

/** What a review has left of a grant. */
export type GrantBounds = {
  readonly when: readonly string[]
  /** Unix milliseconds. */
  readonly endsAt?: number | undefined
}

/** What no intent may count on, as the writer knows it: the last look before an intent, in the order of the log. */
export type Barred = {
  /** Why the record, if it authorises a call, is refused. */
  readonly refusalOf: (record: RecordDraft, narrowed?: Entry['narrowed']) => BarredBy | undefined
  /**
   * After the change was applied: whether anything is barred or free now that was not. When its transaction
   * fails, another one has to be opened.
   */
  readonly note: (change: Change) => boolean
}

export type BarredBy = { readonly about: ConflictAbout; readonly message: string }

export function openBarred(names: BarredNames): Barred {
  const principals = new Set(names.principals)
  const keys = new Set(names.keys)
  const grants = new Set(names.grants)
  const functions = new Set(names.functions)
  const bounded = new Map(names.bounded)
  const isLocked = (party: Party) => principals.has(partyId(party))
  const isRevoked = ({ iss, sub }: Party) => iss === 'key' && keys.has(sub)
  const noteStanding = (update: GrantStandingUpdate | undefined) => {
    if (update === undefined) return false
    const { grant, revoked, certification, endsAt } = update.standing
    const isOther = bind(bounded, grant, { when: certification?.when ?? [], endsAt })
    return set(grants, grant, revoked !== undefined) || isOther
  }
  const isBeyond = (
    grant: string,
    { time }: Pick<RecordDraft, 'time'>,
    narrowed: NonNullable<Entry['narrowed']>,
  ) => {
    const bounds = bounded.get(grant)
    if (!bounds) return false
    const judged = narrowed.find((one) => one.grant === grant)?.when ?? []
    return !isSame(judged, bounds.when) || Date.parse(time) >= (bounds.endsAt ?? never)
  }
  return {
    refusalOf: (record, narrowed = []) => {
      if (record.type !== 'call.authorized') return undefined
      const { caller, obo = [], fn, grants: used = [] } = record
      if (principals.size > 0 && ((caller && isLocked(caller)) || obo.some(isLocked))) {
        return { about: 'lock', message: 'a party of the call is locked' }
      }
      if (keys.size > 0 && caller && isRevoked(caller)) {
        return { about: 'key', message: 'the API key of the call is revoked' }
      }
      if (grants.size > 0 && used.some(({ grant }) => grants.has(grant))) {
        return { about: 'grant', message: 'a grant of the call is revoked' }
      }
      if (bounded.size > 0 && used.some(({ grant }) => isBeyond(grant, record, narrowed))) {
        return { about: 'grant', message: 'a review has narrowed or ended a grant of the call' }
      }
      if (functions.size > 0 && fn && functions.has(fn.name)) {
        return { about: 'function', message: 'the function of the call is quarantined' }
      }
      return undefined
    },
    note: (change) => {
      switch (change.kind) {
        case 'principal.lock':
          return set(principals, change.lock.principal, true)
        case 'principal.unlock':
          return set(principals, change.principal, false)
        case 'key.revoke':
          return set(keys, change.id, true)
        case 'grant.update':
          return noteStanding(change)
        case 'review.update':
          return noteStanding(change.standing)
        case 'timed.update':
          return set(grants, change.timed.id, change.timed.state === 'revoked')
        case 'function.hold':
          return set(functions, change.hold.function, change.hold.state === 'quarantined')
        default:
          return false
      }
    },
  }
}

const never = Number.MAX_SAFE_INTEGER

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((expression, at) => expression === other[at])
}

/** Whether that changed anything. */
function bind(bounded: Map<string, GrantBounds>, grant: string, bounds: GrantBounds): boolean {
  const before = bounded.get(grant) ?? { when: [] }
  if (isSame(before.when, bounds.when) && before.endsAt === bounds.endsAt) return false
  if (bounds.when.length > 0 || bounds.endsAt !== undefined) bounded.set(grant, bounds)
  else bounded.delete(grant)
  return true
}

/** Whether that changed anything. */
function set(names: Set<string>, name: string, isBarred: boolean): boolean {
  if (names.has(name) === isBarred) return false
  if (isBarred) names.add(name)
  else names.delete(name)
  return true
}
