import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import validator from 'validator'
import { standIn } from './span-strategy.ts'
import { surrogateOf } from './surrogate.ts'
import { tokenised, tokenOf } from './token.ts'

const key = randomBytes(32)
const other = randomBytes(32)

test('a token says nothing, is the same for the same value, and is turned back by its key alone', () => {
  const text = fc.string({ unit: 'binary', maxLength: 200 })
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Z_]{1,20}$/), text, text, (type, value, another) => {
      const token = tokenOf(type, value, key)
      assert.match(token, /^tok_1_[\w-]+$/)
      assert.deepEqual(tokenised(token, key), { type, value: Buffer.from(value).toString() })
      assert.equal(tokenOf(type, value, key), token)
      assert.equal(tokenised(token, other), undefined)
      const same = Buffer.from(value).equals(Buffer.from(another))
      assert.equal(tokenOf(type, another, key) === token, same)
      assert.notEqual(tokenOf(`${type}X`, value, key), token)
    }),
  )
})

test('a token that somebody changed is none', () => {
  const token = tokenOf('US_SSN', '536-22-8716', key)
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  for (let at = 0; at < token.length; at += 1) {
    for (const letter of letters) {
      if (token[at] === letter) continue
      const changed = `${token.slice(0, at)}${letter}${token.slice(at + 1)}`
      assert.equal(tokenised(changed, key), undefined, changed)
    }
  }
  for (const wrong of ['', 'tok_1_', `${token}A`, token.slice(0, -1), `${token}=`, ` ${token}`]) {
    assert.equal(tokenised(wrong, key), undefined, wrong)
  }
})

const surrogates: readonly {
  readonly type: string
  readonly value: string
  /** Whether this could be somebody's. */
  readonly isReal: (value: string) => boolean
  readonly looksLike: RegExp
}[] = [
  {
    type: 'CREDIT_CARD',
    value: '4111 1111 1111 1111',
    isReal: (value) => validator.isLuhnNumber(value.replace(/\D/g, '')),
    looksLike: /^\d{4} \d{4} \d{4} \d{4}$/,
  },
  {
    type: 'IBAN_CODE',
    value: 'DE89370400440532013000',
    isReal: (value) => validator.isIBAN(value),
    looksLike: /^DE0[01]\d{18}$/,
  },
  {
    type: 'EMAIL_ADDRESS',
    value: 'jo@corp.example',
    isReal: (value) => !value.endsWith('.invalid'),
    looksLike: /^user-[0-9a-f]{12}@example\.invalid$/,
  },
  {
    type: 'US_SSN',
    value: '536-22-8716',
    isReal: (value) => !value.startsWith('000'),
    looksLike: /^\d{3}-\d{2}-\d{4}$/,
  },
  {
    type: 'IP_ADDRESS',
    value: '10.1.2.3',
    isReal: (value) => !value.startsWith('192.0.2.'),
    looksLike: /^\d+\.\d+\.\d+\.\d+$/,
  },
]
for (const { type, value, isReal, looksLike } of surrogates) {
  test(`a surrogate of ${type} is nobody's, and the same each time`, () => {
    for (let n = 0; n < 200; n += 1) {
      const mine = randomBytes(32)
      const surrogate = surrogateOf(type, value, mine) ?? assert.fail()
      assert.match(surrogate, looksLike)
      assert.ok(!isReal(surrogate), surrogate)
      assert.equal(surrogateOf(type, value, mine), surrogate)
    }
  })
}

/** Two spellings, and whether they are one value. */
const spellings: readonly (readonly [type: string, one: string, other: string, isSame: boolean])[] =
  [
    ['CREDIT_CARD', '4111 1111 1111 1111', '4111111111111111', true],
    ['CREDIT_CARD', '4111-1111-1111-1111', '4111 1111 1111 1111', true],
    ['CREDIT_CARD', '4111111111111111', '4111 1111 1111 1129', false],
    ['IBAN_CODE', 'DE89 3704 0044 0532 0130 00', 'DE89370400440532013000', true],
    ['IBAN_CODE', 'gb82 west 1234 5698 7654 32', 'GB82WEST12345698765432', true],
    ['US_SSN', '536-22-8716', '536228716', true],
    ['EMAIL_ADDRESS', 'Nora@Example.org', 'nora@example.org', true],
    ['PHONE_NUMBER', '+44 20 7946 0958', '+442079460958', true],
    ['MAC_ADDRESS', '00:1b:44:11:3a:b7', '00-1B-44-11-3A-B7', true],
    ['IP_ADDRESS', '2001:DB8::1', '2001:db8::1', true],
    // Without what separates them these would be the same digits.
    ['IP_ADDRESS', '1.11.1.1', '11.1.1.1', false],
    ['DATE_OF_BIRTH', '1-11-2000', '11-1-2000', false],
  ]
for (const [type, one, other, isSame] of spellings) {
  test(`${one} and ${other} are ${isSame ? 'one value' : 'two values'}`, () => {
    const of = (kind: 'pseudonym' | 'surrogate' | 'tokenise', text: string) =>
      standIn({ strategy: { kind }, type, text, key })
    assert.equal(of('pseudonym', one) === of('pseudonym', other), isSame)
    const bare = (text: string) => of('surrogate', text).replace(/[\s-]/g, '').toUpperCase()
    if (isSame && surrogateOf(type, one, key) !== undefined) assert.equal(bare(one), bare(other))
    if (['CREDIT_CARD', 'IBAN_CODE', 'US_SSN'].includes(type)) {
      const form = (text: string) =>
        text.replace(/\d/g, '0').replace(/[a-z]/g, 'a').replace(/[A-Z]/g, 'A')
      for (const text of [one, other]) assert.equal(form(of('surrogate', text)), form(text))
    }
    // What was written comes back.
    assert.notEqual(of('tokenise', one), of('tokenise', other))
    for (const value of [one, other]) {
      assert.deepEqual(tokenised(of('tokenise', value), key), { type, value })
    }
  })
}

test('what has no reserved form has no surrogate', () => {
  assert.equal(surrogateOf('SECRET', 'x', key), undefined)
})

test('no part of a magnetic track is shown', () => {
  const text = '%B5555555555554444^QUIST/NORA^29121011000012345678?'
  const key = Buffer.alloc(32)
  const type = 'CREDIT_CARD'
  const partly = standIn({ strategy: { kind: 'partial', first: 6, last: 4 }, type, text, key })
  assert.equal(partly, '*'.repeat(text.length))
  assert.equal(
    standIn({ strategy: { kind: 'surrogate' }, type, text, key }),
    '[REDACTED:CREDIT_CARD]',
  )
})

const shown: readonly (readonly [
  type: string,
  text: string,
  partial: { readonly first: number; readonly last: number },
  out: string,
])[] = [
  ['US_BANK_NUMBER', '123456789012', { first: 6, last: 4 }, '12******9012'],
  ['US_BANK_NUMBER', '123456789012', { first: 0, last: 9 }, '******789012'],
  ['US_BANK_NUMBER', '123456789012', { first: 9, last: 0 }, '123456******'],
  ['US_BANK_NUMBER', '123456789012', { first: 6, last: 6 }, '************'],
  ['US_SSN', '536-22-8716', { first: 3, last: 4 }, '***-**-8716'],
  ['CREDIT_CARD', '4111 1111 1111 1111', { first: 6, last: 4 }, '4111 11** **** 1111'],
  ['CREDIT_CARD', '4222222222222', { first: 6, last: 4 }, '422222***2222'],
]
for (const [type, text, { first, last }, out] of shown) {
  test(`first ${first} and last ${last} of ${text} show half of it at most`, () => {
    const strategy = { kind: 'partial', first, last } as const
    assert.equal(standIn({ strategy, type, text, key }), out)
  })
}
