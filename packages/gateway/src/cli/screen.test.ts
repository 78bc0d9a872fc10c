import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openScreen } from './screen.ts'

/** What is seen on a terminal that knows line feeds, cursor up and erase below, and wraps at its width. */
function terminal({ columns, rows }: { columns: number; rows: number }) {
  const seen: string[] = []
  return {
    columns,
    rows,
    write: (text: string) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what a terminal reads.
      for (const [part] of text.matchAll(/\u001b\[(\d+)A\u001b\[0J|[^\u001b\n]*\n/g)) {
        const up = /\[(\d+)A/.exec(part)
        if (up) seen.splice(seen.length - Number(up[1]))
        else {
          const line = part.slice(0, -1)
          seen.push(line.slice(0, columns))
          for (let at = columns; at < line.length; at += columns) {
            seen.push(line.slice(at, at + columns))
          }
        }
      }
    },
    seen: () => [...seen],
  }
}

test('a list is drawn again in place, and what is said stays above it', () => {
  const on = terminal({ columns: 20, rows: 10 })
  const screen = openScreen(on)
  screen.draw(['a', 'b'])
  screen.draw(['a', 'b', 'c'])
  screen.say('said')
  screen.draw(['d'])
  assert.deepEqual(on.seen(), ['said', 'd'])
  screen.draw([])
  assert.deepEqual(on.seen(), ['said'])
})

test('lines wider than the terminal are gone back over whole', () => {
  const on = terminal({ columns: 5, rows: 10 })
  const screen = openScreen(on)
  screen.draw(['1234567890ab', 'x'])
  screen.draw(['y'])
  assert.deepEqual(on.seen(), ['y'])
})

test('a list taller than the terminal is cut, and says so', () => {
  const on = terminal({ columns: 40, rows: 6 })
  const screen = openScreen(on)
  screen.draw(['1', '2', '3', '4', '5', '6'])
  assert.deepEqual(on.seen(), ['1', '2', '3', '… and 3 more lines'])
  screen.draw(['1', '2', '3', '4'])
  assert.deepEqual(on.seen(), ['1', '2', '3', '4'])
})

test('colours take no room', () => {
  const written: string[] = []
  const screen = openScreen({ columns: 5, rows: 10, write: (text) => written.push(text) })
  screen.draw(['\u001b[31m12345\u001b[39m'])
  screen.draw(['x'])
  assert.ok(written[1]?.startsWith('\u001b[1A'), written[1])
})
