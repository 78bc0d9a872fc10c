import type { Command } from 'commander'
import type { SignedIn } from '../admin/contract.ts'
import { readAddress } from './address.ts'
import { defaultAdminUrl, openApi } from './api.ts'
import { adminUrlOption, examples } from './declare.ts'
import { Failure } from './exit.ts'
import { askHidden, canAsk, readSecret } from './input.ts'
import { err, say } from './output.ts'
import { writeSession } from './session-file.ts'
import { visible } from './visible.ts'

export function declare(program: Command): void {
  program
    .command('login')
    .summary('sign in to the gateway')
    .description(
      'Signs you in to the admin API, with an operator key (`sallyport init` prints one) or a token of ' +
        'your identity provider. The session is kept in a file that only you can read.',
    )
    .option('--operator-key-stdin', 'read an operator key from stdin')
    .option('--operator-key-file <file>', 'read an operator key from a file')
    .option(
      '--token-file <file>',
      'read a token of your identity provider from a file; - for stdin',
    )
    .addOption(adminUrlOption())
    .addHelpText(
      'before',
      examples(
        'sallyport login',
        'sallyport login --operator-key-stdin < operator.key',
        'sallyport login --admin-url https://gateway.example:7434 --token-file token.jwt',
      ),
    )
    .action(run)
}

type Options = {
  readonly operatorKeyStdin?: true
  readonly operatorKeyFile?: string
  readonly tokenFile?: string
  readonly adminUrl?: string
}

async function run(options: Options): Promise<void> {
  const url = readAddress(options.adminUrl ?? defaultAdminUrl)
  const token = await proofOf(options)
  const signedIn: SignedIn = await openApi({ url, token }).post('/sign-in', undefined)
  const { id, expires_at: expiresAt } = signedIn
  const file = writeSession({ adminUrl: url, token: signedIn.token, expiresAt, id }, process.env)
  say(`${err.green('✓')} Signed in at ${url} as ${visible(id)} until ${visible(expiresAt)}.`)
  say(err.dim(`  The session is in ${file}, readable by you alone. Sign out: sallyport logout`))
}

function proofOf(options: Options): Promise<string> | string {
  const { operatorKeyStdin, operatorKeyFile, tokenFile } = options
  const given = [operatorKeyStdin, operatorKeyFile, tokenFile].filter((one) => one !== undefined)
  if (given.length > 1) {
    throw new Failure('usage', 'Choose one way to sign in.')
  }
  if (operatorKeyStdin) return readSecret('-', 'operator key')
  if (operatorKeyFile !== undefined) return readSecret(operatorKeyFile, 'operator key')
  if (tokenFile !== undefined) return readSecret(tokenFile, 'token')
  if (!canAsk()) {
    throw new Failure('usage', 'There is nobody to ask for the operator key.', {
      cure: 'Use --operator-key-stdin, --operator-key-file or --token-file.',
    })
  }
  return askHidden('Operator key or token (not shown):')
}
