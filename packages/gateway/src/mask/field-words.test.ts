import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileResultMasking } from './compile.ts'
import { isFieldName } from './field-words.ts'

/** A key under which an address is found, where only `entities` are looked for, and what the record calls it. */
const rows: readonly (readonly [
  key: string,
  entities: readonly string[],
  recorded: string,
  declared?: readonly string[],
])[] = [
  ['customer', ['EMAIL_ADDRESS'], '$.customer.e'],
  ['billingAddress2', ['*'], '$.billingAddress2.e'],
  ['HTTP_header', ['*'], '$.HTTP_header.e'],
  ['x', ['*'], '$.x.e'],
  // A rule that looks for no secrets shows none.
  ['AKIAQ3EGRZWX7HVN5MKT', ['EMAIL_ADDRESS'], '$[*].e'],
  ['user_sk_live_4eC39HqLyjWDarjtT1zdp7dc', ['EMAIL_ADDRESS'], '$[*].e'],
  ['user_sk_live_4eC39HqLyjWDarjtT1zdp7dc', ['*'], '$[*].e'],
  ['secret_AKIAQ3EGRZWX7HVN5MKT', ['*'], '$[*].e'],
  ['nora_quist', ['*'], '$[*].e'],
  ['NoraQuist', ['*'], '$[*].e'],
  ['hunter2xyz', ['*'], '$[*].e'],
  ['correct_horse_battery_staple', ['*'], '$[*].e'],
  ['user_739', ['*'], '$[*].e'],
  ['id_1_2_3', ['*'], '$[*].e'],
  ['user nora', ['*'], '$[*].e'],
  // What the rulebook says itself is nobody's.
  ['zubrowka', ['*'], '$[*].e'],
  ['zubrowka', ['*'], '$.zubrowka.e', ['zubrowka']],
]

for (const [key, entities, recorded, declared = []] of rows) {
  test(`${key} ${entities} ${declared}`, () => {
    const rule = { id: 'r', entities, confidence: 50, strategy: { kind: 'redact' } } as const
    const plan = { rules: [rule], custom: [], allowed: new Set<string>(), digest: 'd' } as const
    const names = new Set(declared)
    const masking = compileResultMasking([], [], { ...plan, names, onError: 'block' })
    assert.ok('masker' in masking)
    for (const text of [
      JSON.stringify({ [key]: { e: 'nora@example.org' } }),
      `{"${key.replace(/^./, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)}":{"e":"nora@example.org"}}`,
    ]) {
      const given = { fragment: false, key: Buffer.alloc(32), echoes: [] }
      const masker = masking.masker({ ...given, mediaType: 'application/json' })
      assert.ok(masker)
      // Twice in pieces, as a key that is known and one that is kept.
      const half = text.length >> 1
      masker.push(Buffer.from(text.slice(0, half)))
      masker.push(Buffer.from(text.slice(half)))
      masker.end()
      const paths: readonly string[] = masker.findings().flatMap(({ path, found }) => {
        return found?.entity === 'EMAIL_ADDRESS' ? [path] : []
      })
      const escaped = text.includes('\\u')
      // How an escaped key is spelled says nothing to the record.
      if (!escaped) assert.deepEqual(paths, [recorded])
      else assert.ok(paths.every((path) => path === recorded || path === '$[*].e'))
    }
  })
}

test('words that only begin or end like a known one are not known', () => {
  assert.deepEqual(['customers', 'customerx', 'xcustomer'].map(isFieldName), [true, false, false])
})
