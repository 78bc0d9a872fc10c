import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readUrl } from './store-url.ts'

/** The `sslmode` that the driver is given, or what is said instead of connecting. */
const cases: readonly (readonly [url: string, expected: string | null | RegExp])[] = [
  ['postgres://a@localhost/b', null],
  ['postgresql://a@127.0.0.1:5432/b', null],
  ['postgres://a@[::1]/b', null],
  ['postgres:///b?host=/var/run/postgresql', null],
  ['postgres://a@%2Fvar%2Frun%2Fpostgresql/b', null],
  ['postgres://a@db.example/b', /sslmode=verify-full/],
  ['postgres://a@localhost/b?host=db.example', /sslmode=verify-full/],
  ['postgres://a@db.example/b?sslmode=verify-full', 'verify-full'],
  ['postgres://a@db.example/b?sslmode=require', 'verify-full'],
  ['postgres://a@db.example/b?sslmode=verify-ca', 'verify-full'],
  ['postgres://a@db.example/b?sslmode=disable', 'disable'],
  ['postgres://a@db.example/b?sslmode=no-verify', 'no-verify'],
  ['postgres://a@db.example/b?sslmode=prefer', /may end up unencrypted/],
  ['postgres://a@localhost/b?sslmode=allow', /may end up unencrypted/],
  ['mysql://a:s3cret@localhost/b', /has to be a URL/],
  ['s3cret', /has to be a URL/],
]
for (const [url, expected] of cases) {
  test(`${url} → ${expected}`, () => {
    if (!(expected instanceof RegExp)) {
      assert.equal(new URL(readUrl(url).text).searchParams.get('sslmode'), expected)
      return
    }
    assert.throws(
      () => readUrl(url),
      (thrown) => {
        assert.ok(thrown instanceof Error)
        assert.match(thrown.message, expected)
        return !thrown.message.includes('s3cret')
      },
    )
  })
}

test('options of the URL are kept apart, for ours to be added', () => {
  const { text, options } = readUrl('postgres://localhost/b?options=-c%20geqo%3Doff')
  assert.deepEqual([new URL(text).searchParams.has('options'), options], [false, '-c geqo=off'])
})
