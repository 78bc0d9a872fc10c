import type { Command } from 'commander'
import type { Whoami } from '../admin/contract.ts'
import { signedInApi } from './api.ts'
import { adminUrlOption, examples, outputOption } from './declare.ts'
import { type Format, facts, tellOne } from './output.ts'
import { sessionFile } from './session-file.ts'

export function declare(program: Command): void {
  program
    .command('whoami')
    .summary('who is signed in, and where')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .addHelpText('before', examples('sallyport whoami'))
    .action(run)
}

async function run(options: {
  readonly adminUrl?: string
  readonly output: Format
}): Promise<void> {
  const api = signedInApi(options.adminUrl, process.env)
  const who: Whoami = await api.get('/whoami')
  const from = process.env.SALLYPORT_ADMIN_TOKEN
    ? 'SALLYPORT_ADMIN_TOKEN'
    : sessionFile(process.env)
  tellOne({ ...who, admin_url: api.url }, options.output, () =>
    facts([
      ['id', who.id],
      ['groups', who.groups.join(', ') || 'none'],
      ['roles', who.roles.join(', ') || 'none'],
      ['signed in by', who.method],
      ['until', who.expires_at],
      ['gateway', api.url],
      ['token from', from],
    ]),
  )
}
