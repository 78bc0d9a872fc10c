import type { Command } from 'commander'
import type {
  AcceptAsked,
  FunctionCoverage,
  FunctionDetail,
  FunctionDiff,
  FunctionDiscovered,
  FunctionHold,
  FunctionList,
  FunctionSource,
} from '../admin/function-contract.ts'
import { signedInApi } from './api.ts'
import { adminUrlOption, outputOption, withPaging } from './declare.ts'
import { err, type Format, facts, out, say, sayMore, tellOne, tellRows } from './output.ts'
import { visible } from './visible.ts'

/** The commands about what upstreams say of functions; part of `sallyport functions`. */
export function declareHolds(functions: Command): void {
  functions
    .command('diff <id>')
    .summary('compare what its upstream says of it now with what was registered')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(diff)
  functions
    .command('accept <id>')
    .summary('as its owner: it may be called as it is described now')
    .requiredOption('--found <digest>', 'what you looked at, as `diff` shows it; none: it is gone')
    .requiredOption('--note <text>', 'why; it goes into the log, so no personal data')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(accept)
  withPaging(functions.command('discovered').summary('list operations that nobody has registered'))
    .option('--connection <id>', 'only those of this connection')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(discovered)
  functions
    .command('sources')
    .summary('list where upstreams describe themselves, and how that goes')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(sources)
  functions
    .command('coverage')
    .summary('report functions nobody answers for, hides, uses or follows')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(coverage)
}

/** Lines about a function that is not what was registered; none where it is. */
export function holdFacts(id: string, hold: FunctionHold | null): string[] {
  if (!hold) return []
  const isOpen = hold.state === 'quarantined'
  return [
    '',
    out.bold(isOpen ? 'Quarantined' : 'Accepted as it is described now'),
    ...facts([
      ['why', reasons[hold.why]],
      ['since', hold.since],
      ['registered', hold.registered ?? undefined],
      ['found', hold.found ?? 'none'],
      ['accepted by', hold.accepted_by ?? undefined],
      ['note', hold.note ?? undefined],
    ]),
    ...(isOpen ? [`  sallyport functions diff ${visible(id)}`] : []),
  ]
}

/** Lines about an upstream that cannot be read, and what to do; none where it can. */
export function unreadFacts({
  connection,
  unread,
}: Pick<FunctionDetail, 'connection' | 'unread'>): string[] {
  if (!unread) return []
  return [
    '',
    out.bold('Refused: nobody knows what it is now'),
    ...facts([
      ['why', `${whatOf(unread.list)} connection ${visible(connection)} cannot be read`],
      ['since', unread.since ?? undefined],
      ['problem', unread.problem === null ? undefined : visible(unread.problem)],
    ]),
    `  ${mend}`,
  ]
}

function whatOf(list: FunctionList | null): string {
  return list === null ? 'the upstream of' : `the list of ${list} of the server of`
}

const mend =
  'Start it, or mend its connection; calls go on once it was read. `sallyport functions sources` shows how that goes.'

const reasons: Readonly<Record<FunctionHold['why'], string>> = {
  drift: 'its upstream describes it otherwise than it was registered',
  gone: 'its upstream describes it no longer',
  new: 'its upstream describes it, and nobody has registered it',
}

type Common = { readonly adminUrl?: string; readonly output: Format }

async function diff(id: string, { adminUrl, output }: Common): Promise<void> {
  const api = signedInApi(adminUrl, process.env)
  const found: FunctionDiff = await api.get(`/functions/${encodeURIComponent(id)}/diff`)
  tellOne(found, output, () => diffLines(found))
}

/** What a person reads before they accept. */
export function diffLines(found: FunctionDiff): string[] {
  const { function: id, hold, differences, flags, you } = found
  const digest = hold.found ?? 'none'
  return [
    ...facts([
      ['function', id],
      ['state', hold.state],
      ['why', reasons[hold.why]],
      ['since', hold.since],
      ['found', digest],
    ]),
    '',
    ...(found.registered_known
      ? []
      : ['What was registered was never read here: everything below reads as if it were new.', '']),
    ...differences.flatMap(({ at, before, after }) => [
      out.bold(visible(at.join(' › ') || 'everything')),
      ...(before === null ? [] : [out.red(`  - ${visible(before)}`)]),
      ...(after === null ? [] : [out.green(`  + ${visible(after)}`)]),
    ]),
    ...(differences.length === 0 ? ['It is described as it was registered.'] : []),
    ...(flags.length > 0 ? ['', out.bold('Look twice')] : []),
    ...flags.map(({ at, why }) => out.yellow(`  ! ${visible(at.join(' › '))}: ${visible(why)}`)),
    ...(you.may_accept
      ? ['', `To accept it: sallyport functions accept ${visible(id)} --found ${digest} --note …`]
      : []),
  ]
}

async function accept(
  id: string,
  { adminUrl, output, found, note }: Common & { readonly found: string; readonly note: string },
): Promise<void> {
  const asked: AcceptAsked = { found: found === 'none' ? null : found, note }
  const api = signedInApi(adminUrl, process.env)
  const path = `/functions/${encodeURIComponent(id)}/accept`
  const accepted: FunctionDiff = await api.post(path, asked)
  if (output !== 'table') tellOne(accepted, output, () => [])
  say(`${err.green('✓')} ${visible(id)} may be called as it is described now.`)
}

async function discovered(
  options: Common & {
    readonly connection?: string
    readonly limit: number
    readonly all?: true
  },
): Promise<void> {
  const { connection } = options
  const api = signedInApi(options.adminUrl, process.env)
  const { rows, more } = await api.list<FunctionDiscovered>('/functions/discovered', {
    query: { connection },
    max: options.all ? Number.POSITIVE_INFINITY : options.limit,
  })
  tellRows(rows, {
    format: options.output,
    none: 'Every operation that an upstream describes is registered.',
    columns: [
      { title: 'WOULD BE', value: ({ id }) => id, whole: true },
      { title: 'OPERATION', value: ({ operation }) => operation },
      { title: 'SINCE', value: ({ since }) => since.slice(0, 16), whole: true },
    ],
  })
  sayMore(rows.length, more)
}

async function sources({ adminUrl, output }: Common): Promise<void> {
  const api = signedInApi(adminUrl, process.env)
  const { data }: { data: FunctionSource[] } = await api.get('/functions/sources')
  tellRows(data, {
    format: output,
    none: 'No upstream describes itself: there is no MCP server, and no `describedBy`.',
    columns: [
      { title: 'CONNECTION', value: ({ connection }) => connection, whole: true },
      { title: 'READ', value: ({ read_at }) => read_at?.slice(0, 16) ?? 'never', whole: true },
      { title: 'OPERATIONS', value: ({ operations }) => String(operations ?? ''), whole: true },
      {
        title: 'REFUSED',
        value: refusedSince,
        whole: true,
      },
      { title: 'PROBLEM', value: ({ problem }) => problem ?? '' },
      { title: 'ADDRESS', value: ({ kind, address }) => `${kind} ${address}` },
    ],
  })
  if (output === 'table') for (const line of refusedLines(data)) say(line)
}

function refusedSince({ refused, unread_since, unread_lists }: FunctionSource): string {
  const lists = unread_lists.filter((one) => one.refused)
  const since = refused ? unread_since : lists.map((one) => one.since).toSorted()[0]
  if (!refused && lists.length === 0) return ''
  const which = refused ? '' : `${lists.map(({ list }) => list).join(', ')} `
  return `${which}since ${since?.slice(0, 16) ?? '?'}`
}

/** Whose calls are refused because nobody knows what they are now, and what to do; none where all can be read. */
export function refusedLines(sources: readonly FunctionSource[]): string[] {
  const whole = sources.filter(({ refused }) => refused)
  const all = whole.map(({ connection }) => visible(connection)).join(', ')
  const lists = sources.flatMap(({ connection, refused, unread_lists }) =>
    unread_lists
      .filter((one) => !refused && one.refused)
      .map(({ list, since, problem }) => {
        return `Calls of ${list} of ${visible(connection)} are refused since ${since}: ${visible(problem)}`
      }),
  )
  const said = [...(all === '' ? [] : [`Calls of ${all} are refused.`]), ...lists]
  return said.length === 0 ? [] : [...said, mend]
}

async function coverage({ adminUrl, output }: Common): Promise<void> {
  const api = signedInApi(adminUrl, process.env)
  const found: FunctionCoverage = await api.get('/functions/coverage')
  tellOne(found, output, () => coverageLines(found))
}

/** The report for people: each gap, how many, and which. */
export function coverageLines(found: FunctionCoverage): string[] {
  const one = found.one_caller.map(({ function: id, caller, agent, of }) => {
    return `${id}  ${agent ? 'agent ' : ''}${caller} (newest ${of} calls)`
  })
  const gaps: readonly (readonly [string, readonly string[]])[] = [
    ['Refused until their owner looks', found.held],
    ['Without an owner: nobody is in any of its groups', found.without_owner],
    ['With an owner whom only tokens know', found.owner_unknown],
    ['Without masks', found.without_masks],
    ['Never called', found.never_called],
    ['Called by one only', one],
    ['Not followed: a change at the upstream is not noticed', found.not_followed],
  ]
  return [
    `${found.functions} functions`,
    ...gaps.flatMap(([title, ids]) => [
      '',
      `${out.bold(title)}: ${ids.length}`,
      ...ids.map((id) => `  ${visible(id)}`),
    ]),
  ]
}
