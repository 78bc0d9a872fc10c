import { createHash } from 'node:crypto'
import { parseCheckpoint, type VerifierKey, verifyNote } from '@sallyport/evidence/log'
import { limits } from '../config/limits.ts'
import { readText } from './ask-witness.ts'

/** A head of this log's tree, signed by it. */
export type ShownHead = { readonly size: bigint; readonly root: Uint8Array }

/**
 * Whether a witness that says it holds another history can show it: the checkpoint it cosigned last
 * (c2sp.org/tlog-witness, monitoring) is signed by the log's own key, and the log's tree contradicts it. Its
 * word alone stops nobody: one witness of many may lie. Never rejects; what cannot be read shows nothing.
 */
export async function showsFork(asked: {
  readonly url: string
  readonly origin: string
  readonly logKeys: readonly VerifierKey[]
  readonly contradicts: (head: ShownHead) => Promise<boolean>
  readonly timeoutMs: number
  readonly signal: AbortSignal
}): Promise<boolean> {
  const { url, origin, logKeys, contradicts, timeoutMs, signal } = asked
  const hash = createHash('sha256').update(origin).digest('hex')
  try {
    const response = await fetch(`${url.replace(/\/+$/, '')}/${hash}/checkpoint`, {
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
    if (response.status !== 200) return false
    const { text } = await verifyNote(
      await readText(response, limits.witnessAnswerBytes),
      logKeys.filter(({ name }) => name === origin),
    )
    const shown = parseCheckpoint(text)
    return shown.origin === origin && (await contradicts(shown))
  } catch {
    return false
  }
}
