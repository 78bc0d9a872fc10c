import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Logger } from 'pino'
import type { WitnessProcessConfig } from '../config/witness.ts'
import type { WitnessEvent } from '../witness/witness.ts'
import { collected, examples } from './declare.ts'
import { Failure } from './exit.ts'
import { err, say, tell } from './output.ts'
import { sayProblems } from './problems.ts'
import { versionOf } from './version.ts'

export function declare(program: Command): void {
  const witness = program
    .command('witness')
    .summary('cosign the checkpoints of other people’s logs')
    .description(
      'Runs a witness: it cosigns a log’s checkpoint only when that contains everything the log has shown it ' +
        'before. Run it where the operator of the log has no access. Logs are JSON lines on stdout.',
    )
    .option('--config <file>', 'listen, home and logs in a file')
    .option('--listen <host:port>', 'where logs reach it (default: 127.0.0.1:7435)')
    .option('--home <folder>', 'its key and what it has seen (default: ./witness)')
    .option('--log <vkey>', 'a log to watch; may be given several times', collected)
    .addHelpText(
      'before',
      examples(
        'sallyport witness init --name witness.example/w1',
        "sallyport witness --log 'example.com/sallyport+…'",
      ),
    )
    .action(run)
  witness
    .command('init')
    .summary('make the witness’s key')
    .description(
      'Makes the key, once, and prints the verifier key for gateway.yaml and trust files (type 0x04), and the ' +
        'one that some older verifiers want (type 0x01).',
    )
    .option('--name <name>', 'a name that is nobody else’s, such as witness.example/w1')
    .addHelpText(
      'before',
      examples('sallyport witness init --home ./witness --name witness.example/w1'),
    )
    .action((options: { readonly name?: string }, command: Command) =>
      init({ ...command.optsWithGlobals(), ...options }),
    )
}

type Options = {
  readonly config?: string
  readonly listen?: string
  readonly home?: string
  readonly log?: readonly string[]
}

async function init(options: Options & { readonly name?: string }): Promise<void> {
  const { home } = await readOptions(options)
  const { createWitnessKey, readWitnessKey, verifierKeys } = await import(
    '../witness/witness-key.ts'
  )
  const { name } = options
  const made = name === undefined ? readWitnessKey(home) : createWitnessKey(home, name)
  const signer = await made.catch(refused)
  if (name !== undefined && signer.name !== name) {
    throw new Failure('failed', `${home} is the witness ${signer.name} already.`)
  }
  const { current, older } = verifierKeys(signer)
  tell(current)
  say(`${err.green('✓')} That is the verifier key of ${signer.name}. The key itself is in ${home}.`)
  say(`  For verifiers that want type 0x01: ${older}`)
}

async function run(options: Options): Promise<void> {
  const { home, logs, listen: address } = await readOptions(options)
  const at = addressOf(address)
  const [{ pino }, { openWitness }, { listen }] = await Promise.all([
    import('pino'),
    import('../witness/witness.ts'),
    import('../witness/listen.ts'),
  ])
  if (logs.length === 0) {
    throw new Failure('usage', 'There is no log to watch.', {
      cure: 'Give its verifier key with --log, or list it under `logs` of --config.',
    })
  }
  const log = pino({ level: process.env.SALLYPORT_LOG_LEVEL ?? 'info' })
  const report = tellTo(log)
  const witness = await openWitness({ home, logs, now: Date.now, report }).catch(refused)
  const listener = await listen(witness, at).catch(async (thrown: unknown) => {
    await witness.close()
    return refused(thrown)
  })
  const asked = new Promise((resolve) => {
    process.once('SIGINT', resolve).once('SIGTERM', resolve)
  })
  say(`${err.green('✓')} Sallyport ${versionOf()} witness is running. Ctrl-C stops it.`)
  say(`  Key        ${witness.key}`)
  say(`  Home       ${home}`)
  say(`  Listens    ${listener.url}`)
  await asked
  await listener.close()
  await witness.close()
  say('Stopped.')
}

/** What the flags say goes before what the file says. */
async function readOptions(options: Options): Promise<WitnessProcessConfig> {
  const { loadWitnessConfig } = await import('../config/witness.ts')
  const read = loadWitnessConfig(options.config)
  if ('problems' in read) {
    sayProblems(read.problems)
    throw new Failure('failed', `${options.config} cannot be used as it is.`)
  }
  const { listen, home, logs } = read.config
  return {
    listen: options.listen ?? listen,
    home: options.home === undefined ? home : resolve(options.home),
    logs: [...logs, ...(options.log ?? [])],
  }
}

function addressOf(listen: string): { readonly host: string; readonly port: number } {
  const [, host = '', port = ''] = /^\[?(.+?)\]?:(\d{1,5})$/.exec(listen) ?? []
  if (host !== '' && Number(port) < 65_536) return { host, port: Number(port) }
  throw new Failure('usage', `${listen} is no address.`, { cure: 'Write host:port.' })
}

function tellTo(log: Logger): (event: WitnessEvent) => void {
  return ({ event, origin, size, note, cause }) => {
    const facts = { origin, size: String(size) }
    switch (event) {
      case 'cosigned':
        return log.info(facts, 'cosigned')
      case 'inconsistent':
        // With the head kept here it proves that the log's key signed two histories, or a wrong proof.
        return log.error({ ...facts, note }, 'REFUSED: this does not continue what was cosigned')
      case 'clock-behind':
        return log.error(facts, 'refused: the clock is behind the last cosignature')
      case 'failed':
        return log.error({ ...facts, cause: said(cause) }, 'refused: could not be kept')
    }
  }
}

function said(cause: unknown): string {
  const below =
    cause instanceof Error && cause.cause instanceof Error ? `: ${cause.cause.message}` : ''
  return cause instanceof Error ? `${cause.message}${below}` : 'unknown'
}

function refused(thrown: unknown): never {
  const detail = thrown instanceof Error ? thrown.message : 'unknown'
  throw new Failure('failed', 'The witness did not start.', { detail })
}
