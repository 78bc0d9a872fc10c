import { isOnePerson } from '../approval/closure.ts'
import type { LinkedPerson } from '../model/approval-rules.ts'
import type { Campaign, ReviewItem, ReviewItemDecision } from '../model/campaign.ts'
import type { ReviewDecision } from '../model/certification.ts'

export type ItemEvent =
  | {
      readonly kind: 'decide'
      readonly decided: Omit<ReviewItemDecision, 'level' | 'at'>
      readonly levels: Campaign['levels']
      readonly people: readonly LinkedPerson[]
    }
  | {
      readonly kind: 'move'
      readonly by: string
      readonly to: ReviewItem['assigned']
      readonly note: string
    }
  /** The content it asks about is another now. `reopened`: the item that asks again. */
  | { readonly kind: 'void'; readonly reopened?: string }
  /** The time to decide it is over. `decided`: what the campaign does with what nobody decided; absent: nothing. */
  | { readonly kind: 'silence'; readonly decided?: ReviewItemDecision }
  /** What was decided is in force, or could not be put in force. */
  | { readonly kind: 'apply'; readonly failed: boolean }
  /** The policy engine was asked. */
  | { readonly kind: 'verify'; readonly answer: string; readonly holds: boolean }

/**
 * The whole life of one item. Pure; undefined: the event has no place in this state, or this person has had their
 * word.
 *
 * `UNREVIEWED → [SECOND_LEVEL →] DECIDED → APPLIED → VERIFIED`; `UNREVIEWED | SECOND_LEVEL → NO_RESPONSE
 * [→ APPLIED → VERIFIED]`; `VOIDED` until it is applied. A second person decides about what is critical, or where a
 * campaign has two levels, and never needed is one to take access away.
 */
export function itemStep(item: ReviewItem, event: ItemEvent, now: number): ReviewItem | undefined {
  const { state } = item
  const isOpen = state === 'UNREVIEWED' || state === 'SECOND_LEVEL'
  switch (event.kind) {
    case 'decide':
      return isOpen ? decide(item, event, now) : undefined
    case 'move': {
      const { by, to, note } = event
      const moved = [...item.moved, { by, to, note, at: now }]
      return isOpen ? changed(item, { assigned: to, moved }) : undefined
    }
    case 'void': {
      const { reopened } = event
      if (!isOpen && state !== 'DECIDED') return undefined
      return changed(item, { state: 'VOIDED', ...(reopened !== undefined && { reopened }) })
    }
    case 'silence': {
      const decisions = event.decided ? [...item.decisions, event.decided] : item.decisions
      return isOpen ? changed(item, { state: 'NO_RESPONSE', decisions }) : undefined
    }
    case 'apply': {
      if (state !== 'DECIDED' && state !== 'NO_RESPONSE') return undefined
      const outcome = event.failed ? 'failed' : 'applied'
      return changed(item, { state: 'APPLIED', remediation: { state: outcome, at: now } })
    }
    case 'verify': {
      if (state !== 'APPLIED' || item.remediation?.state === 'failed') return undefined
      const { answer, holds } = event
      return changed(item, {
        state: holds ? 'VERIFIED' : 'APPLIED',
        remediation: { state: holds ? 'verified' : 'failed', at: now, answer },
      })
    }
  }
}

/** What all decisions about it come to: the stricter counts. */
export function decisionOf(
  decisions: readonly Pick<ReviewItemDecision, 'decision' | 'when' | 'endsAt'>[],
): {
  readonly decision: ReviewDecision
  readonly when: readonly string[]
  readonly endsAt: number | undefined
} {
  const ends = decisions.flatMap(({ endsAt }) => endsAt ?? [])
  return {
    decision: strictest.find((one) => decisions.some(({ decision }) => decision === one)) ?? 'keep',
    when: [...new Set(decisions.flatMap(({ when }) => when))],
    endsAt: ends.length === 0 ? undefined : Math.min(...ends),
  }
}

const strictest: readonly ReviewDecision[] = ['revoke', 'time-bound', 'narrow', 'keep']

function decide(
  item: ReviewItem,
  { decided, levels, people }: Extract<ItemEvent, { kind: 'decide' }>,
  now: number,
): ReviewItem | undefined {
  if (item.decisions.some(({ by }) => isOnePerson(by, decided.by, people))) return undefined
  const level = item.state === 'SECOND_LEVEL' ? 2 : 1
  const isLast =
    decided.decision === 'revoke' || level === 2 || (levels === 1 && item.tier !== 'critical')
  return changed(item, {
    state: isLast ? 'DECIDED' : 'SECOND_LEVEL',
    decisions: [...item.decisions, { ...decided, level, at: now }],
  })
}

function changed(item: ReviewItem, changes: Partial<ReviewItem>): ReviewItem {
  return { ...item, ...changes, revision: item.revision + 1 }
}
