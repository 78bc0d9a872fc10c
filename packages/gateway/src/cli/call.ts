import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { readAddress } from './address.ts'
import { durationOrNoneMs, examples } from './declare.ts'
import { exitOfRefusal, exits, Failure } from './exit.ts'
import { requestOf } from './http-request.ts'
import { readFileOrStdin, readSecret } from './input.ts'
import { readJsonArguments } from './json-arguments.ts'
import { err, say } from './output.ts'
import { findRulebook, loadFolder } from './rulebook-folder.ts'
import { type Answer, sendCall } from './send-call.ts'
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
    .option('--body <file>', 'the body, for functions that take one whole')
    .option('--token-file <file>', 'a token or API key')
    .option('--token-stdin', 'read the token or API key from stdin')
    .option(
      '--wait <time>',
      'how long to be held for an approval: 2m; 0s: not at all',
      durationOrNoneMs,
    )
    .option('--approval <id>', 'the approval this call was given')
    .option('--session <name>', 'your name for the conversation this call belongs to')
    .option('--rulebook <folder>', 'where the function is described', '.')
    .option('--url <url>', 'the gateway (default: SALLYPORT_URL, then http://127.0.0.1:7433)')
    .option('-i, --include', 'show status and headers of the answer')
    .addHelpText(
      'before',
      examples(
        'sallyport call crm.customer.get -d \'{"id": "c-1"}\' --token-file key',
        'sallyport call payments.transfer -d @transfer.json --wait 2m',
        'sallyport call payments.transfer -d @transfer.json --approval 0198c2d0-…',
      ),
    )
    .action(run)
}

type Options = {
  readonly data: string
  readonly body?: string
  readonly tokenFile?: string
  readonly tokenStdin?: true
  readonly wait?: number
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
  const url = readAddress(options.url ?? process.env.SALLYPORT_URL ?? defaultUrl)
  const { folder } = await findRulebook(options.rulebook)
  const { rulebook } = await loadFolder(folder)
  const fn = rulebook.functions.find(({ id }) => id === functionId)
  const connection = rulebook.connections.find(({ id }) => id === fn?.connection)
  if (!fn || !connection) {
    throw new Failure('failed', `There is no function ${functionId} in ${folder}.`, {
      cure: await nearestOf(functionId, rulebook.functions),
    })
  }
  const request = requestOf(fn, connection, {
    args: readJsonArguments(await dataText(options)),
    bodyFile: options.body === undefined ? undefined : readFileSync(options.body),
  })
  const answer = await sendCall({
    url,
    request,
    headers: {
      authorization: `Bearer ${await tokenOf(options)}`,
      ...(options.wait !== undefined && { prefer: `wait=${Math.ceil(options.wait / 1_000)}` }),
      ...(options.approval !== undefined && { 'sallyport-approval': options.approval }),
      ...(options.session !== undefined && { 'sallyport-session': options.session }),
    },
    onHead: (status, headers) => {
      if (options.include) sayHead(status, headers)
    },
  })
  process.exitCode = verdictOf(answer, functionId)
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
function verdictOf({ status, problem }: Answer, functionId: string): number {
  if (problem === undefined) {
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
    const id = visible(problem.approval)
    say(`  → Somebody else:  sallyport approvals approve ${id}`)
    say(`  → Then you:       sallyport call ${functionId} … --approval ${id}`)
  }
  return exits[exit].code
}
