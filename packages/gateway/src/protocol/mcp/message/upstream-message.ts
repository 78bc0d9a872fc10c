import { isUtf8 } from 'node:buffer'
import { limits } from '../../../config/limits.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'
import { depthOf, elementsOf, membersOf } from './members.ts'

/** A number is its own kind: `1` and `"1"` are different ids (JSON-RPC 2.0 section 4). */
export type MessageId = string | number

/** One message of an upstream's. Bytes are those received, but with blanks for line breaks between tokens. */
export type UpstreamMessage =
  | {
      readonly kind: 'result'
      readonly id: MessageId
      readonly bytes: Uint8Array
      readonly value: JsonObject
    }
  | {
      readonly kind: 'error'
      /** Undefined: of a request that its server could not read. */
      readonly id: MessageId | undefined
      readonly bytes: Uint8Array
      readonly code: number
      readonly value: JsonObject
    }
  | {
      readonly kind: 'request'
      readonly id: MessageId
      readonly method: string
      readonly params: Uint8Array
    }
  | {
      readonly kind: 'notification'
      readonly method: string
      readonly params: Uint8Array
      readonly values: JsonObject
    }

/**
 * Reads one JSON-RPC 2.0 message of MCP. Undefined for whatever is not exactly that: other bytes, a key that comes
 * twice, an id of another type or length, more depth than limits.ts allows.
 */
export function readUpstreamMessage(received: Uint8Array): UpstreamMessage | undefined {
  const bytes = withoutLineBreaks(received)
  // Whatever else it is need not be read to know it.
  let from = 0
  while (bytes[from] === 0x20 || bytes[from] === 0x09) from++
  if (bytes[from] !== openingBrace) return undefined
  const value = parsed(bytes)
  if (!isJsonObject(value) || value.jsonrpc !== '2.0') return undefined
  const members = membersOf(bytes)
  return members && read(value, members)
}

/**
 * The messages of a batch (2025-03-26 only); undefined where it is none, one of them is no message, or there are more
 * than limits.ts allows.
 */
export function readUpstreamBatch(received: Uint8Array): readonly UpstreamMessage[] | undefined {
  const bytes = withoutLineBreaks(received)
  // Counted before anything is read: millions of them would be read for seconds, and each be kept.
  const elements = elementsOf(bytes, limits.mcpUpstreamBatch + 1)
  if (elements.length > limits.mcpUpstreamBatch || !Array.isArray(parsed(bytes))) return undefined
  const messages: UpstreamMessage[] = []
  for (const element of elements) {
    const message = readUpstreamMessage(element)
    if (message === undefined) return undefined
    messages.push(message)
  }
  return messages
}

function read(
  value: JsonObject,
  members: ReadonlyMap<string, Uint8Array>,
): UpstreamMessage | undefined {
  const { id, method, params, result, error } = value
  const named = isId(id) ? id : undefined
  const result1 = members.get('result')
  const error1 = members.get('error')
  if (typeof method === 'string') {
    if (result1 || error1 || (params !== undefined && !isJsonObject(params))) return undefined
    const known = { method, params: members.get('params') ?? noParams }
    if (named !== undefined) return { kind: 'request', id: named, ...known }
    return id === undefined ? { kind: 'notification', ...known, values: params ?? {} } : undefined
  }
  if (method !== undefined || (result1 === undefined) === (error1 === undefined)) return undefined
  if (result1) {
    if (named === undefined || !isJsonObject(result) || !membersOf(result1)) return undefined
    return { kind: 'result', id: named, bytes: result1, value: result }
  }
  if (!error1 || !isJsonObject(error) || !membersOf(error1)) return undefined
  const { code, message } = error
  if (!Number.isSafeInteger(code) || typeof code !== 'number' || typeof message !== 'string') {
    return undefined
  }
  if (named === undefined && id !== undefined && id !== null) return undefined
  return { kind: 'error', id: named, bytes: error1, code, value: error }
}

function isId(id: Json | undefined): id is MessageId {
  if (typeof id === 'string') return id.length <= limits.mcpIdChars
  return typeof id === 'number' && Number.isSafeInteger(id)
}

function parsed(bytes: Uint8Array): Json | undefined {
  if (bytes.length > limits.mcpFrameBytes || !isUtf8(bytes)) return undefined
  if (depthOf(bytes) > limits.mcpFrameDepth) return undefined
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString())
  } catch {
    return undefined
  }
}

/** A line break inside a string is no JSON, so every other one is a blank; frames are lines. */
function withoutLineBreaks(received: Uint8Array): Uint8Array {
  if (!received.includes(0x0a) && !received.includes(0x0d)) return received
  return received.map((byte) => (byte === 0x0a || byte === 0x0d ? 0x20 : byte))
}

const noParams: Uint8Array = Buffer.from('{}')
const openingBrace = 0x7b
