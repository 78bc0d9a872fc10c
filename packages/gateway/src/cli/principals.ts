import type { Command } from 'commander'
import type { LockAsked, LockListed } from '../admin/contract.ts'
import { signedInApi } from './api.ts'
import { adminUrlOption, examples, outputOption, withPaging } from './declare.ts'
import { err, type Format, say, sayMore, tellOne, tellRows } from './output.ts'
import { visible } from './visible.ts'

export function declare(program: Command): void {
  const principals = program
    .command('principals')
    .summary('lock, unlock and list who is locked')
    .description(
      'A locked principal is refused at its next call, as subject or actor, whatever it holds; a locked person is signed out.',
    )
    .addHelpText(
      'beforeAll',
      examples(
        'sallyport principals lock corp:sam --reason "left the company"',
        'sallyport principals lock key:key_0123456789abcdef --reason "seen in a public log"',
        'sallyport principals unlock corp:sam',
        'sallyport principals locks -o jsonl',
      ),
    )
  principals
    .command('lock <principal>')
    .summary('refuse it from the next call on')
    .requiredOption('--reason <text>', 'why; it goes into the log, so no personal data')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(lock)
  principals
    .command('unlock <principal>')
    .summary('end the lock; who was signed out signs in again')
    .addOption(adminUrlOption())
    .action(unlock)
  withPaging(principals.command('locks').summary('list who is locked, newest first'))
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(list)
}

type Common = { readonly adminUrl?: string; readonly output: Format }

async function lock(
  principal: string,
  { adminUrl, output, reason }: Common & { readonly reason: string },
): Promise<void> {
  const asked: LockAsked = { principal, reason }
  const api = signedInApi(adminUrl, process.env)
  const locked: LockListed = await api.post('/principals/locks', asked)
  if (output !== 'table') tellOne(locked, output, () => [])
  say(`${err.green('✓')} ${visible(locked.principal)} is locked: its next call is refused.`)
}

async function unlock(principal: string, { adminUrl }: Pick<Common, 'adminUrl'>): Promise<void> {
  const path = `/principals/locks/${encodeURIComponent(principal)}`
  await signedInApi(adminUrl, process.env).delete(path)
  say(`${err.green('✓')} ${visible(principal)} is no longer locked.`)
}

async function list(
  options: Common & { readonly limit: number; readonly all?: true },
): Promise<void> {
  const max = options.all ? Number.POSITIVE_INFINITY : options.limit
  const api = signedInApi(options.adminUrl, process.env)
  const { rows, more } = await api.list<LockListed>('/principals/locks', { max })
  tellRows(rows, {
    format: options.output,
    none: 'Nobody is locked.',
    columns: [
      { title: 'PRINCIPAL', value: ({ principal }) => principal, whole: true },
      { title: 'SINCE', value: ({ locked_at }) => locked_at.slice(0, 16), whole: true },
      { title: 'BY', value: ({ locked_by }) => locked_by },
      { title: 'RECORD', value: ({ record }) => `#${record}`, whole: true },
      { title: 'REASON', value: ({ reason }) => reason },
    ],
  })
  sayMore(rows.length, more)
}
