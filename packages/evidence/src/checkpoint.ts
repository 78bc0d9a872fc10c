import { fromBase64, fromDecimal, toBase64 } from './encoding.ts'
import { EvidenceError } from './error.ts'
import { assertHash, hashBytes } from './hash.ts'
import { assertSize, sizeMax } from './merkle.ts'
import { assertNoteText, parseNote } from './note.ts'

/** The head of a log's tree (c2sp.org/tlog-checkpoint). */
export type Checkpoint = {
  /** The log's identity: what its key is named. */
  readonly origin: string
  readonly size: bigint
  readonly root: Uint8Array
  /** Opaque lines after the root; our logs write none. */
  readonly extensions: readonly string[]
}

/** From a signed note or from its text alone. Verifies nothing: `checkTrust` does. */
export function parseCheckpoint(text: string): Checkpoint {
  // Lines of a checkpoint are not empty, so a blank one begins the signatures.
  const body = text.includes('\n\n') ? parseNote(text).text : text
  assertNoteText(body)
  const [origin = '', decimal = '', base64 = '', ...extensions] = body.split('\n')
  if (extensions.pop() !== '') throw malformedCheckpoint('it has fewer than three whole lines')
  if (origin === '' || extensions.includes('')) throw malformedCheckpoint('a line is empty')
  const size = fromDecimal(decimal, sizeMax)
  if (size === undefined) throw malformedCheckpoint('its second line is not a tree size')
  const root = fromBase64(base64)
  if (root?.length !== hashBytes) throw malformedCheckpoint('its third line is not a hash')
  return { origin, size, root, extensions }
}

/** The text to sign. Throws `EvidenceError` for what `parseCheckpoint` would not read back. */
export function formatCheckpoint(
  checkpoint: Omit<Checkpoint, 'extensions'> & Partial<Checkpoint>,
): string {
  const { origin, size, root, extensions = [] } = checkpoint
  assertSize(size)
  assertHash(root)
  const lines = [origin, size.toString(), toBase64(root), ...extensions]
  assertNoteText(lines.join(''))
  if (lines.some((line) => line === '' || line.includes('\n'))) {
    throw malformedCheckpoint('a line is empty or holds a newline')
  }
  return `${lines.join('\n')}\n`
}

function malformedCheckpoint(why: string): EvidenceError {
  return new EvidenceError('checkpoint-malformed', `the checkpoint is malformed: ${why}`)
}
