import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { saltBytes } from '../../log/seal.ts'
import type { ApiKey } from '../../model/api-key.ts'
import type { PayloadRole } from '../../model/payload.ts'
import type { PrincipalLock } from '../../model/principal-lock.ts'
import type { Recovered } from '../home/beginning.ts'
import { openPayload, payloadId } from '../home/payload-rows.ts'
import type { CallQuery, Leaf, SessionSummary } from '../store.ts'
import { type ApprovalReads, approvalReads } from './approval-reads.ts'
import { type CustodyReads, custodyReads } from './custody.ts'
import { type OutboxReads, outboxReads } from './outbox.ts'
import { type ReviewReads, reviewReads } from './review-reads.ts'

/** Every question the store answers, each in bounded work: at most 1000 rows. See store.ts. */
export type Reads = CustodyReads &
  ApprovalReads &
  ReviewReads &
  OutboxReads & {
    readonly size: () => number
    readonly leaves: (start: number, limit: number) => readonly Leaf[]
    readonly leavesOfCall: (callId: string) => readonly Leaf[]
    readonly leavesOfSession: (session: string, start: number, limit: number) => readonly Leaf[]
    readonly callHeads: (query: CallQuery) => readonly Leaf[]
    readonly sessions: (query: SessionQuery) => readonly SessionSummary[]
    readonly sessionLabels: (session: string) => readonly string[]
    readonly callsWithoutEnding: (olderThan: number) => readonly Leaf[]
    readonly payload: (index: number, role: PayloadRole) => Uint8Array | undefined
    readonly saltedPayload: (index: number, role: PayloadRole) => Uint8Array | undefined
    readonly apiKeyByHash: (hash: string) => ApiKey | undefined
    readonly apiKeys: (query: Page) => readonly ApiKey[]
    readonly locks: (query: SessionQuery) => readonly PrincipalLock[]
    readonly rulebookContent: (digest: string) => string | undefined
    readonly rulebookDigests: () => readonly string[]
    readonly activations: (before: number, limit: number) => readonly Leaf[]
    /** What the next start has to record of a rebuilt database (rebuild.ts). */
    readonly recovered: () => Recovered | undefined
    /** Where each instance's chain stands, by its own account. */
    readonly chains: () => readonly ChainPlace[]
  }

export type ChainPlace = {
  readonly instance: string
  readonly boot: string
  readonly seq: number
  readonly hash: string
}
type SessionQuery = { readonly before?: number; readonly limit: number }
type Page = { readonly before?: string; readonly limit: number }

const rowsMax = 1000

/** Prepares the questions on one connection. They throw when the database cannot be read. */
export function prepareReads(db: DatabaseSync, kek: Uint8Array): Reads {
  return {
    ...leafReads(db),
    ...callReads(db),
    ...payloadReads(db, kek),
    ...approvalReads(db, kek),
    ...reviewReads(db),
    ...outboxReads(db),
    ...keyReads(db),
    ...lockReads(db),
    ...rulebookReads(db),
    ...custodyReads(db),
    recovered: prepareRecovered(db),
    ...chainReads(db),
  }
}

export function prepareRecovered(db: DatabaseSync): Reads['recovered'] {
  const row = db.prepare("SELECT value FROM meta WHERE name = 'recovered'")
  return () => {
    const value = row.get()?.value
    return value === undefined ? undefined : JSON.parse(String(value))
  }
}

function chainReads(db: DatabaseSync) {
  const all = db.prepare('SELECT instance, boot, seq, hash FROM chain LIMIT ?')
  return {
    chains: (): ChainPlace[] =>
      all.all(rowsMax).map(({ instance, boot, seq, hash }) => ({
        ...{ instance: String(instance), boot: String(boot) },
        ...{ seq: Number(seq), hash: String(hash) },
      })),
  }
}

function leafReads(db: DatabaseSync) {
  const size = db.prepare('SELECT max("index") AS last FROM leaf')
  const from = db.prepare(
    'SELECT "index", bytes FROM leaf WHERE "index" >= ? ORDER BY "index" LIMIT ?',
  )
  const ofCall = db.prepare(
    'SELECT "index", bytes FROM leaf WHERE call = ? ORDER BY "index" LIMIT ?',
  )
  const ofSession = db.prepare(
    'SELECT "index", bytes FROM leaf WHERE session = ? AND "index" >= ? ORDER BY "index" LIMIT ?',
  )
  return {
    size: (): number => {
      const last = size.get()?.last
      return typeof last === 'number' ? last + 1 : 0
    },
    leaves: (start: number, limit: number): Leaf[] => leaves(from, [start, bounded(limit)]),
    leavesOfCall: (callId: string): Leaf[] => leaves(ofCall, [callId, rowsMax]),
    leavesOfSession: (session: string, start: number, limit: number): Leaf[] =>
      leaves(ofSession, [session, start, bounded(limit)]),
  }
}

function callReads(db: DatabaseSync) {
  const heads = new Map<string, StatementSync>()
  const labels = db.prepare('SELECT label FROM session_label WHERE session = ? ORDER BY label')
  const labelsOf = (session: string) => labels.all(session).map(({ label }) => String(label))
  const sessions = db.prepare(
    'SELECT * FROM session WHERE last_index < ? ORDER BY last_index DESC LIMIT ?',
  )
  const open = db.prepare(
    `SELECT "index", bytes FROM open_call JOIN leaf ON "index" = intent
      WHERE open_call.time_ms < ? ORDER BY intent LIMIT ${rowsMax}`,
  )
  return {
    callHeads: (query: CallQuery): Leaf[] => {
      const { functionId, session, caller } = query
      const filters = Object.entries({ function: functionId, session, caller }).filter(
        (filter): filter is [string, string] => filter[1] !== undefined,
      )
      const where = filters.map(([column]) => ` AND ${column} = ?`).join('')
      const statement =
        heads.get(where) ??
        db.prepare(
          `SELECT "index", bytes FROM leaf WHERE "index" < ? AND type IN ('call.authorized', 'call.denied')${where} ORDER BY "index" DESC LIMIT ?`,
        )
      heads.set(where, statement)
      const values = filters.map(([, value]) => value)
      return leaves(statement, [before(query.before), ...values, bounded(query.limit)])
    },
    sessions: (query: SessionQuery): SessionSummary[] =>
      sessions.all(before(query.before), bounded(query.limit)).map((row) => ({
        id: String(row.id),
        caller: String(row.caller),
        onBehalfOf: row.on_behalf_of === null ? undefined : String(row.on_behalf_of),
        calls: Number(row.calls),
        labels: labelsOf(String(row.id)),
        firstIndex: Number(row.first_index),
        lastIndex: Number(row.last_index),
        startedAt: Number(row.started_ms),
        lastAt: Number(row.last_ms),
      })),
    sessionLabels: (session: string): string[] => labelsOf(session),
    callsWithoutEnding: (olderThan: number): Leaf[] => leaves(open, [olderThan]),
  }
}

function payloadReads(db: DatabaseSync, kek: Uint8Array) {
  const row = db.prepare(
    `SELECT bytes, nonce, position, secret, box FROM payload JOIN leaf ON "index" = ?1
      WHERE id = ?2`,
  )
  const salted = (index: number, role: PayloadRole): Uint8Array | undefined => {
    const found = row.get(index, payloadId(index, role))
    if (!found) return undefined
    return openPayload(
      kek,
      { index, role },
      {
        leaf: blob(found.bytes),
        nonce: blob(found.nonce),
        position: Number(found.position),
        secret: blob(found.secret),
        box: blob(found.box),
      },
    )
  }
  return {
    saltedPayload: salted,
    payload: (index: number, role: PayloadRole): Uint8Array | undefined =>
      salted(index, role)?.subarray(saltBytes),
  }
}

function keyReads(db: DatabaseSync) {
  const keyByHash = db.prepare('SELECT body, revoked_at FROM api_key WHERE hash = ?')
  const keys = db.prepare(
    `SELECT body, revoked_at FROM api_key
      WHERE number < coalesce((SELECT number FROM api_key WHERE id = ?), iif(? IS NULL, 9e15, 0))
      ORDER BY number DESC LIMIT ?`,
  )
  return {
    apiKeyByHash: (hash: string): ApiKey | undefined => readKey(keyByHash.get(hash)),
    apiKeys: (query: Page): ApiKey[] =>
      keys
        .all(query.before ?? null, query.before ?? null, bounded(query.limit))
        .flatMap((row) => readKey(row) ?? []),
  }
}

function lockReads(db: DatabaseSync) {
  const page = db.prepare(
    'SELECT record, body FROM principal_lock WHERE record < ? ORDER BY record DESC LIMIT ?',
  )
  return {
    locks: (query: SessionQuery): PrincipalLock[] =>
      page.all(before(query.before), bounded(query.limit)).map((row) => {
        const lock: Omit<PrincipalLock, 'record'> = JSON.parse(String(row.body))
        return { ...lock, record: Number(row.record) }
      }),
  }
}

function rulebookReads(db: DatabaseSync) {
  const content = db.prepare('SELECT content FROM rulebook WHERE digest = ?')
  const digests = db.prepare('SELECT digest FROM rulebook')
  const activations = db.prepare(
    `SELECT "index", bytes FROM leaf WHERE type = 'rulebook.activated' AND "index" < ?
      ORDER BY "index" DESC LIMIT ?`,
  )
  return {
    rulebookContent: (digest: string): string | undefined => {
      const row = content.get(digest)
      return row && String(row.content)
    },
    rulebookDigests: (): string[] => digests.all().map((row) => String(row.digest)),
    activations: (before: number, limit: number): Leaf[] =>
      leaves(activations, [before, bounded(limit)]),
  }
}

type Row = Readonly<Record<string, unknown>> | undefined

function readKey(row: Row): ApiKey | undefined {
  if (!row) return undefined
  const issued: ApiKey = JSON.parse(String(row.body))
  return row.revoked_at === null ? issued : { ...issued, revokedAt: Number(row.revoked_at) }
}

function leaves(statement: StatementSync, values: readonly (number | string)[]): Leaf[] {
  return statement
    .all(...values)
    .map((row) => ({ index: Number(row.index), bytes: blob(row.bytes) }))
}

function blob(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw new Error('a column of the database is not the blob it should be')
}

function bounded(limit: number): number {
  return Math.min(Math.max(1, Math.trunc(limit)), rowsMax)
}

function before(index: number | undefined): number {
  return index ?? Number.MAX_SAFE_INTEGER
}
