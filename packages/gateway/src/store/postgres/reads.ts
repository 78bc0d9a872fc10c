import { limits } from '../../config/limits.ts'
import { saltBytes } from '../../log/seal.ts'
import type { ApiKey } from '../../model/api-key.ts'
import type { Erasure } from '../../model/erasure.ts'
import type { PrincipalLock } from '../../model/principal-lock.ts'
import type { Approvals, BreakGlasses, Clearances, Deferrals, Delegations } from '../approvals.ts'
import { openPayload, payloadId, payloadOf } from '../home/payload-rows.ts'
import type {
  Campaigns,
  DutyMarks,
  FunctionHolds,
  GrantStandings,
  TimedGrants,
} from '../reviews.ts'
import type {
  ApiKeys,
  Erasures,
  Leaf,
  Leaves,
  Outbox,
  Payloads,
  PrincipalLocks,
  RulebookContents,
} from '../store.ts'
import { approvalReads } from './approval-reads.ts'
import type { Row, Run } from './connection.ts'
import { readDue } from './due.ts'
import { lockIsFree } from './instance-lock.ts'
import { outboxOf } from './outbox.ts'
import { bounded, page, rowsMax } from './page.ts'
import { reviewReads } from './review-reads.ts'

/** Every question the store answers, each in bounded work: at most 1000 rows. See store.ts. */
export type Reads = Leaves &
  Payloads &
  Approvals &
  Clearances &
  BreakGlasses &
  Delegations &
  Deferrals &
  GrantStandings &
  TimedGrants &
  FunctionHolds &
  Campaigns &
  DutyMarks &
  Outbox &
  ApiKeys &
  PrincipalLocks &
  RulebookContents &
  Erasures

export function readsOf(
  run: Run,
  { kek, instance }: { readonly kek: Uint8Array; readonly instance: string },
): Reads {
  return {
    ...leafReads(run),
    ...callReads(run, instance),
    ...payloadReads(run, kek),
    ...approvalReads(run, kek),
    ...reviewReads(run),
    ...outboxOf(run),
    ...keyReads(run),
    ...rulebookReads(run),
    ...erasureReads(run),
  }
}

/** Also what is asked before the store is open. */
export function leafReads(
  run: Run,
): Pick<Leaves, 'size' | 'leaves' | 'leavesOfCall' | 'leavesOfSession'> {
  return {
    size: async () => Number((await run('SELECT size FROM head', [])).rows[0]?.size),
    leaves: async (start, limit) =>
      leaves(
        await run('SELECT "index", bytes FROM leaf WHERE "index" >= $1 ORDER BY "index" LIMIT $2', [
          start,
          bounded(limit),
        ]),
      ),
    leavesOfCall: async (callId) =>
      leaves(
        await run('SELECT "index", bytes FROM leaf WHERE call = $1 ORDER BY "index" LIMIT $2', [
          callId,
          rowsMax,
        ]),
      ),
    leavesOfSession: async (session, start, limit) =>
      leaves(
        await run(
          'SELECT "index", bytes FROM leaf WHERE session = $1 AND "index" >= $2 ORDER BY "index" LIMIT $3',
          [session, start, bounded(limit)],
        ),
      ),
  }
}

function callReads(
  run: Run,
  instance: string,
): Pick<Leaves, 'callHeads' | 'sessions' | 'sessionLabels' | 'callsWithoutEnding'> {
  return {
    callHeads: async ({ functionId, session, caller, before, limit }) => {
      const values: unknown[] = [below(before), bounded(limit)]
      const filters = Object.entries({ function: functionId, session, caller }).flatMap(
        ([column, value]) =>
          value === undefined ? [] : [` AND ${column} = $${values.push(value)}`],
      )
      const text = `SELECT "index", bytes FROM leaf
        WHERE "index" < $1 AND type IN ('call.authorized', 'call.denied')${filters.join('')}
        ORDER BY "index" DESC LIMIT $2`
      return leaves(await run(text, values))
    },
    sessions: async ({ before, limit }) => {
      const { rows } = await run(
        `SELECT *, ARRAY(SELECT label FROM session_label WHERE session = id ORDER BY label) AS labels
          FROM session WHERE last_index < $1 ORDER BY last_index DESC LIMIT $2`,
        [below(before), bounded(limit)],
      )
      return rows.map((row) => ({
        id: row.id,
        caller: row.caller,
        onBehalfOf: row.on_behalf_of ?? undefined,
        calls: row.calls,
        labels: row.labels,
        firstIndex: row.first_index,
        lastIndex: row.last_index,
        startedAt: row.started_ms,
        lastAt: row.last_ms,
      }))
    },
    sessionLabels: async (session) => {
      const text = 'SELECT label FROM session_label WHERE session = $1 ORDER BY label'
      const { rows } = await run(text, [session])
      return rows.map(({ label }) => label)
    },
    callsWithoutEnding: async (olderThan) =>
      leaves(
        await run(
          `SELECT "index", bytes FROM open_call JOIN leaf ON "index" = intent
            WHERE open_call.time_ms < $1 AND instance = ANY (
              SELECT name FROM instance WHERE name = $2 OR (
                seen_at < clock_timestamp() - make_interval(secs => $3) AND ${lockIsFree}))
            ORDER BY intent LIMIT ${rowsMax}`,
          [olderThan, instance, limits.instanceGoneMs / 1000],
        ),
      ),
  }
}

function payloadReads(run: Run, kek: Uint8Array): Payloads {
  const saltedPayload: Payloads['saltedPayload'] = async (index, role) => {
    const { rows } = await run(
      `SELECT bytes, nonce, position, secret, box FROM payload JOIN leaf ON "index" = $1 WHERE id = $2`,
      [index, payloadId(index, role)],
    )
    const [row] = rows
    if (!row) return undefined
    const { bytes: leaf, nonce, position, secret, box } = row
    return openPayload(kek, { index, role }, { leaf, nonce, position, secret, box })
  }
  return {
    saltedPayload,
    payload: async (index, role) => (await saltedPayload(index, role))?.subarray(saltBytes),
    payloadGone: async (index, role) => {
      const { rows } = await run('SELECT cause, record FROM payload_gone WHERE id = $1', [
        payloadId(index, role),
      ])
      const [row] = rows
      return row && { cause: row.cause === 'erased' ? 'erased' : 'expired', record: row.record }
    },
    payloadsDue: readDue(run),
    firstLoss: async (from) => {
      const { rows } = await run(
        `SELECT "index" FROM leaf WHERE "index" >= $1
          AND type IN ('payload.erased', 'payload.expired', 'log.recovered') ORDER BY "index" LIMIT 1`,
        [from],
      )
      return rows[0]?.index
    },
    keptPayloads: async (from, to, limit) => {
      const most = Math.min(Math.max(10, limit), rowsMax)
      const { rows } = await run(
        'SELECT id FROM payload WHERE id >= $1 AND id < $2 ORDER BY id LIMIT $3',
        [from * 4, to * 4, most],
      )
      const found = rows.map(({ id }) => payloadOf(Number(id)))
      if (found.length < most) return found
      // The last record may go on beyond the limit.
      return found.filter(({ index }) => index !== found.at(-1)?.index)
    },
  }
}

function keyReads(run: Run): ApiKeys & PrincipalLocks {
  return {
    apiKeyByHash: async (hash) => {
      const { rows } = await run('SELECT body, revoked_at FROM api_key WHERE hash = $1', [hash])
      return rows[0] && readKey(rows[0])
    },
    apiKeys: async (query) => (await page(run, query, { table: 'api_key' })).rows.map(readKey),
    locks: async ({ before, limit }) => {
      const { rows } = await run(
        'SELECT record, body FROM principal_lock WHERE record < $1 ORDER BY record DESC LIMIT $2',
        [below(before), bounded(limit)],
      )
      return rows.map((row): PrincipalLock => ({ ...JSON.parse(row.body), record: row.record }))
    },
  }
}

function readKey({ body, revoked_at: revokedAt }: Row): ApiKey {
  const issued: ApiKey = JSON.parse(body)
  return revokedAt === null ? issued : { ...issued, revokedAt }
}

function rulebookReads(run: Run): RulebookContents {
  return {
    rulebookContent: async (digest) => {
      const { rows } = await run('SELECT content FROM rulebook WHERE digest = $1', [digest])
      return rows[0]?.content
    },
    rulebookDigests: async () => {
      const { rows } = await run('SELECT digest FROM rulebook', [])
      return rows.map(({ digest }) => digest)
    },
    activations: async (before, limit) =>
      leaves(
        await run(
          `SELECT "index", bytes FROM leaf WHERE type = 'rulebook.activated' AND "index" < $1
            ORDER BY "index" DESC LIMIT $2`,
          [before, bounded(limit)],
        ),
      ),
  }
}

function erasureReads(run: Run): Erasures {
  return {
    erasure: async (id) => {
      const { rows } = await run('SELECT body FROM erasure WHERE id = $1', [id])
      return rows[0] && JSON.parse(rows[0].body)
    },
    erasures: async (query) => {
      const { rows } = await page(run, query, { table: 'erasure' })
      return rows.map((row): Erasure => JSON.parse(row.body))
    },
  }
}

function leaves({ rows }: { readonly rows: readonly Row[] }): readonly Leaf[] {
  return rows.map(({ index, bytes }) => ({ index, bytes }))
}

function below(index: number | undefined): number {
  return index ?? Number.MAX_SAFE_INTEGER
}
