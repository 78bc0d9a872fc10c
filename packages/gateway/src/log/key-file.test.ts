import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openKeys } from './key-file.ts'

const cases: readonly (readonly [string, (folder: string) => Promise<void>])[] = [
  [
    'is created for its owner, and read again',
    async (folder) => {
      const path = join(folder, 'keys.json')
      const keys = await openKeys(path, { databasePath: join(folder, 'absent.db') })
      assert.equal((await stat(path)).mode & 0o777, 0o600)
      assert.deepEqual(await openKeys(path, { databasePath: path }), keys)
      assert.deepEqual(
        Object.values(keys).map((key) => key.length),
        [32, 32, 32],
      )
      assert.equal(new Set(Object.values(keys).map((key) => key.join())).size, 3)
      assert.deepEqual(await readdir(folder), ['keys.json'])
    },
  ],
  [
    'is one file when several start at once',
    async (folder) => {
      const starts = Array.from({ length: 10 }, () => openKeys(join(folder, 'keys.json')))
      const [first, ...others] = await Promise.all(starts)
      for (const other of others) assert.deepEqual(other, first)
    },
  ],
  [
    'is refused when others may read it',
    async (folder) => {
      const path = join(folder, 'keys.json')
      await openKeys(path)
      await chmod(path, 0o640)
      await assert.rejects(openKeys(path), /chmod 600/)
    },
  ],
  [
    'is not made up for a database that exists',
    async (folder) => {
      const databasePath = join(folder, 'log.db')
      await writeFile(databasePath, '')
      const path = join(folder, 'keys.json')
      await assert.rejects(openKeys(path, { databasePath }), /Restore the key file/)
      assert.deepEqual(await readdir(folder), ['log.db'])
    },
  ],
  [
    'is refused when damaged, without quoting it',
    async (folder) => {
      const path = join(folder, 'keys.json')
      await openKeys(path)
      const text = await readFile(path, 'utf8')
      for (const damaged of ['', '{', 'null', text.slice(0, 60), text.replace('maskKey', 'mask')]) {
        await writeFile(path, damaged)
        await assert.rejects(openKeys(path), {
          message: `The key file ${path} is damaged. Restore it from its backup.`,
        })
      }
    },
  ],
]
for (const [name, check] of cases) {
  test(`the key file ${name}`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'keys-'))
    t.after(() => rm(folder, { recursive: true }))
    await check(folder)
  })
}
