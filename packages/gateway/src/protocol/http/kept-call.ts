import type { Call } from '../../call/stage.ts'
import { framed, unframed } from '../../model/framed.ts'
import type { Receiver } from '../door/body.ts'
import type { Revived } from '../protocol.ts'
import type { Head } from './head.ts'
import { read } from './reading.ts'

type KeptHead = Pick<Call, 'source' | 'sessionName' | 'traceId'> & { readonly head: Head }

/** Say who calls and how the answer should come, or how the body came, and nothing about the call itself. */
const notKept =
  /^(?:authorization|proxy-authorization|cookie|prefer|(?:transfer|content)-encoding|sallyport-.*)$/

/** A call that was read, with its body and without its proof. */
export function keepCall(
  head: Head,
  { source, sessionName, traceId }: Omit<KeptHead, 'head'>,
  receiver: Receiver,
): Uint8Array {
  const bytes = receiver.received() ?? new Uint8Array()
  const headers = head.headers.filter(([name]) => !notKept.test(name) && name !== 'content-length')
  const length = ['content-length', String(bytes.length)] as const
  const kept: KeptHead = {
    ...{ source, sessionName, traceId },
    head: { ...head, headers: [...headers, length] },
  }
  return framed(kept, bytes)
}

/** The same call again, which its caller may have made long ago: read by the rules of now. */
export function revive(kept: Uint8Array, { principal, approvalId, signal }: Revived): Call {
  // Written by `keepCall`, and sealed since.
  const { head: known, body } = unframed<KeptHead>(kept)
  const receiver: Receiver = {
    whole: async () => body,
    isBegun: () => true,
    received: () => body,
    bytesMax: body.length,
  }
  const wire = {
    receiver,
    streamed: () => {
      throw new Error('a call that was kept has no stream')
    },
  }
  return {
    protocol: 'http',
    proof: { kind: 'kept', principal },
    source: known.source,
    sessionName: known.sessionName,
    approvalId,
    waitMs: 0,
    traceId: known.traceId,
    signal,
    // It takes no place from callers: how many are made at once is bounded where they are made.
    admit: () => undefined,
    read: (rules) => read(rules, known.head, wire),
  }
}
