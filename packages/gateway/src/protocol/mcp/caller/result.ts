import type { Reply } from '../../../call/stage.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'
import { elementsOf, membersOf, valueOfMember } from '../message/members.ts'
import { rpcCodes } from '../message/problem.ts'
import { answersOf } from '../refusal.ts'
import type { Naming } from './naming.ts'

/** What the caller's hop adds to an answer, and how functions are called there. */
export type Dressing = {
  readonly method: string
  readonly modern: boolean
  readonly naming: Naming
  readonly connection: string
  /** What the gateway says of itself with each result (2026-07-28, basic/index, `_meta`). */
  readonly serverInfo: JsonObject
}

/** One answer frame as it goes out, with the HTTP status for it, and which record it has. */
export type DressedAnswer = {
  readonly frame: Uint8Array
  readonly status: number
  readonly record?: string
  /** The result of an upstream that wants something of the caller first. `frame` says nothing of what that is. */
  readonly asks?: Uint8Array
}

/**
 * The frame `{"result":…}` or `{"error":…}` of a reply in the words of the caller's hop: which record it has, names as
 * they are called there, what its revision wants. Values that are not the hop's keep their bytes.
 */
export function dressAnswer(
  frame: Uint8Array,
  reply: Pick<Reply, 'record' | 'callId' | 'review'>,
  dressing: Dressing,
): DressedAnswer {
  const members = membersOf(frame)
  const result = members?.get('result')
  const record = `${reply.record.origin}#${reply.record.index}`
  if (result) {
    const inside = membersOf(result) ?? noMembers
    const isAsked = isAsking(inside)
    const dressed = dressResult(inside, reply, { ...dressing, isAsked })
    const asks = isAsked && { asks: result }
    const frame = Buffer.concat([resultHead, ...dressed, closingBrace])
    return { frame, status: 200, record, ...asks }
  }
  const error: Json = JSON.parse(text(members?.get('error') ?? nothing))
  return { ...dressError(isJsonObject(error) ? error : {}, frame, dressing), record }
}

function dressResult(
  received: ReadonlyMap<string, Uint8Array>,
  { record, callId, review }: Pick<Reply, 'record' | 'callId' | 'review'>,
  dressing: Dressing & { readonly isAsked: boolean },
): readonly Uint8Array[] {
  const { method, modern, serverInfo, isAsked: asks } = dressing
  const members = new Map(received)
  const own: JsonObject = {
    ...(modern && { 'io.modelcontextprotocol/serverInfo': serverInfo }),
    'io.sallyport/record': `${record.origin}#${record.index}`,
    'io.sallyport/call': callId,
    ...(review !== undefined && { 'io.sallyport/review': review }),
  }
  members.set('_meta', withMeta(members.get('_meta'), own))
  // Whatever the upstream calls its result: each of its questions is a call of its own, or it is not put.
  members.delete('inputRequests')
  members.delete('requestState')
  if (modern || members.has('resultType')) {
    members.set('resultType', Buffer.from(asks ? '"input_required"' : '"complete"'))
  }
  if (modern && method === 'resources/read' && !asks) {
    // Each reading is a call of its own: nobody keeps it, least of all for others.
    members.set('ttlMs', Buffer.from('0'))
    members.set('cacheScope', Buffer.from('"private"'))
  }
  return partsOf(renamed(members, dressing))
}

/** By what it means: a text has more than one spelling in JSON. */
function isAsking(members: ReadonlyMap<string, Uint8Array>): boolean {
  return valueOfMember(members.get('resultType')) === 'input_required'
}

/** What the upstream wrote there stays, but for what only we say. */
function withMeta(before: Uint8Array | undefined, own: JsonObject): Uint8Array {
  const members = new Map((before && text(before).startsWith('{') && membersOf(before)) || [])
  for (const key of members.keys()) {
    if (key.startsWith('io.sallyport/') || key in own) members.delete(key)
  }
  for (const [key, value] of Object.entries(own))
    members.set(key, Buffer.from(JSON.stringify(value)))
  return joined(members)
}

/** URIs of resources, wherever a result names one that can be read with them. */
function renamed(
  members: ReadonlyMap<string, Uint8Array>,
  { method, naming, connection }: Dressing,
): ReadonlyMap<string, Uint8Array> {
  const rename: Change = (bytes) => {
    const uri: Json = JSON.parse(text(bytes))
    return typeof uri === 'string'
      ? Buffer.from(JSON.stringify(naming.uri(connection, uri)))
      : bytes
  }
  // At the address of one connection everything is called as its upstream calls it.
  if (naming.uri(connection, '') === '') return members
  const resource = inMember('uri', rename)
  const content: Change = (bytes) => {
    const value: Json = JSON.parse(text(bytes))
    const type = isJsonObject(value) ? value.type : undefined
    if (type === 'resource_link') return resource(bytes)
    return type === 'resource' ? inMember('resource', resource)(bytes) : bytes
  }
  if (method === 'tools/call') return changed(members, 'content', each(content))
  if (method === 'resources/read') return changed(members, 'contents', each(resource))
  if (method !== 'prompts/get') return members
  return changed(members, 'messages', each(inMember('content', oneOrEach(content))))
}

type Change = (bytes: Uint8Array) => Uint8Array

function changed(
  members: ReadonlyMap<string, Uint8Array>,
  name: string,
  change: Change,
): ReadonlyMap<string, Uint8Array> {
  const value = members.get(name)
  return value ? new Map(members).set(name, change(value)) : members
}

function inMember(name: string, change: Change): Change {
  return (bytes) => {
    const members = bytes[0] === 0x7b ? membersOf(bytes) : undefined
    return members?.has(name) ? joined(changed(members, name, change)) : bytes
  }
}

function each(change: Change): Change {
  return (bytes) => {
    if (bytes[0] !== 0x5b) return bytes
    const parts = elementsOf(bytes).map(change)
    return Buffer.concat([Buffer.from('['), ...between(parts), Buffer.from(']')])
  }
}

function oneOrEach(change: Change): Change {
  return (bytes) => (bytes[0] === 0x5b ? each(change)(bytes) : change(bytes))
}

/**
 * An upstream's error. What it says of the hop to it (its revision, its headers) means nothing on this one, and what
 * only we say a client would take for ours: neither is passed on, nor what belongs to it.
 */
function dressError(
  error: JsonObject,
  frame: Uint8Array,
  { method, modern }: Dressing,
): DressedAnswer {
  const { code } = error
  const known = typeof code === 'number' ? code : rpcCodes.internal
  const status = modern ? (modernStatus.get(known) ?? 200) : 200
  const framed = (said: JsonObject) => Buffer.from(JSON.stringify({ error: said }))
  if (notToBeSaid.has(known)) {
    const { data: _, ...rest } = error
    return { frame: framed({ ...rest, code: rpcCodes.internal }), status }
  }
  const isMissing = known === rpcCodes.resourceNotFound && method === 'resources/read'
  if (!modern || !isMissing) return { frame, status }
  return { frame: framed({ ...error, code: rpcCodes.invalidParams }), status }
}

/** Of the hop to an upstream; a question in disguise, which no error may be; and the gateway's own. */
const notToBeSaid: ReadonlySet<number> = new Set([
  rpcCodes.headerMismatch,
  rpcCodes.unsupportedVersion,
  rpcCodes.urlElicitation,
  ...Object.values(answersOf)
    .map(({ code }) => code)
    .filter((code) => code > -32_000),
])
const modernStatus: ReadonlyMap<number, number> = new Map([
  [rpcCodes.methodNotFound, 404],
  [rpcCodes.missingCapability, 400],
])

function joined(members: ReadonlyMap<string, Uint8Array>): Uint8Array {
  return Buffer.concat(partsOf(members))
}

/** What an object of these members is made of, from its opening to its closing brace. */
function partsOf(members: ReadonlyMap<string, Uint8Array>): readonly Uint8Array[] {
  const parts: Uint8Array[] = []
  for (const [key, value] of members) {
    const before = parts.length === 0 ? '{' : ','
    parts.push(Buffer.from(`${before}${JSON.stringify(key)}:`), value)
  }
  return parts.length === 0 ? [nothing] : [...parts, closingBrace]
}

function between(parts: readonly Uint8Array[]): readonly Uint8Array[] {
  return parts.flatMap((part, at) => (at === 0 ? [part] : [comma, part]))
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

const comma: Uint8Array = Buffer.from(',')
const resultHead: Uint8Array = Buffer.from('{"result":')
const closingBrace: Uint8Array = Buffer.from('}')
const nothing: Uint8Array = Buffer.from('{}')
const noMembers: ReadonlyMap<string, Uint8Array> = new Map()
