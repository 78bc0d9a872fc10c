import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import type { Config } from '../config/config.ts'
import type { Environment } from '../config/load.ts'
import { examples } from './declare.ts'
import { Failure } from './exit.ts'
import { err, say } from './output.ts'
import { isProblemList, problemsBelow, sayProblems } from './problems.ts'
import { versionOf } from './version.ts'

export const defaultConfigFile = 'gateway.yaml'

export function declare(program: Command): void {
  program
    .command('serve')
    .summary('run the gateway')
    .description(
      'Runs the gateway until it is stopped. The first Ctrl-C (or SIGTERM) lets running calls end; ' +
        'a second one cuts them off. Logs are JSON lines on stdout, everything else is on stderr.',
    )
    .option('--config <file>', 'the configuration', defaultConfigFile)
    .option('--store <url>', 'a PostgreSQL that gateways share (postgres://…)')
    .addHelpText(
      'before',
      examples(
        'sallyport serve',
        'sallyport serve --config /etc/gateway.yaml',
        'sallyport serve --store postgres://gateway@127.0.0.1/sallyport',
      ),
    )
    .action(run)
}

async function run(options: { readonly config: string; readonly store?: string }): Promise<void> {
  const { config } = await readConfig(options.config, storeFrom(options))
  const [{ pino }, { serve }] = await Promise.all([import('pino'), import('../serve.ts')])
  const log = pino({ level: process.env.SALLYPORT_LOG_LEVEL ?? 'info' })
  const gateway = await serve({ config, env: process.env, version: versionOf(), log }).catch(
    (thrown: unknown) => refusedToStart(thrown, config.rulebook),
  )
  // Listened for before it is announced: whoever reads the lines below may stop it at once.
  const asked = stopAsked()
  say(`${err.green('✓')} Sallyport ${versionOf()} is running. Ctrl-C stops it.`)
  say(`  Calls      ${gateway.url}`)
  if (gateway.mcpUrl !== undefined) say(`  MCP        ${gateway.mcpUrl}`)
  say(`  Admin API  ${gateway.adminUrl}`)
  say(`  Rulebook   ${config.rulebook}`)
  if (config.store) say('  Store      PostgreSQL, shared')
  say(`  Home       ${config.home === 'memory' ? 'memory (lost at exit)' : config.home}`)
  await asked
  say('Stopping: running calls may end. Once more to cut them off.')
  process.once('SIGINT', cut).once('SIGTERM', cut)
  await gateway.close()
  process.removeListener('SIGINT', cut).removeListener('SIGTERM', cut)
  say('Stopped.')
}

/** Cut off like in a crash: the next start finds the intents without an ending and says so in the log. */
function cut(): void {
  process.exit(130)
}

function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      process.removeListener('SIGINT', stop).removeListener('SIGTERM', stop)
      resolve()
    }
    process.on('SIGINT', stop).on('SIGTERM', stop)
  })
}

/** `--store` as if the environment had said it. */
export function storeFrom({ store }: { readonly store?: string }): Environment {
  return store === undefined ? {} : { SALLYPORT_STORE_POSTGRES: store }
}

/** Reads the configuration, or says everything that is wrong with it. */
export async function readConfig(
  file: string,
  given: Environment = {},
): Promise<{ readonly config: Config }> {
  if (!existsSync(file)) {
    throw new Failure('failed', `There is no ${file}.`, {
      cure: 'Run `sallyport init` to write one, or name it with --config.',
    })
  }
  const { loadConfig } = await import('../config/load.ts')
  const read = loadConfig(file, { ...process.env, ...given })
  if ('config' in read) return read
  sayProblems(read.problems)
  throw new Failure('failed', `${file} cannot be used as it is.`)
}

function refusedToStart(thrown: unknown, rulebook: string): never {
  if (typeof thrown === 'object' && thrown !== null && 'problems' in thrown) {
    if (isProblemList(thrown.problems)) sayProblems(problemsBelow(rulebook, thrown.problems))
    throw new Failure('failed', 'The gateway did not start.')
  }
  const { code, message } = systemError(thrown)
  if (code === 'EADDRINUSE' || code === 'EACCES') {
    throw new Failure('failed', 'The address to listen on cannot be used.', {
      detail: message,
      cure: 'Stop what is listening there, or change listen.port or admin.port.',
    })
  }
  if (thrown instanceof Error) {
    throw new Failure('failed', 'The gateway did not start.', {
      detail: message,
      cure: 'Run `sallyport doctor` to look for the reason.',
    })
  }
  throw thrown
}

function systemError(thrown: unknown): { readonly code: string; readonly message: string } {
  if (!(thrown instanceof Error)) return { code: '', message: '' }
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
  return { code, message: thrown.message }
}
