import { payloadRolesOf } from '../parse-leaf.ts'
import type { LeafRecord, PayloadRole } from '../record.ts'
import { timeOf } from './dates.ts'
import type { Scene, SeenLeaf } from './watch.ts'
import { keptMax, openWritten } from './written.ts'

export type Expiry = {
  /** A record with payloads, and the class under which its rulebook has them kept; undefined: not known. */
  readonly note: (leaf: SeenLeaf, retention: string | undefined) => void
  /** Whether what expired had been kept as long as its class says. */
  readonly check: (index: number, record: Expired) => void
  /** Of the payloads that the record commits to, those that are not gone; undefined where it was not noted. */
  readonly rolesOf: (record: number) => readonly PayloadRole[] | undefined
  /** These are gone from here on. */
  readonly gone: (record: number, roles: readonly PayloadRole[]) => void
}
type Expired = Extract<LeafRecord, { type: 'payload.expired' }>

/**
 * Payloads may expire when the time of their class is over: by the dates of both records, and by the class of
 * the function in the rulebook that was cited. Otherwise one person could destroy what they liked and call
 * it expired. For how long a class is kept is a gateway's own, between an hour and a century.
 */
export function watchExpiry({ report }: Scene): Expiry {
  const written = openWritten()
  const classes = new Map<string, number>()
  const periods = new Map<string, number>()
  const idOf = (name: string) => {
    const id = classes.get(name) ?? classes.size + 1
    // A gateway has 33 at most.
    if (id > keptMax) return unknown
    classes.set(name, id)
    return id
  }
  const isEarly = (record: number, { period, time }: Expired) => {
    const began = written.of(record).time
    const expired = timeOf(time)
    return began !== undefined && expired !== undefined && expired - began < period
  }
  const isOfOtherClass = (record: number, name: string) => {
    const { kept } = written.of(record)
    return kept !== unknown && kept !== idOf(name)
  }
  return {
    note: ({ index, record }, retention) => {
      const kept = retention === undefined ? unknown : idOf(retention)
      const roles = payloadRolesOf(record)
      written.note(index, { time: timeOf(record.time), kept, roles })
    },
    check: (index, record) => {
      const early = record.records.filter((one) => isEarly(one, record))
      const other = record.records.filter((one) => isOfOtherClass(one, record.class))
      const at = { record: index }
      if (early.length > 0) report.find('expiry-early', { ...at, detail: detailOf(early) })
      if (other.length > 0) report.find('expiry-class', { ...at, detail: detailOf(other) })
      const { period } = record
      if (period < leastMs || period > mostMs) report.find('expiry-period', at)
      const before = periods.get(record.class) ?? period
      if (before !== period) report.find('retention-changed', at)
      periods.set(record.class, period)
    },
    rolesOf: (record) => {
      const { time, roles } = written.of(record)
      return time === undefined && roles.length === 0 ? undefined : roles
    },
    gone: written.gone,
  }
}

const unknown = 0

/** No gateway is configured with less: nobody could look at what it keeps. */
const leastMs = 3_600_000
/** A century. */
const mostMs = 3_155_760_000_000

function detailOf(records: readonly number[]): string {
  const more = records.length > 1 ? ` and ${records.length - 1} more` : ''
  return `record ${records[0]}${more}`
}
