import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { limits } from '../../../config/limits.ts'
import { AnswerStream, type AnswerStreamOptions } from './answer-stream.ts'
import { openStreams } from './open-streams.ts'

const options: AnswerStreamOptions = { limits, headers: () => ({ 'x-call': 'c1' }), isPrimed: true }

/** A server whose every response is given to a test; what one connection receives, until it has ended or enough. */
async function openHouse(t: TestContext) {
  const waiting: ((response: ServerResponse) => void)[] = []
  const server = createServer((_, response) => waiting.shift()?.(response))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return async () => {
    const taken = new Promise<ServerResponse>((resolve) => waiting.push(resolve))
    const sent = request({ port, host: '127.0.0.1', agent: false })
    const answered: Promise<IncomingMessage> = once(sent, 'response').then(([one]) => one)
    answered.catch(() => undefined)
    sent.on('error', () => undefined).end()
    return { response: await taken, answered, leave: () => sent.destroy() }
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of answer.setEncoding('utf8')) text += chunk
  return text
}

/** What came when so many events have come. */
async function events(answer: IncomingMessage, count: number): Promise<string> {
  let text = ''
  answer.setEncoding('utf8')
  while (text.split('\n\n').length <= count) text += String((await once(answer, 'data'))[0])
  return text
}

const message = (text: string) => Buffer.from(JSON.stringify({ text }))

test('messages become events, the last one ends the stream', async (t) => {
  const { response, answered } = await (await openHouse(t))()
  const stream = new AnswerStream(response, options)
  assert.equal(stream.isBegun, false)
  await stream.send(message('a'))
  await stream.send(message('b'))
  stream.end()
  await stream.send(message('too late'))
  const answer = await answered
  assert.equal(answer.headers['content-type'], 'text/event-stream')
  assert.equal(answer.headers['x-call'], 'c1')
  assert.equal(await textOf(answer), 'data: {"text":"a"}\n\ndata: {"text":"b"}\n\n')
})

test('who leaves a stream that cannot be resumed is gone', async (t) => {
  const { response, answered, leave } = await (await openHouse(t))()
  const stream = new AnswerStream(response, options)
  await stream.send(message('a'))
  await answered
  leave()
  if (!stream.gone.aborted) await once(stream.gone, 'abort')
  await stream.send(message('b'))
})

test('a broken connection is taken up behind the last event seen, by its owner only', async (t) => {
  const visit = await openHouse(t)
  const streams = openStreams()
  const first = await visit()
  const stream = streams.open(first.response, { ...options, owner: 'sam' })
  await stream.send(message('a'))
  await stream.send(message('b'))
  const seen = await events(await first.answered, 3)
  const ids = [...seen.matchAll(/^id: (.*)$/gm)].map(([, id = '']) => id)
  assert.equal(ids.length, 3)
  assert.match(seen, /^id: .*\ndata: \n\n/, 'nothing to go on from before the first message')
  first.leave()
  await once(first.response, 'close')
  assert.equal(stream.gone.aborted, false)
  await stream.send(message('c'))
  const [, second = ''] = ids
  const again = await visit()
  const resume = (owner: string, lastEventId: string) =>
    streams.resume(again.response, { owner, lastEventId })
  assert.equal(resume('eve', second), false)
  assert.equal(resume('sam', second.replace(/\d+$/, '9')), false)
  assert.equal(resume('sam', `x${second}`), false)
  assert.equal(resume('sam', ''), false)
  assert.equal(resume('sam', second), true)
  stream.end()
  const rest = await textOf(await again.answered)
  assert.deepEqual(
    [...rest.matchAll(/^data: (.*)$/gm)].map(([, data]) => data),
    ['{"text":"b"}', '{"text":"c"}'],
  )
  stream.leave()
  assert.equal(resume('sam', second), false)
})

test('who does not come back in time is gone', async (t) => {
  const visit = await openHouse(t)
  const { response, answered, leave } = await visit()
  const brief = { ...limits, mcpResumeGraceMs: 1 }
  const stream = openStreams().open(response, { ...options, limits: brief, owner: 'sam' })
  await stream.send(message('a'))
  await answered
  leave()
  if (!stream.gone.aborted) await once(stream.gone, 'abort')
})

test('nobody there to read: what is more than may be kept waits', async (t) => {
  const visit = await openHouse(t)
  const first = await visit()
  const few = { ...limits, mcpReplayBytes: 10 }
  const streams = openStreams()
  const stream = streams.open(first.response, { ...options, limits: few, owner: 'sam' })
  stream.begin()
  const seen = await events(await first.answered, 1)
  first.leave()
  await once(first.response, 'close')
  let isSent = false
  const sent = stream.send(message('long enough')).then(() => {
    isSent = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(isSent, false)
  const again = await visit()
  const lastEventId = /^id: (.*)$/m.exec(seen)?.[1] ?? ''
  assert.equal(streams.resume(again.response, { owner: 'sam', lastEventId }), true)
  await sent
  stream.end()
  assert.match(await textOf(await again.answered), /long enough/)
})
