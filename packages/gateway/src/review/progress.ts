import { timestamp } from '../approval/records.ts'
import type {
  Campaign,
  ReviewItem,
  ReviewItemDecision,
  ReviewItemState,
} from '../model/campaign.ts'
import { Conflict } from '../store/store.ts'
import { campaignStep } from './campaign-machine.ts'
import { openNextRound, stageCampaign, writeStep } from './campaigns.ts'
import { grantView } from './grants-shown.ts'
import { itemStep } from './item-machine.ts'
import type { ReviewNeeds } from './needs.ts'
import { campaignNotice } from './notices.ts'
import { endedOf, manifestOf, packOf } from './pack.ts'
import { changedRecord } from './records.ts'
import { byDates, remediate, silentDecision, voidItem } from './remediation.ts'
import { digestOf } from './shown.ts'
import { inTurns } from './turns.ts'

/**
 * What the dates have done to a campaign, written down by whoever looks first: from the rules that hold a draft's
 * opening to the end of its grace. It asks nobody's items; that is `finish`.
 */
export async function byNow(needs: ReviewNeeds, campaign: Campaign): Promise<Campaign> {
  let found = campaign
  for (let attempt = 0; attempt < stepsMax; attempt++) {
    const next = await dated(needs, found)
    if (next === 'none') return found
    found = next ?? (await needs.store.campaign(found.id)) ?? found
  }
  return found
}

/**
 * Carries a campaign whose time to decide is over to its end: what nobody decided is dealt with, everything decided is
 * applied and verified, and the pack is bound in the record of its closing. Every step is a commit of its own and is
 * taken up where it was left. `by`: who closes it.
 */
export async function finish(
  needs: ReviewNeeds,
  campaign: Campaign,
  by: string,
): Promise<Campaign> {
  let found = campaign
  for (let attempt = 0; attempt < stepsMax; attempt++) {
    const next = await finishing(needs, found, by)
    if (next === 'none') return found
    found = next ?? (await needs.store.campaign(found.id)) ?? found
  }
  return found
}

/** Items that ask about what is no more are void, and asked again. */
export async function voidChanged(needs: ReviewNeeds, campaign: Campaign): Promise<void> {
  for (const state of ['UNREVIEWED', 'SECOND_LEVEL'] as const) {
    await eachItem(needs, { campaign: campaign.id, state }, async (item) => {
      if (needs.rules()?.grant(item.grant)?.content === item.content) return
      await voidItem(needs, item, true)
    })
  }
}

export async function allItems(
  { store, limits }: Pick<ReviewNeeds, 'store' | 'limits'>,
  asked: { readonly campaign: string; readonly state?: ReviewItemState },
): Promise<readonly ReviewItem[]> {
  const items: ReviewItem[] = []
  for (let before: string | undefined; ; ) {
    const page = await store.reviewItems({
      ...asked,
      limit: limits.reviewPageRows,
      ...(before !== undefined && { before }),
    })
    items.push(...page)
    before = page.at(-1)?.id
    if (before === undefined || page.length < limits.reviewPageRows) return items
  }
}

/** Undefined: somebody else changed it. */
async function dated(
  needs: ReviewNeeds,
  campaign: Campaign,
): Promise<Campaign | undefined | 'none'> {
  const { state, opensAt, previous } = campaign
  if (state === 'DRAFT') {
    // One that somebody has started is frozen at once; the next round of one that recurs, when it opens.
    const isDue = previous === undefined || needs.now() >= opensAt
    return isDue && needs.rules() ? stageCampaign(needs, campaign) : 'none'
  }
  const at = needs.now()
  const next = campaignStep(campaign, { kind: 'date' }, at)
  if (!next) return 'none'
  if (next.state === 'ACTIVE') await openNextRound(needs, campaign)
  const unanswered = next.state === 'ENFORCING' ? await undecided(needs, campaign.id) : undefined
  return writeStep(needs, campaign, { kind: 'date' }, (written) => ({
    record: changedRecord(written, { at, ...(unanswered !== undefined && { unanswered }) }),
  }))
}

async function finishing(
  needs: ReviewNeeds,
  campaign: Campaign,
  by: string,
): Promise<Campaign | undefined | 'none'> {
  // Without rules every grant would look as if it were gone.
  if (!needs.rules()) return 'none'
  const at = needs.now()
  switch (campaign.state) {
    case 'ACTIVE':
    case 'OVERDUE': {
      if ((await undecided(needs, campaign.id)) > 0) return 'none'
      return writeStep(needs, campaign, { kind: 'finish' }, (written) => ({
        record: changedRecord(written, { at, by: [by], unanswered: 0 }),
      }))
    }
    case 'ENFORCING': {
      const enforced = await enforce(needs, campaign)
      if (!enforced) return undefined
      return writeStep(needs, enforced, { kind: 'remediate' }, (written) => ({
        record: changedRecord(written, { at }),
      }))
    }
    case 'REMEDIATING': {
      for (const state of ['DECIDED', 'NO_RESPONSE', 'APPLIED'] as const) {
        await eachItem(needs, { campaign: campaign.id, state }, (item) => remediate(needs, item))
      }
      return closing(needs, campaign, by)
    }
    default:
      return 'none'
  }
}

/** Says of every item that nobody has decided it, a page in one commit. Undefined: somebody else is at it. */
async function enforce(needs: ReviewNeeds, campaign: Campaign): Promise<Campaign | undefined> {
  let found = campaign
  for (const state of ['UNREVIEWED', 'SECOND_LEVEL'] as const) {
    for (;;) {
      const page = await needs.store.reviewItems({
        ...{ campaign: campaign.id, state, limit: needs.limits.reviewPageRows },
      })
      if (page.length === 0) break
      const asked = await inTurns(page, needs.limits.reviewCommitsAtOnce, (item) =>
        silenced(needs, campaign, item),
      )
      const items = asked.flatMap((one) => one ?? [])
      if (items.length === 0) continue
      const next = { ...found, revision: found.revision + 1 }
      try {
        await needs.store.commit({
          record: changedRecord(next, { at: needs.now(), reason: 'no response' }),
          payloads: [],
          change: {
            ...{ kind: 'campaign.update', campaign: next, expectedRevision: found.revision, items },
          },
        })
      } catch (thrown) {
        if (thrown instanceof Conflict) return undefined
        throw thrown
      }
      found = next
    }
  }
  return found
}

/** Undefined: it was void, or is decided by now. */
async function silenced(needs: ReviewNeeds, campaign: Campaign, item: ReviewItem) {
  const view = await grantView(needs, item.grant)
  if (view?.grant.content !== item.content) {
    await voidItem(needs, item, false)
    return undefined
  }
  const recommended = view.recommendation.decision
  const decision = silentDecision(campaign, recommended)
  const decided: ReviewItemDecision | undefined = decision && {
    ...{ level: 1, by: byDates, decision, reason: 'nobody decided', at: needs.now(), when: [] },
    ...{ shown: digestOf({ item }), recommended },
  }
  const next = itemStep(item, { kind: 'silence', ...(decided && { decided }) }, needs.now())
  return next && { item: next, expectedRevision: item.revision }
}

/** What was decided is bound as it is: the pack of these very items. */
async function closing(
  needs: ReviewNeeds,
  campaign: Campaign,
  by: string,
): Promise<Campaign | undefined> {
  const rules = needs.rules()
  const at = needs.now()
  const close = { kind: 'close', at } as const
  const next = campaignStep(campaign, close, at)
  if (!next || !rules) return undefined
  const items = await allItems(needs, { campaign: campaign.id })
  return writeStep(needs, campaign, close, () => ({
    record: {
      type: 'campaign.closed',
      time: timestamp(at),
      ...{ campaign: campaign.id, by, manifest: manifestOf(packOf(next, items)) },
      population: campaign.population?.hash ?? '',
      counts: endedOf(items),
    },
    notices: campaignNotice(next, 'review.closed', at, rules),
  }))
}

async function undecided({ store }: Pick<ReviewNeeds, 'store'>, campaign: string): Promise<number> {
  const counts = await store.reviewItemCounts(campaign)
  return counts.UNREVIEWED + counts.SECOND_LEVEL
}

async function eachItem(
  needs: Pick<ReviewNeeds, 'store' | 'limits'>,
  asked: { readonly campaign: string; readonly state: ReviewItemState },
  work: (item: ReviewItem) => Promise<unknown>,
): Promise<void> {
  await inTurns(await allItems(needs, asked), needs.limits.reviewCommitsAtOnce, work)
}

/** The states of a campaign, and a few lost races. */
const stepsMax = 16
