import type { LeafRecord } from '../record.ts'
import { timeOf, toleranceMs } from './dates.ts'
import { isSamePerson } from './people.ts'
import { isShortened } from './shortened.ts'
import type { Place } from './verdict.ts'
import type { Scene } from './watch.ts'

type Of<Type extends LeafRecord['type']> = Extract<LeafRecord, { type: Type }>
type TimedRecord = Extract<LeafRecord, { readonly timed: string }>
type Terms = Of<'timed.asked'> | Of<'timed.given'>

export type Timed = {
  readonly see: (at: Place, record: TimedRecord) => void
  /** Whether it was given to this party for this function at this moment. */
  readonly isGiven: (
    id: string,
    of: { readonly party: string; readonly fn: string; readonly time: number },
  ) => 'given' | 'revoked' | 'no'
}

/** Access for a while: somebody asks, others agree, to no more than was asked; it ends by itself. */
export function openTimed({ report, isWhole }: Scene): Timed {
  const all = new Map<
    string,
    { readonly asked?: Of<'timed.asked'>; state: string; terms?: Terms }
  >()
  const settle = (at: Place, record: Of<'timed.given'>) => {
    const known = all.get(record.timed)
    const asked = known?.asked
    if (asked && isWider(record, asked)) report.find('timed-changed', at)
    const own = [record.party, ...(asked ? [asked.by] : [])]
    if (record.by.some((by) => own.some((one) => isSamePerson(one, by))))
      report.find('timed-own', at)
    if (record.by.length === 0) report.find('review-by-one', at)
    const length = (timeOf(record.endsAt) ?? never) - (timeOf(record.from) ?? 0)
    if (length > longestMs + toleranceMs) report.find('timed-too-long', at)
  }
  return {
    see: (at, record) => {
      report.examined('reviews')
      const known = all.get(record.timed)
      if (record.type === 'timed.asked') {
        if (known) report.find('timed-unknown', at)
        all.set(record.timed, { asked: record, state: 'asked' })
        return
      }
      const isOpen = known?.state === 'asked'
      // What was only asked for is taken back in the same way.
      const isTaken = record.type === 'timed.revoked' && known?.state === 'given'
      if (known ? !isOpen && !isTaken : isWhole) report.find('timed-unknown', at)
      if (record.type === 'timed.agreed') {
        const parties = known?.asked ? [known.asked.party, known.asked.by] : []
        if (parties.some((one) => isSamePerson(one, record.by))) report.find('timed-own', at)
        return
      }
      if (record.type === 'timed.given') settle(at, record)
      const terms = record.type === 'timed.given' ? { terms: record } : {}
      all.set(record.timed, { ...known, ...terms, state: record.type.slice('timed.'.length) })
    },
    isGiven: (id, { party, fn, time }) => {
      const known = all.get(id)
      if (known?.state === 'revoked') return 'revoked'
      const { terms } = known ?? {}
      if (!terms) return isWhole ? 'no' : 'given'
      const isDuring =
        time >= (timeOf(terms.from) ?? never) - toleranceMs &&
        time < (timeOf(terms.endsAt) ?? 0) + toleranceMs
      const isFor =
        terms.party === party &&
        (terms.functions.includes(fn) || isShortened(terms, terms.functions))
      return isDuring && isFor ? 'given' : 'no'
    },
  }
}

/** Ids of policies are chosen by people, and none begins so; see the gateway's model/timed-grant.ts. */
export const timedHead = 'timed-'

const never = Number.MAX_SAFE_INTEGER
const longestMs = 30 * 86_400_000

function isWider(given: Of<'timed.given'>, asked: Of<'timed.asked'>): boolean {
  if (given.party !== asked.party) return true
  // What is missing can be at the end of the longer list alone.
  const isAsked = isShortened(asked, asked.functions)
  if (!isAsked && given.functions.some((fn) => !asked.functions.includes(fn))) return true
  const isGiven = isShortened(given, given.when)
  if (!isGiven && asked.when.some((one) => !given.when.includes(one))) return true
  return (timeOf(given.endsAt) ?? never) > (timeOf(asked.endsAt) ?? 0)
}
