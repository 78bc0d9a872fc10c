import type { McpMethod } from '../../model/function.ts'

/** What becomes of a value of a frame. */
export type Shape =
  /** Part of the protocol: such a value stays as it is, and another is read as what it is. */
  | { readonly kind: 'kept'; readonly is: KeptValue }
  /** Declared paths and allow-lists begin here. */
  | { readonly kind: 'document' }
  /** They begin in the JSON object or array that the string is; any other text is replaced. */
  | { readonly kind: 'text' }
  /** Any member below may be the first of a declared path; allow-lists do not apply. */
  | { readonly kind: 'beneath' }
  /** Bytes in base64, which no path leads into: an empty string remains. */
  | { readonly kind: 'binary' }
  /** No path leads there, and it may hold anything: it is replaced. */
  | { readonly kind: 'hidden' }
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, Shape> }
  | { readonly kind: 'list'; readonly items: Shape }
  /** One of them, or an array of them. */
  | { readonly kind: 'some'; readonly items: Shape }

/** `id`: a string or a number. Of true, false and null none says anything about anybody. */
export type KeptValue = 'string' | 'number' | 'boolean' | 'id' | 'anything'

/**
 * The frames of an MCP function as far as declared rules are concerned: the JSON-RPC messages of MCP 2025-03-26 to
 * 2026-07-28 without `id` and `jsonrpc`. A member that is not named here is hidden.
 */
export function frameOf(method: McpMethod): Shape {
  return object({ ...messages, result: resultOf(method) })
}

const kept = (is: KeptValue): Shape => ({ kind: 'kept', is })
const string = kept('string')
const number = kept('number')
const id = kept('id')
const text: Shape = { kind: 'text' }
const document: Shape = { kind: 'document' }
const beneath: Shape = { kind: 'beneath' }
const binary: Shape = { kind: 'binary' }
const hidden: Shape = { kind: 'hidden' }
const list = (items: Shape): Shape => ({ kind: 'list', items })
function object(members: Readonly<Record<string, Shape>>): Shape {
  return { kind: 'object', members: new Map(Object.entries(members)) }
}

/** `inputRequests` are calls of their own, `requestState` belongs to who wrote it. */
const result = {
  resultType: string,
  ttlMs: number,
  cacheScope: string,
  inputRequests: kept('anything'),
  requestState: string,
  _meta: beneath,
}

const contents = object({ uri: string, mimeType: string, text, blob: binary, _meta: beneath })

const annotations = object({ audience: list(string), priority: number, lastModified: string })

const block = object({
  ...{ type: string, text, annotations, _meta: beneath },
  ...{ data: binary, mimeType: string },
  ...{ uri: string, name: text, title: text, description: text, size: number },
  resource: contents,
})

/** What is no result. An error's message says what went wrong with the request, and stays. */
const messages = {
  method: string,
  error: object({ code: number, message: string, data: hidden }),
  params: object({
    ...{ progressToken: id, progress: number, total: number, message: text },
    ...{ level: string, logger: string, data: hidden },
    ...{ requestId: id, uri: string, _meta: beneath },
  }),
}

function resultOf(method: McpMethod): Shape {
  switch (method) {
    case 'tools/call':
      return object({
        ...result,
        structuredContent: document,
        content: list(block),
        isError: kept('boolean'),
      })
    case 'resources/read':
      return object({ ...result, contents: list(contents) })
    case 'prompts/get': {
      const message = object({ role: string, content: { kind: 'some', items: block } })
      return object({ ...result, description: text, messages: list(message) })
    }
    case 'elicitation/create':
      return object({ ...result, action: string, content: document })
    default:
      return document
  }
}
