import { EvidenceError, parseNote, type VerifierKey, verifyNote } from '@sallyport/evidence/log'
import { limits } from '../config/limits.ts'
import { askWitness, type WitnessAnswer } from './ask-witness.ts'

/**
 * Why a witness did not cosign. `unreachable`: it could not be asked, or what it said is no answer.
 * `rejected`: it does not watch this log, or not this key. `inconsistent` and `ahead`: it has cosigned a
 * history that ours does not continue. Then the database was rolled back, or two logs share one key.
 */
export type WitnessTrouble = 'unreachable' | 'rejected' | 'inconsistent' | 'ahead'

/** `known`: the size the witness has last cosigned, as far as it told. */
export type Taken =
  | { readonly kind: 'cosigned'; readonly line: string; readonly time: number }
  | { readonly kind: WitnessTrouble; readonly known: bigint; readonly why: string }

/**
 * Takes one checkpoint to one witness, from the size the witness says it knows. Never rejects. The
 * cosignature is verified: what comes back goes into what auditors read.
 */
export async function takeToWitness(asked: {
  readonly witness: { readonly url: string; readonly key: VerifierKey; readonly known: bigint }
  /** The checkpoint, signed by the log alone. */
  readonly checkpoint: { readonly size: bigint; readonly note: string }
  readonly consistency: (size1: bigint, size2: bigint) => Promise<readonly Uint8Array[]>
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Unix milliseconds. */
  readonly now: () => number
}): Promise<Taken> {
  const { witness, checkpoint, consistency, timeoutMs, signal, now } = asked
  let known = witness.known
  for (let tries = 0; tries < triesMax; tries++) {
    const { size, note } = checkpoint
    if (known > size) {
      return { kind: 'ahead', known, why: `it has cosigned ${known} leaves, and here are ${size}` }
    }
    const proof = await proofOf(consistency, known, size)
    if (!proof) return { kind: 'unreachable', known, why: 'the proof for it could not be read' }
    const { url, key } = witness
    const answer = await askWitness({ url, oldSize: known, proof, note, timeoutMs, signal })
    if (answer.kind !== 'stale') return read(answer, { key, note, known, now: now() })
    // Until July 2026 the specification had a witness say so when its root of this very size is another.
    if (answer.size === known && known === size)
      return read(inconsistent, { key, note, known, now: now() })
    known = answer.size
  }
  return { kind: 'unreachable', known, why: 'it names another size each time' }
}

const inconsistent = { kind: 'inconsistent' } as const

/** Once to learn its size, once more when somebody else asked meanwhile. */
const triesMax = 3

/** Undefined when the files it is made of cannot be read. */
async function proofOf(
  consistency: (size1: bigint, size2: bigint) => Promise<readonly Uint8Array[]>,
  size1: bigint,
  size2: bigint,
): Promise<readonly Uint8Array[] | undefined> {
  if (size1 === 0n || size1 === size2) return []
  return consistency(size1, size2).catch(() => undefined)
}

async function read(
  answer: Exclude<WitnessAnswer, { kind: 'stale' }>,
  asked: {
    readonly key: VerifierKey
    readonly note: string
    readonly known: bigint
    readonly now: number
  },
): Promise<Taken> {
  const { key, note, known, now } = asked
  switch (answer.kind) {
    case 'cosigned': {
      const unreachable = (why: string) => ({ kind: 'unreachable', known, why }) as const
      if (!areSignaturesOf(note, answer.lines)) {
        return unreachable('its answer is not made of signature lines')
      }
      const found = await cosignatureBy(key, note + answer.lines)
      if (!found) return unreachable('its cosignature does not verify with its key')
      const apartMs = Math.abs(found.time * 1000 - now)
      return apartMs <= limits.witnessClockMs
        ? { kind: 'cosigned', ...found }
        : unreachable(`its clock and this one are ${Math.round(apartMs / 1000)} seconds apart`)
    }
    case 'inconsistent':
      return { kind: 'inconsistent', known, why: 'it has cosigned another history of this log' }
    case 'rejected':
      return { kind: 'rejected', known, why: `it answered with status ${answer.status}` }
    case 'unreachable':
      return { kind: 'unreachable', known, why: answer.why }
  }
}

/**
 * Whether these lines, put after those of the note, leave it the text it has. The text of a note ends at its last
 * empty line, so an answer with one of its own would make the log's signature a part of what is signed.
 */
function areSignaturesOf(note: string, lines: string): boolean {
  try {
    return parseNote(note + lines).text === parseNote(note).text
  } catch (thrown) {
    if (thrown instanceof EvidenceError) return false
    throw thrown
  }
}

/**
 * The line by this key in a note, when it is a cosignature of its text with a time. Lines of other keys are
 * ignored (c2sp.org/tlog-witness).
 */
export async function cosignatureBy(
  key: VerifierKey,
  note: string,
): Promise<{ readonly line: string; readonly time: number } | undefined> {
  try {
    const [by] = (await verifyNote(note, [key])).signedBy
    const line = signatureLines(note).find(({ name, id }) => name === key.name && id === key.id)
    return line && by?.time ? { line: line.line, time: by.time } : undefined
  } catch {
    // No signature of this key, a bad one, two, or no note at all.
    return undefined
  }
}

/** Whose each signature of a note says it is, and its line with the newline. Nothing is verified. */
export function signatureLines(
  note: string,
): readonly { readonly name: string; readonly id: number; readonly line: string }[] {
  const { text, signatures } = parseNote(note)
  const lines = note.slice(text.length + 1).split('\n')
  return signatures.map(({ name, id }, at) => ({ name, id, line: `${lines[at]}\n` }))
}
