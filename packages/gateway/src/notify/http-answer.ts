/** One request to somebody else's server. What it says is read as far as the limit, and no redirect is followed. */
export async function post(asked: {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly answerBytesMax: number
  readonly signal: AbortSignal
}): Promise<Answer> {
  const { url, headers, body, answerBytesMax, signal } = asked
  try {
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal })
    const retryAfter = response.headers.get('retry-after')
    return { status: response.status, retryAfter, text: await beginning(response, answerBytesMax) }
  } catch (thrown) {
    return { status: undefined, why: reasonOf(thrown) }
  }
}

export type Answer =
  | {
      readonly status: number
      readonly retryAfter: string | null
      /** Undefined: it was longer than the limit, broke off or was no text. */
      readonly text: string | undefined
    }
  /** There was none. */
  | { readonly status: undefined; readonly why: string }

/**
 * Milliseconds of a `Retry-After` (RFC 9110 section 10.2.3), at most `maxMs`; undefined when there is none that
 * can be read.
 */
export function retryAfterMs(
  text: string | null,
  { now, maxMs }: { readonly now: number; readonly maxMs: number },
): number | undefined {
  if (text === null) return undefined
  const ms = /^\d{1,10}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), maxMs)
}

async function beginning(response: Response, bytesMax: number): Promise<string | undefined> {
  const pieces: Uint8Array[] = []
  let length = 0
  try {
    for await (const piece of response.body ?? []) {
      length += piece.length
      // Leaving the loop cancels the rest.
      if (length > bytesMax) return undefined
      pieces.push(piece)
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces))
  } catch {
    return undefined
  }
}

/** fetch hides the reason one level down. Only codes are passed on: its words may quote the address. */
function reasonOf(thrown: unknown): string {
  if (thrown instanceof Error && thrown.name === 'TimeoutError') return 'no answer in time'
  if (thrown instanceof Error && thrown.name === 'AbortError') return 'the gateway stops'
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? code : 'not reached'
}
