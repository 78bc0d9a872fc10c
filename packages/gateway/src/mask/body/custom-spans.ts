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
  const offset = (at: number) => from + (ascii ? at : Buffer.byteLength(text.slice(0, at)))
  return custom.flatMap(({ id, entity, confidence, find }) =>
    find(text).map(
      ([start, end]): Span => ({
        type: entity,
        rule: id,
        start: offset(start),
        end: offset(end),
        confidence,
        validator: undefined,
      }),
    ),
  )
}
