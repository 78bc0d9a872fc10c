import { createHash } from 'node:crypto'
import {
  cosignatureType,
  ed25519Type,
  parseCheckpoint,
  type VerifierKey,
  verifyNote,
} from '@sallyport/evidence/log'
import { limits } from '../config/limits.ts'
import { readText } from './ask-witness.ts'
import { LogRefused } from './integrate.ts'

/** A head of this log's tree, signed by it. */
export type ShownHead = { readonly size: bigint; readonly root: Uint8Array }

type Asking = {
  readonly origin: string
  /** The keys that sign for this log now: one that is retired may be anybody's by now. */
  readonly logKeys: readonly string[]
  readonly timeoutMs: number
}

/**
 * Whether a witness that says it holds another history can show it: the checkpoint it cosigned last
 * (c2sp.org/tlog-witness, monitoring) is signed by the log's own key and by its own, and the log's tree
 * contradicts it. Its word alone stops nobody: one witness of many may lie, and whoever answers in its place
 * more so. Never rejects; what cannot be read shows nothing.
 */
export async function showsFork(
  asked: Asking & {
    readonly url: string
    readonly key: string | VerifierKey
    readonly contradicts: (head: ShownHead) => Promise<boolean>
    readonly signal: AbortSignal
  },
): Promise<boolean> {
  const head = await readShown(asked)
  return head !== undefined && (await asked.contradicts(head).catch(() => false))
}

/** What each witness shows to have cosigned last; who does not answer in time is left out. Never rejects. */
export async function readAllShown(
  asked: Asking & { readonly members: readonly Readonly<Record<'name' | 'key' | 'url', string>>[] },
): Promise<readonly Shown[]> {
  const { signal } = new AbortController()
  const read = asked.members.map(async ({ name, key, url }) => {
    const head = await readShown({ ...asked, key, url, signal })
    return head ? [{ name, head }] : []
  })
  return (await Promise.all(read)).flat()
}

export type Shown = { readonly name: string; readonly head: ShownHead }

/**
 * Before anything is signed: what witnesses have shown is in what is stored, which is read after they were asked. A
 * whole home that was put back contradicts nothing on its own machine, so only they can know. Rejects with
 * `LogRefused`; what cannot be compared stops nothing.
 */
export async function assertNoForkShown(given: {
  readonly origin: string
  readonly shown: readonly Shown[]
  /** Leaves under the last checkpoint that was signed here. */
  readonly signed: number
  readonly contradicts: (head: ShownHead) => Promise<boolean>
}): Promise<void> {
  const { origin, shown, signed, contradicts } = given
  for (const { name, head } of shown) {
    if (!(await contradicts(head).catch(() => false))) continue
    throw new LogRefused(
      `The witness ${name} has cosigned ${head.size} records of the log ${origin}, signed with this log's own key, and what is stored here, ` +
        `of which ${signed} records were signed, does not contain them: was the whole home put back from a backup? Signing on would show ` +
        'two histories of one log. Put the newest home back; nothing was written to this one. If that is lost, keep this home and ' +
        'what the witness holds, and begin a log with another `origin` and a new key.',
    )
  }
}

async function readShown(
  asked: Asking & {
    readonly url: string
    readonly key: string | VerifierKey
    readonly signal: AbortSignal
  },
): Promise<ShownHead | undefined> {
  const { url, key, origin, logKeys, timeoutMs, signal } = asked
  const hash = createHash('sha256').update(origin).digest('hex')
  try {
    const response = await fetch(`${url.replace(/\/+$/, '')}/${hash}/checkpoint`, {
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
    if (response.status !== 200) return undefined
    const note = await readText(response, limits.witnessAnswerBytes)
    const { text, signedBy } = await verifyNote(note, [...logKeys, key])
    for (const type of [ed25519Type, cosignatureType]) {
      if (!signedBy.some((one) => one.type === type)) return undefined
    }
    const shown = parseCheckpoint(text)
    return shown.origin === origin ? shown : undefined
  } catch {
    return undefined
  }
}
