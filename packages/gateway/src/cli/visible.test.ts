import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { tableLines } from './output.ts'
import { styleOf } from './style.ts'
import { columnsOf, fitTo, visible, visibleJson, visibleLines } from './visible.ts'

function check(text: string, expected: string): void {
  assert.equal(visible(text), expected)
}

const cases: readonly (readonly [name: string, text: string, expected: string])[] = [
  ['leaves words alone', 'Zoë’s café 東京 ok', 'Zoë’s café 東京 ok'],
  ['shows an escape that would clear the screen', '\u001b[2J', '\\u{1b}[2J'],
  ['shows an operating system command', '\u001b]0;owned\u0007', '\\u{1b}]0;owned\\u{7}'],
  ['shows an 8-bit control sequence', '\u009b31m', '\\u{9b}31m'],
  ['shows a carriage return that would overwrite', 'deny\rapprove', 'deny\\u{d}approve'],
  ['shows a line feed within one line', 'a\nb', 'a\\u{a}b'],
  ['shows a right-to-left override', 'exe\u202egnp', 'exe\\u{202e}gnp'],
  ['shows isolates', '\u2066x\u2069', '\\u{2066}x\\u{2069}'],
  ['shows a zero-width space', 'ad\u200bmin', 'ad\\u{200b}min'],
  ['shows tag characters', 'a\u{e0041}', 'a\\u{e0041}'],
  ['shows a blank that is no space', 'a\u00a0b', 'a\\u{a0}b'],
  ['shows a lone surrogate', 'a\ud800', 'a\\u{d800}'],
]
for (const [name, text, expected] of cases) test(name, () => check(text, expected))

test('text of several lines keeps its lines and nothing else', () => {
  assert.equal(visibleLines('a\n\tb\r\u001b'), 'a\n\tb\\u{d}\\u{1b}')
})

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const painting = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/

test('JSON stays the same value, whatever is in it, and paints nothing', () => {
  const hostile = fc.string({ unit: 'binary', maxLength: 40 })
  fc.assert(
    fc.property(fc.dictionary(hostile, hostile), (value) => {
      const text = visibleJson(value, 2)
      assert.deepEqual({ ...JSON.parse(text) }, { ...value })
      assert.doesNotMatch(text, painting)
    }),
  )
})

const hostileRow = fc.record({
  id: fc.string({ unit: 'binary', maxLength: 60 }),
  name: fc.string({ unit: 'grapheme', maxLength: 200 }),
})
const columns = [
  { title: 'ID', value: (row: { id: string; name: string }) => row.id, whole: true },
  { title: 'NAME', value: (row: { id: string; name: string }) => row.name },
  { title: 'LAST', value: () => 'x'.repeat(30) },
]

test('a row of a table is one line that paints nothing and keeps ids whole', () => {
  fc.assert(
    fc.property(fc.array(hostileRow, { maxLength: 5 }), (rows) => {
      const style = styleOf({}, {})
      const lines = tableLines(rows, { columns, columnsMax: 60, style })
      assert.equal(lines.length, rows.length + 1)
      for (const [at, line] of lines.entries()) {
        assert.doesNotMatch(line, painting)
        assert.doesNotMatch(line, /\n/)
        assert.ok(at === 0 || line.startsWith(visible(rows[at - 1]?.id ?? '')))
      }
    }),
  )
})

test('a table fits where it can', () => {
  const rows = [{ id: 'key_0123456789abcdef', name: 'n'.repeat(100) }]
  const lines = tableLines(rows, { columns, columnsMax: 60, style: styleOf({}, {}) })
  for (const line of lines) assert.ok(columnsOf(line) <= 60, line)
  assert.match(lines[1] ?? '', /^key_0123456789abcdef {2}n+…/)
})

test('text is cut by columns, not by characters', () => {
  assert.equal(fitTo('東京都', 5), '東京…')
  assert.equal(fitTo('abc', 3), 'abc')
})

const colours: readonly (readonly [
  name: string,
  stream: { isTTY?: boolean },
  env: Record<string, string>,
  coloured: boolean,
])[] = [
  ['colour on a terminal', { isTTY: true }, {}, true],
  ['no colour in a pipe', {}, {}, false],
  ['NO_COLOR wins', { isTTY: true }, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  ['FORCE_COLOR in a pipe', {}, { FORCE_COLOR: '1' }, true],
  ['FORCE_COLOR=0 on a terminal', { isTTY: true }, { FORCE_COLOR: '0' }, false],
  ['a dumb terminal has none', { isTTY: true }, { TERM: 'dumb' }, false],
]
for (const [name, stream, env, coloured] of colours) {
  test(name, () => {
    assert.equal(styleOf(stream, env).red('x') !== 'x', coloured)
  })
}
