import type { Person } from '../approval/ballot.ts'
import { openLanes } from '../approval/lanes.ts'
import type { Campaign, ReviewItem, ReviewItemState } from '../model/campaign.ts'
import type { TimedGrant } from '../model/timed-grant.ts'
import type * as asked from './asked.ts'
import {
  cancelCampaign,
  organiserProblem,
  previewCampaign,
  remindOf,
  startCampaign,
} from './campaigns.ts'
import { type Forecast, forecast } from './forecast.ts'
import {
  certifyGrant,
  exemptGrant,
  extendGrant,
  knownOf,
  restoreGrant,
  revokeGrant,
  revokeProblem,
  whyNotCertify,
} from './grant-acts.ts'
import type { GrantShown, GrantView, ItemView } from './grant-view.ts'
import { type GrantsWanted, grantsShown, grantsStood, grantView } from './grants-shown.ts'
import { decideInBulk, decideItem, itemView, reassignItem, whyNotItem } from './items.ts'
import { openLook } from './look.ts'
import type { ReviewNeeds } from './needs.ts'
import { type PackFile, packOf } from './pack.ts'
import { allItems, byNow, finish } from './progress.ts'
import type { Refused, ReviewRefused } from './refused.ts'
import { askTimed, revokeTimed, voteTimed, whyNotTimed } from './timed.ts'

/**
 * Where people decide about access: what a grant is, who uses it and how fresh it is; certifications, revocations
 * and what puts them off; access for a while; campaigns. Whoever may not is answered with why not. Everything else
 * throws what the store throws. Times are Unix milliseconds.
 */
export type ReviewDesk = {
  /** Grants of the rulebook in force, in order of the ids. */
  readonly grants: (wanted: GrantsWanted) => Promise<readonly GrantShown[]>
  /** Where all of them stand that fit. */
  readonly stood: (
    fits: GrantsWanted['fits'],
  ) => Promise<readonly Pick<GrantShown, 'grant' | 'freshness'>[]>
  /** One of them with all that a reviewer is shown. */
  readonly grant: (id: string) => Promise<GrantView | undefined>
  /** Why this person may not do this to it now; undefined: they may. */
  readonly whyNot: (
    act: 'certify' | 'revoke',
    grant: string,
    by: { readonly person: Person; readonly isAdmin: boolean },
  ) => Promise<ReviewRefused | undefined>
  readonly certify: (act: asked.CertifyAsked) => Promise<asked.GrantActed>
  readonly revoke: (act: asked.RevokeAsked) => Promise<asked.GrantActed>
  readonly restore: (act: asked.RestoreAsked) => Promise<asked.GrantActed>
  readonly exempt: (act: asked.PutOffAsked) => Promise<asked.GrantActed>
  readonly extend: (act: asked.PutOffAsked) => Promise<asked.GrantActed>

  readonly askTimed: (act: asked.TimedAsked) => Promise<asked.TimedActed>
  readonly voteTimed: (vote: asked.TimedVote) => Promise<asked.TimedActed>
  readonly whyNotTimed: (timed: TimedGrant, person: Person) => Promise<ReviewRefused | undefined>
  readonly revokeTimed: (act: asked.TimedRevokeAsked) => Promise<asked.TimedActed>

  /** What such a campaign would be about now. Opens nothing. */
  readonly preview: (act: asked.CampaignAsked) => Promise<asked.CampaignPreview | Refused>
  readonly startCampaign: (act: asked.CampaignAsked) => Promise<asked.CampaignActed>
  /** As it stands at this moment; what the dates have done is written down first. */
  readonly campaign: (id: string) => Promise<Campaign | undefined>
  readonly itemCounts: (campaign: string) => Promise<Readonly<Record<ReviewItemState, number>>>
  /** Tells the reviewers now that they are waited for. */
  readonly remind: (act: {
    readonly id: string
    readonly person: Person
  }) => Promise<asked.CampaignActed>
  /** Until its no-response policy has been applied; by two people. Certifies nothing. */
  readonly cancel: (act: asked.CampaignCancelAsked) => Promise<asked.CampaignCancelled>
  /** When nothing is undecided, or the grace is over: applies what is left, verifies it, binds the pack. */
  readonly closeCampaign: (act: {
    readonly id: string
    readonly person: Person
  }) => Promise<asked.CampaignActed>
  /** The evidence pack of a closed campaign: the same bytes whenever it is asked for. */
  readonly pack: (id: string) => Promise<readonly PackFile[] | Refused>

  /** What a reviewer is shown. Undefined: there is no such item. */
  readonly item: (id: string, person: Person) => Promise<ItemView | undefined>
  readonly whyNotItem: (item: ReviewItem, person: Person) => Promise<ReviewRefused | undefined>
  readonly decide: (act: asked.DecideAsked) => Promise<asked.ItemActed>
  readonly decideInBulk: (act: asked.BulkAsked) => Promise<asked.BulkDone>
  readonly reassign: (act: asked.ReassignAsked) => Promise<asked.ItemActed>

  /** What goes stale or lapses within so many days, soonest first, with whom that stops. */
  readonly forecast: (query: { readonly days: number }) => Promise<Forecast>

  /** Writes down what the dates have done, once. Nothing depends on it: whoever acts derives the same. */
  readonly look: () => Promise<void>
  /** From here on it looks by itself. */
  readonly start: () => void
  readonly close: () => Promise<void>
}

export function openReviewDesk(needs: ReviewNeeds): ReviewDesk {
  const look = openLook(needs)
  const inLine = openLanes()
  const campaign = async (id: string) => {
    const found = await needs.store.campaign(id)
    return found && byNow(needs, found)
  }
  const withItems = { ...needs, campaign }
  return {
    grants: (wanted) => grantsShown(needs, wanted),
    stood: (fits) => grantsStood(needs, fits),
    grant: (id) => grantView(needs, id),
    whyNot: (act, grant, by) => whyNot(needs, act, { grant, ...by }),
    certify: (act) => certifyGrant(needs, act),
    revoke: (act) => revokeGrant(needs, act),
    restore: (act) => restoreGrant(needs, act),
    exempt: (act) => exemptGrant(needs, act),
    extend: (act) => extendGrant(needs, act),

    // One at a time: together they would not see each other's.
    askTimed: (act) => inLine('timed', () => askTimed(needs, act)),
    voteTimed: (vote) => voteTimed(needs, vote),
    whyNotTimed: (timed, person) => whyNotTimed(needs, timed, person),
    revokeTimed: (act) => revokeTimed(needs, act),

    preview: (act) => previewCampaign(needs, act),
    startCampaign: async (act) => {
      const started = await startCampaign(needs, act)
      return 'refused' in started ? started : { campaign: await byNow(needs, started.campaign) }
    },
    campaign,
    itemCounts: needs.store.reviewItemCounts,
    remind: async ({ id, person }) => {
      const found = await campaign(id)
      if (!found) return { refused: 'campaign-unknown' }
      return organiserProblem(needs, person) ?? remindOf(needs, found, person.subject.id)
    },
    cancel: async (act) => {
      const found = await campaign(act.id)
      return found ? cancelCampaign(needs, found, act) : { refused: 'campaign-unknown' }
    },
    closeCampaign: async ({ id, person }) => {
      const problem = organiserProblem(needs, person)
      const found = await campaign(id)
      if (problem || !found) return problem ?? { refused: 'campaign-unknown' }
      const ended = await finish(needs, found, person.subject.id)
      if (ended.state === 'CLOSED') return { campaign: ended }
      return { refused: ended.state === 'CANCELLED' ? 'campaign-closed' : 'campaign-open' }
    },
    pack: (id) => pack(needs, id),

    item: (id, person) => itemView(needs, id, person),
    whyNotItem: (item, person) => whyNotItem(withItems, item, person),
    decide: (act) => decideItem(withItems, act),
    decideInBulk: (act) => decideInBulk(withItems, act),
    reassign: (act) => reassignItem(withItems, act),

    forecast: (query) => forecast(needs, query),
    look: look.look,
    start: look.start,
    close: look.stop,
  }
}

async function whyNot(
  needs: ReviewNeeds,
  act: 'certify' | 'revoke',
  asked: { readonly grant: string; readonly person: Person; readonly isAdmin: boolean },
): Promise<ReviewRefused | undefined> {
  const known = await knownOf(needs, asked.grant)
  if ('refused' in known) return known.refused
  return act === 'certify'
    ? whyNotCertify(needs, known, asked.person)
    : revokeProblem(needs, known, asked)
}

async function pack(needs: ReviewNeeds, id: string): Promise<readonly PackFile[] | Refused> {
  const campaign = await needs.store.campaign(id)
  if (!campaign) return { refused: 'campaign-unknown' }
  if (campaign.state !== 'CLOSED') return { refused: 'campaign-open' }
  return packOf(campaign, await allItems(needs, { campaign: id }))
}
