import type { ApprovalVerdict } from '../call/gate.ts'
import { Refusal } from '../call/refusal.ts'
import type { ApprovalUsed, Guarded } from '../call/stage.ts'
import type { Approval } from '../model/approval.ts'
import type { JsonObject } from '../model/json.ts'
import {
  type ApiKeys,
  type Approvals,
  Conflict,
  type Leaves,
  type Ledger,
  type Payloads,
} from '../store/store.ts'
import type { Ballot } from './ballot.ts'
import { bindingOf, differences } from './binding.ts'
import { rememberDenials } from './cool-down.ts'
import { asOf, step } from './machine.ts'
import { questionOf } from './question.ts'
import { type ApprovalView, viewOf } from './view.ts'
import { castVote, type Voted } from './vote.ts'
import { openWaiting } from './waiting.ts'

export type DeskStore = Ledger & Leaves & Payloads & Approvals & ApiKeys

/** Milliseconds and counts. */
export type DeskLimits = {
  /** How long people may take to decide. */
  readonly decideMs: number
  /** How long a clearance may be claimed after the approval. */
  readonly claimMs: number
  /** How long a denial answers the identical call. */
  readonly coolDownMs: number
  /** How often a held call looks for a vote that was made through another process. */
  readonly pollMs: number
  /** Open questions one caller may have before people are asked nothing more. */
  readonly pendingPerCallerMax: number
  readonly reasonCharsMax: number
  /** How much of a request's bytes a person is shown. */
  readonly shownBytesMax: number
}

export type DeskNeeds = {
  readonly store: DeskStore
  /** 32 bytes. */
  readonly bindingKey: Uint8Array
  readonly now: () => number
  /** UUIDv7: approvals are listed by id, newest first. */
  readonly newId: () => string
  readonly limits: DeskLimits
  /** The arguments as people may see them; see `maskedValues`. */
  readonly maskedView: (at: Guarded) => JsonObject
}

/** Where calls wait for people, and people answer. */
export type Desk = {
  /**
   * Opens the question, or joins the identical one that is pending. Recorded, with what people will be
   * shown, before it resolves. Refuses `approval-denied` while a denial of the identical call is fresh,
   * `overloaded` when this caller has too many open questions.
   */
  readonly open: (at: Guarded, groups: readonly string[]) => Promise<{ readonly id: string }>
  /** Waits until the question is settled, the time is over or the caller leaves; says where it stands. */
  readonly awaitVerdict: (
    id: string,
    options: { readonly waitMs: number; readonly signal: AbortSignal },
  ) => Promise<ApprovalVerdict>
  /**
   * Claims the clearance for exactly this call, once: one compare-and-set, recorded with it. Refuses
   * `approval-unusable` naming the fields that differ, `approval-denied`, or `approval-required` while pending.
   */
  readonly claim: (at: Guarded, id: string) => Promise<ApprovalUsed>
  /** One person's answer, recorded with the change it makes. Throws only what the store throws. */
  readonly vote: (ballot: Ballot) => Promise<Voted>
  /** Takes a pending question back; undefined when there is none to take back. */
  readonly withdraw: (id: string) => Promise<Approval | undefined>
  /** As it stands at this moment; an expiry that nobody wrote down yet is written down. */
  readonly find: (id: string) => Promise<Approval | undefined>
  /** What a person is shown before they answer. */
  readonly view: (id: string) => Promise<ApprovalView | undefined>
}

export function openDesk(needs: DeskNeeds): Desk {
  const { store, now, limits } = needs
  const waiting = openWaiting()
  const denials = rememberDenials(store, { now, coolDownMs: limits.coolDownMs })
  const find = async (id: string) => {
    const approval = await store.approval(id)
    return approval && current(approval)
  }
  /** Expiry is derived from the clock, and written down by whoever first acts on it. */
  const current = async (approval: Approval): Promise<Approval> => {
    const expired = asOf(approval, now())
    return expired === approval ? approval : await close(approval, expired)
  }
  const close = async (from: Approval, to: Approval): Promise<Approval> => {
    const state = to.state === 'APPROVED' ? to.clearance : to.state
    const time = new Date(now()).toISOString()
    try {
      await store.commit({
        record: { type: 'approval.closed', time, approval: to.id, state },
        payloads: [],
        change: { kind: 'approval.update', approval: to, expectedRevision: from.revision },
      })
    } catch (thrown) {
      if (!(thrown instanceof Conflict)) throw thrown
      // Somebody was faster; what they wrote is what counts.
      return asOf((await store.approval(from.id)) ?? to, now())
    }
    waiting.wake(to.id)
    return to
  }
  const end = async (approval: Approval, kind: 'withdraw' | 'supersede') => {
    const next = step(approval, { kind }, { now: now(), claimMs: limits.claimMs })
    return next.fits ? await close(approval, next.approval) : undefined
  }

  return {
    find,
    open: (at, groups) => recorded(() => open({ needs, denials, current, end }, at, groups)),
    awaitVerdict: async (id, { waitMs, signal }) => {
      const until = now() + waitMs
      for (;;) {
        // Registered before the look, so a vote between the two is not slept through.
        const woken = waiting.on(id)
        try {
          const verdict = verdictOf(await find(id))
          const leftMs = until - now()
          if (verdict.state !== 'pending' || leftMs <= 0 || signal.aborted) return verdict
          await woken.within(Math.min(leftMs, limits.pollMs), signal)
        } finally {
          woken.forget()
        }
      }
    },
    claim: (at, id) => recorded(() => claim(needs, find, at, id)),
    vote: async (ballot) => {
      const voted = await castVote({ store, now, limits, find }, ballot)
      if ('refused' in voted) return voted
      if (voted.approval.state === 'DENIED') denials.add(voted.approval)
      waiting.wake(ballot.id)
      return voted
    },
    withdraw: async (id) => {
      const approval = await find(id)
      return approval && (await end(approval, 'withdraw'))
    },
    view: async (id) => {
      const approval = await find(id)
      return approval && (await viewOf(store, approval, limits.shownBytesMax))
    },
  }
}

type Opening = {
  readonly needs: DeskNeeds
  readonly denials: ReturnType<typeof rememberDenials>
  readonly current: (approval: Approval) => Promise<Approval>
  readonly end: (approval: Approval, kind: 'supersede') => Promise<Approval | undefined>
}

/** Losing a race means that somebody opened or settled the identical question: look again. */
async function open(
  { needs, denials, current, end }: Opening,
  at: Guarded,
  groups: readonly string[],
): Promise<{ readonly id: string }> {
  const { store, bindingKey } = needs
  const bound = bindingOf(at, bindingKey)
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const denied = await denials.find(bound.digest)
    if (denied !== undefined) {
      throw new Refusal('approval-denied', {
        detail: 'The identical call was denied a short while ago.',
        facts: { approval: denied },
      })
    }
    const pending = await store.pendingApproval(bound.digest)
    const standing = pending && (await current(pending))
    if (standing?.state === 'PENDING') {
      if (groups.every((group) => standing.approverGroups.includes(group))) return standing
      // Policy now asks other people: the old answer would not be enough.
      await end(standing, 'supersede')
    }
    const approval = await commitOpen(needs, at, { ...bound, groups })
    if (approval) return approval
  }
  throw new Refusal('overloaded', { detail: 'The approval is contested. Make the call again.' })
}

async function commitOpen(
  { store, now, newId, limits, maskedView }: DeskNeeds,
  at: Guarded,
  asked: ReturnType<typeof bindingOf> & { readonly groups: readonly string[] },
): Promise<Approval | undefined> {
  const { binding, digest, groups } = asked
  const { subject, actors, session } = at.principal
  const createdAt = now()
  const approval: Approval = {
    id: `apr_${newId()}`,
    state: 'PENDING',
    clearance: 'NONE',
    revision: 0,
    binding,
    digest,
    callId: at.id,
    functionId: at.fn.id,
    subject: subject.id,
    actors: actors.map(({ id }) => id),
    session,
    approverGroups: groups,
    reasons: at.decision.reasons,
    createdAt,
    decideBy: createdAt + limits.decideMs,
    votes: [],
  }
  const question = Buffer.from(JSON.stringify(questionOf(at, maskedView(at))))
  try {
    await store.commit({
      record: {
        type: 'approval.requested',
        time: new Date(createdAt).toISOString(),
        approval: approval.id,
        call: at.id,
        session,
        fn: at.fn.id,
        groups,
        digest,
        rules: at.decision.reasons.map(({ policy }) => policy),
      },
      payloads: [
        { role: 'args', mediaType: at.args.mediaType, bytes: at.recordedArgs, keep: true },
        { role: 'forwarded', mediaType: 'application/json', bytes: question, keep: true },
      ],
      change: { kind: 'approval.open', approval },
    })
    return approval
  } catch (thrown) {
    if (thrown instanceof Conflict) return undefined
    throw thrown
  }
}

/**
 * The comparison comes before anything is said about the approval's state: who presents somebody
 * else's id learns only that it is not theirs. If we crash after the commit, the clearance is spent.
 */
async function claim(
  { store, bindingKey, now, limits }: DeskNeeds,
  find: Desk['find'],
  at: Guarded,
  id: string,
): Promise<ApprovalUsed> {
  const { binding, digest } = bindingOf(at, bindingKey)
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const approval = await find(id)
    if (!approval) throw unusable(id, 'There is no such approval.')
    const differs = differences(binding, approval.binding)
    if (differs.length > 0 || digest !== approval.digest) {
      throw new Refusal('approval-unusable', {
        detail: `It was given for another call. These differ: ${differs.join(', ')}.`,
        facts: { approval: id, differs },
      })
    }
    const next = step(approval, { kind: 'claim' }, { now: now(), claimMs: limits.claimMs })
    if (!next.fits) throw unclaimable(approval)
    try {
      await store.commit({
        record: {
          type: 'approval.claimed',
          time: new Date(now()).toISOString(),
          approval: id,
          call: at.id,
          digest,
        },
        payloads: [],
        change: {
          kind: 'approval.update',
          approval: next.approval,
          expectedRevision: approval.revision,
        },
      })
      const yes = approval.votes.filter(({ verdict }) => verdict === 'approve')
      return { id, by: yes.map(({ by }) => by), groups: approval.approverGroups }
    } catch (thrown) {
      if (!(thrown instanceof Conflict)) throw thrown
    }
  }
  throw unusable(id, 'It was already used.')
}

function unclaimable(approval: Approval): Refusal {
  const { id, state, clearance, approverGroups } = approval
  if (state === 'PENDING') {
    const facts = { approval: id, groups: approverGroups }
    return new Refusal('approval-required', { detail: 'The approval is still pending.', facts })
  }
  if (state === 'DENIED') return new Refusal('approval-denied', { facts: { approval: id } })
  if (clearance === 'CONSUMED') return unusable(id, 'It was already used.')
  if (clearance === 'EXPIRED') return unusable(id, 'It was not used in time.')
  return unusable(id, `The approval is ${state.toLowerCase()}.`)
}

function unusable(id: string, detail: string): Refusal {
  return new Refusal('approval-unusable', { detail, facts: { approval: id } })
}

function verdictOf(approval: Approval | undefined): ApprovalVerdict {
  return { state: verdicts[approval?.state ?? 'WITHDRAWN'] }
}

const verdicts = {
  PENDING: 'pending',
  APPROVED: 'approved',
  DENIED: 'denied',
  EXPIRED: 'expired',
  WITHDRAWN: 'withdrawn',
  SUPERSEDED: 'superseded',
} as const satisfies Record<Approval['state'], ApprovalVerdict['state']>

/** What the caller is told when the store cannot do it: nothing was released. */
async function recorded<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    throw cause instanceof Refusal ? cause : new Refusal('evidence-unavailable', { cause })
  }
}

/** How often a lost race is looked at again. Each loss means that somebody else moved the approval on. */
const attemptsMax = 8
