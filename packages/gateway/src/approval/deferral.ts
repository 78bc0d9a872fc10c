import { Refusal, type RefusalCode, refusals } from '../call/refusal.ts'
import type { Guarded } from '../call/stage.ts'
import { limits } from '../config/limits.ts'
import type { Approval } from '../model/approval.ts'
import type { Deferral } from '../model/deferral.ts'
import type { Entry } from '../store/store.ts'
import { timestamp } from './records.ts'

/** What is stored of a call that is made once this question is approved. Refuses what cannot be made again. */
export function deferralOf(
  at: Guarded,
  approval: Approval,
): { readonly deferral: Deferral; readonly request: Uint8Array } {
  const request = at.call.kept?.()
  if (!request) {
    throw new Refusal('request-malformed', { detail: 'A call like this one cannot be deferred.' })
  }
  const deferral: Deferral = {
    id: at.id,
    state: 'WAITING',
    revision: 0,
    approval: approval.id,
    functionId: at.fn.id,
    protocol: at.call.protocol,
    principal: at.principal,
    createdAt: approval.createdAt,
    keptUntil: approval.decideBy + approval.claimMs + limits.deferredKeptMs,
  }
  return { deferral, request }
}

type Move = Partial<Omit<Deferral, 'id' | 'revision'>> & Pick<Deferral, 'state'>

/** The entry that moves it on. What is over without a result is forgotten with the same commit. */
export function moved(
  from: Deferral,
  move: Move,
  { at, result }: { readonly at: number; readonly result?: Uint8Array | undefined },
): Entry {
  const deferral = { ...from, ...move, revision: from.revision + 1 }
  const { id: call, approval, state, ran } = deferral
  return {
    record: {
      type: 'deferral.changed',
      time: timestamp(at),
      call,
      approval,
      state,
      ...(ran !== undefined && { ran }),
    },
    payloads: [],
    change: {
      kind: 'deferral.update',
      deferral,
      expectedRevision: from.revision,
      ...(result && { result }),
      ...(withoutResult.has(state) && { forget: true }),
    },
  }
}

const withoutResult: ReadonlySet<Deferral['state']> = new Set([
  'FAILED',
  'CANCELLED',
  'UNKNOWN',
  'FORGOTTEN',
])

/** Why a deferred call came to nothing, as its caller is told when it asks for the result. */
export function refusalOf({ state, ending, approval, record, ran }: Deferral): Refusal {
  const refusal = new Refusal(isCode(ending) ? ending : 'internal', {
    ...(state === 'UNKNOWN' && {
      detail: 'The gateway stopped while it made the call: nobody knows whether it took effect.',
    }),
    facts: { approval },
  })
  refusal.record = record
  refusal.callId = ran
  return refusal
}

function isCode(text: string | undefined): text is RefusalCode {
  return text !== undefined && Object.hasOwn(refusals, text)
}
