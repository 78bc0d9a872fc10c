import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertSoundLog, until } from './house.ts'
import { assertPublishedLog, assertVerifies } from './published-log.ts'
import { mountSmallDisk } from './small-disk.ts'
import { answer } from './upstream.ts'
import { type Child, openYard, type Yard } from './yard.ts'

type Acknowledged = readonly { readonly call: unknown; readonly index: number }[]

test('a disk that is full, until there is room again', async (t) => {
  const yard = await openYard(t)
  const disk = mountSmallDisk(yard.home, 12)
  if (!disk) return t.skip('needs the right to mount a small disk')
  try {
    const child = await yard.start()
    const ballast = join(yard.home, 'ballast')
    writeFileSync(ballast, Buffer.alloc(6_000_000))
    const acknowledged = await fill(t, yard, child)
    await refusesEverything(yard, child)
    rmSync(ballast)
    await until(async () => (await child.call('/up/read')).status === 200, 'service resumed')
    assert.equal(yard.records().filter(({ type }) => type === 'emitter.start').length, 1)
    await assertKept(yard, acknowledged)
    await until(() => endings(yard).length === intents(yard).length, 'every intent has its ending')
    child.signal('SIGTERM')
    assert.equal(await child.exited, 0)
    assertSoundLog(yard)
    await assertPublishedLog(yard.home)
    assertOutage(yard)
    assert.ok((await assertVerifies(yard.home)).includes('outage'))
    // Where the outcome was lost, the log says so by itself, and says it once.
    assert.deepEqual(intents(yard), endings(yard))
  } finally {
    await yard.clear()
    disk.unmount()
  }
})

/** The shell's own way to make a disk small; where there is none, nothing is shown here. */
const { status } = spawnSync('bash', ['-c', 'ulimit -f 2048'])
const skip = status === 0 ? false : 'needs bash and `ulimit -f`'

test('a file that may not grow, until the next start', { skip }, async (t) => {
  const yard = await openYard(t)
  // Written once with room, so that only calls meet the limit.
  await (await yard.serve()).stop()
  const child = await yard.start({ fileKiB: 1_024 })
  const acknowledged = await fill(t, yard, child)
  await refusesEverything(yard, child)
  child.signal('SIGTERM')
  await child.exited
  const again = await yard.serve()
  assert.equal((await again.call('/up/read')).status, 200)
  await again.stop()
  await assertKept(yard, acknowledged)
  assertSoundLog(yard)
  await assertPublishedLog(yard.home)
  assert.ok((await assertVerifies(yard.home)).includes('boot-unclean'))
})

/** The log itself says for how long nothing could be written, before it says anything else. */
function assertOutage(yard: Yard): void {
  const leaves = yard.records()
  const at = leaves.findIndex(({ type }) => type === 'outage.ended')
  const [before, outage] = [leaves[at - 1], leaves[at]]
  assert.deepEqual([outage?.reason, outage?.from], ['disk-full', before?.time])
  assert.equal(outage?.emitter.boot, before?.emitter.boot)
}

/** Calls until one is refused, and looks at how. */
async function fill(
  t: { readonly diagnostic: (message: string) => void },
  yard: Yard,
  child: Child,
): Promise<Acknowledged> {
  yard.upstream.script = answer({ body: '{"ok":true}' })
  const call = () => child.call('/up/write', { json: { much: 'm'.repeat(20_000) } })
  const acknowledged: { call: unknown; index: number }[] = []
  let full = await call()
  for (let made = 0; full.status === 200 && made < 2_000; made++) {
    const index = Number(full.record.split('#')[1])
    acknowledged.push({ call: full.headers['sallyport-call'], index })
    full = await call()
  }
  t.diagnostic(`full after ${acknowledged.length} calls`)
  assert.deepEqual([full.status, full.code], [503, 'evidence-unavailable'])
  assert.ok(acknowledged.length > 0, 'not one call went through')
  return acknowledged
}

async function refusesEverything(yard: Yard, child: Child): Promise<void> {
  const before = yard.upstream.reached.length
  for (const path of ['/up/read', '/up/nothing', '/up/read?x=1']) {
    const seen = await child.call(path)
    assert.deepEqual([seen.status, seen.code], [503, 'evidence-unavailable'])
  }
  const nobody = await child.call('/up/read', { token: 'garbage' })
  assert.deepEqual([nobody.status, nobody.code], [503, 'evidence-unavailable'])
  assert.equal(yard.upstream.reached.length, before, 'something reached the upstream')
}

async function assertKept(yard: Yard, acknowledged: Acknowledged): Promise<void> {
  const leaves = yard.records()
  for (const { call, index } of acknowledged) {
    assert.deepEqual([leaves[index]?.type, leaves[index]?.call], ['call.outcome', call])
  }
  const intents = new Set(
    leaves.filter(({ type }) => type === 'call.authorized').map((leaf) => leaf.call),
  )
  for (const { headers } of yard.upstream.reached) {
    assert.ok(intents.has(headers['sallyport-call']), 'the upstream was reached without an intent')
  }
}

function intents(yard: Yard): readonly number[] {
  return yard
    .records()
    .filter(({ type }) => type === 'call.authorized')
    .map(({ index }) => index)
}

function endings(yard: Yard): readonly number[] {
  return yard
    .records()
    .filter(({ type }) => type === 'call.outcome' || type === 'reconcile.indeterminate')
    .map(({ intent }) => intent)
    .sort((a, b) => a - b)
}
