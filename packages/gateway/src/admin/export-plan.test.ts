import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tilePath, tilesFor } from '@sallyport/evidence'
import { type Export, sectionsOf } from './export-plan.ts'

function planOf(size: number, changes: Partial<Export> = {}): Export {
  return {
    id: 'exp_1',
    by: 'corp:ann',
    scope: 'whole',
    origin: 'log',
    note: '',
    size,
    state: 'integrated',
    waiting: 0,
    from: 0,
    to: size,
    session: undefined,
    payloads: false,
    singles: new Set(),
    beside: [],
    madeAt: 0,
    ...changes,
  }
}

function pathsOf(plan: Export): readonly string[] {
  return sectionsOf(plan).flatMap(({ count, at }) =>
    Array.from({ length: count }, (_, position) => at(position)),
  )
}

/** Every tile that a log of this size has, hashes and entries. */
function everyTile(size: number): readonly string[] {
  return [...tilesFor(0n, BigInt(size))].flatMap((tile) =>
    tile.level === 0 ? [tilePath(tile), tilePath({ ...tile, level: 'entries' })] : [tilePath(tile)],
  )
}

for (const size of [0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 70_000, 200_000]) {
  test(`a whole export of ${size} records has every tile once`, () => {
    const tiles = pathsOf(planOf(size)).filter((path) => path.startsWith('tile/'))
    assert.deepEqual(tiles.toSorted(), everyTile(size).toSorted())
  })
}

/** The tiles of the lowest level that a part of a log of 70,000 records shows, and its entries. */
function check(changes: Partial<Export>, expected: { hashes: string[]; entries: string[] }): void {
  const size = 70_000
  const paths = pathsOf(planOf(size, changes))
  const below = (folder: string) =>
    paths.filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length))
  assert.equal(new Set(paths).size, paths.length, 'no file twice')
  assert.deepEqual(below('tile/0/'), expected.hashes)
  assert.deepEqual(below('tile/entries/'), expected.entries)
  const upper = everyTile(size).filter((path) => /^tile\/[1-9]/.test(path))
  assert.deepEqual(
    paths.filter((path) => /^tile\/[1-9]/.test(path)),
    upper,
  )
}

// 70,000 records: tiles 0 to 272 and 112 records in the last one.
const rows: readonly (readonly [string, Parameters<typeof check>])[] = [
  [
    'a range within one tile',
    [
      { scope: 'range', from: 300, to: 301 },
      { hashes: ['001', '273.p/112'], entries: ['001'] },
    ],
  ],
  [
    'a range on the borders of tiles',
    [
      { scope: 'range', from: 256, to: 768, singles: new Set([0, 300]) },
      { hashes: ['001', '002', '000', '273.p/112'], entries: ['001', '002'] },
    ],
  ],
  [
    'a range up to the end',
    [
      { scope: 'range', from: 69_800, to: 70_000 },
      { hashes: ['272', '273.p/112'], entries: ['272', '273.p/112'] },
    ],
  ],
  [
    'a session',
    [
      { scope: 'session', from: 5, to: 520, singles: new Set([0, 5, 519, 69_999]) },
      { hashes: ['000', '002', '273.p/112'], entries: [] },
    ],
  ],
]
for (const [name, row] of rows) test(name, () => check(...row))
