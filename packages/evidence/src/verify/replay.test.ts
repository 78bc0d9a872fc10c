import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tellArguments, tellIp } from './cedar-values.ts'
import { NumberText, readHttpArguments } from './http-arguments.ts'
import { type Located, locate, parseJsonPath } from './json-path.ts'

const fn = (http: object, properties: object = {}) => ({
  prefix: '/crm',
  http: {
    method: 'GET',
    path: '/customers/{id}',
    places: {},
    body: 'none',
    bodyArgument: undefined,
    ...http,
  },
  argumentSchema: { type: 'object', properties },
})
const json = { path: '/customers', body: 'json' }

/** The arguments of a recorded request, numbers as `#text`; undefined where it cannot be read. */
function checkRead(
  [request, described]: readonly [string, ReturnType<typeof fn>],
  expected: object | undefined,
): void {
  const read = readHttpArguments(Buffer.from(request), described)
  const plain = (value: unknown): unknown => {
    if (value instanceof NumberText) return `#${value.text}`
    if (Array.isArray(value)) return value.map(plain)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]))
  }
  assert.deepEqual(read && plain(Object.fromEntries(read)), expected)
}

const integer = { n: { type: 'integer' } }
const requests: readonly (readonly [string, string, ReturnType<typeof fn>, object | undefined])[] =
  [
    ['a path', 'GET /crm/customers/7\n\n', fn({}), { id: '7' }],
    ['a path in percent-encoding', 'GET /crm/customers/%C3%A9%2C\n\n', fn({}), { id: 'é,' }],
    ['a whole address', 'GET http://gw.example:8080/crm/customers/7\n\n', fn({}), { id: '7' }],
    [
      'a literal around a capture',
      'GET /crm/customers/c-7.json\n\n',
      fn({ path: '/customers/c-{id}.json' }),
      { id: '7' },
    ],
    ['a query', 'GET /crm/customers/7?a=b+c&d=&e\n\n', fn({}), { id: '7', a: 'b c', d: '', e: '' }],
    [
      'a query of types',
      'GET /crm/customers/7?n=12&m=1.50&b=true&t=12\n\n',
      fn({}, { ...integer, m: { type: 'number' }, b: { type: 'boolean' } }),
      { id: '7', n: '#12', m: '#1.50', b: true, t: '12' },
    ],
    [
      'a query of what does not fit its type',
      'GET /crm/customers/7?n=012\n\n',
      fn({}, integer),
      { id: '7', n: '012' },
    ],
    [
      'a list in a query',
      'GET /crm/customers/7?n=1&n=2\n\n',
      fn({}, { n: { type: 'array', items: { type: 'integer' } } }),
      { id: '7', n: ['#1', '#2'] },
    ],
    ['a name twice', 'GET /crm/customers/7?a=1&a=2\n\n', fn({}), undefined],
    ['a name from two places', 'GET /crm/customers/7?id=8\n\n', fn({}), undefined],
    [
      'a header',
      'GET /crm/customers/7\nx-mode: fast\n\n',
      fn({ places: { 'X-Mode': 'header' } }),
      { id: '7', 'X-Mode': 'fast' },
    ],
    [
      'JSON, with numbers as they were written',
      'POST /crm/customers\n\n{"a":1e2,"b":[9007199254740993,null],"c":{"d":0.10}}',
      fn(json),
      { a: '#1e2', b: ['#9007199254740993', null], c: { d: '#0.10' } },
    ],
    [
      'JSON as one argument',
      'POST /crm/customers\n\n[1]',
      fn({ ...json, bodyArgument: 'all' }),
      { all: ['#1'] },
    ],
    ['JSON that is no object', 'POST /crm/customers\n\n[1]', fn(json), undefined],
    ['what is no JSON', 'POST /crm/customers\n\n{', fn(json), undefined],
    [
      'a form',
      'POST /crm/customers\n\na=1&b=x%20y',
      fn({ ...json, body: 'form' }),
      { a: '1', b: 'x y' },
    ],
    [
      'text',
      'POST /crm/customers\n\nhello',
      fn({ ...json, body: 'text', bodyArgument: 't' }),
      { t: 'hello' },
    ],
    [
      'bytes',
      'POST /crm/customers\n\nabc',
      fn({ ...json, body: 'binary', bodyArgument: 'b' }),
      {
        b: {
          bytes: '#3',
          sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
        },
      },
    ],
    ['another path', 'GET /crm/orders/7\n\n', fn({}), undefined],
    ['a longer path', 'GET /crm/customers/7/8\n\n', fn({}), undefined],
    ['broken percent-encoding', 'GET /crm/customers/%zz\n\n', fn({}), undefined],
    ['no empty line', 'GET /crm/customers/7\n', fn({}), undefined],
  ]
for (const [name, request, described, expected] of requests) {
  test(`reads ${name}`, () => checkRead([request, described], expected))
}

const extn = (of: string, ...args: readonly unknown[]) => ({ __extn: { fn: of, args } })
const number = (text: string) => new NumberText(text)
const told: readonly (readonly [string, unknown, object, unknown])[] = [
  ['a string', 'x', { type: 'string' }, 'x'],
  ['an integer', number('12'), { type: 'integer' }, 12],
  ['an integer with an exponent', number('1e2'), { type: 'integer' }, 100],
  [
    'an integer beyond doubles',
    number('9007199254740993'),
    { type: 'integer' },
    extn('toMilliseconds', extn('duration', '9007199254740993ms')),
  ],
  ['an integer beyond 64 bits', number('9223372036854775808'), { type: 'integer' }, undefined],
  ['a fraction where an integer belongs', number('1.5'), { type: 'integer' }, undefined],
  ['a decimal', number('-0.25'), { type: 'number' }, extn('decimal', '-0.2500')],
  ['a decimal of five digits', number('0.00001'), { type: 'number' }, undefined],
  ['a string where a number belongs', '1', { type: 'number' }, undefined],
  ['a list', ['a', 'b'], { type: 'array', items: { type: 'string' } }, ['a', 'b']],
  [
    'a list with what does not fit',
    ['a', true],
    { type: 'array', items: { type: 'string' } },
    undefined,
  ],
  ['a reference', 'x', { $ref: '#/properties/other' }, 'x'],
  ['a type beside null', 'x', { type: ['string', 'null'] }, 'x'],
  ['listed values of one type', 'x', { enum: ['x', 'y'] }, 'x'],
]
for (const [name, value, schema, expected] of told) {
  test(`tells ${name}`, () => {
    const properties = { a: schema, other: { type: 'string' } }
    const { value: args, isWhole } = tellArguments(new Map([['a', value]]), { properties })
    assert.deepEqual([args.a, isWhole], [expected, expected !== undefined])
  })
}

test('what has no type is told to nobody, and null is absent', () => {
  const properties = { a: { type: ['string', 'integer'] }, b: { anyOf: [] }, c: { type: 'string' } }
  const args = new Map<string, unknown>([
    ['a', 'x'],
    ['b', 'x'],
    ['c', null],
    ['d', 'x'],
  ])
  assert.deepEqual(tellArguments(args, { properties }), { value: {}, isWhole: true })
})

test('addresses are told without zone and as IPv4 where they are', () => {
  assert.deepEqual(tellIp('::ffff:10.0.0.1'), extn('ip', '10.0.0.1'))
  assert.deepEqual(tellIp('fe80::1%eth0'), extn('ip', 'fe80::1'))
})

const document = { a: { b: [1, 2, 3, 4], 'c d': 5 }, e: [{ b: 6 }, { b: 7 }], "f'g": 8 }
const paths: readonly (readonly [string, readonly string[] | undefined])[] = [
  ['$', ['']],
  ['$.a.b', ['a.b']],
  ["$['a']['c d']", ['a.c d']],
  ['$["a"]["c d"]', ['a.c d']],
  ["$['f\\'g']", ["f'g"]],
  ['$.a.b[1]', ['a.b.1']],
  ['$.a.b[0,2]', ['a.b.0', 'a.b.2']],
  ['$.a.b[1:3]', ['a.b.1', 'a.b.2']],
  ['$.a.b[::2]', ['a.b.0', 'a.b.2']],
  ['$.e[*].b', ['e.0.b', 'e.1.b']],
  ['$.e.*', ['e.0', 'e.1']],
  ['$..b', ['a.b', 'e.0.b', 'e.1.b']],
  ['$..[3]', ['a.b.3']],
  ['$.x.y', []],
  ['a.b', undefined],
  ['$.a[?@.b]', undefined],
  ['$.a[-1]', undefined],
  ['$.', undefined],
  ['$..', undefined],
]
for (const [text, expected] of paths) {
  test(`finds ${text}`, () => {
    const path = parseJsonPath(text)
    const found = path && locate(document, path, 100)
    assert.deepEqual(found?.map(placeOf).sort(), expected && [...expected].sort())
  })
}

function placeOf(node: Located): string {
  if (!node.above) return ''
  const outer = placeOf(node.above.node)
  return outer === '' ? `${node.above.step}` : `${outer}.${node.above.step}`
}

/** Documents and paths made to be long to walk; how many values are named, and how many nodes that takes. */
const walks: readonly (readonly [string, string, number, number])[] = [
  ['$..*..*..*..*', nested(100), 96, 784],
  ['$..*..*', nested(400), 398, 1596],
  ['$..ssn', `[${Array(500).fill(nested(490)).join()}]`, 0, 245_001],
  ["$..['ssn','ssn']", '{"ssn":1}', 1, 2],
  ['$[*,0,::1]', '[7,8]', 2, 2],
]
for (const [text, json, count, nodes] of walks) {
  test(`names each value once: ${text}`, () => {
    const path = parseJsonPath(text) ?? assert.fail()
    const parsed: unknown = JSON.parse(json)
    assert.equal(locate(parsed, path, nodes)?.length, count)
    // A difference of such documents would take an hour to print.
    assert.ok(locate(parsed, path, nodes - 1) === undefined, 'no more is looked at than allowed')
  })
}

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth)
}
