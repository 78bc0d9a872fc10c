import { limits } from '../../../config/limits.ts'
import type { MessageId } from '../message/upstream-message.ts'
import { AnswerStream } from './answer-stream.ts'
import type { Outlet } from './open-exchange.ts'
import type { OpenStreams } from './open-streams.ts'
import { messageOf, sayJson } from './speak.ts'
import { type Known, ownerOf } from './visit.ts'

type Stream = Pick<AnswerStream, 'gone' | 'isBegun' | 'begin' | 'send' | 'end'>

/** The stream that one HTTP request is answered on, if it is on any. Of a session it may be taken up again. */
export function streamFor(known: Known, streams: OpenStreams): Stream {
  const owner = ownerOf(known)
  const options = {
    limits,
    headers: () => known.headers,
    isPrimed: known.session?.revision === '2025-11-25',
  }
  if (owner !== undefined) return streams.open(known.response, { ...options, owner })
  return new LateStream(known.gone, () => new AnswerStream(known.response, options))
}

/** Most requests are answered at once, and nobody comes back to this one: it is made when something is said on it. */
class LateStream implements Stream {
  readonly gone: AbortSignal
  readonly #make: () => AnswerStream
  #made: AnswerStream | undefined

  constructor(gone: AbortSignal, make: () => AnswerStream) {
    this.gone = gone
    this.#make = make
  }

  get isBegun(): boolean {
    return this.#made?.isBegun ?? false
  }

  begin(): void {
    this.#stream().begin()
  }

  send(message: Uint8Array): Promise<void> {
    return this.#stream().send(message)
  }

  end(): void {
    this.#stream().end()
  }

  #stream(): AnswerStream {
    this.#made ??= this.#make()
    return this.#made
  }
}

type OutletGiven = {
  /** Absent: there is nothing to say before the answer. */
  readonly stream?: Stream
  /** Aborted when the caller takes the request back; undefined: it cannot. */
  readonly cancelled?: AbortSignal | undefined
}

/** Answers one request: with one JSON message, or on the stream once there was more to say. */
export function outletFor(
  known: Known,
  given: OutletGiven & {
    readonly id: MessageId
    /** Called when it was answered. */
    readonly over: () => void
  },
): Outlet {
  const { id, stream, over } = given
  const finish: Outlet['finish'] = ({ frame, ...head }) => {
    const message = messageOf(id, frame)
    if (!stream?.isBegun) sayJson(known, message, head)
    else {
      void stream.send(message)
      stream.end()
    }
    over()
  }
  return gatheringOutlet(known, { ...given, finish })
}

/** The same where somebody else says the last thing. */
export function gatheringOutlet(
  known: Known,
  { stream, cancelled, finish }: OutletGiven & Pick<Outlet, 'finish'>,
): Outlet {
  const heard = acceptsEvents(known) ? stream : undefined
  const gone = stream?.gone ?? known.gone
  return {
    isDeaf: heard === undefined,
    begin: () => heard?.begin(),
    notify: async (message) => heard?.send(message),
    finish,
    // Composing signals costs more than reading a request does.
    gone: cancelled ? AbortSignal.any([gone, cancelled]) : gone,
  }
}

/** Who says nothing of what it takes, takes JSON. */
function acceptsEvents({ request }: Known): boolean {
  return /\btext\/(?:event-stream|\*)|\*\/\*/i.test(String(request.headers.accept ?? ''))
}
