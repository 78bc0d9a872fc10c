import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FunctionDefinition, HttpBinding } from '../model/function.ts'
import { Failure } from './exit.ts'
import { type FunctionRequest, requestOf } from './http-request.ts'
import { readJsonArguments } from './json-arguments.ts'

function check(
  http: HttpBinding,
  data: string,
  expected: Partial<FunctionRequest> | undefined,
): void {
  const fn: FunctionDefinition = {
    id: 'api.thing',
    connection: 'api',
    purpose: 'A test',
    owner: 'team',
    sensitivity: 'public',
    risk: 'low',
    idempotent: true,
    deferrable: false,
    http,
    argumentSchema: {},
    argumentMasks: [],
    resultMasks: [],
    payloads: 'kept',
    digest: 'sha256:0',
  }
  const connection = {
    id: 'api',
    protocol: 'http',
    upstream: 'http://127.0.0.1',
    prefix: '/api',
    credential: { kind: 'none' },
    forwardHeaders: [],
  } as const
  const make = () => requestOf(fn, connection, { args: readJsonArguments(data) })
  if (expected === undefined) assert.throws(make, Failure)
  else assert.deepEqual({ ...make(), ...expected }, make())
}

const get: HttpBinding = {
  method: 'GET',
  path: '/things/{id}',
  places: { id: 'path', q: 'query', tags: 'query', 'X-Region': 'header' },
  body: 'none',
}
const post: HttpBinding = { method: 'POST', path: '/things', places: {}, body: 'json' }

const cases: readonly (readonly [
  name: string,
  http: HttpBinding,
  data: string,
  expected: Partial<FunctionRequest> | undefined,
])[] = [
  [
    'a path argument is one segment',
    get,
    '{"id":"a/../b?c"}',
    { path: '/api/things/a%2F..%2Fb%3Fc' },
  ],
  [
    'query and header arguments',
    get,
    '{"id":1,"q":"a b&c","tags":["x","y"],"X-Region":"eu"}',
    { path: '/api/things/1?q=a+b%26c&tags=x&tags=y', headers: { 'x-region': 'eu' } },
  ],
  ['a missing path argument', get, '{}', undefined],
  ['an object where text belongs', get, '{"id":{}}', undefined],
  [
    'numbers are sent as they were written',
    post,
    '{"amount":9007199254740993,"rate":1.10,"deep":{"n":[1e2,-0]}}',
    { body: '{"amount":9007199254740993,"rate":1.10,"deep":{"n":[1e2,-0]}}' },
  ],
  ['an empty body', post, '{}', { body: '{}', headers: { 'content-type': 'application/json' } }],
  ['undeclared arguments go into the body', post, '{"x":null}', { body: '{"x":null}' }],
  [
    'a form',
    { ...post, body: 'form' },
    '{"a":"x y","b":[1,2]}',
    { body: 'a=x+y&b=1&b=2', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
  ],
  [
    'one argument that is the whole body',
    { ...post, places: { list: 'body' }, bodyArgument: 'list' },
    '{"list":[1.0]}',
    { body: '[1.0]' },
  ],
  ['text that is no JSON', post, '{', undefined],
  ['a list instead of arguments', post, '[]', undefined],
  [
    'a body that has to be a file',
    { ...post, places: { x: 'body' }, body: 'stream' },
    '{"x":1}',
    undefined,
  ],
]
for (const [name, http, data, expected] of cases) test(name, () => check(http, data, expected))

test('the exact text of a number is found by its path', () => {
  const { exactNumber } = readJsonArguments('{"a":{"b":1.10},"toString":2}')
  assert.equal(exactNumber(['a', 'b']), '1.10')
  assert.equal(exactNumber(['toString']), '2')
  assert.equal(exactNumber(['a', 'constructor']), undefined)
})
