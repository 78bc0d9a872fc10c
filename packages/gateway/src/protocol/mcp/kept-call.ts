import type { Call } from '../../call/stage.ts'
import { framed, unframed } from '../../model/framed.ts'
import type { Revived } from '../protocol.ts'
import { type Caller, decode } from './decode.ts'
import { type CallerRequest, readMessages } from './message/json-rpc.ts'

type KeptHead = Pick<Caller, 'source' | 'sessionName' | 'endpoint' | 'headers'>

/** A request with the exact bytes of what it says, without its proof and without what was about its connection. */
export function keepCall(
  { source, sessionName, endpoint, headers }: KeptHead,
  { method, members }: CallerRequest,
): Uint8Array {
  const kept: KeptHead = {
    ...{ source, sessionName, endpoint },
    headers: headers.filter(([name]) => keptHeaders.test(name)),
  }
  const params = [...members].filter(([name]) => !ofTheConnection.has(name))
  const inside = params.flatMap(([name, bytes], at) => [
    Buffer.from(`${at === 0 ? '' : ','}${JSON.stringify(name)}:`),
    bytes,
  ])
  const head = `{"jsonrpc":"2.0","id":0,"method":${JSON.stringify(method)},"params":{`
  return framed(kept, Buffer.concat([Buffer.from(head), ...inside, Buffer.from('}}')]))
}

/** The same call again, which its caller may have made long ago: read by the rules of now. Nobody is there to ask. */
export function revive(kept: Uint8Array, { principal, approvalId, signal }: Revived): Call {
  // Written by `keepCall`, and sealed since.
  const { head, body } = unframed<KeptHead>(kept)
  const request = readMessages(body)
  if (request.kind !== 'request') throw new Error('a call that was kept is no request')
  return decode({
    caller: { ...head, proof: { kind: 'kept', principal } },
    request,
    exchange: {
      capabilities: {},
      logLevel: undefined,
      resumed: undefined,
      takesInputRequired: false,
      ask: async () => nobodyThere,
    },
    waiting: { approvalId, waitMs: 0 },
    signal,
    // It takes no place from callers: how many are made at once is bounded where they are made.
    admit: () => undefined,
  })
}

/** They repeat what the body says (SEP-2243), and are compared with it. */
const keptHeaders = /^(?:mcp-param-.*|traceparent)$/

const ofTheConnection: ReadonlySet<string> = new Set(['_meta', 'requestState', 'inputResponses'])

const nobodyThere: Uint8Array = Buffer.from(
  '{"error":{"code":-32603,"message":"Nobody is there to answer: the call was deferred."}}',
)
