import { setTimeout as sleep } from 'node:timers/promises'
import { unreachable } from './api.ts'
import { Failure } from './exit.ts'
import { err, say } from './output.ts'
import { openScreen } from './screen.ts'
import type { Answer } from './send-call.ts'
import { between, lengthOf } from './times.ts'
import { visible } from './visible.ts'

/** Whoever makes the call, with the proof it is made with. */
export type Asker = { readonly url: string; readonly token: string }

/** What the gateway tells a caller of its question (protocol/http/question-shown.ts), as far as it is read here. */
type Question = {
  readonly approval: string
  readonly state: string
  readonly revision: number
  readonly over: boolean
  readonly decide_by: string
  readonly steps: readonly {
    readonly groups: readonly string[]
    readonly have: number
    readonly need: number
  }[]
  readonly deferred?: { readonly state: string; readonly result_url: string }
}

/**
 * Waits until people have answered, and then has the identical call made, or the result fetched where the gateway
 * makes the call. Returns the answer it began with when the time is over before.
 */
export async function followed(
  first: Answer,
  given: {
    readonly asker: Asker
    /** By the clock of `performance.now()`; what is over is not waited for. */
    readonly until: number
    readonly again: (approval: string) => Promise<Answer>
    readonly fetchResult: (path: string) => Promise<Answer>
  },
): Promise<Answer> {
  const approval = first.accepted?.approval ?? heldBy(first)
  if (approval === undefined || given.until <= performance.now()) return first
  const question = await settled(given.asker, approval, given.until)
  if (!question.over) return first
  return question.deferred
    ? given.fetchResult(question.deferred.result_url)
    : given.again(question.approval)
}

/** Where the result of a deferred call is fetched. */
export async function resultPath(asker: Asker, approval: string): Promise<string> {
  const { deferred } = await readQuestion(asker, approval, '')
  if (!deferred) throw new Failure('usage', `The call of ${approval} was not deferred.`)
  return deferred.result_url
}

function heldBy({ problem }: Answer): string | undefined {
  return problem?.code === 'approval-required' ? problem.approval : undefined
}

async function settled(asker: Asker, approval: string, until: number): Promise<Question> {
  const tell = openProgress()
  let known: Question | undefined
  for (;;) {
    const leftMs = Math.max(0, until - performance.now())
    // Between two looks the line says how much time is left.
    const waitS = Math.ceil(Math.min(leftMs, process.stderr.isTTY ? lookMs : lookMsMax) / 1_000)
    const query = known === undefined ? '' : `?wait=${waitS}&revision=${known.revision}`
    try {
      known = await readQuestion(asker, approval, query)
    } catch (thrown) {
      // A gateway that is just starting again still has the question.
      const isAway = thrown instanceof Failure && thrown.exit === 'unreachable'
      if (!isAway || leftMs === 0) throw thrown
      await sleep(Math.min(leftMs, awayMs))
      continue
    }
    tell(known)
    if (known.over || performance.now() >= until) return known
  }
}

const lookMs = 5_000
const lookMsMax = 45_000
const awayMs = 2_000
/** Beyond what the gateway holds a look for. */
const timeoutMs = 90_000

async function readQuestion(
  { url, token }: Asker,
  approval: string,
  query: string,
): Promise<Question> {
  const path = `/.sallyport/approvals/${encodeURIComponent(approval)}${query}`
  const response = await fetch(`${url}${path}`, {
    headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
    // A redirect could carry the token to somebody else.
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  }).catch((thrown: unknown) => {
    throw unreachable(url, thrown)
  })
  if (response.status >= 500) throw new Failure('unreachable', 'The gateway cannot answer now.')
  if (response.status === 401) {
    throw new Failure('sign-in', 'The proof of identity no longer counts.', {
      cure: `Repeat the call with a fresh one and --approval ${approval}.`,
    })
  }
  if (!response.ok)
    throw new Failure('failed', `The gateway knows no question ${approval} of yours.`)
  // Its texts are others' words, made visible where they are printed.
  const question: Question = JSON.parse(await response.text())
  return question
}

/** How far it is: a line that is written anew on a terminal, and only when it changed elsewhere. */
function openProgress(): (question: Question) => void {
  const { isTTY, columns = 80, rows = 24 } = process.stderr
  const write = (text: string) => process.stderr.write(text)
  const screen = isTTY ? openScreen({ columns, rows, write }) : undefined
  let said = ''
  return (question) => {
    const line = visible(lineOf(question))
    if (screen) screen.draw(question.over ? [] : [`${err.yellow('‖')} ${line}, ${left(question)}`])
    else if (line !== said) say(line)
    said = line
  }
}

function lineOf({ approval, state, steps, deferred }: Question): string {
  if (deferred && state === 'approved')
    return `${approval} is approved; the call is ${deferred.state}`
  if (state !== 'pending') return `${approval} is ${state}`
  const progress = steps.map(({ groups, have, need }) => `${have} of ${need} ${groups.join('/')}`)
  return `${approval} waits for people: ${progress.join(', ')}`
}

function left({ decide_by: decideBy }: Question): string {
  const ms = Math.max(0, between(new Date().toISOString(), decideBy))
  return `${lengthOf(Math.ceil(ms / 1_000) * 1_000)} left`
}
