import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import { type PostgresServer, startPostgres } from '../../../test/postgres-server.ts'
import { storeSuite } from '../conformance.ts'
import { approval, assertChain, entry, everyLeaf, intent, opening } from '../conformance-entries.ts'
import type { Store } from '../store.ts'
import { openPostgres, type PostgresOptions } from './open.ts'
import { storedRecord } from './stored-record.ts'

const kek = new Uint8Array(32).fill(1)
const server = await startPostgres()
if ('missing' in server) test('postgres', (t) => t.skip(server.missing))
else {
  after(() => server.close())
  await suite(server)
  for (const [name, prove] of Object.entries({ ...refusals(), ...promises() })) {
    test(name, async (t) => prove(await folder(t, server)))
  }
}

/** A schema of one database each: making one takes a tenth of the time. */
async function suite({ database }: PostgresServer): Promise<void> {
  const url = await database()
  let count = 0
  storeSuite('postgres', async () => {
    count += 1
    const options = { url, schema: `s${count}`, instance: 'gw', kek, poolSize: 4 }
    let store = await openPostgres({ ...options, boot: 'b1' })
    return {
      store,
      reopen: async () => {
        await store.close()
        store = await openPostgres({ ...options, boot: 'b2' })
        return store
      },
      dispose: () => store.close(),
    }
  })
}

type Folder = {
  readonly options: PostgresOptions
  /** What is opened is closed with the test. */
  readonly open: (changes?: Partial<PostgresOptions>) => Promise<Store>
  readonly run: (statement: string) => Promise<readonly Record<string, unknown>[]>
}

async function folder(t: TestContext, { database, run }: PostgresServer): Promise<Folder> {
  const url = await database()
  const options = { url, instance: 'gw', boot: 'b1', kek, poolSize: 2 }
  const stores: Store[] = []
  t.after(async () => {
    for (const store of stores) await store.close()
  })
  return {
    options,
    open: async (changes) => {
      const store = await openPostgres({ ...options, ...changes })
      stores.push(store)
      return store
    },
    run: (statement) => run(url, statement),
  }
}

type Cases = Readonly<Record<string, (at: Folder) => Promise<void>>>

function refusals(): Cases {
  return {
    'refuses to open: another process with its name': async ({ open }) => {
      await open()
      await assert.rejects(open({ boot: 'b2' }), /instance "gw" is in use by another process/)
      await open({ instance: 'gw-2', boot: 'b2' })
    },
    'refuses to open: another log, another key file': async ({ open }) => {
      await open()
      const other = { instance: 'gw-2', boot: 'b2' }
      await assert.rejects(open({ ...other, origin: 'other' }), /belongs to the log "sallyport"/)
      const wrong = open({ ...other, kek: new Uint8Array(32).fill(2) })
      await assert.rejects(wrong, /another key file. Copy keys.json/)
    },
    'refuses to open: nobody there, and says no password': async ({ open }) => {
      const url = 'postgres://gateway:s3cret@127.0.0.1:1/none'
      await assert.rejects(open({ url }), (thrown) => {
        assert.ok(thrown instanceof Error)
        assert.match(thrown.message, /does not answer: .*ECONNREFUSED/)
        return !JSON.stringify([thrown.message, thrown.cause, thrown.stack]).includes('s3cret')
      })
    },
    'refuses to open: an encoding that cannot hold all text': async ({ open, run, options }) => {
      await run(`CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0`)
      const url = options.url.replace(/[^/]+$/, 'latin')
      await assert.rejects(open({ url }), /encoding LATIN1/)
    },
    'records that are not accepted are left as they were': async ({ open }) => {
      await (await open()).close()
      const accept = async ({ size }: { readonly size: () => Promise<number> }) => {
        throw new Error(`not these ${await size()}`)
      }
      await assert.rejects(open({ boot: 'b2', accept }), /not these 2/)
      const boots = assertChain(await everyLeaf(await open({ boot: 'b3' })))
      assert.deepEqual(
        boots.map(({ emitter }) => emitter.boot),
        ['b1', 'b1', 'b3'],
      )
    },
  }
}

function promises(): Cases {
  return {
    'of gateways that start at once on a new database, one begins the log': async ({ open }) => {
      const names = ['gw-1', 'gw-2', 'gw-3', 'gw-4']
      const [store] = await Promise.all(
        names.map((instance) => open({ instance, boot: instance, logKey: 'the key' })),
      )
      const types = assertChain(await everyLeaf(store ?? assert.fail())).map(({ type }) => type)
      assert.deepEqual(types, ['log.genesis', ...names.map(() => 'emitter.start')])
    },
    'text that the database does not take costs nobody else': async ({ open }) => {
      const store = await open()
      const settled = await Promise.allSettled([
        store.commit(entry(intent({ call: 'before' }))),
        store.commit(entry(intent({ call: 'a\0b' }))),
        store.commit(opening(approval('apr_\0'))),
        store.commit(opening(approval('apr_1', { digest: 'x'.repeat(100_000) }))),
        store.commit(entry(intent({ call: 'after' }))),
        store.commit(opening(approval('apr_2', { functionId: 'a\0b' }))),
      ])
      assert.deepEqual(
        settled.map((one) => (one.status === 'fulfilled' ? one.value.index : one.reason.name)),
        [1, 'Unavailable', 'Unavailable', 'Unavailable', 2, 3],
      )
      for (const one of settled.slice(1, 3)) {
        assert.ok(one.status === 'rejected')
        assert.match(one.reason.message, /refused what it was given/)
      }
      assert.equal((await store.approval('apr_2'))?.functionId, 'a\0b')
      assert.equal(store.refusing(), undefined)
      assertChain(await everyLeaf(store))
    },
    'payload bytes and keys are nowhere in the database': async ({ open, run }) => {
      const store = await open()
      const bytes = Buffer.from('canary-value '.repeat(50))
      const args = { role: 'args', mediaType: 'text/plain', bytes } as const
      const record = intent({ call: 'c' })
      const { index } = await store.commit({ record, payloads: [{ ...args, keep: true }] })
      await store.commit({ record, payloads: [{ ...args, keep: false }] })
      assert.deepEqual(Buffer.from((await store.payload(index, 'args')) ?? ''), bytes)
      const rows = await run(
        `SELECT encode(box, 'hex') || encode(secret, 'hex') AS text FROM sallyport.payload
          UNION ALL SELECT encode(bytes, 'hex') || coalesce(encode(salts, 'hex'), '') FROM sallyport.leaf`,
      )
      const text = rows.map((row) => String(row.text)).join('')
      assert.ok(text.length > 1_000)
      assert.ok(!text.includes(Buffer.from('canary').toString('hex')))
      assert.ok(!text.includes(Buffer.from(kek).toString('hex')))
    },
    'how many records there are, and one of them, is told while a gateway writes': async ({
      open,
      options,
    }) => {
      const store = await open()
      const { index } = await store.commit(entry(intent({ call: 'c' })))
      const [leaf] = await store.leaves(index, 1)
      const target = { url: options.url, schema: 'sallyport' }
      assert.deepEqual(await storedRecord(target, index), {
        size: index + 1,
        bytes: Buffer.from(leaf?.bytes ?? ''),
      })
      const none = await storedRecord(target, index + 1)
      assert.deepEqual(none, { size: index + 1, bytes: undefined })
    },
    'a payload that was changed or moved is not given out': async ({ open, run }) => {
      const store = await open()
      const bytes = Buffer.from('value')
      const args = { role: 'args', mediaType: 'text/plain', bytes, keep: true } as const
      const record = intent({ call: 'c' })
      const first = await store.commit({ record, payloads: [args] })
      const second = await store.commit({ record, payloads: [args] })
      await run(
        `UPDATE sallyport.payload SET (nonce, position, secret, box) =
          (SELECT nonce, position, secret, box FROM sallyport.payload WHERE id = ${first.index * 4})
          WHERE id = ${second.index * 4}`,
      )
      await assert.rejects(store.payload(second.index, 'args'), /cannot be opened/)
      assert.equal((await store.payload(first.index, 'args'))?.length, 5)
    },
  }
}
