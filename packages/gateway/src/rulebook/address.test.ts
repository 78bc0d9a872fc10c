import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ambiguous, readAddress } from './address.ts'

/** One text: the problem with it, or true. Two: whether one request could be both. */
function check(texts: readonly string[], expected: string | boolean): void {
  const [one, other] = texts.map((text) => readAddress(text))
  assert.ok(one)
  if ('problem' in one) assert.equal(one.problem, expected)
  else if (other && !('problem' in other)) {
    assert.equal(ambiguous(one, other), expected)
    assert.equal(ambiguous(other, one), expected)
  } else assert.equal(expected, true)
}

const cases: readonly (readonly [string, readonly string[], string | boolean])[] = [
  ['root', ['GET /'], true],
  ['capture with text around it', ['GET /a/{x}.csv'], true],
  ['a slash at the end', ['GET /a/'], true],
  ['method in lower case', ['get /a'], 'A method is in upper case.'],
  ['no method', ['/a'], 'This names no method.'],
  ['tunnel', ['CONNECT /a'], 'This names no method.'],
  ['no slash', ['GET a'], 'A path starts with a slash.'],
  ['query', ['GET /a?b={c}'], 'A path template has no query.'],
  ['doubled slash', ['GET //a'], 'A segment is empty.'],
  ['dots', ['GET /a/../b'], 'Dot segments are never matched.'],
  ['dots before a semicolon', ['GET /a/..;/b'], 'Dot segments are never matched.'],
  ['encoded slash', ['GET /a%2Fb'], 'An encoded slash is never matched.'],
  ['percent', ['GET /a%20b'], 'A path holds only letters, digits and - . _ ~ and the like.'],
  ['two captures in a segment', ['GET /{a}-{b}'], 'A segment holds one {name}.'],
  ['unclosed', ['GET /{a'], 'A segment holds one {name}.'],
  ['empty name', ['GET /{}'], '{} is no argument name.'],
  ['one name twice', ['GET /{a}/{a}'], '{a} stands twice.'],

  ['the same path', ['GET /a', 'GET /a'], true],
  ['other method', ['GET /a', 'PUT /a'], false],
  ['other length', ['GET /a', 'GET /a/b'], false],
  ['other literal', ['GET /a', 'GET /b'], false],
  ['literal beside capture', ['GET /a/me', 'GET /a/{id}'], false],
  ['captures of other names', ['GET /a/{id}', 'GET /a/{name}'], true],
  ['captures of the same name', ['GET /a/{id}/x', 'GET /a/{id}/y'], false],
  ['other names, other literals below', ['GET /a/{id}/x', 'GET /a/{name}/y'], false],
  ['other names, capture below', ['GET /a/{id}/x', 'GET /a/{name}/{y}'], true],
  ['more literal text wins', ['GET /f/{n}.csv', 'GET /f/{n}'], false],
  ['endings that exclude each other', ['GET /f/{n}.csv', 'GET /f/{m}.txt'], false],
  ['equally much text', ['GET /f/ab{n}', 'GET /f/{m}cd'], true],
  ['crosswise', ['GET /{a}/x', 'GET /y/{b}'], false],
]
for (const [name, texts, expected] of cases) test(name, () => check(texts, expected))
