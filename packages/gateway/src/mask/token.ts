import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  timingSafeEqual,
} from 'node:crypto'

/**
 * A token for a value: `tok_1_` and base64url of a synthetic IV and the encrypted type and value. Equal values of
 * one type have equal tokens, and nobody without the key learns more than that. The construction is SIV
 * (RFC 5297) with HMAC-SHA-256 as its PRF and AES-256-CTR: there is no nonce that could repeat.
 */
export function tokenOf(type: string, value: string, key: Uint8Array): string {
  const { ivKey, textKey } = keysOf(key)
  const text = Buffer.from(`${type}\0${value}`)
  const iv = syntheticIv(text, ivKey)
  const cipher = createCipheriv('aes-256-ctr', textKey, iv)
  const body = Buffer.concat([iv, cipher.update(text), cipher.final()])
  return `${prefix}${body.toString('base64url')}`
}

/** What a token of this key stands for; undefined for anything else. */
export function tokenised(
  token: string,
  key: Uint8Array,
): { readonly type: string; readonly value: string } | undefined {
  if (!token.startsWith(prefix) || token.length > tokenCharsMax) return undefined
  const body = Buffer.from(token.slice(prefix.length), 'base64url')
  // Two spellings of one token would be two answers to "is this the same".
  if (body.length <= ivBytes || `${prefix}${body.toString('base64url')}` !== token) return undefined
  const { ivKey, textKey } = keysOf(key)
  const iv = body.subarray(0, ivBytes)
  const decipher = createDecipheriv('aes-256-ctr', textKey, iv)
  const text = Buffer.concat([decipher.update(body.subarray(ivBytes)), decipher.final()])
  if (!timingSafeEqual(syntheticIv(text, ivKey), iv)) return undefined
  const [type = '', ...value] = text.toString().split('\0')
  return { type, value: value.join('\0') }
}

const prefix = 'tok_1_'
const ivBytes = 16
/** A value that is found has far fewer; a longer text is no token of ours. */
const tokenCharsMax = 16_384

function syntheticIv(text: Uint8Array, ivKey: Uint8Array): Buffer {
  return createHmac('sha256', ivKey).update(text).digest().subarray(0, ivBytes)
}

type Keys = { readonly ivKey: Uint8Array; readonly textKey: Uint8Array }

function keysOf(key: Uint8Array): Keys {
  const known = derived.get(key)
  if (known) return known
  const derive = (label: string) => new Uint8Array(hkdfSync('sha256', key, '', label, 32))
  const keys = { ivKey: derive('sallyport token iv'), textKey: derive('sallyport token text') }
  derived.set(key, keys)
  return keys
}

/** Derived once for each key: it costs as much as a hundred tokens. */
const derived = new WeakMap<Uint8Array, Keys>()
