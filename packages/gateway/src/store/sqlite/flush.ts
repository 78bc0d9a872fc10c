import { hash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { leafText } from '@sallyport/evidence/leaf'
import {
  type BootEnd,
  type Commitment,
  chainStart,
  type Emitter,
  type PayloadRole,
  partyId,
  type RecordDraft,
} from '@sallyport/evidence/record'
import { type Sealed, saltBytes, seal, wrap } from '../../log/seal.ts'
import { applyChange, prepareChanges } from './change.ts'
import { isDestruction } from './custody.ts'
import { openLocked } from './locked.ts'
import {
  type Failure,
  type PackedEntry,
  type PackedPayload,
  roleNumbers,
  type WriterOptions,
} from './message.ts'
import { prepareSessions } from './session-summary.ts'

export type Flushed = { readonly first: number; readonly failures: readonly Failure[] }

export type Flush = {
  readonly flush: (entries: readonly PackedEntry[], bytes: ArrayBuffer) => Flushed
  /** Where the log and this boot's chain stand: equal texts, equal places. */
  readonly place: () => string
}

/**
 * One transaction per flush. Each entry gets the next index and the next place in the emitter's
 * chain; one whose change conflicts, or whose record is no leaf, is left out without a trace, and the
 * numbers stay gapless. Throws when the database failed: then nothing of the flush was kept, and since
 * the chain in memory has run ahead of the disk, the caller must open another one, from what is there.
 */
export function openFlush(
  db: DatabaseSync,
  { instance, boot, kek }: Pick<WriterOptions, 'instance' | 'boot' | 'kek'>,
): Flush {
  const rows = prepareRows(db)
  const changes = prepareChanges(db)
  const sessions = prepareSessions(db)
  const locked = openLocked(db)
  const last = db.prepare('SELECT max("index") AS last FROM leaf').get()?.last
  let index = typeof last === 'number' ? last + 1 : 0
  const before = rows.chainOf(instance)
  let emitter: Emitter =
    before?.boot === boot
      ? { boot, instance, prev: before.hash, seq: before.seq + 1 }
      : { boot, instance, prev: chainStart, seq: 0 }
  /** What the first leaf of a boot cites. */
  const after = before?.boot === boot ? undefined : before

  /** Says why the entry was left out, if it was: before anything of it was written. */
  const append = (entry: PackedEntry, payloads: readonly SealedPayload[], nonce: Buffer) => {
    const { change } = entry
    const isStart = entry.record.type === 'emitter.start'
    const record = isStart && after ? { ...entry.record, after } : entry.record
    const leaf = toLeaf(record, emitter, payloads)
    if ('message' in leaf) return leaf
    if (locked.refuses(record)) {
      return { kind: 'conflict', message: 'a party of the call is locked' } as const
    }
    if (change) {
      if (!applyChange(changes, change, index)) {
        return { kind: 'conflict', message: `${change.kind} conflicts` } as const
      }
      locked.note(change)
    }
    rows.leaf(index, { ...entry, record }, { ...leaf, salts: saltsOf(payloads, nonce) })
    for (const payload of payloads) {
      if (payload.box) rows.payload(index, { ...payload, box: payload.box }, nonce)
    }
    sessions.add(index, record, leaf.timeMs)
    index += 1
    const prev = `sha256:${hash('sha256', leaf.text, 'hex')}`
    emitter = { ...emitter, prev, seq: emitter.seq + 1 }
    return undefined
  }

  /** The write-ahead log still holds what was destroyed. A crash here leaves it to SQLite's own recovery. */
  let lingers = false
  const flush = (entries: readonly PackedEntry[], bytes: ArrayBuffer): Flushed => {
    const { payloads, nonce } = sealAll(entries, bytes, kek)
    const failures: Failure[] = []
    const first = index
    db.exec('BEGIN IMMEDIATE')
    try {
      for (const [position, entry] of entries.entries()) {
        const failure = append(entry, payloads[position] ?? [], nonce)
        if (failure) failures.push({ position, ...failure })
      }
      sessions.write()
      if (emitter.seq > 0) rows.chain(emitter)
      // A crash before this line leaves nothing of the flush, one after it leaves all of it.
      db.exec('COMMIT')
    } catch (cause) {
      if (db.isTransaction) db.exec('ROLLBACK')
      throw cause
    }
    lingers ||= entries.some(({ change }) => change && isDestruction(change))
    if (lingers) lingers = !emptyWriteAheadLog(db)
    return { first, failures }
  }
  return { flush, place: () => `${index} ${emitter.seq} ${emitter.prev}` }
}

/** False when somebody is just reading from it; then the next flush tries again. */
function emptyWriteAheadLog(db: DatabaseSync): boolean {
  try {
    return db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.busy === 0
  } catch {
    // The commit stands; only the copy in the write-ahead log is still there.
    return false
  }
}

type WritableLeaf = { readonly text: string; readonly timeMs: number }

function toLeaf(
  record: RecordDraft,
  emitter: Emitter,
  payloads: readonly SealedPayload[],
): WritableLeaf | Omit<Failure, 'position'> {
  const timeMs = Date.parse(record.time)
  if (Number.isNaN(timeMs)) return { kind: 'unrecordable', message: 'its time is not a time' }
  try {
    return { text: leafText(record, emitter, commitmentsOf(payloads)), timeMs }
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown
    return { kind: 'unrecordable', message: thrown.message }
  }
}

type SealedPayload = {
  readonly role: PayloadRole
  readonly commitment: Commitment
  readonly position: number
  readonly secret: Uint8Array
  readonly box: Uint8Array | undefined
}

/** Seals the payloads of a whole flush, with one cipher for all of their secrets. */
function sealAll(entries: readonly PackedEntry[], bytes: ArrayBuffer, kek: Uint8Array) {
  const open = entries.map((entry) =>
    entry.payloads.map((payload) => sealOne(entry, payload, bytes)),
  )
  const wrapped = wrap(
    kek,
    open.flatMap((payloads) => payloads.map(({ sealed }) => sealed.secret)),
  )
  let position = 0
  const payloads = open.map((ofEntry) =>
    ofEntry.map(({ payload, sealed }): SealedPayload => {
      const at = position * saltBytes
      return {
        role: payload.role,
        commitment: {
          alg: 'HMAC-SHA-256',
          c: sealed.commitment.toString('base64url'),
          len: payload.length,
          mt: payload.mediaType,
        },
        position: position++,
        secret: wrapped.secrets.subarray(at, at + saltBytes),
        box: sealed.box,
      }
    }),
  )
  return { payloads, nonce: wrapped.nonce }
}

function sealOne(entry: PackedEntry, payload: PackedPayload, bytes: ArrayBuffer) {
  const { offset, length, role } = payload
  if (payload.held === 'streamed') {
    const secret = new Uint8Array(bytes, offset, saltBytes)
    const commitment = Buffer.from(bytes, offset + saltBytes, 32)
    return { payload, sealed: { commitment, secret, box: undefined } satisfies Sealed }
  }
  const call = 'call' in entry.record ? entry.record.call : ''
  const clear = new Uint8Array(bytes, offset, length)
  return { payload, sealed: seal(clear, { call, role }, payload.held === 'kept') }
}

/** Salts of what is not kept travel in the leaf's own row: a row each would cost more than the leaf. */
function saltsOf(payloads: readonly SealedPayload[], nonce: Buffer): Uint8Array | null {
  const parts: Uint8Array[] = []
  for (const { role, position, secret, box } of payloads) {
    if (box) continue
    const head = Buffer.alloc(5)
    head.writeUInt8(roleNumbers[role], 0)
    head.writeUInt32BE(position, 1)
    parts.push(head, secret)
  }
  return parts.length === 0 ? null : Buffer.concat([nonce, ...parts])
}

function commitmentsOf(payloads: readonly SealedPayload[]) {
  const commitments: Partial<Record<PayloadRole, Commitment>> = {}
  for (const { role, commitment } of payloads) commitments[role] = commitment
  return commitments
}

/** What becomes of a question, or of a payload, belongs to the call that it was about. */
function callOf(change: PackedEntry['change']): string | null {
  if (change?.kind === 'approval.update') return change.approval.callId
  if (change?.kind === 'erasure.request') return change.erasure.callId
  return change?.kind === 'erasure.approve' ? change.callId : null
}

export type Rows = {
  readonly leaf: (
    index: number,
    entry: Omit<PackedEntry, 'payloads'>,
    leaf: WritableLeaf & { readonly salts: Uint8Array | null },
  ) => void
  readonly payload: (
    index: number,
    payload: SealedPayload & { readonly box: Uint8Array },
    nonce: Buffer,
  ) => void
  /** Where the instance's chain stands now: `seq` is the next place. */
  readonly chain: (emitter: Emitter) => void
  readonly chainOf: (instance: string) => BootEnd | undefined
}

/** The rows a leaf leaves behind. */
export function prepareRows(db: DatabaseSync): Rows {
  const leaf = db.prepare(
    'INSERT INTO leaf ("index", type, call, session, function, caller, time_ms, bytes, salts, retention) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const payload = db.prepare(
    'INSERT INTO payload (id, nonce, position, secret, box) VALUES (?, ?, ?, ?, ?)',
  )
  const opened = db.prepare('INSERT INTO open_call (intent, time_ms) VALUES (?, ?)')
  const ended = db.prepare('DELETE FROM open_call WHERE intent = ?')
  const chain = db.prepare(
    'INSERT OR REPLACE INTO chain (instance, boot, seq, hash) VALUES (?, ?, ?, ?)',
  )
  const chainOf = db.prepare('SELECT boot, seq, hash FROM chain WHERE instance = ?')
  const recovered = db.prepare("DELETE FROM meta WHERE name = 'recovered'")
  return {
    chain: ({ instance, boot, seq, prev }: Emitter) => {
      chain.run(instance, boot, seq - 1, prev)
    },
    chainOf: (instance: string): BootEnd | undefined => {
      const row = chainOf.get(instance)
      return row && { boot: String(row.boot), hash: String(row.hash), seq: Number(row.seq) }
    },
    leaf: (
      index: number,
      { record, retention, change }: Omit<PackedEntry, 'payloads'>,
      { text, timeMs, salts }: WritableLeaf & { readonly salts: Uint8Array | null },
    ) => {
      const { type } = record
      const call = 'call' in record ? record.call : callOf(change)
      const session = 'session' in record ? (record.session ?? null) : null
      const head = type === 'call.authorized' || type === 'call.denied' ? record : undefined
      const caller = head?.caller ? partyId(head.caller) : null
      const name = head?.fn?.name ?? null
      const bytes = Buffer.from(text)
      leaf.run(index, type, call, session, name, caller, timeMs, bytes, salts, retention ?? null)
      if (type === 'log.recovered') recovered.run()
      if (type === 'call.authorized') opened.run(index, timeMs)
      if (type === 'call.outcome' || type === 'reconcile.indeterminate') ended.run(record.intent)
    },
    payload: (
      index: number,
      { role, position, secret, box }: SealedPayload & { readonly box: Uint8Array },
      nonce: Buffer,
    ) => {
      payload.run(index * 4 + roleNumbers[role], nonce, position, secret, box)
    },
  }
}
