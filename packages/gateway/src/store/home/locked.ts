import { type Party, partyId, type RecordDraft } from '@sallyport/evidence/record'
import type { Change } from '../store.ts'

/** Who is locked, as the writer knows it: the last look before an intent, in the order of the log. */
export type Locked = {
  /** Whether the record authorises a call of which a party is locked. */
  readonly refuses: (record: RecordDraft) => boolean
  /** After the change was applied. When its transaction fails, another one has to be opened. */
  readonly note: (change: Change) => void
}

export function openLocked(principals: Iterable<string>): Locked {
  const locked = new Set(principals)
  const isLocked = (party: Party) => locked.has(partyId(party))
  return {
    refuses: (record) => {
      if (locked.size === 0 || record.type !== 'call.authorized') return false
      const { caller, obo = [] } = record
      return (caller !== undefined && isLocked(caller)) || obo.some(isLocked)
    },
    note: (change) => {
      if (change.kind === 'principal.lock') locked.add(change.lock.principal)
      if (change.kind === 'principal.unlock') locked.delete(change.principal)
    },
  }
}
