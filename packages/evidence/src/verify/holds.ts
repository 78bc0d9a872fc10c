import type { LeafRecord } from '../record.ts'
import type { Content } from './content.ts'
import { isPerson } from './people.ts'
import type { Place } from './verdict.ts'
import type { Scene } from './watch.ts'

type Of<Type extends LeafRecord['type']> = Extract<LeafRecord, { type: Type }>

export type Holds = {
  /** `contents`: rulebooks that may have been in force then. */
  readonly see: (
    at: Place,
    record: Of<'function.quarantined'> | Of<'function.accepted'>,
    contents: readonly Content[],
  ) => void
  readonly isHeld: (fn: string) => boolean
}

/**
 * A function is quarantined until what was found of it is accepted, or is again what was registered; a quarantine
 * and an intent are settled in the order of the log.
 */
export function openHolds({ report, isWhole }: Scene): Holds {
  const held = new Map<string, Of<'function.quarantined'>>()
  return {
    see: (at, record, contents) => {
      report.examined('reviews')
      if (record.type === 'function.quarantined') {
        held.set(record.fn, record)
        return
      }
      const hold = held.get(record.fn)
      const isOther = hold && record.found !== hold.found && record.found !== hold.registered
      if (hold ? isOther : isWhole) report.find('function-not-held', at)
      // The gateway accepts nothing by itself: a rulebook registers what was found.
      const isByItself = !isPerson(record.by) && contents.length > 0
      const isRegistered = contents.some(({ functions }) => {
        const source = functions.get(record.fn)?.source
        // One that nobody had registered ends as well when it is described no longer.
        const isUnfollowed = source === '' || !functions.has(record.fn)
        return source === record.found || (isUnfollowed && hold?.why === 'new')
      })
      if (isByItself && !isRegistered && isWhole) report.find('function-not-registered', at)
      held.delete(record.fn)
    },
    isHeld: (fn) => held.has(fn),
  }
}
