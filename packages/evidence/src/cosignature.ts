import { parseCheckpoint } from './checkpoint.ts'
import { cosignatureMessage, timeBytes } from './cosignature-message.ts'
import { concatBytes } from './encoding.ts'
import { EvidenceError } from './error.ts'
import { cosignatureType, type Signer, signBytes } from './key.ts'
import { parseNote, signatureLine } from './note.ts'

/**
 * A witness's signature line, to be put after the lines of the checkpoint note it is given
 * (c2sp.org/tlog-cosignature, Ed25519). It says: at this time this was the largest consistent tree
 * of this log that I had seen. Whether that is so is the caller's to have checked.
 */
export async function cosign(
  noteText: string,
  signer: Signer,
  unixSeconds: number,
): Promise<string> {
  if (signer.type !== cosignatureType) {
    throw new EvidenceError('key-unsupported', 'a witness cosigns with a key of type 0x04')
  }
  if (!Number.isSafeInteger(unixSeconds) || unixSeconds < 0) {
    throw new EvidenceError('out-of-range', 'the time of a cosignature is not in Unix seconds')
  }
  const { text } = parseNote(noteText)
  parseCheckpoint(text)
  const time = new Uint8Array(timeBytes)
  new DataView(time.buffer).setBigUint64(0, BigInt(unixSeconds))
  const signature = await signBytes(signer, cosignatureMessage(text, unixSeconds))
  return signatureLine(signer, concatBytes(time, signature))
}
