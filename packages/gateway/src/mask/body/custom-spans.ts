import type { Span } from '../detect/cell.ts'
import type { DetectionPlan } from '../plan.ts'

/** What a rulebook's own patterns find in one text. */
export function customSpans(
  custom: DetectionPlan['custom'],
  bytes: Uint8Array,
  from: number,
  to: number,
): readonly Span[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString()
  const ascii = text.length === to - from
  return custom.flatMap(({ id, entity, confidence, find }) => {
    const offset = ascii ? (at: number) => from + at : offsetsOf(text, from)
    return find(text).map(
      ([start, end]): Span => ({
        type: entity,
        rule: id,
        start: offset(start),
        end: offset(end),
        confidence,
        validator: undefined,
      }),
    )
  })
}

/** Where UTF-16 offsets are in bytes, one walk for all of them as long as they ascend. */
function offsetsOf(text: string, from: number): (at: number) => number {
  let last = 0
  let byte = from
  return (at) => {
    if (at < last) {
      last = 0
      byte = from
    }
    byte += Buffer.byteLength(text.slice(last, at))
    last = at
    return byte
  }
}
