import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { assertSoundLog } from './house.ts'
import { answer } from './upstream.ts'
import { openYard } from './yard.ts'

/** The shell's own way to make a disk small; where there is none, nothing is shown here. */
const { status } = spawnSync('bash', ['-c', 'ulimit -f 2048'])
const skip = status === 0 ? false : 'needs bash and `ulimit -f`'

test('a disk that is full', { skip }, async (t) => {
  const yard = await openYard(t)
  // Written once with room, so that only calls meet the limit.
  const first = await yard.start()
  first.signal('SIGTERM')
  await first.exited
  const child = await yard.start({ fileKiB: 1_024 })
  yard.upstream.script = answer({ body: '{"ok":true}' })
  const call = () => child.call('/up/write', { json: { much: 'm'.repeat(20_000) } })
  const acknowledged: { call: unknown; index: number }[] = []

  let full = await call()
  for (let made = 0; full.status === 200 && made < 500; made++) {
    const index = Number(full.record.split('#')[1])
    acknowledged.push({ call: full.headers['sallyport-call'], index })
    full = await call()
  }

  await t.test('the caller is told, without a record', () => {
    assert.deepEqual([full.status, full.code], [503, 'evidence-unavailable'])
    assert.equal(full.record, 'none')
    assert.ok(acknowledged.length > 0, 'not one call went through')
  })

  await t.test('nothing reaches the upstream any more', async () => {
    const before = yard.upstream.reached.length
    for (const path of ['/up/read', '/up/nothing', '/up/read?x=1']) {
      const seen = await child.call(path)
      assert.deepEqual([seen.status, seen.code], [503, 'evidence-unavailable'])
    }
    const nobody = await child.call('/up/read', { token: 'garbage' })
    assert.deepEqual([nobody.status, nobody.code], [503, 'evidence-unavailable'])
    assert.equal(yard.upstream.reached.length, before)
  })

  await t.test('with room again it starts, and lost nothing', async () => {
    child.signal('SIGTERM')
    await child.exited
    const again = await yard.start()
    assert.equal((await again.call('/up/read')).status, 200)
    again.signal('SIGTERM')
    assert.equal(await again.exited, 0)
    const leaves = yard.records()
    for (const { call, index } of acknowledged) {
      assert.deepEqual([leaves[index]?.type, leaves[index]?.call], ['call.outcome', call])
    }
    const intents = new Set(
      leaves.filter(({ type }) => type === 'call.authorized').map((leaf) => leaf.call),
    )
    for (const { headers } of yard.upstream.reached) {
      assert.ok(
        intents.has(headers['sallyport-call']),
        'the upstream was reached without an intent',
      )
    }
    assertSoundLog(yard)
  })
})
