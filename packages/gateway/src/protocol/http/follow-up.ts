import type { FollowUps, Question } from '../../call/follow-up.ts'
import { Refusal } from '../../call/refusal.ts'
import type { Limits } from '../../config/limits.ts'
import { callerOf, type Principal } from '../../model/principal.ts'
import { linger } from '../door/linger.ts'
import type { Desk } from '../door/listen.ts'
import { type HttpRequest, headerPairs, proofOf } from '../door/request.ts'
import { breakOff, encodeWhole, type HttpResponse, type WrittenAnswer } from '../door/response.ts'
import { encode, encodeRefusal } from './encode.ts'
import { sendEvents } from './question-events.ts'
import { type FollowUp, problem, shownQuestion } from './question-shown.ts'
import { reserved } from './refusal.ts'
import { readFields, readTarget } from './target.ts'

/** Whether this address is the gateway's own: told by how it is written, so that no function ever has it. */
function isReserved(url: string): boolean {
  return (
    url.startsWith(reserved) &&
    (url.length === reserved.length || '/?'.includes(url[reserved.length] ?? ''))
  )
}

/**
 * Answers what callers ask about their own questions, with the same proof of identity as their calls. Nothing
 * of it is a call: it decides nothing, reaches no upstream and takes no place from calls.
 */
export function openFollowUpDesk(followUps: FollowUps, limits: Limits): Desk {
  const stopping = new AbortController()
  const underWay = new Set<Promise<void>>()
  const byCaller = new Map<string, number>()
  const admit = (principal: Principal) => {
    const { id } = callerOf(principal)
    const count = byCaller.get(id) ?? 0
    if (count >= limits.followUpsPerCaller) throw new Refusal('overloaded')
    byCaller.set(id, count + 1)
    return () => {
      const left = (byCaller.get(id) ?? 1) - 1
      if (left === 0) byCaller.delete(id)
      else byCaller.set(id, left)
    }
  }
  const answer = async (request: HttpRequest, response: HttpResponse) => {
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    request.on('error', () => gone.abort())
    response.on('error', () => gone.abort())
    const asker = { proof: proofOf(headerPairs(request.rawHeaders)), sessionName: undefined }
    let letGo: (() => void) | undefined
    try {
      const principal = await followUps.identify(asker)
      letGo = admit(principal)
      const signal = AbortSignal.any([gone.signal, stopping.signal])
      await answerOne({ request, response, followUps, limits, signal, asker, principal })
    } catch (thrown) {
      // An event stream that has begun can only break.
      if (response.headersSent) breakOff(response)
      else encodeRefusal(Refusal.from(thrown), response)
    } finally {
      letGo?.()
    }
  }
  return {
    owns: isReserved,
    take: (request, response) => {
      if (underWay.size >= limits.followUps) encodeRefusal(new Refusal('overloaded'), response)
      else {
        const one = answer(request, response).finally(() => underWay.delete(one))
        underWay.add(one)
      }
      linger(request, limits.lingerMs)
    },
    // Every wait ends at once, with where things stand.
    close: async () => {
      stopping.abort()
      await Promise.all(underWay)
    },
  }
}

async function answerOne(at: FollowUp): Promise<void> {
  const { request, response } = at
  const target = targetOf(request)
  if ('status' in target) return encodeWhole(target, response)
  const { method = 'GET' } = request
  if (target.of === 'result') {
    if (method !== 'GET')
      return encodeWhole(problem('method-not-allowed', { allow: 'GET' }), response)
    return sendResult(at, target)
  }
  if (method === 'DELETE') return withdraw(at, target.id)
  if (method !== 'GET') {
    return encodeWhole(problem('method-not-allowed', { allow: 'GET, DELETE' }), response)
  }
  const accepts = String(request.headers.accept ?? '')
  if (/\btext\/event-stream\b/i.test(accepts)) return sendEvents(at, target.id)
  return sendQuestion(at, target)
}

type Target = {
  readonly of: 'approval' | 'result'
  readonly id: string
  readonly waitMs: number
  /** The newest that the caller has seen. */
  readonly revision: number | undefined
}

function targetOf({ url = '', headers }: HttpRequest): Target | WrittenAnswer {
  const { segments, query } = readTarget(url, String(headers[':authority'] ?? headers.host ?? ''))
  const [, kind, id = '', more, ...rest] = segments
  const isApproval = kind === 'approvals' && more === undefined
  const isResult = kind === 'calls' && more === 'result' && rest.length === 0
  if (id === '' || id.length > idChars || !(isApproval || isResult)) return problem('not-found')
  const asked = new Map(readFields(query))
  const [wait = '0', revision] = [asked.get('wait'), asked.get('revision')]
  if (!/^\d{1,6}$/.test(wait) || (revision !== undefined && !/^\d{1,15}$/.test(revision))) {
    return problem('malformed')
  }
  return {
    ...{ of: isResult ? 'result' : 'approval', id, waitMs: Number(wait) * 1_000 },
    revision: revision === undefined ? undefined : Number(revision),
  }
}

/** An id of ours has forty. */
const idChars = 64

async function sendQuestion(at: FollowUp, { id, waitMs, revision }: Target): Promise<void> {
  const isNew = (question: Question) =>
    question.isOver || (revision !== undefined && question.revision !== revision)
  const question = await waitFor(at, id, {
    waitMs,
    look: () => at.followUps.question(id, at.principal),
    isIt: isNew,
  })
  encodeWhole(question ? shownQuestion(question) : problem('not-found'), at.response)
}

async function sendResult(at: FollowUp, { id, waitMs }: Target): Promise<void> {
  const look = () => at.followUps.result(id, at.principal)
  const first = await look()
  const result =
    first && (first.state === 'waiting' || first.state === 'running')
      ? await waitFor(at, first.question.id, {
          waitMs,
          look,
          isIt: ({ state }) => state !== 'waiting' && state !== 'running',
        })
      : first
  if (!result) return encodeWhole(problem('not-found'), at.response)
  if (result.state === 'refused') return encodeRefusal(result.refusal, at.response)
  if (result.state === 'forgotten') return encodeWhole(problem('gone'), at.response)
  if (result.state !== 'done') {
    return encodeWhole({ ...shownQuestion(result.question), status: 202 }, at.response)
  }
  await encode(result.reply, at.response, { method: 'GET', limits: at.limits })
}

/**
 * Looks until it is what is waited for, the time is over, or nobody waits any more; and before every look but the
 * first at the proof. Refuses `unauthenticated`.
 */
async function waitFor<Seen>(
  { followUps, limits, signal, asker }: FollowUp,
  approvalId: string,
  {
    waitMs,
    look,
    isIt,
  }: {
    readonly waitMs: number
    readonly look: () => Promise<Seen | undefined>
    readonly isIt: (seen: Seen) => boolean
  },
): Promise<Seen | undefined> {
  const until = performance.now() + Math.min(waitMs, limits.followUpWaitMs)
  for (;;) {
    // Registered before the look, so that nothing between the two is slept through.
    const woken = followUps.watch(approvalId)
    try {
      const seen = await look()
      const leftMs = until - performance.now()
      if (seen === undefined || isIt(seen) || leftMs <= 0 || signal.aborted) return seen
      await woken.within(leftMs, signal)
      await followUps.identify(asker)
    } finally {
      woken.forget()
    }
  }
}

async function withdraw({ followUps, response, principal }: FollowUp, id: string): Promise<void> {
  const question = await followUps.withdraw(id, principal)
  if (!question) return encodeWhole(problem('not-found'), response)
  const isTaken = question.state === 'WITHDRAWN'
  encodeWhole(isTaken ? shownQuestion(question) : problem('not-pending'), response)
}
