import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { cosign, parseCheckpoint } from '@sallyport/evidence'
import { asking, origin, type Peer, peer, rogue, sizeOf, until } from '../../test/asking-log.ts'
import { type SmallLog, smallLog } from '../../test/small-log.ts'
import { assertNoForkShown, readAllShown } from './shown-fork.ts'

/** What a start does: `signed` leaves of `history` are in the store, and the witnesses are asked. */
async function start(
  members: readonly Pick<Peer, 'key' | 'name' | 'url'>[],
  given: {
    readonly log: SmallLog
    readonly signed: number
    readonly history?: string
    readonly timeoutMs?: number
  },
): Promise<void> {
  const { log, signed, history, timeoutMs = 60_000 } = given
  const shown = await readAllShown({ origin, members, timeoutMs, logKeys: [log.key] })
  await assertNoForkShown({
    ...{ origin, shown, signed },
    contradicts: async ({ size, root }) => {
      if (size > BigInt(signed)) return true
      const ours = parseCheckpoint(await log.note(Number(size), history))
      return !Buffer.from(ours.root).equals(root)
    },
  })
}

/** A witness that has cosigned nine leaves of the history `a`. */
async function seenNine(t: TestContext): Promise<{ readonly log: SmallLog; readonly w1: Peer }> {
  const log = await smallLog(origin)
  const w1 = await peer(t, { name: 'w1', logs: [log.key] })
  const asked = await asking(t, [w1], { log })
  await asked.publish(9)
  await until(() => sizeOf(asked) === 9, 'cosigned')
  return { log, w1 }
}

const rows: readonly (readonly [
  string,
  { readonly signed: number; readonly history?: string },
  RegExp | undefined,
])[] = [
  ['the history that was seen', { signed: 9 }, undefined],
  ['one that goes on', { signed: 30 }, undefined],
  ['one that was put back', { signed: 4 }, /w1 has cosigned 9 records .* of which 4 .*put back/s],
  ['one that was put back to its beginning', { signed: 0 }, /cosigned 9 records/],
  ['another of the same length', { signed: 9, history: 'b' }, /does not contain them/],
  ['another that is longer', { signed: 30, history: 'b' }, /does not contain them/],
]
for (const [name, stored, refused] of rows) {
  test(`a start with ${name}`, async (t) => {
    const { log, w1 } = await seenNine(t)
    const starting = start([w1], { log, ...stored })
    if (refused) await assert.rejects(starting, { name: 'LogRefused', message: refused })
    else await starting
  })
}

test('a witness that is away, silent, or has nothing to show stops no start', async (t) => {
  const { log, w1 } = await seenNine(t)
  const silent = await rogue(t, () => () => undefined)
  await start([silent], { log, signed: 4, timeoutMs: 20 })
  const other = await smallLog(origin)
  await start([w1], { log: other, signed: 4 })
  const lying = await rogue(t, (signer) => async (_, response) => {
    const note = await other.note(99)
    response.end(note + (await cosign(note, signer, 1)))
  })
  await start([lying], { log, signed: 4 })
  await w1.stop()
  await start([w1], { log, signed: 4 })
})

test('what a witness shows stops no start without its own cosignature', async (t) => {
  const log = await smallLog(origin)
  const shows = (isCosigned: boolean) =>
    rogue(t, (signer) => async (_, response) => {
      const note = await log.note(99)
      response.end(isCosigned ? note + (await cosign(note, signer, 1)) : note)
    })
  await start([await shows(false)], { log, signed: 4 })
  const starting = start([await shows(true)], { log, signed: 4 })
  await assert.rejects(starting, { name: 'LogRefused' })
})

test('what cannot be compared stops no start', async () => {
  const shown = [{ name: 'w1', head: { size: 9n, root: new Uint8Array(32) } }]
  const contradicts = () => Promise.reject(new Error('it is just being published'))
  await assertNoForkShown({ origin, shown, signed: 4, contradicts })
})

test('one witness of several that can show it is enough', async (t) => {
  const { log, w1 } = await seenNine(t)
  const away = await rogue(t, () => (request) => request.destroy())
  await assert.rejects(start([away, w1], { log, signed: 4 }), { name: 'LogRefused' })
})
