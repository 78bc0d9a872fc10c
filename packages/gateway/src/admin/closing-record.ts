import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import type { Campaign } from '../model/campaign.ts'
import type { Leaves } from '../store/store.ts'
import { indexAtTime } from './export-scope.ts'

/**
 * The index of the record of a campaign's closing: what its pack is proved by. Found by its date, so a log of any
 * length costs a few reads. Undefined where the log does not hold it, as after a recovery.
 */
export async function closingRecord(
  store: Pick<Leaves, 'size' | 'leaves'>,
  { id, closedAt }: Pick<Campaign, 'id' | 'closedAt'>,
): Promise<number | undefined> {
  if (closedAt === undefined) return undefined
  const size = await store.size()
  let start = await indexAtTime(store, closedAt - apartMs, size)
  while (start < size) {
    const page = await store.leaves(start, pageRows)
    for (const { index, bytes } of page) {
      const record = parseLeaf(bytes)
      if (record.type === 'campaign.closed' && record.campaign === id) return index
      if (Date.parse(record.time) > closedAt + apartMs) return undefined
    }
    start += page.length
    if (page.length === 0) return undefined
  }
  return undefined
}

/** More than clocks may differ by before nothing is written: see `clockJumpMs`. */
const apartMs = 60_000
const pageRows = 500
