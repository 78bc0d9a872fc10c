import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../config/limits.ts'
import { watchClock } from './clock.ts'

const year = 31_536_000_000
const hour = 3_600_000
const most = limits.clockJumpMs

/** What passes by each clock, in milliseconds, between two looks. */
type Step = { readonly wall: number; readonly steady: number; readonly uptime?: number }
type Row = readonly [name: string, steps: readonly Step[], jumped: RegExp | undefined]
const tick: Step = { wall: 1000, steady: 1000 }
const rows: readonly Row[] = [
  ['runs', [tick, tick], undefined],
  ['is slewed for years', Array(500).fill({ wall: hour + 1800, steady: hour }), undefined],
  ['is set forward by a little', [{ wall: most, steady: 0 }], undefined],
  ['is set forward', [{ wall: most + 1, steady: 0 }], /set forward by 20 s: set it right/],
  ['is set forward by a year', [tick, { wall: year, steady: 1000 }, tick], /forward by 31535999 s/],
  ['is set back', [tick, { wall: -hour, steady: 0 }], /set back by 3600 s/],
  [
    'is set forward and back',
    [
      { wall: year, steady: 0 },
      { wall: -year, steady: 0 },
    ],
    undefined,
  ],
  ['sleeps', [{ wall: hour, steady: 0, uptime: hour }, tick], undefined],
  ['sleeps, and is set', [{ wall: year, steady: 0, uptime: hour }], /set forward/],
  ['sleeps twice', Array(2).fill({ wall: hour, steady: 0, uptime: hour }), undefined],
  [
    'sleeps, and is set forward by as much later',
    [
      { wall: hour, steady: 0, uptime: hour },
      { wall: hour, steady: 0 },
    ],
    /forward by 3600 s/,
  ],
]
for (const [name, steps, jumped] of rows) {
  test(`a clock that ${name} ${jumped ? 'dates nothing' : 'is followed'}`, () => {
    const at = { wall: 1_800_000_000_000, steady: 5_000, uptime: 90_000 }
    const clock = watchClock({
      wall: () => at.wall,
      steady: () => at.steady,
      uptime: () => at.uptime,
    })
    let expected = at.wall
    for (const { wall, steady, uptime = steady } of steps) {
      at.wall += wall
      at.steady += steady
      at.uptime += uptime
      expected += uptime
      clock.jumped()
    }
    const { now, objection } = clock
    if (!jumped) {
      assert.equal(clock.jumped(), undefined)
      assert.equal(now(), at.wall)
      assert.equal(objection(at.wall), undefined)
      assert.equal(objection(at.wall - hour), undefined, 'what is old is dated by when it was')
      assert.match(objection(at.wall + most + 1) ?? '', /in the future/)
      return
    }
    assert.match(clock.jumped() ?? '', jumped)
    assert.match(objection(at.wall) ?? '', jumped)
    assert.ok(Math.abs(now() - expected) <= hour, 'it goes on as if there had been no jump')
    assert.equal(objection(now()), undefined)
  })
}

test('the clock of this machine runs', () => {
  const clock = watchClock()
  assert.equal(clock.jumped(), undefined)
  assert.ok(Math.abs(clock.now() - Date.now()) < 1000)
})
