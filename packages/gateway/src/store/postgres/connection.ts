import { hash } from 'node:crypto'
import { Client, type ClientConfig, Pool, type QueryResultRow, types } from 'pg'
import { limits } from '../../config/limits.ts'
import { Unavailable } from '../store.ts'
import { describeFailure } from './failure.ts'
import { readUrl } from './store-url.ts'

export type Target = {
  /** `postgres://user:password@host:port/database?sslmode=verify-full`. Never in a log or an error. */
  readonly url: string
  /** The schema that holds everything: lower-case letters, digits and `_`. */
  readonly schema: string
}

export type Row = QueryResultRow

/** Runs one statement. Resolves with its rows; `count` is how many it changed or gave. */
export type Run = (
  text: string,
  values?: readonly unknown[],
) => Promise<{ readonly rows: readonly Row[]; readonly count: number }>

/** A connection of our own. */
export type Session = {
  readonly run: Run
  /** Resolves, with why, when the connection is lost; never when it is closed by us. */
  readonly lost: Promise<unknown>
  readonly close: () => Promise<void>
}

/** `name` is what the server's list of connections shows. `patient`: statements may take as long as they take. */
export async function connect(
  target: Target,
  options: {
    readonly name: string
    readonly patient?: boolean
    readonly pipeline?: boolean
    /** Told the payload of each notification. */
    readonly onNotice?: (payload: string) => void
  },
): Promise<Session> {
  const client = new Client({
    ...clientConfig(target, options),
    pipeline: options.pipeline ?? false,
  })
  const lost = Promise.withResolvers<unknown>()
  let closing = false
  client.on('error', (cause) => lost.resolve(cause))
  client.on('notification', ({ payload }) => options.onNotice?.(payload ?? ''))
  client.on('end', () => {
    if (!closing) lost.resolve(new Error('the connection has ended'))
  })
  try {
    await client.connect()
  } catch (cause) {
    closing = true
    await client.end().catch(() => {})
    throw cause
  }
  return {
    run: async (text, values) => {
      const { rows, rowCount } = await client.query(prepared(text, values))
      return { rows, count: rowCount ?? 0 }
    },
    lost: lost.promise,
    close: async () => {
      closing = true
      await client.end().catch(() => {})
    },
  }
}

/** Connections for questions, made when they are needed. */
export function openPool(
  target: Target,
  { name, size }: { readonly name: string; readonly size: number },
): { readonly run: Run; readonly close: () => Promise<void> } {
  const pool = new Pool({
    ...clientConfig(target, { name }),
    max: size,
    // For the pool this is also how long a question may wait for a free one: as long as for its answer.
    connectionTimeoutMillis: limits.postgresAnswerMs,
    idleTimeoutMillis: limits.postgresIdleMs,
  })
  // A connection that is lost while nobody uses it is replaced by the next question.
  pool.on('error', () => {})
  let closed = false
  return {
    run: async (text, values) => {
      if (closed) throw new Unavailable('the store is closed')
      try {
        const { rows, rowCount } = await pool.query(prepared(text, values))
        return { rows, count: rowCount ?? 0 }
      } catch (thrown) {
        throw new Unavailable(`the store cannot be asked: ${describeFailure(thrown)}`)
      }
    },
    close: async () => {
      if (closed) return
      closed = true
      await pool.end()
    },
  }
}

function clientConfig(
  { url, schema }: Target,
  { name, patient }: { readonly name: string; readonly patient?: boolean },
): ClientConfig {
  const { text, options } = readUrl(url)
  // `on` waits for the standbys as well where the server has synchronous ones.
  const settings = [
    `search_path=${schema}`,
    'synchronous_commit=on',
    // A peer that is gone is noticed, and what it holds let go, in half a minute.
    'tcp_keepalives_idle=10',
    'tcp_keepalives_interval=5',
    'tcp_keepalives_count=3',
    'TimeZone=UTC',
  ]
  return {
    connectionString: text,
    application_name: `sallyport ${name}`,
    options: [options, ...settings.map((one) => `-c ${one}`)].join(' ').trim(),
    connectionTimeoutMillis: limits.postgresConnectMs,
    keepAlive: true,
    types: { getTypeParser: parserOf },
    ...(!patient && {
      statement_timeout: limits.postgresStatementMs,
      idle_in_transaction_session_timeout: limits.postgresStatementMs,
      query_timeout: limits.postgresAnswerMs,
    }),
  }
}

/** Every number of ours fits: a log of 2^53 leaves takes longer than we have. */
function parserOf(type: number, format?: 'text' | 'binary') {
  return type === types.builtins.INT8 ? Number : types.getTypeParser(type, format)
}

const names = new Map<string, string>()

/** Parsed and planned once in every connection: the texts are few, and none holds a value. */
function prepared(text: string, values: readonly unknown[] | undefined) {
  if (!values) return { text }
  const name = names.get(text) ?? hash('sha256', text, 'hex').slice(0, 32)
  names.set(text, name)
  return { name, text, values: [...values] }
}
