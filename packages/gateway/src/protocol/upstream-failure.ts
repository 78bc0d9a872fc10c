import { Refusal, type RefusalCode } from '../call/refusal.ts'

/** What the caller is told when a request of ours fails on the wire; undici's own error stays the private cause. */
export function refusalFor(
  cause: Error & { code?: string },
  { answering }: { readonly answering: boolean },
): Refusal {
  const { code = '' } = cause
  const known: RefusalCode = unreachable.has(code)
    ? 'upstream-unreachable'
    : tooSlow.has(code)
      ? 'upstream-timeout'
      : 'upstream-failed'
  const detail = answering
    ? 'It broke off in the middle of its answer.'
    : known === 'upstream-failed'
      ? 'It closed the connection or answered something that is not HTTP.'
      : undefined
  return new Refusal(known, { ...(detail !== undefined && { detail }), cause })
}

const unreachable = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
])
const tooSlow = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])
