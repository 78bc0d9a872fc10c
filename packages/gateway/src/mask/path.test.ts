import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parsePath, type Selector } from './path.ts'

type Read = readonly (readonly [descendant: boolean, ...selectors: Selector[]])[]

const name = (text: string): Selector => ({ kind: 'name', name: text })
const index = (at: number): Selector => ({ kind: 'index', index: at })
const all: Selector = { kind: 'wildcard' }
const slice = (start: number, end?: number, step = 1): Selector => ({
  kind: 'slice',
  start,
  end,
  step,
})

function check(text: string, expected: Read | { at: number; says: RegExp }): void {
  const path = parsePath(text)
  if ('says' in expected) {
    assert.ok('problem' in path, 'expected a problem')
    assert.match(path.problem, expected.says)
    assert.equal(path.at, expected.at)
    return
  }
  const segments = expected.map(([descendant, ...selectors]) => ({ descendant, selectors }))
  assert.deepEqual(path, { text, segments })
}

const cases: readonly (readonly [text: string, expected: Parameters<typeof check>[1]])[] = [
  ['$', []],
  [
    '$.a.b_1',
    [
      [false, name('a')],
      [false, name('b_1')],
    ],
  ],
  [
    '$.straße.😀',
    [
      [false, name('straße')],
      [false, name('😀')],
    ],
  ],
  [
    '$[\'a b\']["c"]',
    [
      [false, name('a b')],
      [false, name('c')],
    ],
  ],
  [
    "$['it\\'s']['\\u0041\\n\\uD83D\\uDE00']",
    [
      [false, name("it's")],
      [false, name('A\n😀')],
    ],
  ],
  [
    '$.*[*]',
    [
      [false, all],
      [false, all],
    ],
  ],
  ['$[0, 12]', [[false, index(0), index(12)]]],
  [
    '$[1:3][:2][2:][::3][ 1 : 9 : 2 ]',
    [
      [false, slice(1, 3)],
      [false, slice(0, 2)],
      [false, slice(2)],
      [false, slice(0, undefined, 3)],
      [false, slice(1, 9, 2)],
    ],
  ],
  [
    "$..a..*..['b',0]",
    [
      [true, name('a')],
      [true, all],
      [true, name('b'), index(0)],
    ],
  ],
  [
    '$ .a ["b"]',
    [
      [false, name('a')],
      [false, name('b')],
    ],
  ],
  ['', { at: 0, says: /must start with \$/ }],
  ['a.b', { at: 0, says: /must start with \$/ }],
  ['$a', { at: 1, says: /expected/ }],
  ['$.', { at: 2, says: /expected a name/ }],
  ['$.a-b', { at: 3, says: /expected/ }],
  ['$.1a', { at: 2, says: /expected a name/ }],
  ['$...a', { at: 3, says: /expected a name/ }],
  ['$.a ', { at: 3, says: /white space/ }],
  ['$[-1]', { at: 2, says: /count from the start, or use \[\*\]/ }],
  ['$[0:-1]', { at: 4, says: /count from the start/ }],
  ['$[::-1]', { at: 4, says: /count from the start/ }],
  ['$[::0]', { at: 4, says: /step of 0/ }],
  ['$[01]', { at: 2, says: /leading zeros/ }],
  ['$[9007199254740993]', { at: 2, says: /too large/ }],
  ['$[?@.a == 1]', { at: 2, says: /look ahead.*name the members/ }],
  ['$.length()', { at: 8, says: /function/ }],
  ['$[]', { at: 2, says: /expected a quoted name/ }],
  ['$[0', { at: 3, says: /expected ',' or '\]'/ }],
  ["$['a", { at: 2, says: /does not end/ }],
  ["$['\\x']", { at: 4, says: /unknown escape/ }],
  ["$['\\\"']", { at: 4, says: /unknown escape/ }],
  ["$['\\u12']", { at: 5, says: /four hexadecimal/ }],
  ["$['\\uD800']", { at: 2, says: /surrogate/ }],
  ["$['a\nb']", { at: 4, says: /control characters/ }],
  [`$${'.a'.repeat(65)}`, { at: 129, says: /64 segments/ }],
  [`$.${'a'.repeat(1100)}`, { at: 1024, says: /1024 characters/ }],
]
for (const [text, expected] of cases) {
  test(`path ${text.slice(0, 40)}`, () => check(text, expected))
}

test('any text gives a path or a problem, never an exception', () => {
  const piece = fc.constantFrom(
    '$',
    '.',
    '..',
    '[',
    ']',
    '*',
    'a',
    "'",
    '"',
    '\\',
    '-',
    '1',
    ':',
    ',',
    ' ',
    '?',
    'u',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece).map((all) => `$${all.join('')}`),
      ),
      (text) => {
        parsePath(text)
      },
    ),
  )
})
