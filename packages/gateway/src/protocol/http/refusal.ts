import { type Refusal, type RefusalCode, refusals } from '../../call/refusal.ts'
import { limits } from '../../config/limits.ts'
import { reservedSegment } from '../../model/connection.ts'
import type { WrittenAnswer } from '../door/response.ts'

/** This protocol's "no" for every code. A new code does not compile until it is answered here. */
export const statusOf: Readonly<Record<RefusalCode, number>> = {
  unauthenticated: 401,
  'request-malformed': 400,
  'request-too-large': 413,
  'function-unknown': 404,
  'scope-exceeded': 403,
  'policy-denied': 403,
  'review-lapsed': 403,
  'grant-revoked': 403,
  'function-quarantined': 403,
  'duties-conflict': 403,
  'arguments-invalid': 422,
  'approval-required': 403,
  'approval-denied': 403,
  'approval-unusable': 403,
  'approval-impossible': 403,
  'clearance-revoked': 403,
  'evidence-unavailable': 503,
  'credential-unavailable': 502,
  'upstream-unreachable': 502,
  'upstream-timeout': 504,
  'upstream-failed': 502,
  'result-withheld': 502,
  'caller-left': 499,
  overloaded: 503,
  'rulebook-missing': 503,
  'rulebook-replaced': 503,
  internal: 500,
}

/** No function is ever addressed by a path below it. */
export const reserved: string = `/${reservedSegment}`
/** Where a caller asks after its question. */
const statusUrl = (approvalId: string) => `${reserved}/approvals/${approvalId}`

/**
 * Problem details (RFC 9457). `type` is a URN, so that it stays true wherever the gateway runs. Who prefers
 * `respond-async` is told of a question as of something accepted; nobody else is: a loop of tool calls takes any
 * 2xx for a result.
 */
export function writeRefusal(
  refusal: Refusal,
  asked: { readonly respondAsync?: boolean } = {},
): WrittenAnswer {
  const { code, detail, facts, record, callId } = refusal
  if (code === 'approval-required' && asked.respondAsync) return writeAccepted(refusal)
  const status = statusOf[code]
  const body = JSON.stringify({
    type: `urn:sallyport:refusal:${code}`,
    title: refusals[code],
    status,
    ...(detail !== undefined && { detail }),
    code,
    ...facts,
    ...(code === 'approval-required' && { status_url: statusUrl(String(facts.approval)) }),
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

/** `202` (RFC 9110 section 15.3.3), as `respond-async` wants it (RFC 7240 section 4.1). */
function writeAccepted({ detail, facts, record, callId }: Refusal): WrittenAnswer {
  const location = statusUrl(String(facts.approval))
  return {
    status: 202,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      location,
      'retry-after': String(limits.followUpRetryMs / 1_000),
      'preference-applied': 'respond-async',
      'sallyport-approval': String(facts.approval),
      'sallyport-record': record ?? 'none',
      ...(callId !== undefined && { 'sallyport-call': callId }),
    },
    body: JSON.stringify({
      state: 'pending',
      ...facts,
      status_url: location,
      detail,
      call: callId,
      record,
    }),
  }
}
