import type { LeafRecord, PayloadRole } from '../record.ts'
import type { FunctionFacts } from './content.ts'
import { timeOf } from './dates.ts'
import type { Remembered } from './remembered.ts'
import type { Rulebooks } from './rulebooks.ts'
import { type Soon, soon } from './soon.ts'
import type { SeenLeaf } from './watch.ts'

export type RetentionNeeds = { readonly rulebooks: Rulebooks; readonly remembered: Remembered }

/**
 * What the gateway commits to and does not keep: payloads of functions that say so, results that passed
 * as a stream, and arguments of a refused call that the record must not see and that were not masked yet.
 */
export function wasNeverKept(
  { record }: SeenLeaf,
  role: PayloadRole,
  needs: RetentionNeeds,
): Soon<boolean> {
  if (record.type === 'call.chunk') return true
  if (record.type === 'call.outcome' && role === 'returned' && !record.result) return true
  return soon(functionOf(record, needs), (fn) => {
    if (!fn) return false
    if (!fn.keepsPayloads && record.type !== 'approval.requested') return true
    return (
      record.type === 'call.denied' && fn.argumentMasks.some(({ from }) => from.includes('record'))
    )
  })
}

/**
 * Under which class payloads are kept: as the rulebook says that the record, or the intent it follows, cites. A
 * question cites none; it is put by one that was in force right before.
 */
export function retentionOf(
  { record }: SeenLeaf,
  { rulebooks, remembered }: RetentionNeeds,
): Soon<string | undefined> {
  if (record.type === 'approval.requested') return retentionAround(record, rulebooks)
  const isFirst = record.type === 'call.authorized' || record.type === 'call.denied'
  const facts = isFirst ? record : 'intent' in record ? remembered.intent(record.call) : undefined
  if (!facts?.fn || !facts.decision) return undefined
  const { name } = facts.fn
  return soon(rulebooks.content(facts.decision.policy), (content) => {
    return content?.functions.get(name)?.retention
  })
}

/** Undefined where rulebooks of that time differ in it. */
async function retentionAround(
  { fn, time }: Extract<LeafRecord, { type: 'approval.requested' }>,
  rulebooks: Pick<Rulebooks, 'around'>,
): Promise<string | undefined> {
  const contents = await rulebooks.around(timeOf(time) ?? 0)
  const classes = new Set(contents.map(({ functions }) => functions.get(fn)?.retention))
  const [only] = classes
  return classes.size === 1 ? only : undefined
}

/** The function of a call's record, as the rulebook of its decision has it. */
function functionOf(
  record: LeafRecord,
  { rulebooks, remembered }: RetentionNeeds,
): Soon<FunctionFacts | undefined> {
  const isFirst = record.type === 'call.authorized' || record.type === 'call.denied'
  const call = 'call' in record ? record.call : undefined
  const facts = isFirst ? record : call === undefined ? undefined : remembered.intent(call)
  const digest = facts?.decision?.policy ?? rulebooks.current()
  if (!facts?.fn || digest === undefined) return undefined
  const { name } = facts.fn
  return soon(rulebooks.content(digest), (content) => content?.functions.get(name))
}
