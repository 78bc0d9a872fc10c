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

type Kept = Pick<Leaves, 'leavesOfCall'> & Pick<Payloads, 'payload'>

/** Puts together what the question's record kept. */
export async function viewOf(store: Kept, approval: Approval): Promise<ApprovalView> {
  const { record, question } = await questionAsked(store, approval)
  const request = record === undefined ? undefined : await store.payload(record, 'args')
  return {
    approval,
    record,
    question,
    request: request && {
      text: visibleBytes(request.subarray(0, shownBytesMax)),
      bytes: request.length,
      shortened: request.length > shownBytesMax,
    },
  }
}

/** The same without the request as it was received. */
export async function questionAsked(
  store: Kept,
  approval: Approval,
): Promise<Pick<ApprovalView, 'record' | 'question'>> {
  const record = await requestedAt(store, approval)
  const question = record === undefined ? undefined : await store.payload(record, 'forwarded')
  return { record, question: question && readQuestion(question) }
}

async function requestedAt(
  store: Pick<Leaves, 'leavesOfCall'>,
  approval: Approval,
): Promise<number | undefined> {
  for (const { index, bytes } of await store.leavesOfCall(approval.callId)) {
    const leaf = parseLeaf(bytes)
    if (leaf.type === 'approval.requested' && leaf.approval === approval.id) return index
  }
  return undefined
}

/** 64 KiB: more than anybody reads. */
const shownBytesMax = 65_536
