import type { Access } from '../../../call/access.ts'
import type { InForce } from '../../../call/in-force.ts'
import type { Call } from '../../../call/stage.ts'
import type { McpFunction } from '../../../model/function.ts'
import type { JsonObject } from '../../../model/json.ts'
import type { Listed, McpKind } from '../../../model/mcp-listing.ts'
import type { Principal } from '../../../model/principal.ts'
import { matchUri, readUriTemplate, variablesOf } from '../../../model/uri-template.ts'
import { type RpcProblem, rpcCodes } from '../message/problem.ts'
import { mcpFunctions } from '../route.ts'
import { namingAt } from './naming.ts'
import { plainUris } from './plain-uris.ts'

/** What decides about lists, beside the rulebook. */
export type ListNeeds = {
  /** What one connection says of itself in lists of a kind, from a look that began after this was asked. Never rejects. */
  readonly listed: (connection: string, kind: McpKind) => Promise<Listed>
  /** Whether there are arguments, or with these, the principal may call it now, with or without a person's yes. */
  readonly access: (
    rules: InForce,
    fn: McpFunction,
    asker: Asker,
    labels?: readonly string[],
    args?: JsonObject,
  ) => Access
  /** What the principal's session is labelled with. */
  readonly labels: (rules: InForce, principal: Principal) => Promise<readonly string[]>
}

/** Who asks, and from where: policy may ask for both. */
export type Asker = Pick<Call, 'source'> & { readonly principal: Principal }

export type ListAsked = Asker & {
  readonly rules: InForce
  /** The connection that is addressed; empty for all of them. */
  readonly endpoint: string
}

export const listMethods = [
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
] as const
export type ListMethod = (typeof listMethods)[number]

export function isListMethod(method: string): method is ListMethod {
  return listMethods.some((one) => one === method)
}

/** The member of the result that holds the list. */
export const listMembers: Readonly<Record<ListMethod, string>> = {
  'tools/list': 'tools',
  'prompts/list': 'prompts',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
}

/**
 * What this principal may call of what is registered and of what upstreams offer at this moment, in the upstreams' own
 * words where these are the registered ones. Of several connections, those that cannot be read are absent; one that is
 * addressed alone is a problem then.
 */
export async function listFor(
  needs: ListNeeds,
  method: ListMethod,
  { rules, principal, source, endpoint }: ListAsked,
): Promise<readonly JsonObject[] | RpcProblem> {
  const functions = mcpFunctions(rules.rulebook)
  const ids = endpoint === '' ? [...functions.connections.keys()] : [endpoint]
  const labels = await needs.labels(rules, principal)
  const parts = await Promise.all(
    ids.map(async (id): Promise<readonly JsonObject[] | RpcProblem> => {
      const { called, kind } = ofList[method]
      const own = functions.of(id).filter(({ mcp }) => mcp.method === called)
      const callable = own.filter(
        (fn) => needs.access(rules, fn, { principal, source }, labels) !== 'none',
      )
      if (callable.length === 0) return []
      const listed = await needs.listed(id, kind)
      return 'problem' in listed
        ? unreadable
        : itemsOf(method, { rules, principal, id, endpoint, callable, listed })
    }),
  )
  const [only] = parts
  if (endpoint !== '' && only && !isItems(only)) return only
  return parts.filter(isItems).flat()
}

function isItems(part: readonly JsonObject[] | RpcProblem): part is readonly JsonObject[] {
  return Array.isArray(part)
}

const ofList = {
  'tools/list': { called: 'tools/call', kind: 'tools' },
  'prompts/list': { called: 'prompts/get', kind: 'prompts' },
  'resources/list': { called: 'resources/read', kind: 'resources' },
  'resources/templates/list': { called: 'resources/read', kind: 'resources' },
} as const

const unreadable: RpcProblem = {
  code: rpcCodes.internal,
  status: 200,
  message: 'The server behind this address could not be asked what it offers.',
  refusal: 'upstream-unreachable',
}

type Of = {
  readonly rules: InForce
  readonly principal: Principal
  readonly id: string
  readonly endpoint: string
  readonly callable: readonly McpFunction[]
  readonly listed: Exclude<Listed, { readonly problem: string }>
}

function itemsOf(method: ListMethod, of: Of): readonly JsonObject[] {
  if (method === 'resources/list') return resourcesOf(of)
  const naming = namingAt(of.endpoint)
  return of.callable.flatMap((fn): readonly JsonObject[] => {
    const { name } = fn.mcp
    const said = saidOf(fn, of)
    if (!said) return []
    if (method !== 'resources/templates/list') {
      return [{ ...withoutBrokenSchema(fn, of.rules, said), name: naming.name(of.id, name) }]
    }
    return isTemplate(name) ? [{ ...said, uriTemplate: naming.uri(of.id, name) }] : []
  })
}

/** Those that are functions themselves, and those of which a function stands for many. */
function resourcesOf(of: Of): readonly JsonObject[] {
  const naming = namingAt(of.endpoint)
  const single = of.callable.flatMap((fn) => {
    const said = isTemplate(fn.mcp.name) ? undefined : saidOf(fn, of)
    return said ? [{ ...said, uri: naming.uri(of.id, fn.mcp.name) }] : []
  })
  const known = new Set(of.callable.map(({ mcp }) => mcp.name))
  const families = of.callable.flatMap((fn) => {
    const template = isTemplate(fn.mcp.name) && saidOf(fn, of) ? readUriTemplate(fn.mcp.name) : null
    return template && !('problem' in template) ? [{ fn, template }] : []
  })
  const familyOf = (uri: string) => families.find(({ template }) => matchUri(template, uri))?.fn
  const members = Map.groupBy(
    of.listed.uris.filter((uri) => !known.has(uri)),
    familyOf,
  )
  const others = families.flatMap(({ fn }) =>
    plainUris(of.rules, { fn, principal: of.principal }, members.get(fn) ?? []),
  )
  return [...single, ...others.map((uri) => ({ uri: naming.uri(of.id, uri), name: uri }))]
}

function isTemplate(name: string): boolean {
  const template = readUriTemplate(name)
  return !('problem' in template) && variablesOf(template).length > 0
}

/** An imported function in its upstream's words; undefined while they are not the registered ones. */
function saidOf(fn: McpFunction, { listed }: Of): JsonObject | undefined {
  if (fn.source) return listed.functions.get(fn.id)
  const { purpose: description, argumentSchema, resultSchema, mcp } = fn
  if (mcp.method === 'resources/read') return { name: fn.id, description }
  if (mcp.method === 'prompts/get') return { description, arguments: promptArguments(fn) }
  return {
    description,
    inputSchema: argumentSchema,
    ...(resultSchema && { outputSchema: resultSchema }),
  }
}

/** Clients throw away a result that is not of the schema they were told, as one with something hidden may not be. */
function withoutBrokenSchema(fn: McpFunction, { grants }: InForce, said: JsonObject): JsonObject {
  const isNarrowed = grants.some((one) => one.fields && one.functions.includes(fn.id))
  if (fn.resultMasks.length === 0 && !fn.detect && !isNarrowed) return said
  const { outputSchema: _, ...rest } = said
  return rest
}

/** A prompt's arguments are texts, by name. */
function promptArguments({ argumentSchema }: McpFunction): readonly JsonObject[] {
  const { properties = {}, required = [] } = argumentSchema
  return Object.keys(Object(properties)).map((name) => ({
    name,
    required: Array.isArray(required) && required.includes(name),
  }))
}
