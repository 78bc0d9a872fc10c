import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openConnection } from './database.ts'

const rows: readonly (readonly [string, string, unknown])[] = [
  ['a commit is on the disk when it returns (2: FULL)', 'synchronous', 2],
  ['by the log that is written ahead', 'journal_mode', 'wal'],
  ['what is deleted is overwritten', 'secure_delete', 1],
  ['what stands in the schema is not run', 'trusted_schema', 0],
]

test('what SQLite has promised the writing connection is in effect', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-pragmas-'))
  const db = openConnection(join(folder, 'a.db'), { origin: 'a.example', pagesMax: undefined })
  t.after(() => {
    db.close()
    rmSync(folder, { recursive: true })
  })
  for (const [name, pragma, expected] of rows) {
    await t.test(name, () => {
      const row = db.prepare(`PRAGMA ${pragma}`).get() ?? {}
      assert.deepEqual(Object.values(row), [expected])
    })
  }
})
