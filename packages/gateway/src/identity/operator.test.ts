import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../config/limits.ts'
import { openAdminSessions } from './admin-session.ts'
import { newKeyText } from './key-text.ts'
import { issueOperatorKey, verifyOperatorKey } from './operator.ts'
import type { Person } from './person.ts'

const ada = issueOperatorKey()
const operators = [
  { name: 'bob', groups: [], keyHash: issueOperatorKey().keyHash },
  { name: 'ada', groups: ['admin'], keyHash: ada.keyHash },
]
const now = 1_000
const person = verifyOperatorKey(ada.key, { operators, now })

test('an operator is a person', () => {
  assert.deepEqual(person, {
    subject: { kind: 'user', id: 'operator:ada', groups: ['admin'] },
    actors: [],
    authentication: { method: 'operator', expiresAt: now + limits.adminSessionMs },
  })
})

function check(key: string): void {
  assert.throws(() => verifyOperatorKey(key, { operators, now }), {
    code: 'unauthenticated',
    detail: 'The operator key is not known.',
  })
}
const strangers: readonly (readonly [name: string, key: string])[] = [
  ['a key nobody has', newKeyText('spo')],
  ['an API key', newKeyText('spk')],
  ['a hash', ada.keyHash],
  ['nothing', ''],
]
for (const [name, key] of strangers) test(`refuses ${name}`, () => check(key))

test('a session lasts until it ends, is ended, or its proof ends', () => {
  let at = now
  const sessions = openAdminSessions({ now: () => at, limits })
  const first = sessions.create(person)
  assert.match(first.token, /^spa_/)
  assert.equal(first.expiresAt, now + limits.adminSessionMs)
  assert.equal(sessions.find(first.token)?.subject.id, 'operator:ada')
  assert.equal(sessions.find(newKeyText('spa')), undefined)
  assert.equal(sessions.end(first.token), true)
  assert.equal(sessions.end(first.token), false)
  assert.equal(sessions.find(first.token), undefined)

  const proof: Person = { ...person, authentication: { method: 'oidc', expiresAt: now + 5 } }
  const second = sessions.create(proof)
  assert.equal(second.expiresAt, now + 5)
  at = now + 5
  assert.equal(sessions.find(second.token), undefined)
})

test('the oldest session makes room', () => {
  const sessions = openAdminSessions({ now: () => now, limits: { ...limits, adminSessions: 2 } })
  const [first, second, third] = [1, 2, 3].map(() => sessions.create(person).token)
  assert.equal(sessions.find(first ?? ''), undefined)
  assert.ok(sessions.find(second ?? '') && sessions.find(third ?? ''))
})

const impostors: readonly (readonly [name: string, person: Person])[] = [
  ['a workload', { ...person, subject: { ...person.subject, kind: 'workload' } }],
  ['an agent for a person', { ...person, actors: [{ kind: 'agent', id: 'corp:bot', groups: [] }] }],
]
for (const [name, one] of impostors) {
  test(`signs in no ${name}`, () => {
    const sessions = openAdminSessions({ now: () => now, limits })
    assert.throws(() => sessions.create(one), { code: 'unauthenticated' })
  })
}
