import { type Canonical, canonicalText } from './canonical.ts'
import {
  type LeafRecord,
  leafBytesMax,
  outageReasons,
  type PayloadRole,
  payloadRoles,
  type RecordType,
  recordVersion,
} from './record.ts'
import { refusalWords, words } from './record-words.ts'
import { type LeafShape, reviewShapes } from './review-shapes.ts'
import {
  flag,
  integer,
  isObject,
  list,
  type Members,
  moment,
  object,
  oneOf,
  type Reading,
  text,
} from './shape.ts'

/**
 * Reads a leaf. Strict: the bytes have to be canonical JSON (so no key twice, and one reading only)
 * of a known type with exactly the members of that type. Throws `TypeError` naming the member.
 */
export function parseLeaf(bytes: Uint8Array): LeafRecord {
  if (bytes.length > leafBytesMax) throw new TypeError('the leaf is too long')
  const text = decoder.decode(bytes)
  return readPlainLeaf(bytes, text) ?? readAnyLeaf(text)
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Nearly every leaf is plain: ASCII without escapes. Its shape and its canonical form are told by the way it
 * is read, once and forwards. Undefined for what is not, or is no leaf: that is looked at slowly.
 */
export function readPlainLeaf(bytes: Uint8Array, text: string): LeafRecord | undefined {
  // A guess, which another string of the leaf may mislead: whoever reads it finds out.
  const start = text.lastIndexOf(typeHead) + typeHead.length
  const type = text.slice(start, text.indexOf('"', start))
  const reading: Reading = { bytes, text, at: 0 }
  const value = wholes.get(type)?.read(reading)
  return reading.at === bytes.length && isOfType(value, type) ? value : undefined
}

const typeHead = '"type":"'

/** By way of `JSON.parse`: slower, and able to say what is wrong. */
export function readAnyLeaf(text: string): LeafRecord {
  const value: unknown = parseJson(text)
  if (!isLeaf(value)) throw new TypeError('not a leaf of a known type')
  if (!isCanonical(value, text)) throw new TypeError('the leaf is not in canonical form')
  return value
}

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

const texts = list(text)
const role = oneOf(...payloadRoles)
const party = object({ iss: text, sub: text })
const masked = list(
  object(
    { how: text, n: integer, path: text, rule: text },
    {
      ...{ band: oneOf('low', 'medium', 'high'), detector: text, entity: text },
      ...{ validator: text, version: text },
    },
  ),
)
const commitment = object({ alg: oneOf('HMAC-SHA-256'), c: text, len: integer, mt: text })
const always: Members = {
  emitter: object({ boot: text, instance: text, prev: text, seq: integer }),
  time: text,
  type: text,
  v: oneOf(recordVersion),
}
const callFacts: Members = {
  args: commitment,
  caller: object({ authn: oneOf(...words.authn), cred: text, iss: text, sub: text }),
  decision: object(
    { effect: oneOf('allow', 'deny', 'hold'), obligations: texts, policy: text, rules: texts },
    { time: text },
  ),
  duties: texts,
  fn: object({ name: text, schema: text, server: text }),
  grants: list(object({ freshness: oneOf(...words.freshness), grant: text, party: text })),
  labels: texts,
  obo: list(party),
  session: text,
  source: object({ ip: text, protocol: text }),
  trace: text,
  wants: oneOf(...words.wants),
}
const afterIntent: Members = { call: text, session: text, intent: integer }
const results: Members = { result: commitment, returned: commitment }
const terms = object({ kind: oneOf(...words.terms) }, { for: integer, uses: integer, when: texts })

function leaf(own: Members, ownOptional: Members = {}): LeafShape {
  const required = { ...always, ...own }
  const optional = { ...ownOptional, truncated: integer }
  return { required, optional, whole: object(required, optional) }
}

const shapes: Readonly<Record<RecordType, LeafShape>> = {
  'call.authorized': leaf(
    { call: text, masked, approvals: list(object({ by: text, id: text })) },
    { ...callFacts, brings: texts, clearance: text, forwarded: commitment },
  ),
  'call.denied': leaf(
    { call: text, code: oneOf(...refusalWords), stage: oneOf(...words.stage) },
    { ...callFacts, approval: text },
  ),
  'call.outcome': leaf(
    { ...afterIntent, ending: oneOf('done', 'aborted', ...refusalWords), status: integer, masked },
    { ...results, masker: object({ digest: text, micros: integer }) },
  ),
  'call.chunk': leaf(afterIntent, results),
  'reconcile.indeterminate': leaf({ ...afterIntent, reason: oneOf(...words.reconciled) }),
  'approval.requested': leaf(
    {
      approval: text,
      call: text,
      session: text,
      fn: text,
      groups: texts,
      digest: text,
      offer: text,
      terms,
      steps: list(object({ flow: text, groups: texts, quorum: integer })),
      excluded: texts,
      rules: texts,
      decideBy: moment,
    },
    { args: commitment, forwarded: commitment },
  ),
  'approval.decided': leaf(
    {
      approval: text,
      by: text,
      step: integer,
      group: text,
      verdict: oneOf(...words.vote),
      state: oneOf(...words.voted),
      offer: text,
      channel: oneOf(...words.channel),
    },
    { onBehalfOf: text, voided: texts, clearance: text, claimBy: moment },
  ),
  'approval.countered': leaf(
    { approval: text, by: text, offer: text, terms },
    { onBehalfOf: text },
  ),
  'approval.escalated': leaf({ approval: text, step: integer, groups: texts }),
  'approval.closed': leaf({ approval: text, state: oneOf(...words.approvalClosed) }, { by: text }),
  'clearance.claimed': leaf({
    clearance: text,
    approval: text,
    call: text,
    digest: text,
    use: integer,
  }),
  'clearance.returned': leaf({
    clearance: text,
    call: text,
    state: oneOf(...words.clearanceReturned),
  }),
  'clearance.closed': leaf(
    { clearance: text, state: oneOf(...words.clearanceClosed) },
    { by: text, reason: text },
  ),
  'break-glass.opened': leaf(
    {
      glass: text,
      by: text,
      reason: text,
      incident: text,
      functions: texts,
      clearance: text,
      uses: integer,
      amr: texts,
      signedIn: moment,
      expires: moment,
      reviewBy: moment,
    },
    { approval: text, acr: text },
  ),
  'break-glass.reviewed': leaf({ glass: text, by: text, verdict: oneOf(...words.glassReviewed) }),
  'delegation.made': leaf({
    delegation: text,
    from: text,
    to: text,
    groups: texts,
    until: moment,
    by: text,
  }),
  'delegation.ended': leaf({ delegation: text, by: text }),
  'deferral.changed': leaf(
    { call: text, approval: text, state: oneOf(...words.deferral) },
    { ran: text },
  ),
  ...reviewShapes(leaf),
  'rulebook.activated': leaf({ digest: text, previous: text, by: text }),
  'key.issued': leaf({ key: text, name: text, scope: texts, expires: moment, by: text }),
  'key.revoked': leaf({ key: text, by: text }),
  'admin.signed-in': leaf({ by: text, method: oneOf(...words.signIn) }),
  'principal.locked': leaf({ principal: text, reason: text, by: text }),
  'principal.unlocked': leaf({ principal: text, by: text }),
  'payload.read': leaf({ record: integer, role, by: text }),
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
    { by: text, scope: oneOf(...words.exported), from: integer, to: integer, payloads: flag },
    { session: text },
  ),
  'log.genesis': leaf({ origin: text, key: text }),
  'key.rotated': leaf({ key: text, previous: text, by: text }),
  heartbeat: leaf({ elapsed: integer, interval: integer }),
  'emitter.start': leaf(
    { version: text },
    { after: object({ boot: text, hash: text, seq: integer }), config: text },
  ),
  'emitter.stop': leaf({}),
  'outage.ended': leaf({ from: moment, reason: oneOf(...outageReasons) }),
  'log.recovered': leaf({ kept: integer, size: integer }),
}

/** What is read has the very string of its type that checks compare with, which costs them next to nothing. */
const wholes = new Map(
  Object.entries(shapes).map(([type, { required, optional }]) => {
    return [type, object({ ...required, type: oneOf(type) }, optional)]
  }),
)

/** The payloads that a record commits to. */
export function payloadRolesOf(record: LeafRecord): readonly PayloadRole[] {
  const possible = rolesOfTypes.get(record.type) ?? []
  return possible.length === 0 ? possible : possible.filter((role) => record[role])
}

const rolesOfTypes = new Map(
  Object.entries(shapes).map(([type, { required, optional }]) => {
    const members = { ...required, ...optional }
    return [type, payloadRoles.filter((one) => Object.hasOwn(members, one))]
  }),
)

/** Whether a value that was read by the shape of this type says itself that it is of it. */
function isOfType(value: Canonical | undefined, type: string): value is LeafRecord & Canonical {
  return isObject(value) && value.type === type
}

function isLeaf(value: unknown): value is LeafRecord & { readonly [key: string]: Canonical } {
  if (!isObject(value) || typeof value.type !== 'string') return false
  if (!isKnown(value.type)) return false
  shapes[value.type].whole.check(value, value.type)
  return true
}

function isKnown(type: string): type is RecordType {
  return Object.hasOwn(shapes, type)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The engine's message quotes the text.
    throw new TypeError('the leaf is not JSON')
  }
}
