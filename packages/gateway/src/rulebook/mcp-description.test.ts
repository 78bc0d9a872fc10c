import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Json, JsonObject } from '../model/json.ts'
import { describeMcp, type McpOperation } from './mcp-description.ts'

type Lists = Parameters<typeof describeMcp>[0]
const none: Lists = { tools: [], resources: [], resourceTemplates: [], prompts: [] }

function operations(lists: Partial<Lists>): readonly McpOperation[] {
  const described = describeMcp({ ...none, ...lists })
  assert.ok('operations' in described, JSON.stringify(described).slice(0, 300))
  return described.operations
}

const tool: JsonObject = {
  name: 'refund',
  title: 'Refund',
  description: 'Gives money back',
  annotations: { destructiveHint: true },
  inputSchema: { type: 'object', properties: { amount: { type: 'integer', maximum: 10 } } },
  outputSchema: { type: 'object' },
  icons: [{ src: 'https://a.example/i.png' }],
  execution: { taskSupport: 'optional' },
}

/** Whether two descriptions of one thing are the same, by their digest. */
function check(change: Partial<Lists>, from: Partial<Lists>, expected: 'same' | 'other'): void {
  const [one, other] = [operations(from)[0]?.digest, operations(change)[0]?.digest]
  assert.match(one ?? '', /^sha256:[0-9a-f]{64}$/)
  assert.equal(one === other ? 'same' : 'other', expected)
}

const changed = (members: JsonObject) => ({ tools: [{ ...tool, ...members }] })
const tools: readonly (readonly [string, Partial<Lists>, 'same' | 'other'])[] = [
  ['the same', { tools: [tool] }, 'same'],
  [
    'its members in another order',
    { tools: [Object.fromEntries(Object.entries(tool).toReversed())] },
    'same',
  ],
  ['another title', changed({ title: 'Refunds' }), 'other'],
  ['a word in the description', changed({ description: 'Gives money back ' }), 'other'],
  ['a tag character', changed({ description: 'Gives money back\u{e0041}' }), 'other'],
  ['a hint', changed({ annotations: { destructiveHint: false } }), 'other'],
  [
    'a bound',
    changed({
      inputSchema: { type: 'object', properties: { amount: { type: 'integer', maximum: 11 } } },
    }),
    'other',
  ],
  ['the result', changed({ outputSchema: {} }), 'other'],
  ['a picture', changed({ icons: [] }), 'other'],
  ['what a task may be', changed({ execution: { taskSupport: 'required' } }), 'other'],
  ['a member of another day', changed({ since: 'today' }), 'other'],
  ['what is only for clients', changed({ _meta: { ui: 'x' } }), 'other'],
]
for (const [name, change, expected] of tools) {
  test(`a tool: ${name}`, () => check(change, { tools: [tool] }, expected))
}

const resource: JsonObject = { uri: 'docs://a', name: 'a', annotations: { priority: 1 } }
const resources: readonly (readonly [string, JsonObject, 'same' | 'other'])[] = [
  ['its size', { size: 12 }, 'same'],
  ['when it changed', { annotations: { priority: 1, lastModified: '2026-01-01' } }, 'same'],
  ['its name', { name: 'b' }, 'other'],
  ['another hint', { annotations: { priority: 1, audience: ['user'] } }, 'other'],
]
for (const [name, members, expected] of resources) {
  test(`a resource: ${name}`, () => {
    check({ resources: [{ ...resource, ...members }] }, { resources: [resource] }, expected)
  })
}

test('operations and names of everything that is listed', () => {
  const found = operations({
    tools: [tool, { name: 'read file' }, { name: '9lives' }, { name: 'a..b.' }, { name: 'größe' }],
    prompts: [{ name: 'sum up' }],
    resources: [resource, { uri: '://' }],
    resourceTemplates: [{ uriTemplate: 'docs://pages/{page}', name: 'page' }],
  })
  assert.deepEqual(
    found.map(({ operation, name }) => [operation, name]),
    [
      ['tools/call refund', 'refund'],
      ['tools/call read file', 'read_file'],
      ['tools/call 9lives', 'tool_9lives'],
      ['tools/call a..b.', 'a._.b._'],
      ['tools/call größe', 'gr__e'],
      ['prompts/get sum up', 'prompt.sum_up'],
      ['resources/read docs://a', 'resource.docs-a'],
      ['resources/read ://', 'resource.root'],
      ['resources/read docs://pages/{page}', 'resource.docs-pages-page'],
    ],
  )
  const [first] = found
  assert.deepEqual(JSON.parse(first?.text ?? ''), {
    described: tool,
    operation: 'tools/call refund',
  })
})

test('two that would have one name are told apart, whatever becomes of their descriptions', () => {
  const named = (more: JsonObject) =>
    operations({ tools: [{ name: 'a b' }, { name: 'a_b', ...more }] }).map(({ name }) => name)
  assert.deepEqual(named({}), named({ description: 'another' }))
  assert.equal(new Set(named({})).size, 2)
  const [, second] = operations({ tools: [{ name: 'a b' }, { name: 'a_b' }] })
  assert.equal(second?.clashesWith, 'tools/call a b')
})

const problems: readonly (readonly [string, Partial<Lists>, RegExp])[] = [
  ['no name', { tools: [{}] }, /without a usable `name`/],
  ['an empty name', { prompts: [{ name: '' }] }, /without a usable `name`/],
  ['a name that is a number', { tools: [{ name: 1 }] }, /without a usable `name`/],
  ['an invisible name', { tools: [{ name: 'a\u200bb' }] }, /without a usable `name`/],
  ['a name of several lines', { tools: [{ name: 'a\nb' }] }, /without a usable `name`/],
  ['no URI', { resources: [{ name: 'a' }] }, /without a usable `uri`/],
  ['one name twice', { tools: [{ name: 'a' }, { name: 'a', description: 'b' }] }, /one name twice/],
  [
    'a resource that is a template too',
    { resources: [resource], resourceTemplates: [{ uriTemplate: 'docs://a' }] },
    /one name twice/,
  ],
  ['a lone surrogate', { tools: [{ name: 'a', description: '\ud800' }] }, /no one form/],
  ['a long one', { tools: [{ name: 'a', description: 'x'.repeat(70_000) }] }, /too long/],
]
for (const [name, lists, expected] of problems) {
  test(`not described: ${name}`, () => {
    const described = describeMcp({ ...none, ...lists })
    assert.ok('problem' in described)
    assert.match(described.problem, expected)
  })
}

test('two descriptions have one digest only where they are the same', () => {
  const json: fc.Arbitrary<Json> = fc
    .jsonValue({ maxDepth: 3 })
    .map((value) => JSON.parse(JSON.stringify(value)))
  fc.assert(
    fc.property(json, json, (a, b) => {
      const [one, other] = [{ tools: [{ name: 'a', x: a }] }, { tools: [{ name: 'a', x: b }] }].map(
        (lists) => describeMcp({ ...none, ...lists }),
      )
      if (!one || !other || !('operations' in one) || !('operations' in other)) return
      const isSame = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
      assert.equal(one.operations[0]?.digest === other.operations[0]?.digest, isSame)
    }),
  )
})

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([name, one]) => [name, sorted(one)]))
}
