import { type Party, partyId } from '../record.ts'
import type { Scene, Watch } from './watch.ts'

/**
 * No call is authorised of which the subject or an actor is locked: a lock and an intent are settled in the
 * order of the log, so there is no time in which one could be missed. Nobody who is locked locks or unlocks.
 */
export function watchLocks({ report, manifest }: Scene): Watch {
  const locked = new Set<string>()
  const isLocked = (party: Party) => locked.has(partyId(party))
  return {
    see: ({ index, record }) => {
      // Of a session the unlocking may not be shown.
      if (manifest?.scope === 'session') return
      const isOfLocks = record.type === 'principal.locked' || record.type === 'principal.unlocked'
      if (isOfLocks && locked.has(record.by)) report.find('lock-by-locked', { record: index })
      if (record.type === 'principal.locked') {
        if (locked.size < lockedMax) locked.add(record.principal)
        else report.partly('pairing', 'more principals are locked than are remembered')
      } else if (record.type === 'principal.unlocked') locked.delete(record.principal)
      else if (record.type === 'call.authorized' && locked.size > 0) {
        const { caller, obo = [] } = record
        const isCalled = (caller && isLocked(caller)) || obo.some(isLocked)
        if (isCalled) report.find('locked-principal-called', { record: index })
      }
    },
  }
}

/** Far more than people and machines that are kept out one by one. */
const lockedMax = 100_000
