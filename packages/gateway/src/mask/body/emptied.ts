import type { SpanStrategy } from '../../model/detection.ts'
import type { DetectionPlan } from '../plan.ts'
import { redacted } from '../span-strategy.ts'
import type { RawCell } from './raw-cell.ts'

/** Whether a strategy takes values out rather than putting something in their place. */
export const isEmptying = ({ kind }: SpanStrategy): boolean => kind === 'drop' || kind === 'null'

/**
 * What a JSON string or number becomes that is taken out together with its quotes, as `emptyPlace` allows. Undefined:
 * the value is only a part of the cell, or the cell is no JSON.
 */
export function emptied(
  cell: RawCell,
  span: { readonly start: number; readonly end: number; readonly type: string },
  place: { readonly path: string; readonly emptyPlace: DetectionPlan['emptyPlace'] },
): Uint8Array | undefined {
  if (span.start !== cell.from || span.end !== cell.to) return undefined
  if (cell.quoted !== true && cell.kind !== 'number') return undefined
  const allowed = place.emptyPlace?.(place.path) ?? 'null'
  if (allowed === 'mark') return Buffer.from(JSON.stringify(redacted(span.type)))
  return allowed === 'null' ? nullText : zeroText
}

const nullText: Uint8Array = Buffer.from('null')
const zeroText: Uint8Array = Buffer.from('0')
