import type { Campaign, ReviewItem } from '../model/campaign.ts'
import type { GrantStanding } from '../model/certification.ts'
import { type Change, Conflict, type Entry } from '../store/store.ts'
import { type Known, knownOf } from './grant-acts.ts'
import { certified, revoked } from './grant-standing.ts'
import { decisionOf, itemStep } from './item-machine.ts'
import type { ReviewNeeds } from './needs.ts'
import { grantNotices } from './notices.ts'
import { probe } from './probe.ts'
import { appliedRecord, certifiedRecord, revokedRecord, voidedRecord } from './records.ts'
import { areDecidersGone } from './reviewers.ts'

/**
 * Puts in force what was decided about an item, and asks the policy engine whether it is: each in a commit of its
 * own, so a crash in between leaves an item that the next look takes up where this one stopped. Answers the item as
 * it is then.
 */
export async function remediate(needs: ReviewNeeds, item: ReviewItem): Promise<ReviewItem> {
  let found = item
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const next = await nextOf(needs, found)
    if (!next) return found
    const written = await write(needs, found, next)
    found = written ?? (await needs.store.reviewItem(found.id)) ?? found
  }
  return found
}

/** Who decides what nobody decided, in records. */
export const byDates = 'gateway:reviews'

/**
 * What nobody decided, by the campaign's rule. Silence takes away and never certifies: what would be kept is flagged
 * as unanswered and goes stale by its dates.
 */
export function silentDecision(
  { noResponse }: Pick<Campaign, 'noResponse'>,
  recommended: string,
): 'revoke' | undefined {
  switch (noResponse) {
    case 'stale':
    case 'keep-flagged':
      return undefined
    case 'revoke':
      return 'revoke'
    case 'recommendation':
      return recommended === 'revoke' ? 'revoke' : undefined
  }
}

/** An item whose grant is not what it asks about any more: void, and asked again while the campaign asks. */
export async function voidItem(
  needs: Pick<ReviewNeeds, 'store' | 'now' | 'newId' | 'rules'>,
  item: ReviewItem,
  again: boolean,
): Promise<ReviewItem | undefined> {
  const grant = needs.rules()?.grant(item.grant)
  const reopened: ReviewItem | undefined =
    grant && again
      ? {
          ...{ id: needs.newId(), campaign: item.campaign, grant: grant.id },
          ...{ content: grant.content, tier: grant.tier, assigned: item.assigned },
          ...{ state: 'UNREVIEWED', decisions: [], moved: [], revision: 1 },
        }
      : undefined
  const at = needs.now()
  const next = itemStep(item, { kind: 'void', ...(reopened && { reopened: reopened.id }) }, at)
  if (!next) return undefined
  return commitItem(needs, item, next, { record: voidedRecord(next, at) }, { reopened })
}

type Next = Pick<Entry, 'record' | 'notices'> & {
  readonly item: ReviewItem
  readonly standing?: { readonly standing: GrantStanding; readonly expectedRevision: number }
}

async function nextOf(needs: ReviewNeeds, item: ReviewItem): Promise<Next | undefined> {
  if (item.state === 'APPLIED') return verifying(needs, item)
  const isSilent = item.state === 'NO_RESPONSE' && item.decisions.at(-1)?.by === byDates
  if (item.state !== 'DECIDED' && !isSilent) return undefined
  const known = await knownOf(needs, item.grant)
  const at = needs.now()
  // Whatever is in force now was not decided about. Taking it away is right all the same.
  const isGone = 'refused' in known
  const { decision } = decisionOf(item.decisions)
  const isOther = !isGone && known.grant.content !== item.content && decision !== 'revoke'
  const isUnfounded =
    !isGone && !isSilent && decision !== 'revoke' && (await isDeciderGone(needs, item, known))
  if (isGone || isOther || isUnfounded || (known.standing.revoked && decision !== 'revoke')) {
    const next = itemStep(item, { kind: 'apply', failed: true }, at)
    return next && { item: next, record: appliedRecord(next, decision, at) }
  }
  return applying(needs, item, known)
}

async function isDeciderGone(needs: ReviewNeeds, item: ReviewItem, known: Known): Promise<boolean> {
  const campaign = await needs.store.campaign(item.campaign)
  return areDecidersGone(needs, { item, campaign, known })
}

function applying(needs: ReviewNeeds, item: ReviewItem, known: Known): Next | undefined {
  const { grant, standing, at, rules } = known
  const next = itemStep(item, { kind: 'apply', failed: false }, at)
  if (!next) return undefined
  const { decision, when, endsAt } = decisionOf(item.decisions)
  const within = { campaign: item.campaign, item: item.id }
  const reason = item.decisions.map((one) => one.reason).find((one) => one !== '') ?? noReason
  const by = item.decisions.map((one) => one.by)
  if (decision === 'revoke') {
    if (standing.revoked) return { item: next, record: appliedRecord(next, decision, at) }
    const last = item.decisions.findLast((one) => one.decision === 'revoke')
    const taken = revoked(counted(standing), {
      ...{ at, by: last?.by ?? by.join(' '), reason: last?.reason || noReason },
    })
    const notices = grantNotices(taken, 'grant.revoked', at, rules)
    return {
      ...{ item: next, notices, record: revokedRecord(grant.id, taken.revoked, within) },
      standing: { standing: taken, expectedRevision: standing.revision },
    }
  }
  const kept = certified(counted(standing), {
    ...{ grant, rules: rules.reviews, id: needs.newId(), at, by, reason },
    ...{ terms: { decision, when, endsAt }, campaign: item.campaign },
  })
  const { certification } = kept
  const also = { tier: grant.tier, endsAt: kept.endsAt, within }
  const dueAt = certification.validUntil - rules.reviews.dueSoonMs
  return {
    item: next,
    record: certifiedRecord(grant.id, certification, also),
    notices: grantNotices(kept, 'grant.due', dueAt, rules),
    standing: { standing: kept, expectedRevision: standing.revision },
  }
}

async function verifying(needs: ReviewNeeds, item: ReviewItem): Promise<Next | undefined> {
  // Another gateway may have applied it a moment ago.
  needs.took({ standing: await needs.store.grantStanding(item.grant) })
  const rules = needs.rules()
  const grant = rules?.grant(item.grant)
  const { decision } = decisionOf(item.decisions)
  const at = needs.now()
  // A grant that is in no rulebook permits nothing, and the engine has nothing to say about it.
  const found = rules && grant && probe({ ...needs, rules, grant })
  const answer = found?.answer ?? 'forbid'
  const counts = found?.counts ?? false
  const next = itemStep(
    item,
    { kind: 'verify', answer, holds: decision === 'revoke' ? !counts : counts },
    at,
  )
  return next && { item: next, record: appliedRecord(next, decision, at) }
}

async function write(
  needs: ReviewNeeds,
  item: ReviewItem,
  { item: next, standing, ...entry }: Next,
): Promise<ReviewItem | undefined> {
  const written = await commitItem(needs, item, next, entry, { standing })
  if (written && standing) needs.took({ standing: standing.standing })
  return written
}

/** The item as it is then; undefined: somebody else changed it or the grant. */
export async function commitItem(
  { store }: Pick<ReviewNeeds, 'store'>,
  item: ReviewItem,
  next: ReviewItem,
  entry: Pick<Entry, 'record' | 'notices'>,
  also: {
    readonly standing?: Extract<Change, { kind: 'review.update' }>['standing'] | undefined
    readonly reopened?: ReviewItem | undefined
  } = {},
): Promise<ReviewItem | undefined> {
  const { standing, reopened } = also
  try {
    await store.commit({
      ...entry,
      payloads: [],
      change: {
        ...{ kind: 'review.update', item: next, expectedRevision: item.revision },
        ...(standing && { standing }),
        ...(reopened && { reopened }),
      },
    })
    return next
  } catch (thrown) {
    if (thrown instanceof Conflict) return undefined
    throw thrown
  }
}

function counted(standing: GrantStanding): GrantStanding {
  return { ...standing, revision: standing.revision + 1 }
}

/** What the record says where a campaign asks for no reason. */
const noReason = 'kept as it is'
/** Apply, verify, and a few lost races. */
const attemptsMax = 16
