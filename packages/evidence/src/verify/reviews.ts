import type { LeafRecord } from '../record.ts'
import type { Approvals } from './approvals.ts'
import { openCampaigns } from './campaigns.ts'
import type { Cedar } from './cedar.ts'
import { timeOf } from './dates.ts'
import { openGrantUses } from './grant-uses.ts'
import { type GrantRecord, type Grants, openGrants } from './grants.ts'
import { openHolds } from './holds.ts'
import { isPerson } from './people.ts'
import type { QuestionNeeds } from './policy-question.ts'
import { type Soon, soon } from './soon.ts'
import { openTimed, type Timed } from './timed.ts'
import type { Scene, SeenLeaf, Watch } from './watch.ts'

export type Reviews = Watch & { readonly timed: Pick<Timed, 'isGiven'> }

type ReviewNeeds = Omit<QuestionNeeds, 'clearances' | 'timed'> & {
  readonly cedar: Cedar | undefined
  /** Asked for once records are seen: they look at each other. */
  readonly approvals: () => Pick<Approvals, 'clearances'>
}

/**
 * Each call says by which grants it was allowed; these were in its rulebook or given for a while, were not revoked,
 * and were as fresh as it says; the function was not quarantined. Grants are certified, put off, revoked and
 * restored, and campaigns held, as they have to be.
 */
export function watchReviews(scene: Scene, needs: ReviewNeeds): Reviews {
  const { rulebooks } = needs
  const { report, isWhole, manifest } = scene
  const campaigns = openCampaigns(scene, (grant) => grants.isRevoked(grant))
  const grants: Grants = openGrants(scene, campaigns)
  const timed = openTimed(scene)
  const holds = openHolds(scene)
  const uses = openGrantUses(scene, { ...needs, grants, timed, holds })
  if (!isWhole) report.partly('reviews', 'only a part of the records is shown')

  const around = ({ time }: LeafRecord) => rulebooks.around(timeOf(time) ?? 0)
  const reviewed = async ({ index, record }: SeenLeaf, of: GrantRecord) => {
    grants.see({ record: index }, of, await around(record))
  }
  const see = (leaf: SeenLeaf): Soon<void> => {
    const { index, record } = leaf
    const at = { record: index }
    const by = 'by' in record ? record.by : undefined
    if (isReview(record) && by !== undefined && ![by].flat().every(isPerson)) {
      report.find('review-not-a-person', at)
    }
    switch (record.type) {
      case 'call.authorized':
        return uses.see(leaf, record)
      case 'rulebook.activated':
        return soon(rulebooks.content(record.digest), (content) => {
          if (content) grants.activated(content, timeOf(record.time) ?? 0)
        })
      case 'grant.certified':
      case 'grant.proposed':
      case 'grant.exempted':
      case 'grant.extended':
      case 'grant.restored':
        return reviewed(leaf, record)
      case 'grant.revoked':
        campaigns.revoked(record.grant)
        return reviewed(leaf, record)
      case 'timed.asked':
      case 'timed.given':
      case 'timed.agreed':
      case 'timed.refused':
      case 'timed.revoked':
        return timed.see(at, record)
      case 'function.quarantined':
      case 'function.accepted':
        return around(record).then((contents) => holds.see(at, record, contents))
      case 'campaign.opened':
      case 'campaign.changed':
      case 'campaign.closed':
      case 'review.assigned':
      case 'review.decided':
        return campaigns.see(at, record)
      case 'review.applied':
        return around(record).then((contents) => {
          const isGone =
            contents.length > 0 && !contents.some((one) => one.permits.has(record.grant))
          campaigns.see(at, record, isGone)
        })
      default:
        return undefined
    }
  }
  return {
    timed,
    // Of a session what became of its grants may not be shown.
    see: (leaf) => (manifest?.scope === 'session' ? undefined : see(leaf)),
  }
}

/** What only people may do. */
function isReview({ type }: LeafRecord): boolean {
  return type === 'grant.certified' || type === 'review.decided' || type === 'timed.given'
}
