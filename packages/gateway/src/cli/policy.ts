import type { Command } from 'commander'
import type { Explain, Explained, PartyAsked } from '../admin/contract.ts'
import type { Party, PartyKind } from '../model/principal.ts'
import type { Explanation } from '../policy/explain.ts'
import { signedInApi } from './api.ts'
import { adminUrlOption, collected, examples, outputOption } from './declare.ts'
import { exits, Failure } from './exit.ts'
import { readFileOrStdin } from './input.ts'
import { type JsonArguments, readJsonArguments } from './json-arguments.ts'
import { err, type Format, out, say, tell, tellOne } from './output.ts'
import { findRulebook, loadFolder } from './rulebook-folder.ts'
import { visible, visibleJson } from './visible.ts'

export function declare(program: Command): void {
  const policy = program
    .command('policy')
    .summary('test and explain policies')
    .addHelpText(
      'beforeAll',
      examples(
        'sallyport policy test',
        'sallyport policy explain crm.customer.get --as user:corp:sam --group support --rulebook .',
        'sallyport policy explain payments.transfer --as user:corp:sam --group support \\\n' +
          '      --actor agent:corp:bot -d \'{"amount": 420000}\' --rulebook rulebook',
      ),
    )
  policy
    .command('test [folder]')
    .summary('run the policy tests of a rulebook, offline')
    .addOption(outputOption())
    .action(runTests)
  policy
    .command('explain <function>')
    .summary('what policy says about a call, and why; nothing is called')
    .requiredOption(
      '--as <party>',
      'on whose behalf: user:corp:sam (or agent:, workload:, service:)',
    )
    .option('--group <group>', 'a group they are in; repeat for more', collected, [])
    .option('--actor <party>', 'who acts for them: agent:corp:bot')
    .option('--actor-group <group>', 'a group the actor is in; repeat for more', collected, [])
    .option('-d, --data <json>', 'the arguments: JSON, @file, or - for stdin', '{}')
    .option(
      '--approved-by <group>',
      'as if this group had approved; repeat for more',
      collected,
      [],
    )
    .option('--label <label>', 'as if the session had it; repeat for more', collected, [])
    .option('--at <time>', 'as if it were then (RFC 3339)')
    .option('--rulebook <folder>', 'ask this folder instead of the running gateway')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(runExplain)
}

/** TAP 14, so that any harness reads it; or the results as JSON. */
async function runTests(folder = '.', options: { readonly output: Format }): Promise<void> {
  const found = await findRulebook(folder)
  const { inForce, tests } = await loadFolder(found)
  const { runPolicyTests } = await import('../rulebook/run-tests.ts')
  const results = runPolicyTests(inForce, tests)
  if (options.output === 'json') tell(visibleJson(results, 2))
  else if (options.output === 'jsonl') for (const one of results) tell(visibleJson(one, 0))
  else {
    tell('TAP version 14')
    tell(`1..${results.length}`)
    for (const [at, { passed, name, file, line, expected, got }] of results.entries()) {
      const word = passed ? out.green('ok') : out.red('not ok')
      tell(`${word} ${at + 1} - ${visible(name)}`)
      if (passed) continue
      tell(`  ---\n  at: ${visible(`${file}:${line}`)}`)
      tell(`  expected: ${visible(expected)}\n  got: ${visible(got)}\n  ...`)
    }
  }
  const failed = results.filter(({ passed }) => !passed).length
  if (failed > 0) throw new Failure('failed', `${failed} of ${results.length} policy tests fail.`)
  say(`${err.green('✓')} ${results.length} policy tests pass.`)
}

type ExplainOptions = {
  readonly as: string
  readonly group: readonly string[]
  readonly actor?: string
  readonly actorGroup: readonly string[]
  readonly data: string
  readonly approvedBy: readonly string[]
  readonly label: readonly string[]
  readonly at?: string
  readonly rulebook?: string
  readonly adminUrl?: string
  readonly output: Format
}

const dataBytesMax = 1_048_576

async function runExplain(functionId: string, options: ExplainOptions): Promise<void> {
  const { data } = options
  const file = data === '-' ? '-' : data.startsWith('@') ? data.slice(1) : undefined
  const args = readJsonArguments(
    file === undefined ? data : await readFileOrStdin(file, dataBytesMax),
  )
  const as = readParty(options.as, options.group)
  const actor =
    options.actor === undefined ? undefined : readParty(options.actor, options.actorGroup)
  if (options.at !== undefined && Number.isNaN(Date.parse(options.at))) {
    throw new Failure('usage', '--at is not a time.', { cure: 'Write 2026-01-07T12:00:00Z' })
  }
  const asked = { functionId, as, actor, args, options }
  const effect =
    options.rulebook === undefined
      ? await explainByGateway(asked)
      : await explainByFolder(asked, options.rulebook)
  process.exitCode =
    effect === 'permit' ? exits.ok.code : effect === 'hold' ? exits.held.code : exits.denied.code
}

type Asked = {
  readonly functionId: string
  readonly as: PartyAsked
  readonly actor: PartyAsked | undefined
  readonly args: JsonArguments
  readonly options: ExplainOptions
}

function readParty(text: string, groups: readonly string[]): PartyAsked {
  const [, kind, id = ''] = /^(\w+):(.+)$/.exec(text) ?? []
  const known = kinds.find((one) => one === kind)
  if (!known) {
    throw new Failure('usage', `${text} is no party.`, {
      cure: 'Write its kind and id: user:corp:sam, agent:corp:bot, workload:…, service:…',
    })
  }
  return { kind: known, id, groups: [...groups] }
}

const kinds: readonly PartyKind[] = ['user', 'agent', 'workload', 'service']

async function explainByGateway(asked: Asked): Promise<Explained['effect']> {
  const { functionId, as, actor, args, options } = asked
  const body: Explain = {
    as,
    actor,
    call: functionId,
    args: { ...args.values },
    approved_by: [...options.approvedBy],
    labels: [...options.label],
    ...(options.at !== undefined && { at: new Date(options.at).toISOString() }),
  }
  const api = signedInApi(options.adminUrl, process.env)
  const explained: Explained = await api.post('/policy/explain', body)
  tellOne(explained, options.output, () => [
    effectLine(explained.effect, explained.approver_groups),
    ...explained.reasons.map(({ policy, effect, text }) =>
      visible(`  ${effect} ${policy}${text === null ? '' : `: ${text}`}`),
    ),
    ...explained.errors.map((id) => visible(`  ${id} could not be evaluated`)),
    out.dim(visible(`  rulebook ${explained.rulebook}`)),
  ])
  return explained.effect
}

async function explainByFolder(asked: Asked, folder: string): Promise<Explained['effect']> {
  const { functionId, as, actor, args, options } = asked
  const { explain } = await loadFolder(await findRulebook(folder))
  const parties: readonly Party[] = actor ? [as, actor] : [as]
  const explanation = explain({
    parties,
    subject: as,
    functionId,
    args: args.values,
    exactNumber: args.exactNumber,
    session: 'ses_explain',
    labels: options.label,
    time: options.at === undefined ? Date.now() : Date.parse(options.at),
    source: { protocol: 'http', ip: '127.0.0.1' },
    approvedBy: options.approvedBy,
  })
  tellOne(explanation, options.output, () => explanationLines(explanation))
  return explanation.decision.effect
}

function explanationLines({ decision, parties, lines }: Explanation): string[] {
  const groups = decision.effect === 'hold' ? decision.approverGroups : []
  return [
    effectLine(decision.effect, groups),
    ...lines.map((line) => `  ${visible(line)}`),
    ...parties.flatMap(({ party, policies }) => [
      '',
      out.bold(visible(party)),
      ...policies.map(({ id, effect, applied, why, file, line }) => {
        const sign = { yes: '✓', no: '·', error: '!' }[applied]
        return `  ${sign} ${visible(`${effect} ${id}`)} ${out.dim(visible(`${why} (${file}:${line})`))}`
      }),
    ]),
  ]
}

function effectLine(effect: Explained['effect'], groups: readonly string[]): string {
  if (effect === 'permit') return out.green('✓ permitted')
  if (effect === 'forbid') return out.red('✕ forbidden')
  return out.yellow(visible(`‖ held until ${groups.join(' and ')} approve`))
}
