import assert from 'node:assert/strict'
import { test } from 'node:test'
import { headerText, readMessages, statelessHeaders } from './mcp-message.ts'

/** 2026-07-28, Streamable HTTP, Value Encoding: the examples of that page, and what else could go wrong. */
const values: readonly (readonly [value: string, header: string])[] = [
  ['us-west1', 'us-west1'],
  ['Hello, 世界', '=?base64?SGVsbG8sIOS4lueVjA==?='],
  [' padded ', '=?base64?IHBhZGRlZCA=?='],
  ['line1\nline2', '=?base64?bGluZTEKbGluZTI=?='],
  ['=?base64?literal?=', '=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?='],
  ['x\r\nadmin: 1', '=?base64?eA0KYWRtaW46IDE=?='],
  ['two words', 'two words'],
  ['', ''],
]
for (const [value, header] of values) {
  test(`a header carries ${JSON.stringify(value)}`, () => assert.equal(headerText(value), header))
}

function check(params: object, method: string, expected: string | undefined): void {
  const [message] = readMessages(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })) ?? []
  assert.ok(message)
  assert.equal(statelessHeaders(message, '2026-07-28')['mcp-name'], expected)
}

const named: readonly (readonly [method: string, params: object, expected: string | undefined])[] =
  [
    ['tools/call', { name: 'find' }, 'find'],
    ['prompts/get', { name: 'greet' }, 'greet'],
    ['resources/read', { uri: 'crm://a' }, 'crm://a'],
    ['tasks/get', { taskId: 't-1' }, 't-1'],
    ['tools/list', { name: 'find' }, undefined],
    ['tools/call', { name: 7 }, undefined],
    ['constructor', { name: 'find' }, undefined],
  ]
for (const [method, params, expected] of named) {
  test(`${method} of ${JSON.stringify(params)} is named`, () => check(params, method, expected))
}
