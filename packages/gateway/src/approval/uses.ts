import type { Clearance, ClearanceUse } from '../model/clearance.ts'
import type { Clearances } from '../store/approvals.ts'
import { Conflict, type Entry, type Ledger } from '../store/store.ts'
import { type ClearanceEvent, stepClearance } from './clearance-machine.ts'
import { openLanes } from './lanes.ts'
import { clearanceClosedRecord, timestamp } from './records.ts'

/** Calls of this process that are under way with a clearance. */
export type Uses = {
  /** One thing at a time for each clearance. */
  readonly inLine: <Result>(clearance: string, work: () => Promise<Result>) => Promise<Result>
  /** Remembers a claim that was made; the signal aborts when the clearance is revoked. */
  readonly begun: (clearance: string, call: string) => AbortSignal
  /**
   * The call is over: what it had claimed is given back or consumed. Returns at once. `until`: what it has begun goes
   * on until then, and is still cut when the clearance is revoked.
   */
  readonly finished: (clearance: string, call: string, until?: AbortSignal) => void
  /** Ends every call of this process that is under way with it. */
  readonly cut: (clearance: string) => void
  /** Cuts them if it was revoked, through whatever process. */
  readonly lookAt: (clearance: string) => Promise<void>
  /** Tries again what could not be written, and cuts what was revoked through another process. */
  readonly look: () => Promise<void>
  /** Waits for what is being written. */
  readonly settled: () => Promise<void>
}

export function openUses(needs: {
  readonly store: Ledger & Clearances
  readonly now: () => number
  readonly onFailure: (cause: unknown) => void
}): Uses {
  const { store, now, onFailure } = needs
  const inLine = openLanes()
  /** By call: what it has claimed, and how to end it. */
  const open = new Map<string, Use>()
  /** By call: endings that are not written down yet. */
  const ended = new Map<string, string>()
  const writing = new Set<Promise<void>>()
  const give = async (clearance: string, call: string) => {
    await inLine(clearance, () =>
      closeUse(store, { clearance, event: { kind: 'done', call }, now }),
    )
    ended.delete(call)
  }
  const write = (clearance: string, call: string) => {
    const work = give(clearance, call)
      .catch(onFailure)
      .finally(() => writing.delete(work))
    writing.add(work)
    return work
  }
  const cut = (clearance: string) => {
    for (const use of open.values()) if (use.clearance === clearance) use.cut.abort()
  }
  const isUsed = (clearance: string) => {
    for (const use of open.values()) if (use.clearance === clearance) return true
    return false
  }
  const lookAt = async (clearance: string) => {
    if (!isUsed(clearance)) return
    const state = (await store.clearance(clearance))?.state
    if (state === 'REVOKED') cut(clearance)
    if (state === 'CONSUMED' || state === 'EXPIRED') forget(clearance)
  }
  /** It cannot be revoked any more. */
  const forget = (clearance: string) => {
    for (const [call, use] of open) {
      if (use.clearance === clearance && use.isOver) open.delete(call)
    }
  }
  return {
    inLine,
    begun: (clearance, call) => {
      const controller = new AbortController()
      open.set(call, { clearance, cut: controller, isOver: false })
      return controller.signal
    },
    finished: (clearance, call, until) => {
      const use = open.get(call)
      if (use && until && !until.aborted) {
        use.isOver = true
        until.addEventListener('abort', () => open.delete(call), { once: true })
      } else open.delete(call)
      ended.set(call, clearance)
      void write(clearance, call)
    },
    cut,
    lookAt,
    look: async () => {
      const again = [...ended].map(([call, clearance]) => write(clearance, call))
      for (const id of new Set([...open.values()].map(({ clearance }) => clearance))) {
        await lookAt(id)
      }
      await Promise.all(again)
    },
    settled: async () => {
      await Promise.all(writing)
    },
  }
}

type Use = {
  readonly clearance: string
  readonly cut: AbortController
  /** The call itself, but not what it has begun. */
  isOver: boolean
}

/**
 * Takes one use off a clearance: `done`, or `lost` and then reconciled. What is over already, or knows nothing
 * of the call, stays as it is.
 */
export async function closeUse(
  store: Ledger & Clearances,
  {
    clearance: id,
    event,
    now,
  }: {
    readonly clearance: string
    readonly event: Extract<ClearanceEvent, { kind: 'done' | 'lost' | 'reconcile' }>
    readonly now: () => number
  },
): Promise<void> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const clearance = await store.clearance(id)
    const at = now()
    const next = clearance && stepClearance(clearance, event, at)
    if (!clearance || !next?.fits) return
    const call = event.kind === 'reconcile' ? '' : event.call
    const record = returnedRecord(next.clearance, call, at)
    if (await updateClearance(store, { from: clearance, to: next.clearance, record })) return
  }
  throw new Conflict(`the clearance ${id} is contested`)
}

/** False when somebody else was faster. */
export async function updateClearance(
  store: Ledger,
  {
    from,
    to,
    record,
  }: { readonly from: Clearance; readonly to: Clearance; readonly record: Entry['record'] },
): Promise<boolean> {
  const change = {
    kind: 'clearance.update',
    clearance: to,
    expectedRevision: from.revision,
  } as const
  try {
    await store.commit({ record, payloads: [], change })
    return true
  } catch (thrown) {
    if (thrown instanceof Conflict) return false
    throw thrown
  }
}

function returnedRecord(
  clearance: Clearance,
  call: ClearanceUse['call'],
  at: number,
): Entry['record'] {
  const { id, state } = clearance
  if (state === 'CONSUMED' || state === 'UNKNOWN') return clearanceClosedRecord(clearance, { at })
  return { type: 'clearance.returned', time: timestamp(at), clearance: id, call, state }
}

/** Each loss means that another call claimed it or gave it back: more than one gateway does in a moment. */
export const attemptsMax = 64
