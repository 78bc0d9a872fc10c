import type { LeafRecord } from '../record.ts'
import type { Approvals } from './approvals.ts'
import type { Cedar } from './cedar.ts'
import { openConditions } from './conditions.ts'
import type { Content } from './content.ts'
import { timeOf } from './dates.ts'
import type { Grants } from './grants.ts'
import type { Holds } from './holds.ts'
import { namedParties } from './people.ts'
import { groupsRequired, type QuestionNeeds, questionsOf } from './policy-question.ts'
import { isShortened } from './shortened.ts'
import { type Soon, soon } from './soon.ts'
import { timedHead } from './timed.ts'
import type { Place } from './verdict.ts'
import type { Scene, SeenLeaf } from './watch.ts'

type Authorized = Extract<LeafRecord, { type: 'call.authorized' }>
type Used = NonNullable<Authorized['grants']>[number]

/** Each call counts, for each party that needs one, on a grant that was there, not revoked, and as fresh as it says. */
export function openGrantUses(
  { report, isWhole, manifest }: Scene,
  needs: Omit<QuestionNeeds, 'clearances'> & {
    readonly grants: Pick<Grants, 'isRevoked' | 'isFounded' | 'hasEnded' | 'narrowedTo'>
    readonly holds: Pick<Holds, 'isHeld'>
    readonly approvals: () => Pick<Approvals, 'clearances'>
    readonly cedar: Cedar | undefined
  },
): { readonly see: (leaf: SeenLeaf, record: Authorized) => Soon<void> } {
  const { rulebooks, grants, timed, holds, cedar } = needs
  const hasAgreed = openAgreed(isWhole, needs.approvals)
  const conditions =
    cedar && manifest?.payloads === true ? openConditions(cedar, 'review') : undefined
  /** Starts of gateways that have said by which grants. */
  const telling = new Set<string>()
  const called = (leaf: SeenLeaf, record: Authorized): Soon<void> => {
    const at = { record: leaf.index }
    if (holds.isHeld(record.fn?.name ?? '')) report.find('function-quarantined-called', at)
    const { grants: used, decision, emitter } = record
    const start = `${emitter.instance} ${emitter.boot}`
    if (!used) {
      if (telling.has(start)) report.find('grant-missing', at)
      else report.partly('reviews', 'a call does not say by which grants it was allowed')
      return undefined
    }
    telling.add(start)
    report.examined('reviews')
    const parties = namedParties(record)
    if (used.some(({ party }) => !parties.includes(party))) report.find('grant-other-party', at)
    // The subject, and whoever acts for them now.
    const deciding = parties.slice(0, 2)
    const isEach = deciding.every((party) => used.some((one) => one.party === party))
    if (!isEach && !isShortened(record, used)) report.find('grant-missing', at)
    if (used.some(({ grant }) => grants.isRevoked(grant))) report.find('grant-revoked-called', at)
    return soon(rulebooks.content(decision?.policy ?? ''), (content) => {
      for (const one of used) checkUse(at, record, { used: one, content })
      const narrowed = [...new Set(used.flatMap(({ grant }) => grants.narrowedTo(grant)))]
      return narrowed.length > 0 ? judge(leaf, record, narrowed) : undefined
    })
  }
  const judge = async (leaf: SeenLeaf, record: Authorized, when: readonly string[]) => {
    const { decision } = record
    const { clearances } = needs.approvals()
    const questions = await questionsOf(leaf, record, { ...needs, clearances })
    const [question] = typeof questions === 'string' ? [] : questions
    const holds = question && conditions?.hold(when, question, decision?.time ?? record.time)
    if (holds === undefined) report.partly('reviews', unjudged)
    else if (!holds) report.find('grant-narrowed-called', { record: leaf.index })
  }
  const checkUse = (
    at: Place,
    record: Authorized,
    { used, content }: { readonly used: Used; readonly content: Content | undefined },
  ) => {
    const { decision } = record
    const time = timeOf(decision?.time ?? record.time) ?? 0
    const isNamed =
      decision?.rules.includes(used.grant) === true || isShortened(record, decision?.rules)
    if (used.grant.startsWith(timedHead)) {
      const of = { party: used.party, fn: record.fn?.name ?? '', time }
      const given = timed.isGiven(used.grant, of)
      if (given === 'revoked') report.find('grant-revoked-called', at)
      if (given === 'no' || !isNamed) report.find('timed-not-given', at)
      return
    }
    if (!content) return
    const isThere = content.policies.some(({ id, effect }) => {
      return id === used.grant && effect === 'permit'
    })
    if (!isThere || !isNamed) report.find('grant-unknown', at)
    const hasEnded = grants.hasEnded(used.grant, { time, content })
    if (!grants.isFounded(used, { time, content })) report.find('freshness-unfounded', at)
    if (hasEnded) report.find('grant-ended-called', at)
    if (used.freshness === 'REVOKED') report.find('grant-revoked-called', at)
    if (!content.reviews.isEnforced) return
    if (used.freshness === 'LAPSED') report.find('grant-lapsed-called', at)
    const owner = content.permits.get(used.grant)?.owner
    if (used.freshness === 'STALE' && !hasAgreed(record, owner, content.reviews)) {
      report.find('grant-stale-called', at)
    }
  }
  return { see: called }
}

/** Who stands for the owner, as one of those whose yes it needed: that they gave it is looked at for every call. */
function openAgreed(isWhole: boolean, approvals: () => Pick<Approvals, 'clearances'>) {
  return (record: Authorized, owner: string | undefined, { ownerFlow }: Content['reviews']) => {
    if (record.approvals.length === 0) return false
    const issued = approvals().clearances.issued(record.clearance ?? '')
    if (issued?.kind === 'break-glass' || (!issued && !isWhole)) return true
    const isKnown = owner !== undefined && !isShortened(record, record.decision?.obligations)
    return !isKnown || groupsRequired(record).includes(ownerFlow(owner))
  }
}

const unjudged =
  'what a review narrowed a grant to could not be judged: it takes disclosed arguments and Cedar'
