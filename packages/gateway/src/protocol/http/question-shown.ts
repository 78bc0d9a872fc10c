import type { FollowUps, Question } from '../../call/follow-up.ts'
import type { Proof } from '../../call/stage.ts'
import { type Limits, limits } from '../../config/limits.ts'
import type { ClearanceTerms } from '../../model/clearance.ts'
import type { Principal } from '../../model/principal.ts'
import type { HttpRequest } from '../door/request.ts'
import type { HttpResponse, WrittenAnswer } from '../door/response.ts'
import { reserved } from './refusal.ts'

/** One caller that asks after one thing. */
export type FollowUp = {
  readonly request: HttpRequest
  readonly response: HttpResponse
  readonly followUps: FollowUps
  readonly limits: Limits
  /** Aborted when the caller leaves or the gateway stops. */
  readonly signal: AbortSignal
  readonly asker: { readonly proof: Proof | undefined; readonly sessionName: undefined }
  readonly principal: Principal
}

/** What a caller reads of its question, as JSON. */
export function shownQuestion(question: Question): WrittenAnswer {
  const { isOver } = question
  return {
    status: 200,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'sallyport-approval': question.id,
      ...(!isOver && { 'retry-after': String(limits.followUpRetryMs / 1_000) }),
    },
    body: JSON.stringify(questionBody(question)),
  }
}

export function questionBody(question: Question): object {
  const { id, state, revision, callId, functionId, digest, terms, delivery, isOver } = question
  const { clearance, deferral } = question
  return {
    ...{ approval: id, state: state.toLowerCase(), revision, over: isOver },
    ...{ call: callId, function: functionId, digest, delivery },
    terms: termsBody(terms),
    steps: question.steps,
    asked_at: timestamp(question.createdAt),
    decide_by: timestamp(question.decideBy),
    ...(clearance && {
      clearance: {
        ...{ state: clearance.state.toLowerCase(), kind: clearance.kind },
        ...{ uses: clearance.uses, uses_max: clearance.usesMax },
        expires_at: timestamp(clearance.expiresAt),
      },
    }),
    ...(deferral && {
      deferred: {
        ...{ state: deferral.state.toLowerCase(), call: deferral.ran },
        ...{ result_url: `${reserved}/calls/${callId}/result` },
        kept_until: timestamp(deferral.keptUntil),
      },
    }),
  }
}

function termsBody(terms: ClearanceTerms): object {
  if (terms.kind === 'call') return terms
  return { kind: terms.kind, uses: terms.uses, for_ms: terms.forMs, when: terms.when }
}

const problems = {
  malformed: [400, '`wait` is a number of seconds, `revision` the last one that was seen.'],
  'not-found': [404, 'There is nothing here for you.'],
  'method-not-allowed': [405, 'This address is looked at, or withdrawn.'],
  'not-pending': [409, 'It is settled already.'],
  gone: [410, 'The result was kept as long as it had to be, and is destroyed.'],
} as const

/** What is wrong with a follow-up, which is no call and has no record (RFC 9457). */
export function problem(
  code: keyof typeof problems,
  headers: Readonly<Record<string, string>> = {},
): WrittenAnswer {
  const [status, title] = problems[code]
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...headers,
    },
    body: JSON.stringify({ type: `urn:sallyport:follow-up:${code}`, title, status, code }),
  }
}

function timestamp(at: number): string {
  return new Date(at).toISOString()
}
