import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IssuerConfig } from '../config/config.ts'
import { configSchema } from '../config/schema.ts'
import type { JsonObject } from '../model/json.ts'
import { assuranceFrom, isApplication } from './assurance.ts'
import type { Person } from './person.ts'

const now = 1_000_000_000
const leewayMs = 30_000

function check(claims: JsonObject, expected: Person['assurance']): void {
  assert.deepEqual(assuranceFrom(claims, { now, leewayMs }), expected)
}

const at = now / 1_000
const cases: readonly (readonly [string, JsonObject, Person['assurance']])[] = [
  [
    'all of it',
    { acr: 'gold', amr: ['pwd', 'otp'], auth_time: at - 60 },
    { acr: 'gold', amr: ['pwd', 'otp'], signedInAt: now - 60_000 },
  ],
  ['only when', { auth_time: at }, { amr: [], signedInAt: now }],
  ['not without when', { acr: 'gold', amr: ['otp'], iat: at }, undefined],
  ['a clock that is ahead', { auth_time: at + 20 }, { amr: [], signedInAt: now }],
  ['not a time to come', { auth_time: at + 31 }, undefined],
  ['not a time in text', { auth_time: `${at}` }, undefined],
  ['not a time before all time', { auth_time: -1 }, undefined],
  ['not a time beyond all time', { auth_time: 1e300 }, undefined],
  ['no method in text', { amr: 'otp', auth_time: at }, { amr: [], signedInAt: now }],
  [
    'only methods that are text',
    { amr: ['otp', 3, null, ''], auth_time: at },
    { amr: ['otp'], signedInAt: now },
  ],
  [
    'no list without end',
    { amr: Array.from({ length: 33 }, () => 'otp'), auth_time: at },
    { amr: [], signedInAt: now },
  ],
  ['no level that is no text', { acr: 3, auth_time: at }, { amr: [], signedInAt: now }],
  [
    'no level that cannot be shown',
    { acr: 'go\u202eld', auth_time: at },
    { amr: [], signedInAt: now },
  ],
]
for (const [name, claims, expected] of cases) test(`reads ${name}`, () => check(claims, expected))

const [issuer] = configSchema.parse({
  issuers: [
    {
      name: 'corp',
      issuer: 'https://corp.example',
      audiences: ['sallyport'],
      defaultKind: 'user',
      subjectClaim: 'oid',
    },
  ],
}).issuers

function checkApplication(claims: JsonObject, expected: boolean): void {
  const known: IssuerConfig | undefined = issuer
  assert.ok(known)
  assert.equal(isApplication(claims, known), expected)
}

const applications: readonly (readonly [string, JsonObject, boolean])[] = [
  ['a person by a client', { sub: 'sam', oid: 'o-1', client_id: 'cli', azp: 'cli' }, false],
  ['a person without a client', { sub: 'sam' }, false],
  ['a client as its own subject', { sub: 'ci', client_id: 'ci' }, true],
  ['the same by its older name', { sub: 'ci', azp: 'ci' }, true],
  [
    'the same by the claim that names subjects here',
    { sub: 'x', oid: 'ci', client_id: 'ci' },
    true,
  ],
  ['Auth0’s', { sub: 'ci@clients', azp: 'ci', gty: 'client-credentials' }, true],
  ['Okta’s', { sub: 'ci', cid: 'ci', scp: ['approve'] }, true],
  ['Okta’s of a person', { sub: 'sam@corp.example', cid: 'cli', uid: 'u-1' }, false],
  [
    'Keycloak’s',
    { sub: 'u-1', azp: 'CI', preferred_username: 'service-account-ci', acr: '1' },
    true,
  ],
  ['Keycloak’s of a person', { sub: 'u-1', azp: 'cli', preferred_username: 'sam' }, false],
  ['Entra’s', { sub: 'o-1', oid: 'o-1', azp: 'ci', idtyp: 'app' }, true],
  ['Entra’s of a person', { sub: 'o-1', oid: 'o-1', azp: 'ci', idtyp: 'user' }, false],
]
for (const [name, claims, expected] of applications) {
  test(`an application: ${name}`, () => checkApplication(claims, expected))
}
