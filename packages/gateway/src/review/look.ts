import type { Campaign, CampaignState } from '../model/campaign.ts'
import type { ReviewNeeds } from './needs.ts'
import { byNow, finish, voidChanged } from './progress.ts'
import { byDates } from './remediation.ts'
import { endBroken } from './timed-duties.ts'

export type Look = {
  /** Once, over every campaign that is not over. */
  readonly look: () => Promise<void>
  readonly start: () => void
  readonly stop: () => Promise<void>
}

/**
 * Writes down what the dates have done to campaigns, so that people are told and reviews end without anybody looking.
 * Nothing depends on it: freshness is derived when a call is made, and whoever reads a campaign derives the same.
 */
export function openLook(needs: ReviewNeeds): Look {
  /** By campaign, the rulebook by which its items were looked through. */
  const swept = new Map<string, string>()
  const one = async (campaign: Campaign) => {
    const found = await byNow(needs, campaign)
    if (found.state === 'ENFORCING' || found.state === 'REMEDIATING') {
      swept.delete(found.id)
      await finish(needs, found, byDates)
      return
    }
    const digest = needs.rules()?.rulebook.digest
    if (digest === undefined || swept.get(found.id) === digest) return
    await voidChanged(needs, found)
    swept.set(found.id, digest)
  }
  const turn = async () => {
    const rules = needs.rules()
    if (rules) await endBroken(needs, rules).catch(needs.onFailure)
    for (const state of living) {
      for (const campaign of await inState(needs, state)) {
        await one(campaign).catch(needs.onFailure)
      }
    }
  }
  let looking: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const look = () => {
    looking = looking.catch(() => undefined).then(turn)
    return looking
  }
  const schedule = () => {
    if (stopped) return
    timer = setTimeout(() => {
      look().catch(needs.onFailure).finally(schedule)
    }, needs.limits.reviewTickMs)
    timer.unref()
  }
  return {
    look,
    start: schedule,
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await looking.catch(() => undefined)
    },
  }
}

async function inState(
  { store, limits }: ReviewNeeds,
  state: CampaignState,
): Promise<readonly Campaign[]> {
  const found: Campaign[] = []
  for (let before: string | undefined; ; ) {
    const limit = limits.reviewPageRows
    const page = await store.campaigns({ state, limit, ...(before !== undefined && { before }) })
    found.push(...page)
    before = page.at(-1)?.id
    if (before === undefined || page.length < limit) return found
  }
}

/** Later states first: what one turn moves on is looked at again in the next. */
const living: readonly CampaignState[] = [
  'REMEDIATING',
  'ENFORCING',
  'OVERDUE',
  'ACTIVE',
  'STAGED',
  'DRAFT',
]
