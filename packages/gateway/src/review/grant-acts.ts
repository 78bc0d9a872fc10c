import { isOnePerson } from '../approval/closure.ts'
import { isPersonAlone, isPersonLocked } from '../approval/eligibility.ts'
import { timestamp } from '../approval/records.ts'
import type { InForce } from '../call/in-force.ts'
import type { GrantProposal, GrantStanding } from '../model/certification.ts'
import type { GrantListed } from '../model/grant.ts'
import type { Notice } from '../model/notice.ts'
import { Conflict, type Entry } from '../store/store.ts'
import type { CertifyAsked, GrantActed, PutOffAsked, RestoreAsked, RevokeAsked } from './asked.ts'
import { givenNow } from './duties.ts'
import { certified, restored, revoked } from './grant-standing.ts'
import type { ReviewNeeds } from './needs.ts'
import { grantNotices } from './notices.ts'
import { certifiedRecord, proposedRecord, revokedRecord } from './records.ts'
import type { Refused, ReviewRefused } from './refused.ts'
import { type Circle, circleOf, isReviewerGone, ownersOf, reviewerProblem } from './reviewers.ts'
import { reasonProblem, termsProblem } from './terms.ts'

/** "Still justified, as it is now": of a critical grant two people say it. A lost race is tried again. */
export function certifyGrant(needs: ReviewNeeds, asked: CertifyAsked): Promise<GrantActed> {
  const { person, content, decision, reason } = asked
  return actOn(needs, asked.grant, async (known) => {
    const { grant, standing, at } = known
    const problem = await judge(needs, known, { person, content, reason })
    if (problem) return problem
    if (standing.revoked) return { refused: 'is-revoked' }
    const terms = { decision, when: asked.when ?? [], endsAt: asked.endsAt }
    const given = await givenNow(needs, known.rules)
    const unfit = termsProblem(needs, { ...known, given, terms })
    if (unfit) return unfit
    const by = person.subject.id
    const agreed = await agreedTo(needs, known, { act: 'certify', by, content, ...terms })
    if (grant.tier === 'critical' && !agreed) {
      const { endsAt, ...rest } = terms
      const also = { ...rest, ...(endsAt !== undefined && { endsAt }) }
      return proposing(standing, { act: 'certify', by, reason, at, content, ...also })
    }
    const next = certified(standing, {
      ...{ grant, rules: known.rules.reviews, id: needs.newId(), at, reason },
      by: agreed ? [agreed.by, by] : [by],
      terms: { ...terms, endsAt: earlier(terms.endsAt, agreed?.endsAt) },
    })
    const { certification, endsAt } = next
    const also = { tier: grant.tier, endsAt, within: undefined }
    return {
      standing: next,
      record: certifiedRecord(grant.id, certification, also),
      notices: (written) => {
        const dueAt = dueFrom(known.rules, certification.validUntil)
        return grantNotices(written, 'grant.due', dueAt, known.rules)
      },
    }
  })
}

/** At once, and everywhere: by somebody who decides about it, or by an administrator. */
export function revokeGrant(needs: ReviewNeeds, asked: RevokeAsked): Promise<GrantActed> {
  const { person, reason, isAdmin } = asked
  return actOn(needs, asked.grant, async (known) => {
    const { standing, at, grant, rules } = known
    const problem = await revokeProblem(needs, known, { person, isAdmin })
    if (problem !== undefined) return { refused: problem }
    const unreasoned = reasonProblem(needs, reason)
    if (unreasoned) return unreasoned
    const next = revoked(standing, { at, by: person.subject.id, reason })
    return {
      standing: next,
      record: revokedRecord(grant.id, next.revoked, undefined),
      notices: (written) => grantNotices(written, 'grant.revoked', at, rules),
    }
  })
}

export function restoreGrant(needs: ReviewNeeds, asked: RestoreAsked): Promise<GrantActed> {
  const { person, content, reason } = asked
  return actOn(needs, asked.grant, async (known) => {
    const { grant, standing, at } = known
    const problem = await judge(needs, known, { person, content, reason, byTwo: true })
    if (problem) return problem
    const isBound = standing.endsAt !== undefined || (standing.certification?.when.length ?? 0) > 0
    if (!standing.revoked && !isBound) return { refused: 'nothing-to-restore' }
    const by = person.subject.id
    const agreed = await agreedTo(needs, known, { act: 'restore', by, content })
    if (!agreed) return proposing(standing, { act: 'restore', by, reason, at, content })
    const record = {
      type: 'grant.restored',
      time: timestamp(at),
      ...{ grant: grant.id, by: [agreed.by, by], reason },
    } as const
    return { standing: restored(standing), record }
  })
}

export function exemptGrant(needs: ReviewNeeds, asked: PutOffAsked): Promise<GrantActed> {
  return putOff(needs, asked, 'exempt')
}

export function extendGrant(needs: ReviewNeeds, asked: PutOffAsked): Promise<GrantActed> {
  return putOff(needs, asked, 'extend')
}

/** Why this person may not certify it now, whatever they would say. */
export async function whyNotCertify(
  needs: ReviewNeeds,
  { grant, standing, circle }: Omit<Known, 'rules' | 'at'>,
  person: CertifyAsked['person'],
): Promise<ReviewRefused | undefined> {
  if (standing.revoked) return 'is-revoked'
  const assigned = ownersOf(circle.rules, grant)
  return reviewerProblem({ ...circle, store: needs.store }, person, { grant, standing, assigned })
}

export async function revokeProblem(
  needs: Pick<ReviewNeeds, 'store'>,
  { grant, standing, circle }: Pick<Known, 'grant' | 'standing' | 'circle'>,
  { person, isAdmin }: Pick<RevokeAsked, 'person' | 'isAdmin'>,
): Promise<ReviewRefused | undefined> {
  if (standing.revoked) return 'is-revoked'
  const approvals = circle.rules.approvals
  if (!isPersonAlone(person)) return 'not-a-person'
  const { isLocked } = circle
  if (isPersonLocked(person.subject.id, { rules: approvals, isLocked })) return 'locked'
  if (isAdmin) return undefined
  const assigned = ownersOf(circle.rules, grant)
  const problem = await reviewerProblem({ ...circle, store: needs.store }, person, {
    ...{ grant, standing, assigned },
  })
  // Taking access away needs no second look: one's own, and by whoever certified it.
  return problem === 'own-access' || problem === 'last-certifier' ? undefined : problem
}

/** The grant as it is in force, and its standing; one that nobody has put down yet begins now. */
export type Known = {
  readonly rules: InForce
  readonly circle: Circle
  readonly grant: GrantListed
  readonly standing: GrantStanding
  readonly at: number
}

export async function knownOf(needs: ReviewNeeds, id: string): Promise<Known | Refused> {
  const rules = needs.rules()
  const grant = rules?.grant(id)
  if (!rules || !grant) return { refused: 'grant-unknown' }
  const circle = await circleOf(needs, rules)
  const at = needs.now()
  const stored = await needs.store.grantStanding(id)
  return { rules, circle, grant, standing: stored ?? unseen(grant, at), at }
}

function unseen({ id, content }: GrantListed, at: number): GrantStanding {
  return { grant: id, firstSeenAt: at, content, contentSince: at, revision: 0 }
}

function putOff(
  needs: ReviewNeeds,
  asked: PutOffAsked,
  act: 'exempt' | 'extend',
): Promise<GrantActed> {
  const { person, content, reason, until } = asked
  const longestMs = act === 'exempt' ? needs.limits.exemptionMs : needs.limits.extensionMs
  return actOn(needs, asked.grant, async (known) => {
    const { grant, standing, at } = known
    const problem = await judge(needs, known, { person, content, reason, byTwo: true })
    if (problem) return problem
    if (standing.revoked) return { refused: 'is-revoked' }
    if (!(until > at && until <= at + longestMs)) return { refused: 'until-invalid' }
    if (act === 'extend' && standing.extension) return { refused: 'already-extended' }
    const by = person.subject.id
    const agreed = await agreedTo(needs, known, { act, by, content })
    if (!agreed) return proposing(standing, { act, by, reason, at, content, until })
    const given = {
      ...{ content, reason, by: [agreed.by, by] },
      until: Math.min(until, agreed.until ?? until),
    }
    const { proposal: _, ...rest } = standing
    return {
      standing: { ...rest, ...(act === 'exempt' ? { exemption: given } : { extension: given }) },
      record: {
        type: act === 'exempt' ? 'grant.exempted' : 'grant.extended',
        time: timestamp(at),
        ...{ grant: grant.id, content, by: given.by, reason },
        until: timestamp(given.until),
      },
    }
  })
}

/** Whether this person may decide about it, as it is, and says why. */
async function judge(
  needs: ReviewNeeds,
  { grant, standing, circle }: Known,
  asked: Pick<CertifyAsked, 'person' | 'content' | 'reason'> & { readonly byTwo?: true },
): Promise<Refused | undefined> {
  const assigned = ownersOf(circle.rules, grant)
  const problem = await reviewerProblem({ ...circle, store: needs.store }, asked.person, {
    ...{ grant, standing, assigned },
  })
  const isHarmless = asked.byTwo === true && problem === 'last-certifier'
  if (problem !== undefined && !isHarmless) return { refused: problem }
  if (asked.content !== grant.content) return { refused: 'other-content' }
  return reasonProblem(needs, asked.reason)
}

/** What somebody else wanted before, when it is the very same and they may still want it. */
async function agreedTo(
  { limits, store }: Pick<ReviewNeeds, 'limits' | 'store'>,
  { standing: { proposal }, circle, grant, at }: Known,
  wanted: Pick<GrantProposal, 'act' | 'by' | 'content' | 'decision' | 'when'>,
): Promise<GrantProposal | undefined> {
  if (!proposal) return undefined
  const { approvals } = circle.rules
  const isSame =
    proposal.act === wanted.act &&
    proposal.content === wanted.content &&
    proposal.decision === wanted.decision &&
    JSON.stringify(proposal.when ?? []) === JSON.stringify(wanted.when ?? [])
  const isOther = !isOnePerson(proposal.by, wanted.by, approvals.people)
  const isFresh = at - proposal.at < limits.proposalMs
  if (!isSame || !isOther || !isFresh) return undefined
  const assigned = ownersOf(circle.rules, grant)
  const isGone = await isReviewerGone({ ...circle, store }, proposal.by, { grant, assigned })
  return isGone ? undefined : proposal
}

function proposing(standing: GrantStanding, proposal: GrantProposal): Written {
  return {
    standing: { ...standing, proposal },
    record: proposedRecord(standing.grant, proposal),
    pending: true,
  }
}

type Written = Pick<Entry, 'record'> & {
  /** Its revision is counted by whoever writes it. */
  readonly standing: GrantStanding
  readonly notices?: (written: GrantStanding) => readonly Notice[]
  readonly pending?: true
}

async function actOn(
  needs: ReviewNeeds,
  id: string,
  judgeAndWrite: (known: Known) => Promise<Written | Refused>,
): Promise<GrantActed> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const known = await knownOf(needs, id)
    if ('refused' in known) return known
    const written = await judgeAndWrite(known)
    if ('refused' in written) return written
    const { record, notices, pending = false } = written
    const expectedRevision = known.standing.revision
    const standing = { ...written.standing, revision: expectedRevision + 1 }
    try {
      await needs.store.commit({
        ...{ record, payloads: [], notices: notices?.(standing) ?? [] },
        change: { kind: 'grant.update', standing, expectedRevision },
      })
    } catch (thrown) {
      if (thrown instanceof Conflict) continue
      throw thrown
    }
    needs.took({ standing })
    return { standing, pending }
  }
  return { refused: 'busy' }
}

function earlier(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return Math.min(one, other)
}

function dueFrom({ reviews }: InForce, validUntil: number): number {
  return validUntil - reviews.dueSoonMs
}

/** Each loss means that somebody else changed it. */
const attemptsMax = 16
