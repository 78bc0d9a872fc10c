import { type Command, Option } from 'commander'
import type { GlassAsked, GlassListed, GlassReviewed } from '../admin/approval-contract.ts'
import { signedInApi } from './api.ts'
import {
  adminUrlOption,
  collected,
  durationMs,
  examples,
  outputOption,
  withPaging,
} from './declare.ts'
import { Failure } from './exit.ts'
import { askFor, canAsk } from './input.ts'
import { err, type Format, facts, say, sayMore, tellOne, tellRows } from './output.ts'
import { marks } from './style.ts'
import { moment } from './times.ts'
import { visible } from './visible.ts'

export function declare(program: Command): void {
  const glass = program
    .command('break-glass')
    .summary('let a call through in an emergency, and review that')
    .description(
      'For the people that the rulebook names, who have just signed in. Others are told at once. It passes by approvals only: what is denied stays denied, and everything is masked and recorded. Unreviewed, it is the last time.',
    )
    .addHelpText(
      'beforeAll',
      examples(
        'sallyport break-glass open --approval apr_0198c2d0-… --incident INC-42 --reason "nobody of the team answers"',
        'sallyport break-glass open --function "payments.*" --for 30m --incident INC-42 --reason "the bank waits for a recall"',
        'sallyport break-glass ls',
        'sallyport break-glass get bgl_0198c2d0-…',
        'sallyport break-glass review bgl_0198c2d0-… --verdict justified --notes "as the incident says"',
      ),
    )
  declareOpen(glass)
  withPaging(glass.command('ls').summary('list emergencies, newest first'))
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(list)
  glass
    .command('get <id>')
    .summary('show one')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(get)
  glass
    .command('review <id>')
    .summary('say afterwards whether it was right; somebody else has to')
    .addOption(
      new Option('--verdict <verdict>', 'what you find')
        .choices(['justified', 'unjustified'])
        .makeOptionMandatory(),
    )
    .requiredOption('--notes <text>', 'what you looked at')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(review)
}

function declareOpen(glass: Command): void {
  glass
    .command('open')
    .summary('let calls through that people would have to approve')
    .option('--approval <id>', 'the one call that waits for this approval')
    .option('--function <id>', 'calls of these functions: payments.*; repeat for more', collected)
    .option(
      '--for <time>',
      'for so long: 30m (default: as long as the rulebook lets it be)',
      durationMs,
    )
    .requiredOption('--incident <name>', 'where the emergency is written down')
    .requiredOption('--reason <text>', 'why nobody can be asked; at least 20 characters')
    .option('-y, --yes', 'do not ask')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(open)
}

type Common = { readonly adminUrl?: string; readonly output: Format }
type OpenOptions = Common & {
  readonly approval?: string
  readonly function?: readonly string[]
  readonly for?: number
  readonly incident: string
  readonly reason: string
  readonly yes?: true
}

async function open(options: OpenOptions): Promise<void> {
  const { approval, function: functions, incident, reason } = options
  if ((approval === undefined) === (functions === undefined)) {
    throw new Failure('usage', 'Name either an --approval, or one --function or more.')
  }
  const api = signedInApi(options.adminUrl, process.env)
  if (!options.yes) await confirm()
  const asked: GlassAsked = {
    ...{ reason, incident, approval, for_ms: options.for },
    ...(functions && { functions: [...functions] }),
  }
  const opened: GlassListed = await api.post('/break-glass', asked)
  tellOne(opened, options.output, () => glassLines(opened))
  say(
    `${err.yellow(marks.warning)} The glass is broken. Somebody else has to review it by ${visible(opened.review_by)}.`,
  )
}

async function confirm(): Promise<void> {
  if (!canAsk()) {
    throw new Failure('usage', 'There is nobody here to ask.', { cure: 'Add --yes.' })
  }
  say('Others are told at once, and somebody else reviews it. It is in the log for good.')
  const answer = await askFor('Break the glass? [y/N]', '')
  if (!/^y(?:es)?$/i.test(answer)) throw new Failure('cancelled', 'The glass stays whole.')
}

async function list(
  options: Common & { readonly limit: number; readonly all?: true },
): Promise<void> {
  const max = options.all ? Number.POSITIVE_INFINITY : options.limit
  const api = signedInApi(options.adminUrl, process.env)
  const { rows, more } = await api.list<GlassListed>('/break-glass', { max })
  tellRows(rows, {
    format: options.output,
    none: 'No glass was broken, or none that you may see.',
    columns: [
      { title: 'ID', value: ({ id }) => id, whole: true },
      { title: 'STANDING', value: ({ standing }) => standing, whole: true },
      { title: 'BY', value: ({ by }) => by },
      { title: 'OPENED', value: ({ opened_at }) => moment(opened_at), whole: true },
      { title: 'REVIEW BY', value: ({ review_by }) => moment(review_by), whole: true },
      { title: 'FUNCTIONS', value: ({ functions }) => functions.join(' ') },
      { title: 'INCIDENT', value: ({ incident }) => incident },
    ],
  })
  sayMore(rows.length, more)
}

async function get(id: string, options: Common): Promise<void> {
  const api = signedInApi(options.adminUrl, process.env)
  const glass: GlassListed = await api.get(`/break-glass/${encodeURIComponent(id)}`)
  tellOne(glass, options.output, () => glassLines(glass))
}

async function review(id: string, options: Common & GlassReviewed): Promise<void> {
  const { verdict, notes } = options
  const asked: GlassReviewed = { verdict, notes }
  const path = `/break-glass/${encodeURIComponent(id)}/review`
  const reviewed: GlassListed = await signedInApi(options.adminUrl, process.env).post(path, asked)
  tellOne(reviewed, options.output, () => glassLines(reviewed))
}

function glassLines(glass: GlassListed): string[] {
  const { review } = glass
  return facts([
    ['break-glass', glass.id],
    ['standing', glass.standing],
    ['by', glass.by],
    ['reason', glass.reason],
    ['incident', glass.incident],
    ['functions', glass.functions.join(', ')],
    ['approval', glass.approval ?? undefined],
    ['clearance', glass.clearance],
    ['signed in', `${glass.signed_in_at} (${[glass.acr ?? '', ...glass.amr].join(' ').trim()})`],
    ['opened', glass.opened_at],
    ['until', glass.expires_at],
    ['review by', glass.review_by],
    ['review', review ? `${review.verdict}, by ${review.by} at ${review.at}` : undefined],
    ['notes', review?.notes],
  ])
}
