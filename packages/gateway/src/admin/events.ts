import type { LeafRecord } from '@sallyport/evidence/record'
import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import { type AdminEnv, personOf } from './access.ts'
import type { AdminNeeds } from './needs.ts'
import { openPlaces } from './places.ts'
import { Refused } from './problem.ts'
import { tail } from './tail.ts'

/** What one record means to those who watch; undefined: nothing. */
type Telling = (leaf: LeafRecord, index: number) => Promise<{ readonly event: string } | undefined>

export type EventStreams = (c: Context<AdminEnv>, tell: Telling) => Promise<Response>

/**
 * Server-sent events out of the evidence log. An event's id is its record's index, so `Last-Event-ID`
 * resumes exactly, over restarts too. Ends when the person's sign-in does.
 */
export function openEventStreams(needs: AdminNeeds, closing: AbortSignal): EventStreams {
  const places = openPlaces(needs.limits)
  return async (c, tell) => {
    const start = startOf(c) ?? (await needs.store.size())
    const leave = places(c.get('person').subject.id)
    const bearer = c.get('bearer')
    c.header('x-accel-buffering', 'no')
    return streamSSE(c, async (stream) => {
      const left = new AbortController()
      stream.onAbort(() => left.abort())
      try {
        await stream.write('retry: 2000\n\n')
        let quietSince = needs.now()
        let signedInAt = needs.now()
        const ends = AbortSignal.any([left.signal, closing])
        for await (const found of tail(needs.store, start, ends)) {
          const told = found && (await tell(found.leaf, found.index))
          // Before anything is told, and every so often among many records that tell this person nothing.
          if (told || needs.now() - signedInAt >= needs.limits.eventSignInMs) {
            if (!(await isSignedIn(needs, bearer))) return
            signedInAt = needs.now()
          }
          if (told) {
            const { event } = told
            await stream.writeSSE({ id: String(found.index), event, data: JSON.stringify(told) })
          } else if (needs.now() - quietSince >= needs.limits.eventHeartbeatMs) {
            await stream.write(': still here\n\n')
          } else continue
          quietSince = needs.now()
        }
      } finally {
        leave()
      }
    })
  }
}

async function isSignedIn(needs: AdminNeeds, bearer: string): Promise<boolean> {
  const person = await personOf(needs, bearer).catch(() => undefined)
  return person !== undefined
}

function startOf(c: Context): number | undefined {
  const last = c.req.header('last-event-id')
  if (last === undefined || last === '') return undefined
  if (!/^\d{1,15}$/.test(last)) {
    throw new Refused('request-invalid', {
      errors: [{ pointer: 'Last-Event-ID', detail: 'Not an id that this stream gave out.' }],
    })
  }
  return Number(last) + 1
}
