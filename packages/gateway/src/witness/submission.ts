import { type Checkpoint, parseCheckpoint } from '@sallyport/evidence/log'

/** What a log asks a witness to cosign. */
export type Submission = {
  /** The size the log believes the witness last cosigned. */
  readonly oldSize: bigint
  /** From the tree of `oldSize` to the checkpoint's, as in RFC 6962 section 2.1.2. */
  readonly proof: readonly Uint8Array[]
  /** The checkpoint with its signatures; nothing in it is believed yet. */
  readonly note: string
  readonly checkpoint: Checkpoint
}

/** c2sp.org/tlog-witness: "The client MUST NOT send more than 63 consistency proof lines." */
const proofLinesMax = 63
const sizeMax = 2n ** 63n - 1n

/**
 * The body of `add-checkpoint` (c2sp.org/tlog-witness): an old size line, proof lines, an empty line, a
 * checkpoint. Undefined when it is anything else: nothing is repaired, and nothing is read in two ways.
 */
export function parseSubmission(body: Uint8Array): Submission | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
    const end = text.indexOf('\n\n')
    if (end < 0) return undefined
    const [first = '', ...lines] = text.slice(0, end).split('\n')
    const oldSize = parseOldSize(first)
    const proof = lines.length > proofLinesMax ? undefined : parseProof(lines)
    if (oldSize === undefined || !proof) return undefined
    const note = text.slice(end + 2)
    return { oldSize, proof, note, checkpoint: parseCheckpoint(note) }
  } catch {
    // Not UTF-8, or no checkpoint.
    return undefined
  }
}

function parseOldSize(line: string): bigint | undefined {
  const [, digits = ''] = /^old (0|[1-9][0-9]{0,18})$/.exec(line) ?? []
  if (digits === '') return undefined
  const size = BigInt(digits)
  return size <= sizeMax ? size : undefined
}

function parseProof(lines: readonly string[]): readonly Uint8Array[] | undefined {
  const hashes: Uint8Array[] = []
  for (const line of lines) {
    const bytes = Buffer.from(line, 'base64')
    // Node forgives what the specification does not: only the one way to write these bytes counts.
    if (bytes.length !== 32 || bytes.toString('base64') !== line) return undefined
    hashes.push(new Uint8Array(bytes))
  }
  return hashes
}
