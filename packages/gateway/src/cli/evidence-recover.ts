import type { Command } from 'commander'
import { recoverHome } from '../serve-home.ts'
import { examples } from './declare.ts'
import { Failure } from './exit.ts'
import { err, facts, say } from './output.ts'
import { defaultConfigFile, readConfig } from './serve.ts'

/** Declares `evidence recover` below `evidence`. */
export function declareRecover(evidence: Command): void {
  evidence
    .command('recover')
    .summary('rebuild a lost or outdated database')
    .description(
      'Rebuilds the database of a gateway that is stopped from the log it published, so that it can start again ' +
        'without showing two histories. The database that is there is kept as far as it agrees, and moved aside. ' +
        'The next start says in the log that it was rebuilt.',
    )
    .requiredOption('--from-tiles', 'from the published log in the home folder')
    .option('--config <file>', 'the configuration', defaultConfigFile)
    .addHelpText('before', examples('sallyport evidence recover --from-tiles'))
    .action(run)
}

async function run({ config: file }: { readonly config: string }): Promise<void> {
  const { config } = await readConfig(file)
  const rebuilt = await recoverHome(config).catch((thrown: unknown) => {
    const detail = thrown instanceof Error ? thrown.message : 'unknown'
    throw new Failure('failed', 'The database was not recovered; nothing was changed.', { detail })
  })
  const { kept, size, movedTo, keysLost, approvalsClosed } = rebuilt
  say(`${err.green('✓')} The database holds the ${size} published records again.`)
  const rows: [string, string][] = [
    ['kept as they were', `${kept} records, with their payloads`],
    ['from what was published', `${size - kept} records, whose payloads are lost`],
    ['approvals closed', `${approvalsClosed}, because what became of them is not known`],
    ['keys lost', keysLost.length === 0 ? 'none' : `${keysLost.join(', ')}: issue them again`],
    ['the old database', movedTo ?? 'was not there'],
  ]
  for (const line of facts(rows)) say(`  ${line}`)
  if (movedTo !== undefined) {
    say('Destroy the old database once you are sure: it still holds payloads erased since.')
  }
}
