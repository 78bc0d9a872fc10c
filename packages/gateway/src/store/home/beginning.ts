import type { RecordDraft } from '@sallyport/evidence/record'
import type { Ledger } from '../store.ts'

/** As in `log.recovered`. */
export type Recovered = { readonly kept: number; readonly size: number }

/** The first leaves of a boot, in one flush: a crash leaves all of them or none. */
export async function recordStart(
  { commit }: Ledger,
  given: {
    readonly origin: string
    readonly logKey?: string | undefined
    readonly version?: string | undefined
    readonly config?: string | undefined
    /** RFC 3339. */
    readonly time: string
    /** Leaves that are stored. */
    readonly size: number
    readonly recovered: Recovered | undefined
  },
): Promise<void> {
  const { logKey: key, origin, time, size, recovered } = given
  const version = given.version ?? 'unversioned'
  const { config } = given
  const records: RecordDraft[] = [
    { type: 'emitter.start', time, version, ...(config !== undefined && { config }) },
  ]
  if (recovered) records.push({ type: 'log.recovered', time, ...recovered })
  if (size === 0 && key !== undefined) records.unshift({ type: 'log.genesis', time, origin, key })
  await Promise.all(records.map((record) => commit({ record, payloads: [] })))
}
