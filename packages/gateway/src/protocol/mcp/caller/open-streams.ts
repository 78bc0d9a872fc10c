import { randomBytes } from 'node:crypto'
import { limits } from '../../../config/limits.ts'
import type { HttpResponse } from '../../door/response.ts'
import { AnswerStream, type AnswerStreamOptions } from './answer-stream.ts'

/** Answers that callers may come back to: in this process only, and each by its own session only. */
export type OpenStreams = {
  /** `owner`: names the session and whose it is. */
  readonly open: (
    response: HttpResponse,
    options: Omit<AnswerStreamOptions, 'resumableAs'> & { readonly owner: string },
  ) => AnswerStream
  /** Goes on behind the event with this id (`Last-Event-ID`). False: there is nothing of this owner's to go on with. */
  readonly resume: (
    response: HttpResponse,
    from: { readonly owner: string; readonly lastEventId: string },
  ) => boolean
  /** The gateway stops: nobody will come back. */
  readonly stop: () => void
}

type Known = { readonly owner: string; readonly stream: AnswerStream }

export function openStreams(): OpenStreams {
  const known = new Map<string, Known>()
  let isStopping = false
  return {
    open: (response, { owner, ...options }) => {
      const resumableAs = randomBytes(16).toString('base64url')
      const stream = new AnswerStream(response, { ...options, resumableAs })
      known.set(resumableAs, { owner, stream })
      if (known.size > limits.mcpStreamsKept) leaveOldest(known)
      if (isStopping) stream.stop()
      const forget = () => known.delete(resumableAs)
      if (stream.gone.aborted) forget()
      else stream.gone.addEventListener('abort', forget)
      return stream
    },
    resume: (response, { owner, lastEventId }) => {
      const [, name = '', number = ''] = /^([\w-]{1,64})\.(\d{1,15})$/.exec(lastEventId) ?? []
      const found = known.get(name)
      return found?.owner === owner && found.stream.resume(response, Number(number))
    },
    stop: () => {
      isStopping = true
      for (const { stream } of known.values()) stream.stop()
    },
  }
}

/** Of those that have said everything: whoever had it, has had it. */
function leaveOldest(known: ReadonlyMap<string, Known>): void {
  for (const { stream } of known.values()) {
    if (!stream.isEnded) continue
    stream.leave()
    return
  }
}
