import { Refusal } from '../../../call/refusal.ts'
import { type Limits, limits } from '../../../config/limits.ts'
import type { McpRevision } from '../../../model/connection.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'
import type { Credential } from '../../../model/secret.ts'
import { composeNotification, composeRequest } from '../message/compose.ts'
import type { ServerSaid } from './conversation.ts'
import type { Asked, HttpLine } from './http-line.ts'
import { initializeParams, readInitialized, saidBy } from './introduction.ts'
import { clientInfo } from './request-meta.ts'

export type Meeting = {
  readonly line: HttpLine
  readonly credential: Credential
  readonly version: string
  /** The only revision that counts; undefined: the newest that both know. */
  readonly revision: McpRevision | undefined
  readonly bounds: MeetingBounds
}

export type MeetingBounds = Pick<
  Limits,
  'mcpProbeMs' | 'mcpStartMs' | 'mcpSessionStreamMs' | 'descriptionFetchMs'
>

/** How a server is to be spoken to. `legacy`: each conversation begins with `initialize`. */
export type Met =
  | { readonly era: 'modern'; readonly revision: string; readonly server: ServerSaid }
  | { readonly era: 'legacy' }

/**
 * Finds out which era a server behind Streamable HTTP is of (2026-07-28, basic/transports/streamable-http, backward
 * compatibility): asked in the newest revision, an older server answers in any way but one that only a newer one knows.
 */
export async function meetOverHttp(meeting: Meeting): Promise<Met> {
  const { revision, credential } = meeting
  if (revision !== undefined && revision !== modern) return { era: 'legacy' }
  let asked: Asked | undefined
  try {
    asked = await discover(meeting)
    // It refuses what it says it knows: asked once more, it may be over what made it (SEP-2575).
    if (supportedBy(asked)?.includes(modern)) asked = await discover(meeting)
  } catch (thrown) {
    // Silence is an answer of older servers; that it cannot be reached is none.
    const silent = thrown instanceof Refusal && thrown.code === 'upstream-timeout'
    if (!silent || revision !== undefined) throw thrown
  }
  const { message, status } = asked ?? {}
  if (status === 401 || status === 403) throw notAccepted(status, credential)
  if (message?.kind === 'result') {
    const known = message.value.supportedVersions
    const versions = Array.isArray(known) ? known : []
    if (versions.includes(modern)) {
      return { era: 'modern', revision: modern, server: saidBy(message.value) }
    }
    if (versions.length > 0 && revision !== undefined) throw otherRevision()
    return { era: 'legacy' }
  }
  if (message?.kind === 'error') {
    const { code } = message
    // A modern server, which says what it knows; one of the older revisions among it is begun with as ever.
    const onlyNewer = code === unsupportedVersion && !knowsLegacy(supportedBy(asked))
    if (onlyNewer || code === headerMismatch || code === missingCapability) throw otherRevision()
  }
  if (revision !== undefined) throw otherRevision()
  return { era: 'legacy' }
}

/** Begins a conversation with a server of an older revision (2025-11-25, basic/lifecycle). */
export async function initializeOverHttp(
  { line, credential, version, revision, bounds }: Meeting,
  capabilities: JsonObject,
): Promise<{
  readonly revision: string
  readonly server: ServerSaid
  readonly sessionId: string | undefined
}> {
  const params = initializeParams({ revision, capabilities, version })
  const request = { id: 0, method: 'initialize', params, meta: {}, resumed: undefined }
  const asked = await line.ask(
    { id: 0, headers: [], body: composeRequest(request), credential },
    bounds.mcpStartMs,
  )
  if (asked.status === 401 || asked.status === 403) throw notAccepted(asked.status, credential)
  if (asked.status !== 200 || asked.message?.kind !== 'result') {
    const detail = `It could not be begun a conversation with (status ${asked.status}).`
    throw new Refusal('upstream-failed', { detail })
  }
  const read = readInitialized(asked.message.value, revision)
  const sessionId = sessionIdOf(asked)
  const session = sessionId === undefined ? [] : ['mcp-session-id', sessionId]
  const status = await line.tell({
    headers: ['mcp-protocol-version', read.revision, ...session],
    body: composeNotification('notifications/initialized', {}),
    credential,
  })
  if (status === undefined || status >= 300) {
    throw new Refusal('upstream-failed', { detail: 'It did not let a conversation begin.' })
  }
  return { ...read, sessionId }
}

function discover({ line, credential, version, bounds }: Meeting): Promise<Asked> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': modern,
    'io.modelcontextprotocol/clientInfo': clientInfo(version),
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const method = 'server/discover'
  const params = Buffer.from('{}')
  const headers = ['mcp-protocol-version', modern, 'mcp-method', method]
  const body = composeRequest({ id: 0, method, params, meta, resumed: undefined })
  return line.ask({ id: 0, headers, body, credential }, bounds.mcpProbeMs)
}

function sessionIdOf({ headers }: Asked): string | undefined {
  const id = headers['mcp-session-id']
  if (id === undefined) return undefined
  if (typeof id === 'string' && /^[\x21-\x7e]+$/.test(id)) {
    if (id.length <= limits.mcpSessionIdChars) return id
  }
  throw new Refusal('upstream-failed', { detail: 'It gave a session id that none can be.' })
}

/** What a server that refuses a revision says it knows instead (2026-07-28, basic/versioning); undefined: it does not. */
function supportedBy(asked: Asked | undefined): readonly Json[] | undefined {
  const { message } = asked ?? {}
  if (message?.kind !== 'error' || message.code !== unsupportedVersion) return undefined
  const { data } = message.value
  const supported = isJsonObject(data) ? data.supported : undefined
  return Array.isArray(supported) ? supported : undefined
}

function knowsLegacy(supported: readonly Json[] | undefined): boolean {
  return supported?.some((one) => String(one).startsWith('2025-')) === true
}

function notAccepted(status: number, credential: Credential): Refusal {
  if (status === 401 && credential.kind !== 'none') credential.onRefused?.()
  const detail = `It did not accept the gateway's credential (status ${status}).`
  return new Refusal('upstream-failed', { detail })
}

function otherRevision(): Refusal {
  const detail = 'It does not speak the revision of MCP that it is asked for.'
  return new Refusal('upstream-failed', { detail })
}

export const modern: McpRevision = '2026-07-28'
/** 2026-07-28, basic/index, error codes: only a server of this revision, or a newer one, says these. */
export const unsupportedVersion = -32022
const headerMismatch = -32020
const missingCapability = -32021
