import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import type { StoreConfig } from '../config/config.ts'
import { examples } from './declare.ts'
import { Failure } from './exit.ts'
import { say, tell } from './output.ts'
import { defaultConfigFile, readConfig, storeFrom } from './serve.ts'

export function declare(program: Command): void {
  const migrate = program
    .command('migrate')
    .summary('bring the database of the store up to date')
    .description(
      'Shows and applies the migrations of a store in PostgreSQL. `sallyport serve` applies them by itself unless ' +
        'gateway.yaml says `store.migrate: false`. They only go forward: take a backup first.',
    )
    .addHelpText('before', examples('sallyport migrate status', 'sallyport migrate up'))
  const declareStep = (name: string, summary: string, run: (options: Options) => Promise<void>) =>
    migrate
      .command(name)
      .summary(summary)
      .option('--config <file>', 'the configuration', defaultConfigFile)
      .option('--store <url>', 'the database (postgres://…) instead of the configured one')
      .addHelpText('before', examples(`sallyport migrate ${name}`))
      .action(run)
  declareStep('status', 'what is applied, and what is pending', status)
  declareStep('up', 'apply what is pending', up)
}

type Options = { readonly config: string; readonly store?: string }

async function status(options: Options): Promise<void> {
  const store = await storeOf(options)
  const { storeMigrations } = await import('../serve-store.ts')
  const { applied, pending } = await storeMigrations(store, process.env).catch(failed)
  for (const { number, name, at } of applied) {
    tell(`${label(number, name)}  applied ${at.toISOString()}`)
  }
  for (const { number, name } of pending) tell(`${label(number, name)}  pending`)
  if (pending.length === 0) return
  throw new Failure('failed', `${pending.length} pending.`, {
    cure: 'Run `sallyport migrate up`, or start the gateway.',
  })
}

async function up(options: Options): Promise<void> {
  const store = await storeOf(options)
  const { migrateStore } = await import('../serve-store.ts')
  const applied = await migrateStore(store, process.env).catch(failed)
  for (const { number, name } of applied) tell(`${label(number, name)}  applied`)
  if (applied.length === 0) say('Nothing is pending.')
}

/** With `--store` there need be no gateway.yaml. */
async function storeOf(options: Options): Promise<StoreConfig> {
  if (options.store !== undefined && !existsSync(options.config)) {
    const { storeSchema } = await import('../config/schema.ts')
    const { data, error } = storeSchema.safeParse({ postgres: options.store })
    if (data) return data
    throw new Failure('failed', `The store cannot be used: ${error.issues[0]?.message}.`)
  }
  const { config } = await readConfig(options.config, storeFrom(options))
  if (config.store) return config.store
  throw new Failure(
    'failed',
    'The store is a file in the home folder, which needs no migrations.',
    {
      cure: 'Set `store.postgres` in gateway.yaml, or name a database with --store.',
    },
  )
}

function label(number: number, name: string): string {
  return `${String(number).padStart(4, '0')} ${name}`
}

function failed(thrown: unknown): never {
  if (!(thrown instanceof Error)) throw thrown
  throw new Failure('failed', 'The database could not be asked.', { detail: thrown.message })
}
