import type { PayloadRole } from '@sallyport/evidence/record'
import { changesBetween } from '../approval/changes.ts'
import { freeTexts } from '../approval/free-text.ts'
import { lastApproved } from '../approval/last-approved.ts'
import type { Question } from '../approval/question.ts'
import { type ApprovalView, questionAsked } from '../approval/view.ts'
import type { Approval } from '../model/approval.ts'
import type { ClearanceTerms } from '../model/clearance.ts'
import type { ApprovalDetail, ApprovalSummary, Comparison, Terms } from './approval-contract.ts'
import type { AdminNeeds, SignedInPerson } from './needs.ts'
import { mayReadQuestion, mayWithdraw } from './part.ts'
import { usageOf } from './usage.ts'

/** One approval as this person may see it in lists. */
export async function summaryOf(
  needs: AdminNeeds,
  approval: Approval,
  person: SignedInPerson,
): Promise<ApprovalSummary> {
  const { desk } = needs
  const isPending = approval.state === 'PENDING'
  const [whyNot, onBehalfOf, clearance] = await Promise.all([
    desk.whyNot(approval, person),
    isPending ? desk.onBehalfOf(approval, person) : [],
    approval.clearance === undefined ? undefined : desk.clearance(approval.clearance),
  ])
  return {
    id: approval.id,
    revision: approval.revision,
    state: approval.state,
    digest: approval.offer,
    terms: termsShown(approval.terms),
    clearance: clearance
      ? { id: clearance.id, state: clearance.state, expires_at: iso(clearance.expiresAt) }
      : null,
    call: approval.callId,
    function: approval.functionId,
    subject: approval.subject,
    actors: [...approval.actors],
    triggered_by: [...approval.triggeredBy],
    session: approval.session,
    delivery: approval.delivery,
    approver_groups: [...approval.approverGroups],
    progress: desk.progress(approval).map(({ flow, name, have, need, groups, open }) => ({
      ...{ flow, name, have, need, open },
      groups: [...groups],
    })),
    reasons: approval.reasons.map(({ policy, effect, text, cause }) => ({
      ...{ policy, effect, text: text ?? null },
      ...(cause && { cause }),
    })),
    created_at: iso(approval.createdAt),
    decide_by: iso(approval.decideBy),
    votes: approval.votes.map((vote) => ({
      by: vote.by,
      on_behalf_of: vote.onBehalfOf ?? null,
      verdict: vote.verdict,
      step: approval.steps[vote.step]?.name ?? String(vote.step),
      group: vote.group,
      reason: vote.reason,
      channel: vote.channel,
      at: iso(vote.at),
    })),
    reason_chars: { ...approval.reasonChars },
    you: {
      may_vote: whyNot === undefined,
      why_not: whyNot ?? null,
      on_behalf_of: [...onBehalfOf],
      may_withdraw: isPending && mayWithdraw(needs, person, approval),
    },
  }
}

/**
 * The same with what is asked, where this person may read that: each payload that is shown is recorded as read
 * before anything of it leaves. Undefined when the approval is not there.
 */
export async function detailOf(
  needs: AdminNeeds,
  approval: Approval,
  person: SignedInPerson,
): Promise<ApprovalDetail | undefined> {
  const usage = await usageOf(needs.store, approval, needs.now())
  if (!(await mayReadQuestion(needs, person, approval))) {
    return {
      ...(await summaryOf(needs, approval, person)),
      ...{ withheld: true, question: null, request: null, said_by_caller: null },
      since_last_approved: comparedTo('withheld'),
      usage,
    }
  }
  const view = await needs.desk.view(approval.id)
  if (!view) return undefined
  const { record, question, request } = view
  const before = await comparison(needs, view, person)
  await recordReading(needs, person, [
    ...(request ? [{ record, role: 'args' as const }] : []),
    ...(question ? [{ record, role: 'forwarded' as const }] : []),
    ...(before.read === undefined ? [] : [{ record: before.read, role: 'forwarded' as const }]),
  ])
  return {
    ...(await summaryOf(needs, view.approval, person)),
    withheld: false,
    question: question ? questionShown(question) : null,
    request: request ?? null,
    said_by_caller: question ? saidByCaller(question) : null,
    since_last_approved: before.comparison,
    usage,
  }
}

async function comparison(
  needs: AdminNeeds,
  { approval, question }: ApprovalView,
  person: SignedInPerson,
): Promise<{ readonly comparison: Comparison; readonly read?: number | undefined }> {
  const last = await lastApproved(needs.store, approval)
  if (typeof last === 'string') return { comparison: comparedTo(last) }
  if (!(await mayReadQuestion(needs, person, last))) {
    return { comparison: comparedTo('withheld') }
  }
  const asked = {
    approval: last.id,
    asked_at: iso(last.createdAt),
    subject: last.subject,
    actors: [...last.actors],
    same_arguments: last.binding.arguments === approval.binding.arguments,
  }
  const before = await questionAsked(needs.store, last)
  if (!before.question || !question) {
    return { comparison: { ...comparedTo('erased'), ...asked } }
  }
  const { changes, shortened } = changesBetween(before.question.arguments, question.arguments)
  return {
    comparison: { ...asked, outcome: 'compared', changes: [...changes], shortened },
    read: before.record,
  }
}

/** Nothing of another approval. */
function comparedTo(outcome: Comparison['outcome']): Comparison {
  return {
    ...{ outcome, approval: null, asked_at: null, subject: null, actors: [] },
    ...{ same_arguments: null, changes: [], shortened: false },
  }
}

async function recordReading(
  { store, now }: AdminNeeds,
  { subject }: SignedInPerson,
  readings: readonly { readonly record: number | undefined; readonly role: PayloadRole }[],
): Promise<void> {
  const time = new Date(now()).toISOString()
  await Promise.all(
    readings.flatMap(({ record, role }) =>
      record === undefined
        ? []
        : [
            // Conflict, when it was destroyed since it was read, is answered in app.ts.
            store.commit({
              record: { type: 'payload.read', time, record, role, by: subject.id },
              change: { kind: 'payload.read', record, role },
              payloads: [],
            }),
          ],
    ),
  )
}

function questionShown(question: Question): NonNullable<ApprovalDetail['question']> {
  const { id, purpose, owner, sensitivity, risk } = question.function
  return {
    function: { id, purpose, owner, sensitivity, risk },
    parties: question.parties.map((party) => ({ ...party, groups: [...party.groups] })),
    connection: question.connection,
    upstream: question.upstream,
    protocol: question.protocol,
    arguments: { ...question.arguments },
    headers: [...question.headers],
    unread_body: question.unreadBody,
  }
}

function saidByCaller(question: Question): NonNullable<ApprovalDetail['said_by_caller']> {
  return {
    untrusted: true,
    session_name: question.sessionName ?? null,
    texts: freeTexts(question.arguments).map((one) => ({ ...one })),
  }
}

function termsShown(terms: ClearanceTerms): Terms {
  if (terms.kind === 'call') return { kind: 'call' }
  const { kind, uses, forMs, when } = terms
  return { kind, uses, for_ms: forMs, when: [...when] }
}

export function iso(ms: number): string {
  return new Date(ms).toISOString()
}
