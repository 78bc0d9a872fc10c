import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  areMistakable,
  compareTemplates,
  matchUri,
  readUriTemplate,
  resembles,
  type UriTemplate,
} from './uri-template.ts'

function templateOf(text: string): UriTemplate {
  const read = readUriTemplate(text)
  assert.ok(!('problem' in read), `${text}: ${JSON.stringify(read)}`)
  return read
}

/** What a URI has in the places of a template's names; undefined: it is none of the family. */
function check(template: string, uri: string, expected: Record<string, string> | undefined): void {
  assert.deepEqual(matchUri(templateOf(template), uri), expected)
}

const matches: readonly (readonly [string, string, Record<string, string> | undefined])[] = [
  ['docs://handbook', 'docs://handbook', {}],
  ['docs://handbook', 'docs://handbook/', undefined],
  ['docs://handbook', 'DOCS://handbook', undefined],
  ['docs://{page}', 'docs://a', { page: 'a' }],
  ['docs://{page}', 'docs://a/b', undefined],
  ['docs://{page}', 'docs://', undefined],
  ['docs://{page}', 'docs://a?admin=1', undefined],
  ['docs://{page}', 'docs://a#x', undefined],
  ['docs://{page}.md', 'docs://a.md', { page: 'a' }],
  ['docs://{page}.md', 'docs://.md', undefined],
  ['repo://{owner}/{repo}/{+path}', 'repo://o/r/a/b c.txt', undefined],
  [
    'repo://{owner}/{repo}/{+path}',
    'repo://o/r/a/b%20c.txt',
    { owner: 'o', repo: 'r', path: 'a/b c.txt' },
  ],
  ['file:///{+path}', 'file:///etc/passwd', { path: 'etc/passwd' }],
  ['file:///srv/{+path}', 'file:///srv/../etc/passwd', undefined],
  ['file:///srv/{+path}', 'file:///srv/%2e%2e/etc/passwd', undefined],
  ['file:///srv/{+path}', 'file:///srv/a/%2e./etc', undefined],
  ['file:///srv/{+path}', 'file:///srv/..%2fetc/passwd', undefined],
  ['file:///srv/{+path}', 'file:///srv/..;x/etc', undefined],
  ['file:///srv/{+path}', 'file:///srv/a\\..\\b', undefined],
  ['file:///srv/{+path}', 'file:///srv/%5c..%5cb', undefined],
  ['file:///srv/{name}', 'file:///srv/..', undefined],
  ['file:///srv/.{name}', 'file:///srv/..', undefined],
  ['file:///srv/{name}', 'file:///srv/%zz', undefined],
  ['file:///srv/{name}', 'file:///srv/%ff', undefined],
  ['file:///srv/{name}', 'file:///srv/a%00b', undefined],
  ['file:///srv/{name}', 'file:///srv/a%252fb', { name: 'a%2fb' }],
  ['search://?{+query}', 'search://?q=a&n=1', { query: 'q=a&n=1' }],
  ['search://?{+query}', 'search://?q=a//b?c/', { query: 'q=a//b?c/' }],
  ['search://?{+query}', 'search://?q=a#b', undefined],
  ['search://#{+part}', 'search://#a?b#c', { part: 'a?b#c' }],
  ['file:///srv/{name}', 'file:///srv/%73ecret', undefined],
  ['file:///srv/{name}', 'file:///srv/secre%74', undefined],
  ['file:///srv/{name}', 'file:///srv/%41', undefined],
  ['file:///srv/{name}', 'file:///srv/%5A', undefined],
  ['file:///srv/{name}', 'file:///srv/%6F', undefined],
  ['file:///srv/{name}', 'file:///srv/%39', undefined],
  ['file:///srv/{name}', 'file:///srv/a%2Etxt', undefined],
  ['file:///srv/{name}', 'file:///srv/a%2Db', undefined],
  ['file:///srv/{name}', 'file:///srv/a%5Fb', undefined],
  ['file:///srv/{name}', 'file:///srv/%7Ea', undefined],
  ['file:///srv/{name}', 'file:///srv/caf%C3%A9', { name: 'café' }],
  ['file:///srv/{name}', 'file:///srv/caf%c3%a9', undefined],
  ['file:///srv/{name}', 'file:///srv/a%40b%5B%3F%23', { name: 'a@b[?#' }],
  ['file:///srv/{+path}', 'file:///srv/a//b', undefined],
  ['file:///srv/{+path}', 'file:///srv//b', undefined],
  ['file:///srv/{+path}', 'file:///srv/a/', undefined],
  ['file:///srv/{+path}', 'file:///srv/a?x', undefined],
  ['file:///srv/{+path}', 'file:///srv/a#x', undefined],
  ['https://{host}/{+path}', 'https://a.example/B', { host: 'a.example', path: 'B' }],
  ['https://{host}/{+path}', 'https://A.example/B', undefined],
  ['https://{host}/{+path}', 'HTTPS://a.example/B', undefined],
  ['docs://{page}', 'docs://ReadMe', { page: 'ReadMe' }],
]
for (const [template, uri, expected] of matches) {
  test(`${template} and ${uri}`, () => check(template, uri, expected))
}

const refused = [
  'handbook',
  'docs://{a}{b}',
  'docs://{a}-{b}',
  'docs://{+rest}/more',
  'docs://{+rest}.md',
  'docs://{?q}',
  'docs://{/path}',
  'docs://{a*}',
  'docs://{a}/{a}',
  'docs://{a',
  'docs://a b',
  'docs://a\u200bb',
  'docs://a\\b',
  `docs://${'a'.repeat(2100)}`,
]
for (const text of refused) {
  test(`no template: ${text.slice(0, 40)}`, () => assert.ok('problem' in readUriTemplate(text)))
}

test('the more exact template goes first, in any order of the list', () => {
  const ranked = ['x://a/b', 'x://a/v{n}', 'x://a/{n}', 'x://a/{+rest}', 'x://{n}/b', 'x://{+rest}']
  const orders = fc.shuffledSubarray(ranked, { minLength: ranked.length })
  fc.assert(
    fc.property(orders, (order) => {
      const sorted = order.map(templateOf).toSorted(compareTemplates)
      const first = (uri: string) => sorted.findIndex((one) => matchUri(one, uri))
      const texts = sorted.map(
        (one) => order[order.map(templateOf).findIndex((o) => compareTemplates(o, one) === 0)],
      )
      assert.equal(texts[first('x://a/b')], 'x://a/b')
      assert.equal(texts[first('x://a/v1')], 'x://a/v{n}')
      assert.equal(texts[first('x://a/c')], 'x://a/{n}')
      assert.equal(texts[first('x://a/c/d')], 'x://a/{+rest}')
      assert.equal(texts[first('x://c/b')], 'x://{n}/b')
    }),
  )
})

const resembling: readonly (readonly [string, string, boolean])[] = [
  ['x://a@b', 'x://a%40b', true],
  ['x://a%40b', 'x://a@b', true],
  ['x://caf%C3%A9', 'x://café', true],
  ['x://host/a', 'x://HOST/a', true],
  ['x://host/a', 'x://host/A', false],
  ['x://a@{n}/c', 'x://a%40b/c', true],
  ['x://{n}', 'x://?q=a', false],
  ['x://a', 'x://b', false],
  ['x://a', 'x://a/b', false],
  ['x://a/{+rest}', 'x://a/b/c', true],
  ['x://a/{+rest}', 'x://a', false],
  ['x://%', 'x://%', true],
]
for (const [template, uri, expected] of resembling) {
  test(`${uri} for ${template}: ${expected}`, () => {
    assert.equal(resembles(templateOf(template), uri), expected)
  })
}

const mistakable: readonly (readonly [string, string, boolean])[] = [
  ['x://{a}', 'x://{b}', true],
  ['x://{a}.md', 'x://{b}.txt', false],
  ['x://{+a}', 'x://{+b}', true],
  ['x://{a}', 'x://{+b}', false],
  ['x://{a}/c', 'x://{b}/d', false],
  ['x://a', 'x://b', false],
  ['x://a', 'x://a', true],
]
for (const [one, other, expected] of mistakable) {
  test(`${one} and ${other}`, () => {
    assert.equal(areMistakable(templateOf(one), templateOf(other)), expected)
    assert.equal(areMistakable(templateOf(other), templateOf(one)), expected)
  })
}

test('what is captured never leads out of its place', () => {
  const template = templateOf('file:///srv/{+path}')
  const piece = fc.constantFrom(
    '..',
    '.',
    '/',
    '%2e',
    '%2F',
    '%5c',
    '\\',
    'a',
    '%',
    ';',
    '?',
    '#',
    '%00',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const found = matchUri(template, `file:///srv/${pieces.join('')}`)
      if (!found) return
      const { pathname } = new URL(`file:///srv/${pieces.join('')}`)
      assert.ok(pathname.startsWith('/srv/'), pathname)
      assert.ok(!/(?:^|\/)\.\.?(?:$|\/)/.test(found.path ?? ''), found.path)
    }),
  )
})
