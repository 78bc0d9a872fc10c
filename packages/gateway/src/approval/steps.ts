import type { Approval, ApprovalStep, Vote } from '../model/approval.ts'

export type StepProgress = {
  /** Position in `Approval.steps`. */
  readonly step: number
  readonly flow: string
  readonly name: string
  /** Yeses that count, and how many are needed. */
  readonly have: number
  readonly need: number
  /** Whoever is in one of these may vote in it now, escalations included. */
  readonly groups: readonly string[]
  /** Whether votes count in it now: an earlier step of its flow comes first. */
  readonly open: boolean
}

type Votes = Pick<Approval, 'steps' | 'votes'>

/** How far each step is, in order. */
export function progressOf(
  approval: Pick<Approval, 'state' | 'steps' | 'votes' | 'escalated'>,
): readonly StepProgress[] {
  const open = approval.state === 'PENDING' ? openSteps(approval) : []
  return approval.steps.map(({ flow, name, quorum }, step) => ({
    step,
    flow,
    name,
    have: yesesIn(approval.votes, step),
    need: quorum,
    groups: groupsOf(approval, step),
    open: open.includes(step),
  }))
}

/** Positions of the steps in which votes count: of each flow the first that lacks its quorum. */
export function openSteps({ steps, votes }: Votes): readonly number[] {
  const flows = new Set<string>()
  return steps.flatMap(({ flow, quorum }, step) => {
    if (flows.has(flow) || yesesIn(votes, step) >= quorum) return []
    flows.add(flow)
    return [step]
  })
}

/** Who may vote in this step: its own groups, and those of the rungs that were climbed. */
export function groupsOf(
  approval: Pick<Approval, 'steps' | 'escalated'>,
  step: number,
): readonly string[] {
  const climbed = rungsOf(approval.steps).slice(0, approval.escalated)
  const added = climbed.flatMap((rung) => (rung.step === step ? rung.groups : []))
  return [...new Set([...(approval.steps[step]?.groups ?? []), ...added])]
}

export type Rung = {
  readonly step: number
  readonly afterMs: number
  readonly groups: readonly string[]
}

/** The escalations of all steps in the order of their time: `Approval.escalated` counts along it. */
export function rungsOf(steps: readonly ApprovalStep[]): readonly Rung[] {
  return steps
    .flatMap(({ escalation }, step) => escalation.map((rung) => ({ ...rung, step })))
    .toSorted((one, other) => one.afterMs - other.afterMs || one.step - other.step)
}

/** How many rungs have had their time at this moment; never fewer than were climbed. */
export function rungsDue(
  { steps, createdAt, escalated }: Pick<Approval, 'steps' | 'createdAt' | 'escalated'>,
  now: number,
): number {
  const due = rungsOf(steps).filter(({ afterMs }) => createdAt + afterMs <= now).length
  return Math.max(due, escalated)
}

function yesesIn(votes: readonly Vote[], step: number): number {
  return votes.filter((vote) => vote.step === step && vote.verdict === 'approve').length
}
