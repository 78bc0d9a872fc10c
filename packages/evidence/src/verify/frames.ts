import { utf8Bytes } from '../encoding.ts'
import { isJsonObject, jsonOf } from './json.ts'
import { memberOf } from './json-path.ts'

/**
 * A value of a result, and what went back in its place. In a `document` declared paths begin; in one that is
 * `beneath` they begin at each member, at any depth; what is `unreachable` no path leads into, so it is hidden.
 * `unread`: a text that was JSON, and has become one that is none.
 */
export type Compared = {
  readonly kind: 'document' | 'beneath' | 'unreachable' | 'unread'
  readonly before: unknown
  readonly after: unknown
}

/**
 * Where declared masks apply in a JSON-RPC message of an MCP function (docs/guides/masking.md, "Results of MCP
 * functions"). JSON in a text is read, and compared as what it says.
 */
export function comparedInFrame(
  before: unknown,
  after: unknown,
  method: string,
): readonly Compared[] {
  const found: Compared[] = []
  const visit = (shape: Shape, one: Pair) => {
    const { before } = one
    const isList = Array.isArray(before)
    if (!isList && !isJsonObject(before)) visitScalar(shape, one, found)
    else if (shape === 'hidden') found.push({ ...one, kind: 'unreachable' })
    else if (shape === 'beneath') found.push({ ...one, kind: 'beneath' })
    else if (isList && isListShape(shape)) {
      for (const at of before.keys()) visit(shape.items, within(one, at))
    } else if (!isList && isListShape(shape) && shape.isOneToo) visit(shape.items, one)
    else if (!isList && isMembers(shape)) {
      for (const name of Object.keys(before)) {
        visit(shape.get(name) ?? 'hidden', within(one, name))
      }
    } else if (shape !== 'anything') found.push({ ...one, kind: 'document' })
  }
  const result = results.get(method) ?? 'document'
  visit(members({ ...messages, result }), { before, after })
  return found
}

type Pair = Omit<Compared, 'kind'>

/** What the protocol has there; everything is listed that it names, and whatever else is there is `hidden`. */
type Shape =
  | 'string'
  | 'number'
  | 'id'
  | 'boolean'
  | 'anything'
  | 'text'
  | 'binary'
  | 'document'
  | 'beneath'
  | 'hidden'
  | { readonly items: Shape; readonly isOneToo: boolean }
  | ReadonlyMap<string, Shape>

function isMembers(shape: Shape): shape is ReadonlyMap<string, Shape> {
  return shape instanceof Map
}

function isListShape(shape: Shape): shape is Extract<Shape, { readonly items: Shape }> {
  return typeof shape === 'object' && 'items' in shape
}

function within({ before, after }: Pair, step: string | number): Pair {
  return { before: memberOf(before, step), after: memberOf(after, step) }
}

/** Of true, false and null none says anything about anybody. */
function visitScalar(shape: Shape, { before, after }: Pair, found: Compared[]): void {
  if (typeof before !== 'string' && typeof before !== 'number') return
  if (before === '' || keeps.get(shape)?.includes(typeof before)) return
  const canBeText = shape !== 'hidden' && shape !== 'binary'
  const said = canBeText && typeof before === 'string' ? containerIn(before) : undefined
  if (said === undefined) found.push({ kind: 'unreachable', before, after })
  else if (typeof after !== 'string') found.push({ kind: 'document', before: said, after })
  else {
    const left = after === standIn ? undefined : jsonOf(utf8Bytes(after))
    const isRead = left !== undefined || after === standIn
    found.push({ kind: isRead ? 'document' : 'unread', before: said, after: left })
  }
}

/** What stays there as it is. */
const keeps: ReadonlyMap<Shape, readonly string[]> = new Map<Shape, readonly string[]>([
  ['string', ['string']],
  ['number', ['number']],
  ['id', ['string', 'number']],
  ['anything', ['string', 'number']],
])

/** The object or array that a text is. */
function containerIn(text: string): unknown {
  if (!/^[ \t\n\r]*[[{]/.test(text)) return undefined
  return jsonOf(utf8Bytes(text))
}

/** What the gateway puts in the place of a text into which no path leads. */
export const standIn = '[REDACTED:unreadable]'

type Members = Readonly<Record<string, Shape>>

function members(named: Members): Shape {
  return new Map(Object.entries(named))
}

const list = (items: Shape): Shape => ({ items, isOneToo: false })

const contents = members({
  uri: 'string',
  mimeType: 'string',
  text: 'text',
  blob: 'binary',
  _meta: 'beneath',
})

const annotations = members({
  audience: list('string'),
  priority: 'number',
  lastModified: 'string',
})

const block = members({
  type: 'string',
  text: 'text',
  data: 'binary',
  mimeType: 'string',
  uri: 'string',
  name: 'text',
  title: 'text',
  description: 'text',
  size: 'number',
  annotations,
  resource: contents,
  _meta: 'beneath',
})

/** A message that is no result. What an error's message says is about the request, and stays. */
const messages: Members = {
  method: 'string',
  error: members({ code: 'number', message: 'string', data: 'hidden' }),
  params: members({
    progressToken: 'id',
    progress: 'number',
    total: 'number',
    message: 'text',
    level: 'string',
    logger: 'string',
    data: 'hidden',
    requestId: 'id',
    uri: 'string',
    _meta: 'beneath',
  }),
}

/** `inputRequests` are calls of their own; `requestState` is for whoever wrote it. */
const anyResult: Members = {
  resultType: 'string',
  ttlMs: 'number',
  cacheScope: 'string',
  inputRequests: 'anything',
  requestState: 'string',
  _meta: 'beneath',
}

const message = members({ role: 'string', content: { items: block, isOneToo: true } })

const results: ReadonlyMap<string, Shape> = new Map([
  [
    'tools/call',
    members({
      ...anyResult,
      structuredContent: 'document',
      content: list(block),
      isError: 'boolean',
    }),
  ],
  ['resources/read', members({ ...anyResult, contents: list(contents) })],
  ['prompts/get', members({ ...anyResult, description: 'text', messages: list(message) })],
  ['elicitation/create', members({ ...anyResult, action: 'string', content: 'document' })],
])
