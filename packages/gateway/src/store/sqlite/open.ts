import { Worker } from 'node:worker_threads'
import type { RecordDraft } from '@sallyport/evidence/record'
import {
  type ApiKeys,
  type Approvals,
  Conflict,
  type Erasures,
  type Leaves,
  type Payloads,
  type PrincipalLocks,
  type Publication,
  type RulebookContents,
  type Store,
  type StoredCheckpoint,
  Unavailable,
} from '../store.ts'
import { type CommitQueue, openQueue } from './commit-queue.ts'
import { openForReading } from './database.ts'
import type { FromWriter, Outage, PublicationStep, ToWriter, WriterOptions } from './message.ts'
import { type ChainPlace, prepareReads, type Reads, type Recovered } from './reads.ts'

/** A database as it was found, before anything is written to it. */
export type Found = Publication &
  Pick<Leaves, 'leaves' | 'size'> & { readonly chains: () => Promise<readonly ChainPlace[]> }

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
  /** The key the log begins with (a note verifier key): a new database begins with `log.genesis`. */
  readonly logKey?: string
  /** Asked before anything is written: a rejection refuses the start and leaves the records as they were. */
  readonly accept?: (store: Found) => Promise<void>
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
  const at = () => new Date(now()).toISOString()
  const writer = await startWriter({ path, instance, boot, kek, origin, pagesMax }, at)
  const reader =
    path === ':memory:' ? askThere(writer) : await askHere(path, kek).catch(writer.abandon)
  const { queue } = writer
  try {
    await options.accept?.({
      ...publication(writer.publish),
      size: () => reader.ask('size'),
      leaves: (start, limit) => reader.ask('leaves', start, limit),
      chains: () => reader.ask('chains'),
    })
    const [size, recovered] = [await reader.ask('size'), await reader.ask('recovered')]
    await begin(queue, { ...options, origin, time: at(), size, recovered })
  } catch (cause) {
    reader.close()
    return writer.abandon(cause)
  }
  let stopping: Promise<void> | undefined
  const end = async () => {
    await queue.idle()
    // Fails when the log cannot be written already; then there is nothing to stop properly.
    await queue
      .commit({ record: { type: 'emitter.stop', time: at() }, payloads: [] })
      .catch(() => {})
    queue.stop('the store is closed')
  }
  const stop = () => {
    stopping ??= end()
    return stopping
  }
  const close = async () => {
    await stop()
    reader.close()
    await writer.close()
  }
  let closing: Promise<void> | undefined
  return {
    ...questions(reader.ask),
    ...publication(writer.publish),
    refusing: queue.refusing,
    commit: (entry) =>
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

/** The first leaves of this boot, in one flush: a crash leaves both or neither. */
async function begin(
  queue: CommitQueue,
  given: Pick<SqliteOptions, 'logKey' | 'version'> & {
    readonly origin: string
    readonly time: string
    readonly size: number
    readonly recovered: Recovered | undefined
  },
): Promise<void> {
  const { logKey: key, origin, time, size, recovered } = given
  const version = given.version ?? 'unversioned'
  const records: RecordDraft[] = [{ type: 'emitter.start', time, version }]
  if (recovered) records.push({ type: 'log.recovered', time, ...recovered })
  if (size === 0 && key !== undefined) records.unshift({ type: 'log.genesis', time, origin, key })
  await Promise.all(records.map((record) => queue.commit({ record, payloads: [] })))
}

type Ask = <Name extends keyof Reads>(
  name: Name,
  ...args: Parameters<Reads[Name]>
) => Promise<ReturnType<Reads[Name]>>

type Reader = { readonly ask: Ask; readonly close: () => void }

function questions(
  ask: Ask,
): Leaves & Payloads & Approvals & ApiKeys & PrincipalLocks & RulebookContents & Erasures {
  return {
    size: () => ask('size'),
    leaves: (start, limit) => ask('leaves', start, limit),
    leavesOfCall: (callId) => ask('leavesOfCall', callId),
    leavesOfSession: (session, start, limit) => ask('leavesOfSession', session, start, limit),
    callHeads: (query) => ask('callHeads', query),
    sessions: (query) => ask('sessions', query),
    callsWithoutEnding: (olderThan) => ask('callsWithoutEnding', olderThan),
    payload: (index, role) => ask('payload', index, role),
    saltedPayload: (index, role) => ask('saltedPayload', index, role),
    payloadGone: (index, role) => ask('payloadGone', index, role),
    payloadsDue: (query) => ask('payloadsDue', query),
    keptPayloads: (from, to, limit) => ask('keptPayloads', from, to, limit),
    erasure: (id) => ask('erasure', id),
    erasures: (query) => ask('erasures', query),
    approval: (id) => ask('approval', id),
    pendingApproval: (digest) => ask('pendingApproval', digest),
    approvals: (query) => ask('approvals', query),
    apiKeyByHash: (hash) => ask('apiKeyByHash', hash),
    apiKeys: (query) => ask('apiKeys', query),
    locks: (query) => ask('locks', query),
    rulebookContent: (digest) => ask('rulebookContent', digest),
    rulebookDigests: () => ask('rulebookDigests'),
    activations: (before, limit) => ask('activations', before, limit),
  }
}

function publication(publish: WriterThread['publish']): Publication {
  return {
    // The writer answers each step with what preparePublication gives for it.
    storedCheckpoint: async () =>
      (await publish({ name: 'stored' })) as StoredCheckpoint | undefined,
    claimIntegrator: async (holder) => (await publish({ name: 'claim', holder })) as number,
    swapCheckpoint: async (swap) => {
      await publish({ name: 'swap', ...swap })
    },
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
  readonly asked: Asked
  readonly publish: (step: PublicationStep) => Promise<unknown>
  readonly close: () => Promise<void>
  /** Ends the thread and rethrows. */
  readonly abandon: (cause: unknown) => Promise<never>
}

/** In memory there is only the writer's own connection: questions go to its thread. */
function askThere({ asked, post }: WriterThread): Reader {
  return {
    ask: async (name, ...args) => {
      const result = await asked.ask((id) => post({ kind: 'read', id, name, args }))
      // The writer answers the question of this id with the same function this type is read from.
      return result as ReturnType<Reads[typeof name]>
    },
    close: () => asked.stop('the store is closed'),
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

async function startWriter(workerData: WriterOptions, at: () => string): Promise<WriterThread> {
  // As written, or as built for the package.
  const file = import.meta.url.endsWith('.ts') ? './writer.ts' : './writer.js'
  const worker = new Worker(new URL(file, import.meta.url), { workerData })
  const post = (message: ToWriter, transfer: ArrayBuffer[] = []) =>
    worker.postMessage(message, transfer)
  const queue = openQueue(post)
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
      if (message.kind === 'resumed') recordOutage(queue, { ...message, time: at() })
    }
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
    asked.stop('the store is closed')
    await worker.terminate()
  }
  const publish = (step: PublicationStep) => asked.ask((id) => post({ kind: 'publish', id, step }))
  return { queue, post, asked, publish, close, abandon }
}

/** Before anything else is written. Where it cannot be, the next time service resumes tells it all. */
function recordOutage(
  { commit }: CommitQueue,
  { from, reason, time }: Outage & { readonly time: string },
): void {
  const record = { type: 'outage.ended', time, from, reason } as const
  commit({ record, payloads: [] }).catch(() => undefined)
}

function text(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
