import { type Command, Option } from 'commander'
import type { TimedGrantAsked, TimedGrantListed } from '../admin/grant-contract.ts'
import { signedInApi } from './api.ts'
import { adminUrlOption, collected, durationMs, outputOption, withPaging } from './declare.ts'
import { err, type Format, say, sayMore, tellOne, tellRows } from './output.ts'
import { marks } from './style.ts'
import { moment } from './times.ts'
import { visible } from './visible.ts'

/** The part of `sallyport grants` about grants for a while: asked for by somebody, given by the functions' owners. */
export function declareTimed(grants: Command): void {
  grants
    .command('request <functions...>')
    .summary('ask for access for a while; the owners of the functions decide')
    .option('--party <party>', 'whom it is for, where that is not you: your agent')
    .option('--when <cedar>', 'only where this holds; repeat for more', collected)
    .requiredOption('--for <time>', 'for how long: 8h, at most 30d', durationMs)
    .requiredOption('--reason <text>', 'why; it goes into the log, so no personal data')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(request)
  withPaging(
    grants.command('requests').summary('list access that was asked for or given for a while'),
  )
    .addOption(new Option('--state <state>', 'only those in this state').choices(states))
    .option('--party <party>', 'only those for this principal')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(list)
  for (const [verb, summary] of [
    ['give', 'give access that was asked for'],
    ['refuse', 'do not give it'],
    ['take-back', 'end it before its time'],
  ] as const) {
    grants
      .command(`${verb} <id>`)
      .summary(summary)
      .requiredOption('--reason <text>', 'why; it goes into the log, so no personal data')
      .addOption(adminUrlOption())
      .addOption(outputOption())
      .action(decide(verb === 'take-back' ? 'revoke' : verb))
  }
}

type Common = { readonly adminUrl?: string; readonly output: Format }

async function request(
  functions: readonly string[],
  options: Common & {
    readonly party?: string
    readonly when?: readonly string[]
    readonly for: number
    readonly reason: string
  },
): Promise<void> {
  const { party, when, reason } = options
  const asked: TimedGrantAsked = {
    functions: [...functions],
    until: new Date(Date.now() + options.for).toISOString(),
    reason,
    ...(party !== undefined && { for: party }),
    ...(when && { when: [...when] }),
  }
  const api = signedInApi(options.adminUrl, process.env)
  const made: TimedGrantListed = await api.post('/timed-grants', asked)
  tellAfter(made, options.output)
}

async function list(
  options: Common & {
    readonly state?: string
    readonly party?: string
    readonly limit: number
    readonly all?: true
  },
): Promise<void> {
  const max = options.all ? Number.POSITIVE_INFINITY : options.limit
  const query = { state: options.state, party: options.party }
  const api = signedInApi(options.adminUrl, process.env)
  const { rows, more } = await api.list<TimedGrantListed>('/timed-grants', { query, max })
  tellRows(rows, {
    format: options.output,
    none: 'There is none that you may see.',
    columns: [
      { title: 'ID', value: ({ id }) => id, whole: true },
      { title: 'STATE', value: ({ state }) => state, whole: true },
      { title: 'FOR', value: ({ party }) => party },
      { title: 'UNTIL', value: ({ until }) => moment(until), whole: true },
      { title: 'FUNCTIONS', value: ({ functions }) => functions.join(' ') },
      { title: 'BY', value: ({ by }) => by.join(' ') },
      { title: 'REASON', value: ({ reason }) => reason },
      { title: 'YOU', value: ({ you }) => (you.may_decide ? 'may decide' : (you.why_not ?? '')) },
    ],
  })
  sayMore(rows.length, more)
}

function decide(
  verb: 'give' | 'refuse' | 'revoke',
): (id: string, options: Common & { readonly reason: string }) => Promise<void> {
  return async (id, { adminUrl, output, reason }) => {
    const path = `/timed-grants/${encodeURIComponent(id)}/${verb}`
    const after: TimedGrantListed = await signedInApi(adminUrl, process.env).post(path, { reason })
    tellAfter(after, output)
  }
}

function tellAfter(timed: TimedGrantListed, output: Format): void {
  if (output !== 'table') tellOne(timed, output, () => [])
  const words: Record<TimedGrantListed['state'], string> = {
    asked: 'waits for the owners of its functions',
    given: `allows ${timed.functions.join(', ')} until ${timed.until}`,
    refused: 'is not given',
    revoked: 'allows nothing any more',
    ended: 'is over',
  }
  say(`${err.green(marks.ok)} ${visible(`${timed.id} ${words[timed.state]}.`)}`)
}

const states = ['asked', 'given', 'refused', 'revoked', 'ended']
