import { Refusal } from '../../call/refusal.ts'
import type { Call } from '../../call/stage.ts'
import type { Limits } from '../../config/limits.ts'
import { linger } from '../door/linger.ts'
import type { Desk } from '../door/listen.ts'
import type { Places } from '../door/places.ts'
import type { HttpRequest } from '../door/request.ts'
import type { HttpResponse } from '../door/response.ts'
import type { OnCall } from '../protocol.ts'
import { decode } from './decode.ts'
import { encode, encodeRefusal } from './encode.ts'

export type HttpDeskOptions = { readonly places: Places; readonly limits: Limits }

/** Takes requests to the pipeline and answers back: every address that no other desk owns. */
export function openCallDesk({ places, limits }: HttpDeskOptions, onCall: OnCall): Desk {
  return {
    owns: () => true,
    take: (request, response) => {
      const place = places.take()
      if (!place) {
        // Shed before anything is read: recording the flood would be part of the flood.
        encodeRefusal(new Refusal('overloaded'), response)
        linger(request, limits.lingerMs)
        return
      }
      const { admit, leave } = place
      void answer({ request, response, admit, limits }, onCall).then(leave, leave)
    },
    close: async () => undefined,
  }
}

type Taken = {
  readonly request: HttpRequest
  readonly response: HttpResponse
  readonly admit: Call['admit']
  readonly limits: Limits
}

async function answer({ request, response, admit, limits }: Taken, onCall: OnCall): Promise<void> {
  const caller = new AbortController()
  response.on('close', () => {
    // HTTP/2 calls a cancelled stream finished; only what we ended ourselves is over.
    if (!response.writableEnded || !response.writableFinished) caller.abort()
  })
  // Without a listener a broken request or response would end the process.
  request.on('error', () => caller.abort())
  response.on('error', () => caller.abort())
  const call = decode(request, { signal: caller.signal, limits, admit })
  try {
    const reply = await onCall(call)
    const { method = 'GET' } = request
    await encode(reply, response, { method, limits })
  } catch (thrown) {
    encodeRefusal(Refusal.from(thrown), response, call)
  } finally {
    linger(request, limits.lingerMs)
  }
}
