import assert from 'node:assert/strict'
import { test } from 'node:test'
import { healthyLog } from '../../test/healthy-log.ts'
import {
  type Files,
  filesSource,
  type Key,
  type LogBuilder,
  newKey,
} from '../../test/log-builder.ts'
import { parseTrust } from '../trust.ts'
import { verifyBundle } from './bundle.ts'

const dayMs = 86_400_000

type Story = {
  readonly log: LogBuilder
  readonly old: Key
  readonly next: Key
  /** A stop, and a start so many days later. */
  readonly pause: (days: number) => void
}

/** A log whose key was replaced at the end of its life. What it archived is signed with the old one. */
function rotated(): Story {
  const { log } = healthyLog()
  const old = log.key
  const next = newKey(log.origin)
  log.add({ type: 'key.rotated', key: next.vkey, previous: old.vkey, by: 'corp:kim' })
  log.signers = [next, old]
  log.archive()
  const pause = (days: number) => {
    log.add({ type: 'emitter.stop' })
    const { boot, seq, prev } = log.emitter
    log.now += days * dayMs
    log.boot(`after ${boot}`)
    log.add({ type: 'emitter.start', version: '1', after: { boot, hash: prev, seq: seq - 1 } })
  }
  return { log, old, next, pause }
}

/** Five days later the new key is replaced as well, and signs alone so many days after that. */
function replaceNext({ log, next, pause }: Story, days: number): void {
  pause(5)
  const { vkey } = newKey(log.origin)
  log.add({ type: 'key.rotated', key: vkey, previous: next.vkey, by: 'corp:kim' })
  pause(days)
  log.signers = [next]
}

/** The old key alone signs one that is archived, a day after its time. */
function archivesLate({ log, old, next, pause }: Story): void {
  pause(8)
  log.signers = [old]
  log.archive()
  log.signers = [next]
  log.add({ type: 'emitter.stop' })
}

type Trusting = 'old' | 'next' | 'both'

async function verify(
  { log, old, next }: Story,
  trusting: Trusting,
  options: { readonly files?: Files; readonly since?: readonly string[] } = {},
) {
  const keys = [...(trusting === 'next' ? [] : [old]), ...(trusting === 'old' ? [] : [next])]
  const trust = parseTrust(`${keys.map(({ vkey }) => `log ${vkey}\n`).join('')}quorum none\n`)
  const { files = log.files(), since = [] } = options
  const cedar = async () => undefined
  return verifyBundle(filesSource(files), trust, { since, cedar, expect: 'session' })
}

/** What becomes of the log, whom the auditor trusts, and the failures. */
const rows: readonly (readonly [
  string,
  (story: Story) => void,
  Trusting,
  (size: number) => readonly string[],
])[] = [
  ['both sign, and the new one is trusted', () => {}, 'next', () => []],
  ['both sign, and the old one is trusted', () => {}, 'old', () => []],
  [
    'the new one alone signs, and is trusted',
    ({ log, next, pause }) => {
      pause(60)
      log.signers = [next]
    },
    'next',
    () => [],
  ],
  [
    'one gateway of several still signs with the old one',
    ({ log, old, pause }) => {
      pause(6)
      log.signers = [old]
      log.archive()
    },
    'both',
    () => [],
  ],
  [
    'the old one alone signs when its time is over',
    ({ log, old, pause }) => {
      pause(60)
      log.signers = [old]
    },
    'both',
    () => ['key-retired checkpoint'],
  ],
  [
    'the old one alone signs an archived one when its time is over',
    archivesLate,
    'both',
    (size) => [`key-retired checkpoints/${size - 1}`],
  ],
  [
    'the old one alone signs an archived one when its time is over, and is not trusted',
    archivesLate,
    'next',
    (size) => [`archived-unsigned checkpoints/${size - 1}`],
  ],
  [
    'the one that was replaced next signs when the time of the first alone is over',
    (story) => replaceNext(story, 4),
    'both',
    () => [],
  ],
  [
    'the one that was replaced next signs when its time is over too',
    (story) => {
      replaceNext(story, 4)
      story.pause(60)
    },
    'both',
    () => ['key-retired checkpoint'],
  ],
  [
    'a key that the log never named signs an archived one',
    ({ log, next }) => {
      log.signers = [newKey(log.origin)]
      log.archive()
      log.signers = [next]
      log.add({ type: 'emitter.stop' })
    },
    'both',
    (size) => [`archived-unsigned checkpoints/${size - 1}`],
  ],
  [
    'an archived one of another history, signed with the old key',
    ({ log, old, next }) => {
      const [leaf] = log.leaves.splice(0, 1, Buffer.from('x'))
      log.signers = [old]
      log.archive()
      log.leaves.splice(0, 1, leaf ?? assert.fail())
      log.signers = [next]
      log.add({ type: 'emitter.stop' })
    },
    'next',
    (size) => [`archived-inconsistent checkpoints/${size - 1}`],
  ],
]
for (const [name, happens, trusting, expected] of rows) {
  test(`a rotated key: ${name}`, async () => {
    const story = rotated()
    happens(story)
    const { findings, ok } = await verify(story, trusting)
    const failures = findings.filter(({ level }) => level === 'failure')
    const told = failures.map(({ code, file }) => `${code} ${file}`)
    assert.deepEqual(told, expected(story.log.leaves.length))
    assert.equal(ok, told.length === 0)
  })
}

test('what a part of the log does not show of its keys is said, and no finding', async () => {
  const { log, at } = healthyLog({}, 205)
  const story = { ...rotated(), log }
  log.archive()
  log.signers = [story.next]
  const files = log.sessionFiles('ses_2', [at['late-session'] ?? 0, at['late-intent'] ?? 0])
  const { findings, checks } = await verify(story, 'next', { files })
  assert.deepEqual(
    findings.map(({ code }) => code),
    [],
  )
  assert.equal(checks.find(({ check }) => check === 'checkpoints')?.state, 'partly')
})

test('what was kept from before a rotation counts, signed with the key of then', async () => {
  const story = rotated()
  const { log, old, next } = story
  log.signers = [old]
  const kept = [log.checkpoint(9)]
  log.signers = [newKey(log.origin)]
  const strange = [log.checkpoint(9)]
  log.signers = [next]
  const { findings, ok } = await verify(story, 'next', { since: kept })
  assert.equal(ok, true, JSON.stringify(findings))
  await assert.rejects(verify(story, 'next', { since: strange }), { code: 'since-malformed' })
})
