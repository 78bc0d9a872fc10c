import type { LeafRecord } from '../record.ts'
import { isSamePerson } from './people.ts'
import type { Place } from './verdict.ts'
import type { Scene } from './watch.ts'

type Of<Type extends LeafRecord['type']> = Extract<LeafRecord, { type: Type }>
type CampaignRecord = Of<
  | 'campaign.opened'
  | 'campaign.changed'
  | 'campaign.closed'
  | 'review.assigned'
  | 'review.decided'
  | 'review.applied'
>

export type Campaigns = {
  /** `isGone`: no rulebook of that time has the grant it is about. */
  readonly see: (at: Place, record: CampaignRecord, isGone?: boolean) => void
  /** Party ids of those who decided this item about this grant, with this content. */
  readonly decidersOf: (item: {
    readonly campaign: string
    readonly item: string
    readonly grant: string
    readonly content: string
  }) => readonly string[]
  /** A grant was revoked, in this campaign where one is named. */
  readonly revoked: (grant: string) => void
}

type Round = {
  readonly owner: string
  state: string
  frozen?: { readonly count: number; readonly hash: string }
  /** By item: who decided it, at which level. */
  readonly decided: Map<string, Of<'review.decided'>[]>
  /** Grants that were to be revoked and are not yet. */
  readonly due: Set<string>
}

/**
 * A campaign goes on in one direction; its population is frozen once and is what it ends with; while it asks,
 * people who do not answer for it decide, two different ones where two are asked for; what they wanted revoked is.
 */
export function openCampaigns(
  { report, isWhole }: Scene,
  isRevoked: (grant: string) => boolean,
): Campaigns {
  const rounds = new Map<string, Round>()

  const open = (at: Place, record: Of<'campaign.opened'>) => {
    const { campaign, owner, state } = record
    if (rounds.has(campaign)) report.find('campaign-unknown', at)
    rounds.set(campaign, { owner, state, decided: new Map(), due: new Set() })
  }
  const change = (at: Place, record: Of<'campaign.changed'>, round: Round) => {
    const { state, population, by = [] } = record
    const isCancelled = state === 'CANCELLED'
    const isInOrder = isCancelled
      ? rankOf(round.state) < rankOf('ENFORCING')
      : rankOf(state) >= rankOf(round.state)
    if (!isInOrder || rankOf(state) < 0) report.find('campaign-order', at)
    if (isCancelled && !isByTwo(by)) report.find('review-by-one', at)
    if (population) {
      if (round.frozen) report.find('campaign-population', at)
      round.frozen = population
    }
    round.state = state
  }
  const close = (at: Place, record: Of<'campaign.closed'>, round: Round) => {
    const { frozen } = round
    if (round.state === 'CANCELLED' || rankOf(round.state) < rankOf('ACTIVE')) {
      report.find('campaign-order', at)
    }
    const total = record.counts.reduce((sum, { n }) => sum + n, 0)
    const isOther = frozen && (frozen.hash !== record.population || total < frozen.count)
    if (isOther || (!frozen && isWhole)) report.find('campaign-population', at)
    if (round.due.size > 0) report.find('review-unapplied', at)
    round.state = 'CLOSED'
    round.decided.clear()
  }
  const decide = (at: Place, record: Of<'review.decided'>, round: Round) => {
    const { item, by, decision, tier, dwell, grant } = record
    if (!asking.includes(round.state)) report.find('review-closed', at)
    if (isSamePerson(by, round.owner)) report.find('review-reviewer', at)
    const before = round.decided.get(item) ?? []
    const isFirst = before.some((one) => one.level < record.level)
    if (record.level > 1 && isWhole && !isFirst) report.find('review-by-one', at)
    if (before.some((one) => isSamePerson(one.by, by))) report.find('review-by-one', at)
    const isRisky = tier === 'high' || tier === 'critical'
    if (decision === 'keep' && isRisky && dwell === undefined) report.find('review-in-bulk', at)
    round.decided.set(item, [...before, record])
    // Taking access away takes one. What is taken away already is.
    if (decision === 'revoke' && !isRevoked(grant)) round.due.add(grant)
  }
  return {
    decidersOf: ({ campaign, item, grant, content }) =>
      (rounds.get(campaign)?.decided.get(item) ?? [])
        .filter((one) => one.grant === grant && one.content === content)
        .map(({ by }) => by),
    see: (at, record, isGone = false) => {
      report.examined('reviews')
      if (record.type === 'campaign.opened') return open(at, record)
      const round = rounds.get(record.campaign)
      if (!round) {
        if (isWhole) report.find('campaign-unknown', at)
        return
      }
      if (record.type === 'campaign.changed') change(at, record, round)
      if (record.type === 'campaign.closed') close(at, record, round)
      if (record.type === 'review.decided') decide(at, record, round)
      // What is in no rulebook permits nothing, and there is nothing to revoke.
      if (record.type === 'review.applied' && isGone) round.due.delete(record.grant)
    },
    revoked: (grant) => {
      for (const { due } of rounds.values()) due.delete(grant)
    },
  }
}

const states = [
  'DRAFT',
  'STAGED',
  'ACTIVE',
  'OVERDUE',
  'ENFORCING',
  'REMEDIATING',
  'CLOSED',
  'CANCELLED',
]
const asking = ['ACTIVE', 'OVERDUE', 'STAGED']

function rankOf(state: string): number {
  return states.indexOf(state)
}

/** Two different people, as far as a record can tell. */
export function isByTwo(by: readonly string[]): boolean {
  return by.some((one, at) => by.slice(at + 1).some((other) => !isSamePerson(one, other)))
}
