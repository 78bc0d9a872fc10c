import { limits } from '../config/limits.ts'
import type { McpConnection } from '../model/connection.ts'
import type { McpListing } from '../model/mcp-listing.ts'
import type { Credential, SecretReference } from '../model/secret.ts'
import { forwarder } from '../protocol/mcp/forward.ts'
import { importMcp } from '../rulebook/mcp-import.ts'
import { Failure } from './exit.ts'
import { sayImported } from './import-openapi.ts'
import { versionOf } from './version.ts'
import { visible } from './visible.ts'

export type McpImportAsked = {
  readonly connection: string
  readonly owner: string
  readonly include?: readonly string[]
  readonly out?: string
  /** Name of the environment variable that holds a bearer token. */
  readonly tokenEnv?: string
  /** Names of environment variables that a child process gets. */
  readonly env?: readonly string[]
}

/** What an MCP server lists as a functions file, to stdout or to a new file. Warnings go to stderr. */
export async function importMcpServer(
  target: readonly [string, ...string[]],
  asked: McpImportAsked,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const { connection: id, owner, include, out } = asked
  const connection = connectionTo(target, asked)
  const listing = await listingOf(connection, asked, env)
  const imported = importMcp(listing, { connection: id, owner, ...(include && { include }) })
  if ('problem' in imported) throw new Failure('failed', visible(imported.problem))
  sayImported(imported, {
    out,
    cure: include ? 'Does --include fit a name?' : 'Does it list tools, prompts or resources?',
    next: connectionText(connection, asked),
  })
}

/** The file that these functions need beside them. Names of variables only; no value of a secret is here. */
function connectionText(
  { id, upstream, stdio }: McpConnection,
  { tokenEnv }: McpImportAsked,
): string {
  const lines = [`id: ${id}`, 'protocol: mcp']
  if (stdio) {
    const { command, args, env } = stdio
    const child = { command, args, ...(Object.keys(env).length > 0 && { env }) }
    lines.push(`stdio: ${JSON.stringify(child)}`)
  } else lines.push(`upstream: ${JSON.stringify(upstream)}`)
  const bearer =
    tokenEnv === undefined ? 'none' : `{ bearer: ${JSON.stringify({ env: tokenEnv })} }`
  lines.push(`credential: ${bearer}`)
  const file = visible(`connections/${id}.yaml`)
  const shown = lines.map((line) => `    ${visible(line)}`)
  return [`  Their connection, if the rulebook has none yet, is ${file}:`, ...shown].join('\n')
}

function connectionTo(
  [first, ...args]: readonly [string, ...string[]],
  { connection: id, env = [] }: McpImportAsked,
): McpConnection {
  const common = {
    ...({ id, protocol: 'mcp', credential: { kind: 'none' }, shared: false } as const),
    ...{ definitionMaxAgeMs: 0, describedEveryMs: limits.describedByMsMax },
  }
  if (/^https?:\/\//i.test(first)) {
    if (args.length > 0) throw new Failure('usage', 'A URL is followed by nothing.')
    return { ...common, upstream: first }
  }
  const child = {
    command: first,
    args,
    env: Object.fromEntries(env.map((name) => [name, { env: name }])),
  }
  return { ...common, upstream: `stdio:${first}`, stdio: child }
}

async function listingOf(
  connection: McpConnection,
  { tokenEnv }: McpImportAsked,
  env: Readonly<Record<string, string | undefined>>,
): Promise<McpListing> {
  const credential = tokenEnv === undefined ? none : bearer(secretIn(env, { env: tokenEnv }))
  const server = forwarder({
    version: versionOf(),
    searchPath: env.PATH,
    readSecret: async (reference) => secretIn(env, reference),
    credentialOf: async () => credential,
  })
  try {
    const within = AbortSignal.timeout(limits.mcpStartMs + limits.descriptionFetchMs)
    const listing = await server.describe(connection, credential, within)
    if (!('problem' in listing)) return listing
    throw new Failure('failed', 'The server could not be read.', {
      detail: listing.problem,
      cure: cureFor(connection),
    })
  } finally {
    await server.close()
  }
}

function cureFor({ stdio }: McpConnection): string {
  if (!stdio) return 'Is it its MCP endpoint? Does it want a token (--token-env)?'
  const start = 'Does the command start an MCP server?'
  return 'PATH' in stdio.env ? start : `${start} npx and most scripts need --env PATH.`
}

const none: Credential = { kind: 'none', echoes: [] }

function bearer(token: string): Credential {
  return { kind: 'header', name: 'authorization', value: `Bearer ${token}`, echoes: [] }
}

function secretIn(
  env: Readonly<Record<string, string | undefined>>,
  reference: SecretReference,
): string {
  if (!('env' in reference)) throw new Error('only the environment is read here')
  const value = env[reference.env]
  if (value !== undefined && value !== '') return value
  throw new Failure('usage', `The environment variable ${visible(reference.env)} is not set.`)
}
