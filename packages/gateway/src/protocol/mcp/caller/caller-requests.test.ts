import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCallerRequests } from './caller-requests.ts'

const frame = (text: string) => Buffer.from(text)

function asking() {
  const requests = openCallerRequests()
  const sent: { id: string; method: string; params: object }[] = []
  const send = async (message: Uint8Array) => {
    sent.push(JSON.parse(Buffer.from(message).toString('utf8')))
  }
  const stop = new AbortController()
  const answer = requests.put(
    { method: 'sampling/createMessage', params: frame('{"maxTokens":1e2}') },
    { owner: 'sam', send, signal: stop.signal },
  )
  const [{ id } = assert.fail('nothing was sent')] = sent
  return { requests, sent, answer, id, stop }
}

test('a request goes out under an id that nobody guesses, and its answer comes back once', async () => {
  const { requests, sent, answer, id } = asking()
  assert.deepEqual(sent, [
    { jsonrpc: '2.0', id, method: 'sampling/createMessage', params: { maxTokens: 100 } },
  ])
  assert.match(id, /^sallyport-[\w-]{22}$/)
  assert.equal(requests.answered('eve', id, frame('{}')), false, 'of somebody else')
  assert.equal(requests.answered('sam', 7, frame('{}')), false, 'never asked')
  assert.equal(requests.answered('sam', `${id}x`, frame('{}')), false, 'never asked')
  assert.equal(requests.answered('sam', id, frame('{"result":{}}')), true)
  assert.equal(requests.answered('sam', id, frame('{"result":1}')), false, 'answered twice')
  assert.equal(Buffer.from(await answer).toString('utf8'), '{"result":{}}')
  assert.notEqual(asking().id, id)
})

test('a question that is taken back is over when its caller has taken that', async () => {
  const taken: (() => void)[] = []
  const send = () => new Promise<void>((resolve) => taken.push(resolve))
  const stop = new AbortController()
  const asked = { method: 'roots/list', params: frame('{}') }
  let isOver = false
  const answer = openCallerRequests()
    .put(asked, { owner: 'sam', send, signal: stop.signal })
    .finally(() => {
      isOver = true
    })
  stop.abort()
  for (const count of [1, 2]) {
    while (taken.length < count) await new Promise(setImmediate)
    assert.equal(isOver, false)
    taken[count - 1]?.()
  }
  assert.match(Buffer.from(await answer).toString('utf8'), /did not answer/)
})

test('who is asked hears that no answer is wanted any more', async () => {
  const { requests, sent, answer, id, stop } = asking()
  stop.abort()
  assert.match(Buffer.from(await answer).toString('utf8'), /did not answer/)
  assert.equal(requests.answered('sam', id, frame('{"result":{}}')), false)
  assert.deepEqual(
    sent.slice(1).map(({ method, params }) => [method, params]),
    [['notifications/cancelled', { requestId: id, reason: 'The answer is not needed any more.' }]],
  )
})
