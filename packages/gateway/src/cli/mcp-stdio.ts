import { once } from 'node:events'
import type { Command } from 'commander'
import { readAddress } from './address.ts'
import { examples } from './declare.ts'
import { Failure } from './exit.ts'
import { readTokenFile } from './input.ts'
import { openMcpEndpoint } from './mcp-endpoint.ts'
import { openMcpRelay } from './mcp-relay.ts'
import { say } from './output.ts'
import { visible } from './visible.ts'

export function declare(program: Command): void {
  program
    .command('mcp-stdio')
    .summary('be an MCP server of a desktop client')
    .description(
      'Speaks MCP on stdin and stdout and passes it on to a running gateway, as the holder of a token or API key ' +
        'from SALLYPORT_TOKEN or a file. For clients that start their servers themselves.',
    )
    .option('--connection <id>', 'only the functions of this connection, by their own names')
    .option('--token-file <file>', 'a token or API key; read again for each request')
    .option('--url <url>', 'the gateway (default: SALLYPORT_URL, then http://127.0.0.1:7433)')
    .addHelpText(
      'before',
      examples('sallyport mcp-stdio', 'sallyport mcp-stdio --connection crm --token-file ~/.key'),
    )
    .action(run)
}

type Options = {
  readonly connection?: string
  readonly tokenFile?: string
  readonly url?: string
}

const defaultUrl = 'http://127.0.0.1:7433'

/** Nothing but messages goes to stdout. Ends when its input ends and every request has its answer, or by a signal. */
async function run({ connection, tokenFile, url }: Options): Promise<void> {
  const base = readAddress(url ?? process.env.SALLYPORT_URL ?? defaultUrl)
  if (connection !== undefined && !/^[a-z][a-z0-9-]{0,62}$/.test(connection)) {
    throw new Failure('usage', 'This is not the id of a connection.', { detail: connection })
  }
  const token = tokenSource(tokenFile)
  const below = connection === undefined ? '' : `/${connection}`
  const relay = openMcpRelay({
    endpoint: openMcpEndpoint({ url: `${base}/mcp${below}`, token }),
    write: openLineWriter(),
    say: (sentence) => say(visible(sentence)),
  })
  const stop = new AbortController()
  const onSignal = () => stop.abort()
  for (const signal of signals) process.once(signal, onSignal)
  try {
    await takeLines(relay, stop.signal)
  } finally {
    await relay.close()
    for (const signal of signals) process.off(signal, onSignal)
    process.stdin.destroy()
  }
}

/** A client slower than the gateway is waited for, by all answers together, rather than fill the memory. */
function openLineWriter(): (line: string) => Promise<void> {
  let drained: Promise<void> | undefined
  return async (line) => {
    if (process.stdout.write(`${line}\n`)) return
    drained ??= once(process.stdout, 'drain').then(() => {
      drained = undefined
    })
    await drained
  }
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Asked for once at the start, so that a missing one is said at once. */
function tokenSource(file: string | undefined): () => string {
  if (file !== undefined) {
    readTokenFile(file)
    return () => readTokenFile(file)
  }
  const token = process.env.SALLYPORT_TOKEN
  if (token) return () => token
  throw new Failure('sign-in', 'There is no token to call with.', {
    cure: 'Set SALLYPORT_TOKEN, or use --token-file. `sallyport keys create` makes a key.',
  })
}

async function takeLines(
  relay: ReturnType<typeof openMcpRelay>,
  signal: AbortSignal,
): Promise<void> {
  const ended = once(signal, 'abort')
  const taken = (async () => {
    for await (const line of linesOf(process.stdin)) {
      if (signal.aborted) return
      await (line === undefined ? relay.tooLong() : relay.take(line))
    }
    await relay.settled()
  })()
  await Promise.race([taken, ended])
}

/** 4 MiB: four times what the gateway takes of one request, so that it is the gateway that refuses. */
const lineBytesMax = 4_194_304

/** Lines of stdin; undefined stands for one that was too long. One that was begun and not ended is none. */
async function* linesOf(
  stdin: AsyncIterable<Uint8Array | string>,
): AsyncGenerator<string | undefined> {
  let begun: Buffer[] = []
  let size = 0
  for await (const part of stdin) {
    let rest = Buffer.from(part)
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
      const line = Buffer.concat([...begun, rest.subarray(0, end)])
      const isWhole = size + end <= lineBytesMax
      yield isWhole ? line.toString('utf8') : undefined
      ;[begun, size, rest] = [[], 0, rest.subarray(end + 1)]
    }
    size += rest.length
    // What nobody will read is not kept, only measured.
    begun = size > lineBytesMax ? [] : [...begun, rest]
  }
}
