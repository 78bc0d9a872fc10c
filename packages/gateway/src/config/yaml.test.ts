import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import { limits } from './limits.ts'
import { readYaml } from './yaml.ts'

const schema = z.strictObject({
  name: z.string(),
  port: z.int().max(65535).optional(),
  things: z.array(z.strictObject({ id: z.string(), size: z.number().optional() })).optional(),
  credential: z
    .union([
      z.literal('none'),
      z.strictObject({ bearer: z.strictObject({ env: z.string() }) }),
      z.strictObject({ basic: z.strictObject({ username: z.string() }) }),
    ])
    .optional(),
  any: z.unknown().optional(),
})

/** Each problem as `line:column message (hint)`. */
function check(text: string, expected: readonly string[]): void {
  const { value, problems } = readYaml(text, 'x.yaml', schema)
  const lines = problems.map(
    ({ line, column, message, hint }) => `${line}:${column} ${message}${hint ? ` (${hint})` : ''}`,
  )
  assert.deepEqual(lines, expected)
  assert.equal(value === undefined, expected.length > 0)
}

const laughs = `any:\n  a0: &a0 [x]\n${Array.from({ length: 30 }, (_, at) => {
  const one = `*a${at}`
  return `  a${at + 1}: &a${at + 1} [${Array(9).fill(one).join(', ')}]`
}).join('\n')}\nname: x`

const cases: readonly (readonly [name: string, text: string, expected: readonly string[]])[] = [
  ['reads a plain file', 'name: x\nport: 80\n', []],
  ['reads an alias', 'name: &n x\nthings:\n  - id: *n', []],
  ['names what is missing', 'port: 80', ['1:1 `name` is required.']],
  ['an empty file is an empty mapping', '', ['1:1 `name` is required.']],
  [
    'offers the nearest key',
    'name: x\nprot: 80',
    ['2:1 `prot` is not known here. (Did you mean `port`?)'],
  ],
  [
    'lists the known keys where none is near',
    'name: x\nthings:\n  - id: a\n    zzzzzzz: 1',
    ['4:5 `zzzzzzz` is not known here. (Known here: id, size.)'],
  ],
  [
    'lists every problem at once',
    'name: 1\nport: x\nthings: [{id: 2}]',
    ['1:1 `name` has to be text.', '2:1 `port` has to be a number.', '3:11 `id` has to be text.'],
  ],
  [
    'a union speaks through its closest branch',
    'name: x\ncredential: {bearer: {enw: X}}',
    ['2:14 `env` is required.', '2:23 `enw` is not known here. (Did you mean `env`?)'],
  ],
  [
    'a union that nothing fits names its kinds',
    'name: x\ncredential: 3',
    ['2:1 `credential` has to be `none` or a mapping (`key: value`).'],
  ],
  ['refuses an alias of nothing', 'name: *n', ['1:7 This alias names no anchor above it.']],
  ['refuses a duplicate key', 'name: x\nname: y', ['2:1 `name` is written twice.']],
  ['refuses keys equal as text', 'name: x\nany: {1: a, "1": b}', ['2:13 `1` is written twice.']],
  ['refuses __proto__', 'name: x\nany: {__proto__: 1}', ['2:7 This key is not allowed.']],
  ['refuses keys that are no text', 'name: x\nany: {[a]: 1}', ['2:7 A key has to be plain text.']],
  ['refuses tags', 'name: !secret x', ['1:7 Tags (`!…`) are not known here.']],
  ['refuses a second document', 'name: x\n---\nname: y', ['2:1 A file holds one document.']],
  ['refuses tabs', 'any:\n\t- x', ['2:1 Indentation must be spaces, not tabs.']],
  [
    'refuses numbers that would be rounded',
    'name: x\nany: 12345678901234567890',
    ['2:6 This number cannot be held exactly. Quote it.'],
  ],
  ['a merge key is an ordinary key', 'name: x\nany: {<<: {a: 1}}', []],
  [
    'refuses a file too long',
    `name: ${'x'.repeat(limits.yamlBytes)}`,
    [`0:0 The file is longer than ${limits.yamlBytes} bytes.`],
  ],
  [
    'refuses an avalanche of aliases',
    laughs,
    [`0:0 The file follows aliases more than ${limits.yamlAliases} times.`],
  ],
  [
    'refuses a file too deep',
    `name: x\nany: ${'['.repeat(65)}${']'.repeat(65)}`,
    [`0:0 The file nests deeper than ${limits.yamlDepth} levels.`],
  ],
  [
    'refuses a file deeper than the parser',
    `name: x\nany: ${'['.repeat(20_000)}${']'.repeat(20_000)}`,
    [`0:0 The file nests deeper than ${limits.yamlDepth} levels.`],
  ],
]
for (const [name, text, expected] of cases) test(name, () => check(text, expected))

test('a problem never quotes a value', () => {
  const { problems } = readYaml('name: x\nport: [hunter2]\ncredential: hunter2: x', 'x', schema)
  assert.ok(problems.length > 0)
  assert.doesNotMatch(JSON.stringify(problems), /hunter2/)
})

test('any text is read or refused, never thrown at', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
      const { value, problems, positionOf } = readYaml(text, 'x', schema)
      assert.equal(value === undefined, problems.length > 0)
      assert.ok(positionOf(['things', 0, 'id']).line >= 1)
    }),
  )
})
