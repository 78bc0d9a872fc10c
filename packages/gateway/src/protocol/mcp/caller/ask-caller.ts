import { withoutEchoes } from '../../../call/echoed.ts'
import type { InForce } from '../../../call/in-force.ts'
import { Refusal, refusals } from '../../../call/refusal.ts'
import type { Call, McpAsked, McpDeliver, McpOutbound, Reading } from '../../../call/stage.ts'
import { limits } from '../../../config/limits.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'
import type { Principal } from '../../../model/principal.ts'
import type { OnCall } from '../../protocol.ts'
import type { Caller } from '../decode.ts'
import { membersOf, valueOfMember } from '../message/members.ts'
import { rawOf } from '../message/raw-frame.ts'
import { answersOf } from '../refusal.ts'
import { mcpFunctions } from '../route.ts'
import type { AskedOfCaller } from './open-exchange.ts'

export type AskGiven = {
  readonly onCall: OnCall
  readonly caller: Pick<Caller, 'source' | 'sessionName'>
  readonly principal: Principal
  /** As the caller declared them. */
  readonly capabilities: JsonObject
  /** Puts a request to the caller; one frame. Never rejects. */
  readonly put: (asked: AskedOfCaller, signal: AbortSignal) => Promise<Uint8Array>
}

/**
 * What an upstream wants of the caller is a call in the other direction, of a function of its own: governed, recorded,
 * masked, and refused where nobody registered it. Resolves with one frame, never rejects. What the upstream hears of a
 * refusal is that it is one.
 */
export async function askCaller(given: AskGiven, asked: McpAsked): Promise<Uint8Array> {
  try {
    const reply = await given.onCall(callOf(given, asked))
    const chunks: Uint8Array[] = []
    for await (const chunk of reply.body) chunks.push(chunk)
    return Buffer.concat(chunks)
  } catch (thrown) {
    const { code } = Refusal.from(thrown)
    const error = { code: answersOf[code].code, message: refusals[code] }
    return Buffer.from(JSON.stringify({ error }))
  }
}

/** By the one who made the call that it belongs to. */
function callOf(given: AskGiven, asked: McpAsked): Call {
  const { caller, principal } = given
  return {
    protocol: 'mcp',
    proof: { kind: 'kept', principal },
    source: caller.source,
    sessionName: caller.sessionName,
    approvalId: undefined,
    waitMs: limits.mcpHoldMs,
    repeats: true,
    traceId: undefined,
    signal: asked.signal,
    // The call that it belongs to has its place.
    admit: () => undefined,
    read: async (rules) => read(rules, given, asked),
  }
}

function read(rules: InForce, { capabilities, put }: AskGiven, asked: McpAsked): Reading {
  const { connection, method } = asked
  const { find } = mcpFunctions(rules.rulebook)
  const match = isAskable(method) && find({ connection: connection.id, method, name: '' })
  if (!match) throw new Refusal('function-unknown')
  const { bytes, values, hidden } = paramsOf(asked)
  if (!canAnswer(capabilities, method, values)) {
    throw new Refusal('function-unknown', { detail: 'The caller did not declare that it can.' })
  }
  const deliver: McpDeliver = async (params, signal) => {
    const frame = await put({ method, params }, signal)
    if (signal.aborted) throw new Refusal('caller-left')
    return rawOf(frame)
  }
  const outboundWith = (params: Uint8Array): McpOutbound => ({
    ...{ protocol: 'mcp', to: 'caller', method, params, headers: [], deliver },
  })
  return {
    fn: match.fn,
    connection: match.connection,
    args: { values, bytes, mediaType: 'application/json' },
    hidden,
    outbound: outboundWith(bytes),
    rewrite: ({ values, body }) => {
      const masked = body ?? Buffer.from(JSON.stringify(values))
      return { outbound: outboundWith(masked), bytes: masked }
    },
  }
}

/** What a server may ask of a client. */
const askable = ['sampling/createMessage', 'elicitation/create', 'roots/list'] as const

function isAskable(method: string): method is (typeof askable)[number] {
  return askable.some((one) => one === method)
}

/**
 * An upstream may ask with the credential in its words: hidden here, before they are arguments, it is in no record and
 * no question to people either.
 */
function paramsOf({ params, echoes = [] }: McpAsked) {
  const { bytes: clean, count } = withoutEchoes(params, { echoes })
  const values = count === 0 ? undefined : valueOfMember(clean)
  // Of a credential that stood for a number, what is left is no JSON.
  if (count > 0 && !isJsonObject(values)) throw new Refusal('request-malformed')
  const bytes = withoutMeta(clean)
  const read: Json = JSON.parse(Buffer.from(bytes).toString('utf8'))
  if (!isJsonObject(read)) throw new Refusal('request-malformed')
  const hidden = count === 0 ? [] : [{ rule: 'credential', path: '$', how: 'credential', count }]
  return { bytes, values: read, hidden }
}

/** `_meta` is of the hop that it came by, and with it whatever else is no argument. */
function withoutMeta(params: Uint8Array): Uint8Array {
  const members = [...(membersOf(params) ?? [])].filter(([name]) => name !== '_meta')
  const parts = members.flatMap(([name, bytes], at) => [
    Buffer.from(`${at === 0 ? '' : ','}${JSON.stringify(name)}:`),
    bytes,
  ])
  return Buffer.concat([Buffer.from('{'), ...parts, Buffer.from('}')])
}

/** No client is asked what it has not said that it understands (2025-11-25, basic/lifecycle; client/elicitation). */
function canAnswer(capabilities: JsonObject, method: string, { mode }: JsonObject): boolean {
  if (method === 'roots/list') return isJsonObject(capabilities.roots)
  if (method === 'sampling/createMessage') return isJsonObject(capabilities.sampling)
  const { elicitation } = capabilities
  if (!isJsonObject(elicitation)) return false
  if (mode === 'url') return isJsonObject(elicitation.url)
  // Empty means forms.
  return isJsonObject(elicitation.form) || elicitation.url === undefined
}
