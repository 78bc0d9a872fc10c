import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  inForceOf,
  mcpConnectionOf,
  mcpFunctionOf,
  principalOf,
  userOf,
} from '../../../../test/rulebook-parts.ts'
import type { McpWatch } from '../../../call/stage.ts'
import { limits } from '../../../config/limits.ts'
import type { McpFunction } from '../../../model/function.ts'
import type { JsonObject } from '../../../model/json.ts'
import type { Asker } from './lists.ts'
import { openSubscriptions } from './subscriptions.ts'

const rulesOf = (functions: readonly McpFunction[]) =>
  inForceOf({ functions, connections: [mcpConnectionOf({ id: 'files' })] })
const fnOf = (name: string, uri: string) =>
  mcpFunctionOf({ id: `files.${name}`, mcp: { method: 'resources/read', name: uri } })
const note = fnOf('note', 'file:///{name}')
const asker: Asker = {
  principal: principalOf({ subject: userOf('ann') }),
  source: { protocol: 'mcp', ip: '::1' },
}

function openYard() {
  const now = {
    ...{ functions: [note], access: 'permit', quarantined: false },
    onLabels: async (): Promise<unknown> => undefined,
  }
  const asked: JsonObject[] = []
  let rules = rulesOf(now.functions)
  const subscriptions = openSubscriptions({
    rules: () => rules,
    access: (_rules, _fn, _asker, _labels, args = {}) => {
      asked.push(args)
      return now.access as 'permit' | 'none'
    },
    labels: async () => {
      await now.onLabels()
      return []
    },
    isQuarantined: () => now.quarantined,
  })
  const replace = (functions: readonly McpFunction[]) => {
    rules = rulesOf(functions)
  }
  const begin = (uri: string, owner = 'session', caller = 'ann') =>
    subscriptions.begin({ owner, caller, uri, endpoint: 'files', capabilities: {} })
  const keep = (uri: string, owner?: string, caller?: string) => {
    const one = begin(uri, owner, caller) ?? assert.fail('there was no room')
    one.onRead(note)
    one.keep()
    return one.watch
  }
  const taken = (owner = 'session') => subscriptions.takeNews(owner, asker)
  const news = async (owner?: string) => (await taken(owner)).changed
  return { now, asked, subscriptions, begin, keep, news, taken, replace }
}

const one = 'file:///one'

test('what changed is told once, to its owner only', async () => {
  const { subscriptions, keep, news } = openYard()
  const watch = keep(one)
  keep('file:///two')
  keep(one, 'another')
  assert.equal(subscriptions.hasNews('session'), false)
  watch.onChanged()
  watch.onChanged()
  assert.equal(subscriptions.hasNews('session'), true)
  assert.deepEqual(await news('another'), [])
  assert.deepEqual(await news(), [one])
  assert.deepEqual(await news(), [])
})

test('it is decided with the arguments of the call that subscribed', async () => {
  const { asked, keep, news } = openYard()
  keep(one).onChanged()
  assert.deepEqual(await news(), [one])
  assert.deepEqual(asked, [{ name: 'one', uri: one }])
})

type Change = (yard: ReturnType<typeof openYard>) => unknown
const unreadable: readonly (readonly [name: string, change: Change])[] = [
  [
    'that policy does not let it read any more',
    ({ now }) => Object.assign(now, { access: 'none' }),
  ],
  ['that waits for its owner', ({ now }) => Object.assign(now, { quarantined: true })],
  ['that is no function any more', ({ replace }) => replace([])],
  ['that another function stands for now', ({ replace }) => replace([fnOf('other', one), note])],
]
for (const [name, change] of unreadable) {
  test(`of a resource ${name} nothing is told`, async () => {
    const yard = openYard()
    const watch = yard.keep(one)
    change(yard)
    watch.onChanged()
    assert.deepEqual(await yard.news(), [])
  })
}

test('what ends stops its upstream: by name, with its owner, by itself, or in favour of another', async () => {
  const { subscriptions, keep, begin } = openYard()
  const [first, second] = [keep(one), keep(one)]
  assert.deepEqual([first.until.aborted, second.until.aborted], [true, false])
  subscriptions.end('session', 'file:///two')
  assert.equal(second.until.aborted, false)
  subscriptions.end('session', one)
  assert.equal(second.until.aborted, true)
  const third = keep(one)
  subscriptions.end('session')
  assert.equal(third.until.aborted, true)
  const fourth = keep(one)
  fourth.onOver()
  assert.equal(fourth.until.aborted, true)
  const refused = begin(one)
  refused?.drop()
  assert.equal(refused?.watch.until.aborted, true)
})

type Ending = readonly [
  name: string,
  end: (yard: ReturnType<typeof openYard>, one: McpWatch) => unknown,
  told: readonly string[],
]
const endings: readonly Ending[] = [
  ['by itself', (_, watch) => watch.onOver(), [one]],
  ['by itself, twice', (_, watch) => [watch.onOver(), watch.onOver()], [one]],
  [
    'by itself after a change',
    (_, watch) => [watch.onChanged(), watch.onOver(), watch.onChanged()],
    [one],
  ],
  ['by the word of its owner', ({ subscriptions }) => subscriptions.end('session', one), []],
  [
    'by itself, and by the word of its owner before that was told',
    ({ subscriptions }, watch) => [watch.onOver(), subscriptions.end('session', one)],
    [],
  ],
  ['in favour of another of its name', ({ keep }, watch) => [keep(one), watch.onOver()], []],
  ['by itself, and began again', ({ keep }, watch) => [watch.onOver(), keep(one)], []],
  [
    'while it was decided about',
    ({ begin }, watch) => {
      watch.onOver()
      const again = begin(one)
      again?.watch.onOver()
      assert.equal(again?.keep(), false)
    },
    [one],
  ],
]
for (const [name, end, told] of endings) {
  test(`that it ended ${name} is ${told.length > 0 ? 'told once' : 'not told'}`, async () => {
    const yard = openYard()
    yard.keep('file:///other')
    end(yard, yard.keep(one))
    assert.equal(yard.subscriptions.hasNews('session'), told.length > 0)
    assert.deepEqual(await yard.taken(), { changed: [], over: told })
    assert.deepEqual(await yard.taken(), { changed: [], over: [] })
  })
}

test('what could not be looked at is told the next time', async () => {
  const { now, keep, taken } = openYard()
  keep('file:///over').onOver()
  keep(one).onChanged()
  now.onLabels = () => Promise.reject(new Error('the store is away'))
  await assert.rejects(taken())
  now.onLabels = async () => undefined
  assert.deepEqual(await taken(), { changed: [one], over: ['file:///over'] })
})

test('what could not be said is told the next time, but for what has begun again', async () => {
  const { subscriptions, keep, taken } = openYard()
  const news = { changed: [one], over: ['file:///over'] }
  const watch = () => {
    keep('file:///over').onOver()
    return keep(one).onChanged()
  }
  watch()
  assert.deepEqual(await taken(), news)
  subscriptions.untold('session', news)
  assert.deepEqual(await taken(), news)
  keep('file:///over')
  subscriptions.untold('session', news)
  assert.deepEqual(await taken(), { changed: [one], over: [] })
  subscriptions.end('session')
  // Nobody may listen any more, and whoever comes back is told.
  subscriptions.untold('session', news)
  assert.deepEqual(await taken(), { changed: [], over: ['file:///over'] })
})

test('whose end was not told yet is counted', async () => {
  const { keep, begin, taken } = openYard()
  for (let at = 0; at < limits.mcpSubscriptions; at++) keep(`file:///${at}`).onOver()
  assert.equal(begin(one), undefined)
  assert.equal((await taken()).over.length, limits.mcpSubscriptions)
  assert.ok(begin(one))
})

test('one session, and one caller, has as many as it may; what ended makes room', async () => {
  const { subscriptions, begin, keep } = openYard()
  for (let at = 0; at < limits.mcpSubscriptions; at++) keep(`file:///${at}`)
  assert.equal(begin(one), undefined)
  subscriptions.end('session', 'file:///0')
  keep(one)
  for (let at = limits.mcpSubscriptions; at < limits.mcpSubscriptionsPerCaller; at++) {
    keep(`file:///${at}`, `session ${at}`)
  }
  assert.equal(begin(one, 'one more'), undefined)
  assert.ok(begin(one, 'one more', 'ben'))
  subscriptions.end('session')
  assert.ok(begin(one, 'one more'))
})

test('what is being decided about counts as well', () => {
  const { begin } = openYard()
  const pending = Array.from({ length: limits.mcpSubscriptions }, (_, at) => begin(`file:///${at}`))
  assert.ok(pending.every((subscribing) => subscribing !== undefined))
  assert.equal(begin(one), undefined)
  assert.ok(begin(one, 'another'))
  pending[0]?.drop()
  assert.ok(begin(one))
  assert.equal(begin(one), undefined)
})
