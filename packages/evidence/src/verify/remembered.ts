import type { LeafRecord } from '../record.ts'
import type { Scene, SeenLeaf } from './watch.ts'

export type Parties = Extract<LeafRecord, { type: 'session.opened' }>['parties']
export type Intent = Extract<LeafRecord, { type: 'call.authorized' }>

/** What several checks need of earlier records: the calls that are open, and who the sessions are. */
export type Remembered = {
  readonly intent: (call: string) => Intent | undefined
  /**
   * Subject first, then who acts for them. What was known last comes first, followed by what was known
   * before: a call may have been decided while its session was being written again. Empty where the
   * session is not known.
   */
  readonly parties: (session: string) => readonly Parties[]
  /** False once sessions had to be forgotten: then an unknown one is no finding. */
  readonly knowsEverySession: () => boolean
  /** Before the checks see a record. */
  readonly note: (leaf: SeenLeaf) => void
  /** After they have. */
  readonly forget: (leaf: SeenLeaf) => void
}

/** More sessions than are open at a time; the longest unused makes room. */
const sessionsMax = 100_000
const versionsMax = 3

export function remember({ isWhole }: Scene): Remembered {
  const intents = new Map<string, Intent>()
  const sessions = new Map<string, readonly Parties[]>()
  let knowsAll = isWhole
  return {
    intent: (call) => intents.get(call),
    parties: (session) => {
      const parties = sessions.get(session)
      if (!parties) return []
      // In the order of use only once there are many: until then none has to go.
      if (sessions.size > sessionsMax / 2) {
        sessions.delete(session)
        sessions.set(session, parties)
      }
      return parties
    },
    knowsEverySession: () => knowsAll,
    note: ({ record }) => {
      if (record.type === 'call.authorized') intents.set(record.call, record)
      if (record.type !== 'session.opened') return
      const before = sessions.get(record.session) ?? []
      sessions.delete(record.session)
      sessions.set(record.session, [record.parties, ...before].slice(0, versionsMax))
      const [oldest] = sessions.keys()
      if (sessions.size <= sessionsMax || oldest === undefined) return
      sessions.delete(oldest)
      knowsAll = false
    },
    forget: ({ record }) => {
      const isEnding = record.type === 'call.outcome' || record.type === 'reconcile.indeterminate'
      if (isEnding) intents.delete(record.call)
    },
  }
}
