import type { McpBinding } from '../model/function.ts'
import { isJsonObject, type JsonObject } from '../model/json.ts'
import { unreachable } from './api.ts'
import { Failure } from './exit.ts'
import type { Asker } from './follow-call.ts'
import { type JsonArguments, readJsonArguments } from './json-arguments.ts'
import { openMcpEndpoint } from './mcp-endpoint.ts'
import { readMessages, statelessHeaders } from './mcp-message.ts'
import { printResult } from './mcp-result.ts'
import type { Answer } from './send-call.ts'
import { versionOf } from './version.ts'

/** A function that is called by MCP: where, and what it is there. */
export type McpTarget = { readonly connection: string; readonly mcp: McpBinding }

/** The tool that `mcp/<connection>.<tool>`, or `mcp/<connection>__<tool>`, names, with or without a rulebook at hand. */
export function mcpFunctionNamed(text: string): McpTarget | undefined {
  const [, connection, name] = /^mcp\/([a-z][a-z0-9-]{0,62})(?:\.|__)(.+)$/.exec(text) ?? []
  if (connection === undefined || name === undefined) return undefined
  return { connection, mcp: { method: 'tools/call', name } }
}

/**
 * Makes the one call, stateless (2026-07-28), and prints its result: the structured one where there is one, else its
 * texts. A call that waits for people is told as HTTP's are; made again, identically, it finds its approval by itself.
 */
export async function sendMcp(
  { url, token }: Asker,
  given: {
    readonly target: McpTarget
    readonly args: JsonArguments
    readonly whole: boolean
    readonly session: string | undefined
  },
): Promise<Answer> {
  const { target, args, whole, session } = given
  const at = `${url}/mcp/${target.connection}`
  const endpoint = openMcpEndpoint({ url: at, token: () => token })
  const text = requestText(target.mcp, args)
  const [message] = readMessages(text) ?? []
  if (!message) throw new Error('no message was written')
  const headers = {
    ...statelessHeaders(message, revision),
    ...(session !== undefined && { 'sallyport-session': session }),
  }
  const { signal } = new AbortController()
  const answer = await endpoint.post(text, { headers, signal }).catch((thrown: unknown) => {
    throw unreachable(url, thrown)
  })
  let said: string | undefined
  try {
    for await (const event of answer.messages) {
      const isAnswer = readMessages(event.text)?.some((one) => one.method === undefined)
      if (isAnswer || !answer.isStream) said = event.text
    }
  } catch {
    throw brokenOff()
  }
  return answerOf(said, { status: answer.status, method: target.mcp.method, whole })
}

const revision = '2026-07-28'

function requestText({ method, name }: McpBinding, args: JsonArguments): string {
  const meta = JSON.stringify({
    'io.modelcontextprotocol/protocolVersion': revision,
    'io.modelcontextprotocol/clientInfo': { name: 'sallyport', version: versionOf() },
    'io.modelcontextprotocol/clientCapabilities': {},
  })
  const written = args.names.map((one) => `${JSON.stringify(one)}:${args.textOf(one)}`).join(',')
  const params = `{${paramsText({ method, name }, args, `{${written}}`)},"_meta":${meta}}`
  return `{"jsonrpc":"2.0","id":1,"method":"${method}","params":${params}}`
}

function paramsText({ method, name }: McpBinding, args: JsonArguments, written: string): string {
  if (method === 'tools/call' || method === 'prompts/get') {
    return `"name":${JSON.stringify(name)},"arguments":${written}`
  }
  if (method === 'resources/read') return `"uri":${JSON.stringify(uriOf(name, args))}`
  if (method === 'completion/complete') return written.slice(1, -1)
  throw new Failure('usage', 'This is for an upstream to ask, not for a caller.')
}

/** A template (RFC 6570, levels 1 and 2) with its variables filled; or the URI that was given instead. */
function uriOf(template: string, { values }: JsonArguments): string {
  if (typeof values.uri === 'string') return values.uri
  return template.replace(/\{(\+?)([^{}]+)\}/g, (_, plus: string, name: string) => {
    const value = values[name]
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw new Failure('usage', `The resource needs ${name}.`, { cure: `Add --arg ${name}=…` })
    }
    return plus === '+' ? encodeURI(String(value)) : encodeURIComponent(String(value))
  })
}

/** What came back, in the words of any call: printed where it is a result, told where it is the gateway's no. */
async function answerOf(
  said: string | undefined,
  given: { readonly status: number; readonly method: string; readonly whole: boolean },
): Promise<Answer> {
  const { status, method, whole } = given
  if (status === 401) throw new Failure('sign-in', 'The gateway does not accept the token.')
  const [message] = (said !== undefined && readMessages(said)) || []
  if (said === undefined || !message) {
    if (status < 400) throw brokenOff()
    throw new Failure('failed', `The gateway answered ${status}, and not in MCP.`, {
      cure: 'Does it know MCP, and is this its address for calls?',
    })
  }
  const { result, error } = message.json
  const facts = refusalIn(isJsonObject(result) ? result : undefined, error)
  if (facts) return refused(facts)
  if (!isJsonObject(result)) return failed(error)
  const meta = isJsonObject(result._meta) ? result._meta : {}
  const approval = meta['io.sallyport/approval']
  if (result.resultType === 'input_required') {
    if (typeof approval !== 'string') {
      throw new Failure('failed', 'The function asks for something that this command cannot give.')
    }
    return { ...nothing, status: 202, accepted: { approval } }
  }
  await printResult(readJsonArguments(readJsonArguments(said).textOf('result')), { method, whole })
  return { ...nothing, status: 200, ...(result.isError === true && { isFailed: true }) }
}

const nothing = { problem: undefined, accepted: undefined, said: new Uint8Array() } as const

function brokenOff(): Failure {
  return new Failure('failed', 'The answer broke off before its end.', {
    cure: 'It may have had its effect: look at `sallyport calls ls` before repeating it.',
  })
}

/** The gateway's facts about its own no: beside a result that a model reads, or in an error. */
function refusalIn(
  result: JsonObject | undefined,
  error: JsonObject[string] | undefined,
): JsonObject | undefined {
  const meta = isJsonObject(result?._meta) ? result._meta : {}
  const facts = result ? meta['io.sallyport/refusal'] : isJsonObject(error) ? error.data : undefined
  return isJsonObject(facts) && typeof facts.refusal === 'string' ? facts : undefined
}

function refused(facts: JsonObject): Answer {
  const textOf = (name: string) => (typeof facts[name] === 'string' ? facts[name] : undefined)
  const code = textOf('refusal') ?? ''
  return {
    ...nothing,
    status: 403,
    said: Buffer.from(`${JSON.stringify(facts)}\n`),
    problem: {
      code,
      title: textOf('title') ?? code,
      detail: textOf('detail'),
      record: textOf('record'),
      approval: textOf('approval'),
    },
  }
}

/** An error of the function's own, or of how it was asked. */
function failed(error: JsonObject[string] | undefined): Answer {
  const said = Buffer.from(`${JSON.stringify(error ?? null)}\n`)
  return { ...nothing, status: 200, said, isFailed: true }
}
