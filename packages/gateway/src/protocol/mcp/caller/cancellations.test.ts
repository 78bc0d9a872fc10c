import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCancellations } from './cancellations.ts'

test('a request is taken back by its own session, under its own id', () => {
  const cancellations = openCancellations()
  const one = cancellations.begin('a', 1)
  const others = [cancellations.begin('b', 1), cancellations.begin('a', '1')]
  const nobodys = cancellations.begin(undefined, 1)
  cancellations.cancel('a', 1)
  assert.equal(one.cancelled?.aborted, true)
  for (const { cancelled } of others) assert.equal(cancelled?.aborted, false)
  assert.equal(nobodys.cancelled, undefined)
})

test('of two requests with one id both are taken back, and none that is over', () => {
  const cancellations = openCancellations()
  const [first, second, third] = [1, 1, 1].map((id) => cancellations.begin('a', id))
  second?.over()
  cancellations.cancel('a', 1)
  const seen = [first, second, third].map((one) => one?.cancelled?.aborted)
  assert.deepEqual(seen, [true, false, true])
})
