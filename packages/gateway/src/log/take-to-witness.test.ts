import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  cosign,
  cosignatureType,
  newSigner,
  parseNote,
  type Signer,
  signNote,
} from '@sallyport/evidence'
import {
  asking,
  forkedOf,
  noteIn,
  origin,
  rogue,
  signingMore,
  sizeOf,
  textOf,
  troubleOf,
  until,
} from '../../test/asking-log.ts'
import { type SmallLog, smallLog } from '../../test/small-log.ts'

type Answering = (asked: {
  body: string
  signer: Signer
  requests: number
}) => Promise<[number, string]> | [number, string]
const now = () => Math.floor(Date.now() / 1000)
const cosigned = async ({ body, signer }: { body: string; signer: Signer }) =>
  cosign(noteIn(body), signer, now())

/** None of these answers may count as a cosignature, or end more than one attempt. */
const rogues: readonly (readonly [name: string, answer: Answering])[] = [
  ['says nothing', () => [200, '']],
  ['says something', () => [200, 'thank you\n']],
  [
    'cosigns another text',
    async ({ signer, body }) => [
      200,
      await cosign(noteIn(body).replace('\n4\n', '\n5\n'), signer, now()),
    ],
  ],
  [
    'signs with a key of its own',
    async ({ body }) => [
      200,
      await cosign(noteIn(body), await newSigner('witness.example/rogue', cosignatureType), now()),
    ],
  ],
  ['signs at time zero', async ({ signer, body }) => [200, await cosign(noteIn(body), signer, 0)]],
  ['signs twice', async (asked) => [200, (await cosigned(asked)).repeat(2)]],
  ['appends to its signature', async (asked) => [200, `${await cosigned(asked)}\nmore\n`]],
  ['leaves the newline out', async (asked) => [200, (await cosigned(asked)).trimEnd()]],
  ['makes the text longer', async ({ signer, body }) => [200, await signingMore(body, signer)]],
  ['adds an empty line', async (asked) => [200, `\n${await cosigned(asked)}`]],
  [
    'has a clock that is slow',
    async ({ signer, body }) => [200, await cosign(noteIn(body), signer, now() - 400)],
  ],
  [
    'has a clock that is fast',
    async ({ signer, body }) => [200, await cosign(noteIn(body), signer, now() + 400)],
  ],
  ['never stops', () => [200, 'x'.repeat(1_000_000)]],
  ['redirects', () => [302, '']],
  ['names no size', () => [409, 'five\n']],
  ['names another size each time', ({ requests }) => [409, `${requests % 4}\n`]],
  ['fails', () => [500, '']],
  ['is busy', () => [429, '']],
]
for (const [name, answer] of rogues) {
  test(`a witness that ${name} witnesses nothing`, async (t) => {
    let requests = 0
    const member = await rogue(t, (signer) => async (request, response) => {
      requests++
      const body = await textOf(request)
      const [status, text] = await answer({ body, signer, requests })
      response.writeHead(status, { location: '/elsewhere' }).end(text)
    })
    const asked = await asking(t, [member])
    await asked.publish(4)
    await until(() => requests >= 2, 'it is asked again')
    await until(() => troubleOf(asked, 'rogue') === 'unreachable', 'known')
    assert.equal(asked.witnesses.witnessed(), undefined)
    assert.equal(parseNote(asked.published()).signatures.length, 1)
  })
}

/** A witness may say what it likes about our history; only what our own key signed counts, and itself. */
const claims: readonly (readonly [
  name: string,
  /** Its status, and the size it names. */
  said: '409 9' | '409 4' | '422 9',
  show: (log: SmallLog) => Promise<string> | undefined,
  forked: boolean,
  /** Whose cosignature is on what it shows. */
  by?: 'itself' | 'nobody' | 'another',
])[] = [
  ['a larger size, and nothing to show', '409 9', () => undefined, false],
  ['another history, and nothing to show', '422 9', () => undefined, false],
  ['a larger size, and shows ours', '409 9', (log) => log.note(4), false],
  ['another history, and shows ours', '422 9', (log) => log.note(3), false],
  [
    'a larger size, signed by another',
    '409 9',
    async () => (await smallLog(origin)).note(9),
    false,
  ],
  [
    'a larger size, signed for another log',
    '409 9',
    async (log) =>
      signNote(parseNote(await log.note(9)).text.replace(origin, 'other.example/log'), log.signer),
    false,
  ],
  ['another root of this size, as 409', '409 4', (log) => log.note(4, 'b'), true],
  ['a larger size that we signed', '409 9', (log) => log.note(9), true],
  ['a larger size that it never cosigned', '409 9', (log) => log.note(9), false, 'nobody'],
  ['a larger size that another cosigned', '409 9', (log) => log.note(9), false, 'another'],
  ['another history that we signed', '422 9', (log) => log.note(4, 'b'), true],
]
for (const [name, said, show, forked, by = 'itself'] of claims) {
  test(`a witness that claims ${name}`, async (t) => {
    const log = await smallLog(origin)
    let shown = 0
    const [status, size] = said.split(' ')
    const another = await newSigner('witness.example/rogue', cosignatureType)
    const member = await rogue(t, (signer) => async (request, response) => {
      request.resume()
      if (request.method === 'POST') return response.writeHead(Number(status)).end(`${size}\n`)
      const note = await show(log)
      shown++
      if (note === undefined) return response.writeHead(404).end()
      const line = by === 'nobody' ? '' : await cosign(note, by === 'itself' ? signer : another, 1)
      return response.end(note + line)
    })
    const asked = await asking(t, [member], { log })
    await asked.publish(4)
    await until(() => asked.events.length >= 2 && shown >= 2, 'said again and again')
    const event = said === '409 9' ? 'ahead' : 'inconsistent'
    assert.deepEqual(
      asked.events.map((one) => [one.event, one.forked]),
      asked.events.map(() => [event, forked]),
    )
    assert.deepEqual(forkedOf(asked), [forked])
  })
}

test('signatures of strangers in an answer are ignored', async (t) => {
  const stranger = await newSigner('stranger.example/x', cosignatureType)
  const member = await rogue(t, (signer) => async (request, response) => {
    const body = await textOf(request)
    response.end((await cosigned({ body, signer: stranger })) + (await cosigned({ body, signer })))
  })
  const asked = await asking(t, [member])
  await asked.publish(4)
  await until(() => sizeOf(asked) === 4, 'witnessed')
  await until(() => parseNote(asked.published()).signatures.length > 1, 'published')
  assert.equal(parseNote(asked.published()).signatures.length, 2)
})
