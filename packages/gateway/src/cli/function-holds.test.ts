import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import type { FunctionDiff } from '../admin/function-contract.ts'
import { coverageLines, diffLines, unreadFacts } from './function-holds.ts'

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
  const unread = { since, problem: 'It could not be reached.' }
  const lines = unreadFacts({ connection: 'crm', unread }).map(stripVTControlCharacters)
  const said = lines.join('\n')
  for (const part of ['connection crm', since, 'It could not be reached.', 'functions sources']) {
    assert.ok(said.includes(part), part)
  }
  assert.deepEqual(unreadFacts({ connection: 'crm', unread: null }), [])
})

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
