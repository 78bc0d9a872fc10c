import { parentPort, workerData } from 'node:worker_threads'
import { openForWriting } from './database.ts'
import { openFlush } from './flush.ts'
import type { FromWriter, ToWriter, WriterOptions } from './message.ts'
import { prepareReads } from './reads.ts'

/**
 * The thread that writes. It does one thing at a time, in the order it was asked. After a failed
 * flush it answers reads but flushes no more: what the disk holds is then for a restart to find out.
 */
function write(options: WriterOptions, answer: (message: FromWriter) => void) {
  const { db, close } = openForWriting(options)
  const flush = openFlush(db, options)
  const reads: Readonly<Record<string, unknown>> = prepareReads(db, options.kek)
  let broken: string | undefined
  return (message: ToWriter): void => {
    switch (message.kind) {
      case 'flush':
        if (broken === undefined) {
          try {
            answer({ kind: 'flushed', ...flush(JSON.parse(message.entries), message.bytes) })
            return
          } catch (thrown) {
            broken = text(thrown)
          }
        }
        answer({ kind: 'broken', message: broken })
        return
      case 'read':
        try {
          const read = reads[message.name]
          if (typeof read !== 'function') throw new Error(`no such question: ${message.name}`)
          const result = Reflect.apply(read, undefined, message.args)
          answer({ kind: 'read', id: message.id, result })
        } catch (thrown) {
          answer({ kind: 'not-read', id: message.id, message: text(thrown) })
        }
        return
      case 'close':
        close()
        answer({ kind: 'closed' })
        parentPort?.close()
    }
  }
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
