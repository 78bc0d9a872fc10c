import type { Question } from '../../../call/follow-up.ts'
import type { JsonObject } from '../../../model/json.ts'
import { textResult } from './text-result.ts'

/** The tool of the gateway's own by which a caller of an older revision waits for an answer. */
export const waitToolName = 'sallyport_wait_for_approval'

/** What a caller that was held, or came back too often, may do about a question that nobody has answered. */
export function pendingStep({ isModern }: { readonly isModern: boolean }): string {
  return isModern
    ? 'It was not made. Repeat the identical call later: once it is approved, it is made.'
    : `It was not made. Call ${waitToolName} with this approval_id, then repeat the identical call: once it is approved, it is made.`
}

/** What the caller of `sallyport_wait_for_approval` is told. A wait that ended without an answer is no error. */
export function waitedResult(question: Question): JsonObject {
  const { id, state, clearance } = question
  const open = question.steps.filter((step) => step.open)
  const groups = open.flatMap((step) => step.groups)
  const isUsable = clearance?.state === 'ACTIVE' || clearance?.state === 'ISSUED'
  const step = nextStep(state, isUsable)
  const said = state === 'PENDING' ? waitsFor(id, groups) : `Approval ${id} is ${wordOf(state)}.`
  return textResult(`${said} ${step}`, {
    isError: false,
    structured: { approval_id: id, state: wordOf(state), next_step: step },
  })
}

/** Whose yes is missing, in one line, for a person or a model. Names groups and nobody. */
export function waitsFor(id: string, groups: readonly string[]): string {
  const whom = groups.length > 0 ? ` of ${[...new Set(groups)].join(', ')}` : ''
  return `This call waits for the approval${whom} (${id}).`
}

function nextStep(state: Question['state'], isUsable: boolean): string {
  if (state === 'PENDING') return `Call ${waitToolName} again.`
  if (isUsable) return 'Repeat the identical call now.'
  if (state === 'APPROVED' || state === 'BYPASSED') return 'It was used; nothing is left to do.'
  if (state === 'DENIED') return 'Do not repeat the call.'
  return 'Make the call again if it is still needed.'
}

export function wordOf(state: Question['state']): string {
  return state.toLowerCase()
}
