import type { DatabaseSync } from 'node:sqlite'
import type { LeafRecord } from '@sallyport/evidence/record'
import type { Campaign } from '../../model/campaign.ts'
import type { Certification, GrantStanding } from '../../model/certification.ts'
import type { FunctionHold } from '../../model/function-hold.ts'
import type { TimedGrant } from '../../model/timed-grant.ts'
import type { ReviewChange } from '../reviews.ts'
import { reviewReads } from './review-reads.ts'

/**
 * What records of the lost part did to grants and to functions that wait for their owner, as far as a record
 * tells. Lost are what one of two people had proposed, the items of campaigns, the texts of descriptions and the
 * marks of duties.
 */
export function prepareReviewEffects(db: DatabaseSync): {
  readonly changeOf: (record: LeafRecord, at: number) => ReviewChange | undefined
  /** Of the campaigns that these records are about: those that are not over. */
  readonly unfinished: () => readonly Campaign[]
} {
  const reads = reviewReads(db)
  const touched = new Set<string>()
  const restate = (
    grant: string,
    at: number,
    next: (standing: Omit<GrantStanding, 'proposal'>) => Omit<GrantStanding, 'revision'>,
  ): ReviewChange => {
    const { proposal: _, ...was } = reads.grantStanding(grant) ?? unseen(grant, at)
    const standing = { ...next(was), revision: was.revision + 1 }
    return { kind: 'grant.update', standing, expectedRevision: was.revision }
  }
  const changeOf = (record: LeafRecord, at: number): ReviewChange | undefined => {
    switch (record.type) {
      case 'grant.certified':
        // Without one of its conditions a grant would allow more than anybody agreed to, and as it was before as well.
        if (record.truncated !== undefined) {
          const ended = ({ certification: _, ...was }: Omit<GrantStanding, 'proposal'>) => {
            return { ...was, endsAt: Math.min(was.endsAt ?? never, at) }
          }
          return restate(record.grant, at, ended)
        }
        return restate(record.grant, at, ({ extension: _, ...was }) => {
          const { endsAt } = record
          const end = Math.min(
            was.endsAt ?? never,
            endsAt === undefined ? never : Date.parse(endsAt),
          )
          const ends = end === never ? {} : { endsAt: end }
          return { ...was, ...ends, certification: certificationOf(record, at) }
        })
      case 'grant.revoked': {
        const { by, reason } = record
        return restate(record.grant, at, (was) => ({ ...was, revoked: { at, by, reason } }))
      }
      case 'grant.restored':
        return restate(record.grant, at, ({ revoked: _, ...was }) => was)
      case 'grant.exempted':
      case 'grant.extended': {
        const { content, by, reason } = record
        const given = { content, by, reason, until: Date.parse(record.until) }
        const what = record.type === 'grant.exempted' ? 'exemption' : 'extension'
        return restate(record.grant, at, (was) => ({ ...was, [what]: given }))
      }
      case 'timed.asked':
      case 'timed.given':
      case 'timed.refused':
      case 'timed.revoked':
        return timedChange(record, at, reads.timedGrant(record.timed))
      case 'function.quarantined':
      case 'function.accepted':
        return holdChange(record, at, reads.functionHold(record.fn))
      case 'campaign.opened':
      case 'campaign.changed':
      case 'campaign.closed':
        touched.add(record.campaign)
        return campaignChange(record, at, reads.campaign(record.campaign))
      case 'review.assigned':
      case 'review.decided':
      case 'review.applied':
      case 'review.voided':
        touched.add(record.campaign)
        return undefined
      default:
        return undefined
    }
  }
  const unfinished = () =>
    [...touched]
      .flatMap((id) => reads.campaign(id) ?? [])
      .filter(({ state }) => state !== 'CLOSED' && state !== 'CANCELLED')
  return { changeOf, unfinished }
}

const never = Number.MAX_SAFE_INTEGER

/** Of a grant that no rulebook which is still there shows: nothing was certified of it by that. */
function unseen(grant: string, at: number): GrantStanding {
  return { grant, firstSeenAt: at, content: '', contentSince: at, revision: 0 }
}

type Of<Type extends LeafRecord['type']> = Extract<LeafRecord, { readonly type: Type }>

function certificationOf(record: Of<'grant.certified'>, at: number): Certification {
  const { certification: id, content, by, reason, when, campaign } = record
  const decision = decisions.find((one) => one === record.decision) ?? 'keep'
  return {
    ...{ id, content, decision, by, reason, when, at },
    validUntil: Date.parse(record.validUntil),
    ...(campaign !== undefined && { campaign }),
  }
}

const decisions: readonly Certification['decision'][] = ['keep', 'narrow', 'time-bound']

type TimedRecord = Extract<LeafRecord, { readonly timed: string }>

/** What was only asked for is refused: who may decide about it is not known any more. */
function timedChange(
  record: TimedRecord,
  at: number,
  was: TimedGrant | undefined,
): ReviewChange | undefined {
  const expectedRevision = was?.revision ?? 0
  const revision = expectedRevision + 1
  if (record.type !== 'timed.asked' && record.type !== 'timed.given') {
    const state = record.type === 'timed.refused' ? 'refused' : 'revoked'
    return was && { kind: 'timed.update', timed: { ...was, state, revision }, expectedRevision }
  }
  // Without one of its conditions it would allow more than anybody agreed to.
  const isGiven = record.type === 'timed.given' && record.truncated === undefined
  const { timed: id, party, functions, when, reason } = record
  const timed: TimedGrant = {
    ...{ id, party, functions, when, reason, revision, createdAt: was?.createdAt ?? at },
    ...{ from: Date.parse(record.from), endsAt: Date.parse(record.endsAt), decideBy: at },
    ...{ excluded: [], steps: [], reasonChars: 0, votes: was?.votes ?? [] },
    askedBy: was?.askedBy ?? (record.type === 'timed.asked' ? record.by : party),
    by: record.type === 'timed.given' ? record.by : [],
    state: isGiven ? 'given' : 'refused',
  }
  return { kind: 'timed.update', timed, expectedRevision }
}

function holdChange(
  record: Of<'function.quarantined' | 'function.accepted'>,
  at: number,
  was: FunctionHold | undefined,
): ReviewChange | undefined {
  const { fn, connection, found } = record
  const expectedRevision = was?.revision ?? 0
  const revision = expectedRevision + 1
  if (record.type === 'function.accepted') {
    const { by, note } = record
    const accepted = { by, at, note }
    const hold = was && { ...was, state: 'accepted' as const, found, accepted, revision }
    return hold && { kind: 'function.hold', hold, expectedRevision }
  }
  const { registered } = record
  const why = whys.find((one) => one === record.why) ?? 'drift'
  const hold: FunctionHold = {
    ...{ function: fn, connection, state: 'quarantined', why, registered, found },
    ...{ registeredText: '', foundText: '', since: at, revision },
  }
  return { kind: 'function.hold', hold, expectedRevision }
}

const whys: readonly FunctionHold['why'][] = ['drift', 'gone', 'new']

/** Its items are not in the log, so one that was opened in the lost part is there to be cited, not to go on. */
function campaignChange(
  record: Of<'campaign.opened' | 'campaign.changed' | 'campaign.closed'>,
  at: number,
  was: Campaign | undefined,
): ReviewChange | undefined {
  if (record.type === 'campaign.opened') {
    const { campaign: id, name, owner, opensAt, dueAt, graceUntil, previous } = record
    const campaign: Campaign = {
      ...{ id, name, owner, state: 'DRAFT', scope: { grants: [] }, reviewers: [] },
      levels: record.levels === 2 ? 2 : 1,
      ...{ opensAt: Date.parse(opensAt), dueAt: Date.parse(dueAt) },
      ...{ graceUntil: Date.parse(graceUntil), reminders: [], noResponse: 'stale' },
      ...{ justification: 'always', createdAt: at, revision: 1 },
      ...(previous !== undefined && { previous }),
    }
    return { kind: 'campaign.open', campaign, items: [] }
  }
  if (!was || record.type === 'campaign.changed') return undefined
  const { revision: expectedRevision } = was
  const campaign: Campaign = { ...was, state: 'CLOSED', revision: expectedRevision + 1 }
  return { kind: 'campaign.update', campaign, expectedRevision }
}
