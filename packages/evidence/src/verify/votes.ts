import type { LeafRecord } from '../record.ts'
import { type ApprovalFacts, flowOf } from './approval-facts.ts'
import type { Content } from './content.ts'
import { timeOf, toleranceMs } from './dates.ts'
import { type Electorate, isOnePerson, type Moment } from './electorate.ts'
import { isShortened } from './shortened.ts'
import type { Place, Report } from './verdict.ts'

type Of<Type extends LeafRecord['type']> = Extract<LeafRecord, { type: Type }>

/** A question that is open: what was asked of whom, and what they said so far. */
export type Asked = {
  readonly id: string
  readonly digest: string
  readonly fn: string
  readonly session: string
  readonly groups: readonly string[]
  readonly steps: readonly {
    readonly flow: string
    readonly quorum: number
    /** Grows with escalations. */
    readonly groups: Set<string>
  }[]
  /** Unix milliseconds; undefined where there is no such date. */
  readonly askedAt: number | undefined
  readonly decideBy: number | undefined
  /** Not everything fitted into the record. */
  readonly isCut: boolean
  /** Parties of the session it was asked in, as they were known at one time or another. */
  readonly versions: readonly (readonly string[])[]
  /** All of them, and who was excluded by name: whose vote never counts. */
  readonly excluded: ReadonlySet<string>
  /** Rules that may have been in force when it was asked: later ones change nothing of how it is put. */
  readonly rules: readonly ApprovalFacts[]
  /** Hash of the arguments that people saw, where they are disclosed. */
  readonly args: Uint8Array | undefined
  terms: Of<'approval.requested'>['terms']
  offer: string
  /** Votes that count for the offer. */
  yes: readonly Yes[]
}

type Yes = { readonly by: string; readonly onBehalfOf: string | undefined; readonly step: number }

/** At a record: the rules that may have been in force (the newest first), and where to tell what is wrong. */
export type Hearing = {
  readonly report: Report
  readonly at: Place
  readonly electorate: Electorate
  readonly rules: readonly ApprovalFacts[]
  /** The rulebooks that these are of. */
  readonly contents: readonly Content[]
  readonly isWhole: boolean
}

/** What a vote leads to by the votes so far; told where the record says something else. */
export function hearVote(
  hearing: Hearing,
  asked: Asked,
  record: Of<'approval.decided'>,
): 'PENDING' | 'APPROVED' | 'DENIED' {
  const { report, at } = hearing
  report.examined('approvals')
  const { by, onBehalfOf, verdict, voided = [] } = record
  if (isLate(record.time, asked.decideBy)) report.find('approval-late', at)
  if (record.offer !== asked.offer) report.find('approval-offer', at)
  if (voided.some((one) => !asked.yes.some((yes) => yes.by === one))) {
    report.find('approval-state', { ...at, detail: 'voided' })
  }
  asked.yes = asked.yes.filter((yes) => !voided.includes(yes.by))
  const hasVoted = always(hearing, record.time, ({ linked }) =>
    asked.yes.some((yes) => isOneVoter(yes, record, linked)),
  )
  if (hasVoted) report.find('approval-voted-twice', at)
  else checkPlace(hearing, asked, record)
  checkVoter(hearing, asked, record)
  checkList(hearing, record)
  if (verdict === 'approve' && !hasVoted) {
    asked.yes = [...asked.yes, { by, onBehalfOf, step: record.step }]
  }
  const isMet = asked.steps.every((_, step) => yesesIn(asked, step) >= quorumOf(asked, step))
  const state = verdict !== 'approve' ? 'DENIED' : isMet ? 'APPROVED' : 'PENDING'
  if (record.state === 'APPROVED' && state !== 'APPROVED') {
    if (!asked.isCut) report.find('approval-unmet', at)
  } else if (record.state !== state && !asked.isCut) report.find('approval-state', at)
  const isIssued = record.clearance !== undefined && record.claimBy !== undefined
  if (isIssued !== (record.state === 'APPROVED')) {
    report.find('approval-state', { ...at, detail: 'clearance' })
  }
  return state
}

/**
 * Whoever votes, or narrows what is on offer, is a person who has nothing to do with the call. A delegation takes no
 * denial away; who is excluded by name may be so by one.
 */
export function checkVoter(
  hearing: Hearing,
  { excluded, steps, versions }: Asked,
  record: Of<'approval.decided' | 'approval.countered'>,
): void {
  const { report, at, electorate, rules, isWhole } = hearing
  const { by, onBehalfOf, time } = record
  const voters = onBehalfOf === undefined ? [by] : [by, onBehalfOf]
  const isAgent = rules.length > 0 && rules.every(({ agents }) => agents.has(by))
  if (by.startsWith('key:') || isAgent) report.find('approval-not-a-person', at)
  const some = (judge: (voter: string, moment: Moment) => boolean) =>
    always(hearing, time, (moment) => voters.some((voter) => judge(voter, moment)))
  const isDenial = record.type === 'approval.decided' && record.verdict === 'deny'
  const isTheirs = (voter: string, moment: Moment) =>
    isDenial
      ? electorate.isOwn(voter, versions.flat(), moment)
      : electorate.isInvolved(voter, excluded, moment)
  if (some(isTheirs)) {
    report.find('approval-own-call', at)
  }
  if (some((voter, moment) => electorate.isLocked(voter, moment))) {
    report.find('approval-locked', at)
  }
  if (onBehalfOf === undefined || !isWhole) return
  const groups = record.type === 'approval.decided' ? [record.group] : groupsOf(steps)
  const isAsked = !always(hearing, time, (moment) => {
    return !groups.some((group) => {
      return electorate.hasDelegated({ from: onBehalfOf, to: by, group }, moment)
    })
  })
  if (!isAsked) report.find('approval-delegate', at)
}

/** Whoever judged the deadline dated the record by the same clock; a date that is none is told elsewhere. */
export function isLate(time: string, deadline: number | undefined): boolean {
  const at = timeOf(time)
  return at !== undefined && (deadline === undefined || at >= deadline + toleranceMs)
}

/**
 * Whether it is so by each of the rules that may have been in force. What only one of them says is no finding:
 * another gateway may not have heard of it.
 */
export function always(
  { rules }: Pick<Hearing, 'rules'>,
  date: string,
  judge: (moment: Moment) => boolean,
): boolean {
  const time = timeOf(date) ?? 0
  const moments = rules.map(({ people, accounts }) => ({ time, linked: people, accounts }))
  return (moments.length > 0 ? moments : [{ time, linked: [], accounts: [] }]).every(judge)
}

/**
 * A yes counts in the first step of each flow that lacks its quorum, and a no in those before it as well: who
 * thinks better of it has a veto until all is decided.
 */
function checkPlace(
  { report, at }: Hearing,
  asked: Asked,
  { step, group, verdict }: Of<'approval.decided'>,
): void {
  const place = asked.steps[step]
  if (!place) {
    if (!asked.isCut) report.find('approval-step', at)
    return
  }
  const isBeforeDone = asked.steps.slice(0, step).every((before, other) => {
    return before.flow !== place.flow || yesesIn(asked, other) >= before.quorum
  })
  const isFull = verdict === 'approve' && yesesIn(asked, step) >= place.quorum
  if (!isBeforeDone || isFull) report.find('approval-step', at)
  else if (!place.groups.has(group) && !asked.isCut) report.find('approval-vote-group', at)
}

/** A group that the rulebook lists consists of exactly the people it lists. */
function checkList({ report, at, rules }: Hearing, record: Of<'approval.decided'>): void {
  const { by, onBehalfOf = by, group } = record
  const isUnlisted = ({ groups }: ApprovalFacts) =>
    groups.get(group)?.includes(onBehalfOf) === false
  if (rules.length > 0 && rules.every(isUnlisted)) report.find('approval-not-listed', at)
}

/** The steps are those that the rulebook has for these groups, and no more is asked for than it offers. */
export function checkFlow({ report, at, rules }: Hearing, record: Of<'approval.requested'>): void {
  if (rules.length === 0 || isShortened(record, record.groups, record.steps)) return
  const stated = (facts: ApprovalFacts) =>
    record.groups.flatMap((flow) => flowOf(facts, flow).steps.map((step) => ({ flow, ...step })))
  const isStated = rules.some((facts) => {
    const steps = stated(facts)
    return (
      steps.length === record.steps.length &&
      steps.every(({ flow, groups, quorum }, n) => {
        const step = record.steps[n]
        return step?.flow === flow && step.quorum === quorum && isSameSet(step.groups, groups)
      })
    )
  })
  if (!isStated) report.find('approval-flow', at)
  const { kind, uses = 1, for: forMs = 0 } = record.terms
  const isOffered = rules.some((facts) =>
    record.groups.every((group) => {
      const { offers, usesMax, forMsMax } = flowOf(facts, group)
      // Without a word of it, one exact call is asked for whatever is offered.
      return kind === 'call' || (offers.includes(kind) && uses <= usesMax && forMs <= forMsMax)
    }),
  )
  if (!isOffered) report.find('approval-terms', at)
}

/** More people may vote only as the rulebook lets them, and when it is time. */
export function checkEscalation(
  { report, at }: Pick<Hearing, 'report' | 'at'>,
  asked: Asked,
  { step, groups, time }: Of<'approval.escalated'>,
): void {
  const place = asked.steps[step]
  if (!place) {
    if (!asked.isCut) report.find('approval-step', at)
    return
  }
  const elapsed = (timeOf(time) ?? 0) - (asked.askedAt ?? 0)
  const nth = asked.steps.slice(0, step).filter(({ flow }) => flow === place.flow).length
  const isStated = asked.rules.some((facts) =>
    flowOf(facts, place.flow).steps[nth]?.escalation.some((rung) => {
      return isSameSet(rung.groups, groups) && elapsed >= rung.afterMs
    }),
  )
  if (asked.rules.length > 0 && !isStated) report.find('approval-escalation', at)
}

export function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  const [first, second] = [new Set(one), new Set(other)]
  return first.size === second.size && [...first].every((member) => second.has(member))
}

function isOneVoter(
  yes: Yes,
  { by, onBehalfOf }: Of<'approval.decided'>,
  linked: Moment['linked'],
): boolean {
  const before = yes.onBehalfOf === undefined ? [yes.by] : [yes.by, yes.onBehalfOf]
  const now = onBehalfOf === undefined ? [by] : [by, onBehalfOf]
  return before.some((one) => now.some((other) => isOnePerson(one, other, linked)))
}

function yesesIn({ yes }: Asked, step: number): number {
  return yes.filter((one) => one.step === step).length
}

function quorumOf({ steps }: Asked, step: number): number {
  return Math.max(1, steps[step]?.quorum ?? 1)
}

function groupsOf(steps: Asked['steps']): readonly string[] {
  return steps.flatMap(({ groups }) => [...groups])
}
