import type { McpResumed } from '../../../call/stage.ts'
import { limits } from '../../../config/limits.ts'
import { isJsonObject } from '../../../model/json.ts'
import { membersOf, valueOfMember } from './members.ts'

/** What an upstream wants of the caller before it goes on (2026-07-28, basic/patterns/mrtr). */
export type InputRequired = {
  /** By the keys under which the answers are expected. */
  readonly requests: ReadonlyMap<string, InputRequest>
  readonly requestState: string | undefined
}

export type InputRequest = { readonly method: string; readonly params: Uint8Array }

/** One frame: `{"result":…}` or `{"error":…}`. Never rejects. */
export type Ask = (request: InputRequest) => Promise<Uint8Array>

/** Reads the bytes of an `input_required` result, a valid JSON object; undefined where it is not as the schema says. */
export function inputRequestsOf(result: Uint8Array): InputRequired | undefined {
  const members = membersOf(result)
  const state = valueOfMember(members?.get('requestState'))
  if (state !== undefined && typeof state !== 'string') return undefined
  const wanted = members?.get('inputRequests')
  if (wanted === undefined) {
    return state === undefined ? undefined : { requests: new Map(), requestState: state }
  }
  if (!isJsonObject(valueOfMember(wanted))) return undefined
  const requests = new Map<string, InputRequest>()
  for (const [key, bytes] of membersOf(wanted) ?? []) {
    const request = readRequest(bytes)
    if (request === undefined) return undefined
    requests.set(key, request)
  }
  if (requests.size > limits.mcpAsksPerRequest) return undefined
  return { requests, requestState: state }
}

/** Asks for everything that is wanted, one after the other: a person answers one question at a time. */
export async function gatherInput(wanted: InputRequired, ask: Ask): Promise<McpResumed> {
  const answers: Uint8Array[] = []
  for (const [key, request] of wanted.requests) {
    const result = membersOf(await ask(request))?.get('result')
    // Without an answer the key stays away: its upstream asks again, or does without.
    if (result === undefined) continue
    answers.push(Buffer.concat([Buffer.from(`${JSON.stringify(key)}:`), result]))
  }
  const inside = answers.flatMap((answer, at) => (at === 0 ? [answer] : [comma, answer]))
  const inputResponses =
    wanted.requests.size === 0
      ? undefined
      : Buffer.concat([Buffer.from('{'), ...inside, Buffer.from('}')])
  return { inputResponses, requestState: wanted.requestState }
}

function readRequest(bytes: Uint8Array): InputRequest | undefined {
  if (!isJsonObject(valueOfMember(bytes))) return undefined
  const members = membersOf(bytes)
  const method = valueOfMember(members?.get('method'))
  const params = members?.get('params')
  if (typeof method !== 'string') return undefined
  if (params !== undefined && !isJsonObject(valueOfMember(params))) return undefined
  return { method, params: params ?? noParams }
}

const comma: Uint8Array = Buffer.from(',')
const noParams: Uint8Array = Buffer.from('{}')
