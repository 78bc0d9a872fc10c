import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { issueOperatorKey } from '../identity/operator.ts'
import { examples } from './declare.ts'
import { Failure } from './exit.ts'
import { type FirstAnswers, firstFiles } from './first-files.ts'
import { askFor, canAsk } from './input.ts'
import { err, say, tell } from './output.ts'
import { sayProblems } from './problems.ts'

export function declare(program: Command): void {
  program
    .command('init [folder]')
    .summary('write a gateway.yaml and a first rulebook')
    .description(
      'Writes a commented gateway.yaml and a small rulebook that `sallyport check` passes. Never ' +
        'overwrites. On a terminal it asks what no flag says. The operator key is on stdout, once.',
    )
    .option('--upstream <url>', 'the API to put behind the gateway')
    .option('--issuer <url>', 'your OpenID provider; without one, callers use API keys')
    .option('--audience <name>', 'the audience its tokens have to name')
    .option('--operator <name>', 'who administers the gateway')
    .option('--groups <names>', 'the groups they are in, separated by commas', 'admin,approvers')
    .option('--approver <name>', 'a second person who may approve calls')
    .option('--port <n>', 'the port for calls; the admin API has the next one')
    .addHelpText(
      'before',
      examples(
        'sallyport init',
        'sallyport init gw --upstream https://crm.internal --operator dana > operator.key',
      ),
    )
    .action(run)
}

type Options = {
  readonly upstream?: string
  readonly issuer?: string
  readonly audience?: string
  readonly operator?: string
  readonly groups: string
  readonly approver?: string
  readonly port?: string
}

type Operator = FirstAnswers['operators'][number] & { readonly key: string }

async function run(folder = '.', options: Options): Promise<void> {
  const { operators, ...answers } = await answersFrom(options)
  const files = firstFiles({ ...answers, operators })
  refuseToOverwrite(folder, Object.keys(files))
  await validate(files)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text, { flag: 'wx' })
    say(`${err.green('✓')} ${join(folder, path)}`)
  }
  sayNext(folder, operators)
}

async function answersFrom(
  options: Options,
): Promise<Omit<FirstAnswers, 'operators'> & { readonly operators: readonly Operator[] }> {
  const answer = async (given: string | undefined, question: string, preset: string) =>
    given ?? (canAsk() ? await askFor(question, preset) : preset)
  const { upstream, issuer, audience, operator, approver, groups } = options
  const api = await answer(upstream, 'Which API goes behind it?', 'http://127.0.0.1:8080')
  const provider = await answer(issuer, 'Your OpenID provider, if callers have one?', '')
  const named = provider === '' ? '' : await answer(audience, 'Which audience?', 'sallyport')
  const name = await answer(operator, 'Who administers the gateway?', presetName())
  const second = await answer(approver, 'Who else may approve calls, if anybody?', '')
  const port = Number(options.port ?? 7433)
  if (!Number.isInteger(port) || port < 1 || port > 65_534) {
    throw new Failure('usage', '--port is a number from 1 to 65534.')
  }
  const groupNames = groups.split(',').map((one) => one.trim())
  const people = [{ name, groups: groupNames.filter((one) => one !== '') }]
  if (second !== '') people.push({ name: second, groups: ['approvers'] })
  return {
    upstream: api,
    issuer: provider === '' ? undefined : { url: provider, audience: named },
    port,
    operators: people.map((person) => ({ ...person, ...issueOperatorKey() })),
  }
}

function presetName(): string {
  return process.env.USER || process.env.LOGNAME || 'operator'
}

function refuseToOverwrite(folder: string, paths: readonly string[]): void {
  const there = paths.filter((path) => existsSync(join(folder, path)))
  if (there.length === 0) return
  throw new Failure('failed', 'There is something here already; nothing was written.', {
    detail: there.map((path) => join(folder, path)).join('\n'),
    cure: 'Choose another folder: sallyport init <folder>',
  })
}

/** Read as the gateway would read them, before the first is written: an answer may not fit. */
async function validate(files: Readonly<Record<string, string>>): Promise<void> {
  const [{ readYaml }, { configSchema }, { readRulebook }] = await Promise.all([
    import('../config/yaml.ts'),
    import('../config/schema.ts'),
    import('../rulebook/load.ts'),
  ])
  const config = readYaml(files['gateway.yaml'] ?? '', 'gateway.yaml', configSchema)
  const part = (prefix: string) =>
    Object.entries(files)
      .filter(([path]) => path.startsWith(`rulebook/${prefix}`))
      .map(([file, text]) => ({ file, text }))
  const rulebook = readRulebook({
    connections: part('connections/'),
    functions: part('functions/'),
    policies: part('policies/'),
    masking: part('masking.yaml'),
    approvals: part('approvals.yaml'),
    reviews: part('reviews.yaml'),
    gitleaks: part('gitleaks.toml'),
    tests: part('tests/'),
  })
  const problems = [...config.problems, ...('problems' in rulebook ? rulebook.problems : [])]
  if (problems.length === 0) return
  sayProblems(problems)
  throw new Failure('usage', 'These answers do not fit; nothing was written.')
}

function sayNext(folder: string, operators: readonly Operator[]): void {
  const at = folder === '.' ? '' : `cd ${folder} && `
  say()
  for (const { name, key } of operators) {
    say(`${err.yellow('!')} The operator key of ${name}, shown this once (on stdout):`)
    tell(key)
  }
  say()
  say(`  ${at}sallyport serve`)
  say('  sallyport login                                       with the operator key')
  say(
    '  sallyport keys create --name first --kind agent --group team --scope "api.*" --expires 30d',
  )
  say('  SALLYPORT_TOKEN=… sallyport call api.item.get -d \'{"id": "1"}\'')
}
