import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openTileFolder } from './tile-folder.ts'
import { openTileMemory, type TileStore } from './tile-store.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

/** What every place for a published log does. */
const promises: readonly (readonly [string, (tiles: TileStore) => Promise<void>])[] = [
  [
    'a file is read as it was put, the last one put',
    async (tiles) => {
      assert.equal(await tiles.get('tile/0/000'), undefined)
      await tiles.put('tile/0/x001/000.p/7', bytes('one'))
      await tiles.put('tile/0/x001/000.p/7', bytes('two'))
      assert.equal(Buffer.from((await tiles.get('tile/0/x001/000.p/7')) ?? '').toString(), 'two')
      assert.equal(await tiles.get('tile/0/x001/000.p/7/more'), undefined)
    },
  ],
  [
    'names are listed by folder',
    async (tiles) => {
      assert.deepEqual(await tiles.list('checkpoints'), [])
      for (const name of ['1', '20', '3']) await tiles.put(`checkpoints/${name}`, bytes(name))
      assert.deepEqual([...(await tiles.list('checkpoints'))].sort(), ['1', '20', '3'])
      assert.deepEqual(await tiles.list('tile'), [])
      await tiles.put('tile/0/000', bytes('x'))
      assert.deepEqual(await tiles.list('tile'), ['0'])
    },
  ],
  [
    'what is removed is gone, twice or not',
    async (tiles) => {
      await tiles.put('a/1', bytes('x'))
      await tiles.put('a/2', bytes('x'))
      await tiles.delete('a/1')
      await tiles.delete('a/1')
      assert.deepEqual(await tiles.list('a'), ['2'])
      await tiles.deleteFolder('a')
      await tiles.deleteFolder('a')
      assert.deepEqual(await tiles.list('a'), [])
      await tiles.put('a/3', bytes('again'))
      assert.deepEqual(await tiles.list('a'), ['3'])
    },
  ],
  [
    'many at once, in folders nobody made',
    async (tiles) => {
      const paths = Array.from({ length: 60 }, (_, n) => `tile/${n % 3}/x00${n % 7}/00${n % 9}`)
      await Promise.all(paths.map((path) => tiles.put(path, bytes(path))))
      for (const path of paths) {
        assert.equal(Buffer.from((await tiles.get(path)) ?? '').toString(), path)
      }
    },
  ],
]
for (const [name, prove] of promises) {
  test(`memory: ${name}`, () => prove(openTileMemory()))
  test(`folder: ${name}`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'tiles-'))
    t.after(() => rm(folder, { recursive: true }))
    await prove(await openTileFolder(join(folder, 'log')))
  })
}

test('an error says which path could not be used', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tiles-'))
  t.after(() => rm(folder, { recursive: true }))
  const tiles = await openTileFolder(folder)
  await writeFile(join(folder, 'tile'), 'a file where a folder belongs')
  await assert.rejects(tiles.put('tile/0/000', bytes('x')), {
    message: `${join(folder, 'tile/0/000')} cannot be written (ENOTDIR)`,
  })
  await rm(join(folder, 'tile'))
  await tiles.put('tile/0/000', bytes('x'))
  await assert.rejects(tiles.get('tile/0'), /tile\/0 cannot be read \(EISDIR\)/)
})

test('no path leaves the folder', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tiles-'))
  t.after(() => rm(folder, { recursive: true }))
  const tiles = await openTileFolder(join(folder, 'log'))
  await writeFile(join(folder, 'keys.json'), 'secret')
  await tiles.put('tile/0/000', bytes('x'))
  for (const path of [
    '../keys.json',
    'tile/../../keys.json',
    join(folder, 'keys.json'),
    '..',
    '',
  ]) {
    for (const use of [
      () => tiles.put(path, bytes('x')),
      () => tiles.get(path),
      () => tiles.list(path),
      () => tiles.delete(path),
      () => tiles.deleteFolder(path),
    ]) {
      await assert.rejects(use, /outside of its folder/, path)
    }
  }
  assert.equal(await readFile(join(folder, 'keys.json'), 'utf8'), 'secret')
  assert.deepEqual(await tiles.list('tile/0'), ['000'])
})

test('what a crash left half-written is no file of the log, and is removed', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tiles-'))
  t.after(() => rm(folder, { recursive: true }))
  const tiles = await openTileFolder(folder)
  await tiles.put('tile/0/000', bytes('x'))
  await writeFile(join(folder, 'staging/drafts/ab'), 'half')
  await chmod(join(folder, 'staging/drafts/ab'), 0o400)
  await openTileFolder(folder)
  assert.deepEqual(await readdir(join(folder, 'staging/drafts')), [])
  assert.deepEqual(await tiles.list('tile/0'), ['000'])
})
