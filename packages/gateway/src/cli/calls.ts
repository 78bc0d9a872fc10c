import type { Command } from 'commander'
import type { CallDetail, CallEvent, CallListed } from '../admin/contract.ts'
import { type Query, signedInApi } from './api.ts'
import { callColumns, endingOf, functionOf, paintEnding, tookOf, whoOf } from './call-line.ts'
import { adminUrlOption, examples, outputOption, withPaging } from './declare.ts'
import { err, type Format, facts, out, say, sayMore, tell, tellOne, tellRows } from './output.ts'
import { moment } from './times.ts'
import { visible, visibleJson } from './visible.ts'

export function declare(program: Command): void {
  const calls = program
    .command('calls')
    .summary('list and follow calls')
    .addHelpText(
      'beforeAll',
      examples(
        'sallyport calls ls --function crm.customer.get',
        'sallyport calls get 0198c2d0-…',
        'sallyport calls tail -o jsonl',
      ),
    )
  withFilters(withPaging(calls.command('ls').summary('list calls, newest first'))).action(list)
  calls
    .command('get <id>')
    .summary('show one call with its records')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(get)
  withFilters(calls.command('tail').summary('follow calls as they end')).action(tail)
}

function withFilters(command: Command): Command {
  return command
    .option('--function <id>', 'only calls of this function')
    .option('--session <id>', 'only calls of this session')
    .option('--caller <id>', 'only calls of this caller')
    .addOption(adminUrlOption())
    .addOption(outputOption())
}

type Common = { readonly adminUrl?: string; readonly output: Format }
type Filters = Common & {
  readonly function?: string
  readonly session?: string
  readonly caller?: string
}

async function list(
  options: Filters & { readonly limit: number; readonly all?: true },
): Promise<void> {
  const { function: fn, session, caller } = options
  const query: Query = { function: fn, session, caller }
  const max = options.all ? Number.POSITIVE_INFINITY : options.limit
  const api = signedInApi(options.adminUrl, process.env)
  const { rows, more } = await api.list<CallListed>('/calls', { query, max })
  tellRows(rows, { format: options.output, columns: callColumns, none: 'No call matches.' })
  sayMore(rows.length, more)
}

async function get(id: string, options: Common): Promise<void> {
  const api = signedInApi(options.adminUrl, process.env)
  const call: CallDetail = await api.get(`/calls/${encodeURIComponent(id)}`)
  tellOne(call, options.output, () => [
    ...facts([
      ['call', call.id],
      ['function', functionOf(call)],
      ['caller', whoOf(call)],
      ['session', call.session],
      ['started', call.started_at],
      ['ended', call.ended_at ?? 'not yet'],
      ['ending', `${endingOf(call)}${call.status === null ? '' : ` (status ${call.status})`}`],
      ['rules', call.rules.join(', ') || 'none'],
      ['masked', call.masked.map(maskedText).join(', ') || 'nothing'],
      ['approval', call.approval ?? undefined],
      ['rulebook', call.rulebook ?? undefined],
      ['trace', call.trace ?? undefined],
    ]),
    '',
    out.bold('Records'),
    ...call.leaves.flatMap(({ index, type, time, state, leaf }) => [
      `  ${out.bold(`#${index}`)} ${visible(type)} ${out.dim(`${visible(time)} ${visible(state)}`)}`,
      `  ${visibleJson(leaf, 0)}`,
    ]),
  ])
}

function maskedText(hidden: CallListed['masked'][number]): string {
  const { rule, path, how, count, entity, detector, version } = hidden
  const what = entity === undefined ? '' : `${entity} at `
  const by = version === undefined ? rule : `${rule} ${version}`
  return `${count} × ${what}${path} by ${by} (${detector === undefined ? how : `${how}, ${detector}`})`
}

async function tail(options: Filters): Promise<void> {
  const { function: fn, session, caller } = options
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  say(err.dim('Calls as they end. Ctrl-C stops.'))
  await signedInApi(options.adminUrl, process.env).events('/calls/events', {
    signal: stop.signal,
    onEvent: ({ text }) => {
      const { event, call }: CallEvent = JSON.parse(text)
      const wanted =
        (fn === undefined || call.function === fn) &&
        (session === undefined || call.session === session) &&
        (caller === undefined || call.caller === caller)
      if (wanted && event === 'ended') tellCall(call, options.output)
    },
  })
}

function tellCall(call: CallListed, format: Format): void {
  if (format !== 'table') {
    tell(visibleJson(call, 0))
    return
  }
  const ending = paintEnding(visible(endingOf(call)).padEnd(18))
  const rules = out.dim(visible(call.rules.join(' ')))
  const name = visible(functionOf(call))
  tell(
    `${moment(call.started_at)}  ${ending}  ${name}  ${visible(whoOf(call))}  ${tookOf(call)}  ${rules}`,
  )
}
