import assert from 'node:assert/strict'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ask } from './caller.ts'
import { assertSoundLog, type Leaf, until } from './house.ts'
import { answer, chunk, chunkedHead, hang } from './upstream.ts'
import { openYard, type Yard } from './yard.ts'

const cases: Readonly<Record<string, (yard: Yard) => Promise<void>>> = {
  'killed between intent and outcome': async (yard) => {
    const child = await yard.start()
    yard.upstream.script = hang
    const cutOff = assert.rejects(child.call('/up/read'))
    await until(() => yard.upstream.reached.length === 1, 'the upstream was reached')
    child.signal('SIGKILL')
    await cutOff
    assert.equal(await child.exited, null)
    const intent = endsOf(yard.records(), 'call.authorized')[0]
    assert.ok(intent, 'forwarded without an intent')
    assert.deepEqual(endsOf(yard.records(), 'call.outcome'), [])

    const next = await yard.serve()
    const [left, ...more] = endsOf(yard.records(), 'reconcile.indeterminate')
    assert.deepEqual([left?.call, left?.intent, more.length], [intent.call, intent.index, 0])
    assert.equal(yard.upstream.reached.length, 1, 'the call was made again')
    yard.upstream.script = answer({ body: '{}' })
    assert.equal((await next.call('/up/read')).status, 200)
    await next.stop()
  },
  'killed in the middle of a stream': async (yard) => {
    const child = await yard.start()
    yard.upstream.script = (socket) => {
      socket.write(chunkedHead('text/event-stream'))
      socket.write(chunk('data: {"n":1}\n\n'))
    }
    const seen = await child.call('/up/person', { onData: () => child.signal('SIGKILL') })
    assert.deepEqual([seen.status, seen.complete], [200, false])
    await child.exited
    const committed = endsOf(yard.records(), 'call.chunk').at(-1)
    assert.ok(committed?.returned.len >= seen.body.length, 'more was seen than committed to')
    await (await yard.serve()).stop()
    assert.equal(endsOf(yard.records(), 'reconcile.indeterminate').at(-1)?.call, committed?.call)
  },
  'killed under load: what was acknowledged is there': async (yard) => {
    const child = await yard.start()
    yard.upstream.script = answer({ body: '{"ok":true}' })
    const from = yard.upstream.reached.length
    const acknowledged: { call: string; index: number }[] = []
    let over = false
    const caller = async () => {
      while (!over) {
        const seen = await child.call('/up/read').catch(() => undefined)
        if (!seen?.complete) return
        assert.equal(seen.status, 200)
        const index = Number(seen.record.split('#')[1])
        acknowledged.push({ call: String(seen.headers['sallyport-call']), index })
      }
    }
    const callers = Array.from({ length: 16 }, caller)
    await until(() => acknowledged.length > 100, 'a hundred calls were made')
    child.signal('SIGKILL')
    over = true
    await Promise.all(callers)
    await child.exited
    const leaves = yard.records()
    for (const { call, index } of acknowledged) {
      assert.deepEqual([leaves[index]?.type, leaves[index]?.call], ['call.outcome', call])
    }
    const intents = new Set(endsOf(leaves, 'call.authorized').map(({ call }) => call))
    for (const { headers } of yard.upstream.reached.slice(from)) {
      assert.ok(
        intents.has(headers['sallyport-call']),
        'the upstream was reached without an intent',
      )
    }
    await (await yard.serve()).stop()
  },
  'stopped politely: what is under way ends first': async (yard) => {
    const child = await yard.start()
    const released = Promise.withResolvers<void>()
    const from = yard.upstream.reached.length
    yard.upstream.script = (socket, asked) =>
      void released.promise.then(() => answer({ body: '{}' })(socket, asked))
    const call = child.call('/up/read')
    await until(() => yard.upstream.reached.length > from, 'the upstream was reached')
    child.signal('SIGTERM')
    await assert.rejects(untilRefused(child.url), /ECONNREFUSED|ECONNRESET|hang up/)
    released.resolve()
    assert.equal((await call).status, 200)
    assert.equal(await child.exited, 0)
    assert.deepEqual(
      yard
        .records()
        .slice(-2)
        .map(({ type }) => type),
      ['call.outcome', 'emitter.stop'],
    )
  },
  'a second gateway in the same home': async (yard) => {
    const child = await yard.start()
    await assert.rejects(yard.start(), /exit 1: .*in use/s)
    yard.upstream.script = answer({ body: '{}' })
    assert.equal((await child.call('/up/read')).status, 200)
    await stop(child)
  },
  'a home without its key file': async (yard) => {
    const keys = join(yard.home, 'keys.json')
    const before = yard.records().length
    renameSync(keys, `${keys}.away`)
    await assert.rejects(yard.start(), /exit 1: .*key file.*missing/s)
    renameSync(`${keys}.away`, keys)
    assert.equal(yard.records().length, before)
    await (await yard.serve()).stop()
  },
  'a damaged key file': async (yard) => {
    const keys = join(yard.home, 'keys.json')
    const whole = readFileSync(keys, 'utf8')
    writeFileSync(keys, whole.slice(0, 60))
    await assert.rejects(yard.start(), ({ message }) => {
      assert.match(message, /exit 1: .*damaged/s)
      assert.ok(!message.includes(JSON.parse(whole).kek.slice(0, 20)), 'it showed a key')
      return true
    })
    writeFileSync(keys, whole)
  },
  'a rulebook that is not valid': async (yard) => {
    const file = join(yard.rulebook, 'policies/grants.cedar')
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replace('Action::"dead"', 'Action::"deed"'))
    await assert.rejects(yard.start(), /exit 1: .*grants\.cedar:\d+.*deed/s)
    writeFileSync(file, text)
  },
}

test('a gateway that dies', async (t) => {
  const yard = await openYard(t)
  for (const [name, check] of Object.entries(cases)) {
    await t.test(name, () => check(yard).finally(yard.clear))
  }
  await t.test('the log is sound', () => assertSoundLog(yard))
})

const endsOf = (leaves: readonly Leaf[], type: string) =>
  leaves.filter((leaf) => leaf.type === type)

async function stop(child: Awaited<ReturnType<Yard['start']>>): Promise<void> {
  child.signal('SIGTERM')
  assert.equal(await child.exited, 0)
}

async function untilRefused(url: string): Promise<void> {
  for (let tries = 0; tries < 1_000; tries++) await ask(url, '/up/read')
}
