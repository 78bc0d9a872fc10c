import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import type { FunctionDiff, FunctionSource } from '../admin/function-contract.ts'
import { coverageLines, diffLines, refusedLines, unreadFacts } from './function-holds.ts'

const found: FunctionDiff = {
  function: 'crm.list',
  hold: {
    ...({ state: 'quarantined', why: 'drift' } as const),
    ...{ registered: 'sha256:1', found: 'sha256:2', since: '2026-01-01T00:00:00.000Z' },
    ...{ accepted_by: null, accepted_at: null, note: null },
  },
  registered_known: true,
  differences: [
    { at: ['described', 'summary'], before: '"Lists"', after: '"Lists \u202E\u001b[2Jall"' },
    { at: ['described', 'tags'], before: null, after: '["a"]' },
    { at: [], before: '{}', after: null },
  ],
  flags: [{ at: ['described', 'summary'], why: 'characters that nobody sees' }],
  you: { may_accept: true },
}

const linesOf = (diff: FunctionDiff) => diffLines(diff).map(stripVTControlCharacters)

test('a diff shows what stands where, and what to type to accept it', () => {
  const lines = linesOf(found)
  assert.deepEqual(lines.slice(6), [
    'described › summary',
    '  - "Lists"',
    // Others' words never paint the screen.
    '  + "Lists \\u{202e}\\u{1b}[2Jall"',
    'described › tags',
    '  + ["a"]',
    'everything',
    '  - {}',
    '',
    'Look twice',
    '  ! described › summary: characters that nobody sees',
    '',
    'To accept it: sallyport functions accept crm.list --found sha256:2 --note …',
  ])
  assert.ok(lines.includes('found     sha256:2'))
})

test('who may not accept is not told how, and what was never read is said', () => {
  const gone = { ...found.hold, why: 'gone', found: null } as const
  const lines = linesOf({
    ...{ ...found, hold: gone, registered_known: false, differences: [] },
    you: { may_accept: false },
  })
  assert.ok(lines.includes('found     none'))
  assert.ok(lines.some((line) => line.startsWith('What was registered was never read here')))
  assert.ok(!lines.some((line) => line.startsWith('To accept it')))
})

test('a function whose upstream cannot be read says since when, why, and what to do', () => {
  const since = '2026-01-01T00:00:00.000Z'
  const unread = { since, problem: 'It could not be reached.', list: null }
  const parts = ['connection crm', since, 'It could not be reached.', 'functions sources']
  const saidOf = (list: 'tools' | null) => {
    const lines = unreadFacts({ connection: 'crm', unread: { ...unread, list } })
    return lines.map(stripVTControlCharacters).join('\n')
  }
  for (const part of parts) assert.ok(saidOf(null).includes(part), part)
  for (const part of [...parts, 'the list of tools'])
    assert.ok(saidOf('tools').includes(part), part)
  assert.deepEqual(unreadFacts({ connection: 'crm', unread: null }), [])
})

type Unread = FunctionSource['unread_lists'][number]
const sourceOf = (connection: string, refused: boolean, unread_lists: readonly Unread[] = []) => {
  const problem = refused ? 'It is down.' : (unread_lists[0]?.problem ?? null)
  return {
    ...({ connection, kind: 'mcp', address: 'https://up.example/mcp', every_ms: 1 } as const),
    ...{ read_at: null, operations: 2, problem, unread_since: problem && '2026-01-01T00:00:00Z' },
    ...{ refused, unread_lists: [...unread_lists] },
  }
}
const tools = (refused: boolean): Unread => {
  return { list: 'tools', problem: 'It answered tools/list with error 1.', since: 'noon', refused }
}

const refusals: readonly (readonly [string, readonly FunctionSource[], readonly string[]])[] = [
  ['none', [sourceOf('crm', false)], []],
  ['all of a server', [sourceOf('crm', true)], ['Calls of crm are refused.']],
  [
    'those of one list',
    [sourceOf('crm', false, [tools(true)])],
    ['Calls of tools of crm are refused since noon: It answered tools/list with error 1.'],
  ],
  ['none yet of a list', [sourceOf('crm', false, [tools(false)])], []],
  ['all, of which a list', [sourceOf('crm', true, [tools(true)])], ['Calls of crm are refused.']],
]
for (const [name, sources, said] of refusals) {
  test(`of calls that are refused because their upstream cannot be read it says: ${name}`, () => {
    const lines = refusedLines(sources)
    assert.deepEqual(lines.slice(0, said.length), said)
    // And what to do.
    assert.equal(lines.length, said.length > 0 ? said.length + 1 : 0)
  })
}

test('a report counts every gap, the empty ones too', () => {
  const lines = coverageLines({
    ...{ functions: 3, without_owner: [], owner_unknown: ['a.a'], without_masks: ['a.a', 'b.b'] },
    ...{ never_called: [], not_followed: [], held: ['b.b'] },
    one_caller: [{ function: 'a.a', caller: 'corp:bot', agent: true, of: 50 }],
  }).map(stripVTControlCharacters)
  assert.equal(lines[0], '3 functions')
  assert.ok(lines.includes('Without masks: 2'))
  assert.ok(lines.includes('Never called: 0'))
  assert.ok(lines.includes('  a.a  agent corp:bot (newest 50 calls)'))
})
