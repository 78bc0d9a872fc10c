import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readMessages } from './json-rpc.ts'

const read = (text: string) => readMessages(Buffer.from(text))

const rows: Readonly<Record<string, readonly [text: string, seen: string]>> = {
  'a request': ['{"jsonrpc":"2.0","id":1,"method":"ping"}', 'request 1'],
  'an id that is a text': ['{"jsonrpc":"2.0","id":"1","method":"ping"}', 'request "1"'],
  'a notification': ['{"jsonrpc":"2.0","method":"notifications/x"}', 'notification'],
  'a result': ['{"jsonrpc":"2.0","id":"a","result":{}}', 'response "a"'],
  'an error': ['{"jsonrpc":"2.0","id":"a","error":{"code":1,"message":"m"}}', 'response "a"'],
  'a batch': ['[{"jsonrpc":"2.0","id":1,"method":"ping"},5]', 'batch request,unreadable'],
  'no JSON': ['{"jsonrpc"', 'unreadable -32700'],
  'no UTF-8': ['\u00ff', 'unreadable -32700'],
  'an empty batch': ['[]', 'unreadable -32600'],
  'a batch of too many': [`[${'{},'.repeat(32)}{}]`, 'unreadable -32600'],
  'a batch of as many as may be': [
    ` [${'{},'.repeat(31)}{}]`,
    `batch ${Array.from({ length: 32 }, () => 'unreadable')}`,
  ],
  // Said before anybody has read that it is not JSON.
  'a batch of too many that is not even whole': [`\n[${'{},'.repeat(33)}`, 'unreadable -32600'],
  'a batch that is not whole': ['[{},', 'unreadable -32700'],
  'no object': ['"x"', 'unreadable -32600'],
  'another version': ['{"jsonrpc":"1.0","id":1,"method":"ping"}', 'unreadable -32600 1'],
  'no version': ['{"id":1,"method":"ping"}', 'unreadable -32600 1'],
  'an id that is null': ['{"jsonrpc":"2.0","id":null,"method":"ping"}', 'unreadable -32600'],
  'an id with a fraction': ['{"jsonrpc":"2.0","id":1.5,"method":"ping"}', 'unreadable -32600'],
  'an id that no double holds': [
    '{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}',
    'unreadable -32600',
  ],
  'an id that is a list': ['{"jsonrpc":"2.0","id":[1],"method":"ping"}', 'unreadable -32600'],
  'an id without end': [
    JSON.stringify({ jsonrpc: '2.0', id: 'x'.repeat(300), method: 'ping' }),
    'unreadable -32600',
  ],
  'a method twice': ['{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}', 'unreadable -32600'],
  'a key twice, deep inside': [
    '{"jsonrpc":"2.0","id":1,"method":"a","params":{"arguments":{"x":1,"x":2}}}',
    'unreadable -32600',
  ],
  'a key twice, once written otherwise': [
    '{"jsonrpc":"2.0","id":1,"method":"a","params":{"name":"a","n\\u0061me":"b"}}',
    'unreadable -32600',
  ],
  'parameters by place': [
    '{"jsonrpc":"2.0","id":1,"method":"a","params":[1]}',
    'unreadable -32600 1',
  ],
  'a method and a result': [
    '{"jsonrpc":"2.0","id":1,"method":"a","result":{}}',
    'unreadable -32600 1',
  ],
  'a result and an error': [
    '{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":"m"}}',
    'unreadable -32600',
  ],
  'an answer without an id': ['{"jsonrpc":"2.0","result":{}}', 'unreadable -32600'],
  'an error that is none': ['{"jsonrpc":"2.0","id":1,"error":"no"}', 'unreadable -32600'],
  'more depth than anybody needs': [
    `{"jsonrpc":"2.0","id":1,"method":"a","params":{"x":${'['.repeat(80)}${']'.repeat(80)}}}`,
    'unreadable -32600',
  ],
}

for (const [name, [text, seen]] of Object.entries(rows)) {
  test(name, () => {
    const bytes = name === 'no UTF-8' ? Buffer.from([0xff]) : Buffer.from(text)
    const message = readMessages(bytes)
    const id = 'id' in message ? ` ${JSON.stringify(message.id)}` : ''
    const code = message.kind === 'unreadable' ? ` ${message.code}` : ''
    const inside = message.kind === 'batch' ? ` ${message.messages.map((one) => one.kind)}` : ''
    assert.equal(`${message.kind}${code}${id}${inside}`, seen)
  })
}

test('arguments keep their exact bytes and digits', () => {
  const message = read(
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{ "name": "a", "arguments": {"n": 1.50, "b":12345678901234567890} }}',
  )
  assert.ok(message.kind === 'request')
  const written = Buffer.from(message.members.get('arguments') ?? []).toString()
  assert.equal(written, '{"n": 1.50, "b":12345678901234567890}')
  assert.equal(message.exactNumber(['arguments', 'b']), '12345678901234567890')
})

test('whatever a JSON value is, it is a message or it is not, and its values are what a parser reads', () => {
  const message = fc.record(
    {
      jsonrpc: fc.constantFrom('2.0', '1.0'),
      id: fc.oneof(fc.integer(), fc.string(), fc.jsonValue()),
      method: fc.oneof(fc.string(), fc.jsonValue()),
      params: fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue()),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.oneof(message, fc.jsonValue()), fc.nat(3), (value, spaces) => {
      const text = JSON.stringify(value, undefined, spaces)
      const seen = read(text)
      if (seen.kind !== 'request') return
      const again = JSON.parse(text)
      assert.deepEqual([seen.id, seen.method], [again.id, again.method])
      for (const [key, bytes] of seen.members) {
        assert.deepEqual(JSON.parse(Buffer.from(bytes).toString()), again.params[key])
      }
    }),
  )
})
