import { utf8Text } from '../encoding.ts'
import type { Scope } from './verdict.ts'

/**
 * `bundle.json`: what is meant to be in an export. Nobody signs it, so it proves nothing; it can only
 * make the verifier expect more, or say itself that it shows less.
 */
export type Manifest = {
  readonly scope: Scope
  readonly origin: string
  readonly size: number
  /** First index shown, and the first one after the last. */
  readonly from: number
  readonly to: number
  readonly session?: string
  /** Whether payloads are disclosed. */
  readonly payloads: boolean
  /** When it was made, for people. */
  readonly made: string
}

/** Undefined for anything but exactly these members. */
export function parseManifest(bytes: Uint8Array): Manifest | undefined {
  const value = parseJson(utf8Text(bytes) ?? '')
  if (!isObject(value) || !Object.keys(value).every((key) => members.has(key))) return undefined
  const { v, scope, origin, size, from, to, session, payloads, made } = value
  if (v !== 'bundle/1' || !isScope(scope) || typeof payloads !== 'boolean') return undefined
  if (typeof origin !== 'string' || typeof made !== 'string') return undefined
  if (!isCount(size) || !isCount(from) || !isCount(to) || from > to || to > size) return undefined
  if (session !== undefined && typeof session !== 'string') return undefined
  if ((scope === 'session') !== (session !== undefined)) return undefined
  return {
    scope,
    origin,
    size,
    from,
    to,
    payloads,
    made,
    ...(session !== undefined && { session }),
  }
}

const members = new Set([
  'v',
  'scope',
  'origin',
  'size',
  'from',
  'to',
  'session',
  'payloads',
  'made',
])

function isScope(value: unknown): value is Scope {
  return value === 'whole' || value === 'range' || value === 'session'
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
