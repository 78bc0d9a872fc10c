import type { ApprovalVerdict } from '../call/gate.ts'
import { Refusal } from '../call/refusal.ts'
import type { ApprovalUsed, Guarded } from '../call/stage.ts'
import type { Approval } from '../model/approval.ts'
import type { Clearance } from '../model/clearance.ts'
import { ask } from './ask.ts'
import type { Ballot, CounterOffer, Person, Voted, VoteRefused } from './ballot.ts'
import { claimApproved, claimStanding, findGiven } from './claim.ts'
import { clearanceAsOf } from './clearance-machine.ts'
import { watchTheClock } from './clock-watch.ts'
import { delegateTo, endDelegation } from './delegating.ts'
import type { Delegated, DelegationRequest } from './delegation-request.ts'
import { openGlass } from './glass.ts'
import type { GlassOpened, GlassRequest, GlassReview, GlassReviewed } from './glass-request.ts'
import { openHeld } from './held.ts'
import { openLanes } from './lanes.ts'
import { reconcileUses } from './lost-uses.ts'
import type { DeskNeeds } from './needs.ts'
import { openQuota } from './quota.ts'
import { reviewGlass } from './review-glass.ts'
import { type Revoked, revokeClearance } from './revoke.ts'
import { openSettling } from './settle.ts'
import { progressOf, type StepProgress } from './steps.ts'
import { openUses } from './uses.ts'
import { type ApprovalView, viewOf } from './view.ts'
import { castVote, makeCounterOffer, mayVoteFor, whyNot } from './vote.ts'

/**
 * Where calls wait for people, and people answer. What concerns the caller refuses in the closed list's words;
 * what concerns people answers with why not. Everything else throws what the store throws.
 */
export type Desk = {
  /**
   * Opens the question, or joins the identical one that is pending. Recorded, with what people will be
   * shown, before it resolves. Refuses `approval-denied` while a denial of the identical call is fresh,
   * `approval-impossible` when nobody who is left may approve it, `overloaded` when too many questions wait,
   * `request-malformed` when the caller asks for more than the flow offers. `reasons`: those of the decision when
   * absent.
   */
  readonly open: (
    at: Guarded,
    groups: readonly string[],
    reasons?: Approval['reasons'],
  ) => Promise<{ readonly id: string; readonly digest: string }>
  /** Claims a clearance for more than one call that fits this one; undefined when there is none. */
  readonly standing: (at: Guarded, groups: readonly string[]) => Promise<ApprovalUsed | undefined>
  /**
   * The id of an approval that was given to exactly this call and that nobody has claimed; undefined when there is
   * none. One of a deferred call is that call's.
   */
  readonly given: (at: Guarded) => Promise<string | undefined>
  /**
   * Waits until the question is settled, the time is over or the caller leaves; says where it stands. With
   * as many calls of this caller held as may be, says so at once. When the last caller that waited for a
   * `held` one has left, it is withdrawn after a grace.
   */
  readonly awaitVerdict: (
    id: string,
    options: { readonly caller: string; readonly waitMs: number; readonly signal: AbortSignal },
  ) => Promise<ApprovalVerdict>
  /**
   * Claims the clearance of this approval for this call: one compare-and-set, recorded with it. Refuses
   * `approval-unusable` naming the fields that differ, `approval-denied`, or `approval-required` while pending.
   */
  readonly claim: (at: Guarded, id: string) => Promise<ApprovalUsed>
  /** The call that claimed it is over, and its ending durable. Returns at once; what fails is tried again. */
  readonly finished: (
    used: { readonly clearance: string },
    callId: string,
    until?: AbortSignal,
  ) => void

  /** One person's answer, recorded with the change it makes. */
  readonly vote: (ballot: Ballot) => Promise<Voted>
  /** Narrows what is on offer; earlier votes are void, and the person's own yes counts for the new offer. */
  readonly counter: (offer: CounterOffer) => Promise<Voted>
  /** Why this person's yes would not count now, by the rules of `vote`; undefined: it would. */
  readonly whyNot: (approval: Approval, person: Person) => Promise<VoteRefused | undefined>
  /** For whom else this person may vote on it now: party ids of people who are away. */
  readonly onBehalfOf: (approval: Approval, person: Person) => Promise<readonly string[]>
  /** Takes a pending question back; undefined when there is none to take back. */
  readonly withdraw: (
    id: string,
    by: { readonly party: string } | 'caller-left',
  ) => Promise<Approval | undefined>

  /** As it stands at this moment; an expiry that nobody wrote down yet is written down. */
  readonly find: (id: string) => Promise<Approval | undefined>
  /** What a person is shown before they answer. */
  readonly view: (id: string) => Promise<ApprovalView | undefined>
  /** How far each step is, in the order of `Approval.steps`. */
  readonly progress: (approval: Approval) => readonly StepProgress[]
  /** As it stands at this moment, whether or not that is written down. */
  readonly clearance: (id: string) => Promise<Clearance | undefined>
  /** From here on it allows nothing, and the calls under way with it are cut off. */
  readonly revoke: (
    id: string,
    by: { readonly party: string; readonly reason: string },
  ) => Promise<Revoked>

  readonly openGlass: (request: GlassRequest) => Promise<GlassOpened>
  readonly reviewGlass: (review: GlassReview) => Promise<GlassReviewed>
  readonly delegate: (request: DelegationRequest) => Promise<Delegated>
  /** By the person who is away, or by somebody whom the caller knows for an admin (`isAdmin`). */
  readonly endDelegation: (ended: {
    readonly id: string
    readonly person: Person
    readonly isAdmin: boolean
  }) => Promise<Delegated>

  /**
   * Says of calls that were lost with an earlier run of this instance that nobody knows what they did. Once,
   * before the first call.
   */
  readonly reconcile: () => Promise<void>
  /** From here on deadlines and escalations are written down, and people told, without anybody looking. */
  readonly start: () => void
  /** Waits for what is under way. Held questions stay: their callers come back with the id. */
  readonly close: () => Promise<void>
}

export function openDesk(needs: DeskNeeds): Desk {
  const { store, now, limits } = needs
  const quota = openQuota({ now, limits })
  const settling = openSettling({ store, now, onSettled: (approval) => settled(approval) })
  const held = openHeld(needs, settling)
  const settled = (approval: Approval) => {
    if (approval.state !== 'PENDING') quota.settled(approval)
    held.changed(approval)
  }
  const uses = openUses(needs)
  // What another gateway did is seen at the next look anyway; this makes it soon.
  const stopListening = store.onChange(({ kind, id }) => {
    if (kind === 'approval') void held.lookAt(id).catch(needs.onFailure)
    if (kind === 'clearance') void uses.lookAt(id).catch(needs.onFailure)
  })
  const watch = watchTheClock(needs, { settling, uses })
  const booth = { needs, settling }
  const claiming = { needs, uses, find: settling.find }
  const inLine = openLanes()
  const told = (voted: Voted) => {
    if ('approval' in voted) settled(voted.approval)
    return voted
  }
  return {
    find: settling.find,
    open: (at, groups, reasons = at.decision.reasons) =>
      recorded(() => ask({ needs, quota, settling }, at, { groups, reasons })),
    standing: (at, groups) => recorded(() => claimStanding(claiming, at, groups)),
    given: (at) => recorded(() => findGiven(claiming, at)),
    awaitVerdict: (id, options) => recorded(() => held.until(id, options)),
    claim: (at, id) => recorded(() => claimApproved(claiming, at, id)),
    finished: ({ clearance }, callId, until) => uses.finished(clearance, callId, until),

    vote: async (ballot) => told(await castVote(booth, ballot)),
    counter: async (offer) => told(await makeCounterOffer(booth, offer)),
    whyNot: (approval, person) => whyNot(needs, approval, person),
    onBehalfOf: (approval, person) => mayVoteFor(needs, approval, person),
    withdraw: async (id, by) => {
      const approval = await settling.find(id)
      const party = by === 'caller-left' ? undefined : by.party
      return approval && (await settling.end(approval, 'withdraw', party))
    },

    view: async (id) => {
      const approval = await settling.find(id)
      return approval && (await viewOf(store, approval))
    },
    progress: progressOf,
    clearance: async (id) => {
      const clearance = await store.clearance(id)
      return clearance && clearanceAsOf(clearance, now())
    },
    revoke: (id, by) => revokeClearance(needs, uses, { id, ...by }),

    openGlass: (request) =>
      inLine('glass', async () => {
        const { bypassed, ...opened } = await openGlass(needs, settling, request)
        if (bypassed) settled(bypassed)
        return opened
      }),
    reviewGlass: async (review) => {
      const reviewed = await reviewGlass(needs, review)
      if ('glass' in reviewed && reviewed.glass.review?.verdict === 'unjustified') {
        const { clearance: id, review } = reviewed.glass
        await revokeClearance(needs, uses, { id, party: review.by, reason: review.notes })
      }
      return reviewed
    },
    delegate: (request) => delegateTo(needs, request),
    endDelegation: (ended) => endDelegation(needs, ended),

    reconcile: () => reconcileUses(needs),
    start: watch.start,
    close: async () => {
      stopListening()
      held.close()
      await watch.close()
      await uses.settled()
    },
  }
}

/** What the caller is told when the store cannot do it: nothing was released. */
async function recorded<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    throw cause instanceof Refusal ? cause : new Refusal('evidence-unavailable', { cause })
  }
}
