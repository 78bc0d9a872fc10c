import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Refusal } from '../call/refusal.ts'
import type { CredentialUse } from '../model/secret.ts'
import { credentialFor } from './credential.ts'

const secret = { env: 'CRM_KEY' } as const

/** The credential as `kind name=value`, or the private cause of its refusal. */
async function check(use: CredentialUse, value: string, expected: string): Promise<void> {
  const got = await credentialFor(use, async () => value).then(
    (made) => (made.kind === 'none' ? 'none' : `${made.kind} ${made.name}=${made.value}`),
    (thrown: unknown) => {
      assert.ok(thrown instanceof Refusal && thrown.cause instanceof Error)
      assert.equal(thrown.code, 'credential-unavailable')
      assert.equal(thrown.detail, undefined)
      return thrown.cause.message
    },
  )
  assert.equal(got, expected)
}

const unsendable =
  'The secret in environment variable CRM_KEY has characters that no header can carry.'
const short = 'The secret in environment variable CRM_KEY has under 8 characters.'
const notBasic =
  'The secret in environment variable CRM_KEY and its user name cannot be sent as Basic.'
const bearer: CredentialUse = { kind: 'bearer', secret }
const basic: CredentialUse = { kind: 'basic', username: 'gw', secret }
const cases: readonly (readonly [string, CredentialUse, string, string])[] = [
  ['nothing', { kind: 'none' }, '', 'none'],
  ['a bearer token', bearer, 'abcdefgh', 'header authorization=Bearer abcdefgh'],
  ['a header', { kind: 'header', name: 'X-Key', secret }, 'abcdefgh', 'header x-key=abcdefgh'],
  ['a query parameter', { kind: 'query', name: 'key', secret }, 'abc&defgh', 'query key=abc&defgh'],
  ['a password', basic, 'abcdefgh', 'header authorization=Basic Z3c6YWJjZGVmZ2g='],
  ['a password beyond ASCII', basic, 'pässwörd', 'header authorization=Basic Z3c6cMOkc3N3w7ZyZA=='],
  ['not a line break', bearer, 'abcdefgh\r\nx-admin: 1', unsendable],
  ['not a null', bearer, 'abcdefgh\0', unsendable],
  ['not a header beyond ASCII', bearer, 'pässwörd', unsendable],
  ['not spaces at the end', bearer, 'abcdefgh ', unsendable],
  ['not a line break in a password', basic, 'abcdefgh\n', notBasic],
  ['not a colon in a user name', { ...basic, username: 'a:b' }, 'abcdefgh', notBasic],
  ['not a short secret', bearer, 'abcdefg', short],
]
for (const [name, use, value, expected] of cases) test(name, () => check(use, value, expected))

const echoed: readonly (readonly [name: string, form: (secret: string) => string])[] = [
  ['as it is', (text) => text],
  ['in the header', (text) => `Basic ${Buffer.from(`gw:${text}`).toString('base64')}`],
  ['decoded', (text) => `gw:${text}`],
  ['in base64', (text) => Buffer.from(text).toString('base64')],
  ['in base64url', (text) => Buffer.from(text).toString('base64url')],
  ['in hex', (text) => Buffer.from(text).toString('hex')],
  ['percent-encoded', encodeURIComponent],
  ['as a form value', (text) => new URLSearchParams([['k', text]]).toString().slice(2)],
  ['in JSON', (text) => JSON.stringify({ text })],
]
for (const [name, form] of echoed) {
  test(`an echo is known ${name}`, async () => {
    const characters = fc.constantFrom(...'aZ0/+=%"\\\'!*()~ &ü€')
    const secrets = fc.array(characters, { minLength: 8, maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(secrets, async (letters) => {
        const value = letters.join('')
        const { echoes } = await credentialFor(basic, async () => value)
        const printed = Buffer.from(form(value))
        assert.ok(echoes.some((echo) => printed.includes(Buffer.from(echo))))
      }),
    )
  })
}
