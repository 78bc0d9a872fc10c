import type { RecordDraft } from '@sallyport/evidence/record'
import type { Party, Principal } from '../model/principal.ts'
import type { Ledger } from '../store/store.ts'
import { partyOf, timestamp } from './call-record.ts'

/**
 * Writes down what policy knows of the parties of a session before the first record that names it, and
 * again when that changes: without it nobody could decide the session's calls again. Call `opened` in the
 * same turn as the commit of the record it has to precede. It resolves when nothing is missing before it,
 * and is undefined when that was so already. Of the sessions remembered the longest unused makes room;
 * being written twice does no harm.
 */
export function openSessions(options: {
  readonly ledger: Ledger
  readonly now: () => number
  readonly sessionsMax: number
}): { readonly opened: (principal: Principal) => Promise<unknown> | undefined } {
  const { ledger, now, sessionsMax } = options
  const known = new Map<string, Known>()
  return {
    opened: (principal) => {
      const { session } = principal
      const before = known.get(session)
      known.delete(session)
      if (before?.principal === principal) {
        known.set(session, before)
        return before.writing
      }
      const parties = partiesOf(principal)
      const text = JSON.stringify(parties)
      if (before?.text === text) {
        before.principal = principal
        known.set(session, before)
        return before.writing
      }
      const [oldest] = known.keys()
      if (known.size >= sessionsMax && oldest !== undefined) known.delete(oldest)
      const record: RecordDraft = {
        type: 'session.opened',
        time: timestamp(now()),
        session,
        parties,
      }
      const writing = ledger.commit({ record, payloads: [] })
      known.set(session, { principal, text, writing })
      writing.then(
        () => settle(known, session, writing),
        // It is not in the log, so the next record of this session has to bring it again.
        () => known.get(session)?.writing === writing && known.delete(session),
      )
      return writing
    },
  }
}

type Known = {
  /** Whose parties were looked at last: the same object need not be looked at again. */
  principal: Principal
  /** What was written of its parties. */
  readonly text: string
  /** Undefined once it is durable. */
  writing: Promise<unknown> | undefined
}

function settle(known: Map<string, Known>, session: string, writing: Promise<unknown>): void {
  const now = known.get(session)
  if (now?.writing === writing) now.writing = undefined
}

function partiesOf({ subject, actors }: Principal) {
  return [subject, ...actors].map((party: Party) => ({
    ...partyOf(party),
    // No policy can name a group that is not Unicode, and no leaf can hold it.
    groups: party.groups.map((group) => group.toWellFormed()),
    kind: party.kind,
  }))
}
