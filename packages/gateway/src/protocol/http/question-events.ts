import { breakOff, encodeWhole, isGone, write, writeHead } from '../door/response.ts'
import { type FollowUp, problem, questionBody } from './question-shown.ts'

/**
 * A question as an event stream (HTML Living Standard section 9.2): one event, named `approval`, whenever
 * something about it is new, until nothing will happen to it any more. The proof is looked at again every time: a
 * stream ends with it. A caller that does not read is cut off.
 */
export async function sendEvents(at: FollowUp, id: string): Promise<void> {
  const { followUps, response, limits, signal, asker } = at
  const encoder = new TextEncoder()
  let sent: number | undefined
  let beatAt = performance.now()
  while (!isGone(response)) {
    const woken = followUps.watch(id)
    try {
      const question = await followUps.question(id, at.principal)
      if (sent === undefined) {
        if (!question) return encodeWhole(problem('not-found'), response)
        writeHead(response, 200, eventHeaders)
      }
      if (!question) break
      if (question.revision !== sent) {
        sent = question.revision
        const json = JSON.stringify(questionBody(question))
        write(response, encoder.encode(`id: ${sent}\nevent: approval\ndata: ${json}\n\n`))
      } else if (performance.now() - beatAt >= limits.eventHeartbeatMs) {
        beatAt = performance.now()
        write(response, encoder.encode(': still there\n\n'))
      }
      if (question.isOver || signal.aborted) break
      if (response.writableLength > unreadBytesMax) return breakOff(response)
      await woken.within(limits.eventHeartbeatMs, signal)
      if (signal.aborted) break
      if (!(await stillCounts(followUps.identify(asker)))) break
    } finally {
      woken.forget()
    }
  }
  response.end()
}

const eventHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // Proxies that gather answers would keep events from coming.
  'x-accel-buffering': 'no',
}

/** What a question has events for in its whole life is less. */
const unreadBytesMax = 65_536

/** A stream that has begun cannot refuse; it ends. */
function stillCounts(identified: Promise<unknown>): Promise<boolean> {
  return identified.then(
    () => true,
    () => false,
  )
}
