import { partyId, type RecordDraft } from '@sallyport/evidence/record'

/** What the leaves of one flush add to one session. */
export type SessionActivity = {
  readonly id: string
  /** Undefined where none of them was the head of a call; it is known from an earlier one then. */
  readonly caller: string | undefined
  readonly onBehalfOf: string | undefined
  readonly calls: number
  readonly firstIndex: number
  readonly lastIndex: number
  readonly startedMs: number
  readonly lastMs: number
  /** What calls of it bring into it; each once. */
  readonly labels: readonly string[]
}

/**
 * Gathers what leaves add to their sessions, so that a flush writes each session once, and listing
 * sessions does not read the log. A session begins with the head of its first call.
 */
export function gatherSessions(): {
  readonly add: (index: number, record: RecordDraft, timeMs: number) => void
  /** What was added since the last time. */
  readonly take: () => readonly SessionActivity[]
} {
  const active = new Map<
    string,
    { -readonly [Key in keyof SessionActivity]: SessionActivity[Key] }
  >()
  const label = (activity: { labels: readonly string[] }, brings: readonly string[]) => {
    activity.labels = [...new Set([...activity.labels, ...brings])]
  }
  return {
    add: (index, record, timeMs) => {
      const id = 'session' in record ? record.session : undefined
      if (id === undefined) return
      const activity = active.get(id) ?? {
        ...{ id, caller: undefined, onBehalfOf: undefined, calls: 0 },
        ...{ firstIndex: index, lastIndex: index, startedMs: timeMs, lastMs: timeMs },
        labels: [],
      }
      active.set(id, activity)
      activity.lastIndex = index
      activity.lastMs = timeMs
      if (record.type !== 'call.authorized' && record.type !== 'call.denied') return
      activity.calls += 1
      if (record.type === 'call.authorized' && record.brings) label(activity, record.brings)
      activity.caller ??= record.caller && partyId(record.caller)
      const [subject] = record.obo ?? []
      activity.onBehalfOf ??= subject && partyId(subject)
    },
    take: () => {
      const taken = [...active.values()]
      active.clear()
      return taken
    },
  }
}
