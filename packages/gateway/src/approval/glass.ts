import { covers } from '../call/authorize.ts'
import type { Approval } from '../model/approval.ts'
import type { BreakGlassRules } from '../model/approval-rules.ts'
import type { BreakGlass } from '../model/break-glass.ts'
import { type Change, Conflict } from '../store/store.ts'
import type { Assurance } from './ballot.ts'
import { isOnePerson } from './closure.ts'
import { isPersonAlone, isPersonLocked } from './eligibility.ts'
import type { GlassOpened, GlassRefused, GlassRequest } from './glass-request.ts'
import { issueForGlass } from './issue.ts'
import { step } from './machine.ts'
import type { DeskNeeds } from './needs.ts'
import { glassNotices, noticesOf } from './notices.ts'
import { timestamp } from './records.ts'
import type { Settling } from './settle.ts'

/**
 * A named person lets calls of theirs through that approvers would have had to approve. What policy forbids
 * outright stays forbidden, and everything is masked and recorded as ever. Whoever has to know is told by the
 * same commit.
 *
 * Nobody opens two with one look at their past: the commit compares what was looked at, and a lost race is looked
 * at again. One at a time in this process (`openDesk` sees to it), so that few are lost.
 */
export async function openGlass(
  needs: DeskNeeds,
  settling: Settling,
  request: GlassRequest,
): Promise<Opened> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const opened = await tryGlass(needs, settling, request)
    if (opened) return opened
  }
  return { refused: 'busy' }
}

type Opened = GlassOpened & { readonly bypassed?: Approval }

/** Undefined when something that it was judged by has changed meanwhile. */
async function tryGlass(
  needs: DeskNeeds,
  settling: Settling,
  request: GlassRequest,
): Promise<Opened | undefined> {
  const { store, now } = needs
  const rules = needs.rules()?.approvals.breakGlass
  const assurance = request.person.assurance
  const refused = refusePerson(needs, rules, request) ?? refuseWords(needs, request)
  if (refused !== undefined || !rules || !assurance) return { refused: refused ?? 'not-named' }
  const past = await glassesOf(needs, request.person.subject.id)
  const tooMuch = refusePast(needs, rules, past.own)
  if (tooMuch !== undefined) return { refused: tooMuch }
  const approval =
    request.approval === undefined ? undefined : await settling.find(request.approval)
  const scope = scopeOf(needs, rules, { request, approval })
  if ('refused' in scope) return scope
  const forMs = request.forMs ?? Math.min(rules.forMsMax, needs.limits.breakGlassMs)
  if (!isWithin(forMs, Math.min(rules.forMsMax, needs.limits.breakGlassMs))) {
    return { refused: 'too-long' }
  }
  const at = now()
  const glass = glassOf(needs, rules, { request, assurance, functions: scope.functions, at, forMs })
  const subject = request.person.subject.id
  const clearance = issueForGlass(glass, {
    ...{ approval, subject },
    usesMax: needs.limits.breakGlassUses,
  })
  const next = approval && step(approval, { kind: 'bypass', clearance: clearance.id }, at)
  if (next && !next.fits) return { refused: 'approval-closed' }
  const change: Change =
    approval && next
      ? {
          kind: 'approval.update',
          approval: next.approval,
          expectedRevision: approval.revision,
          ...{ clearance, breakGlass: glass },
          ...(past.newest !== undefined && { expectedNewest: past.newest }),
        }
      : {
          ...{ kind: 'break-glass.open', breakGlass: glass, clearance },
          expectedNewest: past.newest,
        }
  try {
    await store.commit({
      record: openedRecord(glass, clearance.usesMax),
      payloads: [],
      change,
      notices: [
        ...glassNotices(glass, rules.notify),
        ...(next ? noticesOf(next.approval, 'approval.settled', at) : []),
      ],
    })
    return { glass, ...(next && { bypassed: next.approval }) }
  } catch (thrown) {
    if (thrown instanceof Conflict) return undefined
    throw thrown
  }
}

/** Whether this person may at all, and has just proved who they are strongly enough. */
function refusePerson(
  { now, limits, isLocked, rules: inForce }: DeskNeeds,
  rules: BreakGlassRules | undefined,
  { person }: GlassRequest,
): GlassRefused | undefined {
  if (!isPersonAlone(person)) return 'not-a-person'
  const approvals = inForce()?.approvals
  if (!approvals || !rules?.people.includes(person.subject.id)) return 'not-named'
  if (isPersonLocked(person.subject.id, { rules: approvals, isLocked })) return 'locked'
  const { assurance } = person
  const age = assurance ? now() - assurance.signedInAt : Number.POSITIVE_INFINITY
  if (!assurance || age >= rules.signedInWithinMs || age < -limits.clockLeewayMs) {
    return 'sign-in-stale'
  }
  const { acr, amr } = assurance
  const isStrong =
    (rules.acr.length === 0 || (acr !== undefined && rules.acr.includes(acr))) &&
    rules.amr.every((method) => amr.includes(method)) &&
    // Nothing asked for is nothing proved.
    rules.acr.length + rules.amr.length > 0
  return isStrong ? undefined : 'sign-in-weak'
}

function refuseWords(
  { limits }: Pick<DeskNeeds, 'limits'>,
  { reason, incident, approval, functions }: GlassRequest,
): GlassRefused | undefined {
  if (reason.trim().length < limits.breakGlassReasonChars) return 'reason-required'
  if (incident.trim() === '') return 'incident-required'
  if (reason.length > limits.reasonChars || incident.length > limits.reasonChars / 4) {
    return 'reason-too-long'
  }
  const isOne = (approval === undefined) !== (functions === undefined || functions.length === 0)
  return isOne ? undefined : 'nothing-named'
}

/** What they did before: nobody goes on who was not reviewed, who was found wrong, or who does it often. */
function refusePast(
  needs: Pick<DeskNeeds, 'now'>,
  { usesPer30Days }: BreakGlassRules,
  past: readonly BreakGlass[],
): GlassRefused | undefined {
  const now = needs.now()
  if (past.some(({ review, reviewBy }) => !review && reviewBy <= now)) return 'unreviewed'
  if (past.some(({ review }) => review?.verdict === 'unjustified')) return 'unjustified'
  const recent = past.filter(({ openedAt }) => openedAt > now - budgetMs)
  return recent.length >= usesPer30Days ? 'too-often' : undefined
}

/**
 * All of this person's, under whatever id that is known to be theirs, and the id of the newest of anybody's. There
 * are few: each is an emergency.
 */
async function glassesOf(
  { store, rules }: Pick<DeskNeeds, 'store' | 'rules'>,
  party: string,
): Promise<{ readonly own: readonly BreakGlass[]; readonly newest: string | undefined }> {
  const people = rules()?.approvals.people ?? []
  const found: BreakGlass[] = []
  let newest: string | undefined
  for (let before: string | undefined; ; ) {
    const page = await store.breakGlasses({
      limit: pageRows,
      ...(before !== undefined && { before }),
    })
    newest ??= page[0]?.id
    found.push(...page.filter(({ by }) => isOnePerson(by, party, people)))
    before = page.at(-1)?.id
    if (before === undefined || page.length < pageRows) return { own: found, newest }
  }
}

/** Which functions it is for: those named, or that of the question. */
function scopeOf(
  { rules: inForce }: Pick<DeskNeeds, 'rules'>,
  rules: BreakGlassRules,
  {
    request,
    approval,
  }: { readonly request: GlassRequest; readonly approval: Approval | undefined },
): { readonly functions: readonly string[] } | { readonly refused: GlassRefused } {
  const isCovered = (one: string) => rules.functions.some((pattern) => contains(pattern, one))
  if (request.approval === undefined) {
    const functions = [...new Set(request.functions ?? [])]
    const isSound = functions.length <= functionsMax && functions.every(isCovered)
    return isSound ? { functions } : { refused: 'functions-not-covered' }
  }
  if (!approval) return { refused: 'approval-unknown' }
  if (approval.state !== 'PENDING') return { refused: 'approval-closed' }
  const people = inForce()?.approvals.people ?? []
  if (!isOnePerson(approval.subject, request.person.subject.id, people)) {
    return { refused: 'not-your-call' }
  }
  const functions = [approval.functionId]
  return functions.every(isCovered) ? { functions } : { refused: 'functions-not-covered' }
}

function glassOf(
  { newId }: Pick<DeskNeeds, 'newId'>,
  { reviewWithinMs }: BreakGlassRules,
  given: {
    readonly request: GlassRequest
    readonly assurance: Assurance
    readonly functions: readonly string[]
    readonly at: number
    readonly forMs: number
  },
): BreakGlass {
  const { request, assurance, functions, at, forMs } = given
  const { person, reason, incident, approval } = request
  return {
    id: `bgl_${newId()}`,
    revision: 0,
    by: person.subject.id,
    ...{ reason, incident, functions },
    ...(approval !== undefined && { approval }),
    clearance: `clr_${newId()}`,
    assurance,
    openedAt: at,
    expiresAt: at + forMs,
    reviewBy: at + reviewWithinMs,
  }
}

function openedRecord(glass: BreakGlass, uses: number) {
  const { id, by, reason, incident, functions, clearance, approval, assurance } = glass
  const { acr, amr, signedInAt } = assurance
  return {
    type: 'break-glass.opened',
    time: timestamp(glass.openedAt),
    ...{ glass: id, by, reason, incident, functions, clearance, uses },
    ...(approval !== undefined && { approval }),
    ...(acr !== undefined && { acr }),
    amr,
    signedIn: timestamp(signedInAt),
    expires: timestamp(glass.expiresAt),
    reviewBy: timestamp(glass.reviewBy),
  } as const
}

/**
 * Whether what a broken glass allows is to be had still: its person is named and not locked, the rulebook lets
 * it be broken for this function, and nobody found it unjustified or is late to look at it.
 */
export async function isGlassWhole(
  { store, rules: inForce, isLocked, now }: DeskNeeds,
  glassId: string,
  functionId: string,
): Promise<boolean> {
  const glass = await store.breakGlass(glassId)
  const rules = inForce()?.approvals
  if (!glass || !rules?.breakGlass) return false
  const { people, functions } = rules.breakGlass
  const isReviewed = glass.review === undefined ? now() < glass.reviewBy : isJustified(glass)
  return (
    isReviewed &&
    people.includes(glass.by) &&
    functions.some((pattern) => covers(pattern, functionId)) &&
    !isPersonLocked(glass.by, { rules, isLocked })
  )
}

function isJustified({ review }: BreakGlass): boolean {
  return review?.verdict === 'justified'
}

/** Whether everything that `inner` means is meant by `outer` too; both are function ids or patterns. */
function contains(outer: string, inner: string): boolean {
  if (!inner.endsWith('.*')) return covers(outer, inner)
  return outer.endsWith('.*') && inner.startsWith(outer.slice(0, -1))
}

function isWithin(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && value <= max
}

/** Thirty days. */
const budgetMs = 2_592_000_000
/** Its record names them all. */
const functionsMax = 32
const pageRows = 100
/** Each loss means that somebody else broke one, or that the question was settled. */
const attemptsMax = 8
