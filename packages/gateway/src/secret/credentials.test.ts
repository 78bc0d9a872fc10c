import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { limits } from '../config/limits.ts'
import type { CredentialUse } from '../model/secret.ts'
import { openCredentials } from './credentials.ts'
import { openOauthTokens } from './oauth.ts'
import { openSecrets } from './resolve.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-credentials-'))
test.after(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'secret')
const versionKey = Buffer.alloc(32, 7)
const oauth = openOauthTokens({ now: () => 0, limits })
const env = { FIRST: 'first-secret', SAME: 'first-secret', SECOND: 'second-secret' }

const bearer = (secret: { env: string } | { file: string }): CredentialUse => {
  return { kind: 'bearer', secret }
}

/** Whether two credentials have one version. */
async function check(one: CredentialUse, other: CredentialUse, expected: boolean): Promise<void> {
  const { versionOf } = openCredentials(openSecrets(env), { versionKey, oauth })
  assert.equal((await versionOf(one)) === (await versionOf(other)), expected)
}

writeFileSync(file, 'first-secret\n')
const first = bearer({ env: 'FIRST' })
const cases: readonly (readonly [string, CredentialUse, CredentialUse, boolean])[] = [
  ['the same value', first, bearer({ env: 'SAME' }), true],
  ['the same value in a file', first, bearer({ file }), true],
  ['another value', first, bearer({ env: 'SECOND' }), false],
  ['none and none', { kind: 'none' }, { kind: 'none' }, true],
  ['none and some', { kind: 'none' }, first, false],
]
for (const [name, one, other, expected] of cases) {
  test(`versions of ${name}`, () => check(one, other, expected))
}

test('a version changes with the secret, and is back when the secret is', async () => {
  const { versionOf, credentialOf } = openCredentials(openSecrets(env), { versionKey, oauth })
  const rotated = join(folder, 'rotated')
  const use = bearer({ file: rotated })
  writeFileSync(rotated, 'first-secret')
  const before = await versionOf(use)
  const made = await credentialOf(use)
  assert.equal(await credentialOf(use), made)
  writeFileSync(rotated, 'another-secret')
  assert.notEqual(await versionOf(use), before)
  const remade = await credentialOf(use)
  assert.ok(remade.kind === 'header' && remade.value === 'Bearer another-secret')
  writeFileSync(rotated, 'first-secret')
  assert.equal(await versionOf(use), before)
  rmSync(rotated)
  await assert.rejects(versionOf(use), { code: 'credential-unavailable', detail: undefined })
})

test('a version depends on the key and holds nothing of the secret', async () => {
  const otherKey = { versionKey: Buffer.alloc(32, 8), oauth }
  const one = await openCredentials(openSecrets(env), { versionKey, oauth }).versionOf(first)
  const other = await openCredentials(openSecrets(env), otherKey).versionOf(first)
  assert.match(one, /^[0-9a-f]{64}$/)
  assert.notEqual(one, other)
})
