import type { LeafRecord } from '../record.ts'
import { timeOf, toleranceMs } from './dates.ts'
import { isSamePerson } from './people.ts'
import { isShortened } from './shortened.ts'
import type { Scene, SeenLeaf } from './watch.ts'

/** What the log tells of people up to a record: who issued which key, who votes for whom, who is locked. */
export type Electorate = {
  readonly see: (leaf: SeenLeaf) => void
  /** Whether somebody is one of these parties, an issuer of their keys, or an account or agent linked with one. */
  readonly isOwn: (person: string, parties: Iterable<string>, at: Pick<Moment, 'linked'>) => boolean
  /**
   * Whether somebody is one of these parties or of those connected with them: the issuers of their keys, accounts
   * and agents that are linked with them, whoever votes for them or has them vote in their place.
   */
  readonly isInvolved: (
    person: string,
    parties: Iterable<string>,
    at: Pick<Moment, 'time' | 'linked'>,
  ) => boolean
  /** Whether `from` has let `to` vote for them, through this group where one is given. */
  readonly hasDelegated: (
    delegation: { readonly from: string; readonly to: string; readonly group?: string },
    at: Pick<Moment, 'time'>,
  ) => boolean
  /** Whether they were locked for longer than a vote that was under way takes. */
  readonly isLocked: (person: string, at: Pick<Moment, 'time' | 'accounts'>) => boolean
}

/**
 * When (Unix milliseconds), and which ids the rulebook of that time says are one person: with their agents, and
 * without.
 */
export type Moment = {
  readonly time: number
  readonly linked: Linked
  readonly accounts: Linked
}
export type Linked = readonly (readonly string[])[]

/**
 * Delegations are one step: nobody is their own delegate or makes themselves one, nobody has two at a time, and
 * only what was made is ended.
 */
export function openElectorate({ report, isWhole }: Scene): Electorate {
  const keys = new Map<string, string>()
  const delegations = new Map<string, Delegation>()
  const locked = new Map<string, number>()

  const make = (index: number, record: Of<'delegation.made'>) => {
    report.examined('approvals')
    const { from, to, by } = record
    const made = timeOf(record.time) ?? 0
    const isOwn = [from, by].some((one) => isSamePerson(one, to))
    if (isOwn) report.find('delegation-own', { record: index })
    const isSecond = [...delegations.values()].some(
      (one) => one.from === from && made < one.end - toleranceMs,
    )
    if (isSecond || delegations.has(record.delegation)) {
      report.find('delegation-repeated', { record: index })
    }
    const end = timeOf(record.until) ?? Number.NEGATIVE_INFINITY
    const { groups } = record
    keep(delegations, record.delegation, {
      ...{ from, to, groups, made, end },
      isCut: isShortened(record, groups),
      isEnded: false,
    })
  }
  const end = (index: number, record: Of<'delegation.ended'>) => {
    const time = timeOf(record.time) ?? 0
    const known = delegations.get(record.delegation)
    const isOver = known ? known.isEnded || time >= known.end + toleranceMs : isWhole
    if (isOver) report.find('delegation-unknown', { record: index })
    if (!known) return
    known.isEnded = true
    known.end = Math.min(known.end, time)
  }

  /** With the issuers of their keys, and all that is linked with them. */
  const ownOf = (parties: Iterable<string>, linked: Linked): ReadonlySet<string> => {
    const issuers = [...parties].flatMap((party) => keys.get(party) ?? [])
    return withLinked([...parties, ...issuers], linked)
  }

  return {
    see: ({ index, record }) => {
      if (record.type === 'key.issued') keep(keys, `key:${record.key}`, record.by)
      else if (record.type === 'principal.locked') {
        keep(locked, record.principal, timeOf(record.time) ?? 0)
      } else if (record.type === 'principal.unlocked') locked.delete(record.principal)
      else if (record.type === 'delegation.made') make(index, record)
      else if (record.type === 'delegation.ended') end(index, record)
    },
    isOwn: (person, parties, { linked }) => isAmong(person, ownOf(parties, linked)),
    isInvolved: (person, parties, { time, linked }) => {
      const own = ownOf(parties, linked)
      const involved = new Set(own)
      for (const { from, to, made, end } of delegations.values()) {
        // One that ends at this very moment may have ended.
        if (made > time || time >= end - toleranceMs) continue
        if (isAmong(from, own)) involved.add(to)
        if (isAmong(to, own)) involved.add(from)
      }
      return isAmong(person, withLinked(involved, linked))
    },
    hasDelegated: ({ from, to, group }, { time }) =>
      [...delegations.values()].some((one) => {
        const isOf = group === undefined || one.isCut || one.groups.includes(group)
        return one.from === from && one.to === to && isOf && time < one.end + toleranceMs
      }),
    isLocked: (person, { time, accounts }) =>
      [...withLinked([person], accounts)].some((one) => {
        const since = locked.get(one)
        return since !== undefined && since < time - toleranceMs
      }),
  }
}

/** Whether two ids are one person, by their names or by what the rulebook links. */
export function isOnePerson(one: string, other: string, linked: Linked): boolean {
  return isSamePerson(one, other) || isAmong(other, withLinked([one], linked))
}

type Of<Type extends LeafRecord['type']> = Extract<LeafRecord, { type: Type }>

/** Unix milliseconds. */
type Delegation = {
  readonly from: string
  readonly to: string
  readonly groups: readonly string[]
  /** Not all groups fitted into the record. */
  readonly isCut: boolean
  readonly made: number
  end: number
  /** Before its time, by somebody. */
  isEnded: boolean
}

/** Far more keys, locks and delegations than there are; the oldest makes room. */
const keptMax = 100_000

function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > keptMax && oldest !== undefined) map.delete(oldest)
}

function withLinked(ids: Iterable<string>, linked: Linked): ReadonlySet<string> {
  const all = new Set(ids)
  const left = new Set(linked)
  for (let grew = true; grew; ) {
    grew = false
    for (const person of left) {
      if (!person.some((id) => isAmong(id, all))) continue
      for (const id of person) all.add(id)
      left.delete(person)
      grew = true
    }
  }
  return all
}

function isAmong(person: string, parties: ReadonlySet<string>): boolean {
  if (parties.has(person)) return true
  for (const party of parties) if (isSamePerson(person, party)) return true
  return false
}
