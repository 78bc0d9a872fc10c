import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadRulebook } from './load.ts'
import { runPolicyTests } from './run-tests.ts'

const folder = join(import.meta.dirname, '../../../../examples/rulebooks/demo')
const loaded = await loadRulebook(folder)

test('the demo rulebook is valid', () => {
  assert.deepEqual('problems' in loaded ? loaded.problems : [], [])
})

if (!('problems' in loaded)) {
  for (const { name, passed, expected, got } of runPolicyTests(loaded.inForce, loaded.tests)) {
    test(name, () => assert.ok(passed, `expected ${expected}, got ${got}`))
  }
  test('every function has a test', () => {
    const called = new Set(loaded.tests.map(({ call }) => call))
    assert.deepEqual(
      loaded.rulebook.functions.map(({ id }) => id).filter((id) => !called.has(id)),
      [],
    )
  })
  test('a customer is masked as declared', () => {
    const fn = loaded.rulebook.functions.find(({ id }) => id === 'crm.customer.get')
    assert.ok(fn)
    const key = new Uint8Array(32)
    const options = { mediaType: 'application/json', fragment: false, key, echoes: [] }
    const masker = loaded.inForce.resultMasking(fn, { fields: [], parties: [] }).masker(options)
    assert.ok(masker)
    const body = {
      email: 'maria.schneider@mail.example',
      ssn: '536-22-8716',
      card: { number: '4539578763621486' },
      plan: 'business',
    }
    const parts = [masker.push(Buffer.from(JSON.stringify(body))), masker.end()]
    assert.deepEqual(JSON.parse(Buffer.concat(parts).toString()), {
      email: 'm**************@mail.example',
      ssn: '[REDACTED:SSN]',
      card: { number: '453957******1486' },
      plan: 'business',
    })
  })
}
