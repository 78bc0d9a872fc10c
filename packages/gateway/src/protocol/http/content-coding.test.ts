import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  brotliCompressSync,
  constants,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'
import fc from 'fast-check'
import { Refusal } from '../../call/refusal.ts'
import { limits } from '../../config/limits.ts'
import { type Coding, codingsOf, openBody } from './content-coding.ts'

type Source = AsyncIterator<Uint8Array> & { released: boolean; taken: number }

/** A body in these pieces, which remembers how much was asked of it. */
function bodyOf(pieces: Iterable<Uint8Array>): Source {
  const iterator = pieces[Symbol.iterator]()
  const source: Source = {
    released: false,
    taken: 0,
    next: async () => {
      source.taken += 1
      const { done, value } = iterator.next()
      return done === true ? { done, value: undefined } : { value }
    },
    return: async () => {
      source.released = true
      return { done: true, value: undefined }
    },
  }
  return source
}

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size))
  return pieces
}

const refuse = (why: string, cause?: unknown) =>
  new Refusal('result-withheld', { detail: why, cause })

/** All that comes of it, or why nothing more does. */
async function opened(
  source: Source,
  header: string,
  bytesMax: number = limits.streamedBodyBytes,
): Promise<string> {
  const codings = codingsOf(header) ?? assert.fail('cannot be opened')
  const pieces: Uint8Array[] = []
  try {
    const body = openBody(source, codings, { bytesMax, refuse })
    for await (const piece of { [Symbol.asyncIterator]: () => body }) pieces.push(piece)
  } catch (thrown) {
    assert.ok(thrown instanceof Refusal, String(thrown))
    assert.ok(source.released, 'the source was not let go')
    return thrown.detail ?? ''
  }
  return Buffer.concat(pieces).toString()
}

const text = JSON.stringify({ note: 'one, two, three '.repeat(50), n: 1.5 })
const made: Readonly<Record<Coding, (bytes: Uint8Array) => Buffer>> = {
  gzip: (bytes) => gzipSync(bytes),
  deflate: (bytes) => deflateSync(bytes),
  br: (bytes) => brotliCompressSync(bytes),
  zstd: (bytes) => zstdCompressSync(bytes),
}
const gzip = made.gzip(Buffer.from(text))
const zstd = made.zstd(Buffer.from(text))
const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2])

const cases: readonly (readonly [string, string, Uint8Array, expected: string])[] = [
  ['gzip', 'gzip', gzip, text],
  ['gzip by its old name, in capitals', 'X-GZIP', gzip, text],
  ['nothing done', 'identity', Buffer.from(text), text],
  ['deflate with a header', 'deflate', made.deflate(Buffer.from(text)), text],
  ['deflate without one', 'deflate', deflateRawSync(text), text],
  ['brotli', 'br', made.br(Buffer.from(text)), text],
  ['zstd', 'zstd', zstd, text],
  ['two, one after the other', 'gzip, br', made.br(gzip), text],
  ['the same twice', ' gzip ,, identity, gzip', made.gzip(gzip), text],
  ['two in the wrong order', 'br, gzip', made.br(gzip), 'broken'],
  ['a body without a byte', 'gzip', Buffer.of(), ''],
  ['a body without a byte, deflate', 'deflate', Buffer.of(), ''],
  ['one byte', 'deflate', Buffer.of(0x78), 'broken'],
  ['several members', 'gzip', Buffer.concat([gzip, gzip]), text + text],
  ['a second member that breaks off', 'gzip', Buffer.concat([gzip, gzip.subarray(0, 9)]), 'broken'],
  ['zeros behind the end', 'gzip', Buffer.concat([gzip, Buffer.alloc(3)]), 'broken'],
  ['bytes behind the end', 'gzip', Buffer.concat([gzip, Buffer.from('and more')]), 'broken'],
  ['a wrong checksum', 'gzip', Buffer.concat([gzip.subarray(0, -8), Buffer.alloc(8)]), 'broken'],
  ['several frames', 'zstd', Buffer.concat([zstd, zstd, zstd]), text.repeat(3)],
  ['a frame that is to be skipped', 'zstd', Buffer.concat([zstd, skippable, zstd]), text + text],
  ['a frame that breaks off', 'zstd', Buffer.concat([zstd, zstd.subarray(0, -3)]), 'broken'],
  ['a window that is too wide', 'zstd', wide(), 'broken'],
  ['a dictionary nobody has', 'deflate', withDictionary(), 'broken'],
  ['plain text that says it is gzip', 'gzip', Buffer.from(text), 'broken'],
  ['plain text that says it is brotli', 'br', Buffer.from(text), 'broken'],
]

/** One that a receiver may refuse (RFC 9659): its size is not said before, so the window is what is allotted. */
function wide(): Buffer {
  const params = { [constants.ZSTD_c_windowLog]: 25, [constants.ZSTD_c_contentSizeFlag]: 0 }
  return zstdCompressSync(Buffer.alloc(40_000_000), { params })
}

function withDictionary(): Buffer {
  return deflateSync(text, { dictionary: Buffer.from('one, two, three ') })
}

for (const [name, header, bytes, expected] of cases) {
  test(name, async () => {
    for (const size of [1, 7, 64, bytes.length + 1]) {
      // What is long is not written a byte at a time.
      if (bytes.length / size > 2_000) continue
      const seen = await opened(bodyOf(cut(bytes, size)), header)
      assert.equal(seen, expected, `in pieces of ${size}`)
    }
  })
}

for (const coding of ['gzip', 'deflate', 'br', 'zstd'] as const) {
  test(`${coding}: every text comes back, and nothing that breaks off or goes on is taken for whole`, async () => {
    const property = fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 3_000 }),
      fc.integer({ min: 1, max: 500 }),
      fc.nat(),
      fc.uint8Array({ minLength: 1, maxLength: 20 }),
      async (bytes, size, at, more) => {
        const whole = made[coding](bytes)
        const plain = Buffer.from(bytes).toString()
        assert.equal(await opened(bodyOf(cut(whole, size)), coding), plain)
        const short = whole.subarray(0, 1 + (at % (whole.length - 1)))
        assert.equal(await opened(bodyOf(cut(short, size)), coding), 'broken')
        // Where more begins like another member or frame it is read as one, and breaks off there.
        const long = Buffer.concat([whole, more])
        assert.equal(await opened(bodyOf(cut(long, size)), coding), 'broken')
      },
    )
    await fc.assert(property, { numRuns: 40 })
  })

  test(`${coding}: what would burst is refused, after a few of its bytes`, async () => {
    const bomb = made[coding](Buffer.alloc(20_000_000))
    const source = bodyOf(cut(bomb, 1_024))
    assert.equal(await opened(source, coding), 'long')
    // As much as is let through of any body, and no more than it explains.
    const enough = Math.ceil(limits.openedFreeBytes / 100_000) * 1_024
    assert.ok(source.taken * 1_024 <= Math.max(enough, bomb.length) + 2_048)
  })

  test(`${coding}: no more than may come of it`, async () => {
    const bytes = made[coding](Buffer.alloc(5_000, 'abc'))
    assert.equal(await opened(bodyOf([bytes]), coding, 4_999), 'long')
    assert.equal((await opened(bodyOf([bytes]), coding, 5_000)).length, 5_000)
  })
}

test('what bursts only once it is opened twice is refused too', async () => {
  const bomb = gzipSync(gzipSync(Buffer.alloc(20_000_000)))
  assert.equal(await opened(bodyOf([bomb]), 'gzip, gzip'), 'long')
})

test('many frames of nothing are refused', async () => {
  const frame = zstdCompressSync('')
  const frames = Array.from({ length: limits.openedFrames + 1 }, () => frame)
  assert.equal(await opened(bodyOf([Buffer.concat(frames)]), 'zstd'), 'long')
  assert.equal(await opened(bodyOf([Buffer.concat(frames.slice(1))]), 'zstd'), '')
})

test('what is live goes on while it comes', async () => {
  const bytes = gzipSync('first', { finishFlush: constants.Z_SYNC_FLUSH })
  let more = (_: Uint8Array) => {}
  const later = new Promise<Uint8Array>((resolve) => {
    more = resolve
  })
  const steps = [Promise.resolve(bytes), later]
  const source: AsyncIterator<Uint8Array> = {
    next: async () => {
      const value = await steps.shift()
      return value === undefined ? { done: true, value } : { value }
    },
  }
  const body = openBody(source, ['gzip'], { bytesMax: 1_000, refuse })
  const { value } = await body.next()
  assert.equal(Buffer.from(value ?? []).toString(), 'first')
  // The end of the same stream: an empty last block, checksum and length.
  more(Buffer.concat([Buffer.of(3, 0), gzipSync('first').subarray(-8)]))
  assert.deepEqual(await body.next(), { done: true, value: undefined })
})

test('return() lets go of the source, read or not', async () => {
  for (const reads of [0, 1]) {
    const source = bodyOf(cut(gzipSync(Buffer.alloc(500_000, 'x')), 100))
    const body = openBody(source, ['gzip'], { bytesMax: 1_000_000, refuse })
    for (let read = 0; read < reads; read += 1) assert.equal((await body.next()).done, false)
    await body.return?.()
    assert.ok(source.released)
    assert.deepEqual(await body.next(), { done: true, value: undefined })
  }
})

for (const header of ['compress', 'gzip, unknown', 'br, br, br', 'aws-chunked', 'gzip;q=1']) {
  test(`${header} is not opened`, () => assert.equal(codingsOf(header), undefined))
}
