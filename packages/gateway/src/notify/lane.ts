import type { Limits } from '../config/limits.ts'
import type { NoticeTaken } from '../store/store.ts'

/** The notices of one channel that this process has taken: a few are being sent, some wait their turn. */
export type Lane = {
  /**
   * Sends it, now or when its turn comes. False: there is no place, or another notice about the same thing is on
   * its way and has to arrive first.
   */
  readonly take: (notice: NoticeTaken) => boolean
  /** Takes no more; says which waited and will not be sent. Resolves when what was under way has ended. */
  readonly close: () => Promise<readonly NoticeTaken[]>
}

/** Each channel has its own, so that one that hangs holds up nobody else's. `send` never rejects. */
export function openLane(needs: {
  readonly send: (notice: NoticeTaken) => Promise<void>
  readonly now: () => number
  readonly limits: Pick<Limits, 'noticesAtOnce' | 'noticesTaken' | 'noticeLeaseMs' | 'noticeSendMs'>
}): Lane {
  const { send, now, limits } = needs
  const underWay = new Set<Promise<void>>()
  const about = new Set<string>()
  let waiting: { readonly notice: NoticeTaken; readonly takenAt: number }[] = []
  let closed = false

  const next = () => {
    while (!closed && underWay.size < limits.noticesAtOnce) {
      const first = waiting.shift()
      if (!first) return
      const { notice, takenAt } = first
      // By the time it was sent it might be somebody else's: whoever takes it next sends it.
      const waited = Math.abs(now() - takenAt)
      if (waited > limits.noticeLeaseMs - 2 * limits.noticeSendMs) about.delete(notice.about)
      else begin(notice)
    }
  }
  const begin = (notice: NoticeTaken) => {
    const sending: Promise<void> = send(notice).finally(() => {
      underWay.delete(sending)
      about.delete(notice.about)
      next()
    })
    underWay.add(sending)
  }
  return {
    take: (notice) => {
      if (closed || about.has(notice.about) || waiting.length >= limits.noticesTaken) return false
      about.add(notice.about)
      waiting.push({ notice, takenAt: now() })
      next()
      return true
    },
    close: async () => {
      closed = true
      const left = waiting.map(({ notice }) => notice)
      waiting = []
      await Promise.all(underWay)
      return left
    },
  }
}
