import type { Question } from '../model/decision.ts'
import { isJsonObject, type Json } from '../model/json.ts'
import type { Party } from '../model/principal.ts'
import { exactDecimal, exactLong } from './exact-number.ts'
import { parseIp } from './extension.ts'
import { type Reads, readsAt } from './reads.ts'
import { type ArgumentType, partyTypes, type RecordArgument } from './schema.ts'
import { type EntityValue, type RecordValue, unreadable, type Value } from './value.ts'

/** The arguments as policies see them, and the paths (from `args` down) no Cedar value can hold. */
export type ReadArguments = {
  readonly value: Value | undefined
  readonly unreadable: readonly (readonly string[])[]
}

/**
 * Turns the arguments that policies read into Cedar's values; nothing else is looked at. Null is an
 * absent attribute. What its declared type cannot hold exactly (an integer beyond 64 bits, a fraction
 * of more than four digits, a value of another type) is `unreadable`: a policy that reads it errs.
 */
export function readArguments(
  question: Pick<Question, 'args' | 'exactNumber'>,
  options: { readonly types: RecordArgument; readonly reads: Reads },
): ReadArguments {
  const reads = readsAt(options.reads, 'args')
  if (!reads) return { value: undefined, unreadable: [] }
  const problems: (readonly string[])[] = []
  const value = convert(question.args, {
    type: options.types,
    reads,
    path: [],
    exactNumber: question.exactNumber,
    problems,
  })
  return { value, unreadable: problems }
}

/** The context of one party's request: only what policies read. */
export function contextOf(
  question: Question,
  options: {
    readonly reads: Reads
    readonly args: Value | undefined
    readonly onBehalfOf: Party | undefined
    readonly actor: Party | undefined
    readonly approvedBy: readonly string[]
  },
): RecordValue {
  const { reads } = options
  const fields = new Map<string, Value>()
  const isRead = (name: string) => reads.whole || reads.below.has(name)
  if (options.args !== undefined) fields.set('args', options.args)
  if (options.onBehalfOf && isRead('onBehalfOf'))
    fields.set('onBehalfOf', named(options.onBehalfOf))
  if (options.actor && isRead('actor')) fields.set('actor', named(options.actor))
  if (isRead('session')) fields.set('session', sessionOf(question))
  if (isRead('time')) fields.set('time', { kind: 'datetime', ms: Math.trunc(question.time) })
  if (isRead('source')) fields.set('source', sourceOf(question.source))
  if (options.approvedBy.length > 0 && isRead('approval')) {
    const groups: Value = { kind: 'set', items: options.approvedBy }
    fields.set('approval', record([['groups', groups]]))
  }
  return { kind: 'record', fields }
}

export function entityOf(party: Party): EntityValue {
  return { kind: 'entity', type: partyTypes[party.kind], id: party.id }
}

function named(party: Party): RecordValue {
  return record([[party.kind, entityOf(party)]])
}

function sessionOf({ session, labels = [] }: Question): RecordValue {
  return record([
    ['id', session],
    ['labels', { kind: 'set', items: labels }],
  ])
}

/** An address that is none is left unreadable, so that a policy that reads it errs. */
function sourceOf({ protocol, ip }: Question['source']): RecordValue {
  return record([
    ['protocol', protocol],
    ['ip', parseIp(plainIp(ip)) ?? unreadable],
  ])
}

/** An address as Cedar reads it: without a zone, and an IPv4 one as such however the socket gave it. */
export function plainIp(ip: string): string {
  return ip.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '')
}

function record(fields: readonly (readonly [string, Value])[]): RecordValue {
  return { kind: 'record', fields: new Map(fields) }
}

type Conversion = {
  readonly type: ArgumentType
  readonly reads: Reads
  readonly path: readonly string[]
  readonly exactNumber: Question['exactNumber']
  /** Collects the paths of what could not be held. */
  readonly problems: (readonly string[])[]
}

function convert(json: Json, at: Conversion): Value | undefined {
  if (json === null) return undefined
  const value =
    at.type.kind === 'record' ? convertRecord(json, at, at.type) : convertOther(json, at)
  if (value === unreadable) at.problems.push(at.path)
  return value
}

function convertOther(json: Json, at: Conversion): Value {
  switch (at.type.kind) {
    case 'string':
      return typeof json === 'string' && json.isWellFormed() ? json : unreadable
    case 'boolean':
      return typeof json === 'boolean' ? json : unreadable
    case 'long':
      return (
        (typeof json === 'number' ? exactLong(json, () => textOf(at)) : undefined) ?? unreadable
      )
    case 'decimal': {
      const decimal = typeof json === 'number' ? exactDecimal(json, () => textOf(at)) : undefined
      return decimal ?? unreadable
    }
    case 'set':
      return convertSet(json, at, at.type.element)
    default:
      return unreadable
  }
}

function textOf(at: Conversion): string | undefined {
  return at.exactNumber?.(at.path)
}

function convertSet(json: Json, at: Conversion, element: ArgumentType): Value {
  if (!Array.isArray(json)) return unreadable
  const items: Value[] = []
  const reads: Reads = { whole: true, below: new Map() }
  for (const [position, one] of json.entries()) {
    const path = [...at.path, `${position}`]
    const item = convert(one, { ...at, type: element, path, reads, problems: [] })
    if (item === undefined || item === unreadable) return unreadable
    items.push(item)
  }
  return { kind: 'set', items }
}

/**
 * Of a record that is only read by parts, just these parts. One that is read as a whole is unreadable
 * when a part of it is: it could be compared.
 */
function convertRecord(json: Json, at: Conversion, type: RecordArgument): Value {
  if (!isJsonObject(json)) return unreadable
  const fields = new Map<string, Value>()
  for (const name of at.reads.whole ? type.fields.keys() : at.reads.below.keys()) {
    const field = type.fields.get(name)
    const member = field && Object.hasOwn(json, name) ? json[name] : undefined
    if (!field || member === undefined) continue
    const reads = at.reads.whole ? at.reads : at.reads.below.get(name)
    if (!reads) continue
    const value = convert(member, { ...at, type: field.type, path: [...at.path, name], reads })
    if (value === undefined) continue
    if (value === unreadable && at.reads.whole) return unreadable
    fields.set(name, value)
  }
  return { kind: 'record', fields }
}
