import type { Approval } from '../model/approval.ts'
import type { BreakGlass } from '../model/break-glass.ts'
import type { Message, MessageFact } from '../model/message.ts'
import type { Notice } from '../model/notice.ts'
import type { BreakGlasses } from '../store/approvals.ts'
import type { Desk } from './desk.ts'
import type { Question } from './question.ts'
import { visibleText } from './visible.ts'

/**
 * What people may be told about a question or an emergency, as it stands now; undefined: nothing any more. The
 * arguments are the masked view of them, and where the flow says `minimal` there is no more than the function's
 * name.
 */
export async function messageOf(
  {
    desk,
    store,
    now,
  }: {
    readonly desk: Pick<Desk, 'view' | 'progress'>
    readonly store: Pick<BreakGlasses, 'breakGlass'>
    readonly now: () => number
  },
  { event, about }: Pick<Notice, 'event' | 'about'>,
): Promise<Message | undefined> {
  if (event === 'break-glass.opened' || event === 'break-glass.overdue') {
    const glass = await store.breakGlass(about)
    return glass && glassMessage(event, glass, now())
  }
  const view = await desk.view(about)
  if (!view) return undefined
  const { approval, question, record } = view
  const isShown = approval.message === 'masked' && question !== undefined
  const isOpen = approval.state === 'PENDING'
  // What it asked for is no longer wanted; that it was settled is told by the notice of that.
  if (!isOpen && event !== 'approval.settled') return undefined
  const name = visibleText(approval.functionId)
  return {
    event,
    about,
    subject: isOpen ? `A call to ${name} needs approval` : `A call to ${name}: ${said(approval)}`,
    state: approval.state,
    open: isOpen,
    facts:
      approval.message === 'minimal'
        ? [fact('function', approval.functionId)]
        : shownFacts(approval, question, desk.progress(approval)),
    path: `/approvals/${approval.id}`,
    ...(isOpen && { decideBy: approval.decideBy }),
    ...(isShown && record !== undefined && { shows: record }),
    // Nobody decides on what they were not shown.
    ...(isOpen &&
      approval.slackDecides &&
      isShown && {
        slackVote: { offer: approval.offer, reasonChars: approval.reasonChars },
      }),
  }
}

function shownFacts(
  approval: Approval,
  question: Question | undefined,
  progress: ReturnType<Desk['progress']>,
): readonly MessageFact[] {
  const { functionId, subject, actors, triggeredBy, reasons, terms, session } = approval
  return [
    fact('function', functionId),
    ...(question
      ? [
          shown('purpose', question.function.purpose),
          shown('owner', question.function.owner),
          shown('risk', `${question.function.risk} risk, ${question.function.sensitivity}`),
          shown('upstream', question.upstream),
        ]
      : []),
    fact('subject', subject),
    ...(actors.length > 0 ? [fact('actors', actors.join(' for '))] : []),
    ...(triggeredBy.length > 0 ? [fact('set_off_by', triggeredBy.join(', '))] : []),
    ...reasons.map(({ policy, text }) => fact('reason', text ?? policy)),
    ...(terms.kind === 'call' ? [] : [fact('terms', termsText(terms))]),
    ...(terms.kind === 'session' ? [fact('session', session)] : []),
    ...(question
      ? [
          {
            ...shown('arguments', JSON.stringify(question.arguments, undefined, 2)),
            untrusted: true,
          } as const,
        ]
      : []),
    ...(question?.unreadBody
      ? [shown('body', 'It also streams a body that nobody has seen, and no approval covers.')]
      : []),
    ...progress.map(({ name, have, need }) => fact('votes', `${name}: ${have} of ${need}`)),
  ]
}

function termsText(terms: Exclude<Approval['terms'], { readonly kind: 'call' }>): string {
  const { kind, uses, forMs, when } = terms
  const conditions = when.map((condition) => `, while ${condition}`).join('')
  return `${kind}: ${uses} calls within ${Math.ceil(forMs / 60_000)} min${conditions}`
}

function said({ state }: Approval): string {
  return state === 'BYPASSED' ? 'let through by breaking the glass' : state.toLowerCase()
}

function glassMessage(
  event: Message['event'],
  glass: BreakGlass,
  now: number,
): Message | undefined {
  const isReviewed = glass.review !== undefined
  if (event === 'break-glass.overdue' && isReviewed) return undefined
  const isOverdue = !isReviewed && glass.reviewBy <= now
  const state = isReviewed ? 'REVIEWED' : isOverdue ? 'OVERDUE' : 'OPEN'
  const by = visibleText(glass.by)
  return {
    event,
    about: glass.id,
    subject: isOverdue ? `The review of ${by}'s break-glass is overdue` : `${by} broke the glass`,
    state,
    open: !isReviewed,
    facts: [
      fact('by', glass.by),
      untrusted('reason', glass.reason),
      untrusted('incident', glass.incident),
      fact('functions', glass.functions.join(', ')),
      fact('until', new Date(glass.expiresAt).toISOString()),
      fact('reviewBy', new Date(glass.reviewBy).toISOString()),
    ],
    path: `/break-glass/${glass.id}`,
  }
}

/** Text that was made visible already, as that of a question is, stays as it is: an escape is escaped once. */
function shown(name: string, text: string): MessageFact {
  return { name, text }
}

function fact(name: string, text: string): MessageFact {
  return shown(name, visibleText(text))
}

/** Said by whoever makes the call. */
function untrusted(name: string, text: string): MessageFact {
  return { ...fact(name, text), untrusted: true }
}
