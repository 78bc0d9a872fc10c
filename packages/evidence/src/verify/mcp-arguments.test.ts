import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NumberText } from './http-arguments.ts'
import { readMcpArguments } from './mcp-arguments.ts'

const rows: readonly (readonly [string, string, string, string, object | undefined])[] = [
  ['a tool', 'tools/call', 'refund', '{"n":1,"to":"x"}', { n: '1', to: 'x' }],
  ['a number as it was written', 'tools/call', 'refund', '{"n":1.50}', { n: '1.50' }],
  ['a prompt', 'prompts/get', 'greet', '{"name":"x"}', { name: 'x' }],
  ['a resource', 'resources/read', 'file:///a', '{"uri":"file:///a"}', { uri: 'file:///a' }],
  ['a resource of a template', 'resources/read', 'file:///{a}', '{"uri":"file:///a"}', undefined],
  ['answers of the caller’s', 'tools/call', 'a', '{"arguments":{},"inputResponses":{}}', undefined],
  ['a completion', 'completion/complete', '', '{"ref":{}}', undefined],
  ['no object', 'tools/call', 'refund', '[1]', undefined],
  ['no JSON', 'tools/call', 'refund', '{"n":', undefined],
  ['too deep', 'tools/call', 'refund', `{"a":${'['.repeat(600)}${']'.repeat(600)}}`, undefined],
]

for (const [name, method, of, text, expected] of rows) {
  test(`arguments of an MCP call: ${name}`, () => {
    const read = readMcpArguments(Buffer.from(text), { method, name: of })
    const plain = [...(read ?? [])].map(([key, value]) => {
      return [key, value instanceof NumberText ? value.text : value]
    })
    assert.deepEqual(read && Object.fromEntries(plain), expected)
  })
}
