import type { InForce } from '../../../call/in-force.ts'
import { isJsonObject, type JsonObject } from '../../../model/json.ts'
import {
  type Era,
  invalidParams,
  isLogLevel,
  legacyRevisions,
  modernRevisions,
} from '../message/eras.ts'
import type { CallerRequest } from '../message/json-rpc.ts'
import { type RpcProblem, rpcCodes } from '../message/problem.ts'
import { mcpFunctions } from '../route.ts'
import {
  type Asker,
  isListMethod,
  type ListMethod,
  type ListNeeds,
  listFor,
  listMembers,
} from './lists.ts'
import type { CallerSession, CallerSessions } from './session.ts'
import { tasksExtension } from './tasks.ts'

/** What the gateway answers by itself: nothing of it is a call, and nothing reaches an upstream in a caller's name. */
export type OwnNeeds = ListNeeds & {
  readonly rules: () => InForce | undefined
  readonly sessions: CallerSessions
  readonly serverInfo: JsonObject
  /** Tools of the gateway's own, for callers of an older revision. */
  readonly ownTools: readonly JsonObject[]
  /** What the server of a connection says it can do, as it was read last; where it never was, it is read now. */
  readonly offered: (connection: string) => Promise<JsonObject>
}

export type OwnAsked = Asker & {
  readonly request: CallerRequest
  readonly era: Era
  readonly endpoint: string
  readonly session: CallerSession | undefined
}

/** `session`: what the caller presents from now on. */
export type OwnAnswer =
  | { readonly result: JsonObject; readonly session?: string }
  | { readonly problem: RpcProblem }

/** Undefined for a method that is not among them. */
export async function answerByOwn(
  needs: OwnNeeds,
  asked: OwnAsked,
): Promise<OwnAnswer | undefined> {
  const { request, era } = asked
  const { method } = request
  if (isListMethod(method)) return list(needs, method, asked)
  if (era.modern) return method === 'server/discover' ? discover(needs, asked) : undefined
  if (method === 'initialize') return initialize(needs, asked)
  if (method === 'ping') return { result: {} }
  return method === 'logging/setLevel' ? setLevel(needs, asked) : undefined
}

async function list(
  needs: OwnNeeds,
  method: ListMethod,
  { request, era, principal, source, endpoint, session }: OwnAsked,
): Promise<OwnAnswer> {
  const rules = needs.rules()
  if (!rules) return { problem: noRules }
  if (request.params.cursor !== undefined) {
    return { problem: invalidParams('Lists come whole: there is no such cursor.') }
  }
  const asked = { rules, principal, source, endpoint }
  const items = await listFor(needs, method, asked)
  if ('code' in items) return { problem: items }
  const isAskedOfOld = !era.modern && method === 'tools/list' && session !== undefined
  const own = isAskedOfOld && (await mayWait(needs, asked)) ? needs.ownTools : []
  const result = { [listMembers[method]]: [...items, ...own] }
  return { result: era.modern ? { ...whole(needs), ...result, ...private_ } : result }
}

/** Somebody may have to agree to one of its calls. */
async function mayWait(
  needs: ListNeeds,
  { rules, principal, source, endpoint }: Parameters<typeof listFor>[2],
): Promise<boolean> {
  const functions = mcpFunctions(rules.rulebook)
  const ids = endpoint === '' ? [...functions.connections.keys()] : [endpoint]
  const own = ids.flatMap((id) => functions.of(id))
  const labels = await needs.labels(rules, principal)
  const asker = { principal, source }
  return own.some((fn) => ['hold', 'depends'].includes(needs.access(rules, fn, asker, labels)))
}

const noRules: RpcProblem = {
  code: rpcCodes.internal,
  status: 503,
  message: 'No rulebook is in force.',
  refusal: 'rulebook-missing',
}

/** What is listed for one is never for another, and holds for now only (2026-07-28, server/utilities/caching). */
const private_ = { ttlMs: 0, cacheScope: 'private' } as const

function whole({ serverInfo }: Pick<OwnNeeds, 'serverInfo'>): JsonObject {
  return {
    resultType: 'complete',
    _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
  }
}

async function discover(needs: OwnNeeds, asked: OwnAsked): Promise<OwnAnswer> {
  const result = {
    ...whole(needs),
    supportedVersions: modernRevisions,
    capabilities: await capabilitiesFor(needs, asked),
    ...private_,
  }
  return { result }
}

/** 2025-11-25, basic/lifecycle: the revision asked for where it is spoken, else the newest of those that begin so. */
async function initialize(needs: OwnNeeds, asked: OwnAsked): Promise<OwnAnswer> {
  const { request, principal, endpoint } = asked
  const { protocolVersion, capabilities = {} } = request.params
  if (typeof protocolVersion !== 'string' || !isJsonObject(capabilities)) {
    return { problem: invalidParams('`initialize` says protocolVersion and capabilities.') }
  }
  const [newest = '2025-11-25'] = legacyRevisions
  const revision = legacyRevisions.find((one) => one === protocolVersion) ?? newest
  const { text } = needs.sessions.begin({ revision, capabilities }, { principal, endpoint })
  const result = {
    protocolVersion: revision,
    capabilities: await capabilitiesFor(needs, asked),
    serverInfo: needs.serverInfo,
  }
  return { result, session: text }
}

/** What this principal could use of what is registered. */
async function capabilitiesFor(
  needs: OwnNeeds,
  { era, principal, source, endpoint }: OwnAsked,
): Promise<JsonObject> {
  const asker = { principal, source }
  const rules = needs.rules()
  const methods = new Set<string>()
  const readable = new Set<string>()
  if (rules) {
    const functions = mcpFunctions(rules.rulebook)
    const ids = endpoint === '' ? [...functions.connections.keys()] : [endpoint]
    for (const fn of ids.flatMap((id) => functions.of(id))) {
      const { method } = fn.mcp
      const isOther = method === 'resources/read' && !readable.has(fn.connection)
      if (methods.has(method) && !isOther) continue
      if (needs.access(rules, fn, asker) === 'none') continue
      methods.add(method)
      if (method === 'resources/read') readable.add(fn.connection)
    }
  }
  const offered = await Promise.all([...readable].map((id) => needs.offered(id)))
  const subscribe = offered.some(({ resources }) => {
    return isJsonObject(resources) && resources.subscribe === true
  })
  const changes = { listChanged: true }
  return {
    // A client that is not told of tools never asks again whether there are any.
    tools: changes,
    ...(methods.has('prompts/get') && { prompts: changes }),
    ...(methods.has('resources/read') && {
      resources: { ...changes, ...(subscribe && { subscribe }) },
    }),
    ...(methods.has('completion/complete') && { completions: {} }),
    logging: {},
    ...(era.modern && { extensions: { [tasksExtension]: {} } }),
  }
}

function setLevel({ sessions }: OwnNeeds, { request, session }: OwnAsked): OwnAnswer {
  const { level } = request.params
  if (!isLogLevel(level)) return { problem: invalidParams('No such log level.') }
  if (session) sessions.setLogLevel(session, level)
  return { result: {} }
}
