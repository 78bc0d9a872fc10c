import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal } from '../call/refusal.ts'
import { startIdp } from '../cli/demo/idp.ts'
import type { IssuerConfig } from '../config/config.ts'
import { limits } from '../config/limits.ts'
import { configSchema } from '../config/schema.ts'
import type { JsonObject } from '../model/json.ts'
import { triggersFrom } from './claims.ts'
import { openOidc } from './oidc.ts'

const rules = [
  { claim: 'actor_id', as: 'github' },
  { claim: 'started.by', as: 'corp' },
]
function issuersOf(url: string, triggeredBy: readonly unknown[]): readonly IssuerConfig[] {
  const one = { audiences: ['sallyport'], defaultKind: 'workload', insecureHttp: true }
  return configSchema.parse({
    issuers: [
      { ...one, name: 'ci', issuer: url, triggeredBy },
      { ...one, name: 'other', issuer: 'https://other.example', triggeredBy: [rules[1]] },
    ],
  }).issuers
}
const issuers = issuersOf('https://ci.example', rules)

/** Who set it in motion, or the refusal's detail. */
function check(claims: JsonObject, expected: readonly string[] | string): void {
  const [issuer] = issuers
  assert.ok(issuer)
  let got: readonly string[] | string | undefined
  try {
    got = triggersFrom(claims, { issuer, issuers })
  } catch (thrown) {
    assert.ok(thrown instanceof Refusal && thrown.code === 'unauthenticated')
    got = thrown.detail
  }
  assert.deepEqual(got, expected)
}

const unusable = 'The token does not name who set the call in motion in a way that can be used.'
const many = Array.from({ length: limits.triggeringClaims + 1 }, (_, at) => at)
const cases: readonly (readonly [string, JsonObject, readonly string[] | string])[] = [
  ['nobody', {}, []],
  ['an account', { actor_id: '1234' }, ['github:1234']],
  ['an account that is counted', { actor_id: 1234 }, ['github:1234']],
  [
    'several, along a path',
    { actor_id: '1', started: { by: ['sam', 'eve'] } },
    ['github:1', 'corp:sam', 'corp:eve'],
  ],
  ['one twice', { actor_id: ['1', 1] }, ['github:1']],
  ['an actor’s', { act: { sub: 'x', actor_id: '9' } }, ['github:9']],
  [
    'an actor’s of another issuer, by its rules, and those behind it',
    {
      act: {
        sub: 'x',
        iss: 'https://other.example',
        actor_id: 'not read there',
        started: { by: 'eve' },
        act: { sub: 'y', started: { by: 'ada' } },
      },
    },
    ['corp:eve', 'corp:ada'],
  ],
  ['not null', { actor_id: null }, unusable],
  ['not a fraction', { actor_id: 1.5 }, unusable],
  ['not an object', { actor_id: { id: '1' } }, unusable],
  ['not an empty name', { actor_id: '' }, unusable],
  ['not an invisible name', { actor_id: '1\u200b' }, unusable],
  ['not a name too long', { actor_id: 'x'.repeat(limits.partyNameChars + 1) }, unusable],
  ['not a list with something else', { actor_id: ['1', false] }, unusable],
  ['not too many', { actor_id: many }, 'The token names more than 16 who set the call in motion.'],
]
for (const [name, claims, expected] of cases) test(`reads ${name}`, () => check(claims, expected))

test('a principal names who set it in motion, and only by claims that were verified', async (t) => {
  const idp = await startIdp()
  t.after(() => idp.close())
  const oidc = openOidc(issuersOf(idp.issuer, rules), { now: Date.now, limits })
  const ofRun = await idp.token({ sub: 'repo:x', claims: { actor_id: '1234' } })
  const { subject, triggeredBy } = await oidc.verify(ofRun, undefined)
  assert.deepEqual([subject.id, triggeredBy], ['ci:repo:x', ['github:1234']])
  assert.deepEqual((await oidc.verify(ofRun, 'another conversation')).triggeredBy, ['github:1234'])
  const plain = await oidc.verify(await idp.token({ sub: 'repo:x' }), undefined)
  assert.ok(!('triggeredBy' in plain))
  const [head, , signature] = ofRun.split('.')
  const claims = { iss: idp.issuer, aud: 'sallyport', sub: 'repo:x', actor_id: '1', exp: 9e9 }
  const body = Buffer.from(JSON.stringify(claims)).toString('base64url')
  await assert.rejects(oidc.verify(`${head}.${body}.${signature}`, undefined), {
    code: 'unauthenticated',
  })
  oidc.close()
})
