import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Gathered } from './gathered.ts'

test('pieces of any size are what they were together, whatever becomes of them', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 5 }))
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 3 }), (rounds) => {
      const gathered = new Gathered()
      const taken = rounds.map((round) => {
        const expected = Buffer.concat(round)
        for (const piece of round) {
          gathered.add(piece)
          piece.fill(0)
        }
        assert.equal(gathered.length, expected.length)
        return [gathered.take(), expected] as const
      })
      for (const [bytes, expected] of taken) assert.ok(expected.equals(bytes))
    }),
  )
})
