import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { checkTrust, parseNote, parseTrust } from '@sallyport/evidence'
import {
  asking,
  forkedOf,
  origin,
  peer,
  rogue,
  signingMore,
  sizeOf,
  textOf,
  troubleOf,
  until,
} from '../../test/asking-log.ts'
import { smallLog } from '../../test/small-log.ts'
import { trustText } from './trust-text.ts'
import { openWitnesses } from './witnesses.ts'

const stories: Readonly<Record<string, (t: TestContext) => Promise<void>>> = {
  'a checkpoint is witnessed by all, and published so': async (t) => {
    const log = await smallLog(origin)
    const peers = await Promise.all(['w1', 'w2'].map((name) => peer(t, { name, logs: [log.key] })))
    const asked = await asking(t, peers, { log })
    for (const size of [1, 7, 300, 301]) {
      await asked.publish(size)
      await until(() => sizeOf(asked) === size, `witnessed at ${size}`)
    }
    await until(() => parseNote(asked.published()).signatures.length === 3, 'published')
    const { witnesses } = await checkTrust(asked.published(), parseTrust(asked.trust))
    assert.deepEqual(
      witnesses.map(({ name }) => name),
      ['w1', 'w2'],
    )
    for (const state of asked.witnesses.states()) {
      assert.deepEqual([state.size, state.trouble], [301, undefined])
      assert.ok(state.cosignedAt)
    }
    assert.deepEqual(asked.events, [])
  },
  'one that is away is told once, and caught up with when it is back': async (t) => {
    const log = await smallLog(origin)
    const [w1, w2] = [
      await peer(t, { name: 'w1', logs: [log.key] }),
      await peer(t, { name: 'w2', logs: [log.key] }),
    ]
    const asked = await asking(t, [w1, w2], { log })
    await asked.publish(5)
    await until(() => sizeOf(asked) === 5, 'witnessed')
    await w2.stop()
    for (const size of [6, 9, 30]) {
      await asked.publish(size)
      await until(() => asked.witnesses.states()[0]?.size === size, 'the other one goes on')
    }
    await until(() => troubleOf(asked, 'w2') === 'unreachable', 'known to be away')
    assert.equal(sizeOf(asked), 5, 'called witnessed without its quorum')
    await w2.start()
    await until(() => sizeOf(asked) === 30, 'caught up')
    assert.deepEqual(
      asked.events.map(({ event }) => event),
      ['unreachable', 'back'],
    )
  },
  'a quorum of one of two does without the other': async (t) => {
    const log = await smallLog(origin)
    const [w1, w2] = [
      await peer(t, { name: 'w1', logs: [log.key] }),
      await peer(t, { name: 'w2', logs: [log.key] }),
    ]
    await w2.stop()
    const asked = await asking(t, [w1, w2], { log, quorum: 1 })
    await asked.publish(5)
    await until(() => sizeOf(asked) === 5, 'witnessed')
  },
  'what one of them makes of the text spoils no signature of another': async (t) => {
    const log = await smallLog(origin)
    const w1 = await peer(t, { name: 'w1', logs: [log.key] })
    const liar = await rogue(t, (signer) => async (request, response) => {
      response.end(await signingMore(await textOf(request), signer))
    })
    const asked = await asking(t, [liar, w1], { log, quorum: 'any' })
    await asked.publish(5)
    await until(() => troubleOf(asked, 'rogue') === 'unreachable', 'found out')
    await until(() => sizeOf(asked) === 5, 'witnessed')
    await until(() => parseNote(asked.published()).signatures.length === 2, 'published')
    await checkTrust(asked.published(), parseTrust(asked.trust))
  },
  'nothing is called witnessed where nobody is asked for': async (t) => {
    const log = await smallLog(origin)
    const w1 = await peer(t, { name: 'w1', logs: [log.key] })
    const asked = await asking(t, [w1], { log, quorum: 'none' })
    await asked.publish(5)
    await until(() => parseNote(asked.published()).signatures.length === 2, 'cosigned')
    assert.equal(asked.witnesses.witnessed(), undefined)
    const alone = await asking(t, [], { log })
    await alone.publish(5)
    assert.equal(alone.witnesses.witnessed(), undefined)
  },
  'after a restart the cosignatures that were published count, and are kept': async (t) => {
    const log = await smallLog(origin)
    const peers = await Promise.all(['w1', 'w2'].map((name) => peer(t, { name, logs: [log.key] })))
    const before = await asking(t, peers, { log })
    await before.publish(5)
    await until(() => parseNote(before.published()).signatures.length === 3, 'published')
    await peers[1]?.stop()
    const after = await asking(t, peers, { log })
    after.witnesses.onPublished(before.published())
    await until(() => sizeOf(after) === 5, 'still witnessed')
    await until(() => after.witnesses.states()[0]?.size === 5, 'asked again')
    assert.equal(parseNote(after.witnesses.witnessed()?.note ?? '').signatures.length, 3)
  },
  'an older checkpoint is recalled, and shown to nobody': async (t) => {
    const log = await smallLog(origin)
    const w1 = await peer(t, { name: 'w1', logs: [log.key] })
    const before = await asking(t, [w1], { log })
    await before.publish(5)
    await until(() => parseNote(before.published()).signatures.length === 2, 'published')
    const older = before.published()
    await before.publish(9)
    await until(() => sizeOf(before) === 9, 'witnessed')
    const after = await asking(t, [w1], { log })
    await after.witnesses.recall(older)
    for (const other of [await log.note(7), older.replace('\n5\n', '\n6\n'), 'half a no', '']) {
      await after.witnesses.recall(other)
    }
    assert.equal(sizeOf(after), 5)
    await after.publish(9)
    await until(() => sizeOf(after) === 9, 'witnessed')
    await after.witnesses.recall(older)
    assert.equal(sizeOf(after), 9)
    assert.deepEqual(after.events, [])
  },
  'another history is refused, and said loudly': async (t) => {
    const log = await smallLog(origin)
    const w1 = await peer(t, { name: 'w1', logs: [log.key] })
    const honest = await asking(t, [w1], { log })
    await honest.publish(9)
    await until(() => sizeOf(honest) === 9, 'witnessed')
    const forked = await asking(t, [w1], { log })
    await forked.publish(12, 'b')
    await until(() => forked.events.length >= 2, 'said again and again')
    assert.deepEqual(new Set(forked.events.map(({ event }) => event)), new Set(['inconsistent']))
    assert.equal(troubleOf(forked, 'w1'), 'inconsistent')
    assert.deepEqual(forkedOf(forked), [true])
    assert.equal(forked.witnesses.witnessed(), undefined)
    await honest.publish(10)
    await until(() => sizeOf(honest) === 10, 'the first history goes on')
  },
  'a log that was rolled back finds its witness ahead': async (t) => {
    const log = await smallLog(origin)
    const w1 = await peer(t, { name: 'w1', logs: [log.key] })
    const before = await asking(t, [w1], { log })
    await before.publish(9)
    await until(() => sizeOf(before) === 9, 'witnessed')
    const restored = await asking(t, [w1], { log })
    await restored.publish(4)
    await until(() => troubleOf(restored, 'w1') === 'ahead', 'found out')
    assert.deepEqual(forkedOf(restored), [true])
    assert.equal(restored.witnesses.witnessed(), undefined)
  },
  'a witness that does not know the log is told once': async (t) => {
    const w1 = await peer(t, { name: 'w1', logs: [(await smallLog('other.example/log')).key] })
    const asked = await asking(t, [w1])
    await asked.publish(4)
    await until(() => troubleOf(asked, 'w1') === 'rejected', 'rejected')
    assert.match(asked.events[0]?.why ?? '', /404/)
  },
}
for (const [name, story] of Object.entries(stories)) test(name, story)

test('one that never answers does not keep the others, nor the end', async (t) => {
  const log = await smallLog(origin)
  const w1 = await peer(t, { name: 'w1', logs: [log.key] })
  const silent = await rogue(t, () => () => undefined)
  const asked = await asking(t, [silent, w1], { log, quorum: 'any', askMs: 300 })
  for (const size of [2, 3]) {
    await asked.publish(size)
    await until(() => sizeOf(asked) === size, 'witnessed')
  }
  await until(() => troubleOf(asked, 'rogue') === 'unreachable', 'known')
  await asked.publish(4)
  await asked.witnesses.close()
})

test('the last checkpoint of a stop is cosigned when that resolves, by whom was away as well', async (t) => {
  const log = await smallLog(origin)
  const [w1, w2] = [
    await peer(t, { name: 'w1', logs: [log.key] }),
    await peer(t, { name: 'w2', logs: [log.key] }),
  ]
  await w2.stop()
  const asked = await asking(t, [w1, w2], { log, retryMs: 600_000 })
  await asked.publish(5)
  await until(() => troubleOf(asked, 'w2') === 'unreachable', 'known to be away')
  await w2.start()
  await asked.publish(9)
  await asked.witnesses.takeLast(asked.published())
  assert.equal(sizeOf(asked), 9)
  await checkTrust(asked.published(), parseTrust(asked.trust))
})

test('a stop does not wait for a witness that is silent', async (t) => {
  const log = await smallLog(origin)
  const silent = await rogue(t, () => () => undefined)
  const asked = await asking(t, [silent], { log, stopMs: 20 })
  await asked.publish(5)
  await asked.witnesses.takeLast(asked.published())
  assert.equal(sizeOf(asked), 0)
  const none = await asking(t, [], { log })
  await none.witnesses.takeLast(await log.note(5))
})

test('a key that is none is found at the start', () => {
  const members = [{ name: 'w', key: `w+00000000+BA${'A'.repeat(42)}`, url: 'http://w' }]
  const trust = () => trustText({ origin, logKeys: [], witnesses: members, quorum: 'all' })
  const limits = { witnessAskMs: 1, witnessRetryMs: 1, witnessRetryMsMax: 1, witnessStopMs: 1 }
  const logKeys = () => []
  const rest = { limits, now: Date.now, report: () => undefined }
  const open = () => openWitnesses({ members, trust, logKeys, ...rest })
  assert.throws(open, /The key of the witness w in the configuration: .*malformed/)
})
