import { createHash } from 'node:crypto'
import type { DescribedOperation } from '../model/described-operation.ts'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import type { McpListing } from '../model/mcp-listing.ts'
import { canonicalJson } from './digest.ts'

/** One thing an MCP server lists, as it says it; `described` is what `text` and `digest` are over. */
export type McpOperation = DescribedOperation & {
  readonly described: JsonObject
  /** The operation that would have the same name, were this one not renamed. */
  readonly clashesWith?: string
}

/**
 * What an MCP server says of each tool, prompt, resource and resource template, so that two readings can be compared.
 * All of it or nothing: what cannot be described exactly is a problem, never left out. The digest covers every member,
 * known here or not, for a model reads what clients make of them. Pure; bounded work for any listing.
 */
export function describeMcp(
  listing: Pick<McpListing, 'tools' | 'resources' | 'resourceTemplates' | 'prompts'>,
): { readonly operations: readonly McpOperation[] } | { readonly problem: string } {
  const operations: McpOperation[] = []
  const known = new Set<string>()
  const names = new Map<string, string>()
  let chars = 0
  for (const { method, key, prefix, items } of listsOf(listing)) {
    for (const item of items) {
      const called = item[key]
      if (typeof called !== 'string' || !isPlain(called)) {
        return { problem: `It lists something for ${method} without a usable \`${key}\`.` }
      }
      const operation = `${method} ${called}`
      if (known.has(operation)) return { problem: `It lists one name twice for ${method}.` }
      known.add(operation)
      const described = method === 'resources/read' ? withoutState(item) : item
      const text = textOf({ described, operation })
      if (text === undefined || text.length > operationMax) {
        return { problem: `Something it lists for ${method} is too long, or has no one form.` }
      }
      chars += text.length
      if (chars > charsMax) return { problem: 'What it lists is too long, taken together.' }
      const digest = digestOf(text)
      const plain = functionName(prefix, called)
      const clashesWith = names.get(plain)
      // By what it is called, so that it stays when the description changes.
      const name = clashesWith ? `${plain}-${digestOf(operation).slice(7, 19)}` : plain
      names.set(name, operation)
      const named = { operation, name, ...(clashesWith !== undefined && { clashesWith }) }
      operations.push({ ...named, text, digest, described })
    }
  }
  return { operations }
}

// Characters. Of one thing listed; people compare two of them.
const operationMax = 65_536
// Of all of them together: a listing is held for each connection.
const charsMax = 16_777_216

function listsOf({
  tools,
  prompts,
  resources,
  resourceTemplates,
}: Parameters<typeof describeMcp>[0]) {
  return [
    { method: 'tools/call', key: 'name', prefix: '', items: tools },
    { method: 'prompts/get', key: 'name', prefix: 'prompt.', items: prompts },
    { method: 'resources/read', key: 'uri', prefix: 'resource.', items: resources },
    { method: 'resources/read', key: 'uriTemplate', prefix: 'resource.', items: resourceTemplates },
  ] as const
}

/** A name that a rulebook can hold (see mcp-function.ts), so that nothing is registered as something else. */
function isPlain(name: string): boolean {
  return name !== '' && name.length <= 2_048 && !/^\s|\s$|\p{C}/u.test(name)
}

/** How large a resource is and when it changed is no part of what it is. */
function withoutState({ size: _, annotations, ...described }: JsonObject): JsonObject {
  if (!isJsonObject(annotations)) return described
  const { lastModified: __, ...kept } = annotations
  return Object.keys(kept).length === 0 ? described : { ...described, annotations: kept }
}

function textOf(value: { readonly [key: string]: Json }): string | undefined {
  try {
    return canonicalJson(value)
  } catch {
    return undefined
  }
}

/** A function's name for what a server calls so: every character that a name cannot hold becomes `_`. */
function functionName(prefix: string, called: string): string {
  if (prefix === 'resource.') {
    const slug = called.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '')
    return `${prefix}${slug.slice(0, nameMax) || 'root'}`
  }
  const parts = called.slice(0, nameMax).split('.')
  const plain = parts.map((part) => part.replace(/[^A-Za-z0-9_-]/g, '_') || '_').join('.')
  return prefix === '' && !/^[A-Za-z]/.test(plain) ? `tool_${plain}` : `${prefix}${plain}`
}

// forms.ts allows 128; a prefix and what makes it unique come on top.
const nameMax = 100

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}
