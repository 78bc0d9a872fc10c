import type { PayloadRole } from '../record.ts'

/** When records were written, what belongs to them, and how long it is kept: of millions, in three bytes each. */
export type Written = {
  /**
   * Records come in ascending order. Time in Unix milliseconds; `kept` between 1 and `keptMax`, 0: not known;
   * `roles`: of arguments, or of a result, in the order of `payloadRoles`.
   */
  readonly note: (record: number, about: About) => void
  /** From here on it has these no more. */
  readonly gone: (record: number, roles: readonly PayloadRole[]) => void
  readonly of: (record: number) => About
}

export type About = {
  readonly time: number | undefined
  readonly kept: number
  readonly roles: readonly PayloadRole[]
}

/** It shares a byte with the roles. */
export const keptMax = 35

export function openWritten(): Written {
  const pages = new Map<number, Page>()
  let at = -1
  /** The page being written. */
  let open = emptyPage()
  const pageOf = (record: number) => {
    const page = Math.floor(record / pageRecords)
    return (page === at ? open : pages.get(page)) ?? nothing
  }
  return {
    note: (record, { time, kept, roles }) => {
      const page = Math.floor(record / pageRecords)
      if (page !== at) {
        if (at >= 0) pages.set(at, packed(open))
        at = page
        open = emptyPage()
      }
      open.offsets[record % pageRecords] = time === undefined ? 0 : time - open.before
      open.held[record % pageRecords] = kept * forms.length + formOf(roles)
    },
    gone: (record, roles) => {
      const { held } = pageOf(record)
      const both = held[record % pageRecords] ?? 0
      const form = both % forms.length
      const left = forms[form]?.filter((role) => !roles.includes(role)) ?? []
      held[record % pageRecords] = both - form + formOf(left)
    },
    of: (record) => {
      const { before, offsets, held } = pageOf(record)
      const offset = offsets[record % pageRecords] ?? 0
      const both = held[record % pageRecords] ?? 0
      return {
        time: offset === 0 ? undefined : before + offset,
        kept: Math.floor(both / forms.length),
        roles: forms[both % forms.length] ?? [],
      }
    },
  }
}

const pageRecords = 4096

/** A record is about arguments or about a result: never has it payloads of both. */
const forms: readonly (readonly PayloadRole[])[] = [
  [],
  ['args'],
  ['forwarded'],
  ['args', 'forwarded'],
  ['result'],
  ['returned'],
  ['result', 'returned'],
]

function formOf(roles: readonly PayloadRole[]): number {
  const has = (role: PayloadRole) => Number(roles.includes(role))
  const ofResult = has('result') + 2 * has('returned')
  return ofResult > 0 ? 3 + ofResult : has('args') + 2 * has('forwarded')
}

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
