import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileResultMasking } from '../compile.ts'
import type { DetectionPlan } from '../plan.ts'
import { CellReader } from './cell-reader.ts'
import { FoldedText } from './fold.ts'

/** Work is counted, not timed: bytes that cells are read of, that are unescaped, and that native code looks through. */
let work = 0
let allowance = Infinity
function count(bytes: number): void {
  work += bytes
  // Ends what would never end.
  assert.ok(work <= allowance, `${work} bytes looked at, of ${allowance}`)
}

const { read } = CellReader.prototype
CellReader.prototype.read = function (cell) {
  count(cell.to - cell.from)
  return read.call(this, cell)
}
const { read: readText } = FoldedText.prototype
FoldedText.prototype.read = function (source, from, to, escapes) {
  count(to - from)
  readText.call(this, source, from, to, escapes)
}
type Size = (self: Buffer, args: readonly unknown[], result: unknown) => number
const number = (value: unknown, otherwise: number) =>
  typeof value === 'number' && value >= 0 ? value : otherwise
const sizes: Readonly<Record<string, Size>> = {
  indexOf: (self, [, from], at) => number(at, self.length - 1) + 1 - number(from, 0),
  toString: (self: Buffer, [, from, to]: readonly unknown[]) =>
    number(to, self.length) - number(from, 0),
}
for (const [name, size] of Object.entries(sizes)) {
  const holder: Record<string, unknown> = Object.create(Buffer.prototype)
  const original = holder[name]
  assert.ok(typeof original === 'function')
  const counted = function (this: Buffer, ...args: unknown[]): unknown {
    const result: unknown = original.apply(this, args)
    count(size(this, args, result))
    return result
  }
  Object.defineProperty(Buffer.prototype, name, { value: counted })
}

const plan: DetectionPlan = {
  rules: [{ id: 'all', entities: ['*'], confidence: 50, strategy: { kind: 'redact' } }],
  custom: [],
  allowed: new Set(),
  onError: 'block',
  digest: 'test',
}

type Case = {
  readonly type: string
  readonly body: string
  readonly chunk?: number
  readonly out?: string
  /** How often each byte may be looked at. */
  readonly times?: number
}

function check({ type: mediaType, body, chunk = 1_000_000, out, times = 10 }: Case): void {
  const masking = compileResultMasking([], [], plan)
  assert.ok('masker' in masking)
  const options = { mediaType, fragment: false, key: Buffer.alloc(32), echoes: [] }
  const masker = masking.masker(options)
  assert.ok(masker)
  const bytes = Buffer.from(body)
  work = 0
  allowance = times * bytes.length
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += chunk) {
    parts.push(masker.push(bytes.subarray(at, at + chunk)))
  }
  const rest = masker.end()
  allowance = Infinity
  const told = Buffer.concat([...parts, rest]).toString()
  if (out !== undefined) assert.equal(told, out)
  assert.doesNotMatch(told, /4111 1111 1111 1111/)
}

const form = 'application/x-www-form-urlencoded'
const nothingWide = '\u200b'
const hidden = '[REDACTED:SECRET]'

/** A list whose one string is such a list, and so on, and none of which has an end. */
function brokenJson(piece: string, levels: number): string {
  let text = piece.repeat(10_000)
  for (let level = 0; level < levels; level += 1) {
    text = `[${JSON.stringify(text)} and more`
  }
  return text
}

const cases: Readonly<Record<string, Case>> = {
  'a field of a form that folds to nothing': {
    type: form,
    body: `a=${'%e2%80%8b'.repeat(15_000)}`,
  },
  'a line that folds to a digit': { type: 'text/plain', body: `x 4${nothingWide.repeat(66_666)}` },
  'a string that folds to a digit': {
    type: 'application/json',
    body: `{"a":"4${nothingWide.repeat(200_000)}"}`,
    out: `{"a":"${hidden}"}`,
  },
  'that string in chunks': {
    type: 'application/json',
    body: `{"a":"4${nothingWide.repeat(200_000)}"}`,
    chunk: 65_536,
  },
  'that string in smaller chunks': {
    type: 'application/json',
    body: `{"a":"4${nothingWide.repeat(200_000)}"}`,
    chunk: 16_384,
  },
  'markup that folds to a digit': { type: 'text/xml', body: `<a>4${'&#8203;'.repeat(28_571)}</a>` },
  'a value behind what folds to nothing': {
    type: 'application/json',
    body: `{"a":"4${'\\u200b'.repeat(60_000)} 4111 1111 1111 1111"}`,
  },
  'a value behind references that fold to nothing': {
    type: 'text/xml',
    body: `<a>4${'&#8203;'.repeat(28_571)} 4111 1111 1111 1111</a>`,
  },
  'a path of which each step begins like base64': {
    type: 'application/json',
    body: `["to ${`${Buffer.from('some words 1').toString('base64')}_`.repeat(3_000)}~"]`,
  },
  'text that only begins like JSON, within itself again and again': {
    type: 'application/json',
    body: JSON.stringify([brokenJson('4111 words %41 ', 7)]),
    // Eight levels, and the first of them in every way in which it may be escaped.
    times: 18,
  },
  'signs that escape nothing': {
    type: 'application/json',
    body: JSON.stringify(['c:\\program 12%z '.repeat(10_000)]),
  },
  'escapes of two kinds, several times escaped': {
    type: 'application/json',
    body: JSON.stringify(['\\\\n%41 4111 words and more words and others '.repeat(4_000)]),
  },
  'parts of a few bytes': {
    type: 'multipart/form-data; boundary=b',
    body: `${'--b\r\nA: b\r\n\r\nx\r\n'.repeat(10_000)}--b--\r\n`,
  },
  'parts of a few bytes, with bare line feeds': {
    type: 'multipart/form-data; boundary=b',
    body: `${'--b\nA: b\n\nx\n'.repeat(10_000)}--b--\n`,
  },
}
for (const [name, one] of Object.entries(cases)) test(`bounded: ${name}`, () => check(one))
