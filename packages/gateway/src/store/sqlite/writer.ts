import type { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import type { OutageReason } from '@sallyport/evidence/record'
import { type FromWriter, type ToWriter, unpack } from '../home/message.ts'
import { openForWriting } from './database.ts'
import { failureKind, outageReason } from './failure-kind.ts'
import { openFlush } from './flush.ts'
import { prepareOutbox } from './outbox.ts'
import { preparePublication } from './publication.ts'
import { prepareReads } from './reads.ts'
import type { WriterOptions } from './writer-options.ts'

/** Between two attempts to write again: soon enough after room was made, too rare to keep a disk busy. */
const probeMsFirst = 100
const probeMsMax = 2_000
/** What has to fit before service resumes: a few flushes, so that it does not stop again at once. */
const probeBytes = 256 * 1024

/**
 * The thread that writes. It does one thing at a time, in the order it was asked. After a failed write it
 * lets go of the database and, where the disk only had no room or did not let us write, looks at a bounded
 * pace whether it can go on; where what the disk holds is not known, that is for a restart to find out.
 */
function write(options: WriterOptions, answer: (message: FromWriter) => void) {
  const home = openForWriting(options)
  let work = prepare(home.db(), options)
  let acknowledged = work.place()
  let failed: Extract<FromWriter, { kind: 'suspended' | 'broken' }> | undefined
  /** Why the outage that is going on began. */
  let reason: OutageReason = 'unwritable'
  let probe: NodeJS.Timeout | undefined

  const fail = (thrown: unknown) => {
    const kind = options.path === ':memory:' ? 'broken' : failureKind(thrown)
    const said = { kind, message: text(thrown) }
    failed = said
    reason = outageReason(thrown)
    answer(said)
    if (kind === 'suspended') probeAfter(probeMsFirst)
  }
  const probeAfter = (ms: number) => {
    probe = setTimeout(() => {
      try {
        const db = home.reopen()
        proveRoom(db)
        work = prepare(db, options)
        if (work.place() !== acknowledged) {
          throw new Error('the database does not hold what was acknowledged')
        }
        const from = timeOfLast(db)
        failed = undefined
        answer({ kind: 'resumed', reason, from, stranded: [] })
      } catch (thrown) {
        if (failureKind(thrown) === 'suspended') return probeAfter(Math.min(ms * 2, probeMsMax))
        fail(thrown)
      }
    }, ms)
  }
  return (message: ToWriter): void => {
    if (message.kind === 'close') {
      clearTimeout(probe)
      home.close()
      answer({ kind: 'closed' })
      parentPort?.close()
      return
    }
    if (message.kind === 'flush') {
      if (failed) {
        answer(failed)
        return
      }
      try {
        const flushed = work.flush(unpack(message))
        acknowledged = work.place()
        answer({ kind: 'flushed', ...flushed })
      } catch (thrown) {
        fail(thrown)
      }
      return
    }
    const { id } = message
    try {
      if (failed) throw new Error(failed.message)
      answer(answerTo(message, work))
    } catch (thrown) {
      answer({ kind: 'not-read', id, message: text(thrown) })
      if (message.kind === 'publish' && !failed) fail(thrown)
    }
  }
}

type Work = ReturnType<typeof prepare>

function answerTo(message: Extract<ToWriter, { readonly id: number }>, work: Work): FromWriter {
  const { id } = message
  switch (message.kind) {
    case 'publish':
      return { kind: 'published', id, ...work.publish(message.step) }
    case 'outbox':
      return { kind: 'read', id, result: work.outbox(message.step) }
    case 'read':
      return { kind: 'read', id, result: work.read(message.name, message.args) }
  }
}

function prepare(db: DatabaseSync, options: WriterOptions) {
  const reads: Readonly<Record<string, unknown>> = prepareReads(db, options.kek)
  return {
    ...openFlush(db, options),
    publish: preparePublication(db),
    outbox: prepareOutbox(db),
    read: (name: string, args: readonly unknown[]): unknown => {
      const read = reads[name]
      if (typeof read !== 'function') throw new Error(`no such question: ${name}`)
      return Reflect.apply(read, undefined, args)
    },
  }
}

function timeOfLast(db: DatabaseSync): string {
  const last = db.prepare('SELECT bytes FROM leaf ORDER BY "index" DESC LIMIT 1').get()
  if (!(last?.bytes instanceof Uint8Array)) throw new Error('the database holds no records')
  return parseLeaf(last.bytes).time
}

/** Writes and removes, as durably as a flush does. */
function proveRoom(db: DatabaseSync): void {
  db.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('probe', ?)").run(
    'x'.repeat(probeBytes),
  )
  db.exec("DELETE FROM meta WHERE name = 'probe'")
}

function text(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

const port = parentPort
if (!port) throw new Error('the writer runs in a worker thread')
const answer = (message: FromWriter) => port.postMessage(message)
try {
  port.on('message', write(workerData, answer))
  answer({ kind: 'opened' })
} catch (thrown) {
  answer({ kind: 'not-opened', message: text(thrown) })
}
