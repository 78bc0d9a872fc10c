import { Document, isMap, isSeq, parse } from 'yaml'
import { limits } from '../config/limits.ts'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import { functionsForm } from './forms.ts'
import { covers } from './function-pattern.ts'
import { readFunction } from './functions.ts'
import { describer } from './openapi-description.ts'
import { type ImportedFunction, importOperation } from './openapi-operation.ts'
import type { OpenApiSource } from './openapi-schema.ts'
import { isOpenApi, operationsOf } from './openapi-walk.ts'

export type ImportOptions = {
  /** The connection the functions belong to. */
  readonly connection: string
  readonly owner: string
  /** Function names to import, `customers.*` for several; absent: all. */
  readonly include?: readonly string[]
}

/**
 * Turns an OpenAPI 3.0 or 3.1 document (parsed, or as JSON or YAML text) into a functions file. What
 * cannot be governed is left out with a warning; what a person has to decide is marked `# decide:`.
 * Never throws for what stands in the document.
 */
export function importOpenApi(
  document: unknown,
  options: ImportOptions,
): { readonly yaml: string; readonly warnings: readonly string[] } {
  const warnings = new Set<string>()
  const warn = (message: string) => {
    if (warnings.size < warningsMax) warnings.add(message.slice(0, 500))
  }
  const root = readDocument(document, warn)
  const source: OpenApiSource = { root, warn, budget: 0 }
  const functions: ImportedFunction[] = []
  const describe = describer(source)
  for (const operation of operationsOf(source)) {
    if (options.include && !options.include.some((one) => covers(one, operation.name))) continue
    source.budget = nodesMax
    const imported = withSource(
      importOperation(source, operation, options.owner),
      describe(operation),
      warn,
    )
    const sound = imported && makeSound(imported, options.connection, warn)
    if (sound) functions.push(sound)
  }
  return { yaml: render(functions, options, root), warnings: [...warnings] }
}

const warningsMax = 500
// Schema nodes of one operation, references written out.
const nodesMax = 5000

function readDocument(document: unknown, warn: (message: string) => void): JsonObject {
  let read = document
  if (typeof document === 'string') {
    try {
      if (Buffer.byteLength(document) > limits.yamlBytes) throw new RangeError('too long')
      read = parse(document, { maxAliasCount: limits.yamlAliases, logLevel: 'silent' })
    } catch {
      warn('The document is neither JSON nor YAML, or too long.')
    }
  }
  const root = asJson(read)
  if (!isJsonObject(root)) {
    warn('The document holds no object.')
    return {}
  }
  if (!isOpenApi(root)) {
    warn('The document does not say that it is OpenAPI 3.0 or 3.1.')
    return {}
  }
  return root
}

/** A copy that is plain JSON, cycles and all else refused. */
function asJson(value: unknown): Json | undefined {
  try {
    const text = JSON.stringify(value)
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Says what it was imported from, so that a change at the upstream can be told. */
function withSource(
  imported: ImportedFunction | undefined,
  described: ReturnType<ReturnType<typeof describer>>,
  warn: (message: string) => void,
): ImportedFunction | undefined {
  if (!imported) return undefined
  if ('problem' in described) {
    warn(`${described.problem} A change of it at the upstream will not be noticed.`)
    return imported
  }
  const { operation, digest } = described
  return { ...imported, entry: { ...imported.entry, source: { operation, digest } } }
}

/** Leaves out the result schema, and if need be the function, when the loader would not take it. */
function makeSound(
  imported: ImportedFunction,
  connection: string,
  warn: (message: string) => void,
): ImportedFunction | undefined {
  const flawsOf = (entry: JsonObject): readonly { readonly message: string }[] => {
    const form = functionsForm.safeParse({ connection, functions: [entry] })
    const [read] = form.data?.functions ?? []
    if (!read) return [{ message: form.error?.issues[0]?.message ?? 'it is no function.' }]
    return readFunction(read, connection).flaws
  }
  const where = String(imported.entry.http)
  const flaws = flawsOf(imported.entry)
  if (flaws.length === 0) return imported
  const { result: _, ...rest } = imported.entry
  const left = flawsOf(rest)
  if (left.length === 0) {
    warn(`${where}: the schema of its result is left out: ${flaws[0]?.message ?? ''}`)
    return { ...imported, entry: rest }
  }
  warn(`${where} is left out: ${left[0]?.message ?? ''}`)
  return undefined
}

function render(
  functions: readonly ImportedFunction[],
  { connection }: ImportOptions,
  root: JsonObject,
): string {
  const entries = functions.map(({ entry }) => entry)
  const document = new Document(
    { connection, functions: entries },
    { aliasDuplicateObjects: false },
  )
  document.commentBefore = ` Imported from OpenAPI${titleOf(root)}. Every \`decide\` is a question for the owner.`
  const list = document.get('functions')
  if (isSeq(list)) {
    for (const [index, { decide }] of functions.entries()) {
      const item = list.items[index]
      if (isMap(item)) item.commentBefore = decide.map((one) => ` decide: ${one}`).join('\n')
    }
  }
  return document.toString({ lineWidth: 100 })
}

function titleOf(root: JsonObject): string {
  const { info } = root
  const title = isJsonObject(info) && typeof info.title === 'string' ? info.title : ''
  const plain = title
    .replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ')
    .trim()
    .slice(0, 80)
  return plain === '' ? '' : ` (${plain})`
}
