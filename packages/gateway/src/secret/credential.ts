import { Refusal } from '../call/refusal.ts'
import type { Credential, CredentialUse, SecretReference } from '../model/secret.ts'

/** A shorter secret could be guessed, and hiding its echoes would tear holes into every answer. */
const secretCharsMin = 8

/**
 * The credential an upstream wants, with every form in which it could come back. Refuses
 * `credential-unavailable` when the secret is missing or cannot be sent; the cause, for the operator,
 * names the reference and never the value. Of an OAuth client, `resolve` gives the token.
 */
export async function credentialFor(
  use: CredentialUse,
  resolve: (reference: SecretReference) => Promise<string>,
): Promise<Credential> {
  if (use.kind === 'none') return { kind: 'none', echoes: [] }
  try {
    return credentialFrom(use, await resolve(use.secret))
  } catch (cause) {
    throw new Refusal('credential-unavailable', { cause })
  }
}

function credentialFrom(use: Exclude<CredentialUse, { kind: 'none' }>, secret: string): Credential {
  checkLength(secret, use.secret)
  const echoes = echoesOf([secret])
  if (use.kind === 'query') return { kind: 'query', name: use.name, value: secret, echoes }
  if (use.kind === 'basic') return basicCredential(use, secret)
  // A line break would end the header and begin one of the secret's own; other control and
  // non-ASCII characters are read differently by different servers, and spaces at the ends are cut.
  if (!/^[\x20-\x7e]+$/.test(secret) || secret.trim() !== secret) {
    throw new Error(`The secret ${nameOf(use.secret)} has characters that no header can carry.`)
  }
  return use.kind === 'bearer' || use.kind === 'oauth'
    ? { kind: 'header', name: 'authorization', value: `Bearer ${secret}`, echoes }
    : { kind: 'header', name: use.name.toLowerCase(), value: secret, echoes }
}

/** RFC 7617 section 2: a user name has no colon, and neither part has control characters. */
function basicCredential(
  use: Extract<CredentialUse, { kind: 'basic' }>,
  secret: string,
): Credential {
  if (/[:\p{Cc}]/u.test(use.username) || /\p{Cc}/u.test(secret)) {
    throw new Error(`The secret ${nameOf(use.secret)} and its user name cannot be sent as Basic.`)
  }
  const pair = `${use.username}:${secret}`
  const value = `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`
  return { kind: 'header', name: 'authorization', value, echoes: echoesOf([secret, pair]) }
}

/** Throws for a secret that is too short to hide; the message names it and never says it. */
export function checkLength(secret: string, reference: SecretReference): void {
  if (secret.length >= secretCharsMin) return
  throw new Error(`The secret ${nameOf(reference)} has under ${secretCharsMin} characters.`)
}

function nameOf(reference: SecretReference): string {
  return 'env' in reference
    ? `in environment variable ${reference.env}`
    : `in file ${reference.file}`
}

/**
 * What an upstream might print: each text as it is, base64 (both alphabets, padded or not), hex,
 * percent-encoded (RFC 3986 and looser), as a form value, and inside JSON. Whatever contains one of these, such as the
 * whole header, is found by it. Longest first, so that the longest is hidden.
 */
export function echoesOf(texts: readonly string[]): readonly Uint8Array[] {
  const forms = texts.flatMap((text) => {
    const bytes = Buffer.from(text, 'utf8')
    const base64 = bytes.toString('base64')
    const percent = encodeURIComponent(text)
    const strict = percent.replace(/[!'()*]/g, hexEscape)
    return [
      text,
      base64,
      base64.replace(/=+$/, ''),
      bytes.toString('base64url'),
      bytes.toString('hex'),
      percent,
      percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
      strict,
      new URLSearchParams([['', text]]).toString().slice(1),
      JSON.stringify(text).slice(1, -1),
      JSON.stringify(text).slice(1, -1).replaceAll('/', '\\/'),
    ]
  })
  return [...new Set(forms)]
    .map((form) => new Uint8Array(Buffer.from(form, 'utf8')))
    .sort((a, b) => b.length - a.length)
}

function hexEscape(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}
