import { type Command, Option } from 'commander'
import type { KeyAsked, KeyIssued, KeyListed } from '../admin/contract.ts'
import { signedInApi } from './api.ts'
import {
  adminUrlOption,
  collected,
  durationMs,
  examples,
  outputOption,
  withPaging,
} from './declare.ts'
import { err, type Format, out, say, sayMore, tellOne, tellRows } from './output.ts'
import { visible } from './visible.ts'

export function declare(program: Command): void {
  const keys = program
    .command('keys')
    .summary('create, list and revoke API keys')
    .description('API keys, for callers that have no identity provider. They always expire.')
    .addHelpText(
      'beforeAll',
      examples(
        'sallyport keys create --name nightly --kind workload --scope crm.* --expires 30d',
        'sallyport keys ls',
        'sallyport keys revoke key_0123456789abcdef',
      ),
    )
  keys
    .command('create')
    .summary('create a key; it is shown once')
    .requiredOption('--name <name>', 'what it is for')
    .addOption(
      new Option('--kind <kind>', 'what uses it')
        .choices(['agent', 'workload', 'service'])
        .makeOptionMandatory(),
    )
    .requiredOption(
      '--scope <function>',
      'a function id or <connection>.*; repeat for more',
      collected,
    )
    .option('--group <group>', 'a group it is in; repeat for more', collected, [])
    .requiredOption('--expires <time>', 'how long it lives: 30d, 8h', durationMs)
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(create)
  withPaging(keys.command('ls').summary('list keys'))
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(list)
  keys
    .command('revoke <id>')
    .summary('revoke a key; its next call is refused')
    .addOption(adminUrlOption())
    .action(revoke)
}

type Common = { readonly adminUrl?: string; readonly output: Format }

async function create(
  options: Common & {
    readonly name: string
    readonly kind: KeyAsked['kind']
    readonly scope: readonly string[]
    readonly group: readonly string[]
    readonly expires: number
  },
): Promise<void> {
  const asked: KeyAsked = {
    name: options.name,
    kind: options.kind,
    groups: [...options.group],
    scope: [...options.scope],
    expires_at: new Date(Date.now() + options.expires).toISOString(),
  }
  const issued: KeyIssued = await signedInApi(options.adminUrl, process.env).post('/keys', asked)
  tellOne(issued, options.output, () => [visible(issued.key)])
  if (options.output !== 'table') return
  say(`${err.green('✓')} ${visible(issued.id)}, until ${visible(issued.expires_at)}.`)
  say(`  ${err.yellow('!')} The key is on stdout, this once; the gateway keeps only its hash.`)
}

async function list(
  options: Common & { readonly limit: number; readonly all?: true },
): Promise<void> {
  const max = options.all ? Number.POSITIVE_INFINITY : options.limit
  const api = signedInApi(options.adminUrl, process.env)
  const { rows, more } = await api.list<KeyListed>('/keys', { max })
  tellRows(rows, {
    format: options.output,
    none: 'There are no keys. `sallyport keys create` makes one.',
    columns: [
      { title: 'ID', value: (key) => key.id, whole: true },
      { title: 'NAME', value: (key) => key.name },
      { title: 'KIND', value: (key) => key.kind, whole: true },
      { title: 'SCOPE', value: (key) => key.scope.join(' ') },
      { title: 'STATE', value: stateOf, whole: true, paint: paintState },
      { title: 'EXPIRES', value: (key) => key.expires_at.slice(0, 16), whole: true },
      { title: 'BY', value: (key) => key.created_by },
    ],
  })
  sayMore(rows.length, more)
}

function stateOf(key: KeyListed): string {
  if (key.revoked_at !== null) return '✕ revoked'
  return Date.parse(key.expires_at) <= Date.now() ? '✕ expired' : '✓ live'
}

function paintState(text: string): string {
  return text.startsWith('✓') ? out.green(text) : out.red(text)
}

async function revoke(id: string, options: { readonly adminUrl?: string }): Promise<void> {
  await signedInApi(options.adminUrl, process.env).delete(`/keys/${encodeURIComponent(id)}`)
  say(`${err.green('✓')} ${visible(id)} is revoked: its next call is refused.`)
}
