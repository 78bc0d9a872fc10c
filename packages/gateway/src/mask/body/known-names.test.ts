import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileResultMasking } from '../compile.ts'

/** Makes a masker anew, which has met no key before. */
function fresh(): (text: string, size?: number) => string {
  const rule = { id: 'all', confidence: 50, strategy: { kind: 'redact' } } as const
  const masking = compileResultMasking([], [], {
    rules: [{ ...rule, entities: ['*'] }],
    custom: [],
    allowed: new Set(),
    onError: 'block',
    digest: 'test',
  })
  assert.ok('masker' in masking)
  return (text, size = text.length) => {
    const options = { fragment: false, key: Buffer.alloc(32), echoes: [] }
    const masker = masking.masker({ ...options, mediaType: 'application/json' })
    assert.ok(masker)
    const bytes = Buffer.from(text)
    const out: Uint8Array[] = []
    for (let at = 0; at < bytes.length; at += size) {
      const chunk = Buffer.from(bytes.subarray(at, at + size))
      out.push(Buffer.from(masker.push(chunk)))
      // Whoever pushed it may use it again.
      chunk.fill(0)
    }
    return Buffer.concat([...out, masker.end()]).toString()
  }
}

/** Some say what their value is, some begin like others, some end in an escape, some are values themselves. */
const keys = fc.constantFrom(
  ...['name', 'nam', 'name2', 'names', 'value', 'key', 'password', 'password_count', 'note'],
  ...['birth_date', 'birth', 'id', '', 'n\\u0061me', 'nora@example.org', 'note\\"'],
)
const values = fc.constantFrom('"Zubrowka"', '"1987-06-05"', '12', '"password"', '{}', '["Abel"]')
const record = fc
  .array(fc.tuple(keys, values), { maxLength: 6 })
  .map((members) => `{${members.map(([key, value]) => `"${key}":${value}`).join()}}`)

test('a key says the same, whatever keys were met before it and in which order', () => {
  fc.assert(
    fc.property(
      fc.array(record, { maxLength: 8 }),
      fc.integer({ min: 1, max: 40 }),
      (all, size) => {
        const alone = all.map((one) => fresh()(one))
        const mask = fresh()
        const list = `[${all.join()}]`
        assert.equal(mask(list), `[${alone.join()}]`)
        // Now all are known, and follow one another.
        assert.equal(mask(list), `[${alone.join()}]`)
        assert.equal(mask(list, size), `[${alone.join()}]`)
      },
    ),
    { numRuns: 200 },
  )
})

test('what a name says of the value beside it holds when both come in other chunks', () => {
  const mask = fresh()
  for (const text of [
    '[{"name":"password","value":"hunter2abc"}]',
    '[{"key":"card holder name","x":{"name":"id"},"value":"Zubrowka"}]',
  ]) {
    const whole = mask(text)
    assert.match(whole, /"value":"\[REDACTED:/)
    for (let size = 1; size < text.length; size += 1) assert.equal(mask(text, size), whole)
  }
})
