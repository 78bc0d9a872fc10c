import { utf8Bytes } from '../encoding.ts'
import type { LeafRecord } from '../record.ts'
import type { Scene, Watch } from './watch.ts'

/**
 * A record that was too long lost the ends of its lists: what stood there nobody can check, so each is told. Lists
 * are cut to 64 entries, or half as many as long as it does not fit (`leafText`): another length was never cut so.
 * How long what is left is says nothing: the longest entries may be those that were lost.
 */
export function watchShortened({ report }: Pick<Scene, 'report'>): Watch {
  return {
    see: ({ index, record }) => {
      if (record.truncated === undefined) return
      const isCut = record.truncated > 0 && lengths.has(longestList(record))
      report.find(isCut ? 'record-shortened' : 'record-not-shortened', { record: index })
    },
  }
}

/**
 * Whether the end of one of these lists may be missing. All lists of a record are cut to one length, so one that is
 * shorter than another was never cut, and is no excuse. Nor is anything in a record that is short.
 */
export function isShortened(
  record: LeafRecord,
  ...lists: readonly (readonly unknown[] | undefined)[]
): boolean {
  if (record.truncated === undefined) return false
  if (utf8Bytes(JSON.stringify(record)).length < cutBytesMin) return false
  const longest = longestList(record)
  return lists.some((list) => list !== undefined && list.length >= Math.max(1, longest))
}

/** With as many entries again it was over 8 KiB: those that were lost are seldom three times as long as all that is left. */
const cutBytesMin = 2048

const lengths: ReadonlySet<number> = new Set([1, 2, 4, 8, 16, 32, 64])

/** Lists within entries of a list are left as they are. */
function longestList(value: unknown): number {
  if (Array.isArray(value)) return value.length
  if (typeof value !== 'object' || value === null) return 0
  return Math.max(0, ...Object.values(value).map(longestList))
}
