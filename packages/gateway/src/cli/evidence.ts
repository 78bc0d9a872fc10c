import { verifyCommand } from '@sallyport/evidence/cli'
import { type Command, Option } from 'commander'
import type { LogKeyRotated } from '../admin/contract.ts'
import { signedInApi } from './api.ts'
import { adminUrlOption, examples } from './declare.ts'
import { declareErasures } from './evidence-erasures.ts'
import { declareExport } from './evidence-export.ts'
import { declareProve } from './evidence-prove.ts'
import { declareRecover } from './evidence-recover.ts'
import { Failure } from './exit.ts'
import { err, say } from './output.ts'
import { visible } from './visible.ts'

export function declare(program: Command): void {
  const evidence = program
    .command('evidence')
    .summary('prove, export, verify and erase evidence')
    .description('The log of every call, as somebody checks it who does not trust this gateway.')
    .addHelpText(
      'before',
      examples(
        'sallyport evidence trust > trust.txt',
        'sallyport evidence export -o bundle.zip',
        'sallyport evidence verify bundle.zip --trust trust.txt',
        'sallyport evidence prove 17 --wait -o 17.tlog-proof',
        'sallyport evidence erase 17 --reason "request of the data subject"',
      ),
    )
  evidence
    .command('trust')
    .summary('print the trust file: all that an auditor relies on')
    .addHelpText('before', examples('sallyport evidence trust > trust.txt'))
    .addOption(adminUrlOption())
    .action(trust)
  declareProve(evidence)
  declareExport(evidence)
  evidence
    .command('verify <bundle>')
    .summary('verify a bundle, a log folder or an address, offline')
    .description('Exits with 0 when it verifies and with 7 when it does not.')
    .requiredOption('--trust <file>', 'the trust file')
    .addOption(
      new Option('--expect <scope>', 'fail when it holds less')
        .choices(['whole', 'range', 'session'])
        .default('whole'),
    )
    .addOption(
      new Option(
        '--since <file>',
        'a checkpoint or receipt from before that it has to contain (repeatable)',
      ).argParser((file: string, before: readonly string[] = []) => [...before, file]),
    )
    .option('--receipt <file>', 'of the closing of a campaign, whose pack does not bring it along')
    .option('--json', 'print the verdict as JSON')
    .option('--quiet', 'say it by the exit code only')
    .addHelpText(
      'before',
      examples(
        'sallyport evidence verify bundle.zip --trust trust.txt',
        'sallyport evidence verify bundle.zip --trust trust.txt --since checkpoint-from-before',
        'sallyport evidence verify session.zip --trust trust.txt --expect session',
      ),
    )
    .action(verify)
  declareErasures(evidence)
  declareRecover(evidence)
  evidence
    .command('rotate-key')
    .summary('sign the log with a new key from now on')
    .description('The old key signs too for a while. Give auditors the new trust file meanwhile.')
    .addHelpText('before', examples('sallyport evidence rotate-key'))
    .addOption(adminUrlOption())
    .action(rotateKey)
}

type Common = { readonly adminUrl?: string }

async function trust({ adminUrl }: Common): Promise<void> {
  const { bytes } = await signedInApi(adminUrl, process.env).read('/evidence/trust')
  process.stdout.write(bytes)
}

async function verify(
  target: string,
  options: {
    readonly trust: string
    readonly expect: 'whole' | 'range' | 'session'
    readonly since?: readonly string[]
    readonly receipt?: string | undefined
    readonly json?: true
    readonly quiet?: true
  },
): Promise<void> {
  process.exitCode = await verifyCommand(
    {
      target,
      trust: options.trust,
      expect: options.expect,
      since: options.since ?? [],
      receipt: options.receipt,
      json: options.json === true,
      quiet: options.quiet === true,
    },
    {
      out: (text) => process.stdout.write(text),
      err: (text) => process.stderr.write(text),
      colour: process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === '',
      progress: process.stderr.isTTY === true,
    },
  )
}

async function rotateKey({ adminUrl }: Common): Promise<void> {
  const api = signedInApi(adminUrl, process.env)
  const { key } = await api.post<LogKeyRotated>('/evidence/rotate-key', {}).catch(notRotated)
  say(`${err.green('✓')} The log is signed with ${visible(key)} from now on.`)
  say(`  ${err.dim('→')} sallyport evidence trust > trust.txt, for every auditor`)
}

/** Nobody else was faster: as many keys sign as may, or the rotation before could not be recorded. */
function notRotated(thrown: unknown): never {
  if (!(thrown instanceof Failure) || thrown.code !== 'conflict') throw thrown
  const { exit, detail, code } = thrown
  throw new Failure(exit, 'The log is signed with the same keys as before.', {
    ...{ detail, code, cure: '`sallyport evidence trust` names them; `sallyport doctor` looks.' },
  })
}
