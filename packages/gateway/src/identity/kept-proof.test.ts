import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApiKey } from '../model/api-key.ts'
import type { Principal } from '../model/principal.ts'
import { issueKey } from './api-key.ts'
import { confirmKept } from './kept-proof.ts'

const now = 1_000_000
const { record: key } = issueKey({
  ...{ name: 'nightly', kind: 'agent', groups: [], scope: ['crm.*'], createdBy: 'corp:sam' },
  ...{ expiresAt: now + 1_000, now },
})

function asked(method: 'oidc' | 'api-key', issuer: string): Principal {
  return {
    subject: { kind: 'user', id: 'corp:sam', groups: [] },
    actors: [],
    // Over long ago: a token is a proof of the moment in which it was shown.
    authentication: { method, issuer, credential: `sha256:${key.hash}`, expiresAt: 1 },
    session: 'ses_1',
  }
}

const rows: readonly (readonly [
  string,
  Principal,
  ApiKey | undefined,
  number,
  RegExp | 'counts',
])[] = [
  ['a token of an issuer that is configured', asked('oidc', 'corp'), undefined, now, 'counts'],
  ['a token of one that no longer is', asked('oidc', 'gone'), undefined, now, /issuer/],
  ['a key', asked('api-key', 'key'), key, now, 'counts'],
  ['a key that expires now', asked('api-key', 'key'), key, now + 1_000, /expired/],
  ['a key that was revoked', asked('api-key', 'key'), { ...key, revokedAt: 1 }, now, /revoked/],
  ['a key that is not there', asked('api-key', 'key'), undefined, now, /not known/],
]
for (const [name, principal, record, at, expected] of rows) {
  test(`kept: ${name}`, async () => {
    const lookup = async (hash: string) => (hash === key.hash ? record : undefined)
    const confirmed = confirmKept(principal, { lookup, issuers: ['corp'], now: at })
    if (expected === 'counts') assert.equal(await confirmed, principal)
    else await assert.rejects(confirmed, { code: 'unauthenticated', detail: expected })
  })
}
