import { Refusal } from '../../../call/refusal.ts'
import type { McpRevision } from '../../../model/connection.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'
import { legacyRevisions } from '../message/eras.ts'
import type { ServerSaid } from './conversation.ts'
import { clientInfo } from './request-meta.ts'

/** `params` of `initialize` (2025-11-25, basic/lifecycle). */
export function initializeParams({
  revision,
  capabilities,
  version,
}: {
  readonly revision: McpRevision | undefined
  readonly capabilities: JsonObject
  readonly version: string
}): Uint8Array {
  const protocolVersion = revision ?? newestLegacy
  return Buffer.from(
    JSON.stringify({ protocolVersion, capabilities, clientInfo: clientInfo(version) }),
  )
}

/**
 * What a server answered to `initialize`. Refuses `upstream-failed` where it speaks another revision than it has to,
 * or one that the gateway does not.
 */
export function readInitialized(
  result: JsonObject,
  wanted: McpRevision | undefined,
): { readonly revision: string; readonly server: ServerSaid } {
  const revision = result.protocolVersion
  const fits = wanted === undefined ? known.some((one) => one === revision) : revision === wanted
  if (typeof revision !== 'string' || !fits) {
    const detail = 'It does not speak the revision of MCP that it is asked for.'
    throw new Refusal('upstream-failed', { detail })
  }
  const { serverInfo } = result
  return { revision, server: { ...saidBy(result), serverInfo: objectOrNone(serverInfo) } }
}

/** What a server says of itself in `server/discover` or `initialize`. */
export function saidBy(result: JsonObject): ServerSaid {
  const { capabilities, instructions, _meta: meta } = result
  const serverInfo = isJsonObject(meta) ? meta['io.modelcontextprotocol/serverInfo'] : undefined
  return {
    capabilities: objectOrNone(capabilities) ?? {},
    serverInfo: objectOrNone(serverInfo),
    instructions: typeof instructions === 'string' ? instructions : undefined,
  }
}

/**
 * Of what a caller can do, what a server may be told: what the gateway puts to callers as calls. Extensions are not
 * among it. A few dozen values at most, however callers write them.
 */
export function capabilitiesForServer(capabilities: JsonObject): JsonObject {
  const { elicitation, sampling, roots } = capabilities
  return {
    ...(isJsonObject(elicitation) && { elicitation: emptied(elicitation, ['form', 'url']) }),
    ...(isJsonObject(sampling) && { sampling: emptied(sampling, ['tools', 'context']) }),
    ...(isJsonObject(roots) && { roots: {} }),
  }
}

function emptied(capability: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(
    names.filter((name) => isJsonObject(capability[name])).map((name) => [name, {}]),
  )
}

function objectOrNone(value: Json | undefined): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined
}

const newestLegacy = legacyRevisions[0]
/** The oldest was never asked for, and is what many programs that are child processes answer. */
const known: readonly string[] = [...legacyRevisions, '2024-11-05']
