import type { Notice } from '../../model/notice.ts'
import { gatherUses } from '../home/grant-uses.ts'
import { leafColumns, type SealedPayload, type WritableLeaf } from '../home/leaf-draft.ts'
import { payloadId, saltsOf } from '../home/payload-rows.ts'
import { gatherSessions, type SessionActivity } from '../home/session-activity.ts'
import type { Entry } from '../store.ts'
import { bigintArray, bytesArray, integerArray, textArray } from './binary-array.ts'
import type { Run } from './connection.ts'
import { writeUses } from './intent-rows.ts'
import { insertNotices } from './outbox.ts'

/** The rows that the leaves of one flush leave behind, gathered so that each table is written to once. */
export type LeafRows = {
  readonly add: (
    index: number,
    given: {
      readonly entry: Pick<Entry, 'change' | 'retention' | 'notices'>
      readonly leaf: WritableLeaf
      readonly payloads: readonly SealedPayload[]
      readonly nonce: Buffer
    },
  ) => void
  /** Sends everything that was gathered since the last time; nothing waits for anything else. */
  readonly write: (run: Run) => readonly Promise<unknown>[]
}

type LeafRow = ReturnType<typeof leafColumns> & {
  readonly index: number
  readonly text: string
  readonly salts: Uint8Array | null
  readonly retention: string | undefined
}
type PayloadRow = {
  readonly id: number
  readonly nonce: Buffer
  readonly position: number
  readonly secret: Uint8Array
  readonly box: Uint8Array
}

export function gatherRows(instance: string): LeafRows {
  let leaves: LeafRow[] = []
  let payloads: PayloadRow[] = []
  let opened = new Map<number, number>()
  let ended: number[] = []
  let notices: Notice[] = []
  const sessions = gatherSessions()
  const uses = gatherUses()
  return {
    add: (index, { entry, leaf, payloads: sealed, nonce }) => {
      const { record, text, timeMs } = leaf
      const salts = saltsOf(sealed, nonce)
      const { change, retention } = entry
      leaves.push({ ...leafColumns(record, change), index, text, salts, retention })
      for (const { role, position, secret, box } of sealed) {
        if (box) payloads.push({ id: payloadId(index, role), nonce, position, secret, box })
      }
      if (record.type === 'call.authorized') opened.set(index, timeMs)
      if (record.type === 'call.outcome' || record.type === 'reconcile.indeterminate') {
        if (!opened.delete(record.intent)) ended.push(record.intent)
      }
      notices.push(...(entry.notices ?? []))
      sessions.add(index, record, timeMs)
      uses.add(record, timeMs)
    },
    write: (run) => {
      const sent = [
        ...insertLeaves(run, leaves),
        ...insertPayloads(run, payloads),
        ...openCalls(run, instance, opened),
        ...endCalls(run, ended),
        ...insertNotices(run, notices),
        ...writeSessions(run, sessions.take()),
        ...writeUses(run, uses.take()),
      ]
      leaves = []
      payloads = []
      opened = new Map()
      ended = []
      notices = []
      return sent
    },
  }
}

function insertLeaves(run: Run, rows: readonly LeafRow[]): readonly Promise<unknown>[] {
  if (rows.length === 0) return []
  return [
    run(
      `INSERT INTO leaf ("index", type, call, session, function, caller, bytes, salts, retention)
        SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
          $7::bytea[], $8::bytea[], $9::text[])`,
      [
        bigintArray(rows.map(({ index }) => index)),
        textArray(rows.map(({ type }) => type)),
        textArray(rows.map(({ call }) => call)),
        textArray(rows.map(({ session }) => session)),
        textArray(rows.map(({ fn }) => fn)),
        textArray(rows.map(({ caller }) => caller)),
        bytesArray(rows.map(({ text }) => Buffer.from(text))),
        bytesArray(rows.map(({ salts }) => salts)),
        textArray(rows.map(({ retention }) => retention)),
      ],
    ),
  ]
}

function insertPayloads(run: Run, rows: readonly PayloadRow[]): readonly Promise<unknown>[] {
  if (rows.length === 0) return []
  return [
    run(
      `INSERT INTO payload (id, nonce, position, secret, box)
        SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::integer[], $4::bytea[], $5::bytea[])`,
      [
        bigintArray(rows.map(({ id }) => id)),
        bytesArray(rows.map(({ nonce }) => nonce)),
        integerArray(rows.map(({ position }) => position)),
        bytesArray(rows.map(({ secret }) => secret)),
        bytesArray(rows.map(({ box }) => box)),
      ],
    ),
  ]
}

function openCalls(
  run: Run,
  instance: string,
  opened: ReadonlyMap<number, number>,
): readonly Promise<unknown>[] {
  if (opened.size === 0) return []
  return [
    run(
      `INSERT INTO open_call (intent, instance, time_ms)
        SELECT intent, $1, time_ms FROM unnest($2::bigint[], $3::bigint[]) AS one (intent, time_ms)`,
      [instance, bigintArray([...opened.keys()]), bigintArray([...opened.values()])],
    ),
  ]
}

function endCalls(run: Run, ended: readonly number[]): readonly Promise<unknown>[] {
  if (ended.length === 0) return []
  return [run('DELETE FROM open_call WHERE intent = ANY ($1::bigint[])', [bigintArray(ended)])]
}

function writeSessions(run: Run, all: readonly SessionActivity[]): readonly Promise<unknown>[] {
  const begun = all.filter(({ caller }) => caller !== undefined)
  const going = all.filter(({ caller }) => caller === undefined)
  const labels = all.flatMap(({ id, labels }) => labels.map((label) => ({ id, label })))
  return [
    ...(labels.length === 0
      ? []
      : [
          run(
            `INSERT INTO session_label (session, label) SELECT * FROM unnest($1::text[], $2::text[])
              ON CONFLICT DO NOTHING`,
            [textArray(labels.map(({ id }) => id)), textArray(labels.map(({ label }) => label))],
          ),
        ]),
    ...(begun.length === 0
      ? []
      : [
          run(
            `INSERT INTO session (id, caller, on_behalf_of, calls, first_index, last_index, started_ms, last_ms)
              SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[],
                $7::bigint[], $8::bigint[])
              ON CONFLICT (id) DO UPDATE SET calls = session.calls + excluded.calls,
                last_index = excluded.last_index, last_ms = greatest(session.last_ms, excluded.last_ms)`,
            [
              textArray(begun.map(({ id }) => id)),
              textArray(begun.map(({ caller }) => caller)),
              textArray(begun.map(({ onBehalfOf }) => onBehalfOf)),
              bigintArray(begun.map(({ calls }) => calls)),
              bigintArray(begun.map(({ firstIndex }) => firstIndex)),
              bigintArray(begun.map(({ lastIndex }) => lastIndex)),
              bigintArray(begun.map(({ startedMs }) => startedMs)),
              bigintArray(begun.map(({ lastMs }) => lastMs)),
            ],
          ),
        ]),
    ...(going.length === 0
      ? []
      : [
          run(
            `UPDATE session SET last_index = one.last_index, last_ms = greatest(session.last_ms, one.last_ms)
              FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS one (id, last_index, last_ms)
              WHERE session.id = one.id`,
            [
              textArray(going.map(({ id }) => id)),
              bigintArray(going.map(({ lastIndex }) => lastIndex)),
              bigintArray(going.map(({ lastMs }) => lastMs)),
            ],
          ),
        ]),
  ]
}
