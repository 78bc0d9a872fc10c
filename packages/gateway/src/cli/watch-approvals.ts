import type { ApprovalEvent, ApprovalSummary } from '../admin/approval-contract.ts'
import { signedInApi } from './api.ts'
import { askedBy, progressText, stateOf, timeLeft } from './approval-lines.ts'
import { err, type Format, out, say, sayMore, tableLines, tell } from './output.ts'
import { openScreen, type Screen, type Terminal } from './screen.ts'
import { marks } from './style.ts'
import { moment } from './times.ts'
import { visible, visibleJson } from './visible.ts'

/**
 * What waits, as it comes and goes. On a terminal one list, drawn again in place, with the votes and the time
 * that is left; elsewhere a line for each event, or one of JSON.
 */
export async function watch(options: {
  readonly adminUrl?: string
  readonly output: Format
}): Promise<void> {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  const isLive = options.output === 'table' && process.stdout.isTTY === true
  const list = isLive ? liveList(openScreen(terminal)) : lineByLine(options.output)
  const api = signedInApi(options.adminUrl, process.env)
  const clock = setInterval(list.tick, 1_000)
  try {
    await api.events('/approvals/events', {
      signal: stop.signal,
      onOpen: async () => {
        const query = { state: 'PENDING' }
        const { rows, more } = await api.list<ApprovalSummary>('/approvals', { query, max: 200 })
        list.opened(rows, more)
      },
      onEvent: ({ text }) => list.happened(JSON.parse(text)),
    })
  } finally {
    clearInterval(clock)
  }
}

type List = {
  /** What waits when the stream begins; `more`: and others. */
  readonly opened: (rows: readonly ApprovalSummary[], more: boolean) => void
  readonly happened: (event: ApprovalEvent) => void
  /** Every second. */
  readonly tick: () => void
}

/** On a terminal. `now` is Unix milliseconds. */
export function liveList(
  screen: Screen,
  now: () => number = Date.now,
  columns: () => number = width,
): List {
  const waiting = new Map<string, ApprovalSummary>()
  const draw = () => {
    const rows = [...waiting.values()].toSorted((a, b) => (a.decide_by < b.decide_by ? -1 : 1))
    screen.draw(liveLines(rows, now(), columns()))
  }
  return {
    opened: (rows, more) => {
      waiting.clear()
      for (const row of rows) waiting.set(row.id, row)
      if (more) screen.say(err.dim(`These are the newest ${rows.length}; there are more.`))
      draw()
    },
    happened: ({ event, approval }) => {
      const known = waiting.get(approval.id)
      // An event of before the list was read.
      if (known && known.revision > approval.revision) return
      if (approval.state === 'PENDING') waiting.set(approval.id, approval)
      else waiting.delete(approval.id)
      if (event !== 'changed') screen.say(eventLine({ event, approval }, now()))
      draw()
    },
    tick: draw,
  }
}

function liveLines(rows: readonly ApprovalSummary[], now: number, columns: number): string[] {
  const help = err.dim('Ctrl-C stops. To answer: sallyport approvals approve <id>')
  if (rows.length === 0) return [`${marks.ok} Nothing waits for you.`, help]
  const lines = tableLines(rows, {
    columns: [
      { title: 'ID', value: (one) => one.id, whole: true },
      { title: 'LEFT', value: (one) => timeLeft(one, now), whole: true },
      { title: 'VOTES', value: progressText },
      { title: 'FUNCTION', value: (one) => one.function },
      { title: 'ASKED BY', value: askedBy },
      { title: 'YOU', value: (one) => (one.you.may_vote ? 'may vote' : (one.you.why_not ?? '')) },
    ],
    columnsMax: columns,
    style: out,
  })
  return [...lines, help]
}

function lineByLine(format: Format): List {
  return {
    opened: (rows, more) => {
      for (const row of rows) tellLine({ event: 'opened', approval: row }, format)
      sayMore(rows.length, more)
      say(err.dim('Waiting for more. Ctrl-C stops. To answer: sallyport approvals approve <id>'))
    },
    happened: (event) => tellLine(event, format),
    tick: () => {},
  }
}

function tellLine(event: ApprovalEvent, format: Format): void {
  tell(format === 'table' ? eventLine(event, Date.now()) : visibleJson(event, 0))
}

function eventLine({ event, approval }: ApprovalEvent, now: number): string {
  const isOpen = approval.state === 'PENDING'
  const what = event === 'opened' && isOpen ? 'waits for a person' : stateOf(approval).slice(2)
  const mark = isOpen ? out.yellow(marks.held) : out.dim(marks.ok)
  const about = [approval.id, approval.function, what, ...(isOpen ? [progressText(approval)] : [])]
  return `${moment(new Date(now).toISOString())}  ${mark} ${about.map(visible).join('  ')}`
}

function width(): number {
  return process.stdout.columns || 80
}

/** A terminal that does not know its size is as large as terminals were. */
const terminal: Terminal = {
  get columns() {
    return width()
  },
  get rows() {
    return process.stdout.rows || 24
  },
  write: (text) => process.stdout.write(text),
}
