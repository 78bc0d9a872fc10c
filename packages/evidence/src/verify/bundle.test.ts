import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callLies } from '../../test/call-lies.ts'
import { damages, manyBeats } from '../../test/damages.ts'
import { healthyLog, type Lie } from '../../test/healthy-log.ts'
import { type Files, filesSource } from '../../test/log-builder.ts'
import { logLies } from '../../test/log-lies.ts'
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
    // Of the calls, one keeps no arguments and one was erased: those two cannot be asked again.
    assert.equal(state, check === 'decisions' ? 'partly' : 'passed', check)
    assert.ok(examined > 0, check)
  }
})

const partial = 'only a part of the records is shown'

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

test('a session bundle shows its records in the signed tree', async () => {
  const { log, at } = healthyLog({}, manyBeats)
  const indexes = ['session', 'intent', 'outcome', 'stream', 'chunk', 'stream-outcome'].map(
    (one) => at[one] ?? 0,
  )
  const verdict = await verify(log.sessionFiles('ses_1', indexes), log.trust())
  assert.deepEqual(told(verdict), [])
  assert.equal(verdict.scope, 'session')
  const chains = verdict.checks.find(({ check }) => check === 'chains')
  assert.deepEqual(chains, { check: 'chains', state: 'partly', examined: 6, because: partial })
  const tree = verdict.checks.find(({ check }) => check === 'tree')
  assert.equal(tree?.state, 'passed')
})

test('a bundle that holds less than expected does not verify', async () => {
  const { log, at } = healthyLog()
  const files = log.sessionFiles('ses_1', [at.intent ?? 0])
  const verdict = await verify(files, log.trust(), { expect: 'whole' })
  assert.deepEqual(told(verdict), [['scope-unmet', '']])
})

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

for (const [name, lie, expected] of [...logLies, ...callLies])
  test(name, () => check(lie, expected))

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

test('every finding there is has a row or a test', () => {
  const shown = new Set<string>(
    [...logLies, ...callLies, ...damages].flatMap(([, , expected]) =>
      expected.map(([code]) => code),
    ),
  )
  const elsewhere = ['boot-unclean', 'call-running', 'clock-jump', 'file-unreadable', 'scope-unmet']
  assert.deepEqual(
    Object.keys(findings)
      .filter((code) => !shown.has(code))
      .sort(),
    elsewhere,
  )
  assert.ok(Object.values(findings).every(([check]) => checkNames.includes(check)))
})
