import { concatBytes, fromBase64, toBase64, toHex32, utf8Bytes } from './encoding.ts'
import { EvidenceError } from './error.ts'
import { sha256 } from './hash.ts'

/** Signature types of c2sp.org/signed-note: Ed25519 over the text, and `cosignature/v1`. */
export const ed25519Type = 0x01
export const cosignatureType = 0x04
export type KeyType = typeof ed25519Type | typeof cosignatureType

export type VerifierKey = {
  readonly name: string
  /** uint32: with the name it says which key signed. */
  readonly id: number
  readonly type: KeyType
  /** 32 bytes (RFC 8032 section 5.1.5). */
  readonly publicKey: Uint8Array
}

/** WebCrypto's handle of a key, by the one name that every runtime's types have for it. */
type KeyHandle = Awaited<ReturnType<typeof crypto.subtle.importKey>>

/** The private half stays in WebCrypto's hands, so that showing a signer shows no secret. */
export type Signer = VerifierKey & { readonly privateKey: KeyHandle }

/** `<name>+<id>+<base64 of type ‖ public key>` (c2sp.org/signed-note, verifier keys). */
export function parseVerifierKey(text: string): VerifierKey {
  const { name, id, type, key } = parseParts(text)
  const parsed = verifierKey(name, type, key)
  if (parsed.id !== id) throw malformedKey('its id is not that of its name and bytes')
  return parsed
}

/** The id follows from the rest: `id` is not looked at. */
export function formatVerifierKey(key: Omit<VerifierKey, 'id'>): string {
  const { name, id, type, publicKey } = verifierKey(key.name, key.type, key.publicKey)
  return `${name}+${toHex32(id)}+${toBase64(concatBytes(Uint8Array.of(type), publicKey))}`
}

/** A new Ed25519 key. `type` is for whom: logs sign as 0x01, witnesses cosign as 0x04. */
export async function newSigner(name: string, type: KeyType = ed25519Type): Promise<Signer> {
  const pair = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  if (!('privateKey' in pair)) throw malformedKey('it was made without a public half')
  return toSigner(name, type, pair.privateKey)
}

/** `PRIVATE+KEY+<name>+<id>+<base64 of type ‖ seed>`, the form of Go's `sumdb/note`. */
export async function parseSigner(text: string): Promise<Signer> {
  if (!text.startsWith(privatePrefix)) throw malformedKey('it is not a private key')
  const { name, id, type, key } = parseParts(text.slice(privatePrefix.length))
  const pkcs8 = pinned(concatBytes(pkcs8Prefix, key))
  const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign'])
  const signer = await toSigner(name, type, privateKey)
  if (signer.id !== id) throw malformedKey('its id is not that of its name and public key')
  return signer
}

/** The private key as text: a secret, to be kept in a file of mode 0600. */
export async function formatSigner({ name, id, type, privateKey }: Signer): Promise<string> {
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', privateKey))
  const seed = pkcs8.subarray(pkcs8Prefix.length, pkcs8Prefix.length + keyBytes)
  const key = toBase64(concatBytes(Uint8Array.of(type), seed))
  return `${privatePrefix}${name}+${toHex32(id)}+${key}`
}

/** Ed25519 (RFC 8032) over the message, whatever the key's type makes of it. */
export async function signBytes(signer: Signer, message: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.sign(algorithm, signer.privateKey, pinned(message)))
}

export async function verifyBytes(
  key: VerifierKey,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (signature.length !== signatureBytes) return false
  try {
    const imported = await imports(key)
    return await crypto.subtle.verify(algorithm, imported, pinned(signature), pinned(message))
  } catch {
    // Some engines throw for bytes that are no point of the curve: such a key verifies nothing.
    return false
  }
}

/** Not empty, no Unicode white space, no plus, nothing that a note may not hold. */
export function isKeyName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return name !== '' && name.isWellFormed() && !/[\p{White_Space}+\u0000-\u001f]/u.test(name)
}

const algorithm = 'Ed25519'
const keyBytes = 32
const signatureBytes = 64
const privatePrefix = 'PRIVATE+KEY+'

/** RFC 8410 section 7: the fixed beginning of a PKCS #8 Ed25519 key, before the 32 bytes of seed. */
const pkcs8Prefix = Uint8Array.of(
  ...[
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
  ],
)

type KeyParts = {
  readonly name: string
  readonly id: number
  readonly type: KeyType
  readonly key: Uint8Array
}

function parseParts(text: string): KeyParts {
  const [name = '', id = '', base64 = ''] = splitAtPlus(text)
  const bytes = fromBase64(base64)
  const type = bytes?.[0]
  if (!isKeyName(name) || !/^[0-9a-f]{8}$/.test(id) || bytes === undefined || type === undefined) {
    throw malformedKey('it does not have the form name+id+key')
  }
  if (type !== ed25519Type && type !== cosignatureType) {
    throw new EvidenceError('key-unsupported', 'a key has a signature type that is not used here')
  }
  return { name, id: Number.parseInt(id, 16), type, key: keyOf(bytes.subarray(1)) }
}

/** The base64 part may hold pluses itself. */
function splitAtPlus(text: string): string[] {
  const [name = '', id = '', ...key] = text.split('+')
  return [name, id, key.join('+')]
}

function verifierKey(name: string, type: KeyType, publicKey: Uint8Array): VerifierKey {
  if (!isKeyName(name)) throw malformedKey('its name is empty or has spaces or pluses')
  const key = keyOf(publicKey)
  const digest = sha256(concatBytes(utf8Bytes(`${name}\n`), Uint8Array.of(type), key))
  return {
    name,
    id: new DataView(digest.buffer, digest.byteOffset).getUint32(0),
    type,
    publicKey: key,
  }
}

function keyOf(bytes: Uint8Array): Uint8Array {
  if (bytes.length === keyBytes) return bytes
  throw malformedKey('it is not 32 bytes')
}

async function toSigner(name: string, type: KeyType, privateKey: KeyHandle): Promise<Signer> {
  const { x = '' } = await crypto.subtle.exportKey('jwk', privateKey)
  const publicKey = fromBase64(`${x.replaceAll('-', '+').replaceAll('_', '/')}=`)
  return { ...verifierKey(name, type, publicKey ?? new Uint8Array(0)), privateKey }
}

/** A log has thousands of checkpoints under one key. */
const imported = new WeakMap<VerifierKey, Promise<KeyHandle>>()

function imports(key: VerifierKey): Promise<KeyHandle> {
  const known = imported.get(key)
  if (known !== undefined) return known
  const bytes = pinned(key.publicKey)
  const fresh = crypto.subtle.importKey('raw', bytes, algorithm, false, ['verify'])
  imported.set(key, fresh)
  return fresh
}

/** WebCrypto takes no views of shared memory; a copy is never one. */
function pinned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}

function malformedKey(why: string): EvidenceError {
  return new EvidenceError('key-malformed', `a key is malformed: ${why}`)
}
