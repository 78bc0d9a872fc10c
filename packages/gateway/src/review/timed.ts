import type { Person } from '../approval/ballot.ts'
import { closureOf, isAmong, isOnePerson, issuersOf, linked } from '../approval/closure.ts'
import {
  canBeApproved,
  type Electorate,
  eligibility,
  isMember,
  votersGone,
} from '../approval/eligibility.ts'
import { conditionProblem } from '../approval/flows.ts'
import { asOf, step } from '../approval/machine.ts'
import type { InForce } from '../call/in-force.ts'
import type { Approval, Vote } from '../model/approval.ts'
import { flowOf } from '../model/approval-rules.ts'
import type { TimedGrant } from '../model/timed-grant.ts'
import { Conflict, type Entry } from '../store/store.ts'
import type { TimedActed, TimedAsked, TimedRevokeAsked, TimedVote } from './asked.ts'
import { organiserProblem } from './campaigns.ts'
import type { ReviewNeeds } from './needs.ts'
import { timedNotices } from './notices.ts'
import { timedRecord, timedSaidRecord } from './records.ts'
import type { Refused, ReviewRefused } from './refused.ts'
import { circleOf } from './reviewers.ts'
import { reasonProblem } from './terms.ts'
import { contentsOf, isOtherNow } from './timed-content.ts'
import { brokenBy, takeBack } from './timed-duties.ts'

/**
 * Somebody asks for access for a while, for themselves or an agent of theirs. Whose yes it takes is fixed now: the
 * flows of the owners of every function.
 */
export async function askTimed(needs: ReviewNeeds, asked: TimedAsked): Promise<TimedActed> {
  const rules = needs.rules()
  const { person, reason, endsAt, when = [] } = asked
  const functions = [...new Set(asked.functions)]
  const problem = organiserProblem(needs, person) ?? reasonProblem(needs, reason)
  if (problem || !rules) return problem ?? { refused: 'functions-unknown' }
  const at = needs.now()
  const askedBy = person.subject.id
  const party = asked.party ?? askedBy
  const { people } = rules.approvals
  if (party !== askedBy && !isAmong(party, linked([askedBy], people)))
    return { refused: 'not-yours' }
  const isSoon =
    Number.isSafeInteger(endsAt) && endsAt > at && endsAt <= at + needs.limits.timedGrantMs
  if (!isSoon) return { refused: 'until-invalid' }
  const unfit =
    functionsProblem(needs, rules, { functions, when }) ??
    (await quotaProblem(needs, rules, askedBy))
  if (unfit) return unfit
  const put = putTo(rules, functions)
  const excluded = await excludedFrom(needs, rules, [party, askedBy])
  const electorate = { rules: rules.approvals, excluded, isLocked: needs.isLocked }
  if (!canBeApproved(put, electorate)) return { refused: 'nobody-to-ask' }
  const { notify, ...flows } = put
  const timed: TimedGrant = {
    ...{ id: `timed-${needs.newId()}`, party, functions, when, from: at, endsAt, reason, askedBy },
    ...{ excluded, ...flows, votes: [], by: [], state: 'asked', createdAt: at, revision: 1 },
    decideBy: Math.min(at + needs.limits.timedDecideByMs, endsAt),
    about: contentsOf(rules, functions),
  }
  const broken = await brokenBy(needs, rules, timed)
  if (broken) return broken
  await needs.store.commit({
    record: timedRecord('timed.asked', timed, at),
    payloads: [],
    change: { kind: 'timed.update', timed, expectedRevision: 0 },
    notices: timedNotices(timed, 'timed.asked', at, notify),
  })
  return { timed }
}

/** Under whatever id of theirs that is known. What nobody decided in time takes no place. */
async function quotaProblem(
  { store, limits, now }: ReviewNeeds,
  { approvals }: InForce,
  askedBy: string,
): Promise<Refused | undefined> {
  const at = now()
  const asked = await store.timedGrants({ state: 'asked', endsAfter: at })
  const open = asked.filter(
    (one) => one.decideBy > at && isOnePerson(one.askedBy, askedBy, approvals.people),
  )
  if (open.length < limits.timedAskedOpen) return undefined
  const detail = `${limits.timedAskedOpen} requests of yours wait already.`
  return { refused: 'too-many', detail }
}

/** One person's answer, by the rules of approvals: the last yes that is needed gives it, one no settles it. */
export async function voteTimed(needs: ReviewNeeds, ballot: TimedVote): Promise<TimedActed> {
  const { person, verdict, reason } = ballot
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const timed = await needs.store.timedGrant(ballot.id)
    const rules = needs.rules()
    if (!timed || !rules) return { refused: 'timed-unknown' }
    const at = needs.now()
    if (verdict === 'approve' && isOtherNow(rules, timed)) return { refused: 'other-content' }
    const electorate = await electorateOf(needs, rules, timed)
    const question = asOf(questionOf(timed), at)
    const voided = votersGone(question, electorate)
    const counted = { ...question, votes: question.votes.filter(({ by }) => !voided.includes(by)) }
    const seat = eligibility(counted, ballot, electorate)
    if ('refused' in seat) return { refused: refusedAs[seat.refused] ?? 'not-a-reviewer' }
    const unreasoned = reasonProblem(needs, reason)
    if (reason.trim().length < timed.reasonChars) return { refused: 'reason-required' }
    if (unreasoned && verdict === 'deny') return unreasoned
    const vote: Omit<Vote, 'at'> = {
      ...{ by: person.subject.id, verdict, step: seat.step, group: seat.group, reason },
      ...{ sawDigest: question.offer, channel: 'admin' },
    }
    const next = step(question, { kind: 'vote', vote, voided, clearance: timed.id }, at)
    if (!next.fits) return { refused: 'timed-closed' }
    const voted = votedOn(timed, next.approval, at)
    const isGiven = voted.state === 'given'
    const broken = isGiven ? await brokenBy(needs, rules, voted) : undefined
    if (broken) return broken
    const by = person.subject.id
    const record =
      voted.state === 'given'
        ? timedRecord('timed.given', voted, at)
        : timedSaidRecord(voted.state === 'refused' ? 'timed.refused' : 'timed.agreed', voted, {
            ...{ by, reason, at },
          })
    const isSettled = voted.state !== 'asked'
    const { notify } = putTo(rules, timed.functions)
    const notices = isSettled ? timedNotices(voted, 'timed.settled', at, notify) : []
    if (!(await write(needs, timed, voted, { record, notices }))) continue
    if (!isGiven) return { timed: voted }
    // Another one may have been given at the same moment: whoever sees both takes theirs back.
    const late = await brokenBy(needs, rules, voted)
    if (!late) {
      needs.took({ timed: voted })
      return { timed: voted }
    }
    await takeBack(needs, voted, { by, rule: late.detail ?? '' })
    return late
  }
  return { refused: 'busy' }
}

/** Why this person's yes would not count now; undefined: it would. */
export async function whyNotTimed(
  needs: ReviewNeeds,
  timed: TimedGrant,
  person: Person,
): Promise<ReviewRefused | undefined> {
  const rules = needs.rules()
  if (!rules) return 'timed-unknown'
  if (isOtherNow(rules, timed)) return 'other-content'
  const electorate = await electorateOf(needs, rules, timed)
  const question = asOf(questionOf(timed), needs.now())
  const seat = eligibility(question, { person, verdict: 'approve' }, electorate)
  return 'refused' in seat ? (refusedAs[seat.refused] ?? 'not-a-reviewer') : undefined
}

/** Taken away, or taken back: by whoever has it, an owner, or an administrator. */
export async function revokeTimed(
  needs: ReviewNeeds,
  { id, person, reason, isAdmin }: TimedRevokeAsked,
): Promise<TimedActed> {
  const problem = organiserProblem(needs, person) ?? reasonProblem(needs, reason)
  if (problem) return problem
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const timed = await needs.store.timedGrant(id)
    const rules = needs.rules()
    if (!timed || !rules) return { refused: 'timed-unknown' }
    const { approvals } = rules
    const by = person.subject.id
    const at = needs.now()
    const isOwn = [timed.party, timed.askedBy].some((one) => isOnePerson(one, by, approvals.people))
    const isOwner = timed.steps
      .flatMap(({ groups }) => groups)
      .some((group) => isMember(person, group, approvals))
    if (!isOwn && !isOwner && !isAdmin) return { refused: 'not-a-reviewer' }
    const isThere = timed.state === 'given' || timed.state === 'asked'
    if (!isThere || timed.endsAt <= at) return { refused: 'not-active' }
    const next = { ...timed, state: 'revoked', revision: timed.revision + 1 } as const
    const record = timedSaidRecord('timed.revoked', next, { by, reason, at })
    const { notify } = putTo(rules, timed.functions)
    const notices = timedNotices(next, 'timed.settled', at, notify)
    if (await write(needs, timed, next, { record, notices })) return { timed: next }
  }
  return { refused: 'busy' }
}

async function write(
  needs: ReviewNeeds,
  timed: TimedGrant,
  next: TimedGrant,
  entry: Pick<Entry, 'record' | 'notices'>,
): Promise<boolean> {
  try {
    await needs.store.commit({
      ...entry,
      payloads: [],
      change: { kind: 'timed.update', timed: next, expectedRevision: timed.revision },
    })
  } catch (thrown) {
    if (thrown instanceof Conflict) return false
    throw thrown
  }
  if (next.state !== 'given') needs.took({ timed: next })
  return true
}

function functionsProblem(
  { limits }: ReviewNeeds,
  rules: InForce,
  { functions, when }: { readonly functions: readonly string[]; readonly when: readonly string[] },
): Refused | undefined {
  if (functions.length === 0) return { refused: 'functions-unknown' }
  if (functions.length > limits.timedFunctions) return { refused: 'too-many' }
  for (const id of functions) {
    const fn = rules.rulebook.functions.find((one) => one.id === id)
    if (!fn) return { refused: 'functions-unknown', detail: id }
    const problem = conditionProblem(rules, fn, { when }, limits)
    if (problem !== undefined) return { refused: 'condition-invalid', detail: `${id}: ${problem}` }
  }
  return undefined
}

/** The flows of the functions' owners, side by side; where they differ the stricter holds. */
function putTo(
  { rulebook, approvals, reviews, ownerFlow }: InForce,
  functions: readonly string[],
): Pick<TimedGrant, 'steps' | 'reasonChars'> & { readonly notify: readonly string[] } {
  const owners = rulebook.functions.flatMap(({ id, owner }) =>
    functions.includes(id) ? [ownerFlow(owner)] : [],
  )
  const flows = [...new Set(owners)].map((group) => flowOf(approvals, group))
  return {
    steps: flows.flatMap(({ group, steps }) => steps.map((one) => ({ ...one, flow: group }))),
    reasonChars: Math.max(0, ...flows.map(({ reasonChars }) => reasonChars)),
    notify: [...new Set([...reviews.notify, ...flows.flatMap(({ notify }) => notify)])],
  }
}

async function excludedFrom(
  { store, now }: Pick<ReviewNeeds, 'store' | 'now'>,
  { approvals: { people } }: InForce,
  involved: readonly string[],
): Promise<readonly string[]> {
  const delegations = await store.delegations({ at: now() })
  const [subject = '', ...actors] = involved
  const issuers = await issuersOf(store, { subject, actors })
  return closureOf({ subject, actors, triggeredBy: [] }, { issuers, people, delegations })
}

async function electorateOf(
  needs: ReviewNeeds,
  rules: InForce,
  { party, askedBy, excluded }: TimedGrant,
): Promise<Electorate> {
  const { delegations, isLocked } = await circleOf(needs, rules)
  const now = await excludedFrom(needs, rules, [party, askedBy])
  const without = [...new Set([...linked(excluded, rules.approvals.people), ...now])]
  return { rules: rules.approvals, delegations, isLocked, excluded: without, involved: without }
}

/** The same machine decides that decides about calls: this is the question as it knows one. */
function questionOf(timed: TimedGrant): Approval {
  const { id, revision, party, functions, steps, votes, excluded, createdAt, decideBy } = timed
  return {
    ...{ id, revision, steps, votes, excluded, createdAt, decideBy, offer: id, digest: id },
    ...{ state: states[timed.state], binding: noBinding, terms: { kind: 'call' }, callId: id },
    ...{
      functionId: functions.join(' '),
      subject: party,
      actors: [],
      triggeredBy: [],
      session: '',
    },
    ...{ excludedByDelegation: [], approverGroups: [], escalated: 0, reasons: [], notify: [] },
    ...{ message: 'minimal', slackDecides: false, delivery: 'ticket', claimMs: 0 },
    reasonChars: { approve: timed.reasonChars, deny: 1 },
  }
}

function votedOn(timed: TimedGrant, { state, votes }: Approval, at: number): TimedGrant {
  const voted = { ...timed, votes, revision: timed.revision + 1 }
  if (state === 'DENIED') return { ...voted, state: 'refused' }
  if (state !== 'APPROVED') return voted
  return { ...voted, state: 'given', from: at, by: [...new Set(votes.map(({ by }) => by))] }
}

const states: Readonly<Record<TimedGrant['state'], Approval['state']>> = {
  asked: 'PENDING',
  given: 'APPROVED',
  refused: 'DENIED',
  revoked: 'WITHDRAWN',
}

const noBinding: Approval['binding'] = {
  ...{ function: '', definition: '', verb: '', arguments: '', headers: '', upstream: '' },
  ...{ credential: '', subject: '', actors: '', rulebook: '' },
}

const refusedAs: Readonly<Record<string, ReviewRefused>> = {
  'not-a-person': 'not-a-person',
  'own-call': 'own-access',
  locked: 'locked',
  'already-voted': 'already-voted',
  'approval-closed': 'timed-closed',
}

/** More than the places a flow can have, so that simultaneous votes get through. */
const attemptsMax = 64
