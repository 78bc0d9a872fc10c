import { type Command, InvalidArgumentError } from 'commander'
import type { CallDetail, CallListed, SessionListed } from '../admin/contract.ts'
import { type Api, signedInApi } from './api.ts'
import { whoOf } from './call-line.ts'
import { adminUrlOption, examples, outputOption, withPaging } from './declare.ts'
import { type Format, sayMore, tell, tellOne, tellRows } from './output.ts'
import { replaySteps, replayTitle } from './replay.ts'
import { moment } from './times.ts'
import { visibleJson } from './visible.ts'

export function declare(program: Command): void {
  const sessions = program
    .command('sessions')
    .summary('list and replay sessions')
    .addHelpText(
      'beforeAll',
      examples('sallyport sessions ls', 'sallyport sessions replay ses_… --speed 4'),
    )
  withPaging(sessions.command('ls').summary('list sessions, newest activity first'))
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(list)
  withPaging(sessions.command('replay <id>').summary('what happened in a session, call by call'))
    .option('--speed <n>', 'play it: 1 as it happened, 10 ten times as fast; idle gaps fold', speed)
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(replay)
}

type Common = {
  readonly adminUrl?: string
  readonly output: Format
  readonly limit: number
  readonly all?: true
}

function speed(text: string): number {
  const value = Number(text)
  if (!/^\d+(?:\.\d+)?$/.test(text) || value <= 0 || value > 1_000) {
    throw new InvalidArgumentError('Write a number above 0, up to 1000.')
  }
  return value
}

async function list(options: Common): Promise<void> {
  const max = options.all ? Number.POSITIVE_INFINITY : options.limit
  const api = signedInApi(options.adminUrl, process.env)
  const { rows, more } = await api.list<SessionListed>('/sessions', { max })
  tellRows(rows, {
    format: options.output,
    none: 'There are no sessions yet.',
    columns: [
      { title: 'ID', value: (one) => one.id, whole: true },
      { title: 'CALLER', value: whoOf },
      { title: 'CALLS', value: (one) => String(one.calls), whole: true },
      { title: 'LABELS', value: (one) => one.labels.join(', ') },
      { title: 'STARTED', value: (one) => moment(one.started_at), whole: true },
      { title: 'LAST CALL', value: (one) => moment(one.last_at), whole: true },
    ],
  })
  sayMore(rows.length, more)
}

async function replay(id: string, options: Common & { readonly speed?: number }): Promise<void> {
  const api = signedInApi(options.adminUrl, process.env)
  const max = options.all ? Number.POSITIVE_INFINITY : options.limit
  const path = `/sessions/${encodeURIComponent(id)}`
  const { rows, more } = await api.list<CallListed>(path, { max })
  const calls = await detailsOf(api, rows)
  if (options.output === 'jsonl') for (const call of calls) tell(visibleJson(call, 0))
  else if (options.output === 'json') tellOne({ id, calls }, 'json', () => [])
  else await tellReplay(id, calls, options.speed)
  sayMore(rows.length, more)
}

/** How many calls are fetched at once. */
const fetchedAtOnce = 8

async function detailsOf(api: Api, rows: readonly CallListed[]): Promise<CallDetail[]> {
  const details: CallDetail[] = []
  for (let at = 0; at < rows.length; at += fetchedAtOnce) {
    const batch = rows
      .slice(at, at + fetchedAtOnce)
      .map((row) => api.get<CallDetail>(`/calls/${encodeURIComponent(row.id)}`))
    details.push(...(await Promise.all(batch)))
  }
  return details
}

/** A pause is never longer than this, however long the session was idle. */
const pauseMsMax = 3_000

async function tellReplay(
  id: string,
  calls: readonly CallDetail[],
  playedAt: number | undefined,
): Promise<void> {
  for (const line of replayTitle(id, calls)) tell(line)
  for (const { lines, afterMs } of replaySteps(calls)) {
    if (playedAt !== undefined) {
      const ms = Math.min(pauseMsMax, afterMs / playedAt)
      await new Promise((resolve) => setTimeout(resolve, ms))
    }
    for (const line of lines) tell(line)
  }
}
