import { type Command, Option } from 'commander'
import type { ApprovalDetail, ApprovalEvent, ApprovalSummary, VoteCast } from '../admin/contract.ts'
import { type Api, signedInApi } from './api.ts'
import { approvalLines } from './approval-lines.ts'
import { adminUrlOption, examples, outputOption, withPaging } from './declare.ts'
import { Failure } from './exit.ts'
import { askFor, canAsk } from './input.ts'
import { err, type Format, out, say, sayMore, tell, tellOne, tellRows } from './output.ts'
import { marks } from './style.ts'
import { lengthOf, moment } from './times.ts'
import { visible, visibleJson } from './visible.ts'

export function declare(program: Command): void {
  const approvals = program
    .command('approvals')
    .summary('answer what waits for a person')
    .description('Calls that are held until people agree. You vote on exactly what you are shown.')
    .addHelpText(
      'beforeAll',
      examples(
        'sallyport approvals ls',
        'sallyport approvals get 0198c2d0-…',
        'sallyport approvals watch',
        'sallyport approvals approve 0198c2d0-…',
        'sallyport approvals deny 0198c2d0-… --reason "not this customer"',
      ),
    )
  withPaging(approvals.command('ls').summary('list approvals; those that wait unless --state'))
    .addOption(
      new Option('--state <state>', 'only those in this state')
        .choices(['pending', 'approved', 'denied', 'expired', 'withdrawn', 'superseded', 'any'])
        .default('pending'),
    )
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(list)
  approvals
    .command('get <id>')
    .summary('show exactly what would run')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(get)
  voteCommand(approvals, 'approve').option('--reason <text>', 'why')
  voteCommand(approvals, 'deny').requiredOption('--reason <text>', 'why; the caller is told no')
  approvals
    .command('watch')
    .summary('a live list of what waits')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(watch)
}

function voteCommand(approvals: Command, verdict: Verdict): Command {
  return approvals
    .command(`${verdict} <id>`)
    .summary(`${verdict} a call, after showing what would run`)
    .option('--digest <digest>', 'only if it is still what you looked at before')
    .option('--group <group>', 'the group you vote for, when you are in several')
    .option('-y, --yes', 'do not ask on a terminal')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action((id: string, options: VoteOptions) => vote(id, { ...options, verdict }))
}

type Common = { readonly adminUrl?: string; readonly output: Format }
type Verdict = 'approve' | 'deny'
type VoteOptions = Common & {
  readonly reason?: string
  readonly digest?: string
  readonly group?: string
  readonly yes?: true
}

async function list(
  options: Common & { readonly state: string; readonly limit: number; readonly all?: true },
): Promise<void> {
  const state = options.state === 'any' ? undefined : options.state.toUpperCase()
  const max = options.all ? Number.POSITIVE_INFINITY : options.limit
  const api = signedInApi(options.adminUrl, process.env)
  const { rows, more } = await api.list<ApprovalSummary>('/approvals', { query: { state }, max })
  tellApprovals(rows, options.output)
  sayMore(rows.length, more)
}

function tellApprovals(rows: readonly ApprovalSummary[], format: Format): void {
  tellRows(rows, {
    format,
    none: 'Nothing waits for you.',
    columns: [
      { title: 'ID', value: (one) => one.id, whole: true },
      { title: 'STATE', value: stateOf, whole: true },
      { title: 'FUNCTION', value: (one) => one.function },
      { title: 'ASKED BY', value: askedBy },
      { title: 'GROUPS', value: (one) => one.approver_groups.join(' ') },
      { title: 'DECIDE WITHIN', value: timeLeft, whole: true },
      { title: 'YOU', value: (one) => (one.you.may_vote ? 'may vote' : (one.you.why_not ?? '')) },
    ],
  })
}

function stateOf({ state }: ApprovalSummary): string {
  if (state === 'PENDING') return `${marks.held} pending`
  return `${state === 'APPROVED' ? marks.ok : marks.refused} ${state.toLowerCase()}`
}

function askedBy({ subject, actors }: ApprovalSummary): string {
  const [actor] = actors
  return actor === undefined ? subject : `${actor} for ${subject}`
}

function timeLeft(approval: ApprovalSummary): string {
  if (approval.state !== 'PENDING') return ''
  return lengthOf(Math.max(0, Date.parse(approval.decide_by) - Date.now()))
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
async function vote(
  id: string,
  options: VoteOptions & { readonly verdict: Verdict },
): Promise<void> {
  const { verdict, reason, group, digest } = options
  const api = signedInApi(options.adminUrl, process.env)
  const shown = await fetchApproval(api, id)
  for (const line of approvalLines(shown, err)) say(line)
  if (digest !== undefined && digest !== shown.digest) {
    throw new Failure('failed', 'This is not what you looked at: its digest is another.', {
      cure: 'Read it again, then vote with its digest.',
    })
  }
  if (canAsk() && !options.yes) {
    const answer = await askFor(`${verdict === 'approve' ? 'Approve' : 'Deny'} this? [y/N]`, '')
    if (!/^y(?:es)?$/i.test(answer)) throw new Failure('cancelled', 'Nothing was decided.')
  }
  const cast: VoteCast = { digest: shown.digest, reason, group }
  const after: ApprovalSummary = await api.post(
    `/approvals/${encodeURIComponent(id)}/${verdict}`,
    cast,
  )
  tellOne(after, options.output, () => [`${visible(after.id)} ${stateOf(after)}`])
  const missing = after.state === 'PENDING' ? ' Others still have to agree.' : ''
  say(`${err.green(marks.ok)} Your vote counts.${missing}`)
}

async function watch(options: Common): Promise<void> {
  const api = signedInApi(options.adminUrl, process.env)
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  const format = options.output === 'json' ? 'jsonl' : options.output
  await api.events('/approvals/events', {
    signal: stop.signal,
    onOpen: async () => {
      const query = { state: 'PENDING' }
      const { rows, more } = await api.list<ApprovalSummary>('/approvals', { query, max: 200 })
      tellApprovals(rows, format)
      sayMore(rows.length, more)
      say(err.dim('Waiting for more. Ctrl-C stops. To answer: sallyport approvals approve <id>'))
    },
    onEvent: ({ text }) => tellEvent(JSON.parse(text), format),
  })
}

function tellEvent(event: ApprovalEvent, format: Format): void {
  if (format !== 'table') {
    tell(visibleJson(event, 0))
    return
  }
  const opened = event.event === 'opened'
  const mark = opened ? out.yellow(marks.held) : out.dim(marks.ok)
  const what = opened ? 'waits for a person' : event.state.toLowerCase()
  const now = moment(new Date().toISOString())
  tell(`${now}  ${mark} ${visible(event.id)}  ${visible(event.function)}  ${visible(what)}`)
}
