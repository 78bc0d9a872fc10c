import type { Person } from '../approval/ballot.ts'
import { isOnePerson } from '../approval/closure.ts'
import { isMember } from '../approval/eligibility.ts'
import { listedIn } from '../model/approval-rules.ts'
import type { Campaign, ReviewItem } from '../model/campaign.ts'
import type { BulkAsked, BulkDone, DecideAsked, ItemActed, ReassignAsked } from './asked.ts'
import { isAsking } from './campaign-machine.ts'
import { organiserProblem } from './campaigns.ts'
import { givenNow } from './duties.ts'
import { type Known, knownOf } from './grant-acts.ts'
import type { ItemView } from './grant-view.ts'
import { grantView } from './grants-shown.ts'
import { itemStep } from './item-machine.ts'
import type { ReviewNeeds } from './needs.ts'
import { assignedRecord, decidedRecord } from './records.ts'
import type { Refused, ReviewRefused } from './refused.ts'
import { commitItem, remediate, voidItem } from './remediation.ts'
import { areDecidersGone, reviewerProblem, reviewersOf } from './reviewers.ts'
import { digestOf, itemOfShown, type Seen, sealShown, seenBy } from './shown.ts'
import { reasonProblem, termsProblem } from './terms.ts'
import { inTurns } from './turns.ts'

export type ItemNeeds = ReviewNeeds & {
  /** As it stands at this moment. */
  readonly campaign: (id: string) => Promise<Campaign | undefined>
}

/** What a reviewer is shown, and the proof that they were. */
export async function itemView(
  needs: ReviewNeeds,
  id: string,
  person: Person,
): Promise<ItemView | undefined> {
  const item = await needs.store.reviewItem(id)
  if (!item) return undefined
  const view = await grantView(needs, item.grant)
  const at = needs.now()
  const shown = sealShown(needs.bindingKey, { item, view, person: person.subject.id, at })
  return { item, grant: view, shown }
}

/** Why this person's decision about it would not count now, whatever it is. */
export async function whyNotItem(
  needs: ItemNeeds,
  item: ReviewItem,
  person: Person,
): Promise<ReviewRefused | undefined> {
  const campaign = await needs.campaign(item.campaign)
  const judged = await judge(needs, { item, campaign, person })
  return 'refused' in judged ? judged.refused : undefined
}

/** One person's word on one item, with its consequence before this resolves. */
export async function decideItem(needs: ItemNeeds, asked: DecideAsked): Promise<ItemActed> {
  return decideOne(needs, asked, { bulk: false })
}

/**
 * The same word on many. Nobody keeps what is high or critical so, and one in ten of them was looked at by the person
 * who decides. Each is judged on its own: one that is refused keeps no other from being decided.
 */
export async function decideInBulk(needs: ItemNeeds, asked: BulkAsked): Promise<BulkDone> {
  const { person, decision, reason } = asked
  const ids = [...new Set(asked.items)]
  if (ids.length > needs.limits.reviewBulkItems) return { refused: 'too-many' }
  const unreasoned = reasonProblem(needs, reason)
  if (unreasoned) return unreasoned
  const seen = await seenAmong(needs, ids, asked)
  if (seen.size < Math.ceil(ids.length / oneIn)) return { refused: 'look-first' }
  const campaigns = new Map<string, Promise<Campaign | undefined>>()
  const campaign = (id: string) => {
    const found = campaigns.get(id) ?? needs.campaign(id)
    campaigns.set(id, found)
    return found
  }
  const acted = await inTurns(ids, needs.limits.reviewCommitsAtOnce, async (item) => {
    const shown = seen.get(item) ?? ''
    const done = await decideOne(
      { ...needs, campaign },
      { item, person, decision, reason, shown },
      {
        bulk: true,
      },
    )
    return { item, done }
  })
  return {
    decided: acted.flatMap(({ done }) => ('item' in done ? [done.item] : [])),
    refused: acted.flatMap(({ item, done }) => ('refused' in done ? [{ item, ...done }] : [])),
  }
}

/** Other people are asked, by who is asked now, who answers for the campaign, or an administrator. */
export async function reassignItem(needs: ItemNeeds, asked: ReassignAsked): Promise<ItemActed> {
  const { person, groups, people, note, isAdmin } = asked
  const problem = organiserProblem(needs, person) ?? reasonProblem(needs, note)
  if (problem) return problem
  if (groups.length + people.length === 0) return { refused: 'nobody-to-ask' }
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const item = await needs.store.reviewItem(asked.item)
    if (!item) return { refused: 'item-unknown' }
    const campaign = await needs.campaign(item.campaign)
    if (!campaign || !isAsking(campaign)) return { refused: 'campaign-closed' }
    const by = person.subject.id
    if (!isAdmin && by !== campaign.owner) {
      const judged = await judge(needs, { item, campaign, person })
      if ('refused' in judged) return judged
    }
    const problem = await namedProblem(needs, { ...asked, item, campaign })
    if (problem !== undefined) return { refused: problem }
    const at = needs.now()
    const next = itemStep(item, { kind: 'move', by, to: { groups, people }, note }, at)
    if (!next) return { refused: 'item-closed' }
    const record = assignedRecord(next, { by, note, at })
    const written = await commitItem(needs, item, next, { record })
    if (written) return { item: written }
  }
  return { refused: 'busy' }
}

/**
 * Whoever has had their word chooses nobody for the second one. People are named out of the lists of the owner's and
 * the campaign's reviewers, and nobody brings themselves in.
 */
async function namedProblem(
  needs: ItemNeeds,
  asked: Pick<ReassignAsked, 'person' | 'groups' | 'people'> & {
    readonly item: ReviewItem
    readonly campaign: Campaign
  },
): Promise<ReviewRefused | undefined> {
  const { item, campaign, person, groups, people } = asked
  const known = await knownOf(needs, item.grant)
  if ('refused' in known) return known.refused
  const { rules, grant } = known
  const { approvals } = rules
  const by = person.subject.id
  const isSelf = (one: string) => isOnePerson(one, by, approvals.people)
  if (item.decisions.some((decision) => isSelf(decision.by))) return 'already-decided'
  const usual = reviewersOf(rules, campaign.reviewers, grant)
  const listed = usual.groups.flatMap((group) => listedIn(approvals.groups, group) ?? [])
  const named = new Set([...usual.people, ...listed])
  if (people.some((one) => isSelf(one) || !named.has(one))) return 'not-named'
  const isIn = (group: string) =>
    isMember(person, group, approvals) || (listedIn(approvals.groups, group) ?? []).some(isSelf)
  const bringsSelf = groups.some((group) => !usual.groups.includes(group) && isIn(group))
  return bringsSelf ? 'not-named' : undefined
}

async function decideOne(
  needs: ItemNeeds,
  asked: DecideAsked,
  { bulk }: { readonly bulk: boolean },
): Promise<ItemActed> {
  const { person, decision, reason, when = [], endsAt } = asked
  const by = person.subject.id
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const item = await needs.store.reviewItem(asked.item)
    if (!item) return { refused: 'item-unknown' }
    const campaign = await needs.campaign(item.campaign)
    const judged = await judge(needs, { item, campaign, person })
    if ('refused' in judged) return judged
    const { known, levels, justification } = judged
    const isGrave = item.tier === 'high' || item.tier === 'critical'
    if (bulk && decision === 'keep' && isGrave) return { refused: 'no-bulk' }
    const seen = seenOf(needs, item, asked)
    if (!seen && !bulk) return { refused: 'other-shown' }
    const isFree = decision === 'keep' && justification === 'high' && !isGrave
    const given = await givenNow(needs, known.rules)
    const unfit =
      (isFree && reason === '' ? undefined : reasonProblem(needs, reason)) ??
      termsProblem(needs, { ...known, given, terms: { decision, when, endsAt } })
    if (unfit) return unfit
    const at = needs.now()
    const view = await grantRecommended(needs, item)
    const decided = {
      ...{ by, decision, reason, when, recommended: view },
      shown: seen?.digest ?? digestOf({ item }),
      ...(endsAt !== undefined && { endsAt }),
      // Never less than nothing, though the clock was set back meanwhile: no record says so.
      ...(seen && !bulk && { dwellMs: Math.max(0, at - seen.at) }),
    }
    const { people } = known.rules.approvals
    const next = itemStep(item, { kind: 'decide', decided, levels, people }, at)
    const last = next?.decisions.at(-1)
    if (!next || !last) return { refused: 'already-decided' }
    const written = await commitItem(needs, item, next, { record: decidedRecord(next, last) })
    if (written) return { item: await remediate(needs, written) }
  }
  return { refused: 'busy' }
}

/** Whether this person may decide about it now; an item that asks about what is no more is void from here on. */
async function judge(
  needs: ItemNeeds,
  asked: {
    readonly item: ReviewItem
    readonly campaign: Campaign | undefined
    readonly person: Person
  },
): Promise<({ readonly known: Known } & Pick<Campaign, 'levels' | 'justification'>) | Refused> {
  const { item, campaign, person } = asked
  if (!campaign || !isAsking(campaign) || !needs.rules()) return { refused: 'campaign-closed' }
  if (item.state !== 'UNREVIEWED' && item.state !== 'SECOND_LEVEL')
    return { refused: 'item-closed' }
  const known = await knownOf(needs, item.grant)
  if ('refused' in known || known.grant.content !== item.content) {
    await voidItem(needs, item, true)
    return { refused: 'item-closed' }
  }
  const { grant, standing, circle } = known
  if (await areDecidersGone(needs, { item, campaign, known })) {
    await voidItem(needs, item, true)
    return { refused: 'item-closed' }
  }
  const problem = await reviewerProblem({ ...circle, store: needs.store }, person, {
    ...{ grant, standing, assigned: item.assigned, without: [campaign.owner] },
  })
  if (problem !== undefined) return { refused: problem }
  const { levels, justification } = campaign
  return { known, levels, justification }
}

async function grantRecommended(needs: ReviewNeeds, { grant }: ReviewItem) {
  return (await grantView(needs, grant))?.recommendation.decision ?? 'none'
}

function seenOf(
  { bindingKey, now, limits }: ReviewNeeds,
  item: ReviewItem,
  { person, shown }: Pick<DecideAsked, 'person' | 'shown'>,
): Seen | undefined {
  const longestMs = limits.reviewShownMs
  return seenBy(bindingKey, shown, { item, person: person.subject.id, at: now(), longestMs })
}

/** Which of the items this person has looked at, with the proof. */
async function seenAmong(
  needs: ReviewNeeds,
  ids: readonly string[],
  { person, shown }: BulkAsked,
): Promise<ReadonlyMap<string, string>> {
  const asked = new Set(ids)
  const proofs = new Map(shown.map((one) => [itemOfShown(one), one]))
  const seen = new Map<string, string>()
  for (const [id, proof] of proofs) {
    const item = asked.has(id) ? await needs.store.reviewItem(id) : undefined
    if (item && seenOf(needs, item, { person, shown: proof })) seen.set(id, proof)
  }
  return seen
}

/** One in so many has to be looked at. */
const oneIn = 10
/** Each loss means that somebody else changed it. */
const attemptsMax = 16
