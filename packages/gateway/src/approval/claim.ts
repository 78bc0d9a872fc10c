import { covers, questionOf } from '../call/authorize.ts'
import { Refusal } from '../call/refusal.ts'
import type { ApprovalUsed, Guarded } from '../call/stage.ts'
import type { Approval } from '../model/approval.ts'
import type { Binding } from '../model/binding.ts'
import type { Clearance } from '../model/clearance.ts'
import { answersOverdue } from './ask.ts'
import { bindingOf, boundBy, differences } from './binding.ts'
import { type ClearanceUnfit, clearanceAsOf, stepClearance } from './clearance-machine.ts'
import { isGlassWhole } from './glass.ts'
import type { DeskNeeds } from './needs.ts'
import { clearanceClosedRecord, timestamp } from './records.ts'
import { attemptsMax, type Uses, updateClearance } from './uses.ts'

type Claiming = {
  readonly needs: DeskNeeds
  readonly uses: Uses
  readonly find: (id: string) => Promise<Approval | undefined>
}

type Call = { readonly binding: Binding; readonly digest: string }

/**
 * Claims what came of this approval. The comparison comes before anything is said about the approval's state:
 * who presents somebody else's id learns only that it is not theirs. If we crash after the commit, the use is
 * spent, and the next start says that nobody knows what came of it.
 */
export async function claimApproved(
  { needs, uses, find }: Claiming,
  at: Guarded,
  id: string,
): Promise<ApprovalUsed> {
  const call = await boundCall(needs, at)
  const approval = await find(id)
  if (!approval) throw unusable(id, 'There is no such approval.')
  const { terms, binding, state } = approval
  const differs = [
    ...differences(call.binding, state === 'BYPASSED' ? binding : boundBy(binding, terms)),
    ...(terms.kind === 'session' && approval.session !== at.principal.session ? ['session'] : []),
  ]
  if (differs.length > 0) throw otherCall(id, differs)
  if (state !== 'BYPASSED' && !answersOverdue(approval.reasons, at)) {
    throw unusable(id, 'Nobody was asked about the overdue review. Make the call again without it.')
  }
  if (approval.clearance === undefined) throw unapproved(approval)
  const clearance = approval.clearance
  const claimed = await uses.inLine(clearance, () => claim(needs, uses, { at, call, clearance }))
  if ('used' in claimed) return claimed.used
  throw unusable(
    id,
    claimed.unfit === undefined ? 'It does not fit this call.' : said[claimed.unfit],
  )
}

/**
 * Claims one of this subject's clearances for more than one call, if one of them fits this one. What was given for
 * something else is no yes to an overdue review, whoever gave it; only a broken glass stands for whatever is asked.
 */
export async function claimStanding(
  { needs, uses }: Claiming,
  at: Guarded,
  groups: readonly string[],
): Promise<ApprovalUsed | undefined> {
  const { store, now } = needs
  const standing = await store.standingClearances(at.principal.subject.id)
  if (standing.length === 0) return undefined
  const call = await boundCall(needs, at)
  for (const { id, ...rest } of standing) {
    const clearance = clearanceAsOf({ id, ...rest }, now())
    const isOpen = clearance.state === 'ACTIVE' || clearance.state === 'IN_USE'
    if (!isOpen || clearance.uses >= clearance.usesMax) continue
    if (!fits(clearance, { at, call, groups, time: now() })) continue
    const claimed = await uses.inLine(id, () => claim(needs, uses, { at, call, clearance: id }))
    if ('used' in claimed) {
      // A broken glass stands for whatever was asked: nobody was.
      return clearance.kind === 'break-glass' ? { ...claimed.used, groups } : claimed.used
    }
  }
  return undefined
}

/** The approval that was given to exactly this call, by the same parties, and that nobody has claimed. */
export async function findGiven(
  { needs, find }: Claiming,
  at: Guarded,
): Promise<string | undefined> {
  const { store, now } = needs
  const subject = at.principal.subject.id
  // Few: each is claimed, or its time is over, within minutes.
  const active = await store.clearances({ state: 'ACTIVE', subject, limit: givenMax })
  const calls = active.filter(({ kind }) => kind === 'call')
  if (calls.length === 0) return undefined
  const { binding } = await boundCall(needs, at)
  for (const one of calls) {
    const { state, approval: id } = clearanceAsOf(one, now())
    if (state !== 'ACTIVE' || id === undefined) continue
    if (differences(binding, one.binding).length > 0) continue
    const approval = await find(id)
    if (approval && approval.delivery !== 'deferred') return id
  }
  return undefined
}

/** More than one caller may have questions open. */
const givenMax = 100

async function boundCall(needs: DeskNeeds, at: Guarded): Promise<Call> {
  return bindingOf(at, needs.bindingKey, await needs.versionOf(at.connection.credential))
}

/** Whether this clearance allows this call, apart from its state. */
function fits(
  clearance: Clearance,
  {
    at,
    call,
    groups,
    time,
  }: {
    readonly at: Guarded
    readonly call: Call
    readonly groups: readonly string[]
    readonly time: number
  },
): boolean {
  const { session, functions, kind } = clearance
  if (kind !== 'break-glass' && at.stale.length > 0) return false
  if (session !== undefined && session !== at.principal.session) return false
  if (clearance.subject !== at.principal.subject.id) return false
  if (!functions.some((pattern) => covers(pattern, at.fn.id))) return false
  if (kind !== 'break-glass' && !groups.every((group) => clearance.groups.includes(group))) {
    return false
  }
  return fitsCall(clearance, at, call, time)
}

function fitsCall({ binding, when }: Clearance, at: Guarded, call: Call, time: number): boolean {
  if (differences(call.binding, binding).length > 0) return false
  return when.length === 0 || at.rules.fits(at.fn, when, questionOf(at, time, []))
}

/** One compare-and-set, looked at again when somebody else was faster. */
async function claim(
  needs: DeskNeeds,
  uses: Uses,
  {
    at,
    call,
    clearance: id,
  }: { readonly at: Guarded; readonly call: Call; readonly clearance: string },
): Promise<{ readonly used: ApprovalUsed } | { readonly unfit: ClearanceUnfit | undefined }> {
  const { store, now, instance } = needs
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const clearance = await store.clearance(id)
    if (!clearance) return { unfit: 'closed' }
    // The moment that is judged is the one that is recorded: an auditor judges it again.
    const claimedAt = now()
    if (!fitsCall(clearance, at, call, claimedAt)) return { unfit: undefined }
    const { breakGlass } = clearance
    if (breakGlass !== undefined && !(await isGlassWhole(needs, breakGlass, at.fn.id))) {
      return { unfit: 'revoked' }
    }
    const use = { call: at.id, instance }
    const next = stepClearance(clearance, { kind: 'claim', use }, claimedAt)
    if (!next.fits) {
      if (next.unfit === 'too-late') await writeExpiry(needs, clearance, claimedAt)
      return { unfit: next.unfit }
    }
    const source = clearance.approval ?? clearance.breakGlass ?? ''
    const record = {
      type: 'clearance.claimed',
      time: timestamp(claimedAt),
      clearance: id,
      approval: source,
      call: at.id,
      digest: call.digest,
      use: next.clearance.uses,
    } as const
    if (!(await updateClearance(store, { from: clearance, to: next.clearance, record }))) continue
    const { by, groups } = clearance
    return { used: { id: source, clearance: id, by, groups, revoked: uses.begun(id, at.id) } }
  }
  throw new Refusal('overloaded', { detail: 'The clearance is contested. Make the call again.' })
}

/** An expiry is written down by whoever first acts on it; another who was faster has done so. */
export async function writeExpiry(
  { store }: Pick<DeskNeeds, 'store'>,
  clearance: Clearance,
  at: number,
): Promise<void> {
  const expired = stepClearance(clearance, { kind: 'expire' }, at)
  if (!expired.fits) return
  const record = clearanceClosedRecord(expired.clearance, { at })
  await updateClearance(store, { from: clearance, to: expired.clearance, record })
}

const said: Readonly<Record<ClearanceUnfit, string>> = {
  'too-early': 'It cannot be used yet.',
  'too-late': 'It was not used in time.',
  'used-up': 'It was already used.',
  revoked: 'It was revoked.',
  unknown: 'It was used, and nobody knows what came of that.',
  'not-in-use': 'It was already used.',
  closed: 'It was already used.',
}

/** Of somebody else's call nothing more is said: they could try out what its arguments are. */
function otherCall(id: string, differs: readonly string[]): Refusal {
  const strangers = differs.filter((field) => field === 'subject' || field === 'actors')
  const named = strangers.length > 0 ? strangers : differs
  return new Refusal('approval-unusable', {
    detail: `It was given for another call. These differ: ${named.join(', ')}.`,
    facts: { approval: id, differs: named },
  })
}

function unapproved({ id, state, approverGroups, digest }: Approval): Refusal {
  if (state === 'PENDING') {
    const facts = { approval: id, digest, groups: approverGroups }
    return new Refusal('approval-required', { detail: 'The approval is still pending.', facts })
  }
  if (state === 'DENIED') return new Refusal('approval-denied', { facts: { approval: id } })
  return unusable(id, `The approval is ${state.toLowerCase()}.`)
}

function unusable(id: string, detail: string): Refusal {
  return new Refusal('approval-unusable', { detail, facts: { approval: id } })
}
