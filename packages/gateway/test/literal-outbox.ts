import type { Notice } from '../src/model/notice.ts'
import type { NoticeTaken, Outbox } from '../src/store/store.ts'

export type LiteralOutbox = Outbox & {
  readonly write: (notices: readonly Notice[]) => void
  /** Not sent yet, and not given up. */
  readonly waiting: () => readonly string[]
  readonly givenUp: () => readonly string[]
  /** While set, nothing can be asked of it. */
  broken: boolean
}

type Row = Notice & { dueAt: number; attempts: number; state: 'waiting' | 'sent' | 'given-up' }

/** The store's promises about notices in as few lines as they can be kept, for two senders in one process. */
export function literalOutbox(): LiteralOutbox {
  const rows = new Map<string, Row>()
  const references: { channel: string; about: string; reference: string }[] = []
  const inState = (state: Row['state']) =>
    [...rows.values()].filter((row) => row.state === state).map(({ id }) => id)
  const outbox: LiteralOutbox = {
    broken: false,
    write: (notices) => {
      for (const one of notices) {
        if (!rows.has(one.id))
          rows.set(one.id, { ...one, dueAt: one.at, attempts: 0, state: 'waiting' })
      }
    },
    waiting: () => inState('waiting'),
    givenUp: () => inState('given-up'),
    takeNotices: async ({ now, leaseMs, limit }) => {
      if (outbox.broken) throw new Error('the store is away')
      const due = [...rows.values()]
        .filter(({ state, dueAt }) => state === 'waiting' && dueAt <= now)
        .sort((one, other) => one.dueAt - other.dueAt)
        .slice(0, limit)
      return due.map((row): NoticeTaken => {
        row.dueAt = now + leaseMs
        row.attempts++
        const { dueAt: _, state: __, ...taken } = row
        return taken
      })
    },
    settleNotice: async ({ id, attempts, outcome, reference }) => {
      if (outbox.broken) throw new Error('the store is away')
      const row = rows.get(id)
      if (row?.state !== 'waiting' || row.attempts !== attempts) return
      if (typeof outcome === 'object') row.dueAt = outcome.retryAt
      else row.state = outcome
      if (reference !== undefined) {
        references.push({ channel: row.channel, about: row.about, reference })
      }
    },
    forgetNotices: async ({ settledBefore, limit }) => {
      for (const { id, state, dueAt } of [...rows.values()].slice(0, limit)) {
        if (state !== 'waiting' && dueAt < settledBefore) rows.delete(id)
      }
    },
    noticeReference: async (channel, about) =>
      references.findLast((one) => one.channel === channel && one.about === about)?.reference,
    noticeCounts: async () => ({
      waiting: inState('waiting').length,
      givenUp: inState('given-up').length,
    }),
  }
  return outbox
}
