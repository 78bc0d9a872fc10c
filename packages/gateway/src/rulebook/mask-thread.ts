import { Worker } from 'node:worker_threads'
import { Refusal } from '../call/refusal.ts'
import { limits } from '../config/limits.ts'
import { type ArgumentsMasked, MaskError, type MaskerAside } from '../mask/plan.ts'
import type { ArgumentsJob, MaskAsked, MaskSaid, Numbered, ResultJob } from './mask-message.ts'
import { openMaskerAside } from './masker-aside.ts'

/** Masks long bodies beside the thread that answers calls, so that one long body does not stall the others. */
export type MaskThread = {
  /**
   * Rejects with `overloaded` when too much waits, and with what happened when the thread ended before its answer:
   * nothing goes out then.
   */
  readonly mask: (job: ArgumentsJob) => Promise<ArgumentsMasked>
  /** Of one result; undefined when as many are under way as may be, or the thread is closed. */
  readonly masker: (job: ResultJob) => MaskerAside | undefined
  /** Ends the thread; what still waits is rejected, and everything after. */
  readonly close: () => Promise<void>
}

/** The thread starts with its first job, and again after it ended: a body that ends it ends no other call for good. */
export function openMaskThread(
  options: { readonly module?: URL; readonly workerData?: unknown } = {},
): MaskThread {
  const { module = ownModule, workerData } = options
  let lastId = 0
  let closed = false
  let running: Run | undefined
  const run = (): Run => {
    running = running === undefined || running.ended() ? start(module, workerData) : running
    return running
  }
  return {
    mask: async (job) => {
      if (closed) throw new Error('the masking thread is closed')
      const { jobs, ask } = run()
      if (jobs.size >= limits.maskedAside) throw new Refusal('overloaded')
      lastId += 1
      const id = lastId
      jobs.add(id)
      const said = await ask({ id, kind: 'arguments', ...job }).finally(() => jobs.delete(id))
      if (said.kind === 'masked') return said.masked
      throw new MaskError(said.kind === 'problem' ? said.problem : 'it was answered otherwise')
    },
    masker: (job) => {
      if (closed) return undefined
      const { results, tell, ask } = run()
      if (results.size >= limits.resultsAside) return undefined
      lastId += 1
      const id = lastId
      results.add(id)
      return openMaskerAside(job, {
        tell: (message) => tell({ id, ...message }),
        ask: (message) => ask({ id, ...message }),
        onOver: () => results.delete(id),
      })
    },
    close: async () => {
      closed = true
      await running?.worker.terminate()
    },
  }
}

/** The thread from a start to its end. */
type Run = {
  readonly worker: Worker
  readonly ended: () => boolean
  /** Arguments that wait. */
  readonly jobs: Set<number>
  /** Results that are under way. */
  readonly results: Set<number>
  readonly tell: (message: Numbered<MaskAsked>) => void
  /** Rejects when the thread ends before it answers, and when it has ended. */
  readonly ask: (message: Numbered<MaskAsked>) => Promise<MaskSaid>
}

function start(module: URL, workerData: unknown): Run {
  const worker = new Worker(module, { workerData, resourceLimits })
  const waiting = new Map<number, PromiseWithResolvers<MaskSaid>>()
  let lost: { readonly cause: unknown } | undefined
  const lose = (cause: unknown) => {
    lost ??= { cause }
    for (const { reject } of waiting.values()) reject(cause)
    waiting.clear()
  }
  worker.on('error', (cause) => lose(new Error('the masking thread failed', { cause })))
  worker.on('exit', () => lose(new Error('the masking thread has ended')))
  worker.on('message', ({ id, ...said }: Numbered<MaskSaid>) => {
    waiting.get(id)?.resolve(said)
    waiting.delete(id)
  })
  const tell = (message: Numbered<MaskAsked>) => {
    const pieces = message.kind === 'push' ? message.pieces.map(({ buffer }) => buffer) : []
    worker.postMessage(message, pieces)
  }
  return {
    worker,
    ended: () => lost !== undefined,
    ...{ jobs: new Set(), results: new Set() },
    tell,
    ask: async (message) => {
      if (lost !== undefined) throw lost.cause
      const answer = Promise.withResolvers<MaskSaid>()
      tell(message)
      waiting.set(message.id, answer)
      return answer.promise
    },
  }
}

/** As written, or as built for the package. */
const ownModule = new URL(import.meta.url.replace(/mask-thread(\.[jt]s)$/, 'mask-worker$1'))

/** 1 GiB: what results under way hold at the worst. Beyond it the thread ends, and not the gateway. */
const resourceLimits = { maxOldGenerationSizeMb: 1024 }
