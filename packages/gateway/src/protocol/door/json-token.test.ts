import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { stringEnd } from './json-token.ts'

/** Long enough for what is looked at byte by byte, and for what is searched behind it. */
const texts = fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', 'é'), maxLength: 120 })

test('a string ends at its own closing quote, whatever is in it and behind it', () => {
  fc.assert(
    fc.property(texts, texts, (text, behind) => {
      const string = Buffer.from(JSON.stringify(text))
      const bytes = Buffer.concat([Buffer.from('[ '), string, Buffer.from(behind)])
      assert.equal(stringEnd(bytes, 2), 2 + string.length - 1)
    }),
    { numRuns: 500 },
  )
})

test('a string that breaks off has no end', () => {
  fc.assert(
    fc.property(texts, fc.nat(), (text, cut) => {
      const string = Buffer.from(JSON.stringify(text))
      const part = string.subarray(0, 1 + (cut % (string.length - 1)))
      assert.equal(stringEnd(part, 0), -1)
    }),
    { numRuns: 500 },
  )
})
