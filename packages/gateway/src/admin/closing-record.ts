import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import type { Campaign } from '../model/campaign.ts'
import type { Leaves } from '../store/store.ts'

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
  let start = await firstFrom(store, size, closedAt - apartMs)
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

/** By halves: dates of a log rise, but for what the clocks of gateways are apart. */
async function firstFrom(
  store: Pick<Leaves, 'leaves'>,
  size: number,
  time: number,
): Promise<number> {
  let low = 0
  let high = size
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const [leaf] = await store.leaves(middle, 1)
    if (leaf && Date.parse(parseLeaf(leaf.bytes).time) < time) low = middle + 1
    else high = middle
  }
  return low
}

/** More than clocks may differ by before nothing is written: see `clockJumpMs`. */
const apartMs = 60_000
const pageRows = 500
