import { Worker } from 'node:worker_threads'
import { Conflict, type Entry, type Ledger, type StoreChange, Unavailable } from '../store.ts'
import { changesOf } from './changes.ts'
import { type CommitQueue, openQueue } from './commit-queue.ts'
import { type FromWriter, type Outage, pack, type ToWriter } from './message.ts'

/** The thread that writes, and what every home does with it the same way. */
export type WriterThread = Ledger & {
  /** Why commits are refused now. */
  readonly refusing: () => string | undefined
  /** Waits for what is under way and records `emitter.stop`; later commits are refused. */
  readonly stop: () => Promise<void>
  /** `stop`, if that was not called, then ends the thread. */
  readonly close: () => Promise<void>
  /** A question that the thread answers. Rejects with `Conflict` where it found something else than expected. */
  readonly ask: (message: (id: number) => ToWriter) => Promise<unknown>
  /** Ends the thread and rethrows. */
  readonly abandon: (cause: unknown) => Promise<never>
}

/**
 * Starts the thread and waits until it can write. Rejects with what the thread said, which has the cure in it.
 */
export async function startWriter(options: {
  /** As written; in the package it is built. */
  readonly module: URL
  readonly workerData: unknown
  /** The time of records this writes itself, RFC 3339. */
  readonly at: () => string
  /** Told of each change once it is durable. */
  readonly onChange: (change: StoreChange) => void
}): Promise<WriterThread> {
  const { module, workerData, at, onChange } = options
  const worker = new Worker(module, { workerData })
  const post = (message: ToWriter, transfer: ArrayBuffer[] = []) =>
    worker.postMessage(message, transfer)
  const queue = openQueue({
    flush: (written) => {
      const packed = pack(written)
      post({ kind: 'flush', ...packed }, [packed.bytes])
    },
    onCommitted: ({ change }) => {
      for (const one of change ? changesOf(change) : []) onChange(one)
    },
  })
  const asked = openAsked()
  const opened = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<void>()
  const lose = (why: string) => {
    opened.reject(new Error(why))
    queue.stop(why)
    asked.stop(why)
    closed.resolve()
  }
  worker.on('error', (error) => lose(`the writer failed: ${text(error)}`))
  worker.on('exit', () => lose('the writer has ended'))
  worker.on('message', (message: FromWriter) => {
    if (message.kind === 'opened') opened.resolve()
    else if (message.kind === 'not-opened') opened.reject(new Error(message.message))
    else if (message.kind === 'closed') closed.resolve()
    else if ('id' in message) asked.answered(message)
    else {
      queue.answered(message)
      if (message.kind === 'resumed') recordOutage(queue, message, at())
    }
  })
  const abandon = async (cause: unknown): Promise<never> => {
    await worker.terminate()
    throw cause
  }
  await opened.promise.catch(abandon)
  const end = async () => {
    await queue.idle()
    post({ kind: 'close' })
    await closed.promise
    asked.stop('the store is closed')
    await worker.terminate()
  }
  return {
    ...openLife(queue, { at, end }),
    refusing: queue.refusing,
    ask: (message) => asked.ask((id) => post(message(id))),
    abandon,
  }
}

/** Of a new file of this name: as written, or as built for the package. */
export function threadModule(name: string, from: string): URL {
  return new URL(`${name}.${from.endsWith('.ts') ? 'ts' : 'js'}`, from)
}

function openLife(
  queue: CommitQueue,
  { at, end }: { readonly at: () => string; readonly end: () => Promise<void> },
): Pick<WriterThread, 'commit' | 'stop' | 'close'> {
  let stopping: Promise<void> | undefined
  const last = async () => {
    await queue.idle()
    // Fails when the log cannot be written already; then there is nothing to stop properly.
    await queue
      .commit({ record: { type: 'emitter.stop', time: at() }, payloads: [] })
      .catch(() => {})
    queue.stop('the store is closed')
  }
  const stop = () => {
    stopping ??= last()
    return stopping
  }
  let closing: Promise<void> | undefined
  const close = async () => {
    await stop()
    await end()
  }
  return {
    commit: (entry: Entry) =>
      stopping !== undefined
        ? Promise.reject(new Unavailable('the store is closed'))
        : queue.commit(entry),
    stop,
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

/** Questions to the writer that wait for their answers. */
type Asked = {
  readonly ask: (post: (id: number) => void) => Promise<unknown>
  readonly answered: (
    message: Extract<FromWriter, { kind: 'read' | 'not-read' | 'published' }>,
  ) => void
  /** Rejects what waits, and everything after. */
  readonly stop: (why: string) => void
}

function openAsked(): Asked {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let lastId = 0
  let stopped: string | undefined
  return {
    ask: (post) => {
      if (stopped !== undefined) return Promise.reject(new Unavailable(stopped))
      const asked = Promise.withResolvers<unknown>()
      lastId += 1
      waiting.set(lastId, asked)
      post(lastId)
      return asked.promise
    },
    answered: (message) => {
      const asked = waiting.get(message.id)
      waiting.delete(message.id)
      if (message.kind === 'not-read') asked?.reject(new Unavailable(message.message))
      else if (message.kind === 'published' && !message.done) {
        asked?.reject(new Conflict('the stored checkpoint, or its integrator, is another'))
      } else asked?.resolve(message.result)
    },
    stop: (why) => {
      stopped ??= why
      for (const { reject } of waiting.values()) reject(new Unavailable(why))
      waiting.clear()
    },
  }
}

/**
 * Before anything else is written. Where it cannot be, the next time service resumes tells it all. The callers
 * of stranded intents were refused, so nobody else will end them.
 */
function recordOutage(
  { commit }: CommitQueue,
  { from, reason, stranded }: Outage,
  time: string,
): void {
  const ended = { type: 'outage.ended', time, from, reason } as const
  const endings = stranded.map(
    (call) => ({ type: 'reconcile.indeterminate', time, ...call, reason: 'outage' }) as const,
  )
  for (const record of [ended, ...endings]) {
    commit({ record, payloads: [] }).catch(() => undefined)
  }
}

function text(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
