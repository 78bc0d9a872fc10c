import { type Refusal, type RefusalCode, refusals } from '../../call/refusal.ts'

/** This protocol's "no" for every code. A new code does not compile until it is answered here. */
export const statusOf: Readonly<Record<RefusalCode, number>> = {
  unauthenticated: 401,
  'request-malformed': 400,
  'request-too-large': 413,
  'function-unknown': 404,
  'scope-exceeded': 403,
  'policy-denied': 403,
  'review-lapsed': 403,
  'arguments-invalid': 422,
  'approval-required': 403,
  'approval-denied': 403,
  'approval-unusable': 403,
  'evidence-unavailable': 503,
  'credential-unavailable': 502,
  'upstream-unreachable': 502,
  'upstream-timeout': 504,
  'upstream-failed': 502,
  'result-withheld': 502,
  'caller-left': 499,
  overloaded: 503,
  'rulebook-missing': 503,
  internal: 500,
}

export type WrittenRefusal = {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string
}

/** Problem details (RFC 9457). `type` is a URN, so that it stays true wherever the gateway runs. */
export function writeRefusal(refusal: Refusal): WrittenRefusal {
  const { code, detail, facts, record, callId } = refusal
  const status = statusOf[code]
  const body = JSON.stringify({
    type: `urn:sallyport:refusal:${code}`,
    title: refusals[code],
    status,
    ...(detail !== undefined && { detail }),
    code,
    ...facts,
    ...(callId !== undefined && { call: callId }),
    ...(record !== undefined && { record }),
  })
  const headers: Record<string, string> = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'sallyport-record': record ?? 'none',
  }
  if (callId !== undefined) headers['sallyport-call'] = callId
  if (status === 401) headers['www-authenticate'] = 'Bearer realm="sallyport"'
  if (status === 503) headers['retry-after'] = '1'
  if (typeof facts.approval === 'string') headers['sallyport-approval'] = facts.approval
  return { status, headers, body }
}
