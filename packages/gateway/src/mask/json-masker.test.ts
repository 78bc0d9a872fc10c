import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { jsonpath } from 'json-p3'
import type { MaskRule, MaskStrategy } from '../model/function.ts'
import { isJsonObject, type Json } from '../model/json.ts'
import { Automaton } from './automaton.ts'
import { compileResultMasking } from './compile.ts'
import { FindingCount } from './finding-count.ts'
import { JsonMasker } from './json-masker.ts'
import { type Path, parsePath } from './path.ts'
import { Splice } from './splice.ts'

const key = Buffer.alloc(32, 7)

type Declared = {
  readonly rules: readonly MaskRule[]
  readonly fields: readonly (readonly string[])[]
}

/** Masks `text` in chunks of `size` bytes and compares with a tree masked by another JSONPath engine. */
function check(declared: Declared, value: Json, { seed, size }: { seed: number; size: number }) {
  const text = spell(value, seed)
  const whole = mask(declared, text, text.length + 1)
  assert.equal(mask(declared, text, size), whole)
  const out: Json = JSON.parse(whole)
  assert.deepEqual(blur(out), blur(expected(declared, value)))
}

function mask({ rules, fields }: Declared, text: string, size: number): string {
  const masking = compileResultMasking(rules, fields)
  assert.ok('masker' in masking)
  const masker = masking.masker({ mediaType: 'application/json', fragment: false, key, echoes: [] })
  assert.ok(masker)
  const bytes = Buffer.from(text)
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = bytes.subarray(at, at + size)
    parts.push(masker.push(chunk))
  }
  return Buffer.concat([...parts, masker.end()]).toString()
}

/** The same value in some other spelling: white space and escaped keys, chosen by `seed`. */
function spell(value: Json, seed: number): string {
  let state = seed
  const chance = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return state >> 16
  }
  const gap = () => ['', '', ' ', '\n\t'][chance() % 4] ?? ''
  const name = (text: string) => {
    const escaped = [...text].map((char) =>
      char.length === 1 && chance() % 3 === 0
        ? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
        : JSON.stringify(char).slice(1, -1),
    )
    return `"${escaped.join('')}"`
  }
  const write = (one: Json): string => {
    if (typeof one !== 'object' || one === null) return JSON.stringify(one)
    if (!isJsonObject(one)) {
      return `[${gap()}${one.map(write).join(`${gap()},${gap()}`)}${gap()}]`
    }
    const members = Object.entries(one).map(([k, v]) => `${name(k)}${gap()}:${gap()}${write(v)}`)
    return `{${gap()}${members.join(`${gap()},${gap()}`)}${gap()}}`
  }
  return gap() + write(value) + gap()
}

/** What should remain, worked out on the parsed tree. */
function expected({ rules, fields }: Declared, value: Json): Json {
  const hits = new Map<string, MaskStrategy[]>()
  for (const { path, strategy } of rules) {
    for (const place of places(path, value)) hits.set(place, [...(hits.get(place) ?? []), strategy])
  }
  const lists = fields.map((paths) => ({
    inside: new Set(paths.flatMap((path) => places(path, value))),
    toward: new Set(paths.flatMap((path) => placesToward(path, value))),
  }))
  const walk = (one: Json, location: Location, open: readonly boolean[]): Json | typeof gone => {
    const place = JSON.stringify(location)
    const inside = lists.map((list, at) => open[at] === true || list.inside.has(place))
    const container = typeof one === 'object' && one !== null
    const shown = lists.every(({ toward }, at) => inside[at] || (container && toward.has(place)))
    if (!shown) return gone
    const strategy = strongest(hits.get(place) ?? [], one)
    if (strategy !== undefined) return stand(strategy, one)
    if (!container) return one
    const kept: [string, Json][] = []
    for (const [name, child] of Object.entries(one)) {
      const step = isJsonObject(one) ? name : Number(name)
      const left = walk(child, [...location, step], inside)
      if (left !== gone) kept.push([name, left])
    }
    return isJsonObject(one) ? Object.fromEntries(kept) : kept.map(([, child]) => child)
  }
  const left = walk(value, [], [])
  return left === gone ? null : left
}

type Location = readonly (string | number)[]
const gone: unique symbol = Symbol('gone')

function places(path: string, value: Json): string[] {
  return jsonpath
    .query(path, JSON.parse(JSON.stringify(value)))
    .nodes.map(({ location }) => JSON.stringify(location))
}

/** Values from which a member or element may still reach what the path names. */
function placesToward(path: string, value: Json): string[] {
  const segments = path.slice(1).match(/\.\.(?:\[[^\]]*\]|\w+|\*)|\[[^\]]*\]|\.(?:\w+|\*)/g) ?? []
  return segments.flatMap((segment, at) => {
    const before = `$${segments.slice(0, at).join('')}`
    return [
      ...places(before, value),
      ...(segment.startsWith('..') ? places(`${before}..*`, value) : []),
    ]
  })
}

const order = ['drop', 'redact', 'replace', 'hash', 'partial']

function strongest(all: readonly MaskStrategy[], value: Json): MaskStrategy | undefined {
  const rank = ({ kind }: MaskStrategy) => order.indexOf(kind)
  return all
    .filter(({ kind }) => value !== null || kind === 'drop' || kind === 'replace')
    .toSorted((x, y) => rank(x) - rank(y))[0]
}

function stand(strategy: MaskStrategy, value: Json): Json | typeof gone {
  if (strategy.kind === 'drop') return gone
  if (strategy.kind === 'replace') return strategy.with
  if (strategy.kind === 'redact') return `[REDACTED:${strategy.label}]`
  if (strategy.kind === 'hash') return 'hash:'
  if (typeof value === 'boolean' || typeof value === 'object') return '[REDACTED:PARTIAL]'
  const points = [...`${value}`]
  const { first, last } = strategy
  const few = first + last >= points.length
  return points
    .map((point, at) => (!few && (at < first || at >= points.length - last) ? point : '*'))
    .join('')
}

/** Pseudonyms are compared as such: what they are of has its own rows. */
function blur(value: Json): Json {
  return JSON.parse(JSON.stringify(value).replace(/"hash:[\w-]{22}"/g, '"hash:"'))
}

const keys = fc.constantFrom('a', 'b', 'c', 'ab', '', 'é', '😀', 'a"b')
const leaves = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.constantFrom('\\"', '\n', '😀x😀'),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
)
const { value: values } = fc.letrec<{ value: Json; array: Json[]; object: Record<string, Json> }>(
  (tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaves,
      tie('array'),
      tie('object'),
    ),
    array: fc.array(tie('value'), { maxLength: 5 }),
    object: fc.dictionary(keys, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  }),
)
const segments = fc.constantFrom(
  '.a',
  '.b',
  "['ab']",
  '["\\u0061"]',
  "['']",
  '[*]',
  '.*',
  '[0]',
  '[1:3]',
  '[::2]',
  "['a','b',0]",
  '[1,*]',
  '..a',
  '..c',
  '..*',
  "..['a',1]",
  '..[0:2]',
)
const paths = fc.array(segments, { minLength: 0, maxLength: 4 }).map((all) => `$${all.join('')}`)
const strategies = fc.constantFrom<MaskStrategy>(
  { kind: 'redact', label: 'X' },
  { kind: 'partial', first: 1, last: 2 },
  { kind: 'hash' },
  { kind: 'replace', with: [1, '"'] },
  { kind: 'drop' },
  { kind: 'drop' },
)
const rules = fc
  .array(fc.record({ path: paths, strategy: strategies }), { maxLength: 4 })
  .map((all) => all.map((one, at) => ({ id: `r${at}`, ...one })))
const fields = fc.oneof(
  fc.constant([]),
  fc.array(fc.array(paths, { minLength: 1, maxLength: 3 }), { maxLength: 2 }),
)
const spelling = fc.record({ seed: fc.nat(), size: fc.integer({ min: 1, max: 40 }) })

test('what remains is what another JSONPath engine says, however spelled and cut', () => {
  fc.assert(
    fc.property(rules, fields, values, spelling, (rules, fields, value, how) =>
      check({ rules, fields }, value, how),
    ),
    { numRuns: 2000 },
  )
})

test('where no rule hits, every byte survives and the same chunks come back', () => {
  const masking = compileResultMasking(
    [
      { id: 'r', path: '$..nowhere', strategy: { kind: 'drop' } },
      { id: 's', path: '$.no', strategy: { kind: 'hash' } },
    ],
    [],
  )
  assert.ok('masker' in masking)
  fc.assert(
    fc.property(values, spelling, (value, { seed, size }) => {
      const text = spell(value, seed)
      assert.equal(mask({ rules: [], fields: [] }, text, size), text)
      assert.equal(
        mask(
          { rules: [{ id: 'r', path: '$..nowhere', strategy: { kind: 'drop' } }], fields: [] },
          text,
          size,
        ),
        text,
      )
      const masker = masking.masker({
        mediaType: 'application/json',
        fragment: false,
        key,
        echoes: [],
      })
      const bytes = Buffer.from(text)
      assert.equal(masker?.push(bytes), bytes)
    }),
  )
})

test('a declared value never comes out', () => {
  const secret = 'zq-secret-value'
  fc.assert(
    fc.property(values, strategies, spelling, (value, strategy, { seed, size }) => {
      const body = { ab: value, b: [{ ssn: secret, c: value }], ssn: { deep: [secret] } }
      const rule = {
        id: 'r',
        path: '$..ssn',
        strategy: strategy.kind === 'partial' ? { kind: 'hash' as const } : strategy,
      }
      assert.ok(!mask({ rules: [rule], fields: [] }, spell(body, seed), size).includes(secret))
    }),
  )
})

test('any bytes are masked or withheld, never passed half read', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"b"',
    '1',
    '-',
    '.',
    'e',
    'true',
    'null',
    '"',
    '\\',
    ' ',
    '\n',
  )
  const declared = {
    rules: [{ id: 'r', path: '$..a', strategy: { kind: 'drop' as const } }],
    fields: [],
  }
  fc.assert(
    fc.property(
      fc.array(piece).map((all) => all.join('')),
      fc.integer({ min: 1, max: 9 }),
      (text, size) => {
        let valid = true
        try {
          JSON.parse(text)
        } catch {
          valid = text === ''
        }
        if (valid) mask(declared, text, size)
        else assert.throws(() => mask(declared, text, size), { name: 'MaskError' })
      },
    ),
    { numRuns: 3000 },
  )
})

function automatonOf(
  declared: readonly MaskRule[],
  fields: readonly (readonly string[])[],
): Automaton {
  const read = (text: string): Path => {
    const path = parsePath(text)
    assert.ok(!('problem' in path))
    return path
  }
  return new Automaton(
    declared.map((rule) => ({ rule, path: read(rule.path) })),
    fields.map((list) => list.map(read)),
  )
}

const unbounded: readonly (readonly [name: string, open: string, filler: string, path: string])[] =
  [
    ['elements', '[0', ',{"a":"some text","b":[1,2,3],"c":7}', '$..c'],
    ['one string that is hashed', '{"a":"', 'some text ', '$.a'],
    ['one container that is hashed', '{"a":[0', ',"some text"', '$.a'],
    ['one key', '{"', 'some text', '$.a'],
  ]
for (const [name, open, filler, path] of unbounded) {
  test(`memory stays bounded over ${name} of 64 MB`, () => {
    const out = new Splice()
    const automaton = automatonOf(
      [{ id: 'r', path, strategy: { kind: path === '$.a' ? 'hash' : 'drop' } }],
      [],
    )
    const masker = new JsonMasker({ automaton, key, out, found: new FindingCount() })
    const chunk = Buffer.from(filler.repeat(Math.floor(65_536 / filler.length)))
    let retainedMax = 0
    for (let pushed = -1; pushed < 1000; pushed += 1) {
      const bytes = pushed < 0 ? Buffer.from(open) : chunk
      out.begin(bytes)
      masker.feed(bytes, 0, bytes.length)
      out.take()
      retainedMax = Math.max(retainedMax, masker.retainedBytes)
    }
    assert.ok(retainedMax <= 256 * 1024, `${retainedMax} bytes retained`)
  })
}
