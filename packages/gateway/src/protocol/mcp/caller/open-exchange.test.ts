import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../../../config/limits.ts'
import { type AskedOfCaller, OpenExchange, type Outlet } from './open-exchange.ts'

/** An outlet that remembers what it was told. */
function outlet() {
  const gone = new AbortController()
  const said: string[] = []
  const made: Outlet = {
    begin: () => said.push('begun'),
    notify: async (message) => void said.push(`notified ${text(message)}`),
    finish: ({ frame, status }) => said.push(`${status} ${text(frame)}`),
    gone: gone.signal,
  }
  return { ...made, said, leave: () => gone.abort() }
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8')
const bytes = (value: string) => Buffer.from(value)
const asked: AskedOfCaller = { method: 'roots/list', params: bytes('{}') }
const asking = (wanted: ReadonlyMap<string, AskedOfCaller>) =>
  bytes(`asks ${[...wanted.keys()].join(' ')}`)
const never = new AbortController().signal

test('a caller that is asked is sent away, and its retry goes on with the answer', async () => {
  const exchange = new OpenExchange(asking)
  const [first, second] = [outlet(), outlet()]
  void exchange.attach(first)
  exchange.begin()
  await exchange.notify(bytes('a'))
  const answer = exchange.ask(asked, never)
  assert.deepEqual(first.said, ['begun', 'notified a', '200 asks ask_1'])
  const later = exchange.notify(bytes('b'))
  // The response it was sent away with is over, and no sign that it has left.
  first.leave()
  assert.equal(exchange.left.aborted, false)
  void exchange.attach(second, bytes('{"ask_1":{"roots":[]},"other":1}'))
  assert.equal(text(await answer), '{"result":{"roots":[]}}')
  await later
  await exchange.finish({ frame: bytes('done'), status: 200 })
  assert.deepEqual(second.said, ['notified b', '200 done'])
  second.leave()
  assert.equal(exchange.left.aborted, false)
})

test('who is sent away and does not come back has left, with all that is held for it', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const exchange = new OpenExchange(asking)
  const [first, second] = [outlet(), outlet()]
  void exchange.attach(first)
  const one = exchange.ask(asked, never)
  t.mock.timers.tick(limits.mcpAwayMs - 1)
  void exchange.attach(second, bytes('{"ask_1":{}}'))
  assert.equal(text(await one), '{"result":{}}')
  // While it is there it may wait for as long as its upstream takes.
  t.mock.timers.tick(limits.mcpAwayMs)
  assert.equal(exchange.left.aborted, false)
  const two = exchange.ask(asked, never)
  t.mock.timers.tick(limits.mcpAwayMs - 1)
  assert.equal(exchange.left.aborted, false)
  t.mock.timers.tick(1)
  assert.equal(exchange.left.aborted, true)
  assert.match(text(await two), /did not answer/)
})

test('what is said after the end is waited for by nobody', async () => {
  const exchange = new OpenExchange(asking)
  const first = outlet()
  void exchange.attach(first)
  await exchange.finish({ frame: bytes('done'), status: 200 })
  await exchange.notify(bytes('late'))
  assert.deepEqual(first.said, ['200 done'])
})

test('what a retry does not answer is asked again, with what came meanwhile', async () => {
  const exchange = new OpenExchange(asking)
  const [first, second, third] = [outlet(), outlet(), outlet()]
  void exchange.attach(first)
  const one = exchange.ask(asked, never)
  const two = exchange.ask(asked, never)
  assert.deepEqual(first.said, ['200 asks ask_1'])
  void exchange.attach(second, bytes('{"ask_2":{"n":2}}'))
  assert.deepEqual(second.said, ['200 asks ask_1'])
  assert.equal(text(await two), '{"result":{"n":2}}')
  void exchange.attach(third, bytes('{"ask_1":{"n":1},"ask_2":{"n":9}}'))
  assert.equal(text(await one), '{"result":{"n":1}}')
  assert.deepEqual(third.said, [])
})

const noAnswers: readonly (readonly [string, string | undefined])[] = [
  ['nothing', undefined],
  ['no object', '["ask_1"]'],
  ['a key twice', '{"ask_1":{},"ask_1":{}}'],
  ['nothing that was asked', '{"x":{}}'],
]
for (const [name, answers] of noAnswers) {
  test(`a retry that brings ${name} is asked again`, () => {
    const exchange = new OpenExchange(asking)
    const [first, second] = [outlet(), outlet()]
    void exchange.attach(first)
    void exchange.ask(asked, never)
    void exchange.attach(second, answers === undefined ? undefined : bytes(answers))
    assert.deepEqual(second.said, ['200 asks ask_1'])
  })
}

test('one retry goes on, and is heard of to its end', async () => {
  const exchange = new OpenExchange(asking)
  const [first, second, third, fourth] = [outlet(), outlet(), outlet(), outlet()]
  const away = exchange.attach(first)
  assert.equal(exchange.attach(second), undefined)
  const answer = exchange.ask(asked, never)
  await away
  const heard = exchange.attach(third, bytes('{"ask_1":{}}'))
  await answer
  assert.equal(exchange.attach(fourth, bytes('{"ask_1":{}}')), undefined)
  fourth.leave()
  assert.equal(exchange.left.aborted, false)
  await exchange.finish({ frame: bytes('done'), status: 200 })
  await heard
  assert.deepEqual([third.said, fourth.said], [['200 done'], []])
})

test('who leaves hears no more', async () => {
  const exchange = new OpenExchange(asking)
  const only = outlet()
  const heard = exchange.attach(only)
  only.leave()
  await heard
})

test('a caller that leaves has left, and nobody answers any more', async () => {
  const exchange = new OpenExchange(asking)
  const only = outlet()
  void exchange.attach(only)
  only.leave()
  assert.equal(exchange.left.aborted, true)
  assert.match(text(await exchange.ask(asked, never)), /did not answer/)
  await exchange.notify(bytes('a'))
  await exchange.finish({ frame: bytes('b'), status: 200 })
})

test('what is not wanted any more is not asked again', async () => {
  const exchange = new OpenExchange(asking)
  const [first, second] = [outlet(), outlet()]
  void exchange.attach(first)
  const withdrawn = new AbortController()
  const answer = exchange.ask(asked, withdrawn.signal)
  withdrawn.abort()
  assert.match(text(await answer), /did not answer/)
  void exchange.attach(second)
  assert.deepEqual(second.said, [])
  assert.match(text(await exchange.ask(asked, withdrawn.signal)), /did not answer/)
})

test('what cannot be said to the caller is not answered by it', async () => {
  const exchange = new OpenExchange(() => undefined)
  const only = outlet()
  void exchange.attach(only)
  assert.match(text(await exchange.ask(asked, never)), /did not answer/)
  await exchange.finish({ frame: bytes('done'), status: 200 })
  assert.deepEqual(only.said, ['200 done'])
})
