import { payloadRoles } from '../record.ts'

/** When records were written, what belongs to them, and how long it is kept: of millions, in three bytes each. */
export type Written = {
  /**
   * Records come in ascending order. Time in Unix milliseconds; `kept` between 1 and `keptMax`, 0: not known;
   * `payloads` between 0 and 4.
   */
  readonly note: (record: number, about: About) => void
  readonly of: (record: number) => About
}

export type About = {
  readonly time: number | undefined
  readonly kept: number
  readonly payloads: number
}

/** It shares a byte with the number of payloads. */
export const keptMax = 50

export function openWritten(): Written {
  const pages = new Map<number, Page>()
  let at = -1
  /** The page being written. */
  let open = emptyPage()
  return {
    note: (record, { time, kept, payloads }) => {
      const page = Math.floor(record / pageRecords)
      if (page !== at) {
        if (at >= 0) pages.set(at, packed(open))
        at = page
        open = emptyPage()
      }
      open.offsets[record % pageRecords] = time === undefined ? 0 : time - open.before
      open.held[record % pageRecords] = kept * (payloadsMax + 1) + payloads
    },
    of: (record) => {
      const page = Math.floor(record / pageRecords)
      const { before, offsets, held } = (page === at ? open : pages.get(page)) ?? nothing
      const offset = offsets[record % pageRecords] ?? 0
      const both = held[record % pageRecords] ?? 0
      return {
        time: offset === 0 ? undefined : before + offset,
        kept: Math.floor(both / (payloadsMax + 1)),
        payloads: both % (payloadsMax + 1),
      }
    },
  }
}

const pageRecords = 4096
const payloadsMax = payloadRoles.length

type Page = {
  /** Before any of these records was written, Unix milliseconds. */
  readonly before: number
  /** Milliseconds since then; 0 where that is not known. */
  readonly offsets: Uint16Array | Uint32Array | Float64Array
  readonly held: Uint8Array
}

/** No date before the year 0 can be written in a record. */
const longAgo = Date.parse('0000-01-01T00:00:00.000Z') - 1

const nothing: Page = { before: 0, offsets: new Uint16Array(0), held: new Uint8Array(0) }

function emptyPage(): Page {
  const offsets = new Float64Array(pageRecords)
  return { before: longAgo, offsets, held: new Uint8Array(pageRecords) }
}

/** The dates of a busy log's page are within a minute, those of most within seven weeks. */
function packed({ before, offsets, held }: Page): Page {
  let least = Number.POSITIVE_INFINITY
  let most = 0
  for (const offset of offsets) {
    if (offset !== 0) least = Math.min(least, offset)
    most = Math.max(most, offset)
  }
  const span = most - least
  if (most === 0 || span >= 0xffffffff) return { before, offsets, held }
  const nearer = offsets.map((offset) => (offset === 0 ? 0 : offset - least + 1))
  const Packed = span < 0xffff ? Uint16Array : Uint32Array
  return { before: before + least - 1, offsets: Packed.from(nearer), held }
}
