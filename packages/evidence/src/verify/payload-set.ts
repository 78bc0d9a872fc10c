import { type PayloadRole, payloadRoles } from '../record.ts'

/** Payloads by record and role. Eight bytes for each record: a log has millions that expired or are disclosed. */
export type PayloadSet = {
  readonly add: (record: number, role: PayloadRole) => void
  readonly has: (record: number, role: PayloadRole) => boolean
  readonly delete: (record: number, role: PayloadRole) => void
  /** Every record with the roles it has, ascending. The set must not be changed meanwhile. */
  readonly entries: () => Iterable<readonly [number, readonly PayloadRole[]]>
  readonly copy: () => PayloadSet
  /** Records it has room for: how much memory it holds, in units of eight bytes. */
  readonly room: () => number
}

/** Records beyond this have no place beside their roles in the 53 bits of a number. */
export const recordsMax: number = 2 ** 48

/**
 * Each entry is a record's index times 16, and a bit for each of its roles. Added in any order, sorted when
 * they are looked for; what is taken out keeps its place until half of the places are empty.
 */
export function openPayloadSet(from: Float64Array = new Float64Array(0)): PayloadSet {
  let entries = from
  let used = from.length
  let empty = 0
  let isSorted = true

  const sort = () => {
    if (isSorted) return
    entries.subarray(0, used).sort()
    const before = used
    used = 0
    for (let at = 0; at < before; at += 1) {
      const entry = entries[at] ?? 0
      const last = used === 0 ? -1 : (entries[used - 1] ?? 0)
      if (recordOf(last) === recordOf(entry)) entries[used - 1] = joined(last, entry)
      else {
        entries[used] = entry
        used += 1
      }
    }
    isSorted = true
  }
  /** Where the record's entry is; undefined when it has none. */
  const find = (record: number): number | undefined => {
    sort()
    let low = 0
    let high = used
    while (low < high) {
      const middle = (low + high) >>> 1
      if (recordOf(entries[middle] ?? 0) < record) low = middle + 1
      else high = middle
    }
    return low < used && recordOf(entries[low] ?? 0) === record ? low : undefined
  }
  const close = () => {
    entries = entries.subarray(0, used).filter((entry) => rolesOf(entry) !== 0)
    used = entries.length
    empty = 0
  }
  const change = (at: number, roles: number) => {
    entries[at] = recordOf(entries[at] ?? 0) * roleBits + roles
    if (roles !== 0) return
    empty += 1
    if (empty > used / 2) close()
  }
  return {
    add: (record, role) => {
      const entry = record * roleBits + bitOf(role)
      const last = used === 0 ? -1 : (entries[used - 1] ?? 0)
      if (isSorted && recordOf(last) === record && rolesOf(last) !== 0) {
        entries[used - 1] = joined(last, entry)
        return
      }
      if (used === entries.length) entries = grown(entries)
      isSorted = isSorted && recordOf(last) < record
      entries[used] = entry
      used += 1
    },
    has: (record, role) => {
      const at = find(record)
      return at !== undefined && (rolesOf(entries[at] ?? 0) & bitOf(role)) !== 0
    },
    delete: (record, role) => {
      const at = find(record)
      if (at === undefined) return
      const roles = rolesOf(entries[at] ?? 0)
      if ((roles & bitOf(role)) !== 0) change(at, roles & ~bitOf(role))
    },
    entries: function* () {
      sort()
      for (let at = 0; at < used; at += 1) {
        const entry = entries[at] ?? 0
        const roles = payloadRoles.filter((role) => (rolesOf(entry) & bitOf(role)) !== 0)
        if (roles.length > 0) yield [recordOf(entry), roles]
      }
    },
    copy: () => {
      sort()
      close()
      return openPayloadSet(entries.slice())
    },
    room: () => entries.length,
  }
}

const roleBits = 16

function recordOf(entry: number): number {
  return Math.floor(entry / roleBits)
}

function rolesOf(entry: number): number {
  return entry < 0 ? 0 : entry % roleBits
}

function bitOf(role: PayloadRole): number {
  return 1 << payloadRoles.indexOf(role)
}

/** Two entries of one record, as one. */
function joined(one: number, other: number): number {
  return recordOf(one) * roleBits + (rolesOf(one) | rolesOf(other))
}

function grown(entries: Float64Array): Float64Array {
  const more = new Float64Array(Math.max(64, entries.length * 2))
  more.set(entries)
  return more
}
