import { parse } from 'yaml'
import { limits } from '../config/limits.ts'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import { covers } from './function-pattern.ts'
import { functionsFile, type ImportedFunction, makeSound } from './functions-file.ts'
import { describer } from './openapi-description.ts'
import { importOperation } from './openapi-operation.ts'
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
  const heading = `Imported from OpenAPI${titleOf(root)}.`
  const yaml = functionsFile(functions, { connection: options.connection, heading })
  return { yaml, warnings: [...warnings] }
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

function titleOf(root: JsonObject): string {
  const { info } = root
  const title = isJsonObject(info) && typeof info.title === 'string' ? info.title : ''
  const plain = title
    .replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ')
    .trim()
    .slice(0, 80)
  return plain === '' ? '' : ` (${plain})`
}
