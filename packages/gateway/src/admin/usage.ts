import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import type { Approval } from '../model/approval.ts'
import type { Leaf, Leaves } from '../store/store.ts'
import type { Usage, UsageCounts } from './approval-contract.ts'
import { isHead, summarize } from './call-summary.ts'

/**
 * How the caller of this approval has used its function up to `now` (Unix milliseconds), the call that is asked
 * about left out. Looks back over `callsMax` calls at most, and says when there were more.
 */
export async function usageOf(
  store: Pick<Leaves, 'callHeads' | 'leavesOfCall'>,
  approval: Pick<Approval, 'actors' | 'subject' | 'functionId' | 'callId'>,
  now: number,
): Promise<Usage> {
  const { functionId, callId } = approval
  const caller = approval.actors[0] ?? approval.subject
  const heads = await store.callHeads({ functionId, caller, limit: callsMax })
  const since = now - 30 * dayMs
  const recent = heads.filter((head) => timeOf(head) >= since && callOf(head) !== callId)
  const ended = await Promise.all(recent.map((head) => endingOf(store, head)))
  const last = heads.find((head) => callOf(head) !== callId)
  const oldest = heads.at(-1)
  return {
    caller,
    days_7: counted(ended.filter(({ at }) => at >= now - 7 * dayMs)),
    days_30: counted(ended),
    last_at: last ? new Date(timeOf(last)).toISOString() : null,
    at_least: heads.length === callsMax && oldest !== undefined && timeOf(oldest) >= since,
  }
}

type Ended = { readonly at: number; readonly ending: string; readonly denied: boolean }

/** Only a call that was forwarded has more than its first record to tell how it ended. */
async function endingOf(store: Pick<Leaves, 'leavesOfCall'>, head: Leaf): Promise<Ended> {
  const leaf = parseLeaf(head.bytes)
  const at = Date.parse(leaf.time)
  if (leaf.type === 'call.denied') {
    return { at, ending: leaf.code, denied: leaf.code !== 'approval-required' }
  }
  const call = isHead(leaf) ? summarize(await store.leavesOfCall(leaf.call)) : undefined
  return { at, ending: call?.ending ?? 'running', denied: false }
}

function counted(ended: readonly Ended[]): UsageCounts {
  const by_ending: Record<string, number> = {}
  for (const { ending } of ended) by_ending[ending] = (by_ending[ending] ?? 0) + 1
  return { calls: ended.length, denied: ended.filter(({ denied }) => denied).length, by_ending }
}

function timeOf({ bytes }: Leaf): number {
  return Date.parse(parseLeaf(bytes).time)
}

function callOf({ bytes }: Leaf): string | undefined {
  const leaf = parseLeaf(bytes)
  return isHead(leaf) ? leaf.call : undefined
}

/** A person looks for whether it is usual, which the newest show; each costs a read. */
const callsMax = 200
const dayMs = 86_400_000
