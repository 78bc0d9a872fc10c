import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import {
  assertSoundLog,
  type House,
  intent,
  openHouse,
  since,
  until,
  withoutChunks,
} from './house.ts'
import { answer, chunk, chunkedHead } from './upstream.ts'

/** Values that exist nowhere else, so that whatever shows one leaked it. */
const ssn = '536-22-8716'
const mail = 'canary-person@corp.example'
const masking = `detect:
  - id: everything
    entities: ['*']
`
const filler = 'the parcel is with them until the order is shipped again '
const row = JSON.stringify({ note: `${filler}${mail}`, ssn, n: 1.5 })
const rows = (bytes: number) => Array.from({ length: Math.ceil(bytes / row.length) }, () => row)
const hidden = (text: string) =>
  text.replaceAll(ssn, '[REDACTED:US_SSN]').replaceAll(mail, '[REDACTED:EMAIL_ADDRESS]')

test('long results, masked beside the thread that answers calls', async (t) => {
  const house = await openHouse(t)
  await house.stop()
  writeFileSync(join(house.rulebook, 'masking.yaml'), masking)
  await house.restart()
  const threads = threadsFrom(t)
  await t.test('a short one needs no other thread', async () => {
    await whole(house, rows(30_000))
    assert.equal(threads.length, 0)
  })
  await t.test('what is hidden in a long one, and the record of it', async () => {
    await whole(house, rows(200_000))
    await whole(house, rows(3_000_000))
    assert.equal(threads.length, 1)
  })
  for (const [name, { mediaType, part }] of Object.entries(streams)) {
    await t.test(`the thread ends in the middle of ${name}`, async () => {
      await endsInTheMiddle(house, mediaType, part, () => threads.at(-1))
    })
  }
  await t.test('the thread ends while a result is held', () => {
    return endsWhileHeld(house, () => threads.at(-1))
  })
  await t.test('the log is sound', () => assertSoundLog(house, [ssn, mail]))
})

/** The threads that were started since. */
function threadsFrom(t: TestContext): readonly Worker[] {
  const threads: Worker[] = []
  const onWorker = (worker: Worker) => threads.push(worker)
  process.on('worker', onWorker)
  t.after(() => process.off('worker', onWorker))
  return threads
}

async function whole(house: House, all: readonly string[]): Promise<void> {
  const now = since(house)
  const body = `[${all.join(',\n')}]`
  house.upstream.script = answer({ body })
  const seen = await house.call('/up/read')
  assert.deepEqual([seen.status, seen.complete], [200, true], seen.code)
  assert.ok(seen.text() === hidden(body), 'it is not what was to come out')
  assert.deepEqual(withoutChunks(now), [intent, ['call.outcome', 'done', 200]])
  const { masked, masker } = now.leaves().at(-1) ?? assert.fail()
  const counts = masked.map(({ entity, n }: Record<string, unknown>) => [entity, n])
  assert.deepEqual(counts.toSorted(), [
    ['EMAIL_ADDRESS', all.length],
    ['US_SSN', all.length],
  ])
  assert.ok(Number.isSafeInteger(masker.micros) && masker.micros > 0)
}

type Stream = { readonly mediaType: string; readonly part: string }
const streams: Readonly<Record<string, Stream>> = {
  'a body': { mediaType: 'application/json', part: `${row},` },
  lines: { mediaType: 'application/x-ndjson', part: `${row}\n` },
  events: { mediaType: 'text/event-stream', part: `data: ${row}\n\n` },
}

/** What has come out was masked and is recorded, nothing more comes, and other calls go on. */
async function endsInTheMiddle(
  house: House,
  mediaType: string,
  part: string,
  thread: () => Worker | undefined,
): Promise<void> {
  const now = since(house)
  let socket: Socket | undefined
  house.upstream.script = (its) => {
    socket = its
    its.write(chunkedHead(mediaType))
    const first = mediaType === 'application/json' ? '[' : ''
    its.write(chunk(first + part.repeat(Math.ceil(400_000 / part.length))))
  }
  const began = Promise.withResolvers<void>()
  const worker = thread() ?? assert.fail('there is no thread')
  const masks = once(worker, 'message')
  const call = house.call('/up/read', { onData: () => began.resolve() })
  await Promise.all([began.promise, masks])
  await worker.terminate()
  socket?.write(chunk(part.repeat(1_000)))
  const seen = await call
  assert.deepEqual([seen.status, seen.complete], [200, false])
  assert.ok(!seen.text().includes(ssn) && !seen.text().includes(mail), 'it leaked')
  assert.ok(seen.text().includes('[REDACTED:US_SSN]'))
  assert.deepEqual(withoutChunks(now), [intent, ['call.outcome', 'result-withheld', 200]])
  const { masked, returned } = now.leaves().at(-1) ?? assert.fail()
  assert.ok(masked.length > 0, 'what was found is forgotten')
  assert.ok(returned.len >= seen.body.length, 'more was seen than committed to')
  await until(() => socket?.destroyed === true, 'the upstream was let go')
  await whole(house, rows(1_000))
  await whole(house, rows(200_000))
}

/** Nothing came out yet: the caller reads why. */
async function endsWhileHeld(house: House, thread: () => Worker | undefined): Promise<void> {
  const now = since(house)
  let socket: Socket | undefined
  house.upstream.script = (its) => {
    socket = its
    its.write(chunkedHead('application/json'))
    its.write(chunk(`[${row},`.padEnd(100_000)))
  }
  const worker = thread() ?? assert.fail('there is no thread')
  const masks = once(worker, 'message')
  const call = house.call('/up/read')
  await masks
  await worker.terminate()
  socket?.write(chunk(`${row}]`))
  const seen = await call
  assert.deepEqual([seen.status, seen.code], [502, 'result-withheld'], seen.text())
  assert.deepEqual(withoutChunks(now), [intent, ['call.outcome', 'result-withheld', 0]])
}
