import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../mask/limits.ts'
import { openPace } from './pace.ts'

/** A clock that goes on only by work, and how many turns were waited for. */
function given() {
  let now = 0
  let turns = 0
  const pace = openPace({
    micros: () => now,
    turn: async () => {
      turns += 1
    },
  })
  const work = (micros: number, bytes?: number) =>
    pace.paced(() => {
      now += micros
      return turns
    }, bytes)
  const fail = (micros: number) =>
    pace.paced(() => {
      now += micros
      throw new Error('broken')
    })
  return { pace, work, fail }
}

test('work goes on until a turn is used up, and then waits for the next', async () => {
  const { pace, work } = given()
  const part = limits.turnMicros / 4
  const seen: number[] = []
  for (let at = 0; at < 9; at++) seen.push(await work(part))
  assert.deepEqual(seen, [0, 0, 0, 0, 1, 1, 1, 1, 2])
  assert.equal(pace.taken(), 9 * part)
  assert.equal(await work(10 * limits.turnMicros), 2)
  assert.equal(await work(part), 3)
})

test('slow pieces become small, quick ones large, within bounds', async () => {
  const { pace, work } = given()
  assert.equal(pace.pieceBytes(), limits.pieceBytes)
  const most: number[] = []
  for (let at = 0; at < 9; at++) {
    await work(2 * limits.turnMicros, pace.pieceBytes())
    most.push(pace.pieceBytes())
  }
  assert.deepEqual(
    most.toSorted((a, b) => b - a),
    most,
  )
  assert.equal(pace.pieceBytes(), limits.pieceBytesMin)
  await work(0, 1)
  assert.equal(pace.pieceBytes(), limits.pieceBytesMin, 'a short one says nothing')
  for (let at = 0; at < 9; at++) await work(0, pace.pieceBytes())
  assert.equal(pace.pieceBytes(), limits.pieceBytesMax)
})

test('what fails has taken its time too', async () => {
  const { work, fail } = given()
  await assert.rejects(fail(limits.turnMicros), /broken/)
  assert.equal(await work(1), 1)
})
