import assert from 'node:assert/strict'
import { test } from 'node:test'
import { healthyLog, type Lie } from '../../test/healthy-log.ts'
import { type Fields, filesSource } from '../../test/log-builder.ts'
import { change, leaveOut, stop, wait } from '../../test/lying.ts'
import { chainStart } from '../record.ts'
import { parseTrust } from '../trust.ts'
import { verifyBundle } from './bundle.ts'

/** What the heartbeats tell of a log with a lie in it, notices too. */
async function check(
  lies: Readonly<Record<string, Lie>>,
  expected: readonly (readonly [string, string | number])[],
): Promise<void> {
  const { log, at } = healthyLog(lies)
  const verdict = await verifyBundle(filesSource(log.files()), parseTrust(log.trust()), {
    cedar: async () => undefined,
  })
  const found = verdict.findings.filter(({ check }) => check === 'heartbeats')
  assert.deepEqual(
    found.map(({ code, record }) => [code, record]),
    expected.map(([code, name]) => [code, typeof name === 'number' ? name : at[name]]),
  )
}

const fiveHours = 5 * 3_600_000
const every = (interval: number): Lie => change({ interval })
const late =
  (ms: number): Lie =>
  (step, log) => {
    log.now += ms
    return change({ elapsed: Number(step.fields.elapsed) + ms })(step, log)
  }
const stopped: Lie = ({ payloads }) => [{ fields: stop, payloads }]

/** Another instance starts beside this one, and what it says after that. */
const beside =
  (...more: readonly Fields[]): Lie =>
  (step, log) => {
    const mine = log.emitter
    log.emitter = { boot: 'boot-9', instance: 'gw-9', prev: chainStart, seq: 0 }
    log.add({ type: 'emitter.start', version: '0.1.0' })
    for (const fields of more) log.add(fields)
    log.emitter = mine
    return [step]
  }

const rows: readonly (readonly [
  string,
  Readonly<Record<string, Lie>>,
  readonly (readonly [string, string | number])[],
])[] = [
  ['nothing amiss', {}, []],
  [
    'a boot of five hours without a heartbeat, then a stop',
    { 'late-beat': leaveOut, 'late-session': wait(fiveHours), 'late-beat-2': stopped },
    [['heartbeat-gap', 'late-beat-2']],
  ],
  [
    'a boot of five hours without a heartbeat, still open',
    { 'late-beat': leaveOut, 'late-session': wait(fiveHours), 'late-beat-2': leaveOut },
    [['heartbeat-gap', 'accepted']],
  ],
  [
    'five hours after the last heartbeat, still open',
    { 'late-session': wait(fiveHours), 'late-beat-2': leaveOut },
    [['heartbeat-gap', 'accepted']],
  ],
  [
    'five hours after the last heartbeat, then a crash and a restart',
    { lost: wait(fiveHours) },
    [['heartbeat-gap', 'lost']],
  ],
  [
    'a short boot without a heartbeat',
    { 'late-beat': leaveOut, 'late-session': wait(4000), 'late-beat-2': stopped },
    [],
  ],
  [
    'an instance that crashed and did not come back',
    { vote: beside() },
    [['instance-silent', 'vote']],
  ],
  [
    'five hours of silence after a heartbeat that names a year as its interval',
    { 'late-beat': every(31_536_000_000), 'late-beat-2': late(fiveHours) },
    [
      ['heartbeat-interval', 'late-beat'],
      ['heartbeat-gap', 'late-beat-2'],
    ],
  ],
  [
    'a heartbeat that names no interval',
    { 'late-beat': every(0) },
    [['heartbeat-interval', 'late-beat']],
  ],
  ['an instance that stopped', { vote: beside(stop) }, []],
  ['an instance that crashed just now', { 'late-beat-2': beside() }, []],
]
for (const [name, lies, expected] of rows) test(name, () => check(lies, expected))
