import { Worker } from 'node:worker_threads'
import { type Store, Unavailable } from '../store.ts'
import { type CommitQueue, openQueue } from './commit-queue.ts'
import { openForReading } from './database.ts'
import type { FromWriter, ToWriter, WriterOptions } from './message.ts'
import { prepareReads, type Reads } from './reads.ts'

export type SqliteOptions = {
  /** A file, created with mode 0600 when absent; or `:memory:`, which a restart forgets. */
  readonly path: string
  /** The name of this gateway process's place, stable over restarts. */
  readonly instance: string
  /** Unique to this start; its records form one chain. */
  readonly boot: string
  /** 32 bytes that wrap the keys of payloads. Not kept in the database. */
  readonly kek: Uint8Array
  /** The log's name. A database belongs to one log for ever. */
  readonly origin?: string
  /** Goes into `emitter.start`. */
  readonly version?: string
  /** Unix milliseconds, for `emitter.start` and `emitter.stop`. */
  readonly now?: () => number
  /** The most pages (8 KiB each) the file may have; absent: as the disk allows. */
  readonly pagesMax?: number
}

/**
 * The store in one SQLite file: one writer thread with group commit, every flush synced to the disk,
 * and reads on a connection of their own. Records `emitter.start` before it resolves and
 * `emitter.stop` when closed. Rejects, saying what to do, when another process writes to the file.
 */
export async function openSqlite(options: SqliteOptions): Promise<Store> {
  const { path, instance, boot, kek, origin = 'sallyport', pagesMax, now = Date.now } = options
  const writer = await startWriter({ path, instance, boot, kek, origin, pagesMax })
  const reader =
    path === ':memory:' ? askThere(writer) : await askHere(path, kek).catch(writer.abandon)
  const { queue } = writer
  const at = () => new Date(now()).toISOString()
  try {
    const version = options.version ?? 'unversioned'
    await queue.commit({ record: { type: 'emitter.start', time: at(), version }, payloads: [] })
  } catch (cause) {
    reader.close()
    return writer.abandon(cause)
  }
  const close = async () => {
    await queue.idle()
    // Fails when the log is broken already; then there is nothing to stop properly.
    await queue
      .commit({ record: { type: 'emitter.stop', time: at() }, payloads: [] })
      .catch(() => {})
    queue.stop('the store is closed')
    reader.close()
    await writer.close()
  }
  let closing: Promise<void> | undefined
  return {
    ...questions(reader.ask),
    commit: (entry) =>
      closing !== undefined
        ? Promise.reject(new Unavailable('the store is closed'))
        : queue.commit(entry),
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

type Ask = <Name extends keyof Reads>(
  name: Name,
  ...args: Parameters<Reads[Name]>
) => Promise<ReturnType<Reads[Name]>>

type Reader = { readonly ask: Ask; readonly close: () => void }

function questions(ask: Ask): Omit<Store, 'commit' | 'close'> {
  return {
    size: () => ask('size'),
    leaves: (start, limit) => ask('leaves', start, limit),
    leavesOfCall: (callId) => ask('leavesOfCall', callId),
    leavesOfSession: (session, start, limit) => ask('leavesOfSession', session, start, limit),
    callHeads: (query) => ask('callHeads', query),
    sessions: (query) => ask('sessions', query),
    callsWithoutEnding: (olderThan) => ask('callsWithoutEnding', olderThan),
    payload: (index, role) => ask('payload', index, role),
    approval: (id) => ask('approval', id),
    pendingApproval: (digest) => ask('pendingApproval', digest),
    approvals: (query) => ask('approvals', query),
    apiKeyByHash: (hash) => ask('apiKeyByHash', hash),
    apiKeys: (query) => ask('apiKeys', query),
  }
}

/** On this thread: each question is a few indexed rows, cheaper than the way to another thread. */
async function askHere(path: string, kek: Uint8Array): Promise<Reader> {
  const db = openForReading(path)
  const reads = prepareReads(db, kek)
  return {
    ask: async (name, ...args) => {
      if (!db.isOpen) throw new Unavailable('the store is closed')
      try {
        return Reflect.apply(reads[name], undefined, args)
      } catch (cause) {
        throw new Unavailable('the store cannot be read', { cause })
      }
    },
    close: () => db.close(),
  }
}

type WriterThread = {
  readonly queue: CommitQueue
  readonly post: (message: ToWriter) => void
  readonly reads: Map<number, PromiseWithResolvers<unknown>>
  readonly close: () => Promise<void>
  /** Ends the thread and rethrows. */
  readonly abandon: (cause: unknown) => Promise<never>
}

/** In memory there is only the writer's own connection: questions go to its thread. */
function askThere({ post, reads }: WriterThread): Reader {
  let lastId = 0
  let closed = false
  return {
    ask: (name, ...args) => {
      if (closed) return Promise.reject(new Unavailable('the store is closed'))
      const asked = Promise.withResolvers<ReturnType<Reads[typeof name]>>()
      lastId += 1
      reads.set(lastId, {
        promise: asked.promise,
        // The writer answers the question of this id with the same function this type is read from.
        resolve: (result) => asked.resolve(result as ReturnType<Reads[typeof name]>),
        reject: asked.reject,
      })
      post({ kind: 'read', id: lastId, name, args })
      return asked.promise
    },
    close: () => {
      closed = true
      for (const { reject } of reads.values()) reject(new Unavailable('the store is closed'))
      reads.clear()
    },
  }
}

async function startWriter(workerData: WriterOptions): Promise<WriterThread> {
  // As written, or as built for the package.
  const file = import.meta.url.endsWith('.ts') ? './writer.ts' : './writer.js'
  const worker = new Worker(new URL(file, import.meta.url), { workerData })
  const post = (message: ToWriter, transfer: ArrayBuffer[] = []) =>
    worker.postMessage(message, transfer)
  const queue = openQueue(post)
  const reads: WriterThread['reads'] = new Map()
  const opened = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<void>()
  const lose = (why: string) => {
    opened.reject(new Error(why))
    queue.stop(why)
    for (const { reject } of reads.values()) reject(new Unavailable(why))
    reads.clear()
    closed.resolve()
  }
  worker.on('error', (error) => lose(`the writer failed: ${text(error)}`))
  worker.on('exit', () => lose('the writer has ended'))
  worker.on('message', (message: FromWriter) => {
    if (message.kind === 'opened') opened.resolve()
    else if (message.kind === 'not-opened') opened.reject(new Error(message.message))
    else if (message.kind === 'closed') closed.resolve()
    else if (message.kind === 'read') take(reads, message.id)?.resolve(message.result)
    else if (message.kind === 'not-read') {
      take(reads, message.id)?.reject(new Unavailable(message.message))
    } else queue.answered(message)
  })
  const abandon = async (cause: unknown): Promise<never> => {
    await worker.terminate()
    throw cause
  }
  await opened.promise.catch(abandon)
  const close = async () => {
    await queue.idle()
    post({ kind: 'close' })
    await closed.promise
    await worker.terminate()
  }
  return { queue, post, reads, close, abandon }
}

function take<Value>(from: Map<number, Value>, id: number): Value | undefined {
  const value = from.get(id)
  from.delete(id)
  return value
}

function text(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
