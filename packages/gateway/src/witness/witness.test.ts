import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  rmdir,
  stat,
  writeFile,
} from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  emptyRoot,
  formatCheckpoint,
  formatVerifierKey,
  newSigner,
  parseNote,
  signNote,
  verifyNote,
} from '@sallyport/evidence'
import { addCheckpoint, type SmallLog, smallLog } from '../../test/small-log.ts'
import { limits } from '../config/limits.ts'
import { listen } from './listen.ts'
import { openWitness, type Witness, type WitnessEvent } from './witness.ts'
import { createWitnessKey, readWitnessKey, verifierKeys } from './witness-key.ts'

const origin = 'log.example/small'

type Running = {
  readonly log: SmallLog
  readonly home: string
  readonly url: string
  readonly events: WitnessEvent[]
  readonly clock: { seconds: number }
  readonly add: (body: string | Uint8Array) => Promise<Seen>
  readonly latest: () => Promise<Seen>
  readonly restart: () => Promise<Running>
}
type Seen = { readonly status: number; readonly type: string | null; readonly text: string }

/** A witness of one log, listening. */
async function check(name: string, story: (running: Running) => Promise<void>): Promise<void> {
  await test(name, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'witness-'))
    const home = join(folder, 'w1')
    await createWitnessKey(home, 'witness.example/w1')
    const log = await smallLog(origin)
    const clock = { seconds: 1_800_000_000 }
    const opened: (() => Promise<void>)[] = []
    const close = async () => {
      for (const one of opened.splice(0).reverse()) await one()
    }
    t.after(async () => {
      await close()
      await rm(folder, { recursive: true })
    })
    const start = async (): Promise<Running> => {
      const events: WitnessEvent[] = []
      const witness = await openWitness({
        home,
        logs: [log.key],
        now: () => clock.seconds * 1000 + 999,
        report: (event) => events.push(event),
      })
      opened.push(witness.close)
      const listener = await listen(witness, { host: '127.0.0.1', port: 0 })
      opened.push(listener.close)
      const { url } = listener
      const hash = createHash('sha256').update(origin).digest('hex')
      return {
        ...{ log, home, url, events, clock },
        add: (body) => seen(fetch(`${url}/add-checkpoint`, { method: 'POST', body: bytes(body) })),
        latest: () => seen(fetch(`${url}/${hash}/checkpoint`)),
        restart: async () => {
          await close()
          return start()
        },
      }
    }
    await story(await start())
  })
}

const bytes = (body: string | Uint8Array) => new Uint8Array(Buffer.from(body))
async function seen(asked: Promise<Response>): Promise<Seen> {
  const response = await asked
  const { status, headers } = response
  return { status, type: headers.get('content-type'), text: await response.text() }
}

/** The answer has to be one cosignature of exactly this note. */
async function cosigned({ status, text }: Seen, note: string, home: string): Promise<number> {
  assert.equal(status, 200, text)
  const signer = await readWitnessKey(home)
  const { signedBy } = await verifyNote(note + text, [signer])
  assert.equal(text.split('\n').length, 2)
  return signedBy[0]?.time ?? 0
}

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

await check('what cannot be kept is not cosigned', async ({ log, home, add, latest, events }) => {
  await add(await log.ask(0, 7))
  const before = await latest()
  const [name = ''] = await readdir(join(home, 'heads'))
  const draft = join(home, 'heads', `${name}.draft`)
  await mkdir(draft)
  assert.equal((await add(await log.ask(7, 8))).status, 503)
  assert.equal(events.at(-1)?.event, 'failed')
  assert.deepEqual(await latest(), before)
  await rmdir(draft)
  assert.equal((await add(await log.ask(7, 8))).status, 200)
})

await check('in doubt about the disk it stops until a restart', async (first) => {
  const { log, home, add } = first
  const hash = createHash('sha256').update(origin).digest('hex')
  const path = join(home, 'heads', hash)
  await mkdir(path)
  assert.equal((await add(await log.ask(0, 7))).status, 503)
  await rmdir(path)
  assert.equal((await add(await log.ask(0, 7))).status, 503)
  const next = await first.restart()
  assert.equal((await next.add(await log.ask(0, 7))).status, 200)
})

await check('other requests', async ({ url, log, add }) => {
  await add(await log.ask(0, 7))
  const statusOf = async (path: string, method: string) =>
    (await seen(fetch(`${url}${path}`, { method }))).status
  assert.equal(await statusOf('/add-checkpoint', 'GET'), 405)
  assert.equal(await statusOf('/', 'GET'), 404)
  assert.equal(await statusOf(`/${'0'.repeat(64)}/checkpoint`, 'GET'), 404)
  assert.equal(await statusOf('/../witness.key', 'GET'), 404)
  const garbage = await new Promise<string>((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () =>
      socket.end('\0\0 garbage\r\n\r\n'),
    )
    let said = ''
    socket.on('data', (piece) => (said += piece)).on('close', () => resolve(said))
  })
  assert.match(garbage, /^HTTP\/1\.1 400 /)
  assert.equal((await add(await log.ask(7, 8))).status, 200)
})

await check('whoever only holds a connection does not keep it from stopping', async (first) => {
  const sockets = [0, 1].map(() => connect(Number(new URL(first.url).port), '127.0.0.1'))
  const ended = sockets.map((socket) => new Promise((resolve) => socket.on('close', resolve)))
  await Promise.all(
    sockets.map((socket) => new Promise((resolve) => socket.on('connect', resolve))),
  )
  sockets[0]?.on('error', () => undefined).write('GET /')
  sockets[1]?.on('error', () => undefined)
  await first.add(await first.log.ask(0, 7))
  const next = await first.restart()
  await Promise.all(ended)
  assert.equal((await next.add(await next.log.ask(7, 8))).status, 200)
})

/** What a start does not accept, each with what it says. */
const starts: readonly (readonly [string, (home: string) => Promise<unknown>, RegExp])[] = [
  ['no key', async (home) => rm(join(home, 'witness.key')), /witness init/],
  ['a key others may read', async (home) => chmod(join(home, 'witness.key'), 0o640), /chmod 600/],
  [
    'a damaged key',
    async (home) => writeFile(join(home, 'witness.key'), 'PRIVATE+KEY+x'),
    /is damaged/,
  ],
  [
    'a key of a log',
    async (home) => {
      const text = await readFile(join(home, 'witness.key'), 'utf8')
      // The same secret, said to be of type 0x01.
      const [, , name = '', , secret = ''] = text.trimEnd().split('+')
      const seed = Buffer.from(secret, 'base64')
      seed[0] = 1
      const older = verifierKeys(await readWitnessKey(home)).older.split('+')[1]
      await writeFile(
        join(home, 'witness.key'),
        `PRIVATE+KEY+${name}+${older}+${seed.toString('base64')}\n`,
      )
    },
    /is damaged/,
  ],
  [
    'a damaged head',
    async (home) => changeHead(home, (text) => text.replace('\n7\n', '\n6\n')),
    /is not what this witness cosigned/,
  ],
  ['half a head', async (home) => changeHead(home, (text) => text.slice(0, 40)), /is not what/],
  [
    'heads of another key',
    async (home) => {
      await rm(join(home, 'witness.key'))
      await assert.rejects(createWitnessKey(home, 'witness.example/w1'), /Restore the key/)
      const other = join(home, '../other')
      await createWitnessKey(other, 'witness.example/w1')
      await writeFile(join(home, 'witness.key'), await readFile(join(other, 'witness.key')), {
        mode: 0o600,
      })
    },
    /is not what this witness cosigned/,
  ],
]
for (const [name, damage, expected] of starts) {
  await check(`a start with ${name} is refused`, async ({ log, home, add, restart }) => {
    await add(await log.ask(0, 7))
    await damage(home)
    await assert.rejects(restart(), expected)
  })
}

async function changeHead(home: string, change: (text: string) => string): Promise<void> {
  const [name = ''] = await readdir(join(home, 'heads'))
  const path = join(home, 'heads', name)
  await writeFile(path, change(await readFile(path, 'utf8')))
}

await check('a second witness in the same folder is refused', async ({ home }) => {
  const second = openWitness({ home, logs: [], now: Date.now, report: () => undefined })
  await assert.rejects(second, /in use by another witness/)
})

await check('the key is made once, for its owner', async ({ home }) => {
  const made = await readWitnessKey(home)
  assert.equal((await createWitnessKey(home, 'another.example/name')).name, made.name)
  assert.equal((await stat(join(home, 'witness.key'))).mode & 0o777, 0o600)
  assert.deepEqual((await readdir(home)).sort(), ['heads', 'lock', 'witness.key'])
  assert.equal(verifierKeys(made).current, formatVerifierKey(made))
})

await check('a key that is none of a log is refused', async ({ log, home }) => {
  const [{ current }, other] = [verifierKeys(await readWitnessKey(home)), join(home, '../other')]
  await createWitnessKey(other, 'w.example')
  const open = (logs: readonly string[]): Promise<Witness> =>
    openWitness({ home: other, logs, now: Date.now, report: () => undefined })
  await assert.rejects(open([log.key, current]), /has to be 0x01/)
  await assert.rejects(open(['nonsense']), /malformed/)
})

/** The same 32 bytes in base64 whose unused bits are not zero. */
function otherSpelling(end: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  return `${letters[letters.indexOf(end[0] ?? '') + 1]}=\n`
}
