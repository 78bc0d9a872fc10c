import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertPublished, bench, kek } from '../../test/growing-log.ts'
import { encodeStaged, parseStaged } from './staged.ts'
import type { LogFile, TileStore } from './tile-store.ts'

/** Of the growth from 302 to 702 leaves: two full tiles, two partial ones, and their entries. */
const stagings: readonly (readonly [string, (files: readonly LogFile[]) => readonly LogFile[]])[] =
  [
    ['a file beside the log', (files) => [...files, { path: '../keys.json', bytes: kek }]],
    ['another file of the log', (files) => [...files, { path: 'checkpoint', bytes: kek }]],
    ['a full tile changed', changed('tile/0/001')],
    ['the partial tile changed', changed('tile/0/002.p/190')],
    ['the tile above changed', changed('tile/1/000.p/2')],
    ['entries changed', changed('tile/entries/001')],
    ['the last entries changed', changed('tile/entries/002.p/190')],
    ['a tile of another size', (files) => [...files, { path: 'tile/0/002.p/7', bytes: kek }]],
    ['a tile that is not there yet', (files) => [...files, { path: 'tile/0/003.p/1', bytes: kek }]],
    ['a full tile for a partial one', (files) => [...files, { path: 'tile/0/002', bytes: kek }]],
    ['nothing', () => []],
  ]
function changed(path: string): (files: readonly LogFile[]) => readonly LogFile[] {
  return (files) => {
    assert.ok(files.some((file) => file.path === path))
    return files.map((file) => {
      if (file.path !== path) return file
      const bytes = Buffer.from(file.bytes)
      bytes[40] = (bytes[40] ?? 0) ^ 1
      return { path, bytes }
    })
  }
}
const bytesOf = async (files: readonly LogFile[]) => Buffer.from(encodeStaged(files))
for (const [name, stage] of [
  ...stagings.map(
    ([what, change]) => [what, (files: readonly LogFile[]) => bytesOf(change(files))] as const,
  ),
  ['as it was', bytesOf],
  ['half of it', async (files: readonly LogFile[]) => (await bytesOf(files)).subarray(0, 9_000)],
] as const) {
  test(`what was staged is put in place only where it was signed: ${name}`, async (t) => {
    const at = await bench(t)
    await at.append(300)
    await (await at.open()).run()
    await at.append(400)
    const tiles: TileStore = {
      ...at.tiles,
      put: async (path, bytes) => {
        if (!path.startsWith('staging/')) throw new Error('stopped here')
        await at.tiles.put(path, bytes)
      },
    }
    await assert.rejects((await at.open({ tiles })).run(), /stopped here/)
    const [staging = ''] = await at.tiles.list('staging')
    const staged = (await at.tiles.get(`staging/${staging}`)) ?? kek
    await at.tiles.put(`staging/${staging}`, await stage(parseStaged(staged)))
    const put: string[] = []
    const watched: TileStore = {
      ...at.tiles,
      put: async (path, bytes) => {
        put.push(path)
        await at.tiles.put(path, bytes)
      },
    }
    await (await at.open({ tiles: watched })).run()
    assert.equal(await assertPublished(at), 702)
    // Made anew from the leaves, tile by tile: what was staged was not used.
    assert.equal(put.includes('tile/0/000'), name !== 'as it was')
    assert.equal(put.includes('../keys.json'), false)
  })
}
