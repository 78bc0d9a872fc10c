import { parentPort, workerData } from 'node:worker_threads'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import type { BootEnd } from '@sallyport/evidence/record'
import { limits } from '../../config/limits.ts'
import { chainTip } from '../home/leaf-draft.ts'
import { type FromWriter, type Stranded, type ToWriter, unpack } from '../home/message.ts'
import { connect, type Run, type Session } from './connection.ts'
import { describeFailure, outageReason } from './failure.ts'
import { assertClock, ChainLost, databaseMs, type Flush, openFlush, type Place } from './flush.ts'
import { lockKey, takeLock } from './instance-lock.ts'
import type { WriterOptions } from './writer-options.ts'

/** Between two attempts to write again: soon enough after the database is back, too rare to keep it busy. */
const probeMsFirst = 100
const probeMsMax = 2_000

type Work = Flush & { readonly session: Session }

/**
 * The thread that writes, over one connection that also holds the lock on this instance's name: when the
 * connection is gone, so is the lock, and nothing can be committed past it. After a failure it connects again at
 * a bounded pace, and accepts flushes when what it acknowledged is what it finds.
 */
async function openWriter(
  options: WriterOptions,
  answer: (message: FromWriter) => void,
): Promise<(message: ToWriter) => void> {
  let work: Work | undefined = await openWork(options, limits.postgresLockMs)
  /** What was acknowledged: no less may be found after a failure. */
  let acknowledged = work.place()
  let broken: Extract<FromWriter, { kind: 'broken' }> | undefined
  let probe: NodeJS.Timeout | undefined
  let closing = false
  /** One thing at a time, in the order it was asked. */
  let last: Promise<void> = Promise.resolve()

  const fail = async (failed: Work, thrown: unknown) => {
    if (work !== failed) return
    work = undefined
    await failed.session.close()
    if (thrown instanceof ChainLost) return breakOff(thrown)
    answer({ kind: 'suspended', message: describeFailure(thrown) })
    if (!closing) probeAfter(probeMsFirst, thrown)
  }
  const breakOff = (thrown: unknown) => {
    broken = { kind: 'broken', message: describeFailure(thrown) }
    answer(broken)
  }
  const watch = (watched: Work) => {
    void watched.session.lost.then((cause) => {
      last = last.then(() => fail(watched, cause))
    })
  }
  const probeAfter = (ms: number, reason: unknown) => {
    probe = setTimeout(() => {
      last = last.then(() => tryAgain(ms, reason))
    }, ms)
  }
  const tryAgain = async (ms: number, reason: unknown) => {
    if (closing) return
    try {
      const again = await openWork(options, 0)
      const stranded = await strandedSince(again, acknowledged).catch(async (thrown) => {
        await again.session.close()
        throw thrown
      })
      const { time = new Date().toISOString() } = acknowledged
      work = again
      acknowledged = again.place()
      watch(again)
      answer({ kind: 'resumed', reason: outageReason(reason), from: time, stranded })
    } catch (thrown) {
      if (thrown instanceof ChainLost) breakOff(thrown)
      else probeAfter(Math.min(ms * 2, probeMsMax), reason)
    }
  }
  const flush = async (message: Extract<ToWriter, { kind: 'flush' }>) => {
    const current = work
    if (!current) return answer(broken ?? { kind: 'suspended', message: 'the database is away' })
    try {
      const flushed = await current.flush(unpack(message))
      acknowledged = current.place()
      answer({ kind: 'flushed', ...flushed })
    } catch (thrown) {
      await fail(current, thrown)
    }
  }
  const close = async () => {
    await work?.session.close()
    answer({ kind: 'closed' })
    parentPort?.close()
  }
  watch(work)
  return (message) => {
    if (message.kind === 'flush') last = last.then(() => flush(message))
    if (message.kind !== 'close') return
    closing = true
    clearTimeout(probe)
    last = last.then(close)
  }
}

/** Connects, takes the lock on the name and finds the end of its chain. */
async function openWork(options: WriterOptions, waitMs: number): Promise<Work> {
  const { target, instance, boot } = options
  const session = await connect(target, { name: instance, pipeline: true })
  try {
    const key = lockKey(target.schema, `instance ${instance}`)
    if (!(await takeLock(session.run, { key, waitMs }))) {
      throw new Error(
        `The instance "${instance}" is in use by another process. Stop that one first, or give this one its own name (\`instance\` in gateway.yaml).`,
      )
    }
    const end = await endOf(session.run, instance)
    const place: Place = { tip: chainTip({ instance, boot }, end), time: undefined }
    return { session, ...openFlush(session.run, options, place) }
  } catch (thrown) {
    await session.close()
    throw thrown
  }
}

async function endOf(run: Run, instance: string): Promise<BootEnd | undefined> {
  const text = `SELECT boot, seq, hash, ${databaseMs} FROM instance WHERE name = $1`
  const { rows } = await run(text, [instance])
  const [row] = rows
  assertClock(row)
  if (!row) throw new Error(`the instance "${instance}" is not registered`)
  return row.boot === null ? undefined : { boot: row.boot, seq: row.seq, hash: row.hash }
}

/**
 * What was stored after what was acknowledged: at most the flush whose answer was lost. Its callers were told
 * that it was not, so the calls that it opened will be ended by nobody else. Throws when what was acknowledged
 * is not there, or when somebody else went on.
 */
async function strandedSince(
  { session: { run }, place }: Work,
  { tip: was }: Place,
): Promise<readonly Stranded[]> {
  const { emitter, after } = place().tip
  const { instance, boot, seq, prev } = was.emitter
  // What the boot came after counts until its first leaf, which names it; `prev` leads to that from then on.
  const isAfter = seq > 0 || after?.hash === was.after?.hash
  if (emitter.seq === seq && emitter.prev === prev && isAfter) return []
  if (emitter.seq <= seq) {
    throw new ChainLost(
      emitter.seq === 0 && after?.boot !== was.after?.boot
        ? `another process has written as the instance "${instance}"`
        : 'the database does not hold what was acknowledged',
    )
  }
  const { rows } = await run(
    `SELECT "index", bytes FROM open_call JOIN leaf ON "index" = intent WHERE instance = $1
      ORDER BY "index" DESC LIMIT $2`,
    [instance, emitter.seq - seq],
  )
  return rows.flatMap(({ index, bytes }) => {
    const record = parseLeaf(bytes)
    const isNew = record.emitter.boot === boot && record.emitter.seq >= seq
    if (record.type !== 'call.authorized' || !isNew) return []
    return [{ intent: Number(index), call: record.call, session: record.session ?? '' }]
  })
}

const port = parentPort
if (!port) throw new Error('the writer runs in a worker thread')
const answer = (message: FromWriter) => port.postMessage(message)
try {
  port.on('message', await openWriter(workerData, answer))
  answer({ kind: 'opened' })
} catch (thrown) {
  answer({ kind: 'not-opened', message: describeFailure(thrown) })
  port.close()
}
