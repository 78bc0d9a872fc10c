import type { DatabaseSync } from 'node:sqlite'
import type { Notice } from '../../model/notice.ts'
import type { OutboxStep } from '../home/message.ts'
import type { NoticeTaken, Outbox } from '../store.ts'

/** Writes what has to be told, in the transaction of what it is about; written twice it is one. */
export function prepareNotices(db: DatabaseSync): (notices: readonly Notice[]) => void {
  const insert = db.prepare(
    `INSERT OR IGNORE INTO notice (id, channel, about, state, due_ms, attempts, body)
      VALUES (?, ?, ?, 'WAITING', ?, 0, ?)`,
  )
  return (notices) => {
    for (const notice of notices) {
      const { id, channel, about, at } = notice
      insert.run(id, channel, about, at, JSON.stringify(notice))
    }
  }
}

/**
 * Each step is one statement, so a transaction of its own. A crash before an attempt is settled leaves the notice
 * to whoever takes it when the lease is over.
 */
export function prepareOutbox(db: DatabaseSync): (step: OutboxStep) => unknown {
  const take = db.prepare(
    `UPDATE notice SET attempts = attempts + 1, due_ms = ?
      WHERE number IN (SELECT number FROM notice WHERE state = 'WAITING' AND due_ms <= ?
        ORDER BY due_ms, number LIMIT ?)
      RETURNING number, attempts, body`,
  )
  const settle = db.prepare(
    `UPDATE notice SET state = ?, due_ms = coalesce(?, due_ms), reference = coalesce(?, reference)
      WHERE id = ? AND attempts = ? AND state = 'WAITING'`,
  )
  // Those that wait are not looked at: one whose day is months away would keep all after it from being forgotten.
  const forget = db.prepare(
    `DELETE FROM notice WHERE number IN (SELECT number
      FROM (SELECT number, due_ms FROM notice WHERE state <> 'WAITING' ORDER BY number LIMIT ?)
      WHERE due_ms < ?)`,
  )
  return (step) => {
    if (step.name === 'forget') {
      forget.run(step.limit, step.settledBefore)
      return undefined
    }
    if (step.name === 'take') {
      const { now, leaseMs, limit } = step
      const rows = take.all(now + leaseMs, now, Math.min(Math.max(1, limit), 1000))
      return rows
        .map(({ number, attempts, body }) => ({ number: Number(number), attempts, body }))
        .sort((a, b) => a.number - b.number)
        .map(({ attempts, body }): NoticeTaken => {
          const notice: Notice = JSON.parse(String(body))
          return { ...notice, attempts: Number(attempts) }
        })
    }
    const { id, attempts, outcome, reference = null } = step
    const state = outcome === 'sent' ? 'SENT' : outcome === 'given-up' ? 'GIVEN_UP' : 'WAITING'
    const retryAt = typeof outcome === 'string' ? null : outcome.retryAt
    settle.run(state, retryAt, reference, id, attempts)
    return undefined
  }
}

export type OutboxReads = {
  readonly noticeReference: (channel: string, about: string) => string | undefined
  readonly noticeCounts: () => Awaited<ReturnType<Outbox['noticeCounts']>>
}

export function outboxReads(db: DatabaseSync): OutboxReads {
  const reference = db.prepare(
    `SELECT reference FROM notice WHERE about = ? AND channel = ? AND reference IS NOT NULL
      ORDER BY number DESC LIMIT 1`,
  )
  const count = db.prepare(
    `SELECT (SELECT count(*) FROM notice WHERE state = 'WAITING'
        AND due_ms <= unixepoch('subsec') * 1000 + ${laterMs}) AS waiting,
      (SELECT count(*) FROM notice WHERE state = 'GIVEN_UP') AS given_up`,
  )
  return {
    noticeReference: (channel, about) => {
      const row = reference.get(about, channel)
      return row && String(row.reference)
    },
    noticeCounts: () => {
      const row = count.get()
      return { waiting: Number(row?.waiting), givenUp: Number(row?.given_up) }
    },
  }
}

/** A day: what is to be told later than that waits for its day, and not for us. */
const laterMs = 86_400_000
