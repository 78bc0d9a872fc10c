import type { Command } from 'commander'
import type { FunctionDetail, FunctionSummary } from '../admin/function-contract.ts'
import { signedInApi } from './api.ts'
import { adminUrlOption, collected, examples, outputOption, withPaging } from './declare.ts'
import { declareHolds, holdFacts, unreadFacts } from './function-holds.ts'
import type { McpImportAsked } from './import-mcp.ts'
import { type Format, facts, out, sayMore, tellOne, tellRows } from './output.ts'
import { visible, visibleJson } from './visible.ts'

export function declare(program: Command): void {
  const functions = program
    .command('functions')
    .summary('list, show, compare, accept and import functions')
    .description(
      'The functions of the rulebook in force, what their upstreams say of them now, and import of new ones.',
    )
    .addHelpText(
      'beforeAll',
      examples(
        'sallyport functions ls',
        'sallyport functions ls --held',
        'sallyport functions get crm.customer.get',
        'sallyport functions diff crm.customer.get',
        'sallyport functions accept crm.customer.get --found sha256:… --note "the new member is public"',
        'sallyport functions discovered --connection crm',
        'sallyport functions sources',
        'sallyport functions coverage',
        'sallyport functions import openapi crm.yaml --connection crm --owner team-crm \\\n' +
          '      --out rulebook/functions/crm.yaml',
        'sallyport functions import mcp https://mcp.example/mcp --connection crm --owner team-crm',
        'sallyport functions import mcp --connection files --owner team-it --env PATH -- \\\n' +
          '      npx -y @modelcontextprotocol/server-filesystem /srv/files',
      ),
    )
  withPaging(functions.command('ls').summary('list functions'))
    .option('--connection <id>', 'only those of this connection')
    .option('--sensitivity <level>', 'only those of this sensitivity')
    .option('--risk <level>', 'only those of this risk')
    .option('--owner <owner>', 'only those of this owner')
    .option('--held', 'only those whose calls are refused: not as registered, or not to be read')
    .option('-q, --search <text>', 'only those that mention this')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(list)
  functions
    .command('get <id>')
    .summary('show one function in full')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(get)
  declareHolds(functions)
  const imports = functions.command('import').summary('turn what an upstream offers into functions')
  imports
    .command('mcp <target...>')
    .summary('from an MCP server: its URL, or -- and the command that starts it')
    .requiredOption('--connection <id>', 'the connection they belong to')
    .requiredOption('--owner <owner>', 'who answers for them')
    .option(
      '--include <pattern>',
      'only functions of this name, or read_*; repeat for more',
      collected,
    )
    .option('--token-env <name>', 'the environment variable that holds its bearer token')
    .option('--env <name>', 'a variable the command gets, such as PATH; repeat for more', collected)
    .option('--out <file>', 'write here instead of stdout; never overwrites')
    .action(async (target: string[], options: McpImportAsked) => {
      const { importMcpServer } = await import('./import-mcp.ts')
      const [first, ...rest] = target
      if (first !== undefined) await importMcpServer([first, ...rest], options, process.env)
    })
  imports
    .command('openapi <file>')
    .summary('from OpenAPI 3.0 or 3.1; - reads stdin')
    .requiredOption('--connection <id>', 'the connection they belong to')
    .requiredOption('--owner <owner>', 'who answers for them')
    .option('--include <pattern>', 'only operations like this; repeat for more', collected)
    .option('--out <file>', 'write here instead of stdout; never overwrites')
    .action(async (file: string, options: Parameters<typeof importFile>[1]) => {
      await importFile(file, options)
    })
}

type Common = { readonly adminUrl?: string; readonly output: Format }
type Filters = {
  readonly connection?: string
  readonly sensitivity?: string
  readonly risk?: string
  readonly owner?: string
  readonly held?: true
  readonly search?: string
  readonly limit: number
  readonly all?: true
}

async function list(options: Common & Filters): Promise<void> {
  const { connection, sensitivity, risk, owner, search: q } = options
  const held = options.held && 'true'
  const { rows, more } = await signedInApi(options.adminUrl, process.env).list<FunctionSummary>(
    '/functions',
    {
      query: { connection, sensitivity, risk, owner, held, q },
      max: options.all ? Number.POSITIVE_INFINITY : options.limit,
    },
  )
  tellRows(rows, {
    format: options.output,
    none: 'No function matches.',
    columns: [
      { title: 'ID', value: (fn) => fn.id, whole: true },
      { title: 'SENSITIVITY', value: (fn) => fn.sensitivity, whole: true },
      { title: 'RISK', value: (fn) => fn.risk, whole: true },
      { title: 'OWNER', value: (fn) => fn.owner },
      { title: 'HELD', value: (fn) => fn.held ?? '', whole: true },
      { title: 'CALLED BY', value: (fn) => `${fn.method} ${fn.path}`.trim() },
      { title: 'PURPOSE', value: (fn) => fn.purpose },
    ],
  })
  sayMore(rows.length, more)
}

async function get(id: string, options: Common): Promise<void> {
  const api = signedInApi(options.adminUrl, process.env)
  const fn: FunctionDetail = await api.get(`/functions/${encodeURIComponent(id)}`)
  tellOne(fn, options.output, () => [
    ...facts([
      ['id', fn.id],
      ['purpose', fn.purpose],
      ['owner', `${fn.owner} (${fn.owner_groups.join(', ')})`],
      ['sensitivity', fn.sensitivity],
      ['risk', fn.risk],
      [fn.protocol, `${fn.method} ${fn.path}`.trim()],
      ['upstream', fn.upstream],
      ['idempotent', fn.idempotent ? 'yes' : 'no'],
      ['payloads', `${fn.payloads}, retention ${fn.retention}`],
      ['digest', fn.digest],
      ['grants', fn.grants.join(', ') || 'none'],
      ['imported from', fn.source ? `${fn.source.operation}, ${fn.source.digest}` : undefined],
    ]),
    ...holdFacts(fn.id, fn.hold),
    ...unreadFacts(fn),
    '',
    out.bold('Masks'),
    ...(fn.masks.length === 0 ? ['  none'] : fn.masks.map(maskLine)),
    '',
    out.bold('Arguments'),
    visibleJson(fn.argument_schema, 2),
  ])
}

function maskLine({ of, path, how, id }: FunctionDetail['masks'][number]): string {
  return `  ${visible(`${of} ${path} ${how} (${id})`)}`
}

async function importFile(
  file: string,
  options: {
    readonly connection: string
    readonly owner: string
    readonly include?: readonly string[]
    readonly out?: string
  },
): Promise<void> {
  const { importOpenApiFile } = await import('./import-openapi.ts')
  await importOpenApiFile(file, options)
}
