import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Refusal } from '../../call/refusal.ts'
import { readFields, readTarget } from './target.ts'

function check(url: string, expected: readonly string[] | 'refused', host = 'gw.example'): void {
  let seen: readonly string[] | 'refused'
  try {
    seen = readTarget(url, host).segments
  } catch (thrown) {
    assert.ok(thrown instanceof Refusal)
    assert.equal(thrown.code, 'request-malformed')
    seen = 'refused'
  }
  assert.deepEqual(seen, expected)
}

const cases: readonly (readonly [string, string, readonly string[] | 'refused', string?])[] = [
  ['root', '/', []],
  ['plain', '/crm/customers/c-1', ['crm', 'customers', 'c-1']],
  ['query is not path', '/a?b=/../c', ['a']],
  ['percent-decoded once', '/a/%41%20b', ['a', 'A b']],
  ['double encoding stays encoded', '/a/%252e%252e', ['a', '%2e%2e']],
  ['a trailing slash is an empty last segment', '/a/', ['a', '']],
  ['UTF-8', '/%C3%BC', ['ü']],
  ['dot segment', '/a/../b', 'refused'],
  ['single dot', '/a/./b', 'refused'],
  ['encoded dot segment', '/a/%2e%2E/b', 'refused'],
  ['half encoded dot segment', '/a/.%2e/b', 'refused'],
  ['dot segment with a path parameter', '/a/..;x=1/b', 'refused'],
  ['encoded slash', '/a/b%2Fc', 'refused'],
  ['encoded backslash', '/a/b%5cc', 'refused'],
  ['backslash', '/a\\b', 'refused'],
  ['doubled slash', '/a//b', 'refused'],
  ['leading doubled slash', '//evil.example/a', 'refused'],
  ['encoded NUL', '/a/%00', 'refused'],
  ['encoded newline', '/a/%0d%0a', 'refused'],
  ['broken percent', '/a/%zz', 'refused'],
  ['overlong UTF-8 slash', '/a/%c0%af', 'refused'],
  ['overlong UTF-8 dot', '/a/%c0%ae%c0%ae', 'refused'],
  ['truncated UTF-8', '/a/%e2%82', 'refused'],
  ['fragment', '/a#b', 'refused'],
  ['space', '/a b', 'refused'],
  ['raw high byte', '/a/\u00fc', 'refused'],
  ['asterisk form', '*', 'refused'],
  ['authority form', 'evil.example:443', 'refused'],
  ['absolute form for this host', 'http://gw.example/a', ['a']],
  ['absolute form for another host', 'http://evil.example/a', 'refused'],
  ['absolute form with user information', 'http://gw.example@evil.example/a', 'refused'],
  ['too many segments', `/${'a/'.repeat(70)}`, 'refused'],
]
for (const [name, url, expected, host] of cases) test(name, () => check(url, expected, host))

test('whatever is accepted has no segment that moves or splits a path', () => {
  const piece = fc.constantFrom(
    'a',
    '.',
    '..',
    '%2e',
    '%2f',
    '/',
    '\\',
    '%5c',
    '%',
    ';',
    '%00',
    '?',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      try {
        const { segments, path } = readTarget(`/${pieces.join('')}`, 'h')
        for (const segment of segments) {
          assert.ok(segment !== '.' && segment !== '..')
          assert.ok(!/[/\\\0]/.test(segment))
        }
        // The upstream resolves the raw path to the very segments policy saw.
        const resolved = new URL(`http://h${path}`).pathname.slice(1).split('/')
        const decoded = resolved.map((one) => decodeURIComponent(one))
        assert.deepEqual(segments.length === 0 ? [''] : segments, decoded)
      } catch (thrown) {
        assert.ok(thrown instanceof Refusal, String(thrown))
      }
    }),
    { numRuns: 5000 },
  )
})

test('fields read as the URL standard reads them, or not at all', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 5 }), (pairs) => {
      const wellFormed = pairs.filter(([a, b]) => a !== '' && a.isWellFormed() && b.isWellFormed())
      const text = new URLSearchParams(wellFormed).toString()
      assert.deepEqual(readFields(text), wellFormed)
    }),
  )
  assert.throws(() => readFields('a=%ff'), Refusal)
})
