import { createHash } from 'node:crypto'
import type { DescribedOperation } from '../model/described-operation.ts'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import { canonicalJson } from './digest.ts'
import type { Operation } from './openapi-operation.ts'
import { type OpenApiSource, referred } from './openapi-schema.ts'
import { isOpenApi, operationsOf } from './openapi-walk.ts'

/**
 * What an OpenAPI 3.0 or 3.1 document says of each of its operations, so that two readings of it can be compared.
 * The whole document or nothing: what cannot be described exactly is a problem, never left out. Pure; bounded work
 * for any document that was parsed.
 */
export function describeOpenApi(
  root: Json,
): { readonly operations: readonly DescribedOperation[] } | { readonly problem: string } {
  if (!isJsonObject(root) || !isOpenApi(root)) {
    return { problem: 'It does not say that it is OpenAPI 3.0 or 3.1.' }
  }
  const problems: string[] = []
  const source: OpenApiSource = { root, warn: (message) => problems.push(message), budget: 0 }
  const describe = describer(source)
  const operations: DescribedOperation[] = []
  let chars = 0
  for (const operation of operationsOf(source)) {
    const described = describe(operation)
    if ('problem' in described) return described
    operations.push(described)
    chars += described.text.length
    if (chars > charsMax) return { problem: 'Its operations are too long, taken together.' }
  }
  const [problem] = problems
  return problem === undefined ? { operations } : { problem }
}

/**
 * Describes operations of one document. The digest covers all that is written in the operation and in everything it
 * refers to within the document: a word in a description counts, for agents read it. What leads out of the document
 * is covered by its address only.
 */
export function describer(
  source: OpenApiSource,
): (operation: Operation) => DescribedOperation | { readonly problem: string } {
  const sizes = sizesOf(source.root)
  const targets = new Map<string, Target>()
  const targetOf = (ref: string): Target => {
    const known = targets.get(ref)
    if (known) return known
    const found = referred(source, ref)
    const size = found === undefined ? 0 : sizeOf(sizes, found)
    const isShort = found !== undefined && size <= referencesMax
    const target = {
      size: size + ref.length,
      text: isShort ? canonicalJson(found) : 'null',
      refs: isShort ? refsIn(found) : [],
    }
    targets.set(ref, target)
    return target
  }
  const everything = once(() => digestOf(canonicalJson(source.root.components ?? null)))
  return ({ name, method, path, operation, parameters }) => {
    const where = `${method} ${path}`
    const parts: readonly Json[] = [operation, ...parameters]
    const chars = parts.reduce<number>((sum, part) => sum + sizeOf(sizes, part), 0)
    if (chars > operationMax) return { problem: `${where.slice(0, 200)} is too long.` }
    try {
      const security = operation.security ?? source.root.security
      const described = {
        ...operation,
        parameters: parameters.toSorted((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1)),
        ...(security !== undefined && { security }),
      }
      const references = closure(refsIn(described), targetOf)
      // Too much to compare piece by piece: any change of what operations share then is one of this operation.
      const shared = references ?? `{"components":${canonicalJson(everything())}}`
      const text = `{"described":${canonicalJson(described)},"operation":${canonicalJson(where)},"references":${shared}}`
      return { operation: where, name, text, digest: digestOf(text) }
    } catch {
      return { problem: `${where.slice(0, 200)} holds text or a number that has no one form.` }
    }
  }
}

// Characters. Of one operation as it is written; people compare two of them.
const operationMax = 65_536
// Of everything it refers to; more is compared as a whole.
const referencesMax = 32_768
// Of all descriptions of a document: it is read again every few minutes.
const charsMax = 67_108_864

type Target = { readonly size: number; readonly text: string; readonly refs: readonly string[] }

/** What these references lead to, directly or not, as canonical JSON by reference; undefined when it is too much. */
function closure(refs: readonly string[], targetOf: (ref: string) => Target): string | undefined {
  const found = new Map<string, string>()
  const open = [...refs]
  let size = 0
  for (let ref = open.pop(); ref !== undefined; ref = open.pop()) {
    if (found.has(ref)) continue
    const target = targetOf(ref)
    size += target.size
    if (size > referencesMax) return undefined
    found.set(ref, target.text)
    open.push(...target.refs)
  }
  const members = [...found].sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([ref, text]) => `${canonicalJson(ref)}:${text}`).join(',')}}`
}

/** References by `$ref`, and those a discriminator maps names to. */
function refsIn(node: Json): readonly string[] {
  const found = new Set<string>()
  const walk = (one: Json): void => {
    if (Array.isArray(one)) for (const element of one) walk(element)
    else if (isJsonObject(one)) {
      for (const [key, member] of Object.entries(one)) {
        if (key === '$ref' && typeof member === 'string') found.add(member)
        else if (key === 'mapping' && isJsonObject(member)) {
          for (const to of Object.values(member)) {
            if (typeof to === 'string' && to.startsWith('#/')) found.add(to)
          }
        }
        walk(member)
      }
    }
  }
  walk(node)
  return [...found]
}

/** About how many characters every object and list of a document is written in; one pass. */
function sizesOf(root: JsonObject): ReadonlyMap<object, number> {
  const sizes = new Map<object, number>()
  const measure = (node: Json): number => {
    if (typeof node === 'string') return node.length + 2
    if (typeof node !== 'object' || node === null) return 5
    let size = 2
    if (Array.isArray(node)) for (const one of node) size += measure(one) + 1
    else for (const [key, one] of Object.entries(node)) size += key.length + 4 + measure(one)
    sizes.set(node, size)
    return size
  }
  measure(root)
  return sizes
}

function sizeOf(sizes: ReadonlyMap<object, number>, node: Json): number {
  if (typeof node === 'string') return node.length + 2
  return typeof node === 'object' && node !== null ? (sizes.get(node) ?? 0) : 5
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}
