import { type Barred, openBarred } from '../home/barred.ts'
import { changesOf } from '../home/changes.ts'
import {
  afterLeaf,
  type ChainTip,
  completeLeaf,
  endedBy,
  type SealedPayload,
  sealAll,
} from '../home/leaf-draft.ts'
import type { Failure } from '../home/message.ts'
import { boundsOf } from '../home/review-rows.ts'
import type { Entry } from '../store.ts'
import { bigintArray } from './binary-array.ts'
import { applyChange } from './change.ts'
import { clockSkew } from './clock-skew.ts'
import type { Row, Run } from './connection.ts'
import { isDestruction } from './custody.ts'
import { describeFailure, isAboutData } from './failure.ts'
import { writeMarks } from './intent-rows.ts'
import { gatherRows } from './leaf-rows.ts'
import { marked } from './review-reads.ts'
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
  let bars: Bars | undefined

  const attempt = async (entries: readonly Entry[], sealed: Sealed, isCareful: boolean) => {
    const begun = await begin(run, { entries, options, tip: place.tip, bars })
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
    bars = { barred: next.barred, revision: begun.bars.revision + next.barChanges }
    return { first, failures }
  }
  return {
    flush: async (entries) => {
      const sealed = sealAll(entries, options.kek)
      try {
        return await attempt(entries, sealed, false)
      } catch (thrown) {
        // What was noted of it is not what is stored.
        bars = undefined
        if (!isAboutData(thrown)) throw thrown
      }
      // One entry that the database does not take must not cost the others.
      await run('ROLLBACK')
      const flushed = await attempt(entries, sealed, true)
      // What an entry changed that was taken back is noted all the same.
      bars = undefined
      return flushed
    },
    place: () => place,
  }
}

type Sealed = ReturnType<typeof sealAll>
type Bars = { readonly revision: number; readonly barred: Barred }
type Begun = {
  readonly size: number
  readonly bars: Bars
  /** Of the intents that these entries end: those that are open. */
  readonly open: Set<number>
}

async function begin(
  run: Run,
  given: {
    readonly entries: readonly Entry[]
    readonly options: WriterOptions
    readonly tip: ChainTip
    readonly bars: Bars | undefined
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
  const bars = given.bars?.revision === revision ? given.bars : undefined
  return {
    size: Number(size),
    bars: bars ?? { revision: Number(revision), barred: await readBarred(run) },
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

async function readBarred(run: Run): Promise<Barred> {
  const { rows } = await run(
    `SELECT 'principal' AS kind, principal AS name, NULL AS body FROM principal_lock
      UNION ALL SELECT 'key', id, NULL FROM api_key WHERE revoked_at IS NOT NULL
      UNION ALL SELECT 'grant', id, NULL FROM grant_standing WHERE revoked = 1
      UNION ALL SELECT 'grant', id, NULL FROM timed_grant WHERE state = 'revoked'
      UNION ALL SELECT 'function', id, NULL FROM function_hold WHERE state = 'quarantined'
      UNION ALL SELECT 'bounds', id, body FROM grant_standing
        WHERE body::jsonb -> 'endsAt' IS NOT NULL
          OR coalesce(body::jsonb -> 'certification' -> 'when', '[]') <> '[]'`,
    [],
  )
  const names = (wanted: string) => rows.filter(({ kind }) => kind === wanted).map(nameOf)
  return openBarred({
    principals: names('principal'),
    keys: names('key'),
    grants: names('grant'),
    functions: names('function'),
    bounded: rows
      .filter(({ kind }) => kind === 'bounds')
      .map(({ name: id, body }) => boundsOf({ id, body })),
  })
}

function nameOf({ name }: Row): string {
  return String(name)
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
  ) => Promise<{ readonly place: Place; readonly barChanges: number; readonly barred: Barred }>
}

function openBatch(
  run: Run,
  { instance, channel, kek }: WriterOptions,
  { size, bars, open, place: before }: Begun & { readonly place: Place },
): Batch {
  const rows = gatherRows(instance)
  let place = before
  let index = size
  let barChanges = 0
  let { barred } = bars

  const append: Batch['append'] = async (entry, { payloads, nonce }) => {
    const { change, duties } = entry
    const leaf = completeLeaf(entry.record, place.tip, payloads)
    if ('message' in leaf) return leaf
    const { record } = leaf
    const ended = endedBy(record)
    const refusal = barred.refusalOf(record, entry.narrowed)
    if (refusal) return { kind: 'conflict', ...refusal }
    if (ended !== undefined && !open.has(ended)) return conflict('the call is not open')
    if (duties && duties.bars.length > 0 && (await marked(run, duties.bars)).length > 0) {
      const message = 'a duty that is separated from this one was done already'
      return { kind: 'conflict', about: 'duty', message }
    }
    if (change) {
      // It may be about a leaf of this very flush.
      if (isDestruction(change)) await Promise.all(rows.write(run))
      if (!(await applyChange(run, change, { index, kek }))) {
        return conflict(`${change.kind} conflicts`)
      }
      if (barred.note(change)) barChanges += 1
      // A grant under a new id may stand where a revoked one stood.
      if (change.kind === 'rulebook.put') {
        barred = await readBarred(run)
        barChanges += 1
      }
    }
    await writeMarks(run, duties?.marks ?? [])
    rows.add(index, { entry, leaf, payloads, nonce })
    if (record.type === 'call.authorized') open.add(index)
    if (ended !== undefined) open.delete(ended)
    index += 1
    place = { tip: afterLeaf(place.tip, leaf.text), time: record.time }
    return undefined
  }
  const appendCarefully: Batch['appendCarefully'] = async (entry, payloads) => {
    const was = { place, index, barChanges }
    await run('SAVEPOINT entry')
    try {
      const failure = await append(entry, payloads)
      await Promise.all(rows.write(run))
      return failure
    } catch (thrown) {
      if (!isAboutData(thrown)) throw thrown
      await run('ROLLBACK TO SAVEPOINT entry')
      if (index > was.index) open.delete(was.index)
      ;({ place, index, barChanges } = was)
      // What it noted is not what is stored.
      barred = await readBarred(run)
      return { kind: 'unrecordable', message: describeFailure(thrown) }
    }
  }
  const commit: Batch['commit'] = async (lasting) => {
    const { emitter } = place.tip
    await Promise.all([
      ...rows.write(run),
      run('UPDATE head SET size = $1, locks_revision = locks_revision + $2', [index, barChanges]),
      // A boot without a leaf has no place yet.
      ...(emitter.seq > 0 ? [moveChain(run, instance, place.tip)] : []),
      ...lasting
        .flatMap(({ change }) => (change ? changesOf(change) : []))
        .map((changed) => run('SELECT pg_notify($1, $2)', [channel, JSON.stringify(changed)])),
      // A crash before this line leaves nothing of the flush, one after it leaves all of it.
      run('COMMIT'),
    ])
    return { place, barChanges, barred }
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
