import { type McpRevision, mcpRevisions } from '../../../model/connection.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'
import type { HeaderPair } from '../../door/request.ts'
import type { CallerRequest } from './json-rpc.ts'
import { type RpcProblem, rpcCodes } from './problem.ts'

/** How a caller speaks. Of a legacy one the rest is known by its session. */
export type Era =
  | {
      readonly modern: true
      readonly revision: McpRevision
      readonly capabilities: JsonObject
      readonly logLevel: string | undefined
    }
  | { readonly modern: false; readonly revision: McpRevision }

export const modernRevisions: readonly McpRevision[] = ['2026-07-28']
export const legacyRevisions: readonly McpRevision[] = mcpRevisions.filter(
  (one) => !modernRevisions.some((modern) => modern === one),
)

/** RFC 5424 section 6.2.1, the least severe first, as MCP writes them. */
export const logLevels: readonly string[] = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
]

/**
 * The era of a request, told by its `_meta` and its headers (2026-07-28, basic/versioning). Where headers and body are
 * both there they say the same, or it is refused: somebody in front of us may have judged by the headers
 * (basic/transports/streamable-http, server validation).
 */
export function eraOf(request: CallerRequest, headers: readonly HeaderPair[]): Era | RpcProblem {
  const header = (name: string) => headers.find(([one]) => one === name)?.[1]
  const repeated = singletons.find((name) => headers.filter(([one]) => one === name).length > 1)
  if (repeated) return mismatch(`The header ${repeated} was sent twice.`)
  const stated = header('mcp-protocol-version')
  const meta = isJsonObject(request.params._meta) ? request.params._meta : {}
  const version = meta[`${prefix}protocolVersion`]
  const isModern = version !== undefined || modernRevisions.some((one) => one === stated)
  if (!isModern) return legacyEra(request, stated, header)
  const capabilities = meta[`${prefix}clientCapabilities`]
  const logLevel = meta[`${prefix}logLevel`]
  if (typeof version !== 'string' || !isJsonObject(capabilities)) {
    const message = `_meta has to carry ${prefix}protocolVersion and ${prefix}clientCapabilities.`
    return invalidParams(message)
  }
  if (stated !== version) return mismatch('MCP-Protocol-Version does not say what _meta says.')
  const revision = modernRevisions.find((one) => one === version)
  if (!revision) return unsupported(version)
  const problem = headerProblem(request, header, { required: true })
  if (problem) return problem
  if (logLevel !== undefined && !isLogLevel(logLevel)) return invalidParams('No such log level.')
  return { modern: true, revision, capabilities, logLevel }
}

export const prefix = 'io.modelcontextprotocol/'

type Header = (name: string) => string | undefined

function legacyEra(
  request: CallerRequest,
  stated: string | undefined,
  header: Header,
): Era | RpcProblem {
  // Absent: 2025-03-26, which had no such header (2025-11-25, basic/transports, protocol version header).
  const revision = legacyRevisions.find((one) => one === (stated ?? '2025-03-26'))
  if (!revision) return unsupported(stated ?? '')
  return headerProblem(request, header, { required: false }) ?? { modern: false, revision }
}

/** `Mcp-Method` and `Mcp-Name` against the body. */
function headerProblem(
  { method, params }: CallerRequest,
  header: Header,
  { required }: { readonly required: boolean },
): RpcProblem | undefined {
  const statedMethod = header('mcp-method')
  if (statedMethod === undefined ? required : statedMethod !== method) {
    return mismatch('Mcp-Method does not say what the body says.')
  }
  const member = named[method]
  const statedName = header('mcp-name')
  if (member === undefined) {
    return statedName === undefined ? undefined : mismatch('This method has no Mcp-Name.')
  }
  const name = params[member]
  if (statedName === undefined ? required : decodedHeader(statedName) !== name) {
    return mismatch('Mcp-Name does not say what the body says.')
  }
  return undefined
}

const named: Readonly<Record<string, 'name' | 'uri' | 'taskId'>> = Object.assign(
  Object.create(null),
  {
    'tools/call': 'name',
    'prompts/get': 'name',
    'resources/read': 'uri',
    // The tasks extension (SEP-2663, Streamable HTTP): so that what stands between can route by it.
    'tasks/get': 'taskId',
    'tasks/update': 'taskId',
    'tasks/cancel': 'taskId',
  },
)

/** Undefined for what is no header value that MCP allows: UTF-8 in Base64 where it is not plain (value encoding). */
export function decodedHeader(value: string): string | undefined {
  if (!value.startsWith('=?base64?') || !value.endsWith('?=')) {
    return /^[\x20-\x7e\t]*$/.test(value) ? value : undefined
  }
  const text = value.slice(9, -2)
  const bytes = Buffer.from(text, 'base64')
  // What another decoder would read otherwise, or not at all, says nothing.
  if (bytes.toString('base64') !== text) return undefined
  const decoded = bytes.toString('utf8')
  return Buffer.from(decoded, 'utf8').equals(bytes) ? decoded : undefined
}

export function isLogLevel(level: Json | undefined): level is string {
  return typeof level === 'string' && logLevels.includes(level)
}

export function mismatch(message: string): RpcProblem {
  return { code: rpcCodes.headerMismatch, status: 400, message }
}

export function invalidParams(message: string): RpcProblem {
  return { code: rpcCodes.invalidParams, status: 400, message }
}

function unsupported(requested: string): RpcProblem {
  return {
    code: rpcCodes.unsupportedVersion,
    status: 400,
    message: 'Unsupported protocol version',
    data: { supported: [...modernRevisions], requested: requested.slice(0, 64) },
  }
}

const singletons = [
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
  'mcp-session-id',
  'last-event-id',
  'authorization',
  'origin',
  'host',
  'content-type',
]
