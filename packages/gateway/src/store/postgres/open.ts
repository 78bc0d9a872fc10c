import { limits } from '../../config/limits.ts'
import { recordStart } from '../home/beginning.ts'
import { openListeners } from '../home/changes.ts'
import { startWriter, threadModule, type WriterThread } from '../home/writer-thread.ts'
import type { Publication } from '../publication.ts'
import type { Leaves, Store } from '../store.ts'
import { connect, openPool, type Session, type Target } from './connection.ts'
import { describeFailure } from './failure.ts'
import { lockKey, takeLock } from './instance-lock.ts'
import { openListener } from './listen.ts'
import { publicationOf } from './publication.ts'
import { leafReads, readsOf } from './reads.ts'
import { checkMeta, checkServer, prepareSchema, readChains, register } from './set-up.ts'
import type { WriterOptions } from './writer-options.ts'

/** A database as it was found, before anything is written to it. Leaves and chains are of one moment. */
export type Found = Pick<Publication, 'storedCheckpoint'> &
  Pick<Leaves, 'leaves' | 'size'> & {
    readonly chains: () => ReturnType<typeof readChains>
  }

export type PostgresOptions = {
  /** `postgres://user:password@host:port/database?sslmode=verify-full`. */
  readonly url: string
  /** What holds everything in that database: lower-case letters, digits and `_`. */
  readonly schema?: string
  /** The name of this gateway process's place, stable over restarts; no two gateways share one. */
  readonly instance: string
  /** Unique to this start; its records form one chain. */
  readonly boot: string
  /** 32 bytes that wrap the keys of payloads, the same for every gateway. Not kept in the database. */
  readonly kek: Uint8Array
  /** The log's name. A database belongs to one log for ever. */
  readonly origin?: string
  /** The key the log begins with (a note verifier key): a new database begins with `log.genesis`. */
  readonly logKey?: string
  /** Asked before anything is written: a rejection refuses the start and leaves the records as they were. */
  readonly accept?: (store: Found) => Promise<void>
  /** Go into `emitter.start`; `config` names the configuration, as in the record. */
  readonly version?: string
  readonly config?: string
  /** Unix milliseconds, for `emitter.start` and `emitter.stop`. */
  readonly now?: () => number
  /** Connections for questions, at most. */
  readonly poolSize: number
  /** False: a database that is behind is refused, and not brought up to date. */
  readonly migrate?: boolean
}

/**
 * The store in PostgreSQL, shared by any number of gateways: one writer each, with group commit, that commits
 * with `synchronous_commit`; questions on connections of their own. Records `emitter.start` before it resolves and
 * `emitter.stop` when closed. Rejects, saying what to do, when another process has this instance's name, and
 * where the server could lose what it acknowledged.
 */
export async function openPostgres(options: PostgresOptions): Promise<Store> {
  const { url, schema = 'sallyport', instance, boot, kek, poolSize, now = Date.now } = options
  const target = { url, schema }
  const at = () => new Date(now()).toISOString()
  const channel = `sallyport ${schema}`
  const workerData: WriterOptions = { target, instance, boot, kek, channel }
  const { tell, onChange } = openListeners()
  const starting = await begin(target, options)
  const pool = openPool(target, { name: instance, size: poolSize })
  const module = threadModule('./writer', import.meta.url)
  let writer: WriterThread | undefined
  try {
    // Its changes are heard like those of every other gateway.
    writer = await startWriter({ module, workerData, at, onChange: () => {} })
    await announce(writer, starting, { ...options, time: at() })
  } catch (thrown) {
    await pool.close()
    return await (writer?.abandon(thrown) ?? Promise.reject(thrown))
  } finally {
    await starting.close()
  }
  const listener = openListener(target, { name: instance, channel, tell })
  await listener.ready
  const close = async () => {
    await writer.stop()
    await listener.close()
    await writer.close()
    await pool.close()
  }
  let closing: Promise<void> | undefined
  return {
    ...readsOf(pool.run, { kek, instance }),
    ...publicationOf(pool.run, instance),
    onChange,
    instances: 'many',
    refusing: writer.refusing,
    commit: writer.commit,
    stop: writer.stop,
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

/** One start at a time: of several on a new database, one begins the log. The lock goes with the connection. */
async function begin(target: Target, options: PostgresOptions): Promise<Session> {
  const { instance, kek, origin = 'sallyport' } = options
  const session = await connect(target, { name: instance, patient: true }).catch((thrown) => {
    throw new Error(`The database of the store does not answer: ${describeFailure(thrown)}`)
  })
  try {
    const { run } = session
    await checkServer(run)
    const key = lockKey(target.schema, 'start')
    if (!(await takeLock(run, { key, waitMs: limits.postgresStartMs }))) {
      throw new Error('Another gateway is just starting on this database. Try again.')
    }
    await prepareSchema(target, options.migrate ?? true)
    await checkMeta(run, { origin, kek })
    await register(run, { instance, kek, schema: target.schema })
    return session
  } catch (thrown) {
    await session.close()
    throw thrown
  }
}

/** The first records of this boot, if what was found is accepted. */
async function announce(
  writer: WriterThread,
  { run }: Session,
  options: PostgresOptions & { readonly time: string },
): Promise<void> {
  const { accept, kek, instance, origin = 'sallyport' } = options
  const { size, leaves } = leafReads(run)
  if (accept) {
    await run('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const { storedCheckpoint } = publicationOf(run, instance)
    await accept({ size, leaves, storedCheckpoint, chains: () => readChains(run, kek) })
    await run('COMMIT')
  }
  await recordStart(writer, { ...options, origin, size: await size(), recovered: undefined })
}
