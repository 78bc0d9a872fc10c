import { type Canonical, canonicalText } from './canonical.ts'
import {
  type LeafRecord,
  leafBytesMax,
  outageReasons,
  payloadRoles,
  type RecordType,
  recordVersion,
} from './record.ts'

/**
 * Reads a leaf. Strict: the bytes have to be canonical JSON (so no key twice, and one reading only)
 * of a known type with exactly the members of that type. Throws `TypeError` naming the member.
 */
export function parseLeaf(bytes: Uint8Array): LeafRecord {
  if (bytes.length > leafBytesMax) throw new TypeError('the leaf is too long')
  const text = decoder.decode(bytes)
  const value: unknown = parseJson(text)
  if (!isLeaf(value)) throw new TypeError('not a leaf of a known type')
  if (!isCanonical(value, text)) throw new TypeError('the leaf is not in canonical form')
  return value
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Of a value whose shape was checked, members are in order and numbers are integers, so writing it again
 * is RFC 8785 already, ten times as fast: but for lone surrogates, which only an escape can bring.
 */
function isCanonical(value: Canonical, text: string): boolean {
  return JSON.stringify(value) === text && (!text.includes('\\ud') || canonicalText(value) === text)
}

/** Every type of leaf with the names of its members, for whoever describes the format. */
export function leafMembers(): readonly {
  readonly type: string
  readonly required: readonly string[]
  readonly optional: readonly string[]
}[] {
  return Object.entries(shapes).map(([type, { required, optional }]) => ({
    type,
    required: Object.keys(required),
    optional: Object.keys(optional),
  }))
}

type Shape = (value: unknown, at: string) => void
type Members = Readonly<Record<string, Shape>>

const text: Shape = (value, at) => {
  if (typeof value !== 'string') throw new TypeError(`${at} is not a string`)
}
const integer: Shape = (value, at) => {
  if (!Number.isSafeInteger(value)) throw new TypeError(`${at} is not an integer`)
}
const list =
  (entry: Shape): Shape =>
  (value, at) => {
    if (!Array.isArray(value)) throw new TypeError(`${at} is not a list`)
    for (const member of value) entry(member, at)
  }
const object =
  (required: Members, optional: Members = {}): Shape =>
  (value, at) => {
    if (!isObject(value)) throw new TypeError(`${at} is not an object`)
    for (const key of Object.keys(required)) {
      if (!Object.hasOwn(value, key)) throw new TypeError(`${at} has no ${key}`)
    }
    let previous = ''
    for (const key of Object.keys(value)) {
      const known = Object.hasOwn(required, key) ? required : optional
      const shape = Object.hasOwn(known, key) ? known[key] : undefined
      if (!shape) throw new TypeError(`${at} has an unknown member`)
      if (key < previous) throw new TypeError('the leaf is not in canonical form')
      previous = key
      shape(value[key], key)
    }
  }
const oneOf =
  (...words: readonly string[]): Shape =>
  (value, at) => {
    if (!words.some((word) => word === value)) throw new TypeError(`${at} is not a known word`)
  }

const flag: Shape = (value, at) => {
  if (typeof value !== 'boolean') throw new TypeError(`${at} is not a boolean`)
}
const texts = list(text)
const role = oneOf(...payloadRoles)
const party = object({ iss: text, sub: text })
const masked = list(object({ how: text, n: integer, path: text, rule: text }))
const commitment = object({ alg: oneOf('HMAC-SHA-256'), c: text, len: integer, mt: text })
const always: Members = {
  emitter: object({ boot: text, instance: text, prev: text, seq: integer }),
  time: text,
  type: text,
  v: oneOf(recordVersion),
}
const callFacts: Members = {
  args: commitment,
  caller: object({ authn: text, cred: text, iss: text, sub: text }),
  decision: object(
    { effect: oneOf('allow', 'deny', 'hold'), obligations: texts, policy: text, rules: texts },
    { time: text },
  ),
  fn: object({ name: text, schema: text, server: text }),
  obo: list(party),
  session: text,
  source: object({ ip: text, protocol: text }),
  trace: text,
}
const afterIntent: Members = { call: text, session: text, intent: integer }
const results: Members = { result: commitment, returned: commitment }

type LeafShape = { readonly required: Members; readonly optional: Members; readonly check: Shape }

function leaf(own: Members, ownOptional: Members = {}): LeafShape {
  const required = { ...always, ...own }
  const optional = { ...ownOptional, truncated: integer }
  return { required, optional, check: object(required, optional) }
}

const shapes: Readonly<Record<RecordType, LeafShape>> = {
  'call.authorized': leaf(
    { call: text, masked, approvals: list(object({ by: text, id: text })) },
    { ...callFacts, forwarded: commitment },
  ),
  'call.denied': leaf({ call: text, code: text, stage: text }, { ...callFacts, approval: text }),
  'call.outcome': leaf({ ...afterIntent, ending: text, status: integer, masked }, results),
  'call.chunk': leaf(afterIntent, results),
  'reconcile.indeterminate': leaf({ ...afterIntent, reason: text }),
  'approval.requested': leaf(
    {
      approval: text,
      call: text,
      session: text,
      fn: text,
      groups: texts,
      digest: text,
      rules: texts,
      decideBy: text,
    },
    { args: commitment, forwarded: commitment },
  ),
  'approval.decided': leaf(
    { approval: text, by: text, group: text, verdict: text, state: text, digest: text },
    { claimBy: text },
  ),
  'approval.closed': leaf({ approval: text, state: text }),
  'approval.claimed': leaf({ approval: text, call: text, digest: text }),
  'rulebook.activated': leaf({ digest: text, previous: text, by: text }),
  'key.issued': leaf({ key: text, name: text, scope: texts, expires: text, by: text }),
  'key.revoked': leaf({ key: text, by: text }),
  'admin.signed-in': leaf({ by: text, method: text }),
  'principal.locked': leaf({ principal: text, reason: text, by: text }),
  'principal.unlocked': leaf({ principal: text, by: text }),
  'payload.read': leaf({ record: integer, role: text, by: text }),
  'session.opened': leaf({
    session: text,
    parties: list(
      object({
        groups: texts,
        iss: text,
        kind: oneOf('user', 'agent', 'workload', 'service'),
        sub: text,
      }),
    ),
  }),
  'erasure.requested': leaf({
    erasure: text,
    record: integer,
    roles: list(role),
    reason: text,
    by: text,
  }),
  'payload.erased': leaf({
    erasure: text,
    record: integer,
    roles: list(role),
    requestedBy: text,
    by: text,
  }),
  'payload.expired': leaf({ class: text, period: integer, records: list(integer) }),
  'evidence.exported': leaf(
    { by: text, scope: text, from: integer, to: integer, payloads: flag },
    { session: text },
  ),
  'log.genesis': leaf({ origin: text, key: text }),
  'key.rotated': leaf({ key: text, previous: text, by: text }),
  heartbeat: leaf({ elapsed: integer, interval: integer }),
  'emitter.start': leaf(
    { version: text },
    { after: object({ boot: text, hash: text, seq: integer }) },
  ),
  'emitter.stop': leaf({}),
  'outage.ended': leaf({ from: text, reason: oneOf(...outageReasons) }),
  'log.recovered': leaf({ kept: integer, size: integer }),
}

function isLeaf(value: unknown): value is LeafRecord & { readonly [key: string]: Canonical } {
  if (!isObject(value) || typeof value.type !== 'string') return false
  if (!isKnown(value.type)) return false
  shapes[value.type].check(value, value.type)
  return true
}

function isKnown(type: string): type is RecordType {
  return Object.hasOwn(shapes, type)
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The engine's message quotes the text.
    throw new TypeError('the leaf is not JSON')
  }
}
