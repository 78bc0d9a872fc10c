import { setTimeout as timer } from 'node:timers/promises'
import type { Limits } from '../config/limits.ts'
import type { JsonObject } from '../model/json.ts'
import type { Looks } from './looks.ts'
import type { Source } from './source.ts'

/** What a server can do, as it said last; of one that was never read, once it is, if that is soon. */
export async function offeredBy(
  source: Source | undefined,
  {
    looks,
    elapsed,
    limits,
  }: { readonly looks: Looks; readonly elapsed: () => number; readonly limits: Limits },
): Promise<JsonObject> {
  if (source?.kind !== 'mcp') return {}
  if (!source.seen && source.trouble === undefined && !source.lists.resources.trouble) {
    const waited = new AbortController()
    const { signal } = waited
    const late = timer(limits.descriptionFetchMs, undefined, { signal, ref: false }).catch(() => {})
    await Promise.race([looks.since(source, 'resources', elapsed()), late])
    waited.abort()
  }
  return source.seen?.capabilities ?? {}
}
