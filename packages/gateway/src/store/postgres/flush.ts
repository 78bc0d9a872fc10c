import { changesOf } from '../home/changes.ts'
import {
  afterLeaf,
  type ChainTip,
  completeLeaf,
  endedBy,
  type SealedPayload,
  sealAll,
} from '../home/leaf-draft.ts'
import { type Locked, openLocked } from '../home/locked.ts'
import type { Failure } from '../home/message.ts'
import type { Entry } from '../store.ts'
import { bigintArray } from './binary-array.ts'
import { applyChange } from './change.ts'
import { clockSkew } from './clock-skew.ts'
import type { Row, Run } from './connection.ts'
import { isDestruction } from './custody.ts'
import { describeFailure, isAboutData } from './failure.ts'
import { gatherRows } from './leaf-rows.ts'
import type { WriterOptions } from './writer-options.ts'

export type Flushed = { readonly first: number; readonly failures: readonly Failure[] }

/** Where this boot's chain stands, and the time of its last leaf (RFC 3339; undefined before its first). */
export type Place = { readonly tip: ChainTip; readonly time: string | undefined }

export type Flush = {
  readonly flush: (entries: readonly Entry[]) => Promise<Flushed>
  readonly place: () => Place
}

/** The chain does not go on from what this process acknowledged: it may never write again. */
export class ChainLost extends Error {
  override readonly name = 'ChainLost'
}

/**
 * One transaction per flush, which holds the lock on the head of the log from its first to its last statement:
 * so the leaves of all instances have gapless indexes, and what a change compares stays true. Each entry gets
 * the next place in the emitter's chain; one whose change conflicts, or whose record is no leaf, is left out
 * without a trace. `flush` rejects when it is not known to be stored; then another one has to be opened, from
 * what is there.
 */
export function openFlush(run: Run, options: WriterOptions, from: Place): Flush {
  let place = from
  let locks: Locks | undefined

  const attempt = async (entries: readonly Entry[], sealed: Sealed, isCareful: boolean) => {
    const begun = await begin(run, { entries, options, tip: place.tip, locks })
    const { size: first } = begun
    const batch = openBatch(run, options, { ...begun, place })
    const failures: Failure[] = []
    for (const [position, entry] of entries.entries()) {
      const payloads = { payloads: sealed.payloads[position] ?? [], nonce: sealed.nonce }
      const failure = await (isCareful
        ? batch.appendCarefully(entry, payloads)
        : batch.append(entry, payloads))
      if (failure) failures.push({ position, ...failure })
    }
    const left = new Set(failures.map(({ position }) => position))
    const lasting = entries.filter((_, position) => !left.has(position))
    const next = await batch.commit(lasting)
    place = next.place
    locks = { ...begun.locks, revision: begun.locks.revision + next.lockChanges }
    return { first, failures }
  }
  return {
    flush: async (entries) => {
      const sealed = sealAll(entries, options.kek)
      try {
        return await attempt(entries, sealed, false)
      } catch (thrown) {
        // What was noted of it is not what is stored.
        locks = undefined
        if (!isAboutData(thrown)) throw thrown
      }
      // One entry that the database does not take must not cost the others.
      await run('ROLLBACK')
      const flushed = await attempt(entries, sealed, true)
      // What an entry changed that was taken back is noted all the same.
      locks = undefined
      return flushed
    },
    place: () => place,
  }
}

type Sealed = ReturnType<typeof sealAll>
type Locks = { readonly revision: number; readonly locked: Locked }
type Begun = {
  readonly size: number
  readonly locks: Locks
  /** Of the intents that these entries end: those that are open. */
  readonly open: Set<number>
}

async function begin(
  run: Run,
  given: {
    readonly entries: readonly Entry[]
    readonly options: WriterOptions
    readonly tip: ChainTip
    readonly locks: Locks | undefined
  },
): Promise<Begun> {
  const { instance } = given.options
  const ended = given.entries.flatMap(({ record }) => endedBy(record) ?? [])
  // Sent at once and answered in order: the first waits for the lock, the others look after it was given.
  const [, head, own, open] = await Promise.all([
    run('BEGIN'),
    run('SELECT size, locks_revision FROM head FOR UPDATE', []),
    run(`SELECT boot, seq, hash, ${databaseMs} FROM instance WHERE name = $1`, [instance]),
    run('SELECT intent FROM open_call WHERE intent = ANY ($1::bigint[])', [bigintArray(ended)]),
  ])
  assertClock(own.rows[0])
  if (!isAt(own.rows[0], given.tip)) {
    throw new ChainLost(`another process writes as the instance "${instance}"`)
  }
  const { size, locks_revision: revision } = head.rows[0] ?? {}
  const locks = given.locks?.revision === revision ? given.locks : undefined
  return {
    size: Number(size),
    locks: locks ?? { revision: Number(revision), locked: await readLocked(run) },
    open: new Set(open.rows.map(({ intent }) => Number(intent))),
  }
}

/** A column: what the database's clock says, Unix milliseconds. */
export const databaseMs = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS database_ms'

/** Throws where the clocks are too far apart; see clock-skew.ts. */
export function assertClock(row: Row | undefined): void {
  const why = row && clockSkew({ databaseMs: row.database_ms, ownMs: Date.now() })
  if (why !== undefined) throw new Error(why)
}

/** A chain that goes on elsewhere is not this process's any more. */
function isAt(row: Row | undefined, { emitter, after }: ChainTip): boolean {
  const { boot, seq, prev } = emitter
  const expected = seq > 0 ? { boot, seq: seq - 1, hash: prev } : after
  return (
    row !== undefined &&
    row.boot === (expected?.boot ?? null) &&
    row.seq === (expected?.seq ?? null) &&
    row.hash === (expected?.hash ?? null)
  )
}

async function readLocked(run: Run): Promise<Locked> {
  const { rows } = await run('SELECT principal FROM principal_lock', [])
  return openLocked(rows.map(({ principal }) => String(principal)))
}

type Payloads = { readonly payloads: readonly SealedPayload[]; readonly nonce: Buffer }
type LeftOut = Omit<Failure, 'position'>

type Batch = {
  /** Says why the entry was left out, if it was: before anything of it was written. */
  readonly append: (entry: Entry, payloads: Payloads) => Promise<LeftOut | undefined>
  /** The same, written at once, so that what the database does not take can be told from the rest. */
  readonly appendCarefully: (entry: Entry, payloads: Payloads) => Promise<LeftOut | undefined>
  /** `lasting`: the entries that were not left out. */
  readonly commit: (
    lasting: readonly Entry[],
  ) => Promise<{ readonly place: Place; readonly lockChanges: number }>
}

function openBatch(
  run: Run,
  { instance, channel, kek }: WriterOptions,
  { size, locks, open, place: before }: Begun & { readonly place: Place },
): Batch {
  const rows = gatherRows(instance)
  let place = before
  let index = size
  let lockChanges = 0

  const append: Batch['append'] = async (entry, { payloads, nonce }) => {
    const { change } = entry
    const leaf = completeLeaf(entry.record, place.tip, payloads)
    if ('message' in leaf) return leaf
    const { record } = leaf
    const ended = endedBy(record)
    if (locks.locked.refuses(record)) return conflict('a party of the call is locked')
    if (ended !== undefined && !open.has(ended)) return conflict('the call is not open')
    if (change) {
      // It may be about a leaf of this very flush.
      if (isDestruction(change)) await Promise.all(rows.write(run))
      if (!(await applyChange(run, change, { index, kek }))) {
        return conflict(`${change.kind} conflicts`)
      }
      locks.locked.note(change)
      if (change.kind === 'principal.lock' || change.kind === 'principal.unlock') lockChanges += 1
    }
    rows.add(index, { entry, leaf, payloads, nonce })
    if (record.type === 'call.authorized') open.add(index)
    if (ended !== undefined) open.delete(ended)
    index += 1
    place = { tip: afterLeaf(place.tip, leaf.text), time: record.time }
    return undefined
  }
  const appendCarefully: Batch['appendCarefully'] = async (entry, payloads) => {
    const was = { place, index, lockChanges }
    await run('SAVEPOINT entry')
    try {
      const failure = await append(entry, payloads)
      await Promise.all(rows.write(run))
      return failure
    } catch (thrown) {
      if (!isAboutData(thrown)) throw thrown
      await run('ROLLBACK TO SAVEPOINT entry')
      if (index > was.index) open.delete(was.index)
      ;({ place, index, lockChanges } = was)
      return { kind: 'unrecordable', message: describeFailure(thrown) }
    }
  }
  const commit: Batch['commit'] = async (lasting) => {
    const { emitter } = place.tip
    await Promise.all([
      ...rows.write(run),
      run('UPDATE head SET size = $1, locks_revision = locks_revision + $2', [index, lockChanges]),
      // A boot without a leaf has no place yet.
      ...(emitter.seq > 0 ? [moveChain(run, instance, place.tip)] : []),
      ...lasting
        .flatMap(({ change }) => (change ? changesOf(change) : []))
        .map((changed) => run('SELECT pg_notify($1, $2)', [channel, JSON.stringify(changed)])),
      // A crash before this line leaves nothing of the flush, one after it leaves all of it.
      run('COMMIT'),
    ])
    return { place, lockChanges }
  }
  return { append, appendCarefully, commit }
}

function moveChain(run: Run, instance: string, { emitter }: ChainTip): Promise<unknown> {
  return run(
    'UPDATE instance SET boot = $2, seq = $3, hash = $4, seen_at = clock_timestamp() WHERE name = $1',
    [instance, emitter.boot, emitter.seq - 1, emitter.prev],
  )
}

function conflict(message: string): LeftOut {
  return { kind: 'conflict', message }
}
