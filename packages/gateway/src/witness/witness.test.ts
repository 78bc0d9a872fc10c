import assert from 'node:assert/strict'
import {
  emptyRoot,
  formatCheckpoint,
  newSigner,
  parseNote,
  signNote,
  verifyNote,
} from '@sallyport/evidence'
import { check, cosigned, origin } from '../../test/running-witness.ts'
import { addCheckpoint, type SmallLog, smallLog } from '../../test/small-log.ts'
import { limits } from '../config/limits.ts'
import { readWitnessKey } from './witness-key.ts'

await check(
  'a log grows, and its witness remembers',
  async ({ log, home, add, latest, clock, restart }) => {
    assert.equal((await latest()).status, 404)
    for (const [from, to] of [
      [0, 1],
      [1, 1],
      [1, 7],
      [7, 8],
      [8, 300],
    ] as const) {
      clock.seconds++
      const time = await cosigned(await add(await log.ask(from, to)), await log.note(to), home)
      assert.equal(time, clock.seconds)
    }
    const shown = await latest()
    const { signedBy } = await verifyNote(shown.text, [log.key, await readWitnessKey(home)])
    assert.equal(signedBy.length, 2)
    const again = await restart()
    assert.deepEqual(await again.latest(), shown)
    assert.equal((await again.add(await log.ask(0, 300))).text, '300\n')
    await cosigned(await again.add(await log.ask(300, 301)), await log.note(301), home)
  },
)

/** After a head of seven leaves; none of these may change it. */
const refusals: readonly (readonly [
  name: string,
  body: (log: SmallLog) => Promise<string | Uint8Array>,
  status: number,
])[] = [
  ['nothing', async () => '', 400],
  ['no old line', async (log) => `\n${await log.note(8)}`, 400],
  [
    'an old size with a leading zero',
    async (log) => addCheckpoint('07', [], await log.note(8)),
    400,
  ],
  ['a negative old size', async (log) => addCheckpoint('-1', [], await log.note(8)), 400],
  [
    'an old size beyond 63 bits',
    async (log) => addCheckpoint(`${2n ** 63n}`, [], await log.note(8)),
    400,
  ],
  ['an old size beyond the new one', async (log) => addCheckpoint(9, [], await log.note(8)), 400],
  ['CRLF', async (log) => (await log.ask(7, 8)).replaceAll('\n', '\r\n'), 400],
  [
    'a space after the old size',
    async (log) => (await log.ask(7, 8)).replace('old 7', 'old 7 '),
    400,
  ],
  ['a proof line too short', async (log) => (await log.ask(7, 8)).replace(/\n.{4}/, '\n'), 400],
  [
    'base64 that spells bytes another way',
    async (log) =>
      (await log.ask(7, 8)).replace(/[A-Za-z0-9+/]=\n/, (end) => `${otherSpelling(end)}`),
    400,
  ],
  [
    '64 proof lines',
    async (log) => addCheckpoint(7, Array(64).fill(emptyRoot), await log.note(8)),
    400,
  ],
  [
    'bytes that are no UTF-8',
    async (log) => Buffer.concat([Buffer.from(await log.ask(7, 8)), Buffer.of(0xff, 0x0a)]),
    400,
  ],
  ['a byte order mark', async (log) => `\ufeff${await log.ask(7, 8)}`, 400],
  ['a checkpoint cut off', async (log) => (await log.ask(7, 8)).slice(0, -1), 400],
  [
    'a checkpoint without signatures',
    async (log) => addCheckpoint(7, await log.proof(7, 8), parseNote(await log.note(8)).text),
    403,
  ],
  ['no checkpoint', async () => addCheckpoint(7, [], 'a\n'), 400],
  ['a log nobody watches', async () => (await smallLog('other.example/log')).ask(0, 8), 404],
  ['another key under the name of the log', async () => (await smallLog(origin)).ask(7, 8), 403],
  [
    'a signature of another text',
    async (log) =>
      addCheckpoint(7, await log.proof(7, 8), (await log.note(8)).replace('\n8\n', '\n9\n')),
    403,
  ],
  ['an older size than the last', async (log) => log.ask(6, 8), 409],
  ['a log that was cut', async (log) => log.ask(5, 6), 409],
  ['a first time that is none', async (log) => log.ask(0, 8), 409],
  ['another history', async (log) => log.ask(7, 8, 'b'), 422],
  ['another history of the same size', async (log) => log.ask(7, 7, 'b'), 422],
  ['no proof', async (log) => addCheckpoint(7, [], await log.note(8)), 422],
  [
    'a proof too long',
    async (log) => addCheckpoint(7, [...(await log.proof(7, 8)), emptyRoot], await log.note(8)),
    422,
  ],
  [
    'a proof where none is needed',
    async (log) => addCheckpoint(7, [emptyRoot], await log.note(7)),
    422,
  ],
  ['a long body', async () => 'x'.repeat(limits.witnessRequestBytes + 1), 413],
]
for (const [name, body, status] of refusals) {
  await check(`${name} is refused: ${status}`, async ({ log, home, add, latest, events }) => {
    await cosigned(await add(await log.ask(0, 7)), await log.note(7), home)
    const before = await latest()
    const answer = await add(await body(log))
    assert.equal(answer.status, status, answer.text)
    if (status === 409) assert.deepEqual([answer.type, answer.text], ['text/x.tlog.size', '7\n'])
    const loud = events.filter(({ event }) => event === 'inconsistent')
    assert.equal(loud.length, status === 422 ? 1 : 0)
    assert.deepEqual(await latest(), before)
  })
}

await check('no request with one byte changed is cosigned', async ({ log, add }) => {
  await add(await log.ask(0, 7))
  const sound = Buffer.from(await log.ask(7, 11))
  for (let at = 0; at < sound.length; at++) {
    const changed = Buffer.from(sound)
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
    const { status } = await add(changed)
    assert.notEqual(status, 200, `byte ${at}`)
  }
  assert.equal((await add(sound)).status, 200)
})

await check('of two heads at once, one is cosigned', async ({ log, add, latest }) => {
  await add(await log.ask(0, 7))
  const bodies = [await log.ask(7, 9), await log.ask(7, 9, 'late'), await log.ask(7, 8)]
  const answers = await Promise.all(bodies.map(add))
  assert.deepEqual(
    answers.map(({ status }) => status).sort((a, b) => a - b),
    [200, 409, 409],
  )
  const winner = answers.findIndex(({ status }) => status === 200)
  assert.ok((await latest()).text.includes(answers[winner]?.text ?? 'nothing'))
})

await check('the empty tree', async ({ log, home, add }) => {
  const wrong = formatCheckpoint({ origin, size: 0n, root: new Uint8Array(32) })
  const refused = await add(addCheckpoint(0, [], await signNote(wrong, log.signer)))
  assert.equal(refused.status, 422)
  await cosigned(await add(await log.ask(0, 0)), await log.note(0), home)
  assert.equal((await add(addCheckpoint(0, [emptyRoot], await log.note(3)))).status, 422)
  await cosigned(await add(await log.ask(0, 3)), await log.note(3), home)
})

await check('time does not run backwards', async ({ log, add, clock, events }) => {
  const first = await add(await log.ask(0, 7))
  assert.equal((await add(await log.ask(7, 7))).text, first.text)
  clock.seconds--
  assert.equal((await add(await log.ask(7, 8))).status, 503)
  assert.equal(events.at(-1)?.event, 'clock-behind')
  clock.seconds++
  assert.equal((await add(await log.ask(7, 8))).status, 200)
})

await check('only what the log signed is kept', async ({ log, add, latest }) => {
  const [stranger, note] = [await newSigner('stranger.example/x'), await log.note(7)]
  const line = (await signNote(parseNote(note).text, stranger)).split('\n').at(-2)
  assert.equal((await add(addCheckpoint(0, [], `${note}${line}\n`))).status, 200)
  const { text } = await latest()
  assert.equal(parseNote(text).signatures.length, 2)
  assert.ok(text.startsWith(note))
})

/** The same 32 bytes in base64 whose unused bits are not zero. */
function otherSpelling(end: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  return `${letters[letters.indexOf(end[0] ?? '') + 1]}=\n`
}
