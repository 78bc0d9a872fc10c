import { type Checkpoint, parseCheckpoint } from '../checkpoint.ts'
import { EvidenceError } from '../error.ts'
import { ed25519Type, parseVerifierKey, type VerifierKey } from '../key.ts'
import { parseNote, verifyNote } from '../note.ts'
import { checkTrust, type Trust, type Trusted } from '../trust.ts'

/** A checkpoint from before. */
export type Signed = {
  readonly checkpoint: Checkpoint
  readonly note: string
  /** Undefined where the trust file names no key that signed: the log itself may, in its rotations. */
  readonly trusted: Trusted | undefined
}

/**
 * Reads a checkpoint from before: witnesses need not be a quorum, and its key may have been replaced since. Throws
 * `EvidenceError` where it is no checkpoint, or the signature of a trusted key is bad.
 */
export async function readSigned(note: string, trust: Trust): Promise<Signed> {
  const checkpoint = parseCheckpoint(parseNote(note).text)
  const trusted = await checkTrust(note, { ...trust, quorum: undefined }).catch(unlessUnmet)
  return { checkpoint, note, trusted }
}

/** The keys that signed: those of the trust file, or else those among `named` (verifier keys as texts). */
export async function signersOf(
  { checkpoint, note, trusted }: Signed,
  named: readonly string[],
): Promise<readonly VerifierKey[]> {
  if (trusted) return trusted.logKeys
  const keys = named
    .flatMap(keyOf)
    .filter(({ name, type }) => name === checkpoint.origin && type === ed25519Type)
  try {
    return (await verifyNote(note, keys)).signedBy
  } catch (thrown) {
    if (thrown instanceof EvidenceError) return []
    throw thrown
  }
}

function unlessUnmet(thrown: unknown): undefined {
  if (!(thrown instanceof EvidenceError) || thrown.code !== 'trust-unmet') throw thrown
}

/** What the log says of its keys is a text, and may be none. */
function keyOf(text: string): readonly VerifierKey[] {
  try {
    return [parseVerifierKey(text)]
  } catch (thrown) {
    if (thrown instanceof EvidenceError) return []
    throw thrown
  }
}
