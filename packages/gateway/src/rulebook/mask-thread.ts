import { Worker } from 'node:worker_threads'
import { Refusal } from '../call/refusal.ts'
import { limits } from '../config/limits.ts'
import { type ArgumentsAside, type ArgumentsMasked, MaskError } from '../mask/plan.ts'
import type { DetectionRules } from '../model/detection.ts'
import type { FunctionDefinition } from '../model/function.ts'

/** What the thread is told of one body. Plain values: what is compiled from them is compiled there. */
export type MaskJob = {
  readonly rules: {
    /** Of the rulebook they are of. */
    readonly digest: string
    readonly detection: DetectionRules | undefined
    readonly fn: Pick<
      FunctionDefinition,
      'id' | 'argumentMasks' | 'argumentSchema' | 'detect' | 'mcp'
    >
  }
  readonly asked: ArgumentsAside
}

export type MaskAnswer = { readonly masked: ArgumentsMasked } | { readonly problem: string }

/** Masks long arguments beside the thread that answers calls, so that one long body does not stall the others. */
export type MaskThread = {
  /**
   * Rejects with `overloaded` when too much waits, and with what happened when the thread ended before its answer:
   * nothing goes out then.
   */
  readonly mask: (job: MaskJob) => Promise<ArgumentsMasked>
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
  let running: { readonly worker: Worker; readonly waiting: Waiting } | undefined
  const start = () => {
    const worker = new Worker(module, { workerData, resourceLimits })
    const waiting: Waiting = new Map()
    const lose = (cause: unknown) => {
      if (running?.worker === worker) running = undefined
      for (const { reject } of waiting.values()) reject(cause)
      waiting.clear()
    }
    worker.on('error', (cause) => lose(new Error('the masking thread failed', { cause })))
    worker.on('exit', () => lose(new Error('the masking thread has ended')))
    worker.on('message', ({ id, ...answer }: { id: number } & MaskAnswer) => {
      if ('masked' in answer) waiting.get(id)?.resolve(answer.masked)
      else waiting.get(id)?.reject(new MaskError(answer.problem))
      waiting.delete(id)
    })
    return { worker, waiting }
  }
  return {
    mask: async (job) => {
      if (closed) throw new Error('the masking thread is closed')
      running ??= start()
      const { worker, waiting } = running
      if (waiting.size >= limits.maskedAside) throw new Refusal('overloaded')
      const answer = Promise.withResolvers<ArgumentsMasked>()
      lastId += 1
      worker.postMessage({ id: lastId, ...job })
      waiting.set(lastId, answer)
      return answer.promise
    },
    close: async () => {
      closed = true
      await running?.worker.terminate()
    },
  }
}

/** As written, or as built for the package. */
const ownModule = new URL(import.meta.url.replace(/mask-thread(\.[jt]s)$/, 'mask-worker$1'))

type Waiting = Map<number, PromiseWithResolvers<ArgumentsMasked>>

/** 256 MiB: a hundred times the longest arguments. Beyond it the thread ends, and not the gateway. */
const resourceLimits = { maxOldGenerationSizeMb: 256 }
