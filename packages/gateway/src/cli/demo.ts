import { type Command, InvalidArgumentError } from 'commander'
import { examples } from './declare.ts'
import { tell } from './output.ts'
import { versionOf } from './version.ts'

export function declare(program: Command): void {
  program
    .command('demo')
    .summary('see all of it in a minute, on this machine')
    .description(
      'Runs a gateway, three small services and an agent on this machine: calls that are masked, ' +
        'refused and held for a person, then replayed. Nothing leaves the machine.',
    )
    .option('--ci', 'approve by itself, check every outcome, exit 0 or 1 (when not a terminal)')
    .option('--keep <folder>', 'keep the data in this folder')
    .option('--speed <n>', 'how long the pauses of the story are; 0: none', speed, 1)
    .option('--no-agent', 'only the gateway and the services: a sandbox')
    .addHelpText('before', examples('sallyport demo', 'sallyport demo --ci --speed 0'))
    .action(run)
}

type Options = {
  readonly ci?: true
  readonly keep?: string
  readonly speed: number
  readonly agent: boolean
}

async function run({ ci, keep, speed, agent }: Options): Promise<void> {
  // Said before anything heavy is loaded, so that nobody looks at an empty screen.
  tell(`  sallyport ${versionOf()} demo · nothing leaves this machine`)
  const { runDemo } = await import('./demo/run.ts')
  process.exitCode = await runDemo({
    ci: ci ?? process.stdout.isTTY !== true,
    ...(keep !== undefined && { keep }),
    speed,
    agent,
  })
}

function speed(text: string): number {
  const value = Number(text)
  if (!/^\d+(?:\.\d+)?$/.test(text) || value > 1000) {
    throw new InvalidArgumentError('Write a number from 0 to 1000.')
  }
  return value
}
