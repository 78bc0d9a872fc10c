import type { Notice } from '../../model/notice.ts'
import type { NoticeTaken, Outbox } from '../store.ts'
import { bigintArray, textArray } from './binary-array.ts'
import type { Run } from './connection.ts'

/** What has to be told, in the transaction of what it is about; written twice it is one. */
export function insertNotices(run: Run, notices: readonly Notice[]): readonly Promise<unknown>[] {
  if (notices.length === 0) return []
  return [
    run(
      `INSERT INTO notice (id, channel, about, state, due_ms, attempts, body)
        SELECT id, channel, about, 'WAITING', due_ms, 0, body
        FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[])
          AS one (id, channel, about, due_ms, body)
        ON CONFLICT DO NOTHING`,
      [
        textArray(notices.map(({ id }) => id)),
        textArray(notices.map(({ channel }) => channel)),
        textArray(notices.map(({ about }) => about)),
        bigintArray(notices.map(({ at }) => at)),
        textArray(notices.map((notice) => JSON.stringify(notice))),
      ],
    ),
  ]
}

/**
 * Each step is one statement, so a transaction of its own. A crash before an attempt is settled leaves the notice
 * to whoever takes it when the lease is over.
 */
export function outboxOf(run: Run): Outbox {
  return {
    takeNotices: async ({ now, leaseMs, limit }) => {
      const { rows } = await run(
        `UPDATE notice SET attempts = attempts + 1, due_ms = $1
          WHERE number IN (SELECT number FROM notice WHERE state = 'WAITING' AND due_ms <= $2
            ORDER BY due_ms, number LIMIT $3 FOR UPDATE SKIP LOCKED)
          RETURNING number, attempts, body`,
        [now + leaseMs, now, Math.min(Math.max(1, limit), 1000)],
      )
      return rows
        .toSorted((a, b) => a.number - b.number)
        .map(({ attempts, body }): NoticeTaken => ({ ...JSON.parse(body), attempts }))
    },
    settleNotice: async ({ id, attempts, outcome, reference }) => {
      const state = outcome === 'sent' ? 'SENT' : outcome === 'given-up' ? 'GIVEN_UP' : 'WAITING'
      const retryAt = typeof outcome === 'string' ? null : outcome.retryAt
      await run(
        `UPDATE notice SET state = $1, due_ms = coalesce($2, due_ms),
            reference = coalesce($3, reference)
          WHERE id = $4 AND attempts = $5 AND state = 'WAITING'`,
        [state, retryAt, reference ?? null, id, attempts],
      )
    },
    forgetNotices: async ({ settledBefore, limit }) => {
      await run(
        `DELETE FROM notice WHERE number IN (SELECT number
          FROM (SELECT number, due_ms FROM notice WHERE state <> 'WAITING'
            ORDER BY number LIMIT $1) AS oldest
          WHERE due_ms < $2)`,
        [limit, settledBefore],
      )
    },
    noticeReference: async (channel, about) => {
      const { rows } = await run(
        `SELECT reference FROM notice WHERE about = $1 AND channel = $2 AND reference IS NOT NULL
          ORDER BY number DESC LIMIT 1`,
        [about, channel],
      )
      return rows[0]?.reference
    },
    noticeCounts: async () => {
      const { rows } = await run(
        `SELECT (SELECT count(*) FROM notice WHERE state = 'WAITING'
            AND due_ms <= extract(epoch FROM now()) * 1000 + ${laterMs}) AS waiting,
          (SELECT count(*) FROM notice WHERE state = 'GIVEN_UP') AS given_up`,
        [],
      )
      return { waiting: Number(rows[0]?.waiting), givenUp: Number(rows[0]?.given_up) }
    },
  }
}

/** A day: what is to be told later than that waits for its day, and not for us. */
const laterMs = 86_400_000
