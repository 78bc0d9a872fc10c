import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import type { McpListing } from '../model/mcp-listing.ts'
import { flagsOf } from './description-flags.ts'
import { functionsFile, type ImportedFunction, makeSound } from './functions-file.ts'
import { describeMcp, type McpOperation } from './mcp-description.ts'
import { suggestMasks } from './openapi-mask.ts'
import { convertSchema, type OpenApiSource } from './openapi-schema.ts'

export type McpImportOptions = {
  /** The connection the functions belong to. */
  readonly connection: string
  readonly owner: string
  /** Function names to import, `prompt.*` or `read_*` for several; absent: all. */
  readonly include?: readonly string[]
}

/**
 * Turns what an MCP server lists into a functions file. What the server says of a tool's risk is taken as a claim: it
 * is marked `# decide:`, as is everything in its words that is hidden or aimed at a model. Two things that would have
 * one name are a `problem`. Never throws for what the server says.
 */
export function importMcp(
  listing: Pick<
    McpListing,
    'tools' | 'resources' | 'resourceTemplates' | 'prompts' | 'capabilities'
  >,
  { connection, owner, include }: McpImportOptions,
): { readonly yaml: string; readonly warnings: readonly string[] } | { readonly problem: string } {
  const warnings = new Set<string>()
  const warn = (message: string) => {
    if (warnings.size < warningsMax) warnings.add(message.slice(0, 500))
  }
  const described = describeMcp(listing)
  if ('problem' in described) return described
  const wanted = described.operations.filter(({ name }) => isIncluded(name, include))
  const clash = wanted.find(({ clashesWith }) => clashesWith !== undefined)
  if (clash) {
    const both = `\`${clash.clashesWith}\` and \`${clash.operation}\``
    return { problem: `${both} would be one function: import one of them with --include.` }
  }
  const functions: ImportedFunction[] = []
  for (const operation of wanted) {
    const imported = importOne(operation, owner, warn)
    const sound = imported && makeSound(imported, connection, warn)
    if (sound) functions.push(sound)
  }
  const completes = isJsonObject(listing.capabilities.completions)
  if (completes && isIncluded('completion', include)) {
    functions.push({ entry: completion(owner), decide: [] })
  }
  const heading = 'Imported from an MCP server, whose claims about itself these are.'
  return { yaml: functionsFile(functions, { connection, heading }), warnings: [...warnings] }
}

const warningsMax = 500

function isIncluded(name: string, include: McpImportOptions['include']): boolean {
  return include?.some((one) => matches(one, name)) ?? true
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}

// Schema nodes of one tool, references written out.
const nodesMax = 5000

function importOne(
  { operation, name, digest, described }: McpOperation,
  owner: string,
  warn: (message: string) => void,
): ImportedFunction {
  const decide: string[] = []
  const flags = flagsOf(described)
  for (const { at, why } of flags.slice(0, flagsShown)) {
    decide.push(`${at.map(plainText).join(' › ')}: ${why}`)
  }
  if (flags.length > 0)
    warn(`${operation}: ${[...new Set(flags.map(({ why }) => why))].join('; ')}`)
  const kind = kindOf(operation)
  const read = { operation, described, decide, warn }
  const entry: Record<string, Json> = {
    name,
    purpose: purposeOf(described, operation),
    owner,
    sensitivity: 'internal',
    ...(kind === 'tools/call' ? toolPart(read) : { risk: 'low', mcp: operation }),
    ...(kind === 'prompts/get' && promptPart(described)),
    source: { operation, digest },
  }
  return { entry, decide }
}

const flagsShown = 10

function kindOf(operation: string): string {
  return operation.slice(0, operation.indexOf(' '))
}

function completion(owner: string): JsonObject {
  return {
    name: 'completion',
    purpose: 'Suggest values for arguments of prompts and resource templates',
    ...{ owner, sensitivity: 'internal', risk: 'low', mcp: 'completion/complete' },
  }
}

type ToolRead = {
  readonly operation: string
  readonly described: JsonObject
  readonly decide: string[]
  readonly warn: (message: string) => void
}

function toolPart({ operation, described, decide, warn }: ToolRead): JsonObject {
  const { annotations, inputSchema, outputSchema } = described
  const hints = isJsonObject(annotations) ? annotations : {}
  const { risk, why } = riskOf(hints)
  decide.push(`risk ${risk}: ${why}.`)
  const args = schemaOf(inputSchema, `${operation}, arguments`, warn)
  if (!isJsonObject(args.properties) && args.additionalProperties === undefined) {
    decide.push('it declares no arguments, so none are let through.')
  }
  const result = isJsonObject(outputSchema)
    ? schemaOf(outputSchema, `${operation}, result`, warn)
    : undefined
  const masks = result ? suggestMasks(result) : []
  if (masks.length > 0) decide.push('what is masked is guessed from names.')
  return {
    risk,
    ...((hints.idempotentHint === true || hints.readOnlyHint === true) && { idempotent: true }),
    mcp: operation,
    arguments: { ...args, type: 'object' },
    ...(result && { result }),
    ...(masks.length > 0 && { mask: masks }),
  }
}

/** By the server's own hints (2026-07-28, ToolAnnotations), which nobody has to believe. */
function riskOf(hints: JsonObject): { readonly risk: string; readonly why: string } {
  if (hints.destructiveHint === true) return { risk: 'high', why: 'the server says it destroys' }
  if (hints.readOnlyHint === true) return { risk: 'low', why: 'the server says it only reads' }
  if (hints.destructiveHint === false) {
    return { risk: 'medium', why: 'the server says it changes things and destroys nothing' }
  }
  return { risk: 'high', why: 'the server does not say what it does, so it may destroy' }
}

function schemaOf(schema: Json | undefined, where: string, warn: ToolRead['warn']): JsonObject {
  if (!isJsonObject(schema)) return {}
  const lost = dropped.filter((keyword) => keyword in schema)
  if (lost.length > 0) warn(`${where}: ${lost.join(', ')} is left out.`)
  const source: OpenApiSource = { root: schema, warn, budget: nodesMax }
  return convertSchema(source, schema, { where, direction: 'result' })
}

/** Keywords of JSON Schema that an import does not carry over. */
const dropped = [
  'patternProperties',
  'propertyNames',
  'dependentRequired',
  'dependentSchemas',
  'if',
  'unevaluatedProperties',
]

function promptPart({ arguments: list }: JsonObject): JsonObject {
  const args = Array.isArray(list) ? list.filter(isJsonObject) : []
  const named = args.flatMap(({ name, required }: JsonObject) =>
    typeof name === 'string' && name !== '__proto__' ? [{ name, must: required === true }] : [],
  )
  const required = named.filter(({ must }) => must).map(({ name }) => name)
  return {
    arguments: {
      type: 'object',
      properties: Object.fromEntries(named.map(({ name }) => [name, { type: 'string' }])),
      ...(required.length > 0 && { required }),
    },
  }
}

/** The first sentence of what the server says, for people who approve: nothing invisible, nothing long. */
function purposeOf({ title, description }: JsonObject, operation: string): string {
  const text = [description, title].find((one) => typeof one === 'string' && one.trim() !== '')
  const plain = plainText(typeof text === 'string' ? text : '')
  const [sentence = ''] = plain.split(/(?<=[.!?])\s/, 1)
  return sentence.slice(0, purposeMax) || plainText(operation).slice(0, purposeMax)
}

const purposeMax = 200

function plainText(text: string): string {
  return text
    .toWellFormed()
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .replace(/[\s\p{C}]+/gu, ' ')
    .trim()
}
