import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  inForceOf,
  mcpConnectionOf,
  mcpFunctionOf,
  principalOf,
  userOf,
} from '../../../../test/rulebook-parts.ts'
import { limits } from '../../../config/limits.ts'
import type { McpKind } from '../../../model/mcp-listing.ts'
import { type ListChangeNeeds, listChangesOf, openSessionLists } from './list-changes.ts'
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
  let isReadable = true
  const needs: ListChangeNeeds = {
    rules: () => current,
    access: (_, { connection }) => (connection === 'pay' ? 'none' : 'permit'),
    labels: async () => {
      assert.ok(isReadable, 'nobody knows the labels')
      return []
    },
    listRevision: (connection, kind) => {
      compared += 1
      return revisions.get(`${connection} ${kind}`) ?? 0
    },
    listRevisions: () => count,
  }
  const changes = listChangesOf(needs, endpoint, wanted)
  return {
    changes,
    needs,
    withoutLabels: async (does: () => Promise<void>) => {
      isReadable = false
      await does()
      isReadable = true
    },
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

test('what could not be decided about, or not be said, is news still', async () => {
  const { changes, change, withoutLabels } = openYard()
  change('crm', 'tools')
  await withoutLabels(() => assert.rejects(changes.takeNews(asker), /labels/))
  for (let turn = 0; turn < 2; turn++) {
    assert.equal(changes.hasNews(), true)
    assert.deepEqual(await changes.takeNews(asker), ['tools'])
    assert.equal(changes.hasNews(), false)
    changes.untold()
  }
})

test('a session knows its lists from one stream to the next', async () => {
  const { needs, change } = openYard()
  const listsOf = openSessionLists((endpoint) => listChangesOf(needs, endpoint, ['tools']))
  listsOf('first', '')
  change('crm', 'tools')
  assert.equal(listsOf('second', '').hasNews(), false)
  assert.deepEqual(await listsOf('first', '').takeNews(asker), ['tools'])
  assert.equal(listsOf('first', '').hasNews(), false)
  change('crm', 'tools')
  for (let at = 0; at < limits.mcpSessionListsRemembered - 1; at++) listsOf(`other ${at}`, '')
  assert.deepEqual(
    [listsOf('first', ''), listsOf('second', '')].map((one) => one.hasNews()),
    [true, false],
  )
})

test('asking whether there is something compares no connection', () => {
  const { changes, compared, change } = openYard()
  const before = compared()
  for (let turn = 0; turn < 100; turn++) changes.hasNews()
  change('crm', 'tools')
  for (let turn = 0; turn < 100; turn++) changes.hasNews()
  assert.equal(compared(), before)
})
