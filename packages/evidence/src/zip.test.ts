import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { healthyLog } from '../test/healthy-log.ts'
import { writeZip, type ZipEntry, zipOf } from '../test/zip-writer.ts'
import { EvidenceError } from './error.ts'
import { parseTrust } from './trust.ts'
import { verifyBundle } from './verify/bundle.ts'
import { blobAccess, openZip } from './zip.ts'

/** No file of these tests is longer. */
const bytesMax = 1000

const open = (bytes: Uint8Array) => openZip(blobAccess(new Blob([Uint8Array.from(bytes)])))

/** Every file by its path. */
async function unpack(bytes: Uint8Array): Promise<ReadonlyMap<string, Uint8Array>> {
  const source = await open(bytes)
  const files = new Map<string, Uint8Array>()
  for await (const path of source.list() ?? []) {
    files.set(path, (await source.read(path, bytesMax)) ?? assert.fail(path))
  }
  return files
}

const text = (name: string, value: string): ZipEntry => ({ name, bytes: Buffer.from(value) })
const two = [text('a', 'first'), text('b/c', 'second '.repeat(99))]

for (const options of [{}, { deflate: true }, { zip64: true }, { zip64: true, deflate: true }]) {
  test(`reads ${JSON.stringify(options)}`, async () => {
    const files = await unpack(writeZip(two, options))
    assert.deepEqual([...files.keys()], ['a', 'b/c'])
    assert.equal(Buffer.from(files.get('b/c') ?? []).toString(), 'second '.repeat(99))
    assert.equal(await (await open(writeZip(two, options))).read('c', bytesMax), undefined)
  })
}

test('lengths told behind the bytes, and modes of files', async () => {
  const told = { flags: 8, localLength: 0, mode: 0o100644 }
  const files = await unpack(lying(told))
  assert.equal(Buffer.from(files.get('b') ?? []).toString(), 'second')
})

test('folders are no files', async () => {
  const files = await unpack(writeZip([text('b/', ''), ...two]))
  assert.deepEqual([...files.keys()], ['a', 'b/c'])
})

async function check(bytes: Uint8Array, code: string): Promise<void> {
  await assert.rejects(unpack(bytes), (thrown) => {
    assert.ok(thrown instanceof EvidenceError, String(thrown))
    assert.equal(thrown.code, code)
    return true
  })
}

const lying = (lie: ZipEntry['lie'], options = {}) =>
  writeZip([text('a', 'first'), { ...text('b', 'second'), ...(lie && { lie }) }], options)
const plain = writeZip(two)
const rows: readonly (readonly [string, Uint8Array, string])[] = [
  ['nothing', new Uint8Array(), 'zip-malformed'],
  ['no zip', Buffer.alloc(100), 'zip-malformed'],
  ['a zip cut off', plain.subarray(0, -1), 'zip-malformed'],
  ['a zip without its beginning', plain.subarray(5), 'zip-malformed'],
  ['bytes after it', Buffer.concat([plain, Buffer.from('x')]), 'zip-malformed'],
  ['bytes before it', Buffer.concat([Buffer.from('x'), plain]), 'zip-malformed'],
  ['a comment', commented(plain), 'zip-malformed'],
  ['a path that climbs', writeZip([text('../a', 'x')]), 'zip-path'],
  ['a path that climbs inside', writeZip([text('a/../b', 'x')]), 'zip-path'],
  ['an absolute path', writeZip([text('/a', 'x')]), 'zip-path'],
  ['a backslash', writeZip([text('a\\b', 'x')]), 'zip-path'],
  ['a doubled slash', writeZip([text('a//b', 'x')]), 'zip-path'],
  ['a control character', writeZip([text('a\nb', 'x')]), 'zip-path'],
  ['no name', writeZip([text('', 'x')]), 'zip-path'],
  ['a name twice', writeZip([text('a', 'x'), text('a', 'y')]), 'zip-duplicate'],
  ['another name in front', lying({ localName: 'x' }), 'zip-malformed'],
  ['another time in front', lying({ localStamp: 1 }), 'zip-malformed'],
  ['another length in front', lying({ localLength: 7, flags: 8 }), 'zip-malformed'],
  ['a part of another disk', lying({ disk: 1 }), 'zip-malformed'],
  ...[0o120777, 0o010600, 0o020600, 0o060600, 0o140600].map(
    (mode) => [`a ${mode.toString(8)} of Unix`, lying({ mode }), 'source-irregular'] as const,
  ),
  ['another checksum', lying({ crc: 1 }), 'zip-damaged'],
  ['a length that is too short', lying({ length: 3 }), 'zip-malformed'],
  ['a bomb', lying({ length: 3 }, { deflate: true }), 'zip-bomb'],
  ['a length that is too long', lying({ length: 30 }, { deflate: true }), 'zip-damaged'],
  ['a length beyond its bound', lying({ length: 1001 }, { deflate: true }), 'source-too-large'],
  ['much that unpacks to little', packedLong(), 'source-too-large'],
  ['an encrypted entry', lying({ flags: 1 }), 'zip-unsupported'],
  ['another way of packing', lying({ method: 12 }), 'zip-unsupported'],
  ['what is not packed as it says', lying({ method: 8 }), 'zip-damaged'],
  ['entries on top of each other', lying({ offset: 0 }), 'zip-overlap'],
  ['an entry inside another', lying({ offset: 3 }), 'zip-overlap'],
  ['an entry beyond the directory', lying({ offset: 5000 }), 'zip-overlap'],
]
for (const [name, bytes, code] of rows) test(`refuses ${name}`, () => check(bytes, code))

test('hostile bytes are an error with a code, or the same files', async () => {
  const healthy = await unpack(plain)
  const at = fc.nat(plain.length - 1)
  await fc.assert(
    fc.asyncProperty(at, fc.integer({ min: 1, max: 255 }), async (place, change) => {
      const bytes = Uint8Array.from(plain)
      bytes[place] = (bytes[place] ?? 0) ^ change
      try {
        assert.deepEqual(await unpack(bytes), healthy)
      } catch (thrown) {
        // A name may change, which is another file: never the same name with other bytes.
        if (thrown instanceof EvidenceError) return
        const names = [...(await unpack(bytes)).keys()]
        assert.notDeepEqual(names, [...healthy.keys()])
      }
    }),
    { numRuns: 500 },
  )
})

test('a bundle in a zip verifies as its files do, and a damaged entry is a finding', async () => {
  const { log } = healthyLog()
  const zip = zipOf(log.files())
  const trust = parseTrust(log.trust())
  assert.equal((await verifyBundle(await open(zip), trust)).ok, true)
  const at = zip.indexOf('tile/entries/000')
  zip[at + 60] = (zip[at + 60] ?? 0) ^ 1
  const verdict = await verifyBundle(await open(zip), trust)
  const codes = verdict.findings.map(({ code }) => code)
  assert.ok(codes.includes('file-unreadable') && !verdict.ok, codes.join())
})

/** An entry of one byte, packed in thousands of blocks that hold nothing. */
function packedLong(): Buffer {
  const empty = Buffer.from([0, 0, 0, 0xff, 0xff])
  return writeZip([
    { name: 'a', bytes: Buffer.alloc(5000, empty), lie: { method: 8, length: 1, crc: 1 } },
  ])
}

test('a file beyond its bound is refused before it is read', async () => {
  const zip = writeZip(two, { deflate: true })
  let reads = 0
  const file = blobAccess(new Blob([Uint8Array.from(zip)]))
  const source = await openZip({
    ...file,
    read: (offset, length) => {
      reads += 1
      return file.read(offset, length)
    },
  })
  reads = 0
  await assert.rejects(source.read('b/c', 99 * 7 - 1), { code: 'source-too-large' })
  assert.equal(reads, 0)
  assert.equal((await source.read('b/c', 99 * 7))?.length, 99 * 7)
})

function commented(zip: Buffer): Buffer {
  const bytes = Buffer.concat([zip, Buffer.from('hi')])
  bytes.writeUInt16LE(2, zip.length - 2)
  return bytes
}
