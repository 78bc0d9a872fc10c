import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { limits } from '../../../config/limits.ts'
import { type McpRevision, mcpRevisions } from '../../../model/connection.ts'
import { isJsonObject, type JsonObject } from '../../../model/json.ts'
import type { Principal } from '../../../model/principal.ts'

/** One conversation of a caller that began with `initialize` (2025-11-25, basic/transports, session management). */
export type CallerSession = {
  /** Unique; not what the caller presents. */
  readonly id: string
  readonly revision: McpRevision
  /** As it declared them; what is not of the core is left out where it would be too long. */
  readonly capabilities: JsonObject
}

/** Whose session it is: nobody else's proof opens it, and no other endpoint. */
export type SessionBound = {
  readonly principal: Pick<Principal, 'subject' | 'actors'>
  /** The connection that was addressed; empty for all of them. */
  readonly endpoint: string
}

export type CallerSessions = {
  /** What the caller presents from now on (`Mcp-Session-Id`). */
  readonly begin: (
    session: Omit<CallerSession, 'id'>,
    bound: SessionBound,
  ) => { readonly text: string; readonly session: CallerSession }
  /** Undefined for what was not issued to exactly this caller, was changed, is too old or was ended. */
  readonly open: (text: string, bound: SessionBound) => CallerSession | undefined
  readonly end: (session: CallerSession) => void
  readonly setLogLevel: (session: CallerSession, level: string) => void
  readonly logLevel: (session: CallerSession) => string | undefined
}

/**
 * A session is kept by its caller: sealed with AES-256-GCM, so that it works on every gateway with this key file, and
 * after a restart. What is remembered here is only a convenience: that one was ended, and its log level.
 */
export function openCallerSessions({
  key,
  now,
}: {
  readonly key: Uint8Array
  readonly now: () => number
}): CallerSessions {
  const secret = Buffer.from(hkdfSync('sha256', key, '', purpose, 32))
  /** Unsealing costs more than the rest of a look; for whom it was done is compared each time. */
  const opened = new Map<string, { readonly bound: string; readonly sealed: Sealed }>()
  const ended = new Map<string, true>()
  const levels = new Map<string, string>()
  return {
    begin: ({ revision, capabilities }, bound) => {
      const session = {
        id: randomBytes(18).toString('base64url'),
        revision,
        capabilities: shortened(capabilities),
      }
      const sealed: Sealed = { ...session, until: now() + limits.mcpCallerSessionMs }
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(
        Buffer.from(boundText(bound)),
      )
      const box = [nonce, cipher.update(JSON.stringify(sealed), 'utf8'), cipher.final()]
      const text = Buffer.concat([...box, cipher.getAuthTag()]).toString('base64url')
      return { text, session }
    },
    open: (text, bound) => {
      const own = boundText(bound)
      const before = opened.get(text)
      const sealed = before?.bound === own ? before.sealed : unsealed(text, { secret, bound: own })
      if (!sealed || sealed.until <= now() || ended.has(sealed.id)) return undefined
      if (!before) remember(opened, text, { bound: own, sealed })
      const { until: _, ...session } = sealed
      return session
    },
    end: ({ id }) => remember(ended, id, true),
    setLogLevel: ({ id }, level) => remember(levels, id, level),
    logLevel: ({ id }) => levels.get(id),
  }
}

type Sealed = CallerSession & { readonly until: number }

function unsealed(
  text: string,
  { secret, bound }: { readonly secret: Buffer; readonly bound: string },
): Sealed | undefined {
  if (text.length > charsMax || !/^[\w-]+$/.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length < nonceBytes + tagBytes) return undefined
  const nonce = bytes.subarray(0, nonceBytes)
  const tagAt = bytes.length - tagBytes
  const decipher = createDecipheriv('aes-256-gcm', secret, nonce, { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(bound)).setAuthTag(bytes.subarray(tagAt))
  try {
    const clear = [decipher.update(bytes.subarray(nonceBytes, tagAt)), decipher.final()]
    // Only what `begin` has written gets here.
    const sealed: Sealed = JSON.parse(Buffer.concat(clear).toString('utf8'))
    return mcpRevisions.includes(sealed.revision) ? sealed : undefined
  } catch {
    return undefined
  }
}

const purpose = 'sallyport mcp session 1'
const [nonceBytes, tagBytes] = [12, 16]
/** Of a header; what is sealed is shorter. */
const charsMax = 8_192

function boundText({ principal, endpoint }: SessionBound): string {
  const parties = [principal.subject, ...principal.actors].map(({ kind, id }) => [kind, id])
  return JSON.stringify([endpoint, parties])
}

/** The core's capabilities always; extensions while there is room. */
function shortened(capabilities: JsonObject): JsonObject {
  if (JSON.stringify(capabilities).length <= limits.mcpCapabilitiesChars) return capabilities
  const core = Object.entries(capabilities).flatMap(([name, value]) =>
    ['roots', 'sampling', 'elicitation', 'tasks'].includes(name) ? [[name, value]] : [],
  )
  const kept: JsonObject = Object.fromEntries(core)
  if (JSON.stringify(kept).length <= limits.mcpCapabilitiesChars) return kept
  return Object.fromEntries(core.filter(([, one]) => isJsonObject(one)).map(([name]) => [name, {}]))
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > limits.mcpSessionsRemembered && oldest !== undefined) map.delete(oldest)
}
