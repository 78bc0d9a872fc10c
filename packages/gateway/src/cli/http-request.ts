import type { HttpConnection } from '../model/connection.ts'
import type { ArgumentPlace, HttpFunction } from '../model/function.ts'
import type { Json } from '../model/json.ts'
import { Failure } from './exit.ts'
import type { JsonArguments } from './json-arguments.ts'

/** One call of a function as the HTTP request that makes it. */
export type FunctionRequest = {
  readonly method: string
  /** Path and query below the gateway's address. */
  readonly path: string
  /** The host name callers use, where the connection is addressed by one. */
  readonly host: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | undefined
}

/**
 * Puts each argument where the function takes it from. What the function does not declare goes where
 * undeclared arguments go, and is for the gateway to refuse.
 */
export function requestOf(
  fn: HttpFunction,
  connection: HttpConnection,
  given: { readonly args: JsonArguments; readonly bodyFile?: Uint8Array | undefined },
): FunctionRequest {
  const { http } = fn
  const { args, bodyFile } = given
  const placeOf = (name: string): ArgumentPlace =>
    http.places[name] ?? (http.body === 'json' || http.body === 'form' ? 'body' : 'query')
  const at = (place: ArgumentPlace) => args.names.filter((name) => placeOf(name) === place)
  const query = new URLSearchParams()
  for (const name of at('query'))
    for (const text of fieldTexts(args, name)) query.append(name, text)
  const prefix =
    connection.prefix === undefined || connection.prefix === '/' ? '' : connection.prefix
  const body = bodyOf(fn, { args, names: at('body'), bodyFile })
  return {
    method: http.method,
    path: `${prefix}${fillTemplate(fn, args)}${query.size === 0 ? '' : `?${query}`}`,
    host: connection.host,
    headers: {
      ...Object.fromEntries(at('header').map((name) => [name.toLowerCase(), textOf(args, name)])),
      ...(body !== undefined && { 'content-type': mediaTypes[http.body] }),
    },
    body,
  }
}

const mediaTypes: Readonly<Record<HttpFunction['http']['body'], string>> = {
  none: 'application/octet-stream',
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  text: 'text/plain; charset=utf-8',
  binary: 'application/octet-stream',
  stream: 'application/octet-stream',
}

function fillTemplate(fn: HttpFunction, args: JsonArguments): string {
  return fn.http.path.replace(/\{([^{}]+)\}/g, (_, name: string) => {
    if (!args.names.includes(name)) {
      throw new Failure('usage', `${fn.id} needs the argument ${name}.`, {
        cure: `Add it: -d '{"${name}": …}'`,
      })
    }
    return encodeURIComponent(textOf(args, name))
  })
}

function bodyOf(
  { id, http }: HttpFunction,
  given: {
    readonly args: JsonArguments
    readonly names: readonly string[]
    readonly bodyFile: Uint8Array | undefined
  },
): string | Uint8Array | undefined {
  const { args, names, bodyFile } = given
  if (bodyFile !== undefined) return bodyFile
  if (http.body === 'none') return undefined
  if (http.bodyArgument !== undefined) {
    if (!names.includes(http.bodyArgument)) return undefined
    return http.body === 'json' ? args.textOf(http.bodyArgument) : textOf(args, http.bodyArgument)
  }
  if (http.body === 'form') {
    const fields = new URLSearchParams()
    for (const name of names) for (const one of fieldTexts(args, name)) fields.append(name, one)
    return fields.toString()
  }
  if (http.body === 'json') {
    return `{${names.map((name) => `${JSON.stringify(name)}:${args.textOf(name)}`).join(',')}}`
  }
  if (names.length === 0) return undefined
  throw new Failure('usage', `${id} takes its body from a file.`, { cure: 'Add --body <file>.' })
}

/** A list becomes a field for each of its elements. */
function fieldTexts(args: JsonArguments, name: string): readonly string[] {
  const value = args.values[name]
  if (!Array.isArray(value)) return [textOf(args, name)]
  return value.map((one: Json) => scalarText(name, one))
}

function textOf(args: JsonArguments, name: string): string {
  const value = args.values[name]
  return typeof value === 'number' ? args.textOf(name) : scalarText(name, value)
}

function scalarText(name: string, value: Json | undefined): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new Failure('usage', `The argument ${name} has to be text, a number or true or false.`)
}
