import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mcpFunctionOf } from '../../test/rulebook-parts.ts'
import type { ListState, SourceState } from '../catalogue/catalogue.ts'
import type { McpMethod } from '../model/function.ts'
import { unreadSource } from './function-part.ts'
import type { AdminNeeds } from './needs.ts'

const at = Date.UTC(2026, 0, 1)
const since = new Date(at).toISOString()
const known = { kind: 'mcp', address: 'https://up.example/mcp', everyMs: 1, readAt: 1 } as const
const whole = { problem: 'It is down.', problemAt: at, isRefused: true, lists: [] }
const tools = (isRefused: boolean): ListState => {
  return { list: 'tools', problem: 'It says nothing.', problemAt: at, isRefused }
}
const some = (isRefused: boolean) => {
  return { problem: 'It says nothing.', problemAt: at, isRefused: false, lists: [tools(isRefused)] }
}
const all = { since, problem: 'It is down.', list: null }
const one = { since, problem: 'It says nothing.', list: 'tools' }
const imported = { operation: 'tools/call pay', digest: 'sha256:1' }

type State = Pick<SourceState, 'problem' | 'problemAt' | 'isRefused' | 'lists'>
const rows: readonly (readonly [string, State, McpMethod, object | undefined])[] = [
  ['any where its server is away', whole, 'tools/call', all],
  ['one in a list that cannot be read', some(true), 'tools/call', one],
  ['one in another list', some(true), 'resources/read', undefined],
  ['one in a list that was read soon enough', some(false), 'tools/call', undefined],
  ['one that is in no list', some(true), 'completion/complete', undefined],
]
for (const [name, state, method, expected] of rows) {
  test(`whether a function is refused because nobody knows what it is: ${name}`, () => {
    const source: SourceState = { connection: 'up', operations: 2, ...known, ...state }
    const described = { id: 'up.pay', mcp: { method, name: 'pay' } }
    const needs = { catalogue: catalogueOf(source) }
    const fn = mcpFunctionOf({ ...described, source: imported })
    assert.deepEqual(unreadSource(needs, fn), expected)
    // What somebody wrote is compared with nothing.
    assert.equal(unreadSource(needs, mcpFunctionOf(described)), undefined)
  })
}

/** A catalogue that is asked what it has read, and nothing else. */
function catalogueOf(source: SourceState): AdminNeeds['catalogue'] {
  return {
    holdOf: () => assert.fail('a hold was asked for'),
    holds: () => assert.fail('holds were asked for'),
    sources: () => [source],
    accept: () => assert.fail('it was accepted'),
    coverage: () => assert.fail('coverage was asked for'),
  }
}
