import type { DeferredResult, FollowUps, Question } from '../call/follow-up.ts'
import type { Reply } from '../call/stage.ts'
import type { Approval } from '../model/approval.ts'
import type { Deferral } from '../model/deferral.ts'
import { unframed } from '../model/framed.ts'
import { callerOf, type Principal } from '../model/principal.ts'
import type { Deferrals } from '../store/approvals.ts'
import type { Store } from '../store/store.ts'
import { refusalOf } from './deferral.ts'
import type { Desk } from './desk.ts'
import { openWaiting } from './waiting.ts'

/** What callers may do about their own questions; `close` lets go of the store. */
export function openFollowUps(needs: {
  readonly desk: Pick<Desk, 'find' | 'progress' | 'clearance' | 'withdraw'>
  readonly store: Deferrals & Pick<Store, 'onChange'>
  readonly identify: FollowUps['identify']
}): FollowUps & { readonly close: () => Promise<void> } {
  const { desk, store, identify } = needs
  const waiting = openWaiting()
  const stopListening = store.onChange(({ kind, id }) => {
    if (kind === 'approval') waiting.wake(id)
  })
  const ownQuestion = async (id: string, principal: Principal) => {
    const approval = await desk.find(id)
    return approval && isOf(approval, principal) ? approval : undefined
  }
  const questionOf = async (approval: Approval) => {
    const { clearance: cleared, delivery, callId } = approval
    const clearance = cleared === undefined ? undefined : await desk.clearance(cleared)
    const deferral = delivery === 'deferred' ? await store.deferral(callId) : undefined
    return shown(approval, { clearance, deferral, steps: desk.progress(approval) })
  }
  return {
    identify,
    question: async (id, principal) => {
      const approval = await ownQuestion(id, principal)
      return approval && questionOf(approval)
    },
    watch: (id) => {
      const woken = waiting.on(id)
      // What happened through another gateway, or to a clock, is found by looking.
      return {
        ...woken,
        within: (ms, signal) => woken.within(Math.min(ms, lookAgainMs), signal),
      }
    },
    withdraw: async (id, principal) => {
      const approval = await ownQuestion(id, principal)
      if (!approval) return undefined
      const withdrawn = await desk.withdraw(id, { party: callerOf(principal).id })
      return questionOf(withdrawn ?? (await desk.find(id)) ?? approval)
    },
    result: async (callId, principal) => {
      const deferral = await store.deferral(callId)
      if (!deferral || !isSame(deferral.principal, principal)) return undefined
      const approval = await desk.find(deferral.approval)
      return approval && resultOf(store, deferral, await questionOf(approval))
    },
    close: async () => stopListening(),
  }
}

async function resultOf(
  store: Deferrals,
  deferral: Deferral,
  question: Question,
): Promise<DeferredResult> {
  const { state } = deferral
  if (state === 'WAITING' || state === 'RUNNING' || state === 'FORGOTTEN') {
    return { state: stateWords[state], question }
  }
  if (state !== 'DONE') return { state: 'refused', refusal: refusalOf(deferral), question }
  const result = await store.deferredResult(deferral.id)
  if (!result) return { state: 'forgotten', question }
  // Written by deferred-runs.ts, and sealed since.
  const { head: known, body } = unframed<Pick<Reply, 'head' | 'callId' | 'record'>>(result)
  const reply: Reply = { ...known, state: 'witnessed', length: body.length, body: once(body) }
  return { state: 'done', reply, question }
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}

const stateWords = { WAITING: 'waiting', RUNNING: 'running', FORGOTTEN: 'forgotten' } as const

/** The subject and everybody who acts for them, in their order. */
function isOf(approval: Approval, { subject, actors }: Principal): boolean {
  return (
    approval.subject === subject.id &&
    approval.actors.length === actors.length &&
    approval.actors.every((id, at) => id === actors[at]?.id)
  )
}

function isSame(one: Principal, other: Principal): boolean {
  const { subject, actors } = one
  return (
    subject.id === other.subject.id &&
    actors.length === other.actors.length &&
    actors.every(({ id }, at) => id === other.actors[at]?.id)
  )
}

function shown(
  approval: Approval,
  also: Pick<Question, 'clearance' | 'deferral'> & {
    readonly steps: ReturnType<Desk['progress']>
    readonly deferral: Deferral | undefined
  },
): Question {
  const { id, state, digest, terms, callId, functionId, createdAt, decideBy, delivery } = approval
  const { clearance, deferral } = also
  return {
    ...{ id, state, digest, terms, callId, functionId, createdAt, decideBy, delivery },
    revision: approval.revision + (deferral?.revision ?? 0),
    steps: also.steps.map(({ name, groups, have, need, open }) => ({
      ...{ name, groups, have, need, open },
    })),
    clearance,
    deferral,
    isOver: state !== 'PENDING' && deferral?.state !== 'WAITING' && deferral?.state !== 'RUNNING',
  }
}

const lookAgainMs = 1_000
