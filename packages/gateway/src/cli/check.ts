import type { Command } from 'commander'
import { examples, outputOption } from './declare.ts'
import { Failure } from './exit.ts'
import { err, type Format, facts, say, tellOne } from './output.ts'
import { problemsBelow, sayWarnings } from './problems.ts'
import { findRulebook, loadFolder } from './rulebook-folder.ts'

export function declare(program: Command): void {
  program
    .command('check [folder]')
    .summary('check configuration and rulebook')
    .description(
      'Reads gateway.yaml and the rulebook offline, runs the policy tests, and lists everything that ' +
        'is wrong at once. Changes nothing.',
    )
    .addOption(outputOption())
    .addHelpText('before', examples('sallyport check', 'sallyport check rulebook'))
    .action(run)
}

async function run(folder = '.', options: { readonly output: Format }): Promise<void> {
  const found = await findRulebook(folder)
  const { rulebook, inForce, tests, warnings } = await loadFolder(found)
  sayWarnings(problemsBelow(found.folder, warnings))
  const { runPolicyTests } = await import('../rulebook/run-tests.ts')
  const failed = runPolicyTests(inForce, tests).filter(({ passed }) => !passed)
  for (const { file, line, name, expected, got } of failed) {
    say(`${err.red('✕')} ${err.bold(`${file}:${line}`)} ${name}: expected ${expected}; got ${got}`)
  }
  const grants = rulebook.policies.filter(({ effect }) => effect === 'permit').length
  const counted = {
    folder: found.folder,
    config: found.configFile ?? null,
    digest: rulebook.digest,
    connections: rulebook.connections.length,
    functions: rulebook.functions.length,
    grants,
    guardrails: rulebook.policies.length - grants,
    warnings: warnings.length,
    tests: tests.length,
    tests_failed: failed.length,
  }
  tellOne(counted, options.output, () =>
    facts([
      ['configuration', counted.config ?? 'none'],
      ['rulebook', counted.folder],
      ['digest', counted.digest],
      ['connections', String(counted.connections)],
      ['functions', String(counted.functions)],
      ['grants', String(counted.grants)],
      ['guardrails', String(counted.guardrails)],
      ['policy tests', `${counted.tests - failed.length} of ${counted.tests} pass`],
    ]),
  )
  if (failed.length > 0) throw new Failure('failed', 'Policy does not decide as its tests expect.')
  say(`${err.green('✓')} Everything fits.`)
}
