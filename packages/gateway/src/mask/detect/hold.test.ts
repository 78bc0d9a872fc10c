import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Span } from './cell.ts'
import { holdBytesMax, holdFrom } from './hold.ts'
import { scanCell } from './scan.ts'

const page = readFileSync(
  join(import.meta.dirname, '../../../../../docs/reference/entities.md'),
  'utf8',
)
/** What the page says is found, with words around it. */
const texts = page
  .split('\n')
  .filter((line) => line.startsWith('| `') && !line.includes('`field/'))
  .map((line) => `so, ${(line.split('|')[6] ?? '').trim().replaceAll('`', '')} and more`)

test('wherever a text is cut within a value, all of the value is held back', () => {
  let cuts = 0
  for (const text of texts) {
    const bytes = Buffer.from(text)
    const spans: Span[] = []
    scanCell({ bytes, from: 0, to: bytes.length, hint: 0, kind: 'line' }, spans)
    for (const { start, end, rule } of spans) {
      for (let cut = start + 1; cut < end; cut++) {
        cuts += 1
        const held = holdFrom(bytes, 0, cut)
        assert.ok(held <= start, `${rule}: ${text.slice(0, cut)}| holds from ${held}`)
      }
    }
  }
  assert.ok(cuts > 1_000)
})

test('what is held back is bounded, and nothing is held at the end of ordinary words', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'a1 .-@:'), maxLength: 2_000 }), (text) => {
      const bytes = Buffer.from(text)
      const held = holdFrom(bytes, 0, bytes.length)
      assert.ok(held >= 0 && held <= bytes.length && bytes.length - held <= holdBytesMax)
    }),
  )
  const prose = Buffer.from('nothing here could be anything ')
  assert.equal(holdFrom(prose, 0, prose.length), prose.length)
})
