import type { DetectRule } from '../model/detection.ts'
import {
  type ArgumentMask,
  type FunctionDescription,
  type HttpBinding,
  type MaskRule,
  type McpBinding,
  taints,
} from '../model/function.ts'
import type { JsonObject } from '../model/json.ts'
import { type Address, readAddress } from './address.ts'
import { readArgumentsForm } from './arguments.ts'
import { hasDigest } from './digest.ts'
import type { Flaw } from './flaw.ts'
import type { FunctionEntry } from './forms.ts'
import { compileSchema, type SchemaCheck } from './json-schema.ts'
import { pathHoles, readArgumentMasks, readMasks } from './masks.ts'
import { type McpAddress, mcpFlaws, readMcpAddress, readMcpArguments } from './mcp-function.ts'

/** A function as described, before masking.yaml adds its rules and the digest is taken. */
export type FunctionDraft = {
  readonly definition: FunctionDescription
  /** Of one of the two. */
  readonly address?: Address
  readonly mcpAddress?: McpAddress
  readonly check: SchemaCheck
}

/** One function's form as the gateway uses it. Without a draft there is at least one flaw. */
export function readFunction(
  entry: FunctionEntry,
  connection: string,
): { readonly draft: FunctionDraft | undefined; readonly flaws: readonly Flaw[] } {
  const id = `${connection}.${entry.name}`
  if (!hasDigest(entry)) {
    return { draft: undefined, flaws: [{ path: [], message: 'Some text here is not Unicode.' }] }
  }
  const flaws: Flaw[] = [...maskFlaws(entry)]
  const masks = readMasks(entry.mask === 'none' ? [] : (entry.mask ?? []), id)
  const argumentMasks = readArgumentMasks(entry.maskArguments ?? [], id)
  flaws.push(...under('mask', masks.flaws), ...under('maskArguments', argumentMasks.flaws))
  flaws.push(...resultFlaws(entry))
  const bound = readBound(entry, id)
  flaws.push(...bound.flaws)
  if (!bound.binding) return { draft: undefined, flaws }
  const { binding, schema, pathOf, idempotent, ...addresses } = bound
  const compiled = compileSchema(schema)
  if ('faults' in compiled) {
    for (const { pointer, ...fault } of compiled.faults) {
      flaws.push({ path: pathOf(pointer), ...fault })
    }
    return { draft: undefined, flaws }
  }
  const definition: FunctionDraft['definition'] = {
    id,
    connection,
    ...describe(entry, idempotent),
    ...binding,
    argumentSchema: schema,
    ...(entry.result !== undefined && { resultSchema: entry.result }),
    argumentMasks: argumentMasks.rules,
    resultMasks: masks.rules,
    payloads: entry.payloads ?? 'kept',
    ...(entry.retention !== undefined && { retention: entry.retention }),
    ...(entry.source && { source: entry.source }),
  }
  const { address, mcpAddress } = addresses
  return {
    draft: {
      definition,
      ...(address && { address }),
      ...(mcpAddress && { mcpAddress }),
      check: compiled.check,
    },
    flaws,
  }
}

type BoundRead = {
  readonly flaws: readonly Flaw[]
  readonly binding?: { readonly http: HttpBinding } | { readonly mcp: McpBinding }
  readonly schema: JsonObject
  readonly pathOf: (pointer: string) => Flaw['path']
  /** When the entry does not say. */
  readonly idempotent: boolean
  readonly address?: Address
  readonly mcpAddress?: McpAddress
}

/** How it is called in its protocol. Without a binding there is at least one flaw. */
function readBound(entry: FunctionEntry, id: string): BoundRead {
  const { http, mcp } = entry
  if (http !== undefined && mcp === undefined) return readHttpBound(entry, http, id)
  if (mcp !== undefined && http === undefined) return readMcpBound(entry, mcp)
  const message = http === undefined ? 'This does not say how it is called.' : twoWays
  const hint = 'Write `http: GET /customers/{id}` or `mcp: tools/call refund`.'
  return unbound([{ path: http === undefined ? [] : ['mcp'], message, hint }])
}

const twoWays = 'A function is called in one protocol.'

function unbound(flaws: readonly Flaw[]): BoundRead {
  return { flaws, schema: {}, pathOf: () => [], idempotent: false }
}

function readHttpBound(entry: FunctionEntry, text: string, id: string): BoundRead {
  const address = readAddress(text)
  if ('problem' in address) {
    return unbound([{ path: ['http'], message: address.problem, hint: address.hint }])
  }
  const { http, schema, pathOf, ...read } = readArgumentsForm(entry, address)
  const flaws = [...read.flaws, ...argumentMaskFlaws(entry, http)]
  if (entry.deferrable && http.body === 'stream') {
    const message = 'A streamed body is not held, so a call with one cannot be deferred.'
    flaws.push({ path: ['deferrable'], message })
  }
  flaws.push(...under('maskArguments', pathHoles(entry.maskArguments ?? [], { id, http })))
  // RFC 9110 section 9.2.2.
  const idempotent = !/^(?:POST|PATCH)$/.test(address.method)
  return { flaws, binding: { http }, schema, pathOf, idempotent, address }
}

function readMcpBound(entry: FunctionEntry, text: string): BoundRead {
  const mcpAddress = readMcpAddress(text)
  if ('problem' in mcpAddress) {
    return unbound([{ path: ['mcp'], message: mcpAddress.problem, hint: mcpAddress.hint }])
  }
  const { method, name } = mcpAddress
  const { schema, flaws, pathOf } = readMcpArguments(entry, mcpAddress)
  return {
    flaws: [...flaws, ...mcpFlaws(entry, mcpAddress)],
    binding: { mcp: { method, name } },
    ...{ schema, pathOf, mcpAddress },
    // What a tool does nobody knows; what people and models answer differs each time.
    idempotent: readOnly.has(method),
  }
}

const readOnly = new Set(['resources/read', 'prompts/get', 'completion/complete', 'roots/list'])

/** The draft with the rules of masking.yaml that cover it. */
export function withMasks(
  draft: FunctionDraft,
  more: {
    readonly result: readonly MaskRule[]
    readonly args: readonly ArgumentMask[]
    readonly detect: readonly DetectRule[]
  },
): FunctionDraft {
  const { definition } = draft
  return {
    ...draft,
    definition: {
      ...definition,
      resultMasks: [...definition.resultMasks, ...more.result],
      argumentMasks: [...definition.argumentMasks, ...more.args],
      ...(more.detect.length > 0 && { detect: more.detect }),
    },
  }
}

function describe(entry: FunctionEntry, idempotent: boolean) {
  return {
    purpose: entry.purpose,
    owner: entry.owner,
    sensitivity: entry.sensitivity,
    risk: entry.risk,
    idempotent: entry.idempotent ?? idempotent,
    deferrable: entry.deferrable ?? false,
    ...(entry.taints && { taints: taints.filter((one) => entry.taints?.includes(one)) }),
  }
}

/** Nothing sensitive goes out unmasked because somebody forgot to say so. */
function maskFlaws(entry: FunctionEntry): Flaw[] {
  const hint = 'List what is hidden under `mask`, or write `mask: none`.'
  if (Array.isArray(entry.mask) && entry.mask.length === 0) {
    return [{ path: ['mask'], message: 'An empty list does not say that nothing is hidden.', hint }]
  }
  if (entry.mask !== undefined) return []
  if (entry.sensitivity === 'public' || entry.sensitivity === 'internal') return []
  const message = `A ${entry.sensitivity} function has to say what of its result is hidden.`
  return [{ path: ['sensitivity'], message, hint }]
}

/** Bytes are masked where they are JSON and its members are the arguments; elsewhere a mask would miss. */
function argumentMaskFlaws(entry: FunctionEntry, { body, bodyArgument }: HttpBinding): Flaw[] {
  if (entry.maskArguments === undefined || entry.maskArguments.length === 0) return []
  if (body === 'none' || body === 'stream') return []
  if (body === 'json' && bodyArgument === undefined) return []
  const message = 'Arguments can be hidden where the body is a JSON object of arguments.'
  return [{ path: ['maskArguments'], message, hint: 'Write `payloads: committed` instead.' }]
}

function resultFlaws(entry: FunctionEntry): Flaw[] {
  if (entry.result === undefined) return []
  const compiled = compileSchema(entry.result)
  if (!('faults' in compiled)) return []
  return compiled.faults.map(({ pointer, ...fault }) => {
    return { path: ['result', ...pointer.split('/').slice(1)], ...fault }
  })
}

function under(key: string, flaws: readonly Flaw[]): Flaw[] {
  return flaws.map((flaw) => ({ ...flaw, path: [key, ...flaw.path] }))
}
