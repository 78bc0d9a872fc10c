import type { LeafRecord, PayloadRole } from '../record.ts'
import type { Report } from './verdict.ts'
import type { Scene } from './watch.ts'

type Of<Type extends LeafRecord['type']> = {
  readonly index: number
  readonly record: Extract<LeafRecord, { type: Type }>
}

/**
 * What was read was there to be read: a payload that an earlier record commits to, and that was not gone. A gateway
 * records a reading in the transaction in which it looks whether the payload is kept.
 */
export function checkReading(
  { report, isWhole }: Pick<Scene, 'report' | 'isWhole'>,
  { index, record }: Of<'payload.read'>,
  /** Of an earlier record: the payloads it still has; undefined where it has none, or is not shown. */
  rolesOf: (record: number) => readonly PayloadRole[] | undefined,
): void {
  report.examined('commitments')
  const { role } = record
  const roles = rolesOf(record.record)
  if (roles?.includes(role)) return
  const isUnshown = roles === undefined && !isWhole && record.record < index
  const detail = `${role} of record ${record.record}`
  if (!isUnshown) report.find('reading-unfounded', { record: index, detail })
}

/** An export is frozen at a checkpoint before its record, and shows something. */
export function checkExport(
  report: Pick<Report, 'find' | 'examined'>,
  { index, record }: Of<'evidence.exported'>,
): void {
  report.examined('commitments')
  const { scope, from, to, session } = record
  const isAmongRecords = from < to && to <= index
  const isOfScope = (scope === 'session') === (session !== undefined)
  const isFromStart = scope !== 'whole' || from === 0
  if (isAmongRecords && isOfScope && isFromStart) return
  report.find('export-impossible', { record: index, detail: `${scope}, from ${from} to ${to}` })
}
