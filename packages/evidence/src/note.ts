import { cosignatureMessage, readCosignature } from './cosignature-message.ts'
import { concatBytes, fromBase64, toBase64, utf8Bytes } from './encoding.ts'
import { EvidenceError } from './error.ts'
import {
  ed25519Type,
  formatVerifierKey,
  isKeyName,
  parseVerifierKey,
  type Signer,
  signBytes,
  type VerifierKey,
  verifyBytes,
} from './key.ts'

export type NoteSignature = {
  readonly name: string
  /** uint32 */
  readonly id: number
  /** The bytes after the id. */
  readonly signature: Uint8Array
}

export type Note = {
  /** What is signed: ends in a newline, without the blank line that follows. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** `time`: Unix seconds at which a cosigner says it signed. */
export type SignedBy = VerifierKey & { readonly time?: number }

/**
 * A signed note (c2sp.org/signed-note) as it stands: nothing is verified. Throws `EvidenceError`
 * for control characters, text without UTF-8, a malformed signature line, more than 100 signatures.
 */
export function parseNote(text: string): Note {
  assertNoteText(text)
  // The last one: the text may have empty lines of its own.
  const blank = text.lastIndexOf('\n\n')
  if (blank < 0) throw malformedNote('it has no signatures')
  const lines = text.slice(blank + 2).split('\n')
  if (lines.pop() !== '' || lines.length === 0) throw malformedNote('its last line does not end')
  if (lines.length > signaturesMax) throw malformedNote(`it has over ${signaturesMax} signatures`)
  return { text: text.slice(0, blank + 1), signatures: lines.map(parseSignature) }
}

/**
 * The text, and which of these keys signed it; at least one did. Keys are found by their exact name
 * and id; other signatures are ignored, also where they come twice. Throws `EvidenceError`: `signature-missing`
 * when no known key signed, `signature-invalid` when a known key's signature is bad, whatever else is good,
 * `note-malformed` when a known key signs twice.
 */
export async function verifyNote(
  text: string,
  verifierKeys: Iterable<string | VerifierKey>,
): Promise<{ readonly text: string; readonly signedBy: readonly SignedBy[] }> {
  const note = parseNote(text)
  const known = keyring(verifierKeys)
  assertOnce(note.signatures.filter((signature) => known.has(ringName(signature))))
  const signedBy: SignedBy[] = []
  for (const signature of note.signatures) {
    const key = known.get(ringName(signature))
    if (key !== undefined) signedBy.push(await verifySignature(note.text, signature, key))
  }
  if (signedBy.length > 0) return { text: note.text, signedBy }
  throw new EvidenceError('signature-missing', 'the note is signed by no known key')
}

/** The note: the text, which ends in a newline, and one signature by each signer. */
export async function signNote(text: string, signers: Signer | readonly Signer[]): Promise<string> {
  assertNoteText(text)
  if (!text.endsWith('\n')) throw malformedNote('its text does not end in a newline')
  const lines: string[] = []
  for (const signer of [signers].flat()) {
    if (signer.type !== ed25519Type) {
      throw new EvidenceError('key-unsupported', 'a cosigner signs checkpoints only, with a time')
    }
    lines.push(signatureLine(signer, await signBytes(signer, utf8Bytes(text))))
  }
  const note = `${text}\n${lines.join('')}`
  assertOnce(parseNote(note).signatures)
  return note
}

/** `— <name> <base64 of id ‖ signature>`, with its newline. */
export function signatureLine(
  { name, id }: Pick<VerifierKey, 'id' | 'name'>,
  signature: Uint8Array,
): string {
  const prefix = new Uint8Array(idBytes)
  new DataView(prefix.buffer).setUint32(0, id)
  return `${linePrefix}${name} ${toBase64(concatBytes(prefix, signature))}\n`
}

/** Verifiers must accept 16; Go's `sumdb/note` stops at 100 as well. */
const signaturesMax = 100
const idBytes = 4
const linePrefix = '\u2014 '

/** Well-formed, and no control characters below U+0020 but newline. */
export function assertNoteText(text: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (text.isWellFormed() && !/[\u0000-\u0009\u000b-\u001f]/.test(text)) return
  throw malformedNote('it has characters that a note may not have')
}

function parseSignature(line: string, at: number): NoteSignature {
  const [name = '', base64 = '', ...more] = line.slice(linePrefix.length).split(' ')
  const bytes = fromBase64(base64)
  const sound = line.startsWith(linePrefix) && more.length === 0 && isKeyName(name)
  if (!sound || bytes === undefined || bytes.length <= idBytes) {
    throw malformedNote(`its signature line ${at + 1} is malformed`)
  }
  return {
    name,
    id: new DataView(bytes.buffer).getUint32(0),
    signature: bytes.subarray(idBytes),
  }
}

/** Of what one key says twice, nobody could tell which it means: two cosignatures have two times. */
function assertOnce(signatures: readonly NoteSignature[]): void {
  const keys = new Set(signatures.map(ringName))
  if (keys.size < signatures.length) throw malformedNote('one key signs it twice')
}

function keyring(keys: Iterable<string | VerifierKey>): ReadonlyMap<string, VerifierKey> {
  const ring = new Map<string, VerifierKey>()
  for (const one of keys) {
    const key = typeof one === 'string' ? parseVerifierKey(one) : one
    const name = ringName(key)
    const other = ring.get(name)
    // Ids are short: two keys that share name and id could each vouch for the other's signature.
    if (other !== undefined && formatVerifierKey(other) !== formatVerifierKey(key)) {
      throw new EvidenceError('key-malformed', 'two keys share one name and id')
    }
    ring.set(name, key)
  }
  return ring
}

function ringName({ name, id }: Pick<VerifierKey, 'id' | 'name'>): string {
  return `${name}+${id}`
}

async function verifySignature(
  body: string,
  { signature }: NoteSignature,
  key: VerifierKey,
): Promise<SignedBy> {
  if (key.type === ed25519Type) {
    if (await verifyBytes(key, utf8Bytes(body), signature)) return key
    throw invalid(key)
  }
  const cosignature = readCosignature(signature)
  if (cosignature === undefined) throw invalid(key)
  const message = cosignatureMessage(body, cosignature.time)
  if (!(await verifyBytes(key, message, cosignature.signature))) throw invalid(key)
  return { ...key, time: cosignature.time }
}

function invalid({ name }: VerifierKey): EvidenceError {
  return new EvidenceError('signature-invalid', `the signature by ${name} is not of this text`)
}

function malformedNote(why: string): EvidenceError {
  return new EvidenceError('note-malformed', `the note is malformed: ${why}`)
}
