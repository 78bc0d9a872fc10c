import { type Command, InvalidArgumentError, Option } from 'commander'
import type {
  ApprovalDetail,
  ApprovalSummary,
  CounterOffered,
  Terms,
  VoteCast,
} from '../admin/approval-contract.ts'
import { type Api, signedInApi } from './api.ts'
import {
  approvalLines,
  askedBy,
  progressText,
  stateOf,
  termsText,
  timeLeft,
} from './approval-lines.ts'
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
import { err, type Format, out, say, sayMore, tellOne, tellRows } from './output.ts'
import { marks } from './style.ts'
import { visible } from './visible.ts'
import { watch } from './watch-approvals.ts'

export function declare(program: Command): void {
  const approvals = program
    .command('approvals')
    .summary('answer what waits for a person')
    .description('Calls that are held until people agree. You vote on exactly what you are shown.')
    .addHelpText(
      'beforeAll',
      examples(
        'sallyport approvals ls',
        'sallyport approvals get apr_0198c2d0-…',
        'sallyport approvals watch',
        'sallyport approvals approve apr_0198c2d0-…',
        'sallyport approvals approve apr_0198c2d0-… --yes --digest Q0xF…   (in a script)',
        'sallyport approvals deny apr_0198c2d0-… --reason "not this customer"',
        'sallyport approvals counter apr_0198c2d0-… --uses 3 --for 10m --when "context.args.amount <= 100"',
        'sallyport approvals withdraw apr_0198c2d0-…',
      ),
    )
  withPaging(approvals.command('ls').summary('list approvals; those that wait unless --state'))
    .addOption(
      new Option('--state <state>', 'only those in this state').choices(states).default('pending'),
    )
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(list)
  approvals
    .command('get <id>')
    .summary('show exactly what would run, and what is other than last time')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(get)
  voteCommand(approvals, 'approve').option('--reason <text>', 'why')
  voteCommand(approvals, 'deny').requiredOption('--reason <text>', 'why; the caller is told no')
  counterCommand(approvals)
  approvals
    .command('withdraw <id>')
    .summary('take a question back that is asked for you, or about a function of yours')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(withdraw)
  approvals
    .command('watch')
    .summary('a live list of what waits')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(watch)
}

function voteCommand(approvals: Command, verdict: Verdict): Command {
  return answerCommand(approvals.command(`${verdict} <id>`))
    .summary(`${verdict} a call, after showing what would run`)
    .action((id: string, options: VoteOptions) => vote(id, { ...options, verdict }))
}

function counterCommand(approvals: Command): void {
  answerCommand(approvals.command('counter <id>'))
    .summary('offer less than was asked for, and approve that; earlier votes are void')
    .option('--this-call', 'exactly this call, once')
    .option('--uses <n>', 'so many calls', count)
    .option('--for <time>', 'for so long: 10m', durationMs)
    .option(
      '--when <cedar>',
      'a further condition over context.args; repeat for more',
      collected,
      [],
    )
    .option('--reason <text>', 'why')
    .action(counter)
}

function answerCommand(command: Command): Command {
  return command
    .option('--digest <digest>', 'only if it is still what you looked at before')
    .option('--group <group>', 'the group you vote for, when you are in several')
    .option('--for-person <party>', 'vote for somebody who is away and has asked you to')
    .option('-y, --yes', 'do not ask; needs --digest')
    .addOption(adminUrlOption())
    .addOption(outputOption())
}

type Common = { readonly adminUrl?: string; readonly output: Format }
type Verdict = 'approve' | 'deny'
type AnswerOptions = Common & {
  readonly reason?: string
  readonly digest?: string
  readonly group?: string
  readonly forPerson?: string
  readonly yes?: true
}
type VoteOptions = AnswerOptions & { readonly verdict: Verdict }
type CounterOptions = AnswerOptions & {
  readonly thisCall?: true
  readonly uses?: number
  readonly for?: number
  readonly when: readonly string[]
}

async function list(
  options: Common & { readonly state: string; readonly limit: number; readonly all?: true },
): Promise<void> {
  const state = options.state === 'any' ? undefined : options.state.toUpperCase()
  const max = options.all ? Number.POSITIVE_INFINITY : options.limit
  const api = signedInApi(options.adminUrl, process.env)
  const { rows, more } = await api.list<ApprovalSummary>('/approvals', { query: { state }, max })
  tellRows(rows, {
    format: options.output,
    none: 'Nothing waits for you.',
    columns: [
      { title: 'ID', value: (one) => one.id, whole: true },
      { title: 'STATE', value: stateOf, whole: true },
      { title: 'FUNCTION', value: (one) => one.function },
      { title: 'ASKED BY', value: askedBy },
      { title: 'VOTES', value: progressText },
      { title: 'DECIDE WITHIN', value: (one) => timeLeft(one, Date.now()), whole: true },
      { title: 'YOU', value: (one) => (one.you.may_vote ? 'may vote' : (one.you.why_not ?? '')) },
    ],
  })
  sayMore(rows.length, more)
}

async function get(id: string, options: Common): Promise<void> {
  const api = signedInApi(options.adminUrl, process.env)
  const approval = await fetchApproval(api, id)
  tellOne(approval, options.output, () => approvalLines(approval, out))
}

function fetchApproval(api: Api, id: string): Promise<ApprovalDetail> {
  return api.get(`/approvals/${encodeURIComponent(id)}`)
}

/**
 * Shows what would run and votes on exactly that: the digest sent is the one of what was shown, so a
 * question that changed in between is not answered.
 */
async function vote(id: string, options: VoteOptions): Promise<void> {
  const { verdict } = options
  const api = signedInApi(options.adminUrl, process.env)
  const shown = await shownAgain(api, id, options)
  await confirm(`${verdict === 'approve' ? 'Approve' : 'Deny'} ${shown.digest}?`, {
    ...options,
    isBlindAllowed: verdict === 'deny',
  })
  const cast = voteOf(shown, options)
  const path = `/approvals/${encodeURIComponent(id)}/${verdict}`
  tellAfter(await api.post<ApprovalSummary>(path, cast), options.output)
}

async function counter(id: string, options: CounterOptions): Promise<void> {
  const api = signedInApi(options.adminUrl, process.env)
  const shown = await shownAgain(api, id, options)
  const terms = narrowed(shown.terms, options)
  say(`${err.bold('Instead')}  ${visible(termsText(terms))}`)
  await confirm(`Offer that instead of ${shown.digest}, and approve it?`, {
    ...options,
    isBlindAllowed: false,
  })
  const offered: CounterOffered = { ...voteOf(shown, options), terms }
  const path = `/approvals/${encodeURIComponent(id)}/counter`
  tellAfter(await api.post<ApprovalSummary>(path, offered), options.output)
}

async function withdraw(id: string, options: Common): Promise<void> {
  const api = signedInApi(options.adminUrl, process.env)
  const path = `/approvals/${encodeURIComponent(id)}/withdraw`
  const after = await api.post<ApprovalSummary>(path, {})
  tellOne(after, options.output, () => [`${visible(after.id)} ${stateOf(after)}`])
  say(`${err.green(marks.ok)} Nobody is asked any more.`)
}

async function shownAgain(
  api: Api,
  id: string,
  { digest }: Pick<AnswerOptions, 'digest'>,
): Promise<ApprovalDetail> {
  const shown = await fetchApproval(api, id)
  for (const line of approvalLines(shown, err)) say(line)
  if (digest !== undefined && digest !== shown.digest) {
    throw new Failure('failed', 'This is not what you looked at: its digest is another.', {
      cure: 'Read it again, then vote with its digest.',
    })
  }
  return shown
}

/** A yes is never given unseen: on a terminal it is asked for, elsewhere the digest shows what was looked at. */
async function confirm(
  question: string,
  { yes, digest, isBlindAllowed }: AnswerOptions & { readonly isBlindAllowed: boolean },
): Promise<void> {
  const isSure = yes === true && (digest !== undefined || isBlindAllowed)
  if (isSure) return
  if (canAsk()) {
    const answer = await askFor(`${visible(question)} [y/N]`, '')
    if (!/^y(?:es)?$/i.test(answer)) throw new Failure('cancelled', 'Nothing was decided.')
    return
  }
  if (isBlindAllowed) return
  throw new Failure('usage', 'There is nobody here to ask.', {
    cure: 'Look with `sallyport approvals get`, then add --yes --digest <the digest you saw>.',
  })
}

function voteOf(shown: ApprovalSummary, { reason, group, forPerson }: AnswerOptions): VoteCast {
  return { digest: shown.digest, reason, group, on_behalf_of: forPerson }
}

function narrowed(terms: Terms, { thisCall, uses, for: forMs, when }: CounterOptions): Terms {
  if (thisCall) return { kind: 'call' }
  if (terms.kind === 'call') {
    throw new Failure('usage', 'This asks for one call: there is nothing less to offer but no.')
  }
  const conditions = [...terms.when, ...when.filter((one) => !terms.when.includes(one))]
  return {
    kind: terms.kind,
    uses: uses ?? terms.uses,
    for_ms: forMs ?? terms.for_ms,
    when: conditions,
  }
}

function tellAfter(after: ApprovalSummary, output: Format): void {
  tellOne(after, output, () => [`${visible(after.id)} ${stateOf(after)}`])
  const missing = after.state === 'PENDING' ? ` Still needed: ${progressText(after)}.` : ''
  say(`${err.green(marks.ok)} Your answer counts.${visible(missing)}`)
}

function count(text: string): number {
  const number = Number(text)
  if (!/^\d{1,7}$/.test(text) || number < 1)
    throw new InvalidArgumentError('Write a number from 1.')
  return number
}

const states = [
  'pending',
  'approved',
  'denied',
  'expired',
  'withdrawn',
  'superseded',
  'bypassed',
  'any',
]
