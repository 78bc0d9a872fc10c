import { writeExpiry } from './claim.ts'
import type { DeskNeeds } from './needs.ts'
import type { Settling } from './settle.ts'
import type { Uses } from './uses.ts'

export type ClockWatch = {
  readonly start: () => void
  readonly close: () => Promise<void>
}

/**
 * Writes down what the clock has done, so that people are told without anybody looking: expiries and
 * escalations of questions, expiries of clearances. Each turn looks at a page of them and the next goes on
 * where it stopped. Nothing depends on it: whoever acts derives the same from the clock.
 */
export function watchTheClock(
  needs: DeskNeeds,
  { settling, uses }: { readonly settling: Settling; readonly uses: Uses },
): ClockWatch {
  const { store, now, limits, onFailure } = needs
  const limit = limits.deskTickRows
  const questions = pages((before) =>
    store.approvals({ state: 'PENDING', limit, ...(before !== undefined && { before }) }),
  )
  const active = pages((before) =>
    store.clearances({ state: 'ACTIVE', limit, ...(before !== undefined && { before }) }),
  )
  const issued = pages((before) =>
    store.clearances({ state: 'ISSUED', limit, ...(before !== undefined && { before }) }),
  )
  /** One that fails does not keep the others waiting. */
  const each = async <Row>(read: () => Promise<readonly Row[]>, work: (row: Row) => unknown) => {
    for (const row of await read()) {
      try {
        await work(row)
      } catch (thrown) {
        onFailure(thrown)
      }
    }
  }
  const turn = async () => {
    await uses.look()
    await each(questions, (approval) => settling.current(approval))
    await each(active, (clearance) => writeExpiry(needs, clearance, now()))
    await each(issued, (clearance) => writeExpiry(needs, clearance, now()))
  }
  let timer: NodeJS.Timeout | undefined
  let turning: Promise<void> = Promise.resolve()
  let closed = false
  const schedule = () => {
    if (closed) return
    timer = setTimeout(() => {
      turning = turn().catch(onFailure).finally(schedule)
    }, limits.deskTickMs)
    timer.unref()
  }
  return {
    start: schedule,
    close: async () => {
      closed = true
      clearTimeout(timer)
      await turning
    },
  }
}

/** Reads one page after the other, and begins anew after the last. */
function pages<Row extends { readonly id: string }>(
  read: (before: string | undefined) => Promise<readonly Row[]>,
): () => Promise<readonly Row[]> {
  let before: string | undefined
  return async () => {
    const page = await read(before)
    before = page.at(-1)?.id
    return page
  }
}
