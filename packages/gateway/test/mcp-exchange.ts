import assert from 'node:assert/strict'
import { Refusal } from '../src/call/refusal.ts'
import type { McpAsked, McpExchange, McpOutbound, Recorded } from '../src/call/stage.ts'
import type { McpChild, McpConnection, McpRevision } from '../src/model/connection.ts'
import type { JsonObject } from '../src/model/json.ts'
import type { Credential } from '../src/model/secret.ts'
import { forwarder, type McpForwarder } from '../src/protocol/mcp/forward.ts'
import { callOf, mcpOutboundOf, recordedOf } from './call-stages.ts'
import { mcpConnectionOf, mcpFunctionOf, principalOf, userOf } from './rulebook-parts.ts'

export const noCredential: Credential = { kind: 'none', echoes: [] }

export type Exchanged = {
  readonly upstream?: string
  readonly stdio?: McpChild
  readonly revision?: McpRevision | undefined
  readonly shared?: boolean
  readonly timeoutMs?: number
  readonly method?: McpOutbound['method']
  readonly params?: object
  readonly schema?: JsonObject
  readonly principal?: string
  readonly signal?: AbortSignal
  readonly exchange?: Partial<McpExchange>
  readonly credential?: Credential
}

/** The upstream side of the MCP room, with no secret and the machine's own PATH. */
export function openForwarder(
  credentialOf: () => Promise<Credential> = async () => noCredential,
): McpForwarder {
  return forwarder({
    ...{ version: '0', credentialOf },
    readSecret: () => Promise.reject(new Error('there are no secrets')),
    searchPath: process.env.PATH,
    // However slow the machine is.
    bounds: { mcpProbeMs: 60_000, mcpSessionStreamMs: 60_000, descriptionFetchMs: 60_000 },
  })
}

/** A call that was recorded, of a tool of that server's. */
export function exchanged(given: Exchanged): Recorded {
  const { signal, principal = 'somebody', schema, method, exchange } = given
  const params = Buffer.from(JSON.stringify(given.params ?? { name: 'echo', arguments: {} }))
  return recordedOf({
    call: callOf({ protocol: 'mcp', ...(signal && { signal }) }),
    principal: principalOf({ subject: userOf(principal) }),
    connection: peerOf(given),
    fn: mcpFunctionOf({ ...(schema && { argumentSchema: schema }) }),
    outbound: mcpOutboundOf({ ...(method && { method }), params }, exchange),
  })
}

/** The connection of such calls. */
export function peerOf(given: Exchanged): McpConnection {
  const { upstream = 'stdio:peer', stdio, revision, shared = false, timeoutMs } = given
  return mcpConnectionOf({
    ...{ upstream, shared },
    ...(stdio && { stdio }),
    ...(revision && { revision }),
    ...(timeoutMs && { timeoutMs }),
  })
}

/** The frames that come back, or the refusal: its code, and its detail where it has one. */
export async function framesOf(upstreams: McpForwarder, given: Exchanged): Promise<Frames> {
  try {
    const raw = await upstreams.forward(exchanged(given), given.credential ?? noCredential)
    const chunks: Uint8Array[] = []
    for await (const chunk of raw.body) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    return { mediaType: raw.head.mediaType, status: raw.head.status, text, refusal: undefined }
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown
    const refusal = thrown.detail === undefined ? thrown.code : `${thrown.code}: ${thrown.detail}`
    return { mediaType: '', status: 0, text: '', refusal }
  }
}

export type Frames = {
  readonly mediaType: string
  readonly status: number
  readonly text: string
  readonly refusal: string | undefined
}

/** Answers what an upstream asks, by method, and remembers what was asked. */
export function answering(answers: Readonly<Record<string, object>>): {
  readonly ask: (asked: McpAsked) => Promise<Uint8Array>
  readonly asked: { readonly method: string; readonly params: unknown }[]
} {
  const asked: { method: string; params: unknown }[] = []
  return {
    asked,
    ask: ({ method, params }) => {
      asked.push({ method, params: JSON.parse(Buffer.from(params).toString()) })
      const frame = answers[method] ?? { error: { code: -1, message: 'no' } }
      return Promise.resolve(Buffer.from(JSON.stringify(frame)))
    },
  }
}

/** What never holds fails the test by itself, whatever the machine's speed. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 3_000; tries++) {
    if (holds()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  assert.fail(`never happened: ${what}`)
}
