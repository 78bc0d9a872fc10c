import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { Failure } from './exit.ts'
import { readSession, removeSession, sessionFile, writeSession } from './session-file.ts'

const session = {
  adminUrl: 'http://127.0.0.1:7434',
  token: 'spa_secret',
  expiresAt: '2026-01-07T12:00:00Z',
  id: 'operator:dana',
}

/** Writes a session, damages it, and looks at what reading it gives. */
function check(damage: (file: string) => void, expected: 'session' | 'nobody' | 'refused'): void {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-session-'))
  const env = { XDG_CONFIG_HOME: folder }
  try {
    damage(writeSession(session, env))
    if (expected === 'refused') assert.throws(() => readSession(env), Failure)
    else assert.deepEqual(readSession(env), expected === 'session' ? session : undefined)
    removeSession(env)
    assert.equal(readSession(env), undefined)
    assert.deepEqual(readdirSync(dirname(sessionFile(env))), [])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const cases: readonly (readonly [
  name: string,
  damage: (file: string) => void,
  expected: 'session' | 'nobody' | 'refused',
])[] = [
  ['what was written is read', () => {}, 'session'],
  [
    'only its owner can read it',
    (file) => {
      assert.equal(statSync(file).mode & 0o777, 0o600)
      assert.equal(statSync(dirname(file)).mode & 0o777, 0o700)
    },
    'session',
  ],
  ['a file that others can read is refused', (file) => chmodSync(file, 0o644), 'refused'],
  ['a file that is not JSON is refused', (file) => writeFileSync(file, '{'), 'refused'],
  ['a file of another form is refused', (file) => writeFileSync(file, '{"token":1}'), 'refused'],
  ['no file: nobody is signed in', (file) => rmSync(file), 'nobody'],
]
for (const [name, damage, expected] of cases) test(name, () => check(damage, expected))

test('the file is where XDG says, and a relative XDG_CONFIG_HOME is ignored', () => {
  assert.equal(sessionFile({ XDG_CONFIG_HOME: '/c' }), '/c/sallyport/session.json')
  assert.equal(
    sessionFile({ XDG_CONFIG_HOME: 'c', HOME: '/h' }),
    '/h/.config/sallyport/session.json',
  )
})
