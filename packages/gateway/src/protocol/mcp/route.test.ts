import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { McpConnection } from '../../model/connection.ts'
import type { McpFunction, McpMethod } from '../../model/function.ts'
import type { Rulebook } from '../../model/rulebook.ts'
import { mcpFunctions } from './route.ts'

const connection = (id: string): McpConnection => ({
  ...{ id, protocol: 'mcp', upstream: `https://${id}.example/mcp`, credential: { kind: 'none' } },
  ...{ shared: false, definitionMaxAgeMs: 0, describedEveryMs: 60_000 },
})
const fn = (id: string, method: McpMethod, name: string): McpFunction => ({
  ...{ id, connection: id.slice(0, id.indexOf('.')), purpose: 'p', owner: 'o', digest: 'd' },
  ...({ sensitivity: 'internal', risk: 'low', payloads: 'kept' } as const),
  ...{ idempotent: false, deferrable: false, argumentSchema: {} },
  ...{ argumentMasks: [], resultMasks: [], mcp: { method, name } },
})
const rulebook: Rulebook = {
  digest: 'sha256:1',
  connections: [connection('a'), connection('b')],
  functions: [
    fn('a.read', 'tools/call', 'read'),
    fn('a.prompt.read', 'prompts/get', 'read'),
    fn('a.completion', 'completion/complete', ''),
    fn('a.all', 'resources/read', 'docs://{+path}'),
    fn('a.page', 'resources/read', 'docs://{page}'),
    fn('a.handbook', 'resources/read', 'docs://handbook'),
    fn('a.people', 'resources/read', 'docs://all@home'),
    fn('a.deep', 'resources/read', 'docs://deep/secret'),
    fn('b.read', 'tools/call', 'read'),
  ],
  policies: [],
}

/** The function that answers, and what its template captured; undefined: nobody registered that. */
function check(
  [at, method, name]: readonly [string, McpMethod, string],
  expected: readonly [string, Record<string, string>] | undefined,
): void {
  const match = mcpFunctions(rulebook).find({ connection: at, method, name })
  assert.deepEqual(match && [match.fn.id, match.variables], expected)
  assert.equal(match?.connection.id, expected && at)
}

const cases: readonly (readonly [Parameters<typeof check>[0], Parameters<typeof check>[1]])[] = [
  [
    ['a', 'tools/call', 'read'],
    ['a.read', {}],
  ],
  [
    ['b', 'tools/call', 'read'],
    ['b.read', {}],
  ],
  [['c', 'tools/call', 'read'], undefined],
  [['a', 'tools/call', 'Read'], undefined],
  [['a', 'tools/call', ''], undefined],
  [
    ['a', 'prompts/get', 'read'],
    ['a.prompt.read', {}],
  ],
  [['b', 'prompts/get', 'read'], undefined],
  [
    ['a', 'completion/complete', 'anything'],
    ['a.completion', {}],
  ],
  [['b', 'sampling/createMessage', ''], undefined],
  [
    ['a', 'resources/read', 'docs://handbook'],
    ['a.handbook', {}],
  ],
  [
    ['a', 'resources/read', 'docs://other'],
    ['a.page', { page: 'other' }],
  ],
  [
    ['a', 'resources/read', 'docs://a/b'],
    ['a.all', { path: 'a/b' }],
  ],
  [['a', 'resources/read', 'docs://a/../b'], undefined],
  ...['h%61ndbook', 'HANDBOOK', 'handbook?x', 'handbook#x', 'all%40home', 'deep//secret'].map(
    (name) => [['a', 'resources/read', `docs://${name}`] as const, undefined] as const,
  ),
  ...['deep/secret/', 'deep/secret?x', 'deep/secret#x', 'deep/./secret', 'deep/s%65cret'].map(
    (name) => [['a', 'resources/read', `docs://${name}`] as const, undefined] as const,
  ),
  [
    ['a', 'resources/read', 'docs://one%40home'],
    ['a.page', { page: 'one@home' }],
  ],
  [['b', 'resources/read', 'docs://handbook'], undefined],
]
for (const [asked, expected] of cases) test(asked.join(' '), () => check(asked, expected))

test('functions of a connection, and no HTTP connection among them', () => {
  const functions = mcpFunctions(rulebook)
  assert.deepEqual([...functions.connections.keys()], ['a', 'b'])
  assert.deepEqual(
    functions.of('b').map(({ id }) => id),
    ['b.read'],
  )
  assert.deepEqual(functions.of('c'), [])
  assert.equal(mcpFunctions(rulebook), functions)
})
