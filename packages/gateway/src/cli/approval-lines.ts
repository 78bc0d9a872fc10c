import type {
  ApprovalDetail,
  ApprovalSummary,
  Terms,
  UsageCounts,
} from '../admin/approval-contract.ts'
import { comparisonLines } from './comparison-lines.ts'
import { marks, type Style } from './style.ts'
import { lengthOf } from './times.ts'
import { visible, visibleJson, visibleLines } from './visible.ts'

/** Exactly what would run, as a person judges it: who, what, with which arguments, why it is held. */
export function approvalLines(approval: ApprovalDetail, style: Style): string[] {
  const { question } = approval
  return [
    style.bold(`${visible(approval.function)} (${approval.state.toLowerCase()})`),
    ...labelled(style, [
      ['approval', approval.id],
      ['on behalf of', partyText(approval, approval.subject)],
      [
        'done by',
        approval.actors.map((actor) => partyText(approval, actor)).join(', then ') || 'themselves',
      ],
      ['set off by', approval.triggered_by.join(', ') || undefined],
      ['session', approval.session],
      ['purpose', question?.function.purpose],
      ['owner', question?.function.owner],
      ['sensitivity', question?.function.sensitivity],
      ['risk', question?.function.risk],
      ['upstream', question ? `${question.upstream} (${question.connection})` : undefined],
      ['held by', approval.reasons.map(reasonText).join('; ') || undefined],
      ['allows', termsText(approval.terms)],
      ['caller', deliveryText[approval.delivery]],
      ['needs', progressText(approval)],
      ['votes', approval.votes.map(voteText).join('; ') || undefined],
      ['decide by', approval.decide_by],
      ['clearance', clearanceText(approval)],
      ['digest', approval.digest],
    ]),
    ...argumentLines(approval, style),
    ...comparisonLines(approval.since_last_approved, style),
    ...usageLines(approval, style),
    ...overdueLines(approval, style),
    ...(approval.you.may_vote
      ? []
      : [style.dim(`You cannot vote: ${plainly(approval.you.why_not ?? '')}`)]),
    ...forOthersLines(approval, style),
  ]
}

/** Why somebody may not vote, as a sentence where the code alone is none. */
function plainly(why: string): string {
  return sentences.get(why) ?? why
}

const sentences: ReadonlyMap<string, string> = new Map([
  [
    'own-call',
    'the call is yours, or made for you, or with a key, an agent or an account of yours',
  ],
  ['not-a-person', 'only a person who signed in as themselves votes, and no key'],
  ['not-an-approver', 'you are in none of the groups whose vote is open now'],
  ['already-voted', 'you have voted on it already'],
])

/** How far the votes have come: `team 1/2, then security 0/1`; flows side by side with `and`. */
export function progressText({ progress }: Pick<ApprovalSummary, 'progress'>): string {
  const flows = new Map<string, string[]>()
  for (const { flow, name, have, need } of progress) {
    flows.set(flow, [...(flows.get(flow) ?? []), `${name} ${have}/${need}`])
  }
  return [...flows.values()].map((steps) => steps.join(', then ')).join(' and ')
}

export function stateOf({ state }: Pick<ApprovalSummary, 'state'>): string {
  if (state === 'PENDING') return `${marks.held} pending`
  return `${state === 'APPROVED' ? marks.ok : marks.refused} ${state.toLowerCase()}`
}

export function askedBy({ subject, actors }: ApprovalSummary): string {
  const [actor] = actors
  return actor === undefined ? subject : `${actor} for ${subject}`
}

/** `now` is Unix milliseconds. */
export function timeLeft({ state, decide_by }: ApprovalSummary, now: number): string {
  if (state !== 'PENDING') return ''
  return lengthOf(Math.max(0, Date.parse(decide_by) - now))
}

export function termsText(terms: Terms): string {
  if (terms.kind === 'call') return 'exactly this call, once'
  const calls = `up to ${terms.uses} calls of this function within ${lengthOf(terms.for_ms)}`
  const where = terms.kind === 'session' ? ' in this session' : ''
  const when = terms.when.length > 0 ? `, while ${terms.when.join(' and ')}` : ', any arguments'
  return `${calls}${where}${when}`
}

function argumentLines(approval: ApprovalDetail, style: Style): string[] {
  const { question, request, withheld } = approval
  if (withheld) {
    return [style.yellow('! What is asked is for its approvers and payload-readers to read.')]
  }
  if (!question) return [style.yellow('! What was asked has been erased; nobody can judge it now.')]
  return [
    style.bold('Arguments'),
    ...indented(visibleJson(question.arguments, 2)),
    ...(question.headers.length > 0
      ? [`Headers passed on, not shown: ${question.headers.join(', ')}`]
      : []),
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
    ...saidLines(approval, style),
  ]
}

/** So that nobody takes an agent's words for the gateway's. */
function saidLines({ said_by_caller: said }: ApprovalDetail, style: Style): string[] {
  if (!said || (said.session_name === null && said.texts.length === 0)) return []
  const texts = said.texts.map(({ pointer, text, shortened }) => [
    pointer,
    `${text}${shortened ? '…' : ''}`,
  ])
  const name = said.session_name === null ? [] : [['session name', said.session_name]]
  return [
    style.bold(`In the caller’s own words ${style.yellow('(untrusted: nobody has checked them)')}`),
    ...[...name, ...texts].map(
      ([label = '', text = '']) => `  ${style.dim(visible(label))}  “${visible(text)}”`,
    ),
  ]
}

function usageLines({ usage, function: fn }: ApprovalDetail, style: Style): string[] {
  const least = usage.at_least ? 'at least ' : ''
  const span = (days: string, counts: UsageCounts) =>
    `  ${style.dim(days.padEnd(12))}  ${least}${counts.calls} calls${endings(counts)}`
  return [
    style.bold(`${visible(usage.caller)} and ${visible(fn)} before`),
    span('in 7 days', usage.days_7),
    span('in 30 days', usage.days_30),
    `  ${style.dim('last'.padEnd(12))}  ${usage.last_at ?? 'never'}`,
  ]
}

function endings({ by_ending, denied }: UsageCounts): string {
  const shown = Object.entries(by_ending).map(([ending, n]) => `${visible(ending)} ${n}`)
  const refused = denied > 0 ? `; ${denied} denied` : ''
  return shown.length === 0 ? '' : ` (${shown.join(', ')}${refused})`
}

function forOthersLines({ you }: ApprovalDetail, style: Style): string[] {
  return you.on_behalf_of.map((party) =>
    style.dim(`You may vote for ${visible(party)}: --for-person ${visible(party)}`),
  )
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

function partyText({ question }: ApprovalDetail, id: string): string {
  const party = question?.parties.find((one) => one.id === id)
  if (!party) return id
  const groups = party.groups.length > 0 ? `, in ${party.groups.join(' ')}` : ''
  return `${id} (${party.kind}${groups})`
}

/** Agreeing to a call and certifying the grant it is made by are two acts. */
function overdueLines({ reasons }: ApprovalDetail, style: Style): readonly string[] {
  return reasons
    .filter(({ cause }) => cause === 'stale_review')
    .map(({ policy }) =>
      style.dim(
        visible(
          `A yes certifies nothing. To certify the grant: sallyport grants certify ${policy}`,
        ),
      ),
    )
}

function clearanceText({ clearance }: ApprovalDetail): string | undefined {
  if (!clearance) return undefined
  return `${clearance.id} ${clearance.state.toLowerCase()}, until ${clearance.expires_at}`
}

function reasonText({ policy, text }: ApprovalDetail['reasons'][number]): string {
  return text === null ? policy : `${policy}: ${text}`
}

function voteText(vote: ApprovalDetail['votes'][number]): string {
  const { by, on_behalf_of, verdict, group, reason } = vote
  const whose = on_behalf_of === null ? by : `${by} on behalf of ${on_behalf_of}`
  return `${whose} ${verdict === 'approve' ? 'approved' : 'denied'} for ${group}${reason && `: ${reason}`}`
}

const deliveryText = {
  held: 'waits while you decide',
  ticket: 'comes back for it',
  deferred: 'does not wait: the gateway makes the call once it is approved',
} as const
