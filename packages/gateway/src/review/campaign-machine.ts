import { isOnePerson } from '../approval/closure.ts'
import type { LinkedPerson } from '../model/approval-rules.ts'
import type { Campaign } from '../model/campaign.ts'

export type CampaignEvent =
  /** Its population was frozen. */
  | { readonly kind: 'stage'; readonly population: NonNullable<Campaign['population']> }
  /** A date has come: opened, due, or past its grace. */
  | { readonly kind: 'date' }
  /** Nothing is undecided: it need not wait for its dates. */
  | { readonly kind: 'finish' }
  /** What nobody decided has been dealt with. */
  | { readonly kind: 'remediate' }
  /** Everything is verified. `at`: the date of its record, Unix milliseconds. */
  | { readonly kind: 'close'; readonly at: number }
  | {
      readonly kind: 'cancel'
      readonly by: string
      readonly reason: string
      readonly people: readonly LinkedPerson[]
    }

/**
 * The whole life of a campaign. Pure: the same campaign, event and time (Unix milliseconds) give the same answer;
 * undefined: the event has no place in this state.
 *
 * `DRAFT → STAGED → ACTIVE → OVERDUE → ENFORCING → REMEDIATING → CLOSED`; `CANCELLED` by two people until
 * ENFORCING. Nothing leads back. Cancelling certifies nothing, and neither does closing.
 */
export function campaignStep(
  campaign: Campaign,
  event: CampaignEvent,
  now: number,
): Campaign | undefined {
  const { state } = campaign
  switch (event.kind) {
    case 'stage':
      if (state !== 'DRAFT') return undefined
      return changed(campaign, { state: 'STAGED', population: event.population })
    case 'date': {
      const next = dated(campaign, now)
      return next && changed(campaign, { state: next })
    }
    case 'finish':
      return isAsking(campaign) ? changed(campaign, { state: 'ENFORCING' }) : undefined
    case 'remediate':
      return state === 'ENFORCING' ? changed(campaign, { state: 'REMEDIATING' }) : undefined
    case 'close':
      return state === 'REMEDIATING'
        ? changed(campaign, { state: 'CLOSED', closedAt: event.at })
        : undefined
    case 'cancel':
      return cancel(campaign, event)
  }
}

/** Whether items of it are decided by people now. */
export function isAsking({ state }: Pick<Campaign, 'state'>): boolean {
  return state === 'ACTIVE' || state === 'OVERDUE'
}

/** The next state that the dates ask for. */
function dated(
  { state, opensAt, dueAt, graceUntil }: Campaign,
  now: number,
): Campaign['state'] | undefined {
  if (state === 'STAGED' && now >= opensAt) return 'ACTIVE'
  if (state === 'ACTIVE' && now >= dueAt) return 'OVERDUE'
  return state === 'OVERDUE' && now >= graceUntil ? 'ENFORCING' : undefined
}

function cancel(
  campaign: Campaign,
  { by, reason, people }: Extract<CampaignEvent, { kind: 'cancel' }>,
): Campaign | undefined {
  const { state, cancelling } = campaign
  if (!(state === 'DRAFT' || state === 'STAGED' || isAsking(campaign))) return undefined
  const isSecond = cancelling !== undefined && !isOnePerson(cancelling.by, by, people)
  return isSecond
    ? changed(campaign, { state: 'CANCELLED' })
    : changed(campaign, { cancelling: { by, reason } })
}

function changed(campaign: Campaign, changes: Partial<Campaign>): Campaign {
  return { ...campaign, ...changes, revision: campaign.revision + 1 }
}
