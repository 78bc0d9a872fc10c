import { createHash } from 'node:crypto'
import { isPersonAlone, isPersonLocked } from '../approval/eligibility.ts'
import type { InForce } from '../call/in-force.ts'
import type { Campaign, ReviewItem } from '../model/campaign.ts'
import { Conflict, type Entry } from '../store/store.ts'
import type {
  CampaignActed,
  CampaignAsked,
  CampaignCancelAsked,
  CampaignCancelled,
  CampaignPreview,
} from './asked.ts'
import { type CampaignEvent, campaignStep } from './campaign-machine.ts'
import type { ReviewNeeds } from './needs.ts'
import { campaignNotice, campaignNotices } from './notices.ts'
import { type Population, populationHash, populationOf } from './population.ts'
import { changedRecord, openedRecord } from './records.ts'
import { nextDate } from './recurrence.ts'
import type { Refused } from './refused.ts'
import { byDates } from './remediation.ts'
import { circleOf } from './reviewers.ts'
import { reasonProblem } from './terms.ts'
import { dayMs } from './usage.ts'

/** What such a campaign would ask, and whom. */
export async function previewCampaign(
  needs: ReviewNeeds,
  asked: CampaignAsked,
): Promise<CampaignPreview | Refused> {
  const draft = draftOf(needs, asked)
  if ('refused' in draft) return draft
  const population = await countedPopulation(needs, draft.rules, draft.campaign)
  const { members, nobody, excluded } = population
  return {
    ...{ count: members.length, excluded, nobody },
    grants: members.map(({ grant, assigned }) => ({ grant: grant.id, tier: grant.tier, assigned })),
  }
}

/**
 * Opens it and freezes its population. Two commits: if we crash in between, a draft is left, and whoever looks next
 * freezes it.
 */
export async function startCampaign(
  needs: ReviewNeeds,
  asked: CampaignAsked,
): Promise<CampaignActed> {
  const draft = draftOf(needs, asked)
  if ('refused' in draft) return draft
  const { rules, campaign } = draft
  const { members, nobody } = await countedPopulation(needs, rules, campaign)
  if (members.length === 0) return { refused: 'scope-empty' }
  if (members.length > needs.limits.campaignItems) return { refused: 'too-many' }
  if (nobody.length > 0) {
    return { refused: 'nobody-to-ask', detail: nobody.slice(0, namesMax).join(', ') }
  }
  await needs.store.commit({
    record: openedRecord(campaign, asked.person.subject.id),
    payloads: [],
    change: { kind: 'campaign.open', campaign, items: [] },
  })
  const staged = await stageCampaign(needs, campaign)
  return { campaign: staged ?? campaign }
}

/**
 * Freezes what a draft asks about, by the rules in force now, in one transaction. Undefined: somebody else did.
 */
export async function stageCampaign(
  needs: ReviewNeeds,
  draft: Campaign,
): Promise<Campaign | undefined> {
  const rules = needs.rules()
  if (!rules) return undefined
  const { members, excluded } = await countedPopulation(needs, rules, draft)
  const at = needs.now()
  const items = members.map(
    ({ grant, assigned }): ReviewItem => ({
      ...{ id: needs.newId(), campaign: draft.id, grant: grant.id, content: grant.content },
      ...{ tier: grant.tier, assigned, state: 'UNREVIEWED', decisions: [], moved: [], revision: 1 },
    }),
  )
  const population = { count: items.length, excluded, hash: populationHash(items), at }
  return writeStep(needs, draft, { kind: 'stage', population }, (campaign) => ({
    record: changedRecord(campaign, { at }),
    notices: campaignNotices(campaign, rules),
    added: items,
  }))
}

/** Tells the reviewers, now. */
export async function remindOf(
  needs: ReviewNeeds,
  campaign: Campaign,
  by: string,
): Promise<CampaignActed> {
  const rules = needs.rules()
  if (!rules || (campaign.state !== 'ACTIVE' && campaign.state !== 'OVERDUE')) {
    return { refused: 'campaign-closed' }
  }
  const at = needs.now()
  const next = { ...campaign, revision: campaign.revision + 1 }
  const written = await commitCampaign(needs, campaign, next, {
    record: changedRecord(next, { at, by: [by], reason: 'reminder' }),
    notices: campaignNotice(next, 'review.reminder', at, rules),
  })
  return written ? { campaign: next } : { refused: 'busy' }
}

export async function cancelCampaign(
  needs: ReviewNeeds,
  campaign: Campaign,
  { person, reason }: CampaignCancelAsked,
): Promise<CampaignCancelled> {
  const problem = organiserProblem(needs, person) ?? reasonProblem(needs, reason)
  if (problem) return problem
  const by = person.subject.id
  const people = needs.rules()?.approvals.people ?? []
  const at = needs.now()
  const first = campaign.cancelling?.by
  if (!campaignStep(campaign, { kind: 'cancel', by, reason, people }, at)) {
    return { refused: 'campaign-closed' }
  }
  const next = await writeStep(needs, campaign, { kind: 'cancel', by, reason, people }, (next) => ({
    record: changedRecord(next, {
      ...{ at, reason },
      by: next.state === 'CANCELLED' && first !== undefined ? [first, by] : [by],
    }),
  }))
  if (!next) return { refused: 'busy' }
  return { campaign: next, pending: next.state !== 'CANCELLED' }
}

/**
 * The next round of one that recurs, as a draft, once; undefined: there is none. Its id follows from this one's, so
 * that two who look at the same moment make one.
 */
export async function openNextRound(needs: ReviewNeeds, campaign: Campaign): Promise<void> {
  const { recurrence, opensAt, dueAt, graceUntil } = campaign
  const next = recurrence === undefined ? undefined : nextDate(recurrence, opensAt)
  if (next === undefined) return
  const id = roundId(campaign.id, next)
  if (await needs.store.campaign(id)) return
  const { population: _, cancelling: __, ...rest } = campaign
  const round: Campaign = {
    ...rest,
    ...{ id, state: 'DRAFT', opensAt: next, previous: campaign.id, revision: 1 },
    createdAt: needs.now(),
    dueAt: next + (dueAt - opensAt),
    graceUntil: next + (graceUntil - opensAt),
  }
  try {
    await needs.store.commit({
      record: openedRecord(round, byDates),
      payloads: [],
      change: { kind: 'campaign.open', campaign: round, items: [] },
    })
  } catch (thrown) {
    if (!(thrown instanceof Conflict)) throw thrown
  }
}

/** One step of its life, written down; undefined: it does not fit, or somebody else changed the campaign. */
export async function writeStep(
  needs: Pick<ReviewNeeds, 'store' | 'now'>,
  campaign: Campaign,
  event: CampaignEvent,
  write: (
    next: Campaign,
  ) => Pick<Entry, 'record' | 'notices'> & { readonly added?: readonly ReviewItem[] },
): Promise<Campaign | undefined> {
  const next = campaignStep(campaign, event, needs.now())
  if (!next) return undefined
  return (await commitCampaign(needs, campaign, next, write(next))) ? next : undefined
}

/** Who runs campaigns: a person who signed in as themselves and is not locked. What else they need, the caller knows. */
export function organiserProblem(
  { rules, isLocked }: Pick<ReviewNeeds, 'rules' | 'isLocked'>,
  person: CampaignAsked['person'],
): Refused | undefined {
  const approvals = rules()?.approvals
  if (!isPersonAlone(person)) return { refused: 'not-a-person' }
  const isOut = !approvals || isPersonLocked(person.subject.id, { rules: approvals, isLocked })
  return isOut ? { refused: 'locked' } : undefined
}

async function commitCampaign(
  { store }: Pick<ReviewNeeds, 'store'>,
  campaign: Campaign,
  next: Campaign,
  { added, ...entry }: Pick<Entry, 'record' | 'notices'> & { added?: readonly ReviewItem[] },
): Promise<boolean> {
  try {
    await store.commit({
      ...entry,
      payloads: [],
      change: {
        ...{ kind: 'campaign.update', campaign: next, expectedRevision: campaign.revision },
        ...(added && { added }),
      },
    })
    return true
  } catch (thrown) {
    if (thrown instanceof Conflict) return false
    throw thrown
  }
}

async function countedPopulation(
  needs: ReviewNeeds,
  rules: InForce,
  campaign: Campaign,
): Promise<Population> {
  const circle = await circleOf(needs, rules)
  const { standings } = await needs.store.grantStandings({})
  const known = new Map(standings.map((standing) => [standing.grant, standing]))
  return populationOf(circle, campaign, { standings: known, at: needs.now() })
}

function draftOf(
  needs: ReviewNeeds,
  asked: CampaignAsked,
): { readonly rules: InForce; readonly campaign: Campaign } | Refused {
  const problem = organiserProblem(needs, asked.person)
  if (problem) return problem
  const rules = needs.rules()
  if (!rules) return { refused: 'scope-empty' }
  const createdAt = needs.now()
  const { name, scope, reviewers, recurrence, dueAt, graceUntil } = asked
  const { opensAt = createdAt, reminders = usualReminders } = asked
  const { limits } = needs
  const isSound =
    name.trim() !== '' &&
    name.length <= limits.campaignNameChars &&
    reviewers.length > 0 &&
    reminders.length <= limits.campaignReminders &&
    [opensAt, dueAt, graceUntil, ...reminders].every(Number.isSafeInteger) &&
    opensAt < dueAt &&
    createdAt < dueAt &&
    dueAt <= graceUntil
  if (!isSound) return { refused: 'campaign-invalid' }
  if (recurrence !== undefined && nextDate(recurrence, opensAt) === undefined) {
    return { refused: 'recurrence-invalid' }
  }
  const campaign: Campaign = {
    ...{ id: needs.newId(), name, state: 'DRAFT', scope, owner: asked.person.subject.id },
    ...{ reviewers, levels: asked.levels ?? 1, opensAt, dueAt, graceUntil, reminders, createdAt },
    noResponse: asked.noResponse ?? 'stale',
    justification: asked.justification ?? 'high',
    ...(recurrence !== undefined && { recurrence }),
    revision: 1,
  }
  return { rules, campaign }
}

/** A UUIDv7 (RFC 9562 section 5.7) of the round's date whose random part follows from the round before. */
function roundId(previous: string, at: number): string {
  const bytes = createHash('sha256').update(`${previous}\n${at}`).digest().subarray(0, 16)
  bytes.writeUIntBE(at, 0, 6)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex')
  return [
    [0, 8],
    [8, 12],
    [12, 16],
    [16, 20],
    [20, 32],
  ]
    .map(([from, to]) => hex.slice(from, to))
    .join('-')
}

const usualReminders: readonly number[] = [14, 7, 3, 1, 0, -1].map((days) => days * dayMs)
/** Ids named in one answer. */
const namesMax = 20
