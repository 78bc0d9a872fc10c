import { Refusal } from '../../call/refusal.ts'
import type { Call } from '../../call/stage.ts'
import type { Limits } from '../../config/limits.ts'
import { openReceiver, streamBody } from '../door/body.ts'
import {
  addressOf,
  type HttpRequest,
  headerPairs,
  hostOf,
  proofOf,
  traceOf,
} from '../door/request.ts'
import { declaredLength, openedReceiver, openedStream } from './body.ts'
import type { Head } from './head.ts'
import { keepCall } from './kept-call.ts'
import { deferralAsked, preferencesOf, termsAsked } from './preference.ts'
import { read, type Wire } from './reading.ts'

/** What a call is given by the desk that took it. */
export type Given = {
  readonly signal: AbortSignal
  readonly limits: Limits
  readonly admit: Call['admit']
}

/**
 * Wire → `Call`. Nothing is refused here: a request that cannot be read becomes a call whose reading
 * refuses, so that it is recorded like every other.
 */
export function decode(request: HttpRequest, { signal, limits, admit }: Given): Call {
  const headers = headerPairs(request.rawHeaders)
  const head: Head = {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    host: hostOf(request),
    headers,
  }
  const incoming = { request, signal, limits }
  let isStreamed = false
  const wire: Wire = {
    receiver: openedReceiver(openReceiver(incoming), head),
    streamed: () => {
      isStreamed = true
      const body = declaredLength(head) === 0 ? nothing() : streamBody(incoming)
      return openedStream(body, head, limits.streamedBodyBytes)
    },
  }
  const asked = preferencesOf(headers)
  const terms = termsAsked(headers)
  const deferred = deferralAsked(headers)
  const malformed = [terms, deferred].find((one) => 'problem' in one)
  const header = (name: string) => headers.find(([one]) => one === name)?.[1]
  const call: Call = {
    protocol: 'http',
    proof: proofOf(headers),
    source: { protocol: 'http', ip: addressOf(request) },
    sessionName: header('sallyport-session')?.slice(0, limits.sessionNameChars),
    approvalId: header('sallyport-approval')?.slice(0, 64),
    waitMs: asked.waitMs,
    respondAsync: asked.respondAsync,
    ...('terms' in terms && terms.terms && { clearanceTerms: terms.terms }),
    ...('deferred' in deferred && { deferred: deferred.deferred }),
    traceId: traceOf(header('traceparent')),
    signal,
    admit,
    read: async (rules) => {
      if (malformed) throw new Refusal('request-malformed', { detail: malformed.problem })
      return read(rules, head, wire)
    },
    kept: () => (isStreamed ? undefined : keepCall(head, call, wire.receiver)),
  }
  return call
}

async function* nothing(): AsyncGenerator<Uint8Array, undefined> {
  yield* []
  return undefined
}
