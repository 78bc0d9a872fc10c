import type { Command } from 'commander'
import type { DelegationAsked, DelegationListed } from '../admin/approval-contract.ts'
import type { Page } from '../admin/contract.ts'
import { signedInApi } from './api.ts'
import { adminUrlOption, collected, durationMs, examples, outputOption } from './declare.ts'
import { Failure } from './exit.ts'
import { err, type Format, say, tellOne, tellRows } from './output.ts'
import { marks } from './style.ts'
import { moment } from './times.ts'
import { visible } from './visible.ts'

export function declare(program: Command): void {
  const delegations = program
    .command('delegations')
    .summary('who votes for whom while they are away')
    .description(
      'Somebody who is away has somebody else vote for them, until a date. It cannot be passed on, and one person still has one vote.',
    )
    .addHelpText(
      'beforeAll',
      examples(
        'sallyport delegations ls',
        'sallyport delegations add corp:alex --for 5d --reason "on leave"',
        'sallyport delegations add corp:alex --until 2027-01-04T08:00:00Z --group payments-approvers --reason "on leave"',
        'sallyport delegations end dlg_0198c2d0-…',
      ),
    )
  delegations
    .command('ls')
    .summary('list those that have not ended')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(list)
  delegations
    .command('add <person>')
    .summary('have this person vote for you')
    .option('--until <time>', 'when you are back (RFC 3339)')
    .option('--for <time>', 'or for how long: 5d', durationMs)
    .option('--group <group>', 'only in this approver group; repeat for more', collected)
    .option(
      '--from <party>',
      'who is away, where that is not you; for administrators, with --group',
    )
    .requiredOption('--reason <text>', 'why')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(add)
  delegations
    .command('end <id>')
    .summary('vote for yourself again')
    .addOption(adminUrlOption())
    .action(end)
}

type Common = { readonly adminUrl?: string; readonly output: Format }
type AddOptions = Common & {
  readonly until?: string
  readonly for?: number
  readonly group?: readonly string[]
  readonly from?: string
  readonly reason: string
}

async function list(options: Common): Promise<void> {
  const api = signedInApi(options.adminUrl, process.env)
  const { data }: Page<DelegationListed> = await api.get('/delegations')
  tellRows(data, {
    format: options.output,
    none: 'Nobody votes for anybody else.',
    columns: [
      { title: 'ID', value: ({ id }) => id, whole: true },
      { title: 'AWAY', value: ({ from }) => from },
      { title: 'VOTES', value: ({ to }) => to },
      { title: 'UNTIL', value: ({ until }) => moment(until), whole: true },
      { title: 'GROUPS', value: ({ groups }) => groups.join(' ') },
      { title: 'REASON', value: ({ reason }) => reason },
    ],
  })
}

async function add(to: string, options: AddOptions): Promise<void> {
  const { from, group, reason } = options
  const asked: DelegationAsked = {
    ...{ from, to, reason, until: untilOf(options) },
    ...(group && { groups: [...group] }),
  }
  const made: DelegationListed = await signedInApi(options.adminUrl, process.env).post(
    '/delegations',
    asked,
  )
  if (options.output !== 'table') tellOne(made, options.output, () => [])
  say(
    `${err.green(marks.ok)} ${visible(made.to)} votes for ${visible(made.from)} until ${visible(made.until)}. To end it: sallyport delegations end ${visible(made.id)}`,
  )
}

function untilOf({ until, for: forMs }: AddOptions): string {
  if ((until === undefined) === (forMs === undefined)) {
    throw new Failure('usage', 'Say when it ends: either --until or --for.')
  }
  const at = until === undefined ? Date.now() + (forMs ?? 0) : Date.parse(until)
  if (Number.isNaN(at)) {
    throw new Failure('usage', '--until is no time.', { cure: 'Write 2027-01-04T08:00:00Z.' })
  }
  return new Date(at).toISOString()
}

async function end(id: string, { adminUrl }: Pick<Common, 'adminUrl'>): Promise<void> {
  await signedInApi(adminUrl, process.env).delete(`/delegations/${encodeURIComponent(id)}`)
  say(`${err.green(marks.ok)} They vote for themselves again.`)
}
