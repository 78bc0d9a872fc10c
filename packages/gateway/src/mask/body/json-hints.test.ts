import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileResultMasking } from '../compile.ts'

/** Masks a JSON body with every entity: which of its values are hidden, and as what. */
function check(body: unknown, out: unknown): void {
  const masking = compileResultMasking([], [], {
    rules: [{ id: 'all', entities: ['*'], confidence: 50, strategy: { kind: 'redact' } }],
    custom: [],
    allowed: new Set(),
    onError: 'block',
    digest: 'test',
  })
  assert.ok('masker' in masking)
  const mediaType = 'application/json'
  const masker = masking.masker({ mediaType, fragment: false, key: Buffer.alloc(32), echoes: [] })
  assert.ok(masker)
  const bytes = Buffer.from(JSON.stringify(body))
  assert.deepEqual(JSON.parse(Buffer.concat([masker.push(bytes), masker.end()]).toString()), out)
}

const short = '4297299752889'
const card = '[REDACTED:CREDIT_CARD]'

test('a member that only says number takes what its object is called', () => {
  check({ card: { number: short, exp: 1 } }, { card: { number: card, exp: 1 } })
  check({ credit_card: { num: Number(short) } }, { credit_card: { num: card } })
  check({ cards: [{ no: short }, { number: short }] }, { cards: [{ no: card }, { number: card }] })
  check({ a: JSON.stringify({ card: { number: short } }) }, { a: `{"card":{"number":"${card}"}}` })
  check({ ssn: { value: '536904399' } }, { ssn: { value: '[REDACTED:US_SSN]' } })
  check({ password: { value: 'tr0mbone' } }, { password: { value: '[REDACTED:SECRET]' } })
})

test('it says nothing of members that have a name of their own, nor of objects within', () => {
  for (const same of [
    { number: short },
    { card: { id: short } },
    { card: { batch: { number: short } } },
    { card: { page: 1 }, number: short },
    { order: { number: '4155550132' } },
    { street: { number: '12' } },
  ]) {
    check(same, same)
  }
})
