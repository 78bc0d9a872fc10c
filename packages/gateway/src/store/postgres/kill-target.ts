import { openPostgres } from './open.ts'

/** Commits in a loop, 16 at a time, and tells its parent each index once it is acknowledged. */
const [url = '', boot = ''] = process.argv.slice(2)
const kek = new Uint8Array(32).fill(1)
const store = await openPostgres({ url, instance: 'gw', boot, kek, poolSize: 1 })
const bytes = new Uint8Array(2048)
const payloads = [{ role: 'args', mediaType: 'text/plain', bytes, keep: true } as const]
const record = { type: 'call.denied', call: 'c', code: 'policy-denied', stage: 'resolved' } as const

async function commitForEver(): Promise<never> {
  for (;;) {
    const time = new Date().toISOString()
    const { index } = await store.commit({ record: { ...record, time }, payloads })
    process.send?.(index)
  }
}
await Promise.all(Array.from({ length: 16 }, commitForEver))
