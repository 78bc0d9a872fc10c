import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { until } from '../../../test/house.ts'
import { postgresTests } from '../../../test/postgres-tests.ts'
import { assertChain, entry, everyLeaf, intent, outcome } from '../conformance-entries.ts'
import type { Store } from '../store.ts'
import { openPostgres } from './open.ts'

const kek = new Uint8Array(32).fill(1)
const record = { type: 'call.denied', call: 'c', code: 'policy-denied', stage: 'resolved' } as const

/** Sixteen callers that commit until they are told to stop; what was acknowledged, by index. */
function commitMeanwhile(store: Store) {
  const acknowledged: number[] = []
  let over = false
  const caller = async () => {
    while (!over) {
      const time = new Date().toISOString()
      const committed = await store
        .commit({ record: { ...record, time }, payloads: [] })
        .catch(() => undefined)
      if (committed) acknowledged.push(committed.index)
      else await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  const callers = Promise.all(Array.from({ length: 16 }, caller))
  return {
    acknowledged,
    end: async () => {
      over = true
      await callers
    },
  }
}

/** Interrupts the database while commits run, and lets it come back: the store goes on by itself. */
async function check(
  given: { readonly url: string; readonly t: { readonly after: (end: () => unknown) => void } },
  interrupt: (until: (count: number) => Promise<void>) => Promise<void>,
): Promise<void> {
  const store = await openPostgres({ url: given.url, instance: 'gw', boot: 'b', kek, poolSize: 2 })
  given.t.after(() => store.close())
  const { acknowledged, end } = commitMeanwhile(store)
  const more = async (count: number) => {
    const enough = acknowledged.length + count
    await until(() => acknowledged.length >= enough, 'records were acknowledged')
  }
  await more(100)
  for (let times = 0; times < 3; times++) {
    await interrupt(more)
    await more(100)
  }
  await end()
  assert.equal(store.refusing(), undefined)
  const records = assertChain(await everyLeaf(store))
  for (const index of acknowledged) assert.equal(records[index]?.type, 'call.denied')
  assert.equal(new Set(acknowledged).size, acknowledged.length, 'no index was given twice')
  const outages = records.filter(({ type }) => type === 'outage.ended')
  assert.ok(outages.length >= 1, 'the log says that there was an outage')
}

postgresTests({
  'connections are cut while commits run': ({ t, url, server }) =>
    check({ t, url }, () => server.cut(url)),

  'the server is killed and started while commits run': ({ t, url, server }) =>
    check({ t, url }, async () => {
      await server.stop('immediate')
      await server.start()
    }),

  'while the database is away the store says so, and why': async ({ t, url, server }) => {
    const store = await openPostgres({ url, instance: 'gw', boot: 'b', kek, poolSize: 2 })
    t.after(() => store.close())
    await server.stop('fast')
    await until(() => store.refusing() !== undefined, 'the loss was noticed by itself')
    assert.match(store.refusing() ?? '', /cannot be written now/)
    const time = new Date().toISOString()
    const late = store.commit({ record: { ...record, time }, payloads: [] })
    await assert.rejects(late, { name: 'Unavailable' })
    await assert.rejects(store.size(), { name: 'Unavailable' })
    await server.start()
    await until(() => store.refusing() === undefined, 'it goes on')
    await until(async () => (await store.size()) === 2, 'the outage is recorded')
    const types = assertChain(await everyLeaf(store)).map(({ type }) => type)
    assert.deepEqual(types, ['emitter.start', 'outage.ended'])
  },

  'a name that another process goes on with is lost for good': async ({ t, url, server }) => {
    const options = { url, instance: 'gw', kek, poolSize: 2 }
    const store = await openPostgres({ ...options, boot: 'b1' })
    t.after(() => store.close())
    const hash = `sha256:${'0'.repeat(64)}`
    await server.run(url, `UPDATE sallyport.instance SET boot = 'other', seq = 7, hash = '${hash}'`)
    const time = new Date().toISOString()
    const commit = () => store.commit({ record: { ...record, time }, payloads: [] })
    await assert.rejects(commit(), /until a restart: another process writes as the instance "gw"/)
    await assert.rejects(commit(), /until a restart/)
    assert.equal(await store.size(), 1)
  },

  'what was acknowledged and is not there any more is not gone on from': async ({
    t,
    url,
    server,
  }) => {
    const store = await openPostgres({ url, instance: 'gw', boot: 'b1', kek, poolSize: 2 })
    t.after(() => store.close())
    const [first] = await server.run(url, 'SELECT boot, seq, hash FROM sallyport.instance')
    const time = new Date().toISOString()
    await store.commit({ record: { ...record, time }, payloads: [] })
    await server.run(
      url,
      `DELETE FROM sallyport.leaf WHERE "index" = 1; UPDATE sallyport.head SET size = 1;
        UPDATE sallyport.instance SET seq = ${first?.seq}, hash = '${first?.hash}'`,
    )
    await server.cut(url)
    await until(() => /until a restart/.test(store.refusing() ?? ''), 'it was found out')
    assert.match(store.refusing() ?? '', /does not hold what was acknowledged/)
  },

  'a flush whose answer was lost is found out, and its calls are ended': async ({ t, url }) => {
    const line = await openLine(new URL(url))
    t.after(line.close)
    const options = { url: line.url, instance: 'gw', boot: 'b', kek, poolSize: 2 }
    const store = await openPostgres(options)
    t.after(() => store.close())
    const { index } = await store.commit(entry(intent({ call: 'c1' })))
    line.cutAtNextCommit()
    const lost = [
      store.commit(entry(intent({ call: 'c2' }))),
      store.commit(entry(outcome(index, { call: 'c1' }))),
      store.commit(entry(intent({ call: 'c3' }))),
    ]
    for (const one of lost) await assert.rejects(one, { name: 'Unavailable' })
    await until(async () => {
      if (store.refusing() !== undefined) return false
      return (await store.callsWithoutEnding(Number.MAX_SAFE_INTEGER)).length === 0
    }, 'the log says that nobody knows')
    const records = assertChain(await everyLeaf(store)).map((record) => [
      record.type,
      'call' in record ? record.call : '',
      'reason' in record ? record.reason : '',
    ])
    assert.deepEqual(records.slice(0, 6), [
      ['emitter.start', '', ''],
      ['call.authorized', 'c1', ''],
      ['call.authorized', 'c2', ''],
      ['call.outcome', 'c1', ''],
      ['call.authorized', 'c3', ''],
      ['outage.ended', '', 'unwritable'],
    ])
    assert.deepEqual(records.slice(6).sort(), [
      ['reconcile.indeterminate', 'c2', 'outage'],
      ['reconcile.indeterminate', 'c3', 'outage'],
    ])
  },

  'killed while committing: every acknowledged leaf is there': async ({ t, url }) => {
    const acknowledged: number[] = []
    for (const boot of ['k1', 'k2', 'k3']) {
      const child = fork(join(import.meta.dirname, 'kill-target.ts'), [url, boot])
      let seen = 0
      child.on('message', (index: number) => {
        acknowledged.push(index)
        seen += 1
        if (seen === 200) child.kill('SIGKILL')
      })
      const [, signal] = await once(child, 'exit')
      assert.equal(signal, 'SIGKILL')
    }
    const store = await openPostgres({ url, instance: 'gw', boot: 'last', kek, poolSize: 2 })
    t.after(() => store.close())
    const records = assertChain(await everyLeaf(store))
    assert.ok(acknowledged.length >= 600)
    for (const index of acknowledged) assert.equal(records[index]?.type, 'call.denied')
    assert.equal((await store.payload(acknowledged.at(-1) ?? 0, 'args'))?.length, 2048)
  },
})

/** A line to the database that can be cut after it has committed and before it has said so. */
async function openLine({ hostname, port, pathname }: URL) {
  const sockets = new Set<Socket>()
  let isArmed = false
  const server = createServer((near) => {
    const far = connect(Number(port), hostname)
    const cut = () => {
      near.destroy()
      far.destroy()
    }
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', cut).on('close', cut)
    }
    near.pipe(far)
    far.on('data', (piece) => {
      // CommandComplete, as the server writes it.
      if (isArmed && piece.includes('COMMIT\0')) {
        isArmed = false
        cut()
      } else near.write(piece)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(typeof address === 'object' && address)
  return {
    url: `postgres://postgres@127.0.0.1:${address.port}${pathname}`,
    cutAtNextCommit: () => {
      isArmed = true
    },
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
