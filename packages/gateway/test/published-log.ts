import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  entriesPath,
  leafHash,
  parseCheckpoint,
  parseEntries,
  rootFromLeafHashes,
} from '@sallyport/evidence'
import { verifyCommand } from '@sallyport/evidence/cli'

/**
 * The published log verifies by what `sallyport evidence verify` runs, trusting the log's own key only: exit 0. Returns
 * the codes of what it noticed.
 */
export async function assertVerifies(home: string): Promise<readonly string[]> {
  const { keys } = JSON.parse(readFileSync(join(home, 'log-key.json'), 'utf8'))
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-trust-'))
  try {
    const trust = join(folder, 'trust.txt')
    const lines = keys.map(({ key }: { readonly key: string }) => `log ${key}\n`)
    writeFileSync(trust, `${lines.join('')}quorum none\n`)
    const said: string[] = []
    const told: string[] = []
    const code = await verifyCommand(
      { target: join(home, 'log'), trust, json: true, quiet: false, expect: undefined },
      {
        out: (text) => void said.push(text),
        err: (text) => void told.push(text),
        colour: false,
        progress: false,
      },
    )
    assert.equal(code, 0, [...told, ...said].join('\n'))
    const verdict: { readonly findings: readonly { readonly code: string }[] } = JSON.parse(
      said.join(''),
    )
    // A home that is copied for a test runs under another path, with other peers.
    return verdict.findings.map(({ code }) => code).filter((code) => code !== 'config-changed')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

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
