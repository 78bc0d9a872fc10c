import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import { type LeafRecord, type Masking, partyId } from '@sallyport/evidence/record'
import type { CallSummary } from '../model/call-summary.ts'
import type { Leaf } from '../store/store.ts'
import type { CallDetail, CallListed, ProofState } from './contract.ts'

type Head = Extract<LeafRecord, { type: 'call.authorized' | 'call.denied' }>
type Ending = Extract<LeafRecord, { type: 'call.outcome' | 'reconcile.indeterminate' }>

/**
 * One call, put together from all its leaves, ascending. Undefined when none of them is the call's
 * intent or denial: it may be held, and has not begun as far as the log knows.
 */
export function summarize(leaves: readonly Leaf[]): CallSummary | undefined {
  const parsed = leaves.map(({ bytes }) => parseLeaf(bytes))
  const head = parsed.find(isHead)
  if (!head) return undefined
  const end = parsed.findLast(isEnding)
  const { caller, obo, fn, decision } = head
  const effect = decision?.effect === 'deny' ? 'forbid' : 'permit'
  return {
    id: head.call,
    session: head.session ?? '',
    functionId: fn?.name,
    wants: head.wants,
    caller: caller && partyId(caller),
    onBehalfOf: obo?.[0] && partyId(obo[0]),
    startedAt: Date.parse(head.time),
    endedAt: end
      ? Date.parse(end.time)
      : head.type === 'call.denied'
        ? Date.parse(head.time)
        : undefined,
    ending: endingOf(head, end),
    status: end?.type === 'call.outcome' && end.status > 0 ? end.status : undefined,
    reasons: (decision?.rules ?? []).map((policy) => ({ policy, effect })),
    masked: [...maskedBy(head), ...maskedBy(end)].map(hidden),
    approvalId: head.type === 'call.denied' ? head.approval : head.approvals[0]?.id,
    records: leaves.map(({ index }) => index),
  }
}

/** The same in the form of the contract. */
export function listedCall(call: CallSummary): CallListed {
  return {
    id: call.id,
    session: call.session,
    function: call.functionId ?? null,
    wants: call.wants ?? null,
    caller: call.caller ?? null,
    on_behalf_of: call.onBehalfOf ?? null,
    started_at: new Date(call.startedAt).toISOString(),
    ended_at: call.endedAt === undefined ? null : new Date(call.endedAt).toISOString(),
    ending: call.ending,
    status: call.status ?? null,
    rules: call.reasons.map(({ policy }) => policy),
    masked: [...call.masked],
    approval: call.approvalId ?? null,
    records: [...call.records],
  }
}

/** Everything the log says about one call. */
export function detailedCall(
  leaves: readonly Leaf[],
  stateOf: (index: number) => ProofState,
): CallDetail | undefined {
  const call = summarize(leaves)
  if (!call) return undefined
  const parsed = leaves.map(({ index, bytes }) => ({ index, leaf: parseLeaf(bytes) }))
  const head = parsed.map(({ leaf }) => leaf).find(isHead)
  return {
    ...listedCall(call),
    rulebook: head?.decision?.policy ?? null,
    labels: [...(head?.labels ?? [])],
    trace: head?.trace ?? null,
    leaves: parsed.map(({ index, leaf }) => ({
      index,
      type: leaf.type,
      time: leaf.time,
      state: stateOf(index),
      leaf: { ...leaf },
    })),
  }
}

/** True for the leaf a call begins with in lists. */
export function isHead(leaf: LeafRecord): leaf is Head {
  return leaf.type === 'call.authorized' || leaf.type === 'call.denied'
}

export function isEnding(leaf: LeafRecord): leaf is Ending {
  return leaf.type === 'call.outcome' || leaf.type === 'reconcile.indeterminate'
}

function endingOf(head: Head, end: Ending | undefined): CallSummary['ending'] {
  if (end) return end.type === 'call.outcome' ? end.ending : 'indeterminate'
  return head.type === 'call.denied' ? head.code : 'running'
}

function hidden({
  rule,
  path,
  how,
  n,
  entity,
  detector,
  version,
}: Masking): CallSummary['masked'][number] {
  return {
    ...{ rule, path, how, count: n },
    ...(entity !== undefined && { entity }),
    ...(detector !== undefined && { detector }),
    ...(version !== undefined && { version }),
  }
}

function maskedBy(leaf: Head | Ending | undefined): readonly Masking[] {
  return leaf && 'masked' in leaf ? leaf.masked : []
}
