import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import type { Approval } from '../model/approval.ts'
import type { Leaves, Payloads } from '../store/store.ts'
import { type Question, readQuestion } from './question.ts'
import { visibleBytes } from './visible.ts'

/** What a person is shown before they answer. All text in it is safe to look at; see visible.ts. */
export type ApprovalView = {
  readonly approval: Approval
  /** The index of the record that asked; what was shown is kept beside it. */
  readonly record: number | undefined
  /** Undefined when its payload was erased: then nobody can judge it any more. */
  readonly question: Question | undefined
  /** The request as it was received, with what the record must not see masked. */
  readonly request:
    | {
        readonly text: string
        /** Length of the whole; `text` may be its beginning only. */
        readonly bytes: number
        readonly shortened: boolean
      }
    | undefined
}

/** Puts together what the question's record kept. */
export async function viewOf(store: Leaves & Payloads, approval: Approval): Promise<ApprovalView> {
  const index = await requestedAt(store, approval)
  if (index === undefined)
    return { approval, record: undefined, question: undefined, request: undefined }
  const question = await store.payload(index, 'forwarded')
  const request = await store.payload(index, 'args')
  return {
    approval,
    record: index,
    question: question && readQuestion(question),
    request: request && {
      text: visibleBytes(request.subarray(0, shownBytesMax)),
      bytes: request.length,
      shortened: request.length > shownBytesMax,
    },
  }
}

async function requestedAt(store: Leaves, approval: Approval): Promise<number | undefined> {
  for (const { index, bytes } of await store.leavesOfCall(approval.callId)) {
    const leaf = parseLeaf(bytes)
    if (leaf.type === 'approval.requested' && leaf.approval === approval.id) return index
  }
  return undefined
}

/** 64 KiB: more than anybody reads. */
const shownBytesMax = 65_536
