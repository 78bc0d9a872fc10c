import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { limits } from '../../../config/limits.ts'
import type { Principal } from '../../../model/principal.ts'

/**
 * What a caller brings back with its retry (`requestState`, MCP 2026-07-28, basic/patterns/mrtr): we remember
 * nothing of it, so any instance can go on from it, also after a restart.
 */
export type RequestState = {
  /** The question that the call waits for, and how often its caller was told to come back. */
  readonly approval?: { readonly id: string; readonly rounds: number }
  /** What the caller was asked on behalf of the upstream, and the upstream's own state of that. */
  readonly asked?: { readonly inputs: readonly string[]; readonly upstreamState?: string }
  /** Answers of an earlier round that the upstream has not been given yet: JSON text. */
  readonly answers?: string
  /** The exchange with the upstream that this instance keeps open until the caller is back. */
  readonly exchange?: string
}

/** The one request that a state belongs to. Presented with any other it does not open. */
export type StateBound = {
  readonly principal: Pick<Principal, 'subject' | 'actors'>
  /** The connection that was addressed; empty for all of them. */
  readonly endpoint: string
  readonly method: string
  /** The tool, the prompt or the resource, as the caller named it. */
  readonly name: string
  /** Exact bytes of the arguments. */
  readonly args: Uint8Array
}

export type RequestStates = {
  /** Undefined where it would be longer than a caller could send. */
  readonly seal: (state: RequestState, bound: StateBound) => string | undefined
  /** Undefined for what was not sealed for exactly this, was changed, or is too old. */
  readonly open: (text: string, bound: StateBound) => RequestState | undefined
}

/**
 * Seals states with AES-256-GCM. Key and nonce of each come of a salt of its own by HKDF (RFC 5869), so no two share
 * one, and every gateway with this key file opens what another has sealed. That a state is used once is not settled
 * here but by what it stands for: a clearance is claimed by one compare-and-set.
 */
export function openRequestStates({
  key,
  now,
}: {
  readonly key: Uint8Array
  readonly now: () => number
}): RequestStates {
  const secretOf = (salt: Uint8Array) => {
    const secret = Buffer.from(hkdfSync('sha256', key, salt, purpose, keyBytes + nonceBytes))
    return { key: secret.subarray(0, keyBytes), nonce: secret.subarray(keyBytes) }
  }
  return {
    seal: (state, bound) => {
      const salt = randomBytes(saltBytes)
      const { key, nonce } = secretOf(salt)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(boundBytes(bound))
      const until = now() + limits.mcpStateMs
      const clear = JSON.stringify({ until, state } satisfies Sealed)
      const box = Buffer.concat([salt, cipher.update(clear, 'utf8'), cipher.final()])
      const text = Buffer.concat([box, cipher.getAuthTag()]).toString('base64url')
      return text.length > limits.mcpStateChars ? undefined : text
    },
    open: (text, bound) => {
      if (text.length > limits.mcpStateChars || !/^[\w-]+$/.test(text)) return undefined
      const bytes = Buffer.from(text, 'base64url')
      if (bytes.length < saltBytes + tagBytes) return undefined
      const { key, nonce } = secretOf(bytes.subarray(0, saltBytes))
      const tagAt = bytes.length - tagBytes
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
      decipher.setAAD(boundBytes(bound)).setAuthTag(bytes.subarray(tagAt))
      try {
        const clear = Buffer.concat([
          decipher.update(bytes.subarray(saltBytes, tagAt)),
          decipher.final(),
        ])
        // Only what `seal` has written gets here.
        const { until, state }: Sealed = JSON.parse(clear.toString('utf8'))
        return until > now() ? state : undefined
      } catch {
        return undefined
      }
    },
  }
}

type Sealed = { readonly until: number; readonly state: RequestState }

const purpose = 'sallyport mcp request state 1'
const [keyBytes, nonceBytes, saltBytes, tagBytes] = [32, 12, 16, 16]

/** Each part is preceded by its length, so no two requests are bound by the same bytes. */
function boundBytes({ principal, endpoint, method, name, args }: StateBound): Uint8Array {
  const parties = [principal.subject, ...principal.actors].flatMap(({ kind, id }) => [kind, id])
  const hash = createHash('sha256')
  for (const part of [endpoint, method, name, args, String(parties.length), ...parties]) {
    const bytes = typeof part === 'string' ? Buffer.from(part, 'utf8') : part
    hash.update(`${bytes.length}\n`).update(bytes)
  }
  return hash.digest()
}
