import type { DetectRule } from '../model/detection.ts'
import type { ArgumentMask, FunctionDefinition, HttpBinding, MaskRule } from '../model/function.ts'
import { type Address, readAddress } from './address.ts'
import { readArgumentsForm } from './arguments.ts'
import { hasDigest } from './digest.ts'
import type { Flaw } from './flaw.ts'
import type { FunctionEntry } from './forms.ts'
import { compileSchema, type SchemaCheck } from './json-schema.ts'
import { pathHoles, readArgumentMasks, readMasks } from './masks.ts'

/** A function as described, before masking.yaml adds its rules and the digest is taken. */
export type FunctionDraft = {
  readonly definition: Omit<FunctionDefinition, 'digest'>
  readonly address: Address
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
  const address = readAddress(entry.http)
  if ('problem' in address) {
    flaws.push({ path: ['http'], message: address.problem, hint: address.hint })
    return { draft: undefined, flaws }
  }
  const read = readArgumentsForm(entry, address)
  flaws.push(...read.flaws)
  flaws.push(...argumentMaskFlaws(entry, read.http))
  if (entry.deferrable && read.http.body === 'stream') {
    const message = 'A streamed body is not held, so a call with one cannot be deferred.'
    flaws.push({ path: ['deferrable'], message })
  }
  const holes = pathHoles(entry.maskArguments ?? [], { id, http: read.http })
  flaws.push(...under('maskArguments', holes))
  const compiled = compileSchema(read.schema)
  if ('faults' in compiled) {
    for (const { pointer, ...fault } of compiled.faults) {
      flaws.push({ path: read.pathOf(pointer), ...fault })
    }
    return { draft: undefined, flaws }
  }
  const definition: FunctionDraft['definition'] = {
    id,
    connection,
    ...describe(entry, address),
    http: read.http,
    argumentSchema: read.schema,
    ...(entry.result !== undefined && { resultSchema: entry.result }),
    argumentMasks: argumentMasks.rules,
    resultMasks: masks.rules,
    payloads: entry.payloads ?? 'kept',
    ...(entry.retention !== undefined && { retention: entry.retention }),
    ...(entry.source && { source: entry.source }),
  }
  return { draft: { definition, address, check: compiled.check }, flaws }
}

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

function describe(entry: FunctionEntry, { method }: Address) {
  return {
    purpose: entry.purpose,
    owner: entry.owner,
    sensitivity: entry.sensitivity,
    risk: entry.risk,
    // RFC 9110 section 9.2.2.
    idempotent: entry.idempotent ?? !/^(?:POST|PATCH)$/.test(method),
    deferrable: entry.deferrable ?? false,
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
