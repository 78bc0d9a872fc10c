import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../../../config/limits.ts'
import type { UpstreamMessage } from '../message/upstream-message.ts'
import { UnderWay } from './under-way.ts'
import { type Watched, Watches } from './watches.ts'

type Notification = Extract<UpstreamMessage, { kind: 'notification' }>

const said = (uri: unknown, method = 'notifications/resources/updated'): Notification => ({
  ...{ kind: 'notification', method, params: Buffer.from('{}') },
  values: { uri: uri as string },
})

/** Two who watch; the first of them in a conversation that was asked first. */
async function openWatches() {
  const watches = new Watches()
  const heard: string[] = []
  const asked: string[] = []
  const add = (
    name: string,
    uri: string,
    answer: Partial<Watched> = {},
    { subject = name, most = Number.POSITIVE_INFINITY } = {},
  ) => {
    const onChanged = () => heard.push(name)
    const onOver = (isGivenUp: boolean) => heard.push(`${name} ${isGivenUp ? 'given up' : 'over'}`)
    const begin = async () => {
      asked.push(`+${uri}`)
      return { end: () => void asked.push(`-${uri}`), ...answer } as Watched
    }
    return watches.add(uri, { subject, onChanged, onOver }, { begin, most })
  }
  return { watches, heard, asked, add }
}

const watched = 'file:///notes'
const cases: readonly (readonly [name: string, message: Notification, isHeard: boolean])[] = [
  ['the resource itself', said(watched), true],
  ['one below it', said(`${watched}/today.md`), true],
  ['one whose name begins so', said(`${watched}-of-others`), false],
  ['one above it', said('file:///'), false],
  ['one that nobody asked for', said('file:///etc/passwd'), false],
  ['no name', said(undefined), false],
  ['a name of another type', said({ toString: () => watched }), false],
  ['something else about it', said(watched, 'notifications/message'), false],
]
for (const [name, message, isHeard] of cases) {
  test(`of ${name}: ${isHeard ? 'heard' : 'not heard'}`, async () => {
    const { watches, heard, add } = await openWatches()
    await add('one', watched)
    assert.equal(watches.heard(message), isHeard)
    assert.deepEqual(heard, isHeard ? ['one'] : [])
  })
}

test('a server is asked once for all, and told when the last one left', async () => {
  const { watches, heard, asked, add } = await openWatches()
  const [one, two] = await Promise.all([add('one', watched), add('two', watched)])
  assert.ok('end' in one && 'end' in two)
  watches.heard(said(watched))
  one.end()
  one.end()
  watches.heard(said(watched))
  assert.deepEqual(heard, ['one', 'two', 'two'])
  assert.deepEqual(asked, [`+${watched}`])
  two.end()
  await new Promise(setImmediate)
  assert.deepEqual(asked, [`+${watched}`, `-${watched}`])
  assert.equal(watches.size, 0)
})

test('a server that says no, or nothing any more, is asked anew', async () => {
  const { watches, heard, asked, add } = await openWatches()
  const error = Buffer.from('{"error":{}}')
  assert.ok('error' in (await add('one', watched, { error })))
  assert.equal(watches.size, 0)
  await add('two', watched)
  watches.over()
  watches.heard(said(watched))
  assert.deepEqual(heard, ['two over'])
  await add('three', watched)
  assert.deepEqual(asked, [`+${watched}`, `+${watched}`, `+${watched}`])
})

test('who watches is told whether another conversation may be begun for it', async () => {
  const { watches, heard, add } = await openWatches()
  await add('one', watched)
  watches.over(watched)
  await add('two', watched)
  watches.giveUp()
  watches.giveUp()
  assert.deepEqual(heard, ['one over', 'two given up'])
  assert.equal(watches.size, 0)
})

test('one subject hears of so many resources and no more, and leaves others theirs', async () => {
  const { watches, asked, add } = await openWatches()
  const of = (subject: string, uri: string) => add(subject, uri, {}, { subject, most: 2 })
  const overloaded = { code: 'overloaded' }
  await of('ann', 'file:///1')
  const second = await of('ann', 'file:///2')
  await assert.rejects(of('ann', 'file:///3'), overloaded)
  await of('ben', 'file:///2')
  await of('ben', 'file:///3')
  await assert.rejects(of('ann', 'file:///3'), overloaded, 'that another hears of it')
  await of('ann', 'file:///1')
  assert.deepEqual(asked, ['+file:///1', '+file:///2', '+file:///3'])
  assert.ok('end' in second)
  await second.end()
  await of('ann', 'file:///3')
  assert.equal(watches.size, 3)
})

test('a server is asked again only after it has been told of the end before', async () => {
  const { watches, asked, add } = await openWatches()
  const told = Promise.withResolvers<void>()
  const end = async () => {
    asked.push('- begun')
    await told.promise
    asked.push('- told')
  }
  const first = await add('one', watched, { end })
  assert.ok('end' in first)
  void first.end()
  await new Promise(setImmediate)
  const second = add('two', watched)
  const elsewhere = await add('two', 'file:///other')
  assert.ok('end' in elsewhere)
  assert.deepEqual(asked, [`+${watched}`, '- begun', '+file:///other'])
  told.resolve()
  assert.ok('end' in (await second))
  assert.deepEqual(asked.slice(3), ['- told', `+${watched}`])
  assert.equal(watches.size, 2)
})

test('a flood of what nobody wants, or has just heard, ends the conversation; news do not', async () => {
  const { watches, heard, add } = await openWatches()
  await add('one', watched)
  const open = () =>
    new UnderWay({
      ...{ isShared: false, mayAsk: () => true, answer: () => undefined },
      onNews: (message) => watches.heard(message),
    })
  for (const uri of ['file:///nobody', watched]) {
    const underWay = open()
    let taken = 0
    while (taken <= 2 * limits.mcpStrays && underWay.take(said(uri))) taken += 1
    assert.ok(taken >= limits.mcpStrays - 1, `${uri}: ${taken}`)
    if (uri !== watched) assert.equal(taken, limits.mcpStrays)
  }
  assert.ok(heard.length > 0)
  const isNews = new UnderWay({
    isShared: true,
    mayAsk: () => true,
    answer: () => undefined,
    onNews: () => true,
  })
  for (let count = 0; count < 2 * limits.mcpStrays; count++) assert.ok(isNews.take(said(watched)))
})
