import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  inForceOf,
  mcpConnectionOf,
  mcpFunctionOf,
  principalOf,
  userOf,
} from '../../../../test/rulebook-parts.ts'
import type { McpKind } from '../../../model/mcp-listing.ts'
import { type ListChangeNeeds, listChangesOf } from './list-changes.ts'
import type { Asker } from './lists.ts'

const ids = ['crm', 'files', 'pay']
const asker: Asker = {
  principal: principalOf({ subject: userOf('ann') }),
  source: { protocol: 'mcp', ip: '::1' },
}

/** Three connections with one tool each; `pay` may not be called. */
function openYard(endpoint = '', wanted: readonly McpKind[] = ['tools', 'resources']) {
  const rules = (purpose: string) =>
    inForceOf({
      connections: ids.map((id) => mcpConnectionOf({ id })),
      functions: ids.map((id) => mcpFunctionOf({ id: `${id}.go`, purpose })),
    })
  const revisions = new Map<string, number>()
  let current = rules('first')
  let compared = 0
  let count = 0
  const needs: ListChangeNeeds = {
    rules: () => current,
    access: (_, { connection }) => (connection === 'pay' ? 'none' : 'permit'),
    labels: async () => [],
    listRevision: (connection, kind) => {
      compared += 1
      return revisions.get(`${connection} ${kind}`) ?? 0
    },
    listRevisions: () => count,
  }
  const changes = listChangesOf(needs, endpoint, wanted)
  return {
    changes,
    compared: () => compared,
    activate: (purpose: string) => {
      current = rules(purpose)
    },
    change: (connection: string, kind: McpKind) => {
      revisions.set(`${connection} ${kind}`, (revisions.get(`${connection} ${kind}`) ?? 0) + 1)
      count += 1
    },
  }
}

type Given = Parameters<typeof openYard>
type Row = readonly [
  name: string,
  given: Given,
  happens: (yard: ReturnType<typeof openYard>) => void,
  expected: { readonly hasNews: boolean; readonly news: readonly McpKind[] },
]
const rows: readonly Row[] = [
  ['nothing', [], () => undefined, { hasNews: false, news: [] }],
  ['a list', [], ({ change }) => change('crm', 'tools'), { hasNews: true, news: ['tools'] }],
  ['one it may not call', [], ({ change }) => change('pay', 'tools'), { hasNews: true, news: [] }],
  ['nothing of it', [], ({ change }) => change('crm', 'resources'), { hasNews: true, news: [] }],
  ['elsewhere', ['crm'], ({ change }) => change('files', 'tools'), { hasNews: true, news: [] }],
  [
    'the rulebook',
    [],
    ({ activate }) => activate('second'),
    { hasNews: true, news: ['tools', 'resources'] },
  ],
  ['nothing wanted', ['', []], ({ activate }) => activate('2'), { hasNews: false, news: [] }],
]
for (const [name, given, happens, expected] of rows) {
  test(`what is other: ${name}`, async () => {
    const yard = openYard(...given)
    const { changes } = yard
    happens(yard)
    assert.equal(changes.hasNews(), expected.hasNews)
    assert.deepEqual(await changes.takeNews(asker), expected.news)
    assert.deepEqual([changes.hasNews(), await changes.takeNews(asker)], [false, []])
  })
}

test('asking whether there is something compares no connection', () => {
  const { changes, compared, change } = openYard()
  const before = compared()
  for (let turn = 0; turn < 100; turn++) changes.hasNews()
  change('crm', 'tools')
  for (let turn = 0; turn < 100; turn++) changes.hasNews()
  assert.equal(compared(), before)
})
