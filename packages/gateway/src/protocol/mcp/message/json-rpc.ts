import { Refusal } from '../../../call/refusal.ts'
import { limits } from '../../../config/limits.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'
import { type JsonBody, readJsonBody } from '../../door/json-body.ts'
import { elementsOf, isBlank, membersOf } from './members.ts'
import type { MessageId } from './upstream-message.ts'

/** One message of a caller's (JSON-RPC 2.0 section 4). */
export type CallerMessage = CallerRequest | CallerNotification | CallerResponse

export type CallerRequest = {
  readonly kind: 'request'
  readonly id: MessageId
  readonly method: string
} & CallerParams

export type CallerNotification = {
  readonly kind: 'notification'
  readonly method: string
} & CallerParams

/** The answer to a request of ours. */
export type CallerResponse = {
  readonly kind: 'response'
  readonly id: MessageId
  /** `{"result":…}` or `{"error":…}`: one frame. */
  readonly frame: Uint8Array
}

/** Empty where the message has none. */
type CallerParams = {
  readonly params: JsonObject
  /** The exact bytes of each member of `params`. */
  readonly members: ReadonlyMap<string, Uint8Array>
  /** As `Arguments.exactNumber`, from `params` on. */
  readonly exactNumber: JsonBody['exactNumber']
}

/** A body that is no message, and the id it should be answered under where that can be told. */
export type Unreadable = {
  readonly kind: 'unreadable'
  /** JSON-RPC 2.0 section 5.1: no JSON, or no request. */
  readonly code: -32700 | -32600
  readonly detail: string
  readonly id?: MessageId
}

/** Several messages at once: revision 2025-03-26 only. */
export type Batch = {
  readonly kind: 'batch'
  readonly messages: readonly (CallerMessage | Unreadable)[]
}

/**
 * Reads one body in one way only: UTF-8, no key twice anywhere, bounded depth, ids that are a string or a whole number.
 * The detail quotes nothing of it.
 */
export function readMessages(bytes: Uint8Array): CallerMessage | Batch | Unreadable {
  // Before it is read: what has too many is read no further, whatever it is.
  const elements = isList(bytes) ? elementsOf(bytes, limits.mcpBatch + 1) : []
  if (elements.length > limits.mcpBatch) {
    return invalid(`A batch holds at most ${limits.mcpBatch} messages.`)
  }
  const body = readJson(bytes)
  if ('kind' in body) return body
  if (!Array.isArray(body.value)) return readMessage(body, bytes)
  if (elements.length === 0) return invalid('A batch holds at least one message.')
  const messages = elements.map((element) => {
    const one = readJson(element)
    return 'kind' in one ? one : readMessage(one, element)
  })
  return { kind: 'batch', messages }
}

function isList(bytes: Uint8Array): boolean {
  let from = 0
  while (isBlank(bytes[from])) from++
  return bytes[from] === 0x5b
}

function readJson(bytes: Uint8Array): JsonBody | Unreadable {
  try {
    return readJsonBody(bytes, limits.mcpRequestDepth)
  } catch (thrown) {
    const { detail = '' } = Refusal.from(thrown)
    const code = /not (?:JSON|UTF-8)/.test(detail) ? -32700 : -32600
    return { kind: 'unreadable', code, detail }
  }
}

function readMessage(
  { value, exactNumber }: JsonBody,
  bytes: Uint8Array,
): CallerMessage | Unreadable {
  if (!isJsonObject(value)) return invalid('A message is a JSON object.')
  const { id, method, params = {} } = value
  const known = isId(id) ? { id } : {}
  if (value.jsonrpc !== '2.0') return invalid('A message says `"jsonrpc": "2.0"`.', known)
  if (id !== undefined && !isId(id)) {
    return invalid('An id is a string or a whole number, and never null.')
  }
  const members = membersOf(bytes)
  if (method === undefined) return readResponse(value, members, known)
  if (typeof method !== 'string' || 'result' in value || 'error' in value) {
    return invalid('A message is a request, a notification or a response.', known)
  }
  if (!isJsonObject(params)) return invalid('`params` is a JSON object.', known)
  const written = members?.get('params')
  const given = {
    method,
    params,
    members: (written && membersOf(written)) ?? new Map<string, Uint8Array>(),
    exactNumber: (path: readonly string[]) => exactNumber(['params', ...path]),
  }
  return id === undefined ? { kind: 'notification', ...given } : { kind: 'request', id, ...given }
}

function readResponse(
  value: JsonObject,
  members: ReadonlyMap<string, Uint8Array> | undefined,
  { id }: { readonly id?: MessageId },
): CallerResponse | Unreadable {
  const { result, error } = value
  const name = isJsonObject(result) ? 'result' : 'error'
  const bytes = members?.get(name)
  const isOne = (result === undefined) !== (error === undefined)
  if (id === undefined || !bytes || !isOne || (name === 'error' && !isRpcError(error))) {
    return invalid('A message is a request, a notification or a response.')
  }
  return { kind: 'response', id, frame: frameOf(name, bytes) }
}

/** One frame: an object with a single member. */
export function frameOf(name: 'result' | 'error', value: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`{"${name}":`), value, Buffer.from('}')])
}

function isRpcError(error: Json | undefined): boolean {
  if (!isJsonObject(error)) return false
  return Number.isSafeInteger(error.code) && typeof error.message === 'string'
}

/** JSON-RPC 2.0 section 4, but that MCP has no null and no fractions; and long enough for any counter or UUID. */
function isId(id: Json | undefined): id is MessageId {
  if (typeof id === 'string') return id.length <= limits.mcpIdChars
  return typeof id === 'number' && Number.isSafeInteger(id)
}

function invalid(detail: string, known: { readonly id?: MessageId } = {}): Unreadable {
  return { kind: 'unreadable', code: -32600, detail, ...known }
}
