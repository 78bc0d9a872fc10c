import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import type { HttpConnection } from '../model/connection.ts'
import type { HttpFunction } from '../model/function.ts'
import { readAddress } from './address.ts'
import { type McpTarget, mcpFunctionNamed, sendMcp } from './call-mcp.ts'
import { durationOrNoneMs, examples } from './declare.ts'
import { exitOfRefusal, exits, Failure } from './exit.ts'
import { type Asker, followed, resultPath } from './follow-call.ts'
import { requestOf } from './http-request.ts'
import { readFileOrStdin, readSecret } from './input.ts'
import { type JsonArguments, readJsonArguments, withArguments } from './json-arguments.ts'
import { err, say } from './output.ts'
import { findRulebook, loadFolder } from './rulebook-folder.ts'
import { type Answer, printSaid, sendCall } from './send-call.ts'
import { visible, visibleLines } from './visible.ts'

export function declare(program: Command): void {
  program
    .command('call <function>')
    .summary('make one call through the gateway')
    .description(
      'Makes one call as the holder of a token or API key, from SALLYPORT_TOKEN, a file or stdin. ' +
        'The body of the answer goes to stdout, everything else to stderr.',
    )
    .option('-d, --data <json>', 'the arguments: JSON, @file, or - for stdin', '{}')
    .option('--arg <name=value...>', 'one argument: JSON where it is JSON, else text')
    .option('--body <file>', 'the body, for functions that take one whole')
    .option('--token-file <file>', 'a token or API key')
    .option('--token-stdin', 'read the token or API key from stdin')
    .option(
      '--wait <time>',
      'how long to wait for people to approve it: 30m; 0s: not at all',
      durationOrNoneMs,
    )
    .addOption(
      new Option('--async', 'ask people, and do not wait: come back with --approval').conflicts(
        'wait',
      ),
    )
    .option('--defer', 'have the gateway make the call by itself once it is approved')
    .option(
      '--clearance <terms>',
      'ask for more than this one call: window; uses=10; for=30m; when="…"',
    )
    .option('--result <approval>', 'fetch the result of a deferred call instead')
    .option('--approval <id>', 'the approval this call was given')
    .option('--session <name>', 'your name for the conversation this call belongs to')
    .option('--rulebook <folder>', 'where the function is described', '.')
    .option('--url <url>', 'the gateway (default: SALLYPORT_URL, then http://127.0.0.1:7433)')
    .option('-i, --include', 'show status and headers of the answer')
    .option('--json', 'the whole result of an MCP function, as JSON')
    .addHelpText(
      'before',
      examples(
        'sallyport call crm.customer.get -d \'{"id": "c-1"}\' --token-file key',
        'sallyport call mcp/crm.refund --arg order=o-7 amount=25',
        'sallyport call payments.transfer -d @transfer.json --wait 30m',
        'sallyport call payments.transfer -d @transfer.json --defer',
        'sallyport call payments.transfer -d @transfer.json --approval 0198c2d0-…',
      ),
    )
    .action(run)
}

type Options = {
  readonly data: string
  readonly arg?: readonly string[]
  readonly json?: true
  readonly body?: string
  readonly tokenFile?: string
  readonly tokenStdin?: true
  readonly wait?: number
  readonly async?: true
  readonly defer?: true
  readonly clearance?: string
  readonly result?: string
  readonly approval?: string
  readonly session?: string
  readonly rulebook: string
  readonly url?: string
  readonly include?: true
}

/** As much as the gateway takes of arguments. */
const dataBytesMax = 1_048_576
const defaultUrl = 'http://127.0.0.1:7433'

async function run(functionId: string, options: Options): Promise<void> {
  const until = performance.now() + (options.wait ?? 0)
  const url = readAddress(options.url ?? process.env.SALLYPORT_URL ?? defaultUrl)
  if (options.result !== undefined) return fetchLater(url, functionId, options)
  const named = mcpFunctionNamed(functionId)
  const target = await targetOf(functionId, named, options)
  const args = readJsonArguments(withArguments(await dataText(options), options.arg ?? []))
  const asker = { url, token: await tokenOf(options) }
  const send = target.mcp
    ? mcpSender(asker, { target, args, options })
    : httpSender(asker, { ...target, args, options })
  const answer = await followed(await send(preferred(options)), {
    asker,
    until,
    again: (approval) => send({ prefer: 'wait=0', 'sallyport-approval': approval }),
    fetchResult: (path) => sendGet(asker, path, options),
  })
  await printSaid(answer)
  process.exitCode = verdictOf(answer, functionId, options)
}

type HttpTarget = {
  readonly fn: HttpFunction
  readonly connection: HttpConnection
  readonly mcp?: undefined
}

/** What is called: as the rulebook describes it, or as `mcp/…` names it where there is none. */
async function targetOf(
  id: string,
  named: McpTarget | undefined,
  options: Options,
): Promise<HttpTarget | McpTarget> {
  const functionId = id.replace(/^mcp\//, '')
  const found = await findRulebook(options.rulebook).catch((thrown: unknown) => {
    if (named) return undefined
    throw thrown
  })
  if (!found) return named ?? noFunction(functionId, options.rulebook)
  const { rulebook } = await loadFolder(found)
  const fn = rulebook.functions.find((one) => one.id === functionId)
  const connection = rulebook.connections.find((one) => one.id === fn?.connection)
  if (fn?.mcp) return { connection: fn.connection, mcp: fn.mcp }
  if (fn?.http && connection?.protocol === 'http' && id === functionId) return { fn, connection }
  return (
    named ?? noFunction(functionId, found.folder, await nearestOf(functionId, rulebook.functions))
  )
}

function noFunction(id: string, folder: string, cure?: string): never {
  throw new Failure('failed', `There is no function ${id} in ${folder}.`, { cure })
}

type Send = (headers: Readonly<Record<string, string>>) => Promise<Answer>

function mcpSender(
  asker: Asker,
  given: { readonly target: McpTarget; readonly args: JsonArguments; readonly options: Options },
): Send {
  const { target, args, options } = given
  for (const name of ['body', 'clearance', 'defer', 'include'] as const) {
    if (options[name] === undefined) continue
    throw new Failure('usage', `--${name} is not for functions of MCP servers.`, {
      cure: mcpInstead[name],
    })
  }
  const { session, json } = options
  return () => sendMcp(asker, { target, args, session, whole: json === true })
}

/** What to do instead of what only a call by HTTP has. */
const mcpInstead = {
  body: 'Give the arguments with --arg or -d.',
  clearance: 'Leave it out: a call by MCP asks for itself alone.',
  defer:
    'Leave it out, and make the same call again once it is approved. Clients that declare tasks are given one by themselves.',
  include: 'Use --json: it shows everything that came back.',
} as const

function httpSender(
  { url, token }: Asker,
  given: Omit<HttpTarget, 'mcp'> & { readonly args: JsonArguments; readonly options: Options },
): Send {
  const { fn, connection, args, options } = given
  const request = requestOf(fn, connection, {
    args,
    bodyFile: options.body === undefined ? undefined : readFileSync(options.body),
  })
  return (headers) =>
    sendCall({
      url,
      request,
      headers: {
        authorization: `Bearer ${token}`,
        ...(options.approval !== undefined && { 'sallyport-approval': options.approval }),
        ...(options.session !== undefined && { 'sallyport-session': options.session }),
        ...(options.clearance !== undefined && { 'sallyport-clearance': options.clearance }),
        ...headers,
      },
      onHead: headOf(options),
    })
}

/** How it would like to be answered, as headers. */
function preferred({
  wait,
  async: isAsync,
  defer,
  approval,
}: Options): Readonly<Record<string, string>> {
  if (defer) return { prefer: 'respond-async', 'sallyport-defer': 'true' }
  if (isAsync) return { prefer: 'respond-async' }
  if (wait === undefined) return {}
  // Who has a question already follows it, and hears how far it is.
  if (approval !== undefined) return { prefer: 'wait=0' }
  // Longer is asked for again and again: what stands between would cut a connection that is quiet for a minute.
  return { prefer: `wait=${Math.ceil(Math.min(wait, heldMsMax) / 1_000)}` }
}

const heldMsMax = 45_000

async function fetchLater(url: string, functionId: string, options: Options): Promise<void> {
  const until = performance.now() + (options.wait ?? 0)
  const asker = { url, token: await tokenOf(options) }
  const path = await resultPath(asker, options.result ?? '')
  const fetchResult = () => sendGet(asker, path, options)
  const answer = await followed(await fetchResult(), {
    asker,
    until,
    again: fetchResult,
    fetchResult,
  })
  await printSaid(answer)
  process.exitCode = verdictOf(answer, functionId, options)
}

function sendGet({ url, token }: Asker, path: string, options: Options): Promise<Answer> {
  return sendCall({
    url,
    request: { method: 'GET', path, host: undefined, headers: {}, body: undefined },
    headers: { authorization: `Bearer ${token}` },
    onHead: headOf(options),
  })
}

function headOf({ include }: Options): Parameters<typeof sendCall>[0]['onHead'] {
  return (status, headers) => {
    if (include) sayHead(status, headers)
  }
}

async function dataText({ data, tokenStdin }: Options): Promise<string> {
  if (data === '-' || data === '@-') {
    if (tokenStdin) throw new Failure('usage', 'stdin cannot hold both arguments and token.')
    return readFileOrStdin('-', dataBytesMax)
  }
  return data.startsWith('@') ? readFileOrStdin(data.slice(1), dataBytesMax) : data
}

async function tokenOf({ tokenFile, tokenStdin }: Options): Promise<string> {
  if (tokenStdin) return readSecret('-', 'token')
  if (tokenFile !== undefined) return readSecret(tokenFile, 'token')
  const token = process.env.SALLYPORT_TOKEN
  if (token) return token
  throw new Failure('sign-in', 'There is no token to call with.', {
    cure: 'Set SALLYPORT_TOKEN, or use --token-file or --token-stdin. `sallyport keys create` makes a key.',
  })
}

async function nearestOf(
  id: string,
  functions: readonly { readonly id: string }[],
): Promise<string> {
  const { nearest } = await import('../config/schema-problem.ts')
  const near = nearest(
    id,
    functions.map((one) => one.id),
  )
  return near ? `Did you mean ${near}?` : 'List them: sallyport functions ls'
}

function sayHead(status: number, headers: readonly (readonly [string, string])[]): void {
  say(err.bold(String(status)))
  for (const [name, value] of headers) say(`${err.dim(`${visible(name)}:`)} ${visible(value)}`)
  say()
}

/** Says what a refusal means and what to do; the exit code says it to scripts. */
function verdictOf(answer: Answer, functionId: string, options: Options): number {
  const { status, problem, accepted, isFailed } = answer
  if (accepted) {
    say(`${err.yellow('‖')} It is not made yet: people are asked first.`)
    sayNext(accepted.approval, functionId, options)
    return exits.held.code
  }
  if (problem === undefined) {
    if (isFailed) {
      say(`${err.yellow('!')} The function says that it failed.`)
      return exits.upstream.code
    }
    if (status < 400) return exits.ok.code
    say(`${err.yellow('!')} The function answered ${status}.`)
    return exits.upstream.code
  }
  const exit = exitOfRefusal(problem.code)
  const mark = exit === 'held' ? err.yellow('‖') : err.red('✕')
  say(`${mark} ${visible(problem.title)} (${visible(problem.code)})`)
  if (problem.detail) say(`  ${visibleLines(problem.detail)}`)
  if (problem.record) say(err.dim(`  Record ${visible(problem.record)}`))
  if (exit === 'held' && problem.approval !== undefined) {
    sayNext(problem.approval, functionId, options)
  }
  return exits[exit].code
}

function sayNext(approval: string, functionId: string, { defer }: Options): void {
  const id = visible(approval)
  say(`  → Somebody else:  sallyport approvals approve ${id}`)
  if (defer) say(`  → Then you:       sallyport call ${functionId} --result ${id}`)
  else say(`  → Then you:       sallyport call ${functionId} … --approval ${id}`)
}
