import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from '../../../config/limits.ts'
import { openCallerSessions, type SessionBound } from './session.ts'

const key = randomBytes(32)
const party = (id: string) => ({ kind: 'user', id, groups: [] }) as const
const tess: SessionBound = { principal: { subject: party('tess'), actors: [] }, endpoint: 'crm' }
const begun = { revision: '2025-06-18', capabilities: { sampling: {} } } as const

const others: Readonly<Record<string, SessionBound>> = {
  'another person': { ...tess, principal: { subject: party('mallory'), actors: [] } },
  'somebody acting for them': {
    ...tess,
    principal: { subject: party('tess'), actors: [party('bot')] },
  },
  'another connection': { ...tess, endpoint: 'hr' },
  'all connections': { ...tess, endpoint: '' },
}

test('a session opens for who began it, at any gateway with its key', () => {
  const now = () => 1_000
  const { text, session } = openCallerSessions({ key, now }).begin(begun, tess)
  const elsewhere = openCallerSessions({ key, now })
  assert.deepEqual(elsewhere.open(text, tess), session)
  assert.match(text, /^[\x21-\x7e]+$/)
  assert.equal(openCallerSessions({ key: randomBytes(32), now }).open(text, tess), undefined)
})

for (const [name, bound] of Object.entries(others)) {
  test(`it does not open for ${name}`, () => {
    const sessions = openCallerSessions({ key, now: () => 1_000 })
    assert.equal(sessions.open(sessions.begin(begun, tess).text, bound), undefined)
  })
}

test('nothing of it can be changed, and nothing else is one', () => {
  const sessions = openCallerSessions({ key, now: () => 1_000 })
  const { text } = sessions.begin(begun, tess)
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.constantFrom('A', 'b', '0', '_'), (at, letter) => {
      // The last letter may stand for fewer bits than it has.
      if (text[at] === letter || at === text.length - 1) return
      assert.equal(sessions.open(text.slice(0, at) + letter + text.slice(at + 1), tess), undefined)
    }),
  )
  fc.assert(fc.property(fc.string(), (other) => sessions.open(other, tess) === undefined))
})

test('it ends by itself, and when it is ended', () => {
  let at = 1_000
  const sessions = openCallerSessions({ key, now: () => at })
  const { text, session } = sessions.begin(begun, tess)
  sessions.setLogLevel(session, 'error')
  assert.equal(sessions.logLevel(session), 'error')
  at += limits.mcpCallerSessionMs - 1
  assert.ok(sessions.open(text, tess))
  at += 1
  assert.equal(sessions.open(text, tess), undefined)
  const other = sessions.begin(begun, tess)
  sessions.end(other.session)
  assert.equal(sessions.open(other.text, tess), undefined)
})

test('capabilities without end fit into a header all the same', () => {
  const sessions = openCallerSessions({ key, now: () => 1_000 })
  const capabilities = { elicitation: { form: {} }, extensions: { x: 'y'.repeat(100_000) } }
  const { text } = sessions.begin({ ...begun, capabilities }, tess)
  assert.ok(text.length < limits.headerBytes / 2)
  assert.deepEqual(sessions.open(text, tess)?.capabilities, { elicitation: { form: {} } })
})
