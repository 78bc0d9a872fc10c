import type { ApprovalDetail } from '../admin/contract.ts'
import type { Style } from './style.ts'
import { visible, visibleJson, visibleLines } from './visible.ts'

/** Exactly what would run, as a person judges it: who, what, with which arguments, why it is held. */
export function approvalLines(approval: ApprovalDetail, style: Style): string[] {
  const { question } = approval
  return [
    style.bold(`${visible(approval.function)} (${approval.state.toLowerCase()})`),
    ...labelled(style, [
      ['approval', approval.id],
      ['on behalf of', approval.subject],
      ['done by', approval.actors.join(', then ') || approval.subject],
      ['session', approval.session],
      ['purpose', question?.function.purpose],
      ['owner', question?.function.owner],
      ['sensitivity', question?.function.sensitivity],
      ['risk', question?.function.risk],
      ['upstream', question?.upstream],
      ['held by', approval.reasons.map(reasonText).join('; ') || undefined],
      ['needs', approval.approver_groups.join(' and ')],
      ['votes', approval.votes.map(voteText).join('; ') || undefined],
      ['decide by', approval.decide_by],
      ['claim by', approval.claim_by ?? undefined],
      ['digest', approval.digest],
    ]),
    ...argumentLines(approval, style),
    ...(approval.you.may_vote ? [] : [style.dim(`You cannot vote: ${approval.you.why_not ?? ''}`)]),
  ]
}

function argumentLines({ question, request, withheld }: ApprovalDetail, style: Style): string[] {
  if (withheld) {
    return [style.yellow('! What is asked is for its approvers and payload-readers to read.')]
  }
  if (!question) return [style.yellow('! What was asked has been erased; nobody can judge it now.')]
  return [
    style.bold('Arguments'),
    ...indented(visibleJson(question.arguments, 2)),
    ...(question.unread_body
      ? [style.yellow('! The call also streams a body that nobody has seen.')]
      : []),
    ...(request
      ? [
          style.bold(`Request as received (${request.bytes} bytes)`),
          ...indented(visibleLines(request.text)),
          ...(request.shortened ? [style.yellow('! Only its beginning is shown.')] : []),
        ]
      : []),
  ]
}

function indented(text: string): string[] {
  return text.split('\n').map((line) => `  ${line}`)
}

function labelled(
  style: Style,
  pairs: readonly (readonly [label: string, value: string | undefined])[],
): string[] {
  return pairs
    .filter(([, value]) => value !== undefined)
    .map(([label, value = '']) => `  ${style.dim(label.padEnd(12))}  ${visible(value)}`)
}

function reasonText({ policy, text }: ApprovalDetail['reasons'][number]): string {
  return text === null ? policy : `${policy}: ${text}`
}

function voteText({ by, verdict, group, reason }: ApprovalDetail['votes'][number]): string {
  return `${by} ${verdict === 'approve' ? 'approved' : 'denied'} for ${group}${reason && `: ${reason}`}`
}
