import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from '../config/limits.ts'
import type { ApiKey } from '../model/api-key.ts'
import { issueKey, verifyKey } from './api-key.ts'
import { isKeyText, newKeyText } from './key-text.ts'

const now = 1_000_000
const wanted = {
  name: 'nightly',
  kind: 'workload',
  groups: ['ci'],
  scope: ['crm.*'],
  createdBy: 'operator:ada',
  expiresAt: now + 1_000,
  now,
} as const
const issued = issueKey(wanted)

/** Verifies `key` against a store that finds `record` by any hash. */
async function check(
  key: string,
  record: ApiKey | undefined,
  { at, expected }: { readonly at: number; readonly expected: string },
): Promise<void> {
  const verified = verifyKey(key, { lookup: async () => record, now: at, sessionName: undefined })
  if (expected === 'accepted') return assert.doesNotReject(verified)
  return assert.rejects(verified, { code: 'unauthenticated', detail: expected })
}

const { key, record } = issued
const swapped = key.endsWith('0') ? `${key.slice(0, -1)}1` : `${key.slice(0, -1)}0`
const notKnown = 'The API key is not known.'
type Case = readonly [string, string, ApiKey | undefined, number, string]
const cases: readonly Case[] = [
  ['a good key', key, record, now, 'accepted'],
  ['the last millisecond', key, record, now + 999, 'accepted'],
  ['its expiry', key, record, now + 1_000, 'The API key has expired.'],
  ['a revoked key', key, { ...record, revokedAt: now }, now, 'The API key was revoked.'],
  ['a key nobody issued', newKeyText('spk'), undefined, now, notKnown],
  ['a key the store mixed up', newKeyText('spk'), record, now, notKnown],
  ['a typing error', swapped, record, now, notKnown],
  ['an operator key', newKeyText('spo'), record, now, notKnown],
  ['nothing', '', record, now, notKnown],
  ['an endless text', `spk_${'a'.repeat(100_000)}`, record, now, notKnown],
  [
    'an expiry that is no number',
    key,
    { ...record, expiresAt: Number.NaN },
    now,
    'The API key has expired.',
  ],
]
for (const [name, text, found, at, expected] of cases) {
  test(`judges ${name}`, () => check(text, found, { at, expected }))
}

test('a key makes its principal, and is nowhere in it', async () => {
  const found = await verifyKey(key, { lookup: async () => record, now, sessionName: 'x' })
  assert.deepEqual(found.subject, { kind: 'workload', id: `key:${record.id}`, groups: ['ci'] })
  assert.deepEqual(found.actors, [])
  assert.deepEqual(found.scope, ['crm.*'])
  assert.equal(found.authentication.credential, `sha256:${record.hash}`)
  assert.doesNotMatch(JSON.stringify([found, record]), new RegExp(key.slice(4, 20)))
  assert.match(record.id, /^key_[0-9a-f]{16}$/)
  assert.match(key, /^spk_[0-9A-Za-z]{49}$/)
})

const unissuable: readonly (readonly [string, Partial<typeof wanted> | object])[] = [
  ['without a scope', { scope: [] }],
  ['that is over', { expiresAt: now }],
  ['that lasts too long', { expiresAt: now + limits.apiKeyLifetimeMsMax + 1 }],
  ['that never ends', { expiresAt: Number.POSITIVE_INFINITY }],
  ['of an unknown end', { expiresAt: Number.NaN }],
]
for (const [name, change] of unissuable) {
  test(`issues no key ${name}`, () => {
    assert.throws(() => issueKey({ ...wanted, ...change }), RangeError)
  })
}

test('one changed character never passes the checksum', () => {
  const position = fc.integer({ min: 4, max: key.length - 1 })
  fc.assert(
    fc.property(position, fc.constantFrom(...'0aZ9_-'), (at, letter) => {
      const changed = `${key.slice(0, at)}${letter}${key.slice(at + 1)}`
      assert.equal(isKeyText('spk', changed), changed === key)
    }),
  )
})
