import { closeSync, fsyncSync, mkdirSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { Config } from '../config/config.ts'
import { examples, outputOption } from './declare.ts'
import { logFindings } from './doctor-log.ts'
import { addressState, type Finding, gatewayAnswers, issuerState } from './doctor-network.ts'
import { storeFindings } from './doctor-store.ts'
import { exits } from './exit.ts'
import { err, type Format, out, say, tell, tellOne } from './output.ts'
import type { problemLine } from './problems.ts'
import { defaultConfigFile } from './serve.ts'
import { visible } from './visible.ts'

export function declare(program: Command): void {
  program
    .command('doctor')
    .summary('look for what is wrong, with the cure')
    .description(
      'Looks at Node, configuration, home, store, key file, published log, rulebook, secrets, channels, ports and issuers. ' +
        'Of the published log it reads the end: `sallyport evidence verify <home>/log --trust trust.txt` reads it whole.',
    )
    .option('--config <file>', 'the configuration', defaultConfigFile)
    .addOption(outputOption())
    .addHelpText('before', examples('sallyport doctor'))
    .action(run)
}

async function run(options: { readonly config: string; readonly output: Format }): Promise<void> {
  const findings: Finding[] = []
  const report = (found: readonly Finding[]) => {
    findings.push(...found)
    if (options.output === 'table') for (const one of found) tellFinding(one)
  }
  report([nodeFinding()])
  const config = await readQuietly(options.config, report)
  if (config) {
    report(homeFindings(config))
    report(await storeFindings(config))
    report(await logFindings(config))
    report(await rulebookFindings(config))
    report(channelFindings(config))
    report(await portFindings(config))
    report((await Promise.all(config.issuers.map(issuerState))).flat())
  }
  if (options.output !== 'table') tellOne(findings, options.output, () => [])
  const wrong = findings.filter(({ state }) => state === 'wrong').length
  if (wrong > 0) {
    process.exitCode = exits.failed.code
    say(`${err.red('✕')} ${wrong} thing${wrong === 1 ? ' is' : 's are'} wrong.`)
  } else say(`${err.green('✓')} Nothing is wrong.`)
}

function tellFinding({ what, state, told, cure }: Finding): void {
  const sign = { ok: out.green('✓'), warning: out.yellow('!'), wrong: out.red('✕') }[state]
  tell(`${sign} ${out.bold(what.padEnd(10))} ${visible(told)}`)
  if (cure !== undefined) tell(`  ${' '.repeat(10)} ${out.dim('→')} ${visible(cure)}`)
}

function nodeFinding(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const told = `Node ${process.versions.node}`
  const fits = major > 24 || (major === 24 && minor >= 12)
  return fits
    ? { what: 'node', state: 'ok', told }
    : { what: 'node', state: 'wrong', told, cure: 'Use Node 24.12 or newer.' }
}

async function readQuietly(
  file: string,
  report: (found: readonly Finding[]) => void,
): Promise<Config | undefined> {
  const { loadConfig } = await import('../config/load.ts')
  const read = loadConfig(file, process.env)
  if ('config' in read) {
    report([{ what: 'config', state: 'ok', told: file }])
    return read.config
  }
  report(
    read.problems.map((one) => ({ what: 'config', state: 'wrong', told: plainLine(one) }) as const),
  )
  return undefined
}

function plainLine(problem: Parameters<typeof problemLine>[0]): string {
  const { file, line, column, message, hint } = problem
  return `${line > 0 ? `${file}:${line}:${column}` : file} ${message}${hint ? ` ${hint}` : ''}`
}

function homeFindings({ home }: Config): Finding[] {
  if (home === 'memory') {
    const cure = 'Name a folder in gateway.yaml: home: ./.sallyport'
    return [
      { what: 'home', state: 'warning', told: 'Records are lost when the gateway stops.', cure },
    ]
  }
  return [writeFinding(home), ...keyFileFindings(home)]
}

/** Writes and syncs one small file, which is what every record costs. */
function writeFinding(home: string): Finding {
  const probe = join(home, `.doctor-${process.pid}`)
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 })
    const started = performance.now()
    const file = openSync(probe, 'wx', 0o600)
    try {
      writeSync(file, 'probe')
      fsyncSync(file)
    } finally {
      closeSync(file)
      rmSync(probe, { force: true })
    }
    const took = (performance.now() - started).toFixed(1)
    return { what: 'home', state: 'ok', told: `${home} can be written; a sync took ${took} ms` }
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'failed'
    const cure = 'Give the gateway’s user this folder, or name another home.'
    return { what: 'home', state: 'wrong', told: `${home} cannot be written (${code}).`, cure }
  }
}

function keyFileFindings(home: string): Finding[] {
  const path = join(home, 'keys.json')
  const what = 'key file'
  const there = statSync(path, { throwIfNoEntry: false })
  const database = statSync(join(home, 'sallyport.db'), { throwIfNoEntry: false })
  if (!there && database) {
    const cure = 'Restore it from its backup: without it no kept payload can be read.'
    return [{ what, state: 'wrong', told: `${path} is missing beside its database.`, cure }]
  }
  if (!there) return [{ what, state: 'ok', told: 'made at the first start' }]
  if (process.platform !== 'win32' && (there.mode & 0o077) !== 0) {
    const cure = `chmod 600 ${path}`
    return [{ what, state: 'wrong', told: `${path} can be read by others.`, cure }]
  }
  return [{ what, state: 'ok', told: `${path} can be read by its owner alone` }]
}

async function rulebookFindings(config: Config): Promise<Finding[]> {
  const [{ loadRulebook }, { knownNamesOf }, { runPolicyTests }] = await Promise.all([
    import('../rulebook/load.ts'),
    import('../rulebook/known-names.ts'),
    import('../rulebook/run-tests.ts'),
  ])
  const folder = config.rulebook
  const what = 'rulebook'
  const loaded = await loadRulebook(folder, knownNamesOf(config))
  if ('problems' in loaded) {
    return loaded.problems.map((one) => ({ what, state: 'wrong', told: plainLine(one) }))
  }
  const { rulebook, inForce, tests } = loaded
  const failed = runPolicyTests(inForce, tests).filter(({ passed }) => !passed).length
  const counted = `${rulebook.functions.length} functions, ${tests.length} policy tests`
  const cure = 'sallyport policy test'
  const about: Finding =
    failed > 0
      ? { what, state: 'wrong', told: `${failed} of its policy tests fail.`, cure }
      : { what, state: 'ok', told: `${folder}: ${counted}` }
  return [about, ...rulebook.connections.flatMap(secretFinding)]
}

/** Whether the secret that a connection or a channel refers to is there; its value is never looked at. */
function secretFinding({
  id,
  credential,
}: {
  readonly id: string
  readonly credential:
    | { readonly kind: 'none' }
    | {
        readonly kind: string
        readonly secret: { readonly env: string } | { readonly file: string }
      }
}): Finding[] {
  if (!('secret' in credential)) return []
  const { secret } = credential
  const what = 'secret'
  if ('env' in secret) {
    if (process.env[secret.env]) return [{ what, state: 'ok', told: `${id}: ${secret.env} is set` }]
    const cure = 'Set it where the gateway runs; here it may rightly be unset.'
    return [{ what, state: 'warning', told: `${id}: ${secret.env} is not set here.`, cure }]
  }
  const there = statSync(secret.file, { throwIfNoEntry: false })
  if (there) return [{ what, state: 'ok', told: `${id}: ${secret.file} is there` }]
  const cure = 'Put it there, or mend where it is named.'
  return [{ what, state: 'warning', told: `${id}: ${secret.file} is not here.`, cure }]
}

/** Whether the secrets of the channels are there, by which people are told. */
function channelFindings({ notify }: Config): Finding[] {
  return Object.entries(notify.channels).flatMap(([name, channel]) => {
    const secrets =
      channel.kind === 'webhook'
        ? [channel.secret, channel.otherSecret]
        : channel.kind === 'slack'
          ? [channel.token, channel.signingSecret]
          : [channel.password]
    return secrets.flatMap((secret) =>
      secret ? secretFinding({ id: name, credential: { kind: channel.kind, secret } }) : [],
    )
  })
}

async function portFindings({ listen, admin }: Config): Promise<Finding[]> {
  if (await gatewayAnswers(admin)) {
    const told = `a gateway answers on ${admin.host}:${admin.port}`
    return [{ what: 'ports', state: 'ok', told }]
  }
  return Promise.all([listen, admin].map(addressState))
}
