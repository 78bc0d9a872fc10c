import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { writeZip } from '../test/zip-writer.ts'
import { blobAccess, openZip, type RandomAccess } from './zip.ts'

/** The end of a zip64 file so long, whose directory claims so much: nothing else of it is there. */
function claiming(claim: { readonly count: number; readonly bytes: number }) {
  const size = 2 ** 40
  const end = Buffer.alloc(56 + 20 + 22)
  const endAt = size - end.length
  end.writeUInt32LE(0x06064b50, 0)
  end.writeBigUInt64LE(44n, 4)
  end.writeBigUInt64LE(BigInt(claim.count), 24)
  end.writeBigUInt64LE(BigInt(claim.count), 32)
  end.writeBigUInt64LE(BigInt(claim.bytes), 40)
  end.writeBigUInt64LE(BigInt(endAt - claim.bytes), 48)
  end.writeUInt32LE(0x07064b50, 56)
  end.writeBigUInt64LE(BigInt(endAt), 64)
  end.writeUInt32LE(1, 72)
  end.writeUInt32LE(0x06054b50, 76)
  end.fill(0xff, 84, 96)
  const read: number[] = []
  const file: RandomAccess = {
    size,
    read: async (offset, length) => {
      read.push(length)
      return offset < endAt
        ? new Uint8Array(Math.min(length, 1000))
        : end.subarray(offset - endAt, offset - endAt + length)
    },
    close: async () => {},
  }
  return { file, read }
}

const claims = [
  {
    name: 'more entries than a bundle has',
    count: 4_000_001,
    bytes: 4_000_001 * 46,
    code: 'zip-too-large',
  },
  {
    name: 'entries longer than any of a bundle',
    count: 1000,
    bytes: 1000 * 257,
    code: 'zip-too-large',
  },
  { name: 'a directory that is not there', count: 1000, bytes: 1000 * 256, code: 'zip-malformed' },
]
for (const { name, code, ...claim } of claims) {
  test(`a zip that claims ${name} is refused`, async () => {
    const { file, read } = claiming(claim)
    await assert.rejects(openZip(file), { code })
    const most = code === 'zip-too-large' ? 100 : claim.bytes
    assert.ok(Math.max(...read) <= most, `${read} bytes were read`)
  })
}

test('an open directory takes a few hundred bytes for each entry', async () => {
  const count = 20_000
  const blob = payloadsZip(count)
  const before = await memory()
  const source = await openZip(blobAccess(blob))
  const each = ((await memory()) - before) / count
  assert.ok(each > 50 && each < 500, `${each} bytes for each entry`)
  assert.deepEqual(await source.read(`payloads/${count - 1}.args`, 0), new Uint8Array(0))
})

function payloadsZip(count: number): Blob {
  const bytes = new Uint8Array(0)
  const entries = Array.from({ length: count }, (_, at) => ({ name: `payloads/${at}.args`, bytes }))
  return new Blob([Uint8Array.from(writeZip(entries))])
}

setFlagsFromString('--expose-gc')
const collect: unknown = runInNewContext('gc')

/** What is held when all garbage is gone. */
async function memory(): Promise<number> {
  assert.ok(typeof collect === 'function')
  // What a collection frees outside of the heap is counted a moment later.
  for (let round = 0; round < 3; round += 1) {
    collect()
    await setImmediate()
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
