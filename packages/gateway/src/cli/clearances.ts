import { type Command, Option } from 'commander'
import type { ClearanceListed, RevokeAsked } from '../admin/approval-contract.ts'
import { signedInApi } from './api.ts'
import { adminUrlOption, examples, outputOption, withPaging } from './declare.ts'
import { err, type Format, facts, say, sayMore, tellOne, tellRows } from './output.ts'
import { marks } from './style.ts'
import { moment } from './times.ts'
import { visible } from './visible.ts'

export function declare(program: Command): void {
  const clearances = program
    .command('clearances')
    .summary('list and revoke what approvals allow')
    .description(
      'What an approved question allows: one call, or a bounded number of them. Revoked, it allows nothing more, and calls under way with it are cut off.',
    )
    .addHelpText(
      'beforeAll',
      examples(
        'sallyport clearances ls --state active',
        'sallyport clearances ls --subject corp:sam -o jsonl',
        'sallyport clearances get clr_0198c2d0-…',
        'sallyport clearances revoke clr_0198c2d0-… --reason "the ticket was closed"',
      ),
    )
  withPaging(clearances.command('ls').summary('list clearances, newest first'))
    .addOption(new Option('--state <state>', 'only those in this state').choices(states))
    .option('--subject <party>', 'only those of this principal')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(list)
  clearances
    .command('get <id>')
    .summary('show one')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(get)
  clearances
    .command('revoke <id>')
    .summary('it allows nothing from here on')
    .requiredOption('--reason <text>', 'why; it goes into the log, so no personal data')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(revoke)
}

type Common = { readonly adminUrl?: string; readonly output: Format }

async function list(
  options: Common & {
    readonly state?: string
    readonly subject?: string
    readonly limit: number
    readonly all?: true
  },
): Promise<void> {
  const max = options.all ? Number.POSITIVE_INFINITY : options.limit
  const state = options.state?.toUpperCase().replaceAll('-', '_')
  const query = { state, subject: options.subject }
  const api = signedInApi(options.adminUrl, process.env)
  const { rows, more } = await api.list<ClearanceListed>('/clearances', { query, max })
  tellRows(rows, {
    format: options.output,
    none: 'There are none that you may see.',
    columns: [
      { title: 'ID', value: ({ id }) => id, whole: true },
      { title: 'STATE', value: ({ state }) => state.toLowerCase(), whole: true },
      { title: 'KIND', value: ({ kind }) => kind, whole: true },
      { title: 'USES', value: usesText, whole: true },
      { title: 'UNTIL', value: ({ expires_at }) => moment(expires_at), whole: true },
      { title: 'FUNCTIONS', value: ({ functions }) => functions.join(' ') },
      { title: 'SUBJECT', value: ({ subject }) => subject },
      { title: 'BY', value: ({ by }) => by.join(' ') },
    ],
  })
  sayMore(rows.length, more)
}

async function get(id: string, options: Common): Promise<void> {
  const api = signedInApi(options.adminUrl, process.env)
  const clearance: ClearanceListed = await api.get(`/clearances/${encodeURIComponent(id)}`)
  tellOne(clearance, options.output, () =>
    facts([
      ['clearance', clearance.id],
      ['state', clearance.state.toLowerCase()],
      ['kind', clearance.kind],
      ['of', clearance.approval ?? clearance.break_glass ?? undefined],
      ['functions', clearance.functions.join(', ')],
      ['subject', clearance.subject],
      ['actors', clearance.actors.join(', ') || undefined],
      ['session', clearance.session ?? undefined],
      ['while', clearance.when.join(' and ') || undefined],
      ['stands for', clearance.groups.join(', ') || undefined],
      ['approved by', clearance.by.join(', ') || undefined],
      ['uses', usesText(clearance)],
      ['under way', clearance.open.join(', ') || undefined],
      ['issued', clearance.issued_at],
      ['until', clearance.expires_at],
    ]),
  )
}

async function revoke(
  id: string,
  { adminUrl, output, reason }: Common & { readonly reason: string },
): Promise<void> {
  const asked: RevokeAsked = { reason }
  const path = `/clearances/${encodeURIComponent(id)}/revoke`
  const revoked: ClearanceListed = await signedInApi(adminUrl, process.env).post(path, asked)
  if (output !== 'table') tellOne(revoked, output, () => [])
  say(`${err.green(marks.ok)} ${visible(revoked.id)} allows nothing any more.`)
}

function usesText({ uses, uses_max }: ClearanceListed): string {
  return `${uses}/${uses_max}`
}

const states = ['issued', 'active', 'in-use', 'consumed', 'revoked', 'expired', 'unknown']
