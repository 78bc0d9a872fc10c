import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { Session } from 'node:inspector/promises'
import { test } from 'node:test'
import type { MaskRule, MaskStrategy } from '../model/function.ts'

/**
 * Work is counted, not timed: how often each block of this room ran, by V8's own coverage counters, and
 * how many bytes it gave to native code. A byte of a body four times as long may cost a quarter more.
 */
const session = new Session()
session.connect()
await session.post('Profiler.enable')
// Blocks are counted only in what is loaded from here on.
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
const { compileResultMasking } = await import('./compile.ts')
const { unproved } = await import('./unproved.ts')

let nativeBytes = 0
type Size = (self: Uint8Array, args: unknown[], result: unknown) => number
const sizes: Readonly<Record<string, Size>> = {
  slice: (self, [from, to]) => span(self, from, to),
  set: (_, [source]) => (source instanceof Uint8Array ? source.length : 0),
  indexOf: (self, [, from], at) =>
    span(self, from, typeof at === 'number' && at >= 0 ? at : undefined),
  compare: (_, args) => (args[0] instanceof Uint8Array ? span(args[0], args[1], args[2]) : 0),
  toString: (self: Uint8Array, args: unknown[]) => span(self, args[1], args[2]),
}
for (const [name, size] of Object.entries(sizes)) {
  const holder: Record<string, unknown> = Object.create(Buffer.prototype)
  const original = holder[name]
  assert.ok(typeof original === 'function')
  const counted = function (this: Uint8Array, ...args: unknown[]) {
    const result: unknown = original.apply(this, args)
    nativeBytes += size(this, args, result)
    return result
  }
  Object.defineProperty(Buffer.prototype, name, { value: counted, configurable: true })
}
const { concat } = Buffer
Buffer.concat = (list, length) => {
  for (const one of list) nativeBytes += one.length
  return concat(list, length)
}

function span(self: Uint8Array, from: unknown, to: unknown): number {
  return (typeof to === 'number' ? to : self.length) - (typeof from === 'number' ? from : 0)
}

async function blocksRun(): Promise<number> {
  const { result } = await session.post('Profiler.takePreciseCoverage')
  return result
    .filter(({ url }) => /\/src\/mask\/[\w-]+\.ts$/.test(url))
    .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges))
    .reduce((sum, { count }) => sum + count, 0)
}

type Case = {
  readonly rules?: readonly (readonly [path: string, strategy: MaskStrategy])[]
  readonly fields?: readonly (readonly string[])[]
  readonly type?: string
  readonly echoes?: readonly Uint8Array[]
  /** About so many bytes of the worst. */
  readonly body: (bytes: number) => string
  readonly withheld?: true
}

async function workPerByte(given: Case, bytes: number, size: number): Promise<number> {
  const { rules = [], fields = [], type = 'application/json', echoes = [], body } = given
  const declared = rules.map(([path, strategy], at): MaskRule => ({ id: `r${at}`, path, strategy }))
  const masking = compileResultMasking(declared, fields)
  assert.ok('masker' in masking)
  const key = Buffer.alloc(32, 7)
  const masker = masking.masker({ mediaType: type, fragment: false, key, echoes })
  assert.ok(masker)
  const input = Buffer.from(body(bytes))
  await blocksRun()
  nativeBytes = 0
  const run = () => {
    for (let at = 0; at < input.length; at += size) masker.push(input.subarray(at, at + size))
    masker.end()
  }
  if (given.withheld) assert.throws(run, { name: 'MaskError' })
  else run()
  return ((await blocksRun()) + nativeBytes) / input.length
}

async function check(given: Case): Promise<void> {
  for (const size of [1, 61, 1_000_000]) {
    const short = await workPerByte(given, 8_000, size)
    const long = await workPerByte(given, 32_000, size)
    const told = `in chunks of ${size}: ${short} for a byte, ${long} in a longer body`
    assert.ok(long <= 1.25 * short, told)
    // And bounded as such, should the shorter one be all fixed cost.
    assert.ok(long <= 600, told)
  }
}

const fill = (piece: string) => (bytes: number) =>
  piece.repeat(Math.max(1, Math.floor(bytes / piece.length)))
const within = (open: string, piece: string, close: string) => (bytes: number) =>
  `${open}${fill(piece)(bytes)}${close}`
const redact: MaskStrategy = { kind: 'redact', label: 'X' }
const hash: MaskStrategy = { kind: 'hash' }
const partial: MaskStrategy = { kind: 'partial', first: 1, last: 1 }
const drop: MaskStrategy = { kind: 'drop' }
const random = (bytes: number) =>
  Array.from({ length: Math.ceil(bytes / 32) }, (_, at) =>
    createHash('sha256').update(`${at}`).digest('base64url').slice(0, 32),
  ).join('')
const secret = random(4_000)
const alike = Array.from({ length: 1_000 }, (_, at) => `$.${'x'.repeat(40)}${1_000 + at}`)
const tangled = Array.from({ length: 24 }, (_, at): [string, MaskStrategy] => [
  `$..k${at}..[*]..z`,
  redact,
])
const deep = (key: (level: number) => string) =>
  `${Array.from({ length: 200 }, (_, level) => `{"${key(level)}":`).join('')}1${'}'.repeat(200)}`

const cases: Readonly<Record<string, Case>> = {
  'a string without end': { rules: [['$.a', redact]], body: within('["', 'x', '"]') },
  'a string that is kept whole': { rules: [['$.a', partial]], body: within('{"a":"', 'x', '"}') },
  'escapes that are kept whole': {
    rules: [['$.a', hash]],
    body: within('{"a":"', '\\u0061', '"}'),
  },
  backslashes: { rules: [['$.a', redact]], body: within('["', '\\\\', '"]') },
  'a key of escapes': { rules: [['$.a', redact]], body: within('{"', '\\u0061', '":1}') },
  'a huge number': { rules: [['$.a', partial]], body: within('{"a":', '1', '}') },
  'a huge number that is passed': { rules: [['$.a', partial]], body: within('[', '1', ']') },
  'a container that is hashed': { rules: [['$.a', hash]], body: within('{"a":[0', ',1', ']}') },
  'many keys': { rules: [['$..a', drop]], body: within('{"b":0', ',"k":1', '}') },
  'many keys that are dropped': { rules: [['$..a', drop]], body: within('{"b":0', ',"a":1', '}') },
  'many keys like those of a long list': {
    fields: [alike],
    body: within('{"b":0', `,"${'x'.repeat(40)}1999":1,"${'x'.repeat(40)}9999":1`, '}'),
  },
  'white space that is held': { rules: [['$.a', drop]], body: within('{"b":1,', ' ', '"a":1}') },
  'empty containers': { rules: [['$..a', drop]], body: within('[0', ',[]', ']') },
  'elements counted by many slices': {
    rules: Array.from({ length: 32 }, (_, at) => [`$[${at}:100000:${at + 2}]`, drop] as const),
    body: within('[0', ',1', ']'),
  },
  'deep nesting, again and again': {
    rules: [['$..a..b[*]..c', redact]],
    body: within('[0', `,${'['.repeat(200)}${']'.repeat(200)}`, ']'),
  },
  'nesting too deep': { rules: [['$..a', redact]], body: fill('['), withheld: true },
  'paths through everything, tangled': {
    rules: tangled,
    body: within('[0', `,${deep((level) => `k${(level * 7) % 24}`)}`, ']'),
  },
  'many wildcards': {
    rules: Array.from(
      { length: 32 },
      (_, at) => [`$${'..*'.repeat(1 + (at % 8))}.a`, hash] as const,
    ),
    body: within('[0', `,${deep((level) => (level % 3 === 0 ? 'a' : 'b'))}`, ']'),
  },
  lines: { rules: [['$.a', drop]], type: 'application/x-ndjson', body: fill('{"a":1}\n') },
  'blank lines': { rules: [['$.a', drop]], type: 'application/x-ndjson', body: fill('\n') },
  events: { rules: [['$.a', drop]], type: 'text/event-stream', body: fill('data:{"a":1}\n\n') },
  'one event of many lines': {
    rules: [['$.a', redact]],
    type: 'text/event-stream',
    body: within('data:{"a":1\n', 'data:\n', 'data:}\n\n'),
  },
  comments: { rules: [['$.a', redact]], type: 'text/event-stream', body: fill(':\n') },
  'blank lines between events': {
    rules: [['$.a', redact]],
    type: 'text/event-stream',
    body: fill('\r\n'),
  },
  'a credential, nearly': {
    echoes: [Buffer.from(secret), Buffer.from(`Bearer ${secret}`)],
    body: fill(`Bearer ${secret.slice(0, -1)}!`),
  },
  'a credential, again and again': { echoes: [Buffer.from(secret)], body: fill(secret) },
  'the beginning of a credential': {
    echoes: [Buffer.from(secret), Buffer.from(secret.slice(0, 100))],
    body: fill(secret.slice(0, 99)),
  },
  'escapes behind many backslashes': {
    echoes: [Buffer.from(`Bearer ${secret.slice(0, 40)}`)],
    body: fill(`${'\\'.repeat(700)}u0041`),
  },
  'escapes behind what may be parts of some': {
    echoes: [Buffer.from(`Bearer ${secret.slice(0, 40)}`)],
    body: fill(`${`\\${'a'.repeat(30)}`.repeat(23)}\\u0041`),
  },
}
for (const [name, one] of Object.entries(cases)) test(`linear: ${name}`, () => check(one))

/** What a recogniser sees in a text of so many proved values, each behind a name: by the place of a value. */
const seenIn: Readonly<
  Record<string, (from: number, to: number, last: number) => [number, number]>
> = {
  'each name and its value': (from, to) => [from, to],
  'each name to the end of all': (from, _, last) => [from, last],
  'everything up to each value': (_, to) => [0, to],
}
const named = 'Zoë 4111 1111 1111 1111 '
for (const [name, seen] of Object.entries(seenIn)) {
  test(`linear: what a recogniser sees: ${name}`, async () => {
    const workPerValue = async (values: number) => {
      const text = named.repeat(values)
      const recognised = Array.from({ length: values }, (_, at) => {
        const [start, end] = seen(at * named.length, (at + 1) * named.length, text.length)
        return { entity: 'PERSON', start, end, confidence: 85 }
      })
      await blocksRun()
      nativeBytes = 0
      unproved(text, recognised)
      return ((await blocksRun()) + nativeBytes) / values
    }
    const [short, long] = [await workPerValue(200), await workPerValue(1_600)]
    assert.ok(long <= 1.25 * short, `${short} for a value, ${long} in a longer text`)
  })
}
