import type { LeafRecord } from '../record.ts'
import { type Campaigns, isByTwo } from './campaigns.ts'
import type { Content } from './content.ts'
import { timeOf, toleranceMs } from './dates.ts'
import { grantContent } from './grant-content.ts'
import { isSamePerson } from './people.ts'
import type { Place } from './verdict.ts'
import type { Scene } from './watch.ts'

type Of<Type extends LeafRecord['type']> = Extract<LeafRecord, { type: Type }>
export type GrantRecord = Extract<
  LeafRecord,
  { readonly type: `grant.${string}`; readonly grant: string }
>

export type Grants = {
  /** `contents`: rulebooks that may have been in force then, the newest first. */
  readonly see: (at: Place, record: GrantRecord, contents: readonly Content[]) => void
  /** A rulebook was put in force, Unix milliseconds. */
  readonly activated: (content: Content, time: number) => void
  readonly isRevoked: (grant: string) => boolean
  /** Whether the log, or the rulebook, says that the access by it was over at this moment. */
  readonly hasEnded: (
    grant: string,
    at: { readonly time: number; readonly content: Content },
  ) => boolean
  /** Expressions that have to hold where it is to count. */
  readonly narrowedTo: (grant: string) => readonly string[]
  /** Whether the log bears out that it was this fresh at this moment, under this rulebook. */
  readonly isFounded: (
    used: { readonly grant: string; readonly freshness: string },
    at: { readonly time: number; readonly content: Content },
  ) => boolean
}

type Until = { readonly content: string; readonly until: number }

type Known = {
  revoked: boolean
  certified?: Until
  extended?: Until
  exempted?: Until
  /** Unix milliseconds. */
  endsAt?: number
  when?: readonly string[]
  /** What the first of two people wants. */
  proposed?: Of<'grant.proposed'>
}

/**
 * Who certifies a grant certifies what it is, for as long as the rulebook lets; what takes two people is proposed by
 * one and done with another; a grant is revoked until it is restored, and put off once and briefly.
 */
export function openGrants(
  { report, isWhole }: Scene,
  { decidersOf }: Pick<Campaigns, 'decidersOf'>,
): Grants {
  const all = new Map<string, Known>()
  /** When each was first in force. */
  const firstSeen = new Map<string, number>()
  const of = (grant: string): Known => {
    const known = all.get(grant) ?? { revoked: false }
    all.set(grant, known)
    return known
  }

  const certify = (at: Place, record: Of<'grant.certified'>, contents: readonly Content[]) => {
    const known = of(record.grant)
    if (known.revoked) report.find('grant-state', at)
    if (record.tier === 'critical') byTwo(at, record, known, 'certify')
    checkCertified({ report, isWhole }, at, { record, contents })
    const { campaign, item = '', grant, by, content } = record
    const deciders = campaign === undefined ? by : decidersOf({ campaign, item, grant, content })
    if (isWhole && by.some((one) => !deciders.includes(one))) report.find('review-unproposed', at)
    const until = timeOf(record.validUntil) ?? 0
    const { revoked, exempted } = known
    const endsAt = Math.min(known.endsAt ?? never, endOf(record))
    all.set(grant, {
      ...{ revoked, certified: { content, until }, when: record.when, endsAt },
      ...(exempted && { exempted }),
    })
  }
  const byTwo = (
    at: Place,
    record: Of<'grant.certified'> | Of<'grant.restored'> | PutOff,
    known: Known,
    act: string,
  ) => {
    if (!isByTwo(record.by)) report.find('review-by-one', at)
    // Of a campaign, the two have decided its item, which is looked at.
    if ('campaign' in record && record.campaign !== undefined) return
    const { proposed } = known
    const isProposed = proposed?.act === act && record.by.includes(proposed.by)
    if (!isProposed && isWhole) report.find('review-unproposed', at)
    delete known.proposed
  }
  const putOff = (at: Place, record: PutOff) => {
    const known = of(record.grant)
    const { content } = record
    const isExemption = record.type === 'grant.exempted'
    byTwo(at, record, known, isExemption ? 'exempt' : 'extend')
    const until = timeOf(record.until) ?? never
    const longest = isExemption ? exemptionMs : extensionMs
    if (until - (timeOf(record.time) ?? 0) > longest + toleranceMs) {
      report.find('put-off-too-long', at)
    }
    if (isExemption) known.exempted = { content, until }
    else {
      if (known.extended) report.find('extension-repeated', at)
      known.extended = { content, until }
    }
  }
  return {
    see: (at, record, contents) => {
      report.examined('reviews')
      if (record.type === 'grant.certified') return certify(at, record, contents)
      const known = of(record.grant)
      if (record.type === 'grant.proposed') known.proposed = record
      if (record.type === 'grant.exempted' || record.type === 'grant.extended') putOff(at, record)
      if (record.type === 'grant.revoked' || record.type === 'grant.restored') {
        const revokes = record.type === 'grant.revoked'
        if (known.revoked === revokes && (revokes || isWhole)) report.find('grant-state', at)
        if (record.type === 'grant.restored') byTwo(at, record, known, 'restore')
        known.revoked = revokes
      }
    },
    isRevoked: (grant) => all.get(grant)?.revoked === true,
    activated: ({ permits }, time) => {
      for (const grant of permits.keys()) {
        if (!firstSeen.has(grant)) firstSeen.set(grant, time)
      }
    },
    hasEnded: (grant, { time, content }) => {
      const { expiresAt = never } = content.permits.get(grant) ?? {}
      return time >= Math.min(all.get(grant)?.endsAt ?? never, expiresAt) + toleranceMs
    },
    narrowedTo: (grant) => all.get(grant)?.when ?? [],
    isFounded: ({ grant, freshness }, at) =>
      !isWhole || isFounded(all.get(grant), freshness, datesOf(at, grant, firstSeen.get(grant))),
  }
}

function datesOf(
  { time, content }: { readonly time: number; readonly content: Content },
  grant: string,
  firstSeenAt: number = never,
) {
  const now = reviewable(content, grant)[0]?.content
  const { initialMs, graceMs } = content.reviews
  const grace = now ? graceMs[now.tier] : Math.max(...Object.values(graceMs))
  return { time, now: now?.digest, firstUntil: firstSeenAt + initialMs, graceMs: grace ?? 0 }
}

/**
 * `now`: the digest of its content; undefined where that cannot be told. `firstUntil`: until when it is trusted where
 * nobody has certified it.
 */
function isFounded(
  known: Known | undefined,
  freshness: string,
  at: {
    readonly time: number
    readonly now: string | undefined
    readonly firstUntil: number
    readonly graceMs: number
  },
): boolean {
  const { time, now, firstUntil, graceMs } = at
  const counts = (one: Until | undefined) =>
    one !== undefined &&
    (now === undefined || one.content === now) &&
    time < one.until + toleranceMs
  if (freshness === 'FRESH' || freshness === 'DUE_SOON') {
    return counts(known?.certified) || (known?.certified !== undefined && counts(known.extended))
  }
  if (freshness === 'EXEMPT') return counts(known?.exempted)
  const isIn = (until: number) => time < until + toleranceMs
  const first = known?.certified?.until ?? firstUntil
  switch (freshness) {
    case 'PROVISIONAL':
      return (!known?.certified && isIn(first)) || counts(known?.extended)
    case 'STALE':
      // An instance that heard of nothing for a while takes everything for stale.
      return isIn(first + graceMs) || counts(known?.extended) || counts(known?.exempted)
    default:
      return true
  }
}

function checkCertified(
  { report, isWhole }: Pick<Scene, 'report' | 'isWhole'>,
  at: Place,
  of: { readonly record: Of<'grant.certified'>; readonly contents: readonly Content[] },
): void {
  const { record, contents } = of
  const found = contents.flatMap((content) => reviewable(content, record.grant))
  if (found.length === 0) {
    if (isWhole && contents.length > 0) report.find('certification-content', at)
    return
  }
  const isKnown = found.some(({ content }) => content !== undefined)
  if (!isKnown) report.partly('reviews', 'the scope of a policy is in a form this cannot read')
  const isSame = found.some(({ content }) => {
    return content?.digest === record.content && content.tier === record.tier
  })
  if (isKnown && !isSame) report.find('certification-content', at)
  const length = (timeOf(record.validUntil) ?? never) - (timeOf(record.time) ?? 0)
  const longest = Math.max(...found.map(({ cadenceOf }) => cadenceOf(record.tier)))
  if (length <= 0 || length > longest + toleranceMs) report.find('certification-too-long', at)
  const isHolder = found.some(({ holder }) => {
    return holder !== undefined && record.by.some((by) => isSamePerson(by, holder))
  })
  if (isHolder) report.find('review-reviewer', at)
}

function endOf({ endsAt }: Of<'grant.certified'>): number {
  return (endsAt === undefined ? undefined : timeOf(endsAt)) ?? never
}

type PutOff = Extract<LeafRecord, { readonly type: 'grant.exempted' | 'grant.extended' }>

const never = Number.MAX_SAFE_INTEGER
const dayMs = 86_400_000
const exemptionMs = 90 * dayMs
const extensionMs = 7 * dayMs

/** The permit of this id, as its review depends on it. */
function reviewable(content: Content, grant: string) {
  const policy = content.policies.find(({ id, effect }) => id === grant && effect === 'permit')
  if (!policy) return []
  const { reviewMs, holder } = content.permits.get(grant) ?? {}
  const cadenceOf = (tier: string) => reviewMs ?? content.reviews.cadenceMs[tier] ?? 0
  return [{ content: grantContent(content, policy), cadenceOf, holder }]
}
