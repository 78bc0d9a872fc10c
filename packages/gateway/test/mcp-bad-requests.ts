import { metaOf, type Said } from './mcp-agent.ts'

const call = (id: unknown, params: object, method = 'tools/call') =>
  JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta: metaOf() } })

/** Requests that no honest client makes: the status, the JSON-RPC code. None reaches a server, each is on record. */
export const badRequests: readonly (readonly [string, Said, number, number | undefined])[] = [
  [
    'another method in the header',
    { name: 'web__fine', headers: { 'mcp-method': 'tools/list' } },
    400,
    -32020,
  ],
  [
    'another name in the header',
    { name: 'web__fine', headers: { 'mcp-name': 'web__send' } },
    400,
    -32020,
  ],
  ['no name in the header', { name: 'web__fine', headers: { 'mcp-name': undefined } }, 400, -32020],
  [
    'no method in the header',
    { name: 'web__fine', headers: { 'mcp-method': undefined } },
    400,
    -32020,
  ],
  [
    'another revision in the header',
    { name: 'web__fine', headers: { 'mcp-protocol-version': '2025-11-25' } },
    400,
    -32020,
  ],
  [
    'a revision nobody knows',
    {
      name: 'web__fine',
      headers: { 'mcp-protocol-version': '2099-01-01' },
      body: call(1, { name: 'web__fine' }).replaceAll('2026-07-28', '2099-01-01'),
    },
    400,
    -32022,
  ],
  ['a method nobody knows', { method: 'tools/run', params: { name: 'web__fine' } }, 404, -32601],
  [
    'a method of the other direction',
    { method: 'sampling/createMessage', params: {} },
    404,
    -32601,
  ],
  [
    'a member twice',
    {
      name: 'web__fine',
      body: call(1, { name: 'web__send' }).replace('"name"', '"name":"web__fine","name"'),
    },
    400,
    undefined,
  ],
  [
    'an id that is a list',
    { name: 'web__fine', body: call([1], { name: 'web__fine' }) },
    400,
    -32600,
  ],
  [
    'an id that is an object',
    { name: 'web__fine', body: call({}, { name: 'web__fine' }) },
    400,
    -32600,
  ],
  [
    'no id that can be answered',
    { name: 'web__fine', body: call(null, { name: 'web__fine' }) },
    400,
    -32600,
  ],
  ['a batch', { name: 'web__fine', body: `[${call(1, { name: 'web__fine' })}]` }, 400, -32600],
  ['no JSON', { name: 'web__fine', body: '{' }, 400, -32700],
  [
    'depth',
    {
      name: 'web__fine',
      body: call(1, { name: 'web__fine', arguments: { a: 1 } }).replace(
        '1}',
        `${'['.repeat(500)}${']'.repeat(500)}}`,
      ),
    },
    400,
    undefined,
  ],
  ['too much', { name: 'web__fine', args: { a: 'x'.repeat(20_000_000) } }, 413, undefined],
  [
    'another media type',
    { name: 'web__fine', headers: { 'content-type': 'text/plain' } },
    415,
    undefined,
  ],
  [
    'a name that is no text',
    { name: 'web__fine', body: call(1, { name: ['web__fine'] }) },
    400,
    undefined,
  ],
  ['arguments that are a list', { name: 'web__fine', args: [] }, 400, undefined],
  ['a state nobody sealed', { name: 'web__fine', params: { requestState: 'AAAA' } }, 400, -32602],
  [
    'a page of another origin',
    { name: 'web__fine', headers: { origin: 'https://evil.example' } },
    403,
    undefined,
  ],
  ['another host', { name: 'web__fine', headers: { host: 'evil.example' } }, 403, undefined],
  ['no token', { name: 'web__fine', token: null }, 401, undefined],
]
