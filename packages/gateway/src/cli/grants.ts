import { type Command, Option } from 'commander'
import type {
  CertifyAsked,
  FreshnessShown,
  GrantChanged,
  GrantDetail,
  GrantListed,
  WhatCan,
  WhoCan,
} from '../admin/grant-contract.ts'
import { type Api, signedInApi } from './api.ts'
import {
  adminUrlOption,
  collected,
  durationMs,
  examples,
  outputOption,
  withPaging,
} from './declare.ts'
import { Failure } from './exit.ts'
import {
  freshnessText,
  grantLines,
  lastUsedText,
  ownerText,
  paintFreshness,
  usageText,
} from './grant-lines.ts'
import { askFor, canAsk } from './input.ts'
import { err, type Format, out, say, sayMore, tellOne, tellRows } from './output.ts'
import { marks } from './style.ts'
import { declareTimed } from './timed-grants.ts'
import { visible } from './visible.ts'

export function declare(program: Command): void {
  const grants = program
    .command('grants')
    .summary('who may call what, why, and whether that was looked at lately')
    .description(
      'A grant is one permit of the rulebook. People certify that it is still justified; nobody does, and its calls need a person, later they are refused.',
    )
    .addHelpText(
      'beforeAll',
      examples(
        'sallyport grants ls --state stale',
        'sallyport grants get support-refunds',
        'sallyport grants who-can payments.transfer',
        'sallyport grants what-can corp:sam --group support',
        'sallyport grants certify support-refunds --reason "support still pays refunds"',
        'sallyport grants certify support-refunds --narrow "context.args.amount <= 5000" --reason "…"',
        'sallyport grants revoke support-refunds --reason "the team has moved"',
        'sallyport grants restore support-refunds --reason "the team is back"',
        'sallyport grants exempt support-refunds --for 60d --reason "it is replaced in May"',
        'sallyport grants extend support-refunds --for 3d --reason "its owner is ill"',
        'sallyport grants request payments.transfer --for 8h --reason "month end"',
        'sallyport grants requests',
        'sallyport grants give timed-0198c2d0-… --reason "month end"',
        'sallyport grants refuse timed-0198c2d0-… --reason "ask in March"',
        'sallyport grants take-back timed-0198c2d0-… --reason "done"',
      ),
    )
  declareReading(grants)
  declareDeciding(grants)
  declareTimed(grants)
}

function declareReading(grants: Command): void {
  withPaging(grants.command('ls').summary('list grants, with where they stand and who uses them'))
    .addOption(new Option('--state <state>', 'only those that stand so').choices(states))
    .option('--owner <owner>', 'only those of this owner')
    .option('--function <id>', 'only those that cover this function')
    .option('--risk <tier>', 'only those of this tier')
    .option('-q, --search <text>', 'only those that mention this')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(list)
  grants
    .command('get <id>')
    .summary('all that is known about one grant')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(get)
  grants
    .command('who-can <function>')
    .summary('every grant that leads to this function')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(whoCan)
  grants
    .command('what-can <principal>')
    .summary('what this principal may call, by its own grants')
    .addOption(
      new Option('--kind <kind>', 'what it is')
        .choices(['user', 'agent', 'workload', 'service'])
        .default('user'),
    )
    .option('--group <group>', 'a group it is in; repeat for more', collected, [])
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(whatCan)
}

function declareDeciding(grants: Command): void {
  decision(grants, 'certify', 'say that it is still justified, as it is now')
    .option('--narrow <cedar>', 'only where this holds; repeat for more', collected)
    .option('--ends <time>', 'the access itself ends then (RFC 3339)')
    .option('--content <digest>', 'only if it is still what you looked at before')
    .option('-y, --yes', 'do not ask; needs --content')
    .action(certify)
  decision(
    grants,
    'revoke',
    'it allows nothing from the next call on, whatever the rulebook says',
  ).action(change('revoke'))
  decision(grants, 'restore', 'undo a revocation; two people').action(change('restore'))
  decision(grants, 'exempt', 'no review until then; two people')
    .requiredOption('--for <time>', 'for how long: 30d', durationMs)
    .action(change('exempt'))
  decision(grants, 'extend', 'keep it from going stale for up to seven days, once; two people')
    .requiredOption('--for <time>', 'for how long: 3d', durationMs)
    .action(change('extend'))
}

function decision(grants: Command, name: string, summary: string): Command {
  return grants
    .command(`${name} <id>`)
    .summary(summary)
    .requiredOption('--reason <text>', 'why; it goes into the log, so no personal data')
    .addOption(adminUrlOption())
    .addOption(outputOption())
}

type Common = { readonly adminUrl?: string; readonly output: Format }
type Filters = {
  readonly state?: string
  readonly owner?: string
  readonly function?: string
  readonly risk?: string
  readonly search?: string
  readonly limit: number
  readonly all?: true
}

async function list(options: Common & Filters): Promise<void> {
  const { owner, function: fn, risk, search: q } = options
  const state = options.state?.toUpperCase().replaceAll('-', '_')
  const { rows, more } = await signedInApi(options.adminUrl, process.env).list<GrantListed>(
    '/grants',
    {
      query: { state, owner, function: fn, risk, q },
      max: options.all ? Number.POSITIVE_INFINITY : options.limit,
    },
  )
  tellRows(rows, {
    format: options.output,
    none: 'There is no such grant that you may see.',
    columns: [
      { title: 'GRANT', value: ({ id }) => id, whole: true },
      {
        title: 'STANDS',
        value: ({ freshness }) => freshnessText(freshness),
        whole: true,
        paint: (text, { freshness }) => paintFreshness(text, freshness, out),
      },
      { title: 'TIER', value: ({ tier }) => tier, whole: true },
      { title: 'OWNER', value: ownerText },
      { title: 'GIVEN TO', value: ({ principal }) => principal },
      { title: 'CALLS 7/30/90D', value: ({ usage }) => usageText(usage), whole: true },
      { title: 'LAST USED', value: ({ usage }) => lastUsedText(usage), whole: true },
      { title: 'FUNCTIONS', value: ({ functions }) => functions.join(' ') },
    ],
  })
  sayMore(rows.length, more)
}

async function get(id: string, options: Common): Promise<void> {
  const grant = await fetchGrant(signedInApi(options.adminUrl, process.env), id)
  tellOne(grant, options.output, () => grantLines(grant, out))
}

function fetchGrant(api: Api, id: string): Promise<GrantDetail> {
  return api.get(`/grants/${encodeURIComponent(id)}`)
}

async function whoCan(fn: string, options: Common): Promise<void> {
  const found: WhoCan = await signedInApi(options.adminUrl, process.env).get(
    `/grants/who-can/${encodeURIComponent(fn)}`,
  )
  if (options.output !== 'table') return tellOne(found, options.output, () => [])
  tellRows(found.paths, {
    format: 'table',
    none: 'Nobody: no grant covers it.',
    columns: [
      { title: 'GRANT', value: ({ grant }) => grant, whole: true },
      { title: 'GIVEN TO', value: ({ principal }) => principal },
      {
        title: 'STANDS',
        value: ({ freshness }) => freshnessText(freshness),
        whole: true,
        paint: (text, { freshness }) => paintFreshness(text, freshness, out),
      },
      { title: 'ALWAYS', value: ({ conditional }) => (conditional ? 'sometimes' : 'always') },
    ],
  })
  for (const { policy, reason, approvers } of found.guardrails) {
    const then = approvers.length > 0 ? ` (unless ${approvers.join(', ')} approve)` : ''
    say(`${err.yellow('!')} ${visible(`${policy} may refuse it: ${reason ?? ''}${then}`)}`)
  }
}

async function whatCan(
  principal: string,
  options: Common & { readonly kind: string; readonly group: readonly string[] },
): Promise<void> {
  const query = new URLSearchParams({ kind: options.kind })
  for (const group of options.group) query.append('group', group)
  const path = `/grants/what-can/${encodeURIComponent(principal)}?${query}`
  const found: WhatCan = await signedInApi(options.adminUrl, process.env).get(path)
  if (options.output !== 'table') return tellOne(found, options.output, () => [])
  tellRows(found.functions, {
    format: 'table',
    none: 'Nothing.',
    columns: [
      { title: 'FUNCTION', value: (one) => one.function, whole: true },
      { title: 'A CALL IS', value: ({ answer }) => answerWords[answer], whole: true },
      {
        title: 'BY',
        value: ({ grants }) =>
          grants.map(({ grant, freshness }) => `${grant} (${stateWord(freshness)})`).join(' '),
      },
    ],
  })
}

const answerWords: Readonly<Record<WhatCan['functions'][number]['answer'], string>> = {
  permit: 'let through',
  hold: 'held for a person',
  refuse: 'refused',
  depends: 'judged by its arguments',
}

function stateWord({ state }: FreshnessShown): string {
  return state.toLowerCase().replace('_', ' ')
}

type CertifyOptions = Common & {
  readonly reason: string
  readonly narrow?: readonly string[]
  readonly ends?: string
  readonly content?: string
  readonly yes?: true
}

/** Shows the grant and certifies exactly that: its content goes along, so one that changed meanwhile is not certified. */
async function certify(id: string, options: CertifyOptions): Promise<void> {
  const api = signedInApi(options.adminUrl, process.env)
  const grant = await fetchGrant(api, id)
  for (const line of grantLines(grant, err)) say(line)
  if (options.content !== undefined && options.content !== grant.content) {
    throw new Failure('failed', 'This is not what you looked at: its content is another.', {
      cure: 'Read it again, then certify its content.',
    })
  }
  await confirmCertifying(grant, options)
  const { narrow, ends, reason } = options
  const asked: CertifyAsked = {
    content: grant.content,
    reason,
    decision: ends !== undefined ? 'time-bound' : narrow ? 'narrow' : 'keep',
    ...(narrow && { when: [...narrow] }),
    ...(ends !== undefined && { ends_at: ends }),
  }
  const done: GrantChanged = await api.post(`/grants/${encodeURIComponent(id)}/certify`, asked)
  tellChanged(done, options.output)
}

async function confirmCertifying(
  { content }: GrantDetail,
  { yes, content: seen }: CertifyOptions,
): Promise<void> {
  if (yes === true && seen !== undefined) return
  if (!canAsk()) {
    throw new Failure('usage', 'There is nobody here to ask.', {
      cure: 'Look with `sallyport grants get`, then add --yes --content <the content you saw>.',
    })
  }
  const answer = await askFor(`Still justified, as it is now (${visible(content)})? [y/N]`, '')
  if (!/^y(?:es)?$/i.test(answer)) throw new Failure('cancelled', 'Nothing was decided.')
}

type ChangeOptions = Common & { readonly reason: string; readonly for?: number }

function change(
  act: 'revoke' | 'restore' | 'exempt' | 'extend',
): (id: string, options: ChangeOptions) => Promise<void> {
  return async (id, { adminUrl, output, reason, for: forMs }) => {
    const api = signedInApi(adminUrl, process.env)
    // What takes two people is about the grant as each of them finds it.
    const seen = act === 'revoke' ? {} : { content: (await fetchGrant(api, id)).content }
    const until = forMs === undefined ? {} : { until: new Date(Date.now() + forMs).toISOString() }
    const path = `/grants/${encodeURIComponent(id)}/${act}`
    tellChanged(await api.post<GrantChanged>(path, { ...seen, ...until, reason }), output)
  }
}

function tellChanged({ grant, pending }: GrantChanged, output: Format): void {
  if (output !== 'table') tellOne(grant, output, () => [])
  say(
    pending
      ? `${err.yellow(marks.held)} ${visible(grant.id)}: a second person has to say the same before it counts.`
      : `${err.green(marks.ok)} ${visible(grant.id)} is ${freshnessText(grant.freshness)}.`,
  )
}

const states = ['provisional', 'fresh', 'due-soon', 'stale', 'lapsed', 'exempt', 'revoked']
