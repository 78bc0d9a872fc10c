import type { Guarded } from '../call/stage.ts'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import { boundHeaders } from './binding.ts'
import { visibleJson } from './visible.ts'

/** What the question was about when it was asked, kept sealed beside its record. */
export type Question = {
  readonly function: {
    readonly id: string
    readonly purpose: string
    readonly owner: string
    readonly sensitivity: string
    readonly risk: string
  }
  /** The subject, then the actors, as they proved themselves. */
  readonly parties: readonly {
    readonly id: string
    readonly kind: string
    readonly groups: readonly string[]
  }[]
  /** The caller's own name for its conversation: its words, which nobody has checked. */
  readonly sessionName: string | undefined
  readonly connection: string
  readonly upstream: string
  /** Argument values with argument masks applied. */
  readonly arguments: JsonObject
  /** Names of headers that are passed on as they are and no argument stands for: bound, and not shown. */
  readonly headers: readonly string[]
  /** True when the call also carries a body that streams through unread: no approval covers its content. */
  readonly unreadBody: boolean
  readonly protocol: string
}

/** What is put before people. `values` are the arguments as people may see them. */
export function questionOf(at: Guarded, values: JsonObject): Question {
  const { id, purpose, owner, sensitivity, risk, http } = at.fn
  return {
    function: { id, purpose, owner, sensitivity, risk },
    parties: [at.principal.subject, ...at.principal.actors].map((party) => ({
      id: party.id,
      kind: party.kind,
      groups: party.groups,
    })),
    sessionName: at.call.sessionName,
    connection: at.connection.id,
    upstream: at.connection.upstream,
    arguments: values,
    headers: [...new Set(boundHeaders(at).map(([name]) => name))],
    unreadBody: http?.body === 'stream',
    protocol: at.call.source.protocol,
  }
}

/**
 * The arguments as people may see them: what the upstream or the record must not see, they do not
 * see either. A number that this machine cannot hold exactly is shown as its text.
 */
export function maskedValues(maskKey: Uint8Array): (at: Guarded) => JsonObject {
  return (at) => {
    const masking = at.rules.argumentMasking(at.fn)
    const { exactNumber } = at.args
    let values: JsonObject = exactNumber
      ? exactMembers(at.args.values, [], exactNumber)
      : at.args.values
    let answers = at.args.parts && answersOf(at.args.parts.answers)
    for (const from of ['upstream', 'record'] as const) {
      const hides = from === 'upstream' ? masking.hidesFromUpstream : masking.hidesFromRecord
      if (!hides) continue
      values = masking.apply(values, { from, key: maskKey }).values
      answers = answers && masking.apply(answers, { from, key: maskKey }).values
    }
    values = uriLike(at, values, answers)
    // Who says yes says it to the answers, too: both are bound.
    return answers ? { arguments: values, inputResponses: answers } : values
  }
}

/** What is hidden in a part of a resource's URI stands in the URI as well. */
function uriLike(at: Guarded, values: JsonObject, answers: JsonObject | undefined): JsonObject {
  const { fn, args } = at
  if (fn.mcp?.method !== 'resources/read') return values
  if (Object.keys(values).every((name) => values[name] === args.values[name])) return values
  const rest = answers && { answers: Buffer.from(JSON.stringify(answers)) }
  const { outbound } = at.rewrite({ values, body: undefined, ...rest })
  if (outbound.protocol !== 'mcp') throw new Error('a resource is read by MCP')
  const { uri } = JSON.parse(Buffer.from(outbound.params).toString('utf8'))
  return { ...values, uri }
}

function answersOf(bytes: Uint8Array): JsonObject {
  const answers: Json = JSON.parse(Buffer.from(bytes).toString('utf8'))
  return isJsonObject(answers) ? answers : {}
}

/** Reads a question back, its text made visible. Undefined when the bytes are none of ours. */
export function readQuestion(bytes: Uint8Array): Question | undefined {
  const read: Json = JSON.parse(new TextDecoder().decode(bytes))
  const shown = visibleJson(read)
  if (!isJsonObject(shown) || !isJsonObject(shown.function)) return undefined
  const { parties, sessionName, connection, upstream, protocol, unreadBody, headers } = shown
  const { arguments: values } = shown
  const { id, purpose, owner, sensitivity, risk } = shown.function
  if (!isJsonObject(values)) return undefined
  return {
    function: {
      id: text(id),
      purpose: text(purpose),
      owner: text(owner),
      sensitivity: text(sensitivity),
      risk: text(risk),
    },
    parties: list(parties)
      .filter(isJsonObject)
      .map((party) => ({
        id: text(party.id),
        kind: text(party.kind),
        groups: list(party.groups).map(text),
      })),
    sessionName: typeof sessionName === 'string' ? sessionName : undefined,
    connection: text(connection),
    upstream: text(upstream),
    arguments: values,
    headers: list(headers).map(text),
    unreadBody: unreadBody !== false,
    protocol: text(protocol),
  }
}

type ExactNumber = (path: readonly string[]) => string | undefined

function exactMembers(value: JsonObject, path: readonly string[], exact: ExactNumber): JsonObject {
  const entries = Object.entries(value)
  return Object.fromEntries(
    entries.map(([key, one]) => [key, exactJson(one, [...path, key], exact)]),
  )
}

function exactJson(value: Json, path: readonly string[], exact: ExactNumber): Json {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : (exact(path) ?? value)
  if (isJsonObject(value)) return exactMembers(value, path, exact)
  if (!Array.isArray(value)) return value
  return value.map((one, index) => exactJson(one, [...path, String(index)], exact))
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : []
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}
