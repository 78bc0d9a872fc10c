import { type Command, Option } from 'commander'
import type { ReasonGiven } from '../admin/grant-contract.ts'
import type {
  CampaignDetail,
  CampaignListed,
  Forecast,
  ItemListed,
} from '../admin/review-contract.ts'
import { signedInApi } from './api.ts'
import {
  adminUrlOption,
  collected,
  durationMs,
  durationOrNoneMs,
  examples,
  outputOption,
  withPaging,
} from './declare.ts'
import { freshnessText, ownerText, paintFreshness } from './grant-lines.ts'
import { err, type Format, out, say, sayMore, tellOne, tellRows } from './output.ts'
import { decide, reassign } from './review-decide.ts'
import { exportPack } from './review-export.ts'
import { campaignLines, itemColumns, itemLines } from './review-lines.ts'
import { start } from './review-start.ts'
import { marks } from './style.ts'
import { moment } from './times.ts'
import { visible } from './visible.ts'

export function declare(program: Command): void {
  const reviews = program
    .command('reviews')
    .summary('rounds of access reviews, and what goes stale')
    .description(
      'A campaign asks people about many grants until a date. What nobody decides goes stale by itself, whether or not anything runs.',
    )
    .addHelpText(
      'beforeAll',
      examples(
        'sallyport reviews start --name "Q1 payments" --owner team-payments --due 14d --reviewer owner --reviewer group:security',
        'sallyport reviews start --name "Q1 payments" --risk critical --due 14d --dry-run',
        'sallyport reviews ls --state active',
        'sallyport reviews show 0198c2d0-…',
        'sallyport reviews show 0198c2d0-… 0198c2d1-…',
        'sallyport reviews decide 0198c2d0-… 0198c2d1-… --keep --reason "support still pays refunds"',
        'sallyport reviews reassign 0198c2d0-… 0198c2d1-… --to group:security --note "their owner has left"',
        'sallyport reviews remind 0198c2d0-…',
        'sallyport reviews close 0198c2d0-…',
        'sallyport reviews cancel 0198c2d0-… --reason "the wrong team"',
        'sallyport reviews export 0198c2d0-… -o q1-payments.zip',
        'sallyport reviews forecast --days 30',
      ),
    )
  declareStart(reviews)
  declareReading(reviews)
  declareDeciding(reviews)
  declareSteering(reviews)
}

function declareStart(reviews: Command): void {
  reviews
    .command('start')
    .summary('freeze which grants it is about, and ask their reviewers')
    .requiredOption('--name <name>', 'what it is called')
    .option('--function <id>', 'grants that cover this function; repeat for more', collected)
    .option('--owner <owner>', 'grants of this owner; repeat for more', collected)
    .option('--risk <tier>', 'grants of this tier; repeat for more', collected)
    .option('--grant <id>', 'this grant; repeat for more', collected)
    .option('--stale-within <time>', 'grants that go stale in this time: 30d', durationMs)
    .option(
      '--reviewer <who>',
      'owner, function-owner, group:<name> or person:<party>; the first that leaves somebody; repeat for more',
      collected,
    )
    .requiredOption('--due <time>', 'how long they have: 14d', durationMs)
    .option(
      '--grace <time>',
      'how long after that what is missing is dealt with; otherwise 7d',
      durationMs,
    )
    .option('--opens <time>', 'in how long it begins: 0s, 7d', durationOrNoneMs, 0)
    .option('--remind <time>', 'so long before it is due; repeat for more', collected)
    .addOption(
      new Option('--unanswered <what>', 'what becomes of what nobody decides')
        .choices(['stale', 'revoke', 'keep-flagged', 'recommendation'])
        .default('stale'),
    )
    .addOption(
      new Option('--justify <when>', 'whose reasons are asked for')
        .choices(['always', 'high'])
        .default('always'),
    )
    .option('--two-levels', 'a second person decides every item, not only the critical ones')
    .option('--every <rrule>', 'again and again: FREQ=MONTHLY;INTERVAL=3 (RFC 5545)')
    .option('--dry-run', 'only say which grants and whom it would ask')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(start)
}

function declareReading(reviews: Command): void {
  withPaging(reviews.command('ls').summary('list campaigns, newest first'))
    .addOption(new Option('--state <state>', 'only those in this state').choices(states))
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(list)
  withPaging(reviews.command('show <campaign> [item]'))
    .summary('one campaign and its items, or all that a reviewer needs for one item')
    .addOption(new Option('--state <state>', 'only items in this state').choices(itemStates))
    .option('--mine', 'only items that you may decide')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(show)
  reviews
    .command('forecast')
    .summary('what goes stale soon, and which callers that stops')
    .option('--days <n>', 'so many days ahead', '30')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(forecast)
}

function declareDeciding(reviews: Command): void {
  reviews
    .command('decide <campaign> <items...>')
    .summary('decide one item after seeing it, or several at once')
    .option('--keep', 'still justified, as it is')
    .option('--narrow <cedar>', 'only where this holds; repeat for more', collected)
    .option('--ends <time>', 'the access ends then (RFC 3339)')
    .option('--revoke', 'no longer justified')
    .requiredOption('--reason <text>', 'why; it goes into the log, so no personal data')
    .option(
      '--shown <token>',
      'of what you looked at; for several items of one in ten at least; repeat for more',
      collected,
      [],
    )
    .option('-y, --yes', 'do not ask; needs --shown')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(decide)
  reviews
    .command('reassign <campaign> <item>')
    .summary('have somebody else decide it')
    .requiredOption('--to <who>', 'group:<name> or person:<party>; repeat for more', collected)
    .requiredOption('--note <text>', 'why')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(reassign)
}

function declareSteering(reviews: Command): void {
  reviews
    .command('remind <campaign>')
    .summary('tell the reviewers again what is open')
    .addOption(adminUrlOption())
    .action(remind)
  reviews
    .command('close <campaign>')
    .summary('apply and verify what is decided, and seal the evidence')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(close)
  reviews
    .command('cancel <campaign>')
    .summary('end it without any effect; two people')
    .requiredOption('--reason <text>', 'why; it goes into the log, so no personal data')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(cancel)
  reviews
    .command('export <campaign>')
    .summary('the evidence of a closed campaign, for an auditor')
    .requiredOption('-o, --out <path>', 'a folder, or a file that ends in .zip')
    .addOption(adminUrlOption())
    .action(exportPack)
}

type Common = { readonly adminUrl?: string; readonly output: Format }
type Paged = { readonly limit: number; readonly all?: true; readonly state?: string }

async function list(options: Common & Paged): Promise<void> {
  const max = options.all ? Number.POSITIVE_INFINITY : options.limit
  const query = { state: options.state?.toUpperCase() }
  const api = signedInApi(options.adminUrl, process.env)
  const { rows, more } = await api.list<CampaignListed>('/reviews', { query, max })
  tellRows(rows, {
    format: options.output,
    none: 'There is none. `sallyport reviews start` opens one.',
    columns: [
      { title: 'ID', value: ({ id }) => id, whole: true },
      { title: 'STATE', value: ({ state }) => state.toLowerCase(), whole: true },
      { title: 'NAME', value: ({ name }) => name },
      { title: 'GRANTS', value: ({ population }) => String(population?.count ?? '-') },
      { title: 'DUE', value: ({ due_at }) => moment(due_at), whole: true },
      { title: 'OWNER', value: ({ owner }) => owner },
    ],
  })
  sayMore(rows.length, more)
}

async function show(
  campaign: string,
  item: string | undefined,
  options: Common & Paged & { readonly mine?: true },
): Promise<void> {
  const api = signedInApi(options.adminUrl, process.env)
  if (item !== undefined) {
    const one = await api.get<Parameters<typeof itemLines>[0]>(itemPath(campaign, item))
    return tellOne(one, options.output, () => itemLines(one, out))
  }
  const found: CampaignDetail = await api.get(`/reviews/${encodeURIComponent(campaign)}`)
  const max = options.all ? Number.POSITIVE_INFINITY : options.limit
  const state = options.state?.toUpperCase().replaceAll('-', '_')
  const { rows, more } = await api.list<ItemListed>(
    `/reviews/${encodeURIComponent(campaign)}/items`,
    { query: { state, mine: options.mine && 'true' }, max },
  )
  if (options.output !== 'table') {
    tellOne({ ...found, items: rows }, options.output, () => [])
  } else {
    tellOne(found, 'table', () => [...campaignLines(found), ''])
    tellRows(rows, { format: 'table', none: 'No item matches.', columns: itemColumns })
  }
  sayMore(rows.length, more)
}

function itemPath(campaign: string, item: string): string {
  return `/reviews/${encodeURIComponent(campaign)}/items/${encodeURIComponent(item)}`
}

async function forecast(options: Common & { readonly days: string }): Promise<void> {
  const api = signedInApi(options.adminUrl, process.env)
  const found: Forecast = await api.get('/reviews/forecast', { days: options.days })
  if (options.output !== 'table') return tellOne(found, options.output, () => [])
  tellRows(found.grants, {
    format: 'table',
    none: `Nothing goes stale in ${found.days} days.`,
    columns: [
      { title: 'GRANT', value: ({ grant }) => grant, whole: true },
      {
        title: 'STANDS',
        value: ({ freshness }) => freshnessText(freshness),
        whole: true,
        paint: (text, { freshness }) => paintFreshness(text, freshness, out),
      },
      { title: 'TIER', value: ({ tier }) => tier, whole: true },
      { title: 'OWNER', value: ownerText },
      { title: 'CALLS 30D', value: ({ calls_30 }) => String(calls_30 ?? 'unknown') },
      { title: 'MACHINES IT STOPS', value: ({ machines }) => machines.join(' ') },
    ],
  })
}

async function remind(campaign: string, { adminUrl }: Pick<Common, 'adminUrl'>): Promise<void> {
  const path = `/reviews/${encodeURIComponent(campaign)}/remind`
  const { counts }: CampaignDetail = await signedInApi(adminUrl, process.env).post(path, {})
  const open = counts.UNREVIEWED + counts.SECOND_LEVEL
  say(`${err.green(marks.ok)} ${open} items are open; their reviewers are told.`)
}

async function close(campaign: string, { adminUrl, output }: Common): Promise<void> {
  const path = `/reviews/${encodeURIComponent(campaign)}/close`
  const after: CampaignDetail = await signedInApi(adminUrl, process.env).post(path, {})
  if (output !== 'table') tellOne(after, output, () => [])
  say(`${err.green(marks.ok)} ${visible(after.name)} is ${after.state.toLowerCase()}.`)
}

async function cancel(
  campaign: string,
  { adminUrl, output, reason }: Common & { readonly reason: string },
): Promise<void> {
  const asked: ReasonGiven = { reason }
  const path = `/reviews/${encodeURIComponent(campaign)}/cancel`
  const after: CampaignDetail = await signedInApi(adminUrl, process.env).post(path, asked)
  if (output !== 'table') tellOne(after, output, () => [])
  say(
    after.state === 'CANCELLED'
      ? `${err.green(marks.ok)} ${visible(after.name)} is cancelled. It has certified nothing.`
      : `${err.yellow(marks.held)} A second person has to say the same before it is cancelled.`,
  )
}

const states = [
  'draft',
  'staged',
  'active',
  'overdue',
  'enforcing',
  'remediating',
  'closed',
  'cancelled',
]
const itemStates = [
  'unreviewed',
  'decided',
  'second-level',
  'applied',
  'verified',
  'no-response',
  'voided',
]
