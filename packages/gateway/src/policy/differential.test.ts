import assert from 'node:assert/strict'
import { test } from 'node:test'
import { httpFunctionOf } from '../../test/rulebook-parts.ts'
import type { Party } from '../model/principal.ts'
import type { PolicySource } from '../model/rulebook.ts'
import { cedarPolicy, prepareInCedar } from './cedar.ts'
import type { Request } from './expression.ts'
import { parseDatetime, parseDecimal, parseDuration, parseIp } from './extension.ts'
import {
  candidates,
  evaluateClosures,
  evaluateInCedar,
  indexByGroup,
  type Outcome,
  readyPolicy,
} from './plan.ts'
import { collectReads, noReads, type Reads } from './reads.ts'
import { entitiesOf, hierarchy } from './request.ts'
import { coversFunction } from './scope.ts'
import { isRecord, type RecordValue, type Value } from './value.ts'

/**
 * The closures against Cedar itself: random policies, random requests, the same answer or a failure
 * here. `SALLYPORT_DIFFERENTIAL=100000` asks that many questions, `SALLYPORT_SEED` repeats a run.
 */
const requests = Number(process.env.SALLYPORT_DIFFERENTIAL ?? 3000)
const seed = Number(process.env.SALLYPORT_SEED ?? 20261121)
const policiesPerSet = 10
const requestsPerSet = 40

test(`closures decide as Cedar does: ${requests} requests`, (t) => {
  const random = randomFrom(seed)
  const seen = { applied: 0, errors: 0, policies: 0, permits: 0 }
  for (let done = 0; done < requests; done += requestsPerSet) {
    const policies = Array.from({ length: policiesPerSet }, (_, at) => ready(random, `p${at}`))
    seen.policies += policies.length
    const known = policies.filter((policy) => coversFunction(policy.cedar, fn))
    const index = indexByGroup(known)
    const reads = noReads()
    for (const { cedar } of policies) collectReads(cedar, reads)
    // Cedar is given every policy, so that the indexes by function and by group are compared too.
    const prepared = prepareInCedar(
      Object.fromEntries(policies.map(({ source }) => [source.id, source.text])),
    )
    for (let one = 0; one < requestsPerSet; one += 1) {
      const { request, parties } = randomRequest(random, reads)
      const groups = parties[0]?.groups ?? []
      const ours = evaluateClosures(candidates(index, groups), request)
      const facts = { entities: entitiesOf(fn, parties), unreadable: [] }
      const theirs = evaluateInCedar(policies, prepared, request, facts)
      assert.deepEqual(comparable(ours), comparable(theirs), describe(request, ours, theirs))
      seen.applied += ours.permits.length + ours.forbids.length
      seen.errors += ours.errors.length
      seen.permits += ours.forbids.length === 0 && ours.permits.length > 0 ? 1 : 0
    }
  }
  t.diagnostic(`seed ${seed}: ${JSON.stringify(seen)}`)
  assert.ok(seen.applied > 0 && seen.errors > 0 && seen.permits > 0, 'the questions were too easy')
})

/** Cedar names permits only when no forbid fired. */
function comparable({ permits, forbids, errors }: Outcome) {
  const ids = (policies: Outcome['permits']) => policies.map(({ source }) => source.id).sort()
  return {
    allowed: forbids.length === 0 && permits.length > 0,
    determining: ids(forbids.length > 0 ? forbids : permits),
    errors: ids(errors),
  }
}

function describe(request: Request, ours: Outcome, theirs: Outcome): string {
  const [left, right] = [comparable(ours), comparable(theirs)]
  const differ = (a: string[], b: string[]) => a.filter((id) => !b.includes(id))
  const ids = [
    ...differ(left.determining, right.determining),
    ...differ(right.determining, left.determining),
    ...differ(left.errors, right.errors),
    ...differ(right.errors, left.errors),
  ]
  const policies = [...ours.permits, ...ours.forbids, ...ours.errors]
    .concat(theirs.permits, theirs.forbids, theirs.errors)
    .filter(({ source }) => ids.includes(source.id))
    .map(({ source }) => source.text)
  const shown = (_: string, value: unknown) =>
    value instanceof Map
      ? Object.fromEntries(value)
      : typeof value === 'bigint'
        ? `${value}n`
        : value
  return [`seed ${seed}`, ...new Set(policies), JSON.stringify(request, shown)].join('\n')
}

type Random = {
  readonly below: (limit: number) => number
  readonly pick: <T>(from: readonly T[]) => T
}

/** A small generator of our own (mulberry32), so that a seed means the same run everywhere. */
function randomFrom(start: number): Random {
  let state = start >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return { below, pick: (from) => at(from, below(from.length)) }
}

function at<T>(from: readonly T[], position: number): T {
  const found = from[position]
  assert.ok(found !== undefined)
  return found
}

const fn = httpFunctionOf({ id: 'crm.get' })
const groups = ['g1', 'g2', 'g3', 'g"4']
const people: Party[] = [
  { kind: 'user', id: 'bob', groups: ['g1'] },
  { kind: 'user', id: 'ann', groups: ['g1', 'g2', 'g2'] },
  { kind: 'agent', id: 'bob', groups: [] },
  { kind: 'service', id: 'bätch', groups: ['g3', 'g"4'] },
]
const entities = [
  'User::"bob"',
  'User::"ann"',
  'Agent::"bob"',
  'Service::"bätch"',
  ...groups.map((id) => `Group::${JSON.stringify(id)}`),
  'Function::"crm.get"',
  'Connection::"crm"',
  'Connection::"other"',
  'Action::"crm.get"',
  'Action::"crm"',
  'Nothing::"x"',
]
const types = ['User', 'Agent', 'Service', 'Group', 'Function', 'Action', 'Nothing']
const longs = [
  '0',
  '1',
  '-1',
  '2',
  '3',
  '7',
  '60',
  '4611686018427387904',
  '9007199254740991',
].concat('-9007199254740991', '9007199254740993', '9223372036854775807', '-9223372036854775808')
const decimals = ['0.0', '1.5', '-1.5', '1.50', '-0.0', '-0.5', '00.1', '922337203685477.5807']
  .concat('922337203685477.5808', '-922337203685477.5808', '-922337203685477.5809', '1.23456')
  .concat('1', '.5', '1.', '+1.0', 'x', '1.5 ', '١.٥')
const addresses = ['1.2.3.4', '1.2.3.0/24', '127.0.0.1', '127.0.0.1/8', '127.0.0.1/7', '::1', '::']
  .concat('::1/127', 'ff00::1', 'ff00::/8', 'ff00::/7', '224.0.0.1', '224.0.0.0/3', '224.0.0.0/4')
  .concat(
    '::ffff:1.2.3.4',
    '01.2.3.4',
    '1.2.3',
    '1.2.3.4/33',
    '1.2.3.4/08',
    '1.2.3.4/0',
    '0.0.0.0/00',
  )
  .concat('1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7::', '::2:3:4:5:6:7:8', '1:2:3:4:5:6:7::8', '1::2::3')
  .concat(
    '2001:DB8::1',
    '2001:db8::/32',
    '::/0',
    '::/128',
    '::/129',
    '12345::',
    '1.2.3.4/',
    '',
    '/8',
  )
  .concat('fe80::1%eth0', '256.1.1.1', ':1', '1:', ' 1.2.3.4')
const datetimes = [
  '2024-01-01',
  '1970-01-01',
  '1969-12-31T23:59:59.999Z',
  '0000-01-01',
  '0099-12-31',
]
  .concat(
    '9999-12-31T23:59:59Z',
    '2024-02-29',
    '2023-02-29',
    '2024-01-01T10:00:00+0100',
    '2024-13-01',
  )
  .concat(
    '2024-01-01T10:00:00.5Z',
    '2024-01-01T10:00:00.500-2359',
    '2024-01-01T24:00:00Z',
    '2024-00-01',
  )
  .concat(
    '2024-01-01T10:00:60Z',
    '2024-01-01T10:00:00',
    '2024-01-01T10:00:00+2400',
    '2024-01-00',
    '',
  )
  .concat('2024-01-01T10:00:00+0060', '+2024-01-01', '2024-1-1', '2024-01-01T10:00:00+01:00')
const durations = [
  '1d',
  '1h',
  '-1ms',
  '1d2h3m4s5ms',
  '0s',
  '',
  '-',
  '1',
  '1h1d',
  '9223372036854775807ms',
]
  .concat(
    '9223372036854775808ms',
    '-9223372036854775808ms',
    '-1d',
    '106751991167d',
    '106751991168d',
    '1s1s',
  )
  .concat('00001d', '1.5h', '-0ms', '86399999ms', '+1d', '1D')
const texts = ['', 'a', 'ab', 'abab', 'a*b', 'é', '😀x', 'line\nbreak', '"', 'zzz', 'xay', '10']
const patterns = [
  '*',
  'a*',
  '*b',
  'a*b',
  'a\\*b',
  '*a*b*',
  '**',
  '',
  'é*',
  '*😀*',
  'ab*ab',
  '*"*',
].map((pattern) => pattern.replaceAll('"', '\\"'))
const names = ['a', 'b', 'c', 'tags', 'n s', 'if']

/** A policy all of whose parts the compiler must know, except longer literals, which are Cedar's. */
function ready(random: Random, id: string) {
  for (;;) {
    const text = policyText(random)
    const read = cedarPolicy(text)
    // What Cedar does not parse (a function on a literal of another type) is no policy at all.
    if (!('policy' in read)) continue
    const source: PolicySource = {
      id,
      effect: read.policy.effect,
      text,
      annotations: {},
      file: '',
      line: 1,
    }
    const policy = readyPolicy(source, read.policy)
    if (policy.clauses) return policy
    assert.match(text, /\d{16}/, `the compiler does not know a part of: ${text}`)
  }
}

function policyText(random: Random): string {
  const clauses = Array.from(
    { length: random.below(3) + (random.below(4) === 0 ? 0 : 1) },
    () => `${random.pick(['when', 'when', 'unless'])} { ${boolean(random, 3)} }`,
  )
  const scope =
    random.below(2) === 0
      ? 'principal, action, resource'
      : [principal(random), action(random), resource(random)].join(', ')
  return `${random.pick(['permit', 'permit', 'forbid'])} (${scope}) ${clauses.join(' ')};`
}

function principal(random: Random): string {
  const group = `Group::${JSON.stringify(random.pick(groups))}`
  const forms = ['principal', 'principal', `principal == ${random.pick(entities)}`]
  return random.pick([
    ...forms,
    `principal in ${group}`,
    'principal is User',
    `principal is User in ${group}`,
  ])
}

function action(random: Random): string {
  return random.pick([
    'action',
    'action',
    'action == Action::"crm.get"',
    'action == Action::"crm.put"',
    'action == Action::"crm"',
    'action in Action::"crm"',
    'action in Action::"crm.get"',
    'action in [Action::"x", Action::"crm"]',
    'action in [Action::"x"]',
    'action in []',
  ])
}

function resource(random: Random): string {
  return random.pick([
    'resource',
    'resource',
    'resource',
    'resource == Function::"crm.get"',
    'resource == Connection::"crm"',
    'resource in Connection::"crm"',
    'resource in Connection::"x"',
    'resource in Function::"crm.get"',
    'resource is Function',
    'resource is Connection',
    'resource is Function in Connection::"crm"',
  ])
}

/** Mostly of the type asked for; now and then of any, so that type errors happen everywhere. */
function expression(random: Random, type: string, depth: number): string {
  const kind = random.below(40) === 0 ? random.pick(Object.keys(makers)) : type
  if (random.below(6) === 0 || depth <= 0) return leaf(random, kind)
  if (random.below(12) === 0) {
    const [yes, no] = [expression(random, kind, depth - 1), expression(random, kind, depth - 1)]
    return `(if ${boolean(random, depth - 1)} then ${yes} else ${no})`
  }
  return (makers[kind] ?? leafOf(kind))(random, depth - 1)
}

function boolean(random: Random, depth: number): string {
  return expression(random, 'boolean', depth)
}

const quoted = JSON.stringify
const attributes: Record<string, string> = {
  boolean: 'yes',
  long: 'n',
  text: 's',
  set: 'set',
  record: 'rec',
  entity: 'e',
  decimal: 'd',
  ip: 'ip',
  datetime: 't',
  duration: 'span',
}

function leaf(random: Random, type: string): string {
  if (random.below(2) === 0) {
    const name = attributes[type] ?? 'a'
    return random.pick([`context.${name}`, `context.args.${name}`, `context["${name}2"]`])
  }
  switch (type) {
    case 'boolean':
      return random.pick(['true', 'false'])
    case 'long':
      return random.below(9) === 0 ? random.pick(longs) : `${random.below(9) - 3}`
    case 'text':
      return quoted(random.pick(texts))
    case 'set':
      return random.pick([
        '[]',
        '[1, 2]',
        '["a", 1, true]',
        '[[1], [2, 2]]',
        '[User::"bob"]',
        '[{a: 1}]',
      ])
    case 'record':
      return random.pick(['{}', '{a: 1}', '{"n s": {b: "x"}}', 'context.args'])
    case 'entity':
      return random.pick([...entities, 'principal', 'principal', 'action', 'resource'])
    case 'decimal':
      return `decimal(${textFor(random, decimals, parseDecimal)})`
    case 'ip':
      return `ip(${textFor(random, addresses, parseIp)})`
    case 'datetime':
      return `datetime(${textFor(random, datetimes, parseDatetime)})`
    default:
      return `duration(${textFor(random, durations, parseDuration)})`
  }
}

type Maker = (random: Random, depth: number) => string

const makers: Record<string, Maker> = {
  boolean: (random, depth) => random.pick(tests)(random, depth),
  long: (random, depth) => {
    const one = (type: string) => expression(random, type, depth)
    return random.pick([
      () => `(${one('long')} ${random.pick(['+', '-', '*'])} ${one('long')})`,
      () => `(-${one('long')})`,
      () =>
        `${one('duration')}.${random.pick(['toMilliseconds', 'toSeconds', 'toMinutes', 'toHours', 'toDays'])}()`,
    ])()
  },
  text: leafOf('text'),
  set: (random, depth) => {
    const elements = Array.from({ length: random.below(4) }, () =>
      expression(random, random.pick(Object.keys(makers)), depth),
    )
    return `[${elements.join(', ')}]`
  },
  record: (random, depth) => {
    const used = names.filter(() => random.below(3) === 0)
    const fields = used.map(
      (name) => `${quoted(name)}: ${expression(random, random.pick(Object.keys(makers)), depth)}`,
    )
    return `{${fields.join(', ')}}`
  },
  entity: leafOf('entity'),
  decimal: (random, depth) => `decimal(${expression(random, 'text', depth)})`,
  ip: leafOf('ip'),
  datetime: (random, depth) => {
    const at = expression(random, 'datetime', depth)
    return random.pick([
      () => `${at}.toDate()`,
      () => `${at}.offset(${expression(random, 'duration', depth)})`,
    ])()
  },
  duration: (random, depth) => {
    const at = expression(random, 'datetime', depth)
    return random.pick([
      () => `${at}.toTime()`,
      () => `${at}.durationSince(${expression(random, 'datetime', depth)})`,
    ])()
  },
}

function leafOf(type: string): Maker {
  return (random) => leaf(random, type)
}

const compared = ['<', '<=', '>', '>=']
const tests: readonly Maker[] = [
  (random, depth) => `(${boolean(random, depth)} && ${boolean(random, depth)})`,
  (random, depth) => `(${boolean(random, depth)} || ${boolean(random, depth)})`,
  (random, depth) => `!(${boolean(random, depth)})`,
  (random, depth) => {
    const type = random.pick(['long', 'long', 'datetime', 'duration'])
    const [left, right] = [expression(random, type, depth), expression(random, type, depth)]
    return `(${left} ${random.pick(compared)} ${right})`
  },
  (random, depth) => {
    const type = random.pick(Object.keys(makers))
    const [left, right] = [expression(random, type, depth), expression(random, type, depth)]
    return `(${left} ${random.pick(['==', '!='])} ${right})`
  },
  (random, depth) => `(${expression(random, 'text', depth)} like "${random.pick(patterns)}")`,
  (random, depth) => {
    const method = random.pick(['containsAll', 'containsAny'])
    return `${expression(random, 'set', depth)}.${method}(${expression(random, 'set', depth)})`
  },
  (random, depth) => {
    const element = expression(random, random.pick(Object.keys(makers)), depth)
    return `${expression(random, 'set', depth)}.contains(${element})`
  },
  (random, depth) => `${expression(random, 'set', depth)}.isEmpty()`,
  (random, depth) => {
    const holder = random.pick([
      'context',
      'context.args',
      expression(random, 'record', depth),
      'principal',
    ])
    const path = [random.pick([...names, 'rec', 'args']), random.pick(names), random.pick(names)]
    const test =
      random.below(2) === 0
        ? quoted(path[0])
        : path.filter((name) => /^[a-z]+$/.test(name) && name !== 'if').join('.')
    return `(${holder} has ${test || 'a'})`
  },
  (random, depth) =>
    `(${expression(random, 'record', depth)}.${random.pick(['a', 'b', 'c'])} == ${expression(random, 'long', depth)})`,
  (random, depth) => {
    const outer = random.pick([
      () => expression(random, 'entity', depth),
      () => `[${expression(random, 'entity', depth)}, ${expression(random, 'entity', depth)}]`,
      () => expression(random, 'set', depth),
    ])()
    return `(${expression(random, 'entity', depth)} in ${outer})`
  },
  (random, depth) => `(${expression(random, 'entity', depth)} is ${random.pick(types)})`,
  (random, depth) =>
    `(${expression(random, 'entity', depth)} is ${random.pick(types)} in ${expression(random, 'entity', depth)})`,
  (random, depth) => {
    const method = random.pick(['lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'])
    return `${expression(random, 'decimal', depth)}.${method}(${expression(random, 'decimal', depth)})`
  },
  (random, depth) =>
    `${expression(random, 'ip', depth)}.${random.pick(['isIpv4', 'isIpv6', 'isLoopback', 'isMulticast'])}()`,
  (random, depth) =>
    `${expression(random, 'ip', depth)}.isInRange(${expression(random, 'ip', depth)})`,
]

function randomRequest(random: Random, reads: Reads): { request: Request; parties: Party[] } {
  const first = random.pick(people)
  const other = random.pick(people.filter((party) => party !== first))
  const parties = random.below(2) === 0 ? [first] : [first, other]
  const request: Request = {
    principal: partyEntity(first),
    action: { kind: 'entity', type: 'Action', id: fn.id },
    resource: { kind: 'entity', type: 'Function', id: fn.id },
    context: pruned(record(random, 2), reads),
    isInside: hierarchy(fn, parties),
  }
  return { request, parties }
}

/** What no policy reads is not told, as in a real request. */
function pruned({ fields }: RecordValue, reads: Reads): RecordValue {
  const kept = [...fields].flatMap(([name, value]): [string, Value][] => {
    const below = reads.below.get(name)
    if (!below) return []
    return [[name, isRecord(value) && !below.whole ? pruned(value, below) : value]]
  })
  return { kind: 'record', fields: new Map(kept) }
}

function partyEntity({ kind, id }: Party): Request['principal'] {
  return {
    kind: 'entity',
    type: { user: 'User', agent: 'Agent', workload: 'Workload', service: 'Service' }[kind],
    id,
  }
}

function record(random: Random, depth: number): RecordValue {
  const fields = new Map<string, Value>()
  for (const [type, name] of Object.entries(attributes)) {
    for (const one of depth > 0 ? [name, `${name}2`] : [name]) {
      if (random.below(depth > 0 ? 16 : 3) > 0)
        fields.set(one, value(random, random.below(30) === 0 ? 'text' : type, depth - 1))
    }
  }
  for (const name of names) {
    if (random.below(3) === 0)
      fields.set(name, value(random, random.pick(Object.keys(attributes)), depth - 1))
  }
  if (depth > 0) fields.set('args', record(random, depth - 1))
  return { kind: 'record', fields }
}

function value(random: Random, type: string, depth: number): Value {
  switch (type) {
    case 'boolean':
      return random.below(2) === 0
    case 'long': {
      const exact = BigInt(random.below(4) === 0 ? random.pick(longs) : `${random.below(9) - 3}`)
      return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact
    }
    case 'text':
      return random.pick(texts)
    case 'set':
      return {
        kind: 'set',
        items: Array.from({ length: depth < 0 ? 0 : random.below(4) }, () =>
          value(random, random.pick(['long', 'text', 'entity', 'set', 'decimal']), depth - 1),
        ),
      }
    case 'record':
      return depth < 0
        ? { kind: 'record', fields: new Map<string, Value>([['a', random.below(3)]]) }
        : {
            kind: 'record',
            fields: new Map([
              ['a', value(random, 'long', 0)],
              ['b', value(random, 'record', depth - 1)],
            ]),
          }
    case 'entity':
      return random.below(3) === 0
        ? { kind: 'entity', type: 'Group', id: random.pick(groups) }
        : partyEntity(random.pick(people))
    case 'decimal':
      return firstRead(random, decimals, parseDecimal)
    case 'ip':
      return firstRead(random, addresses, parseIp)
    case 'datetime':
      return firstRead(random, datetimes, parseDatetime)
    default:
      return firstRead(random, durations, parseDuration)
  }
}

/** Mostly one that can be read: an error ends a policy, and what follows it is then not compared. */
function textFor(
  random: Random,
  from: readonly string[],
  parse: (text: string) => Value | undefined,
): string {
  const readable = from.filter((text) => parse(text) !== undefined)
  return quoted(random.pick(random.below(8) === 0 ? from : readable))
}

function firstRead(
  random: Random,
  from: readonly string[],
  parse: (text: string) => Value | undefined,
): Value {
  for (;;) {
    const parsed = parse(random.pick(from))
    if (parsed !== undefined) return parsed
  }
}
