import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from '../call/refusal.ts'
import type { Reply } from '../call/stage.ts'
import type { Limits } from '../config/limits.ts'
import type { Approval, ApprovalState } from '../model/approval.ts'
import type { Deferral } from '../model/deferral.ts'
import { framed } from '../model/framed.ts'
import type { Deferrals } from '../store/approvals.ts'
import { Conflict, type Ledger, type Store } from '../store/store.ts'
import { moved } from './deferral.ts'

export type DeferredRuns = {
  /** Says of calls that an earlier run of this instance was making that nobody knows what came of them. Once. */
  readonly reconcile: () => Promise<void>
  readonly start: () => void
  /** Begins no other; gives those under way some time, then cuts them off and waits until that is recorded. */
  readonly close: () => Promise<void>
}

type Needs = {
  readonly store: Ledger & Deferrals & Pick<Store, 'onChange'>
  /** As it stands at this moment. */
  readonly find: (approvalId: string) => Promise<Approval | undefined>
  /** Makes the call through the whole pipeline; throws only `Refusal`. */
  readonly make: (deferral: Deferral, request: Uint8Array, signal: AbortSignal) => Promise<Reply>
  /** This gateway among those of one store. */
  readonly instance: string
  readonly now: () => number
  readonly graceMs: number
  readonly limits: Pick<
    Limits,
    'deferredKeptMs' | 'deferredResultBytes' | 'deferredRows' | 'deferredRuns' | 'deskTickMs'
  >
  readonly onFailure: (cause: unknown) => void
}

/**
 * Makes deferred calls once people approved them. One compare-and-set decides which gateway makes one, before
 * anything of it begins: if we crash after it, the call is never made again, and the next start says that nobody
 * knows what came of it. What the call is allowed is looked at when it is made: rules, credential and clearance of
 * that moment.
 */
export function openDeferredRuns(needs: Needs): DeferredRuns {
  const { store, now, instance, limits, onFailure } = needs
  const stopping = new AbortController()
  const underWay = new Set<Promise<void>>()
  let closed = false

  const begin = async (waiting: Deferral) => {
    const running = { state: 'RUNNING', instance } as const
    const claimed = await move(store, waiting, running, { at: now() })
    if (!claimed) return
    const run = runOne(needs, claimed, stopping.signal)
      .catch(onFailure)
      .finally(() => underWay.delete(run))
    underWay.add(run)
  }
  const look = async () => {
    for (const waiting of await store.deferrals({ state: 'WAITING', limit: limits.deferredRows })) {
      if (closed) return
      const state = (await needs.find(waiting.approval))?.state ?? 'WITHDRAWN'
      if (state === 'PENDING') continue
      if (state === 'APPROVED' || state === 'BYPASSED') {
        if (underWay.size < limits.deferredRuns) await begin(waiting)
        continue
      }
      const cancelled = { state: 'CANCELLED', ending: codeOf(state), endedAt: now() } as const
      await move(store, waiting, cancelled, { at: now() })
    }
    await forgetOld(needs)
  }
  const turn = oneAtATime(() => look().catch(onFailure))
  const stopListening = store.onChange(({ kind }) => {
    if (kind === 'approval' || kind === 'missed') void turn()
  })
  let timer: NodeJS.Timeout | undefined
  return {
    reconcile: async () => {
      for (const lost of await store.deferrals({ state: 'RUNNING', limit: limits.deferredRows })) {
        if (lost.instance !== instance) continue
        await move(store, lost, { state: 'UNKNOWN', endedAt: now() }, { at: now() })
      }
    },
    start: () => {
      timer = setInterval(() => void turn(), limits.deskTickMs).unref()
    },
    close: async () => {
      closed = true
      stopListening()
      clearInterval(timer)
      await turn()
      const cut = setTimeout(() => stopping.abort(), needs.graceMs)
      while (underWay.size > 0) await Promise.all(underWay)
      clearTimeout(cut)
    },
  }
}

/** Makes the call that this gateway has claimed, and writes down what came of it. */
async function runOne(needs: Needs, running: Deferral, signal: AbortSignal): Promise<void> {
  const { store, now } = needs
  const ended = await resultOf(needs, running, signal)
  const endedAt = now()
  const { result, ...end } = ended
  const keptUntil = endedAt + needs.limits.deferredKeptMs
  const entry = moved(running, { ...end, endedAt, keptUntil }, { at: endedAt, result })
  for (;;) {
    try {
      await store.commit(entry)
      return
    } catch (thrown) {
      // It stays RUNNING, and the next start says that nobody knows what came of it.
      if (thrown instanceof Conflict || signal.aborted) throw thrown
      needs.onFailure(thrown)
      await sleep(needs.limits.deskTickMs, undefined, { signal }).catch(() => undefined)
    }
  }
}

type Ended = Pick<Deferral, 'state' | 'ending' | 'status' | 'mediaType' | 'ran' | 'record'> & {
  readonly result?: Uint8Array
}

async function resultOf(needs: Needs, running: Deferral, signal: AbortSignal): Promise<Ended> {
  try {
    const request = await needs.store.deferredRequest(running.id)
    if (!request) throw new Error('the request of a deferred call is not there')
    return await readReply(await needs.make(running, request, signal), {
      bytesMax: needs.limits.deferredResultBytes,
      signal,
    })
  } catch (thrown) {
    const refusal = Refusal.from(thrown)
    // A refusal of the pipeline is recorded, and has its record; anything else is a fault of ours.
    if (!(thrown instanceof Refusal)) needs.onFailure(thrown)
    const { code, callId, record } = refusal
    return {
      state: signal.aborted && code === 'caller-left' ? 'UNKNOWN' : 'FAILED',
      ending: code,
      ...(callId !== undefined && { ran: callId }),
      ...(record !== undefined && { record }),
    }
  }
}

/** Reads what is to be kept. What is longer is given back, which records that it was not read to its end. */
async function readReply(
  { head, body, callId, record: at }: Reply,
  { bytesMax, signal }: { readonly bytesMax: number; readonly signal: AbortSignal },
): Promise<Ended> {
  const ran = { ran: callId, record: `${at.origin}#${at.index}` }
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of body) {
      size += chunk.length
      if (size > bytesMax) return { state: 'FAILED', ending: 'upstream-failed', ...ran }
      chunks.push(chunk)
    }
  } catch (thrown) {
    const { code } = Refusal.from(thrown)
    return { state: signal.aborted ? 'UNKNOWN' : 'FAILED', ending: code, ...ran }
  }
  const { status, mediaType } = head
  return {
    ...{ state: 'DONE', status, mediaType, ending: String(status), ...ran },
    result: framed({ callId, record: at, head }, Buffer.concat(chunks)),
  }
}

/** Destroys results whose time is over. */
async function forgetOld({ store, now, limits }: Needs): Promise<void> {
  for (const done of await store.deferrals({ state: 'DONE', limit: limits.deferredRows })) {
    if (done.keptUntil > now()) continue
    await move(store, done, { state: 'FORGOTTEN' }, { at: now() })
  }
}

/** As the next stage; undefined when another gateway was faster. */
async function move(
  store: Ledger,
  from: Deferral,
  to: Parameters<typeof moved>[1],
  at: Parameters<typeof moved>[2],
): Promise<Deferral | undefined> {
  const entry = moved(from, to, at)
  try {
    await store.commit(entry)
    return entry.change?.kind === 'deferral.update' ? entry.change.deferral : undefined
  } catch (thrown) {
    if (thrown instanceof Conflict) return undefined
    throw thrown
  }
}

function codeOf(state: Exclude<ApprovalState, 'PENDING' | 'APPROVED' | 'BYPASSED'>) {
  return state === 'DENIED' ? 'approval-denied' : 'approval-unusable'
}

/** Asked while it works, it works once more: nothing that happened before the asking is missed. */
function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let again = false
  let working: Promise<void> | undefined
  const loop = async () => {
    do {
      again = false
      await work()
    } while (again)
    working = undefined
  }
  return () => {
    again = working !== undefined
    working ??= loop()
    return working
  }
}
