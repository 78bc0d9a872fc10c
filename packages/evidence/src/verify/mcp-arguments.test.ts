import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NumberText } from './http-arguments.ts'
import { isOfMcpFunction, readMcpArguments } from './mcp-arguments.ts'

type Row = readonly [
  name: string,
  method: string,
  of: string,
  text: string,
  readings: readonly object[],
]

const rows: readonly Row[] = [
  ['a tool', 'tools/call', 'refund', '{"n":1,"to":"x"}', [{ values: { n: '1', to: 'x' } }]],
  ['a number as it was written', 'tools/call', 'refund', '{"n":1.50}', [{ values: { n: '1.50' } }]],
  ['a prompt', 'prompts/get', 'greet', '{"name":"x"}', [{ values: { name: 'x' } }]],
  ['a resource', 'resources/read', 'f:///a', '{"uri":"f:///a"}', [{ values: { uri: 'f:///a' } }]],
  [
    'of who wants to hear of a resource',
    ...(['resources/read', 'f:///a', '{"uri":"f:///a","subscribe":true}'] as const),
    [{ values: { uri: 'f:///a' } }],
  ],
  [
    'a resource of a template',
    ...(['resources/read', 'f:///{a}/x-{b}.txt', '{"uri":"f:///1%202/x-3.txt"}'] as const),
    [{ values: { a: '1 2', b: '3', uri: 'f:///1%202/x-3.txt' }, names: ['a', 'b'] }],
  ],
  [
    'a resource of a template that ends with all the rest',
    ...(['resources/read', 'f:///x/{+a}', '{"uri":"f:///x/1/2"}'] as const),
    [{ values: { a: '1/2', uri: 'f:///x/1/2' }, names: ['a'] }],
  ],
  [
    'a URI that was hidden as a whole',
    ...(['resources/read', 'f:///{a}', '{"uri":"[REDACTED]"}'] as const),
    [{ values: { uri: '[REDACTED]' } }],
  ],
  [
    'a URI that cannot be decoded',
    ...(['resources/read', 'f:///{a}', '{"uri":"f:///%f0"}'] as const),
    [{ values: { uri: 'f:///%f0' } }],
  ],
  [
    'answers of the caller’s, or two arguments that are called so',
    ...(['tools/call', 'a', '{"arguments":{"n":1},"inputResponses":{"q":{}}}'] as const),
    [
      { values: { n: '1' }, answers: { q: {} } },
      { values: { arguments: { n: '1' }, inputResponses: { q: {} } } },
    ],
  ],
  [
    'an argument that is called as answers are',
    ...(['tools/call', 'a', '{"inputResponses":{}}'] as const),
    [{ values: { inputResponses: {} } }],
  ],
  [
    'answers of who reads a resource',
    ...([
      'resources/read',
      'f:///a',
      '{"arguments":{"uri":"f:///a"},"inputResponses":{}}',
    ] as const),
    [{ values: { uri: 'f:///a' }, answers: {} }],
  ],
  [
    'a completion',
    ...(['completion/complete', '', '{"ref":{"name":"g"},"argument":{"value":"x"}}'] as const),
    [{ values: { ref: { name: 'g' }, argument: { value: 'x' } } }],
  ],
  [
    'what an upstream asks of the caller',
    'elicitation/create',
    '',
    '{"message":"x"}',
    [{ values: { message: 'x' } }],
  ],
  ['no object', 'tools/call', 'refund', '[1]', []],
  ['no JSON', 'tools/call', 'refund', '{"n":', []],
  ['too deep', 'tools/call', 'refund', `{"a":${'['.repeat(600)}${']'.repeat(600)}}`, []],
]

for (const [name, method, of, text, expected] of rows) {
  test(`arguments of an MCP call: ${name}`, () => {
    const readings = readMcpArguments(Buffer.from(text), { method, name: of })
    assert.deepEqual(plain(readings), expected)
  })
}

const resources: readonly (readonly [template: string, uri: string, isOf: boolean])[] = [
  ['f:///a', 'f:///a', true],
  ['f:///a', 'f:///b', false],
  ['f:///{a}', 'f:///7', true],
  ['f:///{a}', 'f:///', false],
  ['f:///{a}', 'f:///7/8', false],
  ['f:///{a}/x', 'f:///7/y', false],
  ['f:///x-{a}.txt', 'f:///x-.txt', false],
  ['f:///{+a}', 'f:///7/8', true],
  ['f:///{+a}', 'g:///7/8', false],
  ['f:///{a}{b}', 'f:///7', false],
]
for (const [template, uri, isOf] of resources) {
  test(`whether ${uri} is of ${template}`, () => {
    const mcp = { method: 'resources/read', name: template }
    assert.equal(isOfMcpFunction(Buffer.from(JSON.stringify({ uri })), mcp), isOf)
  })
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, one) => (one instanceof NumberText ? one.text : one)))
}
