import { scanCell } from './detect/scan.ts'
import type { Recognised } from './plan.ts'

type Stretch = readonly [start: number, end: number]

/**
 * What is left of what a recogniser saw in a text beside what the detectors are sure of: by entity, ascending stretches
 * (UTF-16 offsets) that do not overlap. One read of the text and one merge of the two lists, whatever they hold.
 */
export function unproved(
  text: string,
  recognised: readonly Recognised[],
): ReadonlyMap<string, readonly Stretch[]> {
  const rest = new Map<string, readonly Stretch[]>()
  if (recognised.length === 0) return rest
  const proved = provedIn(text)
  for (const [entity, seen] of Map.groupBy(recognised, ({ entity }) => entity)) {
    rest.set(entity, without(united(seen), proved))
  }
  return rest
}

/** As one where they overlap; stretches that only touch stay two. */
function united(seen: readonly { readonly start: number; readonly end: number }[]): Stretch[] {
  const ascending = seen.toSorted((one, other) => one.start - other.start)
  const stretches: Stretch[] = []
  for (const { start, end } of ascending) {
    const last = stretches.at(-1)
    if (last === undefined || start >= last[1]) stretches.push([start, end])
    else if (end > last[1]) stretches[stretches.length - 1] = [last[0], end]
  }
  return stretches
}

/** Both ascend, and neither overlaps itself. */
function without(stretches: readonly Stretch[], taken: readonly Stretch[]): readonly Stretch[] {
  const left: Stretch[] = []
  let next = 0
  for (const [start, end] of stretches) {
    let from = start
    for (let one = taken[next]; one !== undefined && one[0] < end; one = taken[next]) {
      if (one[0] > from) left.push([from, one[0]])
      from = Math.max(from, one[1])
      // What reaches further may reach into the stretch after this one.
      if (one[1] > end) break
      next += 1
    }
    if (from < end) left.push([from, end])
  }
  return left
}

/** A detector that is surer than this has a checksum or an unmistakable form. */
const sure = 80

function provedIn(text: string): Stretch[] {
  const bytes = Buffer.from(text)
  const spans: Parameters<typeof scanCell>[1] = []
  scanCell({ bytes, from: 0, to: bytes.length, hint: 0, kind: 'string' }, spans)
  const utf16 = offsetsOf(text, bytes)
  return united(
    spans.filter(({ confidence, validator }) => confidence >= sure || validator !== undefined),
  ).map(([start, end]) => [utf16(start), utf16(end)])
}

/** UTF-16 offsets of offsets of bytes, which have to be asked for in ascending order: all are one walk. */
function offsetsOf(text: string, bytes: Buffer): (at: number) => number {
  if (text.length === bytes.length) return (at) => at
  let byte = 0
  let offset = 0
  return (at) => {
    offset += bytes.toString('utf8', byte, at).length
    byte = at
    return offset
  }
}
