import assert from 'node:assert/strict'
import { test } from 'node:test'
import { approvalLies, disclosing } from '../../test/approval-lies.ts'
import { callLies } from '../../test/call-lies.ts'
import { campaignLies } from '../../test/campaign-lies.ts'
import { clearanceLies } from '../../test/clearance-lies.ts'
import { custodyLies } from '../../test/custody-lies.ts'
import { damages, manyBeats } from '../../test/damages.ts'
import { delegationLies } from '../../test/delegation-lies.ts'
import { emergencyLies } from '../../test/emergency-lies.ts'
import { forwardedLies } from '../../test/forwarded-lies.ts'
import { foundedLies } from '../../test/founded-lies.ts'
import { frameLies } from '../../test/frame-lies.ts'
import { refund } from '../../test/healthy-calls.ts'
import { healthyLog, type Lie } from '../../test/healthy-log.ts'
import { intentLies } from '../../test/intent-lies.ts'
import { type Files, filesSource, signedNote } from '../../test/log-builder.ts'
import { logLies } from '../../test/log-lies.ts'
import { change, leaveOut, recovery, silence } from '../../test/lying.ts'
import { reviewLies } from '../../test/review-lies.ts'
import { shortenedLies } from '../../test/shortened-lies.ts'
import { voteLies } from '../../test/vote-lies.ts'
import { parseTrust } from '../trust.ts'
import { verifyBundle } from './bundle.ts'
import { checkNames, type FindingCode, findings } from './codes.ts'
import type { Verdict } from './verdict.ts'

const verify = (files: Files, trust: string, options = {}): Promise<Verdict> =>
  verifyBundle(filesSource(files), parseTrust(trust), options)

const told = (verdict: Verdict) =>
  verdict.findings.map(({ code, record, file }) => [code, record ?? file ?? '']).sort()

test('a healthy log verifies, and every check looked at something', async () => {
  const { log, at } = healthyLog({}, manyBeats)
  const verdict = await verify(log.files(), log.trust())
  assert.deepEqual(told(verdict), [['boot-unclean', at.restart]])
  assert.equal(verdict.ok, true)
  assert.equal(verdict.size, BigInt(log.leaves.length))
  for (const { check, state, examined } of verdict.checks) {
    // Of the calls, one keeps no arguments, one was erased, and those that were approved have expired.
    // And most do not say by which grants they were allowed, as before there were reviews.
    const isPartly = ['decisions', 'approvals', 'reviews'].includes(check)
    assert.equal(state, isPartly ? 'partly' : 'passed', check)
    assert.ok(examined > 0, check)
  }
})

test('approvals pass where people and the upstream were given the same arguments', async () => {
  const { log } = healthyLog(disclosing(refund(150)))
  const verdict = await verify(log.files(), log.trust())
  const approvals = verdict.checks.find(({ check }) => check === 'approvals')
  assert.equal(approvals?.state, 'passed')
})

test('conditions of a clearance are not judged without Cedar, and that is said', async () => {
  const { log } = healthyLog(disclosing(refund(150)))
  const verdict = await verify(log.files(), log.trust(), { cedar: async () => undefined })
  const approvals = verdict.checks.find(({ check }) => check === 'approvals')
  assert.deepEqual([approvals?.state, approvals?.because], ['partly', unjudged])
})

const partial = 'only a part of the records is shown'
const unjudged =
  'conditions of a clearance could not be judged: it takes disclosed arguments and Cedar'

test('what is not disclosed is said, never passed', async () => {
  const { log } = healthyLog()
  const verdict = await verify(log.files({ payloads: false }), log.trust())
  assert.equal(verdict.ok, true)
  const states = Object.fromEntries(verdict.checks.map(({ check, state }) => [check, state]))
  assert.deepEqual(
    [states.commitments, states.decisions, states.masks, states.chains],
    ['not-checked', 'not-checked', 'partly', 'passed'],
  )
})

test('without Cedar decisions are not checked, and everything else is', async () => {
  const { log } = healthyLog()
  const verdict = await verify(log.files(), log.trust(), { cedar: async () => undefined })
  assert.equal(verdict.ok, true)
  const decisions = verdict.checks.find(({ check }) => check === 'decisions')
  assert.equal(decisions?.state, 'not-checked')
})

test('the verdict says what became of payloads, and of which records two people erased some', async () => {
  const { log, at } = healthyLog()
  const said = { erased: 1, erasedOf: [at.intent], expired: 1 }
  const { gone } = await verify(log.files(), log.trust())
  // Of calls that are only committed to, and of a stream.
  assert.deepEqual(gone, { ...said, lost: 0, neverKept: 3 })
  const undisclosed = await verify(log.files({ payloads: false }), log.trust())
  assert.deepEqual(undisclosed.gone, said)
  const alone = healthyLog({ erased: change({ by: 'corp:kim' }) }).log
  const { gone: byOne } = await verify(alone.files(), alone.trust())
  assert.deepEqual([byOne?.erased, byOne?.erasedOf], [0, []])
  const rebuilt = healthyLog({ expired: leaveOut, restart: recovery({}) }).log
  const { gone: lost } = await verify(rebuilt.files(), rebuilt.trust())
  // What people had erased later was lost before.
  assert.deepEqual([lost?.expired, lost?.lost], [0, 2])
})

test('a session bundle shows its records in the signed tree', async () => {
  const { log, at } = healthyLog({}, manyBeats)
  const indexes = ['session', 'intent', 'outcome', 'stream', 'chunk', 'stream-outcome'].map(
    (one) => at[one] ?? 0,
  )
  const files = log.sessionFiles('ses_1', indexes)
  const verdict = await verify(files, log.trust(), { expect: 'session' })
  assert.deepEqual(told(verdict), [])
  assert.equal(verdict.scope, 'session')
  const last = at['stream-outcome'] ?? 0
  assert.deepEqual(verdict.part, { session: 'ses_1', from: at.session, to: last + 1 })
  const chains = verdict.checks.find(({ check }) => check === 'chains')
  assert.deepEqual(chains, { check: 'chains', state: 'partly', examined: 6, because: partial })
  const tree = verdict.checks.find(({ check }) => check === 'tree')
  assert.equal(tree?.state, 'passed')
})

test('a signed size that cannot be counted is no size', async () => {
  const { log } = healthyLog()
  const text = `${log.origin}\n${2n ** 48n + 1n}\n${Buffer.alloc(32).toString('base64')}\n`
  const files = new Map([['checkpoint', Buffer.from(signedNote(text, [log.key], log))]])
  const verdict = await verify(files, log.trust())
  assert.deepEqual(told(verdict), [['checkpoint-malformed', 'checkpoint']])
})

test('a bundle that holds less than expected does not verify', async () => {
  const { log, at } = healthyLog()
  const files = log.sessionFiles('ses_1', [at.intent ?? 0])
  for (const expect of [undefined, 'whole', 'range'] as const) {
    const verdict = await verify(files, log.trust(), expect && { expect })
    assert.deepEqual(told(verdict), [['scope-unmet', '']])
  }
})

for (const about of [
  { scope: 'range', from: 5, to: 5 },
  { scope: 'session', session: 'ses_1', from: 9, to: 9 },
]) {
  test(`a ${about.scope} bundle that means to show nothing does not verify`, async () => {
    const { log } = healthyLog({}, manyBeats)
    const files = log.files({ manifest: about })
    const verdict = await verify(files, log.trust(), { expect: 'session' })
    const failures = verdict.findings.filter(({ level }) => level === 'failure')
    assert.deepEqual(new Set(failures.map(({ code }) => code)), new Set(['manifest-mismatch']))
    assert.equal(verdict.ok, false)
  })
}

test('the folder of a running log may be ahead of its checkpoint', async () => {
  const { log } = healthyLog({}, manyBeats)
  const old = log.files({ manifest: null, payloads: false })
  log.now += 1
  log.add({ type: 'heartbeat', elapsed: 20_000, interval: 10_000 })
  const ahead = log.files({ manifest: null, payloads: false })
  ahead.set('checkpoint', old.get('checkpoint') ?? new Uint8Array())
  for (const [path, bytes] of old) ahead.set(path, bytes)
  ahead.set('staging/999-00', new Uint8Array(9))
  const verdict = await verify(ahead, log.trust())
  assert.equal(verdict.ok, true, JSON.stringify(verdict.findings))
})

test('no file is asked for without a bound of its kind', async () => {
  const { log } = healthyLog({}, manyBeats)
  const source = filesSource(log.files())
  const most = new Map<string, number>()
  const read: typeof source.read = (path, bytesMax) => {
    const kind = /^(?:tile\/entries|[a-z]+)/.exec(path)?.[0] ?? ''
    most.set(kind, Math.max(most.get(kind) ?? 0, bytesMax))
    return source.read(path, bytesMax)
  }
  const verdict = await verifyBundle({ ...source, read }, parseTrust(log.trust()))
  assert.equal(verdict.ok, true)
  assert.ok((most.get('payloads') ?? Infinity) < 600, 'as long as its commitment says')
  most.delete('payloads')
  assert.deepEqual(Object.fromEntries(most), {
    bundle: 65_536,
    checkpoint: 65_536,
    checkpoints: 65_536,
    rulebooks: 64 << 20,
    tile: 8192,
    'tile/entries': 256 * 8194,
  })
})

for (const about of [null, { scope: 'session', session: 'ses_1', from: 0, to: 1 }]) {
  test(`a signed size without files is given up: ${about?.scope ?? 'whole'}`, async () => {
    const { log } = healthyLog({}, manyBeats)
    const size = 2 ** 48
    const root = Buffer.alloc(32, 7).toString('base64')
    const note = signedNote(`${log.origin}\n${size}\n${root}\n`, [log.key], log)
    const manifest = about && { ...about, size }
    const files = new Map([
      ...log.files({ manifest, payloads: false }),
      ['checkpoint', Buffer.from(note)],
    ])
    const source = filesSource(files)
    let reads = 0
    const read: typeof source.read = (path, bytesMax) => {
      reads += 1
      return source.read(path, bytesMax)
    }
    const verdict = await verifyBundle({ ...source, read }, parseTrust(log.trust()), {
      expect: 'session',
    })
    const given = verdict.findings.find(({ code }) => code === 'tree-cut-off')
    assert.equal(given?.check, 'tree')
    assert.equal(verdict.ok, false)
    assert.ok(reads < 10_000, `${reads} reads`)
  })
}

/** What is told of a log with one lie in it: exactly these failures, at these records. */
async function check(
  lie: Readonly<Record<string, Lie>>,
  expected: readonly (readonly [FindingCode, string | number])[],
): Promise<void> {
  const { log, at } = healthyLog(lie)
  const verdict = await verify(log.files(), log.trust())
  const failures = verdict.findings.filter(({ level }) => level === 'failure')
  assert.deepEqual(
    failures.map(({ code, record }) => [code, record]).sort(),
    expected.map(([code, name]) => [code, typeof name === 'number' ? name : at[name]]).sort(),
  )
  assert.equal(verdict.ok, expected.length === 0)
}

const lies = [
  logLies,
  custodyLies,
  callLies,
  intentLies,
  approvalLies,
  voteLies,
  delegationLies,
  clearanceLies,
  emergencyLies,
  reviewLies,
  campaignLies,
  foundedLies,
  frameLies,
  forwardedLies,
  shortenedLies,
].flat()
for (const [name, lie, expected] of lies) test(name, () => check(lie, expected))

for (const [name, damage, expected] of damages) {
  test(`damaged: ${name}`, async () => {
    const { log } = healthyLog({}, manyBeats)
    const trust = log.trust()
    const files = log.files()
    damage(files, log)
    const verdict = await verify(files, trust)
    const found = told(verdict).map(([code, place]) => `${code} ${place}`)
    for (const [code, place] of expected) {
      assert.ok(
        found.includes(`${code} ${place}`),
        `${code} ${place} is not in: ${found.join(', ')}`,
      )
    }
    const fails = expected.some(([code]) => findings[code][1] === 'failure')
    assert.equal(verdict.ok, !fails, found.join(', '))
  })
}

test('a call that runs on is a notice, and so is a clock that was set', async () => {
  const { log, at } = healthyLog({
    'late-outcome': () => [],
    'late-beat-2': (step, log) => {
      log.now += 3_600_000
      return [step]
    },
  })
  const verdict = await verify(log.files(), log.trust())
  assert.deepEqual(told(verdict), [
    ['boot-unclean', at.restart],
    ['call-running', at['late-intent']],
    ['clock-jump', at['late-beat-2']],
  ])
  assert.equal(verdict.ok, true)
})

test('a record that lost the ends of its lists is a notice', async () => {
  const mail = { entity: 'EMAIL_ADDRESS', how: 'redact', n: 1, path: '$.note', rule: 'mail' }
  const masked = Array.from({ length: 64 }, () => mail)
  const { log, at } = healthyLog({
    'committed-outcome': change({ masked, truncated: 9 }),
  })
  const verdict = await verify(log.files(), log.trust())
  assert.deepEqual(told(verdict), [
    ['boot-unclean', at.restart],
    ['record-shortened', at['committed-outcome']],
  ])
})

test('another configuration from one start to the next is a notice', async () => {
  const { log, at } = healthyLog({
    start: change({ config: 'hmac-sha256:a' }),
    restart: change({ config: 'hmac-sha256:b' }),
  })
  const verdict = await verify(log.files(), log.trust())
  assert.deepEqual(told(verdict), [
    ['boot-unclean', at.restart],
    ['config-changed', at.restart],
  ])
})

test('what is left open of approvals is a notice', async () => {
  const { log } = healthyLog({
    'bypass-lost': leaveOut,
    'bypass-consumed': leaveOut,
    'bypass-unjustified': leaveOut,
    'bypass-reviewed': leaveOut,
    bypass: change({ reviewBy: '2026-03-01T08:00:00.000Z' }),
  })
  const verdict = await verify(log.files(), log.trust())
  const codes = verdict.findings.map(({ code, level }) => `${code} ${level}`)
  assert.deepEqual(codes.sort(), [
    'boot-unclean notice',
    'break-glass-unreviewed notice',
    'clearance-use-open notice',
  ])
  assert.equal(verdict.ok, true)
})

test('an outage and what a recovery lost are notices', async () => {
  const { log, at } = healthyLog({
    'beat-2': silence({ outageMs: 30_000 }),
    expired: leaveOut,
    restart: recovery({}),
  })
  const verdict = await verify(log.files(), log.trust())
  assert.deepEqual(told(verdict), [
    ['boot-unclean', at.restart],
    ['outage', at['beat-2']],
    ['payload-lost', (at.restart ?? 0) + 1],
  ])
  assert.equal(verdict.ok, true)
})

test('every finding there is has a row or a test', () => {
  const shown = new Set<string>(
    [...lies, ...damages].flatMap(([, , expected]) => expected.map(([code]) => code)),
  )
  const elsewhere = [
    'boot-unclean',
    'break-glass-unreviewed',
    'call-running',
    'clearance-use-open',
    'clock-jump',
    'config-changed',
    'date-after-cosignature',
    'date-before-cosignature',
    'date-unwitnessed',
    'heartbeat-interval',
    'instance-silent',
    'key-retired',
    'outage',
    'payload-lost',
    'record-shortened',
    'records-unwitnessed',
    'retention-changed',
    'scope-unmet',
    'since-ahead',
    'since-inconsistent',
    'since-unshown',
    'tree-cut-off',
  ]
  assert.deepEqual(
    Object.keys(findings)
      .filter((code) => !shown.has(code))
      .sort(),
    elsewhere,
  )
  assert.ok(Object.values(findings).every(([check]) => checkNames.includes(check)))
})
