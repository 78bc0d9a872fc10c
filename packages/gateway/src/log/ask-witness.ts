import { limits } from '../config/limits.ts'

export type WitnessAnswer =
  /** Signature lines, each with its newline. Not verified yet. */
  | { readonly kind: 'cosigned'; readonly lines: string }
  /** The witness has last cosigned this size. */
  | { readonly kind: 'stale'; readonly size: bigint }
  /** It says that the checkpoint does not continue what it cosigned: two histories under one key. */
  | { readonly kind: 'inconsistent' }
  /** It does not know this log or its key, or does not understand us. Asking again will not help. */
  | { readonly kind: 'rejected'; readonly status: number }
  /** Not reached, too slow, or something that is no answer of a witness. */
  | { readonly kind: 'unreachable'; readonly why: string }

/**
 * One `add-checkpoint` request (c2sp.org/tlog-witness). Never rejects: a witness that misbehaves must
 * not be able to stop the log. Ends with `signal`, or after `timeoutMs`.
 */
export async function askWitness(asked: {
  /** The submission prefix. */
  readonly url: string
  readonly oldSize: bigint
  readonly proof: readonly Uint8Array[]
  /** The checkpoint, a signed note. */
  readonly note: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
}): Promise<WitnessAnswer> {
  const { url, oldSize, proof, note, timeoutMs, signal } = asked
  const proofLines = proof.map((hash) => `${Buffer.from(hash).toString('base64')}\n`)
  try {
    const response = await fetch(`${url.replace(/\/+$/, '')}/add-checkpoint`, {
      method: 'POST',
      body: `old ${oldSize}\n${proofLines.join('')}\n${note}`,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
    return read(response.status, await readText(response, limits.witnessAnswerBytes))
  } catch (thrown) {
    return { kind: 'unreachable', why: reasonOf(thrown) }
  }
}

function read(status: number, text: string): WitnessAnswer {
  if (status === 200) return { kind: 'cosigned', lines: text }
  if (status === 422) return { kind: 'inconsistent' }
  if (status === 409) {
    const [, digits] = /^(0|[1-9][0-9]{0,18})\n$/.exec(text) ?? []
    return digits === undefined
      ? { kind: 'unreachable', why: 'a 409 without a size' }
      : { kind: 'stale', size: BigInt(digits) }
  }
  return status >= 400 && status < 500 && status !== 429
    ? { kind: 'rejected', status }
    : { kind: 'unreachable', why: `status ${status}` }
}

/** Rejects when it is longer than `bytesMax`, or not UTF-8. */
export async function readText(response: Response, bytesMax: number): Promise<string> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of response.body ?? []) {
    length += piece.length
    if (length > bytesMax) throw new Error('the answer is too long')
    pieces.push(piece)
  }
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(pieces))
}

/** fetch hides the reason one level down; the words are the system's, not the witness's. */
function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown
  if (!(cause instanceof Error)) return 'unknown'
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
}
