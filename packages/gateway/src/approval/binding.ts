import { createHmac } from 'node:crypto'
import type { Guarded } from '../call/stage.ts'
import type { Binding } from '../model/binding.ts'
import type { ClearanceTerms } from '../model/clearance.ts'
import type { Party } from '../model/principal.ts'
import type { CredentialUse } from '../model/secret.ts'

/** In the order in which the whole is digested, which is part of what a digest means. */
const fields = [
  'function',
  'definition',
  'verb',
  'arguments',
  'headers',
  'upstream',
  'credential',
  'subject',
  'actors',
  'rulebook',
] as const satisfies readonly (keyof Binding)[]

/**
 * What an approval of this call covers, field by field and as a whole (DESIGN promise 6). Each digest is
 * HMAC-SHA-256 under the gateway's binding key, hex, and separate per field: short arguments cannot be
 * found by trying, and equal values in different fields do not look equal.
 *
 * The arguments are the exact bytes received, before any masking. `credentialVersion` says which value the
 * credential has at this moment: one that was replaced is another one. With the actors goes who set the call
 * off: one account may make everybody's runs, and who approved somebody else's has not approved their own.
 * Groups and session are not bound: policy is asked again with those of the moment when the clearance is used.
 */
export function bindingOf(
  at: Omit<Guarded, 'stage'>,
  key: Uint8Array,
  credentialVersion: string,
): { readonly binding: Binding; readonly digest: string } {
  const { subject, actors, triggeredBy = [] } = at.principal
  const { credential } = at.connection
  const keyed = (field: string, ...parts: readonly (string | Uint8Array)[]) =>
    mac(key, field, parts)
  const binding: Binding = {
    function: keyed('function', at.fn.id),
    definition: keyed('definition', at.fn.digest),
    verb: keyed('verb', at.outbound.protocol, at.outbound.method),
    arguments: keyed('arguments', at.args.mediaType, at.args.bytes),
    headers: keyed('headers', ...boundHeaders(at).flat()),
    upstream: keyed('upstream', at.connection.id, at.connection.protocol, at.connection.upstream),
    credential: keyed('credential', ...credentialParts(credential), credentialVersion),
    subject: keyed('subject', ...partyParts(subject)),
    actors: keyed('actors', ...actors.flatMap(partyParts), ...triggerParts(triggeredBy)),
    rulebook: keyed('rulebook', at.rules.rulebook.digest),
  }
  return { binding, digest: keyed('binding', ...fields.map((field) => binding[field])) }
}

/** What a voter confirms having seen: which call, and what of it is on offer. */
export function offerOf(digest: string, terms: ClearanceTerms, key: Uint8Array): string {
  const bounds =
    terms.kind === 'call' ? [] : [String(terms.uses), String(terms.forMs), ...terms.when]
  return mac(key, 'offer', [digest, terms.kind, ...bounds])
}

/** What a clearance with these terms has to match of the call that it was given for. */
export function boundBy(
  binding: Binding,
  { kind }: Pick<ClearanceTerms, 'kind'>,
): Partial<Binding> {
  if (kind === 'call') return binding
  const { arguments: _, headers: __, ...rest } = binding
  return rest
}

/**
 * Headers of the caller's that the upstream gets and that no argument stands for, sorted by name; several of one
 * name stay in their order. What only names the attempt may differ from one to the next.
 */
export function boundHeaders({
  fn,
  outbound,
}: Pick<Guarded, 'fn' | 'outbound'>): Guarded['outbound']['headers'] {
  const places = Object.entries(fn.http?.places ?? {})
  const isArgument = (name: string) =>
    places.some(([one, place]) => place === 'header' && one.toLowerCase() === name)
  return outbound.headers
    .filter(([name]) => !boundElsewhere.has(name) && !ofTheAttempt.has(name) && !isArgument(name))
    .toSorted(([one], [other]) => (one < other ? -1 : Number(one > other)))
}

/** What kind of bytes the arguments are is bound with them. */
const boundElsewhere: ReadonlySet<string> = new Set(['content-length', 'content-type'])

/** Tracing, and the caller's name for one of its tries. */
const ofTheAttempt: ReadonlySet<string> = new Set([
  'baggage',
  'idempotency-key',
  'traceparent',
  'tracestate',
  'x-request-id',
])

/** The fields of `expected` in which a call differs. Names, never values. */
export function differences(call: Binding, expected: Partial<Binding>): readonly string[] {
  return fields.filter((field) => expected[field] !== undefined && call[field] !== expected[field])
}

/** Each part is preceded by its length, so no two lists of parts are the same bytes. */
function mac(key: Uint8Array, field: string, parts: readonly (string | Uint8Array)[]): string {
  const hmac = createHmac('sha256', key).update(`sallyport approval 2 ${field}\n`)
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part, 'utf8') : part
    hmac.update(`${bytes.length}\n`).update(bytes)
  }
  return hmac.digest('hex')
}

function partyParts({ kind, id }: Party): readonly string[] {
  return [kind, id]
}

/** No kind of party is called so. A proof names them in any order. */
function triggerParts(people: readonly string[]): readonly string[] {
  return [...new Set(people)].sort().flatMap((id) => ['triggered by', id])
}

function credentialParts(use: CredentialUse): readonly string[] {
  if (use.kind === 'none') return [use.kind]
  const reference = 'env' in use.secret ? ['env', use.secret.env] : ['file', use.secret.file]
  if (use.kind === 'basic') return [use.kind, use.username, ...reference]
  if (use.kind === 'bearer') return [use.kind, ...reference]
  if (use.kind === 'oauth') {
    const { tokenUrl, clientId, scope = '', resource = '', authentication, issuer } = use
    const proof = issuer === undefined ? [authentication] : [authentication, issuer]
    return [use.kind, tokenUrl, clientId, scope, resource, ...proof, ...reference]
  }
  return [use.kind, use.name, ...reference]
}
