import type { Command } from 'commander'
import type { RulebookCheck } from '../admin/contract.ts'
import type { Problem } from '../model/rulebook.ts'
import { signedInApi } from './api.ts'
import { adminUrlOption, examples, outputOption } from './declare.ts'
import { Failure } from './exit.ts'
import { err, type Format, facts, say, tellOne } from './output.ts'
import { sayProblems, sayWarnings } from './problems.ts'
import { visible } from './visible.ts'

export function declare(program: Command): void {
  program
    .command('apply')
    .summary('put the rulebook folder in force')
    .description(
      'Asks the running gateway to read its rulebook folder and put it in force, whole or not at all. ' +
        'An invalid rulebook never replaces a valid one.',
    )
    .option('--dry-run', 'only say what it would be')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .addHelpText('before', examples('sallyport apply', 'sallyport apply --dry-run'))
    .action(run)
}

async function run(options: {
  readonly adminUrl?: string
  readonly dryRun?: true
  readonly output: Format
}): Promise<void> {
  const api = signedInApi(options.adminUrl, process.env)
  const path = options.dryRun ? '/rulebook/check' : '/rulebook/apply'
  const outcome: RulebookCheck = await api.post(path, undefined)
  sayProblems(outcome.errors.map(problemOf))
  sayWarnings(outcome.warnings.map(problemOf))
  const failed = outcome.tests.filter(({ passed }) => !passed)
  for (const { name, expected, got } of failed) {
    say(`${err.red('✕')} ${visible(name)}: expected ${visible(expected)}; got ${visible(got)}`)
  }
  tellOne(outcome, options.output, () =>
    facts([
      ['digest', outcome.digest ?? 'none'],
      ['policy tests', `${outcome.tests.length - failed.length} of ${outcome.tests.length} pass`],
    ]),
  )
  if (!outcome.valid) {
    throw new Failure('failed', 'The rulebook has problems; the one in force stays.')
  }
  const done = outcome.changed ? 'In force.' : 'Nothing changed: it was in force already.'
  const would = outcome.changed ? 'It would change what is in force.' : 'It is in force already.'
  say(`${err.green('✓')} ${options.dryRun ? would : done}`)
}

function problemOf({ file, line, column, detail, hint }: RulebookCheck['errors'][number]): Problem {
  return { file, line, column, message: detail, ...(hint !== undefined && { hint }) }
}
