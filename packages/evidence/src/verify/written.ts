/** When records were written, and how long what belongs to them is kept: of millions, in three bytes each. */
export type Written = {
  /** Records come in ascending order. Time in Unix milliseconds; `kept` between 1 and 255, 0: not known. */
  readonly note: (record: number, about: About) => void
  readonly of: (record: number) => About
}

export type About = { readonly time: number | undefined; readonly kept: number }

export function openWritten(): Written {
  const pages = new Map<number, Page>()
  let at = -1
  /** The page being written. */
  let open = emptyPage()
  return {
    note: (record, { time, kept }) => {
      const page = Math.floor(record / pageRecords)
      if (page !== at) {
        if (at >= 0) pages.set(at, packed(open))
        at = page
        open = emptyPage()
      }
      open.offsets[record % pageRecords] = time === undefined ? 0 : time - open.before
      open.kept[record % pageRecords] = kept
    },
    of: (record) => {
      const page = Math.floor(record / pageRecords)
      const { before, offsets, kept } = (page === at ? open : pages.get(page)) ?? nothing
      const offset = offsets[record % pageRecords] ?? 0
      return {
        time: offset === 0 ? undefined : before + offset,
        kept: kept[record % pageRecords] ?? 0,
      }
    },
  }
}

const pageRecords = 4096

type Page = {
  /** Before any of these records was written, Unix milliseconds. */
  readonly before: number
  /** Milliseconds since then; 0 where that is not known. */
  readonly offsets: Uint16Array | Uint32Array | Float64Array
  readonly kept: Uint8Array
}

/** No date before the year 0 can be written in a record. */
const longAgo = Date.parse('0000-01-01T00:00:00.000Z') - 1

const nothing: Page = { before: 0, offsets: new Uint16Array(0), kept: new Uint8Array(0) }

function emptyPage(): Page {
  const offsets = new Float64Array(pageRecords)
  return { before: longAgo, offsets, kept: new Uint8Array(pageRecords) }
}

/** The dates of a busy log's page are within a minute, those of most within seven weeks. */
function packed({ before, offsets, kept }: Page): Page {
  let least = Number.POSITIVE_INFINITY
  let most = 0
  for (const offset of offsets) {
    if (offset !== 0) least = Math.min(least, offset)
    most = Math.max(most, offset)
  }
  const span = most - least
  if (most === 0 || span >= 0xffffffff) return { before, offsets, kept }
  const nearer = offsets.map((offset) => (offset === 0 ? 0 : offset - least + 1))
  const Packed = span < 0xffff ? Uint16Array : Uint32Array
  return { before: before + least - 1, offsets: Packed.from(nearer), kept }
}
