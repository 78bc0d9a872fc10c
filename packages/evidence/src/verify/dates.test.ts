import assert from 'node:assert/strict'
import { test } from 'node:test'
import { healthyLog, type Lie } from '../../test/healthy-log.ts'
import { filesSource, type LogBuilder } from '../../test/log-builder.ts'
import { beat, change, preceded, stop } from '../../test/lying.ts'
import { chainStart } from '../record.ts'
import { parseTrust } from '../trust.ts'
import { verifyBundle } from './bundle.ts'
import { timeOf } from './dates.ts'

type Expected = Readonly<Record<string, number>>

/** How often each thing is found of a log that is told with these lies, and then cosigned like this. */
async function check(
  lies: Readonly<Record<string, Lie>>,
  cosign: (log: LogBuilder) => void,
  expected: Expected,
): Promise<void> {
  const { log } = healthyLog(lies)
  cosign(log)
  const verdict = await verifyBundle(filesSource(log.files()), parseTrust(log.trust()))
  const found: Record<string, number> = {}
  for (const { code } of verdict.findings) {
    if (code !== 'boot-unclean') found[code] = (found[code] ?? 0) + 1
  }
  assert.deepEqual(found, expected)
}

const day = 86_400_000
const { log: healthy, at: healthyAt } = healthyLog()
/** As many as are told of one code. */
const afterNinth = Math.min(100, healthy.leaves.length - 9)
const sinceRestart = healthy.leaves.length - (healthyAt.restart ?? 0)
/** Those before an interval has passed since. */
const soonAfterRestart = (healthyAt['late-beat'] ?? 0) - (healthyAt.restart ?? 0)
const asItIs = () => {}
/** The newest checkpoint is cosigned so much later than its records say. */
const later = (ms: number) => (log: LogBuilder) => {
  log.now += ms
}
/** The checkpoint over the first nine records is cosigned so much later, or earlier, than they say. */
const ninthAfter = (ms: number, newestMs: number) => (log: LogBuilder) => {
  const { time } = JSON.parse(String(log.leaves[8]))
  log.archived.clear()
  log.archived.set(9, log.checkpoint(9, (Date.parse(time) + ms) / 1000))
  log.now += newestMs
}
const unarchived = (ms: number) => (log: LogBuilder) => {
  log.archived.clear()
  log.now += ms
}

/** The second boot begins so much earlier than it would, an hour and a minute after the end of the first. */
const rebootedBefore =
  (ms: number): Lie =>
  (step, log) => {
    log.now -= ms
    log.bootedAt = log.now
    return [step]
  }

/** What expires in the second boot has then not been kept for its hour. */
const early = { 'expiry-early': 1 }

/** Another instance, whose clock is behind, lives through a short while of its own. */
const otherInstance =
  (behindMs: number): Lie =>
  (step, log) => {
    const { emitter, now } = log
    log.now -= behindMs
    log.emitter = { boot: 'boot-b', instance: 'gw-2', prev: chainStart, seq: 0 }
    for (const fields of [{ type: 'emitter.start', version: '0.1.0' }, beat(10), stop])
      log.add(fields)
    log.emitter = emitter
    log.now = now
    return [step]
  }

const rows: readonly (readonly [
  string,
  Readonly<Record<string, Lie>>,
  (log: LogBuilder) => void,
  Expected,
])[] = [
  // order
  ['a boot that begins after the one before', {}, asItIs, {}],
  [
    'a boot whose clock is behind by the leeway',
    { restart: rebootedBefore(3_690_000) },
    later(3_690_000),
    early,
  ],
  [
    'a boot dated before the one before',
    { restart: rebootedBefore(3_700_000) },
    later(3_700_000),
    { 'clock-backwards': soonAfterRestart, ...early },
  ],
  [
    'a boot dated twenty days before the one before',
    { restart: rebootedBefore(20 * day) },
    later(20 * day),
    {
      'clock-backwards': sinceRestart,
      'date-before-cosignature': sinceRestart,
      'date-unwitnessed': 1,
      ...early,
    },
  ],
  [
    'an instance whose clock is behind by the leeway',
    { denied: otherInstance(30_000) },
    asItIs,
    {},
  ],
  [
    'an instance whose clock is behind by more',
    { denied: otherInstance(40_000) },
    asItIs,
    { 'clock-backwards': 3 },
  ],
  // cosignatures
  ['a log older than its witnesses', {}, unarchived(3650 * day), { 'date-unwitnessed': 1 }],
  ['a witness that was away for half a day', {}, unarchived(day / 2), {}],
  [
    'a witness that saw records an hour before their dates',
    {},
    ninthAfter(-3_600_000, 0),
    { 'date-after-cosignature': 9 },
  ],
  ['a witness whose clock is four minutes behind', {}, ninthAfter(-240_000, 0), {}],
  [
    'a witness that came late, and cosigned an older checkpoint',
    {},
    ninthAfter(day / 2, day / 2),
    {},
  ],
  [
    'records dated two days before a witness saw the log without them',
    {},
    ninthAfter(2 * day, 2 * day),
    { 'date-before-cosignature': afterNinth, 'date-unwitnessed': 2 },
  ],
  // retention
  [
    'an expiry before the time of its class',
    { expired: change({ period: 7_200_000 }) },
    asItIs,
    { 'expiry-early': 1 },
  ],
  ['an expiry once that is over', { expired: change({ period: 3_660_000 }) }, asItIs, {}],
  [
    'an expiry under another class than the function has',
    { expired: change({ class: 'standard' }) },
    asItIs,
    { 'expiry-class': 1 },
  ],
  [
    'an expiry for another time than the one before',
    {
      'late-beat': preceded({
        ...{ type: 'payload.expired', class: 'short', period: 3_600_001, records: [17] },
      }),
    },
    asItIs,
    { 'retention-changed': 1 },
  ],
]
for (const [name, lies, cosign, expected] of rows) test(name, () => check(lies, cosign, expected))

const times: readonly (readonly [string, number | undefined])[] = [
  ['2026-03-01T08:00:00.000Z', Date.UTC(2026, 2, 1, 8)],
  ['2026-03-01T08:00:00.999Z', Date.UTC(2026, 2, 1, 8) + 999],
  ['2026-03-01T08:00:00.01Z', undefined],
  ['2026-03-01T08:00:00.0100Z', undefined],
  ['2026-03-01T08:00:00Z', undefined],
  ['2026-03-01T08:00:00.000+00:00', undefined],
  ['2026-02-30T08:00:00.000Z', undefined],
  ['2026-03-01T08:00:00.001Z', Date.UTC(2026, 2, 1, 8) + 1],
  ['1970-01-01T00:00:00.000Z', 0],
  ['', undefined],
  ['never', undefined],
]
test('a date is one spelling of one moment', () => {
  assert.deepEqual(
    times.map(([text]) => timeOf(text)),
    times.map(([, time]) => time),
  )
})
