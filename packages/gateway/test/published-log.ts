import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  entriesPath,
  leafHash,
  parseCheckpoint,
  parseEntries,
  rootFromLeafHashes,
} from '@sallyport/evidence'

/**
 * The files of the published log lead to the root that was signed, and hold what the database holds.
 * Returns how many leaves are under the checkpoint.
 */
export async function assertPublishedLog(home: string): Promise<number> {
  const file = (path: string) => readFileSync(join(home, 'log', path))
  const { size, root } = parseCheckpoint(file('checkpoint').toString())
  const leaves: Uint8Array[] = []
  for (let index = 0n; index * 256n < size; index++) {
    const left = size - index * 256n
    leaves.push(
      ...parseEntries(file(entriesPath({ index, width: left < 256n ? Number(left) : 256 }))),
    )
  }
  assert.equal(BigInt(leaves.length), size)
  const hashes = leaves.map(leafHash)
  assert.deepEqual(Buffer.from(rootFromLeafHashes(hashes)), Buffer.from(root))
  const db = new DatabaseSync(join(home, 'sallyport.db'), { readOnly: true, timeout: 5000 })
  try {
    const rows = db.prepare('SELECT bytes FROM leaf ORDER BY "index"').all()
    assert.ok(rows.length >= leaves.length, 'more is published than is stored')
    for (const [index, bytes] of leaves.entries()) {
      assert.ok(rows[index]?.bytes instanceof Uint8Array)
      assert.deepEqual(Buffer.from(bytes), Buffer.from(rows[index].bytes), `leaf ${index}`)
    }
    return leaves.length
  } finally {
    db.close()
  }
}
