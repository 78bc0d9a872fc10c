import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'

/** One JSON-RPC message as far as whoever passes it on has to know it. */
export type McpMessage = {
  readonly json: JsonObject
  readonly method: string | undefined
  /** Of a request or a response; a notification has none. */
  readonly id: McpId | undefined
}

export type McpId = string | number

/** The messages in a text: one, or those of a batch (2025-03-26 only). Undefined: it is no JSON-RPC. */
export function readMessages(text: string): readonly McpMessage[] | undefined {
  let json: Json
  try {
    json = JSON.parse(text)
  } catch {
    return undefined
  }
  const messages = (Array.isArray(json) ? json : [json]).map(readMessage)
  const isWhole = messages.length > 0 && messages.every((one) => one !== undefined)
  return isWhole ? messages.filter((one) => one !== undefined) : undefined
}

function readMessage(json: Json): McpMessage | undefined {
  if (!isJsonObject(json)) return undefined
  const { method, id } = json
  if (method !== undefined && typeof method !== 'string') return undefined
  const isId = typeof id === 'string' || typeof id === 'number'
  if (method === undefined && !isId && !('error' in json)) return undefined
  return { json, method, id: isId ? id : undefined }
}

/** An answer that whoever passes messages on gives itself. */
export function errorText(id: McpId | undefined, code: number, message: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id: id ?? null, error: { code, message } })
}

/** The revision a message says it is written in: it is a stateless one then (2026-07-28, `_meta`). */
export function revisionIn({ json }: McpMessage): string | undefined {
  const { params } = json
  const meta = isJsonObject(params) ? params._meta : undefined
  const revision = isJsonObject(meta) ? meta['io.modelcontextprotocol/protocolVersion'] : undefined
  return typeof revision === 'string' ? revision : undefined
}

/**
 * What a stateless request repeats in its headers (2026-07-28, Streamable HTTP, Request Metadata): the gateway
 * compares them with the body.
 */
export function statelessHeaders(
  { json, method = '' }: McpMessage,
  revision: string,
): Readonly<Record<string, string>> {
  const { params } = json
  const key = nameKeys.get(method)
  const name = key !== undefined && isJsonObject(params) ? params[key] : undefined
  return {
    'mcp-protocol-version': headerText(revision),
    'mcp-method': headerText(method),
    ...(typeof name === 'string' && { 'mcp-name': headerText(name) }),
  }
}

const nameKeys: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
])

/** Plain where it can be, in base64 where a header cannot carry it (same page, Value Encoding). */
export function headerText(value: string): string {
  const isPlain = /^(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?$/.test(value)
  const isMarked = value.startsWith('=?base64?') && value.endsWith('?=')
  return isPlain && !isMarked
    ? value
    : `=?base64?${Buffer.from(value, 'utf8').toString('base64')}?=`
}
