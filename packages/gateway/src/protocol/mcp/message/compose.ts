import type { McpResumed } from '../../../call/stage.ts'
import type { JsonObject } from '../../../model/json.ts'
import type { MessageId } from './upstream-message.ts'

/** A request as it leaves: the bytes of `params` stay as they are, what belongs to this hop stands before them. */
export function composeRequest({
  id,
  method,
  params,
  meta,
  resumed,
}: {
  readonly id: number
  readonly method: string
  readonly params: Uint8Array
  readonly meta: JsonObject
  readonly resumed: McpResumed | undefined
}): Uint8Array {
  const members: Uint8Array[] = []
  const add = (text: string) => members.push(Buffer.from(members.length > 0 ? `,${text}` : text))
  if (Object.keys(meta).length > 0) add(`"_meta":${JSON.stringify(meta)}`)
  if (resumed?.inputResponses) {
    add('"inputResponses":')
    members.push(resumed.inputResponses)
  }
  if (resumed?.requestState !== undefined) {
    add(`"requestState":${JSON.stringify(resumed.requestState)}`)
  }
  const inside = insideOf(params)
  if (inside.length > 0 && members.length > 0) members.push(comma)
  const head = `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":{`
  return Buffer.concat([Buffer.from(head), ...members, inside, Buffer.from('}}')])
}

export function composeNotification(method: string, params: JsonObject): Uint8Array {
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', method, params }))
}

/** The answer to a request of the server's. `frame`: `{"result":…}` or `{"error":…}`. */
export function composeAnswer(id: MessageId, frame: Uint8Array): Uint8Array {
  const head = Buffer.from(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},`)
  const open = frame.indexOf(0x7b)
  return Buffer.concat([head, frame.subarray(open + 1)])
}

/** What stands between the braces of an object; empty where only blanks do. */
function insideOf(object: Uint8Array): Uint8Array {
  const inside = object.subarray(object.indexOf(0x7b) + 1, object.lastIndexOf(0x7d))
  return inside.some((byte) => byte > 0x20) ? inside : inside.subarray(0, 0)
}

const comma: Uint8Array = Uint8Array.of(0x2c)
