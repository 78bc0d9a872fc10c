import { replaySteps } from '../replay.ts'
import { marks, styleOf } from '../style.ts'
import { versionOf } from '../version.ts'
import { type AdminClient, adminClient } from './admin-client.ts'
import { tellEvidence } from './evidence.ts'
import { tellMcp } from './mcp-agent.ts'
import { awaitPerson } from './person.ts'
import { tellReviews } from './reviews.ts'
import { type Ending, makeCall, type Seen, type StoryCall, story } from './story.ts'
import { type DemoWorld, openWorld } from './world.ts'

export type DemoOptions = {
  /** Approve by itself, check every outcome, exit 0 or 1. */
  readonly ci: boolean
  /** A folder to keep the data in; absent: in memory. */
  readonly keep?: string
  /** How fast the story is told; 0: no pauses. */
  readonly speed: number
  /** False: only the gateway and the services. */
  readonly agent: boolean
}

const style = styleOf(process.stdout, process.env)
const shown: Readonly<Record<Ending, string>> = {
  masked: style.yellow(`${marks.masked} masked `),
  allowed: style.green(`${marks.ok} allowed`),
  blocked: style.red(`${marks.refused} blocked`),
  refused: style.red(`${marks.refused} refused`),
  held: style.cyan(`${marks.held} held   `),
}

/** Runs the demo to its end. Resolves with the exit code: in `--ci`, 1 when any outcome is not as told. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const started = performance.now()
  const world = await openWorld({ version: versionOf(), keep: options.keep })
  const tell = (line = '') => void process.stdout.write(`${line}\n`)
  try {
    const admin = await adminClient(world)
    tell(`  data ${options.keep ? `in ${options.keep}` : 'in memory, gone when you stop it'}`)
    tell()
    tell(`  Gateway    ${world.gatewayUrl}  /crm  /payments  /deploy`)
    tell(`  Admin API  ${world.adminUrl}`)
    tell()
    if (!options.agent) return await untilInterrupted(tell)
    const teller = { tell, started, pauseMs: options.ci ? 0 : 350 * options.speed }
    const failures = await tellStory(world, admin, { ...options, ...teller })
    if (options.ci) return verdict(tell, failures)
    tell('  Ctrl-C stops the demo.')
    return await untilInterrupted(tell)
  } finally {
    await world.close()
  }
}

type Telling = DemoOptions & {
  readonly tell: (line?: string) => void
  readonly started: number
  readonly pauseMs: number
}

async function tellStory(world: DemoWorld, admin: AdminClient, to: Telling): Promise<string[]> {
  const { tell } = to
  const failures: string[] = []
  tell('  refund-bot, acting for sam, starts work on ticket OPS-311')
  let held: { readonly call: StoryCall; readonly approval: string } | undefined
  for (const call of story) {
    if (to.pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, to.pauseMs))
    const reachedBefore = world.services.reached.length
    const seen = await makeCall(world, call)
    const reached = world.services.reached.length > reachedBefore
    failures.push(...checkCall(call, seen, reached))
    tellCall(to, call, seen, reached)
    if (seen.approval) held = { call, approval: seen.approval }
  }
  tell()
  const released = held && (await release(world, admin, to, held))
  if (released) failures.push(...released.failures)
  failures.push(...(await replay(admin, to)))
  failures.push(...(await tellReviews(world, { tell, clock: () => clock(to) })))
  failures.push(...(await tellMcp(world, admin, { ci: to.ci, tell, clock: () => clock(to) })))
  if (released?.record) failures.push(...(await tellEvidence(world, released.record, tell)))
  if (!to.ci) tellNext(admin, tell)
  return failures
}

/** The held call: a person decides, then the agent repeats the identical request once, and once too often. */
async function release(
  world: DemoWorld,
  admin: AdminClient,
  to: Telling,
  held: { readonly call: StoryCall; readonly approval: string },
): Promise<{ readonly failures: readonly string[]; readonly record: string | undefined }> {
  const { tell } = to
  const { approval } = held
  if (to.ci) await admin.decide(approval, 'approve')
  else if ((await awaitPerson(admin, approval, tell)) === 'stopped') {
    return { failures: [], record: undefined }
  }
  const seen = await makeCall(world, held.call, { approval })
  const again = await makeCall(world, held.call, { approval })
  const released = seen.status === 201
  tell(
    `  ${clock(to)}  ${released ? shown.allowed : shown.refused}  ${held.call.title.padEnd(22)} ${
      released ? 'released by dana, this exact request only' : codeOf(seen)
    }`,
  )
  tell(`  ${clock(to)}  ${shown.refused}  ${held.call.title.padEnd(22)} repeated: ${codeOf(again)}`)
  tell()
  // A person may deny it: then there is no transfer to tell of.
  if (!to.ci && !released) return { failures: [], record: undefined }
  const failures = [
    ...(released ? [] : [`the approved call was answered ${seen.status}`]),
    ...(codeOf(again) === 'approval-unusable' ? [] : ['an approval could be used twice']),
  ]
  return { failures, record: released ? seen.record : undefined }
}

function tellCall(to: Telling, call: StoryCall, seen: Seen, reached: boolean): void {
  const notes: Record<Ending, () => string> = {
    masked: () => `hidden: ${hiddenIn(seen).join(', ')}`,
    allowed: () => `${seen.status}`,
    blocked: () =>
      `${problemOf(seen).detail ?? ''}${reached ? '' : ' · never reached the service'}`,
    refused: () => `${problemOf(seen).detail ?? codeOf(seen)}`,
    held: () => `wants one of payments-approvers · ${seen.approval ?? ''}`,
  }
  to.tell(
    `  ${clock(to)}  ${shown[call.expected]}  ${call.title.padEnd(22)} ${notes[call.expected]()}`,
  )
}

/** Each outcome is checked by what the agent and the services saw, never by what the gateway says of itself. */
function checkCall(call: StoryCall, seen: Seen, reached: boolean): string[] {
  const expectations: Record<Ending, readonly (readonly [holds: boolean, what: string])[]> = {
    masked: [
      [seen.status === 200 && reached, 'the masked read did not go through'],
      [
        !/536-22-8716|maria\.schneider@|4539578763621486/.test(seen.body),
        'personal data got through',
      ],
      [seen.body.includes('Maria Schneider'), 'more was hidden than the rules hide'],
    ],
    allowed: [[seen.status === 200 && reached, 'the allowed read did not go through']],
    blocked: [
      [codeOf(seen) === 'policy-denied', `the destructive call ended in ${codeOf(seen)}`],
      [!reached, 'the destructive call reached the service'],
    ],
    refused: [
      [
        codeOf(seen) === 'arguments-invalid',
        `the call with bad arguments ended in ${codeOf(seen)}`,
      ],
      [!reached, 'the call with bad arguments reached the service'],
    ],
    held: [
      [codeOf(seen) === 'approval-required', `the transfer ended in ${codeOf(seen)}`],
      [!reached, 'the transfer reached the service before anybody approved'],
    ],
  }
  return [
    ...expectations[call.expected].flatMap(([holds, what]) => (holds ? [] : [what])),
    ...(seen.record.includes('#') ? [] : [`${call.title}: no Sallyport-Record`]),
  ]
}

/** The same session as the records tell it. */
async function replay(admin: AdminClient, to: Telling): Promise<string[]> {
  const session = await admin.newestSession()
  const calls = await admin.calls(session)
  to.tell('  The replay, from the records:')
  for (const { lines } of replaySteps(calls)) for (const line of lines) to.tell(`  ${line}`)
  to.tell()
  to.tell(`  ${style.green(marks.ok)} ${calls.length} calls in the log · session ${session}`)
  to.tell()
  return calls.length === story.length + 2 ? [] : ['the replay does not tell of every call']
}

/** What to try while it runs. */
function tellNext({ commandPrefix }: AdminClient, tell: Telling['tell']): void {
  tell(`  As dana       ${commandPrefix}`)
  tell('  Replay it     npx sallyport sessions ls, then sessions replay <id>')
  tell('  Verify it     npx sallyport evidence trust > trust.txt')
  tell('                npx sallyport evidence export -o bundle.zip')
  tell('                npx sallyport evidence verify bundle.zip --trust trust.txt')
  tell('  Use it        npx sallyport init   (writes gateway.yaml and a first rulebook)')
}

function verdict(tell: (line?: string) => void, failures: readonly string[]): number {
  for (const failure of failures) tell(`  ${style.red(marks.refused)} ${failure}`)
  tell(failures.length === 0 ? `  ${style.green(marks.ok)} every outcome as told` : '')
  return failures.length === 0 ? 0 : 1
}

function untilInterrupted(tell: (line?: string) => void): Promise<number> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => {
      tell('  Stopped.')
      resolve(0)
    })
    process.once('SIGTERM', () => resolve(0))
  })
}

function clock({ started }: Telling): string {
  return `${((performance.now() - started) / 1000).toFixed(1)}s`.padStart(6)
}

type ProblemDocument = { readonly code?: string; readonly detail?: string }

function problemOf({ body }: Seen): ProblemDocument {
  try {
    return JSON.parse(body)
  } catch {
    return {}
  }
}

function codeOf(seen: Seen): string {
  return seen.status < 400 ? `${seen.status}` : (problemOf(seen).code ?? `${seen.status}`)
}

/** Names of the members whose value shows that something was hidden. */
function hiddenIn({ body }: Seen): string[] {
  const names: string[] = []
  JSON.parse(body, (key, value) => {
    if (typeof value === 'string' && /\[REDACTED|\*\*/.test(value)) names.push(key)
    return value
  })
  return names
}
