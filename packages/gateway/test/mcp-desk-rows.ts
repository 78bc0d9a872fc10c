import assert from 'node:assert/strict'
import {
  echo,
  legacy,
  meta,
  modern,
  named,
  type Row,
  resource,
  type Said,
} from './mcp-desk-yard.ts'

export const rows: Readonly<Record<string, Row>> = {
  'a call of the current revision': {
    asked: modern('tools/call', echo, named),
    status: 200,
    code: 0,
    sees: ({ json, headers }) => {
      const { id, result } = json()
      assert.equal(id, 7)
      assert.equal(result.resultType, 'complete')
      assert.equal(headers['sallyport-record'], result._meta['io.sallyport/record'])
      assert.equal(result._meta['io.modelcontextprotocol/serverInfo'].name, 'sallyport')
    },
  },
  'a name in base64': {
    asked: modern('tools/call', echo, { 'mcp-name': '=?base64?ZWNobw==?=' }),
    status: 200,
    code: 0,
  },
  'a call of an older revision, without a session': {
    asked: legacy('tools/call', echo, { 'mcp-protocol-version': '2025-06-18' }),
    status: 200,
    code: 0,
  },
  'a name with its connection, where all are behind one address': {
    asked: { ...legacy('tools/call', { ...echo, name: 'demo__echo' }), path: '/mcp' },
    status: 200,
    code: 0,
  },
  'a name without its connection there': {
    asked: { ...legacy('tools/call', echo), path: '/mcp' },
    status: 200,
    code: -32602,
    denied: 'function-unknown',
  },
  'a function nobody may call is refused as a result': {
    asked: legacy('tools/call', { name: 'locked', arguments: {} }),
    status: 200,
    code: 0,
    denied: 'policy-denied',
    sees: ({ json }) => {
      const { result } = json()
      assert.equal(result.isError, true)
      assert.equal(result.structuredContent.refusal, 'policy-denied')
      assert.match(result.structuredContent.record, /#\d+$/)
    },
  },
  'arguments that do not fit': {
    asked: legacy('tools/call', { name: 'echo', arguments: { text: 5 } }),
    status: 200,
    code: 0,
    denied: 'arguments-invalid',
    sees: ({ json }) => assert.deepEqual(json().result.structuredContent.pointers, ['/text']),
  },
  'no proof': {
    asked: { ...legacy('tools/list'), token: undefined },
    status: 401,
    denied: 'unauthenticated',
    sees: ({ headers }) => {
      const challenge = String(headers['www-authenticate'])
      assert.match(challenge, /^Bearer realm="sallyport", scope="speak"/)
      assert.match(
        challenge,
        /resource_metadata="https:\/\/gw\.example\/\.well-known\/oauth-protected-resource\/mcp\/demo"/,
      )
      assert.doesNotMatch(challenge, /error=/)
    },
  },
  'a proof that is none': {
    asked: { ...legacy('tools/list'), token: 'nonsense' },
    status: 401,
    denied: 'unauthenticated',
    sees: ({ headers }) => assert.match(String(headers['www-authenticate']), /invalid_token/),
  },
  'the metadata of one endpoint': {
    asked: {
      method: 'GET',
      path: '/.well-known/oauth-protected-resource/mcp/demo',
      token: undefined,
    },
    status: 200,
    sees: ({ json }) => {
      const { resource: own, authorization_servers: servers, scopes_supported: scopes } = json()
      assert.equal(own, `${resource}/demo`)
      assert.equal(servers.length, 1)
      assert.deepEqual(scopes, ['speak'])
    },
  },
  'a page of elsewhere': {
    asked: legacy('tools/list', {}, { origin: 'https://evil.example' }),
    status: 403,
    denied: 'request-malformed',
  },
  'a page that is allowed': {
    asked: legacy('tools/list', {}, { origin: 'https://chat.example' }),
    status: 200,
    code: 0,
    sees: ({ headers }) =>
      assert.equal(headers['access-control-allow-origin'], 'https://chat.example'),
  },
  'its question before that': {
    asked: { method: 'OPTIONS', token: undefined, headers: { origin: 'https://chat.example' } },
    status: 204,
    sees: ({ headers }) =>
      assert.match(String(headers['access-control-allow-headers']), /mcp-name/),
  },
  'what a page of elsewhere asks first': {
    asked: { method: 'OPTIONS', token: undefined, headers: { origin: 'https://evil.example' } },
    status: 403,
    denied: 'unauthenticated',
  },
  'a name of elsewhere': {
    asked: legacy('tools/list', {}, { host: 'evil.example' }),
    status: 403,
    denied: 'request-malformed',
  },
  'a name of elsewhere, by nobody': {
    asked: { ...legacy('tools/list', {}, { host: 'evil.example' }), token: undefined },
    status: 403,
    denied: 'unauthenticated',
    sees: ({ headers }) => {
      assert.equal(headers['www-authenticate'], undefined)
      assert.match(String(headers['sallyport-record']), /#\d+$/)
    },
  },
  'a revision nobody knows': {
    asked: {
      headers: { 'mcp-protocol-version': '2030-01-01', 'mcp-method': 'tools/list' },
      body: {
        jsonrpc: '2.0',
        id: 7,
        method: 'tools/list',
        params: { _meta: meta({}, '2030-01-01') },
      },
    },
    status: 400,
    code: -32022,
    denied: 'request-malformed',
    sees: ({ json }) => {
      const { data } = json().error
      assert.deepEqual([data.supported, data.requested], [['2026-07-28'], '2030-01-01'])
    },
  },
  'a header that says another revision': {
    asked: modern('tools/list', {}, { 'mcp-protocol-version': '2025-11-25' }),
    status: 400,
    code: -32020,
    denied: 'request-malformed',
  },
  'no header of the revision': {
    asked: { body: { jsonrpc: '2.0', id: 7, method: 'tools/list', params: { _meta: meta() } } },
    status: 400,
    code: -32020,
    denied: 'request-malformed',
  },
  'a header that says another method': {
    asked: modern('tools/list', {}, { 'mcp-method': 'prompts/list' }),
    status: 400,
    code: -32020,
    denied: 'request-malformed',
  },
  'a header that says another name': {
    asked: modern('tools/call', echo, { 'mcp-name': 'locked' }),
    status: 400,
    code: -32020,
    denied: 'request-malformed',
  },
  'a header that says another name, before there were such headers': {
    asked: legacy('tools/call', echo, { 'mcp-name': 'locked' }),
    status: 400,
    code: -32020,
    denied: 'request-malformed',
  },
  'no header with the name': {
    asked: modern('tools/call', echo),
    status: 400,
    code: -32020,
    denied: 'request-malformed',
  },
  'no capabilities': {
    asked: {
      ...modern('tools/list'),
      body: { jsonrpc: '2.0', id: 7, method: 'tools/list', params: { _meta: {} } },
    },
    status: 400,
    code: -32602,
    denied: 'request-malformed',
  },
  'a method nobody knows': {
    asked: modern('tools/invent'),
    status: 404,
    code: -32601,
    denied: 'function-unknown',
  },
  'a method of before': {
    asked: modern('ping'),
    status: 404,
    code: -32601,
    denied: 'function-unknown',
  },
  'what a server can do': {
    asked: modern('server/discover'),
    status: 200,
    code: 0,
    sees: ({ json }) => {
      const { result } = json()
      assert.deepEqual(result.supportedVersions, ['2026-07-28'])
      assert.deepEqual([result.ttlMs, result.cacheScope], [0, 'private'])
      assert.ok(result.capabilities.tools)
      assert.equal(result.capabilities.prompts, undefined)
    },
  },
  'a list': {
    asked: modern('tools/list'),
    status: 200,
    code: 0,
    sees: ({ json }) => {
      const { result } = json()
      assert.deepEqual(
        result.tools.map((tool: Said) => tool.name),
        ['echo', 'steps'],
      )
      assert.deepEqual([result.ttlMs, result.cacheScope], [0, 'private'])
    },
  },
  'a list of all connections': {
    asked: { ...modern('tools/list'), path: '/mcp' },
    status: 200,
    code: 0,
    sees: ({ json }) =>
      assert.deepEqual(
        json().result.tools.map((tool: Said) => tool.name),
        ['demo__echo', 'demo__steps'],
      ),
  },
  'a connection that is none': {
    asked: { ...modern('tools/list'), path: '/mcp/other' },
    status: 404,
    code: -32601,
    denied: 'function-unknown',
  },
  'a task, asked for without declaring tasks': {
    asked: modern('tasks/get', { taskId: 'a' }, { 'mcp-name': 'a' }),
    status: 400,
    code: -32021,
    denied: 'request-malformed',
    sees: ({ json }) =>
      assert.deepEqual(json().error.data.requiredCapabilities, {
        extensions: { 'io.modelcontextprotocol/tasks': {} },
      }),
  },
  'a task that is none': {
    asked: modern(
      'tasks/get',
      { taskId: 'a', _meta: meta({ extensions: { 'io.modelcontextprotocol/tasks': {} } }) },
      { 'mcp-name': 'a' },
    ),
    status: 400,
    code: -32602,
    denied: 'request-malformed',
  },
  'a resource nobody knows': {
    asked: modern('resources/read', { uri: 'demo://none' }, { 'mcp-name': 'demo://none' }),
    status: 200,
    code: -32602,
    denied: 'function-unknown',
    sees: ({ json }) => assert.equal(json().error.data.uri, 'demo://none'),
  },
  'a body that is no JSON': {
    asked: { body: '{' },
    status: 400,
    code: -32700,
    denied: 'request-malformed',
  },
  'a key that comes twice': {
    asked: { body: '{"jsonrpc":"2.0","id":7,"method":"ping","method":"tools/list"}' },
    status: 400,
    code: -32600,
    denied: 'request-malformed',
  },
  'an id that is null': {
    asked: { body: '{"jsonrpc":"2.0","id":null,"method":"ping"}' },
    status: 400,
    code: -32600,
    denied: 'request-malformed',
  },
  'an id that is no whole number': {
    asked: { body: '{"jsonrpc":"2.0","id":1.5,"method":"ping"}' },
    status: 400,
    code: -32600,
    denied: 'request-malformed',
  },
  'another media type': {
    asked: { ...legacy('ping'), headers: { 'content-type': 'text/plain' } },
    status: 415,
    denied: 'request-malformed',
  },
  'who takes nothing we say': {
    asked: { ...legacy('ping'), headers: { accept: 'image/png' } },
    status: 406,
    denied: 'request-malformed',
  },
  'a notification': {
    asked: { body: { jsonrpc: '2.0', method: 'notifications/initialized' } },
    status: 202,
  },
  'an answer nobody asked for': {
    asked: { body: { jsonrpc: '2.0', id: 'x', result: {} } },
    status: 400,
    denied: 'request-malformed',
  },
  'a batch of 2025-03-26': {
    asked: {
      body: [
        { jsonrpc: '2.0', id: 1, method: 'ping' },
        { jsonrpc: '2.0', method: 'notifications/initialized' },
        { jsonrpc: '2.0', id: '1', method: 'tools/call', params: echo },
        { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'locked' } },
      ],
    },
    status: 200,
    denied: 'policy-denied',
    sees: ({ json }) => {
      const answers: Said[] = json()
      assert.deepEqual(
        answers.map(({ id }) => id),
        [1, '1', 2],
      )
      assert.deepEqual(answers[1].result.content, [{ type: 'text', text: 'hi' }])
      assert.equal(answers[2].result.isError, true)
    },
  },
  'a batch of a revision without': {
    asked: {
      headers: { 'mcp-protocol-version': '2025-06-18' },
      body: [{ jsonrpc: '2.0', id: 1, method: 'ping' }],
    },
    status: 400,
    code: -32600,
    denied: 'request-malformed',
  },
  'a stream without a session': { asked: { method: 'GET' }, status: 405 },
  'a stream of a session that is none': {
    asked: { method: 'GET', headers: { 'mcp-session-id': 'none' } },
    status: 404,
    denied: 'request-malformed',
  },
  'a stream for nobody': {
    asked: { method: 'GET', token: undefined },
    status: 401,
    denied: 'unauthenticated',
    sees: ({ headers }) => assert.match(String(headers['www-authenticate']), /resource_metadata=/),
  },
  'the end of a session that is none': {
    asked: { method: 'DELETE', headers: { 'mcp-session-id': 'none' } },
    status: 404,
    denied: 'request-malformed',
  },
  'the end of a session by nobody': {
    asked: { method: 'DELETE', token: undefined },
    status: 401,
    denied: 'unauthenticated',
  },
  'another HTTP method': { asked: { method: 'PUT' }, status: 405 },
  'an address below that is none': { asked: { ...legacy('ping'), path: '/mcp/a/b' }, status: 404 },
}
