import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import { fromBase64, fromDecimal, toBase64 } from './encoding.ts'
import { EvidenceError } from './error.ts'
import { hashBytes, leafHash } from './hash.ts'
import { sizeMax, verifyInclusion } from './merkle.ts'
import { assertNoteText, parseNote } from './note.ts'
import { checkTrust, type Trust, type Trusted } from './trust.ts'

/** An offline proof that an entry is in a log (c2sp.org/tlog-proof@v1): a receipt. */
export type Proof = {
  /** Unauthenticated. In our receipts: the leaf's exact bytes. */
  readonly extra?: Uint8Array
  readonly index: bigint
  /** From the leaf's sibling upwards. */
  readonly proof: readonly Uint8Array[]
  /** The signed note, verbatim. */
  readonly checkpoint: string
}

export type VerifiedProof = Trusted & {
  readonly index: bigint
  /** The bytes that are proven to be in the log at `index`. */
  readonly entry: Uint8Array
}

/** Whether a text begins as a proof does. */
export function isProof(text: string): boolean {
  return text.startsWith(`${header}\n`)
}

/** The proof as it stands: nothing is verified. Throws `EvidenceError` for any other spelling. */
export function parseProof(text: string): Proof {
  assertNoteText(text)
  const blank = text.indexOf('\n\n')
  if (blank < 0) throw malformedProof('it has no checkpoint')
  const lines = text.slice(0, blank).split('\n')
  if (lines.shift() !== header) throw malformedProof('its first line is another')
  const extra = lines[0]?.startsWith(extraPrefix)
    ? lines.shift()?.slice(extraPrefix.length)
    : undefined
  const index = parseIndex(lines.shift())
  if (lines.length > pathMax) throw malformedProof(`it has over ${pathMax} hashes`)
  const proof = lines.map((line, at) => {
    const hash = fromBase64(line)
    if (hash?.length !== hashBytes) throw malformedProof(`its hash ${at + 1} is none`)
    return hash
  })
  const checkpoint = text.slice(blank + 2)
  parseCheckpoint(parseNote(checkpoint).text)
  return { ...parseExtra(extra), index, proof, checkpoint }
}

export function formatProof({ extra, index, proof, checkpoint }: Proof): string {
  const lines = [
    header,
    ...(extra === undefined ? [] : [`${extraPrefix}${toBase64(extra)}`]),
    `${indexPrefix}${index}`,
    ...proof.map(toBase64),
  ]
  const text = `${lines.join('\n')}\n\n${checkpoint}`
  parseProof(text)
  return text
}

/**
 * Verifies that the log and the witnesses of `trust` vouch for a tree that holds the entry: the one
 * given, or else the one the proof carries in `extra`. Either way its hash is computed from its
 * bytes. Throws `EvidenceError` when anything is amiss.
 */
export async function verifyProof(
  text: string,
  trust: Trust,
  options: { readonly entry?: Uint8Array } = {},
): Promise<VerifiedProof> {
  const { extra, index, proof, checkpoint } = parseProof(text)
  const trusted = await checkTrust(checkpoint, trust)
  const entry = options.entry ?? extra
  if (entry === undefined) {
    throw new EvidenceError('entry-missing', 'the proof does not carry the entry it is about')
  }
  assertIncluded(entry, index, proof, trusted.checkpoint)
  return { ...trusted, index, entry }
}

function assertIncluded(
  entry: Uint8Array,
  index: bigint,
  proof: readonly Uint8Array[],
  { size, root }: Checkpoint,
): void {
  verifyInclusion({ leafHash: leafHash(entry), index, size, proof, root })
}

const header = 'c2sp.org/tlog-proof@v1'
const extraPrefix = 'extra '
const indexPrefix = 'index '
/** A leaf of the largest tree has this many ancestors. */
const pathMax = 63

function parseExtra(base64: string | undefined): Pick<Proof, 'extra'> {
  if (base64 === undefined) return {}
  const extra = fromBase64(base64)
  // A proof without extra bytes has no such line.
  if (extra === undefined || extra.length === 0) throw malformedProof('its extra line is malformed')
  return { extra }
}

function parseIndex(line = ''): bigint {
  const decimal = line.startsWith(indexPrefix) ? line.slice(indexPrefix.length) : ''
  const index = fromDecimal(decimal, sizeMax - 1n)
  if (index === undefined) throw malformedProof('its index line is missing or malformed')
  return index
}

function malformedProof(why: string): EvidenceError {
  return new EvidenceError('proof-malformed', `the proof is malformed: ${why}`)
}
