import type { Command } from 'commander'
import type { ErasureAsked, ErasureListed } from '../admin/contract.ts'
import { signedInApi } from './api.ts'
import { adminUrlOption, examples, outputOption, withPaging } from './declare.ts'
import { type NamedRecord, namedRecord, recordPath } from './evidence-file.ts'
import { roleOption } from './evidence-prove.ts'
import { err, type Format, say, sayMore, tellRows } from './output.ts'
import { visible } from './visible.ts'

/** Destroying payloads: one person asks, another approves. */
export function declareErasures(evidence: Command): void {
  evidence
    .command('erase')
    .argument('<record>', 'its index, or what `Sallyport-Record` said', namedRecord)
    .summary('ask for the payloads of a record to be destroyed')
    .description('Another person has to approve it. The record stays, and goes on verifying.')
    .addOption(roleOption())
    .requiredOption('--reason <text>', 'why; it goes into the log, so no personal data')
    .addHelpText('before', examples('sallyport evidence erase 17 --reason "ticket DPO-12"'))
    .addOption(adminUrlOption())
    .action(erase)
  const erasures = evidence
    .command('erasures')
    .summary('list and approve erasures')
    .addHelpText(
      'before',
      examples(
        'sallyport evidence erasures ls',
        'sallyport evidence erasures approve era_0123456789',
      ),
    )
  withPaging(erasures.command('ls').summary('list erasures, newest first'))
    .addHelpText('before', examples('sallyport evidence erasures ls'))
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(list)
  erasures
    .command('approve <id>')
    .summary('destroy what somebody else asked to be destroyed, for good')
    .addHelpText('before', examples('sallyport evidence erasures approve era_0123456789'))
    .addOption(adminUrlOption())
    .action(approve)
}

type Common = { readonly adminUrl?: string }

async function erase(
  record: NamedRecord,
  options: Common & { readonly role?: NonNullable<ErasureAsked['roles']>; readonly reason: string },
): Promise<void> {
  const { reason, role } = options
  const asked: ErasureAsked = { reason, ...(role && { roles: role }) }
  const api = signedInApi(options.adminUrl, process.env)
  const { id, roles } = await api.post<ErasureListed>(recordPath(record, 'erasures'), asked)
  say(
    `${err.cyan('‖')} ${visible(id)}: ${roles.join(', ')} of record ${record.index}. Not erased yet.`,
  )
  say(`  ${err.dim('→')} Another person: sallyport evidence erasures approve ${visible(id)}`)
}

async function list(
  options: Common & {
    readonly output: Format
    readonly limit: number
    readonly all?: true
  },
): Promise<void> {
  const max = options.all ? Number.POSITIVE_INFINITY : options.limit
  const api = signedInApi(options.adminUrl, process.env)
  const { rows, more } = await api.list<ErasureListed>('/erasures', { max })
  tellRows(rows, {
    format: options.output,
    none: 'Nobody asked for anything to be erased.',
    columns: [
      { title: 'ID', value: ({ id }) => id, whole: true },
      { title: 'STATE', value: ({ state }) => (state === 'DONE' ? '✓ erased' : '‖ waits') },
      { title: 'RECORD', value: ({ record }) => `#${record}`, whole: true },
      { title: 'PAYLOADS', value: ({ roles }) => roles.join(' ') },
      { title: 'ASKED BY', value: (one) => one.requested_by },
      { title: 'APPROVED BY', value: (one) => one.approved_by ?? '' },
      { title: 'REASON', value: ({ reason }) => reason },
    ],
  })
  sayMore(rows.length, more)
}

async function approve(id: string, { adminUrl }: Common): Promise<void> {
  const path = `/erasures/${encodeURIComponent(id)}/approve`
  const done = await signedInApi(adminUrl, process.env).post<ErasureListed>(path, {})
  say(
    `${err.green('✓')} ${done.roles.join(', ')} of record ${done.record} are destroyed, for good.`,
  )
}
