import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { depthOf, elementsOf, membersOf } from './members.ts'

const blanks = fc.constantFrom('', ' ', '\n', '\r\n\t ')
const depth = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? 1 + Math.max(0, ...Object.values(value).map(depth))
    : 0

test('the members of an object are the bytes of their values', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()),
      fc.array(blanks, { minLength: 4, maxLength: 4 }),
      (object, [a = '', b = '', c = '', d = '']) => {
        const parts = Object.entries(object).map(
          ([key, value]) => `${a}${JSON.stringify(key)}${b}:${c}${JSON.stringify(value)}${d}`,
        )
        const bytes = Buffer.from(`${a}{${parts.length > 0 ? parts.join(',') : b}}${d}`)
        const members = membersOf(bytes)
        assert.ok(members)
        assert.deepEqual(
          [...members].map(([key, value]) => [key, Buffer.from(value).toString()]),
          Object.entries(object).map(([key, value]) => [key, JSON.stringify(value)]),
        )
        assert.equal(depthOf(bytes), depth(object))
      },
    ),
  )
})

test('so are the elements of an array', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), blanks, (array, blank) => {
      const texts = array.map((value) => JSON.stringify(value))
      const bytes = Buffer.from(`${blank}[${texts.map((text) => blank + text + blank).join(',')}]`)
      assert.deepEqual(
        elementsOf(bytes).map((element) => Buffer.from(element).toString()),
        texts,
      )
      assert.equal(elementsOf(bytes, 2).length, Math.min(2, texts.length))
    }),
  )
})

test('a key that comes twice is none, however it is written', () => {
  for (const text of ['{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '{"b":{},"a":[],"b":""}']) {
    assert.equal(membersOf(Buffer.from(text)), undefined, text)
  }
  assert.ok(membersOf(Buffer.from('{"a":{"b":1},"b":{"a":1}}')))
})

test('whatever the bytes are, reading them ends', () => {
  const bytes = fc.array(fc.constantFrom(...'{}[]",:\\ a1'), { maxLength: 60 })
  fc.assert(
    fc.property(bytes, (characters) => {
      const some = Buffer.from(characters.join(''))
      for (const read of [membersOf, elementsOf, depthOf]) {
        // A key that is no JSON string, which a document that was read before does not have.
        assert.ok(ends(() => read(some)))
      }
    }),
  )
})

function ends(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch (thrown) {
    return thrown instanceof SyntaxError
  }
}
