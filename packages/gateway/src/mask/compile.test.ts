import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import type { MaskRule, MaskStrategy } from '../model/function.ts'
import { compileArgumentMasking, compileResultMasking } from './compile.ts'
import { MaskError, type Masker } from './plan.ts'

const key = Buffer.alloc(32, 7)
const redact: MaskStrategy = { kind: 'redact', label: 'X' }
const drop: MaskStrategy = { kind: 'drop' }
const hash: MaskStrategy = { kind: 'hash' }
const replace: MaskStrategy = { kind: 'replace', with: { none: true } }
const last4: MaskStrategy = { kind: 'partial', first: 0, last: 4 }
const ends: MaskStrategy = { kind: 'partial', first: 1, last: 2 }
const hashOf = (value: string) =>
  `"hash:${createHmac('sha256', key).update(value).digest('base64url').slice(0, 22)}"`

type Case = {
  readonly rules?: readonly (readonly [path: string, strategy: MaskStrategy])[]
  readonly fields?: readonly (readonly string[])[]
  readonly type?: string
  readonly fragment?: true
  readonly body: string
  /** What comes out; `unchanged`, `withheld` for a MaskError, `refused` when there is no masker. */
  readonly out: string
  readonly found?: string
}

function check(given: Case) {
  const { rules = [], fields = [], type = 'application/json', body, out, found } = given
  const declared = rules.map(([path, strategy], at): MaskRule => ({ id: `r${at}`, path, strategy }))
  const masking = compileResultMasking(declared, fields)
  assert.ok('masker' in masking, 'problems')
  const bytes = Buffer.from(body, 'latin1')
  const sizes = bytes.length > 2000 ? [bytes.length, 65_536] : [...bytes.keys()].map((at) => at + 1)
  for (const size of sizes.length > 0 ? sizes : [1]) {
    const masker: Masker | undefined = masking.masker({
      mediaType: type,
      fragment: given.fragment === true,
      key,
      echoes: [Buffer.from('sk-secret')],
    })
    if (masker === undefined) {
      assert.equal('refused', out)
      return
    }
    const run = (): string => {
      const parts: Uint8Array[] = []
      for (let at = 0; at < bytes.length; at += size) {
        parts.push(masker.push(bytes.subarray(at, at + size)))
      }
      return Buffer.concat([...parts, masker.end()]).toString('latin1')
    }
    if (out === 'withheld') {
      assert.throws(run, MaskError)
      assert.throws(() => masker.end(), MaskError)
      continue
    }
    assert.equal(run(), out === 'unchanged' ? body : out, `in chunks of ${size}`)
    const counts: readonly string[] = masker
      .findings()
      .map(({ rule, how, count }) => `${rule} ${how} ${count}`)
    if (found !== undefined) assert.equal(counts.join(', '), found)
  }
}

const long = 'x'.repeat(70_000)
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
const lines = 'application/x-ndjson'
const events = 'text/event-stream'
const a: readonly (readonly [string, MaskStrategy])[] = [['$.a', redact]]

const cases: Readonly<Record<string, Case>> = {
  'a member': {
    rules: a,
    body: '{ "a" : 1 , "b":2}',
    out: '{ "a" : "[REDACTED:X]" , "b":2}',
    found: 'r0 redact 1',
  },
  'an escaped key': { rules: a, body: '{"\\u0061":1}', out: '{"\\u0061":"[REDACTED:X]"}' },
  'a key of surrogate escapes': {
    rules: [["$['😀']", redact]],
    body: '{"\\uD83D\\ude00":1}',
    out: '{"\\uD83D\\ude00":"[REDACTED:X]"}',
  },
  'a key escaped with a slash': {
    rules: [["$['a/b']", redact]],
    body: '{"a\\/b":1}',
    out: '{"a\\/b":"[REDACTED:X]"}',
  },
  'every one of duplicate keys': {
    rules: a,
    body: '{"a":1,"a":2,"\\u0061":3}',
    out: '{"a":"[REDACTED:X]","a":"[REDACTED:X]","\\u0061":"[REDACTED:X]"}',
    found: 'r0 redact 3',
  },
  'a key that only begins alike': { rules: a, body: '{"ab":1,"":2,"A":3}', out: 'unchanged' },
  'a very long other key': {
    rules: a,
    body: `{"${long}":1,"a":2}`,
    out: `{"${long}":1,"a":"[REDACTED:X]"}`,
  },
  'a prototype key': {
    rules: [['$.__proto__.a', redact]],
    body: '{"__proto__":{"a":1},"constructor":2}',
    out: '{"__proto__":{"a":"[REDACTED:X]"},"constructor":2}',
  },
  'what is not masked keeps its spelling': {
    rules: a,
    body: '{"n":[1.0,1E2,-0,123456789012345678901234567890,0.1e-7],"s":"\\u00e9\\/","a":null}\r\n',
    out: 'unchanged',
    found: '',
  },
  'a container whole': {
    rules: a,
    body: '{"a":{"x":[1,{"y":2}]},"b":[]}',
    out: '{"a":"[REDACTED:X]","b":[]}',
  },
  'an inner rule within a masked container': {
    rules: [...a, ['$.a.x', drop]],
    body: '{"a":{"x":1}}',
    out: '{"a":"[REDACTED:X]"}',
    found: 'r0 redact 1',
  },
  descendants: {
    rules: [['$..a', redact]],
    body: '[{"b":{"a":1}},{"a":[{"a":2}]}]',
    out: '[{"b":{"a":"[REDACTED:X]"}},{"a":"[REDACTED:X]"}]',
  },
  'elements by slice': {
    rules: [['$[1:6:2]', redact]],
    body: '[0,1,2,3,4,5,6,7]',
    out: '[0,"[REDACTED:X]",2,"[REDACTED:X]",4,"[REDACTED:X]",6,7]',
  },
  'an index does not name a member': {
    rules: [['$[0]', redact]],
    body: '{"0":1}',
    out: 'unchanged',
  },
  'drop the first': {
    rules: [['$.a', drop]],
    body: '{ "a":1, "b":2 }',
    out: '{ "b":2 }',
    found: 'r0 drop 1',
  },
  'drop in the middle': {
    rules: [['$.b', drop]],
    body: '{"a":1,"b":2,"c":3}',
    out: '{"a":1,"c":3}',
  },
  'drop the last': { rules: [['$.b', drop]], body: '{"a":1,"b":2 }', out: '{"a":1 }' },
  'drop several at the start': {
    rules: [["$['a','b']", drop]],
    body: '{"a":[],"b":{},"c":3,"d":4}',
    out: '{"c":3,"d":4}',
  },
  'drop all': {
    rules: [['$[*]', drop]],
    body: '[1,[2],"3",null,true]',
    out: '[]',
    found: 'r0 drop 5',
  },
  'drop and mask side by side': {
    rules: [
      ['$.a', drop],
      ['$.b', redact],
    ],
    body: '{"a":1,"b":2,"c":3}',
    out: '{"b":"[REDACTED:X]","c":3}',
  },
  'an empty container that could have lost something': {
    rules: [['$..a', drop]],
    body: '{ "b":{ },"c":[ ]}',
    out: 'unchanged',
  },
  'the whole result': { rules: [['$', drop]], body: ' {"a":1} ', out: ' null ' },
  'null hides nothing': {
    rules: [
      ['$.a', redact],
      ['$.b', hash],
      ['$.c', last4],
    ],
    body: '{"a":null,"b":null,"c":null}',
    out: 'unchanged',
    found: '',
  },
  'null is dropped and replaced': {
    rules: [
      ['$.a', drop],
      ['$.b', replace],
    ],
    body: '{"a":null,"b":null}',
    out: '{"b":{"none":true}}',
  },
  'hash of a string is of its value': {
    rules: [['$..a', hash]],
    body: '{"a":"x\\u0041\\n","b":{"a":"xA\\n"}}',
    out: `{"a":${hashOf('xA\n')},"b":{"a":${hashOf('xA\n')}}}`,
  },
  'hash of a number is of its text': {
    rules: [['$[*]', hash]],
    body: '[1.0,true]',
    out: `[${hashOf('1.0')},${hashOf('true')}]`,
  },
  'hash of a container is of its bytes': {
    rules: [['$.a', hash]],
    body: '{"a": {"b": [1, 2]} }',
    out: `{"a": ${hashOf('{"b": [1, 2]}')} }`,
  },
  'the last four': {
    rules: [['$.a', last4]],
    body: '{"a":"4111111111111111"}',
    out: '{"a":"************1111"}',
  },
  'partial counts code points of the value': {
    rules: [['$.a', ends]],
    body: '{"a":"\\ud83d\\ude00bc\\"\\n"}',
    out: `{"a":"${Buffer.from('😀').toString('latin1')}**\\"\\n"}`,
  },
  'partial of what is too short': {
    rules: [['$[*]', ends]],
    body: '["abc","ab","",12]',
    out: '["***","**","","**"]',
  },
  'partial of a number is a string': {
    rules: [['$[*]', ends]],
    body: '[123456]',
    out: '["1***56"]',
  },
  'partial of anything else shows nothing': {
    rules: [['$[*]', ends]],
    body: '[true,{"a":1},[2]]',
    out: '["[REDACTED:PARTIAL]","[REDACTED:PARTIAL]","[REDACTED:PARTIAL]"]',
  },
  'too long to hash or cut': {
    rules: [
      ['$.a', hash],
      ['$.b', ends],
    ],
    body: `{"a":"${long}","b":"${long}"}`,
    out: '{"a":"[REDACTED:HASH]","b":"[REDACTED:PARTIAL]"}',
  },
  'the most hiding of two': {
    rules: [
      ['$.a', last4],
      ['$.*', hash],
      ['$..a', redact],
      ['$..b', drop],
    ],
    body: '{"a":"x","b":1}',
    out: '{"a":"[REDACTED:X]"}',
    found: 'r2 redact 1, r3 drop 1',
  },
  'fields let through what they name': {
    fields: [['$.a.b', '$.l[*].n']],
    body: '{"x":1,"a":{"b":[1,{"z":1}],"c":2},"l":[{"n":1,"m":2},5,{"n":3}]}',
    out: '{"a":{"b":[1,{"z":1}]},"l":[{"n":1},{"n":3}]}',
    found: 'fields fields 4',
  },
  'fields of every party': {
    fields: [
      ['$.a', '$.b'],
      ['$.b', '$.c.d'],
    ],
    body: '{"a":1,"b":2,"c":{"d":3}}',
    out: '{"b":2}',
    found: 'fields fields 2',
  },
  'fields of one within those of another': {
    fields: [['$.a'], ['$.a.b']],
    body: '{"a":{"b":1,"c":2}}',
    out: '{"a":{"b":1}}',
  },
  'a scalar where fields expect more': { fields: [['$.a.b']], body: '{"a":"whole"}', out: '{}' },
  'no fields at all': { fields: [[]], body: '{"a":1}', out: 'null' },
  'a scalar result outside the fields': { fields: [['$.a']], body: '"text"', out: 'null' },
  'fields and rules together': {
    fields: [['$.a']],
    rules: [
      ['$.a.s', redact],
      ['$.x', redact],
    ],
    body: '{"x":1,"a":{"s":1,"t":2}}',
    out: '{"a":{"s":"[REDACTED:X]","t":2}}',
  },
  'an echo in what is left': {
    rules: a,
    body: '{"a":1,"b":"sk-secret"}',
    out: '{"a":"[REDACTED:X]","b":"[REDACTED:CREDENTIAL]"}',
    found: 'r0 redact 1, credential credential 1',
  },
  'an echo where nothing is declared': {
    type: 'image/png',
    body: 'GIF sk-secret',
    out: 'GIF [REDACTED:CREDENTIAL]',
  },
  'anything where nothing is declared': { body: '{"not json', out: 'unchanged' },
  'no body': { rules: a, body: '', out: '' },
  'no body and no media type': { rules: a, type: '', body: '', out: '' },
  'a body without media type': { rules: a, type: '', body: '{}', out: 'withheld' },
  'any +json, with parameters': {
    rules: a,
    type: 'Application/Problem+JSON; charset="UTF-8"',
    body: '{"a":1}',
    out: '{"a":"[REDACTED:X]"}',
  },
  'another charset': {
    rules: a,
    type: 'application/json; charset=utf-16',
    body: '{}',
    out: 'refused',
  },
  'a fragment': { rules: a, fragment: true, body: '{"a":1}', out: 'refused' },
  'a fragment under fields': { fields: [['$.a']], fragment: true, body: '{}', out: 'refused' },
  'a fragment where nothing is declared': { fragment: true, body: '1,"a":2}', out: 'unchanged' },
  ...Object.fromEntries(
    [
      'charset=utf-16',
      'charset=latin1',
      'charset=utf-7',
      'charset="utf-16le"',
      'charset=',
      'charset',
      "charset='utf-8'",
      'charset=utf-8;charset=utf-16',
      'charset=utf-8; CHARSET=utf-8',
      'charset="utf-8',
      'charset="\\utf-8"',
      'x=";charset=utf-8";charset=utf-16',
      'charset=utf-8, text/html; charset=utf-16',
      'charset = utf-8',
    ].map((parameters): [string, Case] => [
      `a charset that is not ours: ${parameters}`,
      { rules: a, type: `application/json; ${parameters}`, body: '{}', out: 'refused' },
    ]),
  ),
  ...Object.fromEntries(
    ['charset="UTF-8"', 'CharSet=utf8 ;', ';; charset=utf-8', 'x="a;charset=utf-16"', 'q=1'].map(
      (parameters): [string, Case] => [
        `a charset that is ours: ${parameters}`,
        {
          rules: a,
          type: `application/json ;${parameters}`,
          body: '{"a":1}',
          out: '{"a":"[REDACTED:X]"}',
        },
      ],
    ),
  ),
  'events in another charset': {
    rules: a,
    type: `${events};charset=utf-16`,
    body: 'data: {"a":1}\n\n',
    out: 'refused',
  },
  'US-ASCII that is': {
    rules: a,
    type: 'application/json; charset=us-ascii',
    body: '{"a":1}',
    out: '{"a":"[REDACTED:X]"}',
  },
  'US-ASCII that is not': {
    rules: a,
    type: 'application/json; charset=us-ascii',
    body: '{"b":"\xc3\xa9"}',
    out: 'withheld',
  },
  'two types': { rules: a, type: 'text/html, application/x+json', body: '{}', out: 'refused' },
  'text sequences': { rules: a, type: 'application/json-seq', body: '{}', out: 'refused' },
  'another type': { rules: a, type: 'text/html', body: 'x', out: 'refused' },
  'another type under fields': { fields: [['$.a']], type: 'text/csv', body: 'x', out: 'refused' },
  'only white space': { rules: a, body: ' \n', out: 'withheld' },
  'two texts': { rules: a, body: '{"b":1}{"a":1}', out: 'withheld' },
  'cut off': { rules: a, body: '{"b":1', out: 'withheld' },
  'a byte order mark': {
    rules: a,
    body: '\xef\xbb\xbf{"a":1}',
    out: '\xef\xbb\xbf{"a":"[REDACTED:X]"}',
  },
  'a part of a byte order mark': { rules: a, body: '\xef\xbb{"a":1}', out: 'withheld' },
  'what begins a byte order mark, and no more': { rules: a, body: '\xef\xbb', out: 'withheld' },
  'UTF-16': { rules: a, body: '{\0"\0a\0"\0:\x001\0}\0', out: 'withheld' },
  'a comma too many': { rules: a, body: '{"b":1,}', out: 'withheld' },
  'no comma': { rules: a, body: '[1 2]', out: 'withheld' },
  'the wrong bracket': { rules: a, body: '[1}', out: 'withheld' },
  'a leading zero': { rules: a, body: '[01]', out: 'withheld' },
  'no fraction': { rules: a, body: '[1.]', out: 'withheld' },
  'a bare word': { rules: a, body: '{"b":NaN}', out: 'withheld' },
  'a comment': { rules: a, body: '{"b":1/*"a"*/}', out: 'withheld' },
  'single quotes': { rules: a, body: "{'a':1}", out: 'withheld' },
  'a raw line feed in a string': { rules: a, body: '["x\ny"]', out: 'withheld' },
  'an unknown escape': { rules: a, body: '["\\x41"]', out: 'withheld' },
  'nested as deep as may be': { rules: a, body: nested(256), out: 'unchanged' },
  'nested too deep': { rules: a, body: nested(257), out: 'withheld' },
  'nested too deep out of sight': { rules: a, body: `{"b":${nested(256)}}`, out: 'withheld' },
  'broken inside what is masked': { rules: a, body: '{"a":[1,],"b":2}', out: 'withheld' },
  'a key too long to hold': { rules: [['$.a', drop]], body: `{"${long}":1}`, out: 'withheld' },
  'white space too long to hold': {
    rules: [['$.a', drop]],
    body: `{"b":1,${' '.repeat(70_000)}"a":1}`,
    out: 'withheld',
  },
  ...Object.fromEntries(
    [
      ['in a string', '{"b":"\xff"}'],
      ['in a key', '{"\xffa":1}'],
      ['in what is hidden', '{"a":"\xff"}'],
      ['overlong', '{"\xc1\xa1":1}'],
      ['overlong in three', '{"\xe0\x81\xa1":1}'],
      ['overlong in four', '{"\xf0\x80\x81\xa1":1}'],
      ['an overlong quote', '{"b":"\xc0\xa2"}'],
      ['half a surrogate pair', '{"b":"\xed\xa0\x80"}'],
      ['beyond Unicode', '{"b":"\xf4\x90\x80\x80"}'],
      ['five bytes', '{"b":"\xf8\x88\x80\x80\x80"}'],
      ['a character cut off by a quote', '{"b":"\xe2\x82"}'],
      ['a character cut off by the end', '"\xe2\x82'],
      ['the rest of a character', '{"b":"\x82"}'],
      ['after the text', '{"b":1}\xc3'],
    ].map(([name, body = '']): [string, Case] => [
      `not UTF-8: ${name}`,
      { rules: a, body, out: 'withheld' },
    ]),
  ),
  'not UTF-8: in an event': {
    rules: a,
    type: events,
    body: ':\xff\n\n',
    out: 'withheld',
  },
  'not UTF-8: in a line': { rules: a, type: lines, body: '{}\n"\xc3"\n', out: 'withheld' },
  'UTF-8 of every length': {
    rules: a,
    body: '{"b":"\xc2\xa2\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbb\xbf","a":1}',
    out: '{"b":"\xc2\xa2\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbb\xbf","a":"[REDACTED:X]"}',
  },
  'each line': {
    rules: a,
    type: lines,
    body: '{"a":1}\n\n {"b":1}\r\n3',
    out: '{"a":"[REDACTED:X]"}\n\n {"b":1}\r\n3',
  },
  'a text over two lines': { rules: a, type: lines, body: '{"a":\n1}', out: 'withheld' },
  'two texts on a line': {
    rules: a,
    type: 'application/jsonl',
    body: '{} {"a":1}\n',
    out: 'withheld',
  },
  'a number that ends a line': {
    rules: [['$', redact]],
    type: lines,
    body: '12\n34',
    out: '"[REDACTED:X]"\n"[REDACTED:X]"',
  },
  'an event': {
    rules: a,
    type: events,
    body: ':hi\nevent: x\ndata: {"a":1}\nid: 7\n\n',
    out: ':hi\nevent: x\ndata: {"a":"[REDACTED:X]"}\nid: 7\n\n',
  },
  'an event over several lines': {
    rules: a,
    type: events,
    body: 'data: {"a":\r\ndata:1,\r\ndata: "b":2}\r\n\r\n',
    out: 'data: {"a":\r\ndata: "[REDACTED:X]",\r\ndata: "b":2}\r\n\r\n',
  },
  'events that stay': {
    rules: a,
    type: events,
    body: 'data:{"b":1}\r\rdata: [DONE]\n\nretry: 5\n\ndata\n\n\n',
    out: 'unchanged',
  },
  'an event without its end': {
    rules: a,
    type: events,
    body: 'data: {"a":1}',
    out: 'data: {"a":"[REDACTED:X]"}',
  },
  'an event that is no JSON': { rules: a, type: events, body: 'data: hello\n\n', out: 'withheld' },
  'an event split so that neither line is JSON': {
    rules: a,
    type: events,
    body: 'data: {"a":\n\ndata: 1}\n\n',
    out: 'withheld',
  },
  'an event with a field like data': {
    rules: a,
    type: events,
    body: ' data: {"a":1}\n\n',
    out: 'withheld',
  },
  'an event after a byte order mark': {
    rules: a,
    type: events,
    body: '\xef\xbb\xbfdata: {"a":1}\n\n',
    out: 'withheld',
  },
  'an event too long': {
    rules: a,
    type: events,
    body: `data: "${'x'.repeat(1_048_576)}"\n\n`,
    out: 'withheld',
  },
}
for (const [name, one] of Object.entries(cases)) test(`mask: ${name}`, () => check(one))

test('all problems of a declaration are told at once', () => {
  const rules: MaskRule[] = [
    { id: 'one', path: '$.a[-1]', strategy: redact },
    { id: 'two', path: '$.b', strategy: { kind: 'partial', first: -1, last: 0.5 } },
  ]
  const masking = compileResultMasking(rules, [['name']])
  assert.ok('problems' in masking)
  assert.deepEqual(
    masking.problems.map((problem) => problem.split(':')[0]),
    ['one', 'two', 'fields'],
  )
})

test('arguments are hidden from whom they are to be hidden, in values and in the body', () => {
  const masking = compileArgumentMasking([
    { id: 'card', path: '$.card', strategy: last4, from: ['record'] },
    { id: 'note', path: '$.note', strategy: drop, from: ['upstream', 'record'] },
  ])
  assert.ok('apply' in masking)
  const values = { card: '4111111111111111', note: 'n', n: 1.5 }
  assert.deepEqual([masking.hidesFromUpstream, masking.hidesFromRecord], [true, true])
  const recorded = masking.apply(values, { from: 'record', key })
  assert.deepEqual(recorded.values, { card: '************1111', n: 1.5 })
  assert.deepEqual(recorded.findings.map(({ rule }) => rule).sort(), ['card', 'note'])
  const body = Buffer.from('{"card": "4111111111111111", "note":"n","n":1.50}')
  const forwarded = masking.applyToBody(body, { from: 'upstream', key })
  assert.equal(Buffer.from(forwarded).toString(), '{"card": "4111111111111111","n":1.50}')
  const clean = Buffer.from('{"n": 1}')
  assert.equal(masking.applyToBody(clean, { from: 'upstream', key }), clean)
})

test('arguments cannot be masked as a whole', () => {
  assert.ok(
    'problems' in
      compileArgumentMasking([{ id: 'all', path: '$', strategy: drop, from: ['record'] }]),
  )
})

test('where nothing is declared nothing is hidden', () => {
  const masking = compileArgumentMasking([])
  assert.ok('apply' in masking)
  const values = { a: 1 }
  assert.deepEqual([masking.hidesFromUpstream, masking.hidesFromRecord], [false, false])
  assert.deepEqual(masking.apply(values, { from: 'record', key }).values, values)
})
