import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EvidenceError, type EvidenceErrorCode } from './error.ts'
import {
  encodeEntries,
  entriesPath,
  parseEntries,
  parseTilePath,
  type Tile,
  tilePath,
  tilesFor,
} from './tile.ts'

function check<T>(run: () => T, expected: T | EvidenceErrorCode): void {
  const isCode = typeof expected === 'string' && /^(?:tile-path|entries)-malformed$/.test(expected)
  if (!isCode) assert.deepEqual(run(), expected)
  else assert.throws(run, (error) => error instanceof EvidenceError && error.code === expected)
}

const paths: readonly (readonly [string, Tile])[] = [
  ['tile/0/000', { level: 0, index: 0n, width: 256 }],
  ['tile/0/x001/x234/067', { level: 0, index: 1234067n, width: 256 }],
  ['tile/63/001.p/255', { level: 63, index: 1n, width: 255 }],
  ['tile/entries/x001/000.p/1', { level: 'entries', index: 1000n, width: 1 }],
]
for (const [path, tile] of paths) {
  test(path, () => {
    check(() => tilePath(tile), path)
    check(() => parseTilePath(path), tile)
  })
}
test('entries', () => check(() => entriesPath({ index: 7n, width: 9 }), 'tile/entries/007.p/9'))

const tileMembers = {
  level: fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant('entries' as const)),
  index: fc.bigInt({ min: 0n, max: 2n ** 63n }),
  width: fc.integer({ min: 1, max: 256 }),
}
const anyTile: fc.Arbitrary<Tile> = fc.record(tileMembers, { noNullPrototype: true })
test('any tile', () => {
  fc.assert(fc.property(anyTile, (tile) => check(() => parseTilePath(tilePath(tile)), tile)))
})

for (const path of [
  '',
  'tile/0/0',
  'tile/0/00',
  'tile/0/0000',
  'tile/00/000',
  'tile/64/000',
  'tile/-1/000',
  'tile/data/000',
  'tile/0/x000/001',
  'tile/0/001/002',
  'tile/0/x001',
  'tile/0/000.p/0',
  'tile/0/000.p/01',
  'tile/0/000.p/256',
  'tile/0/000.p/',
  'tile/0/000.p',
  'tile/0/000/',
  '/tile/0/000',
  'tile/0/000\n',
  'tile//0/000',
  'tile/0/../000',
  'tile/0/X001/000',
  'tile/0/\u0660\u0660\u0660',
  'tile/Entries/000',
]) {
  test(`refuses ${JSON.stringify(path)}`, () =>
    check(() => parseTilePath(path), 'tile-path-malformed'))
}

for (const tile of [
  { level: 64, index: 0n, width: 1 },
  { level: 0.5, index: 0n, width: 1 },
  { level: 0, index: -1n, width: 1 },
  { level: 0, index: 0n, width: 0 },
  { level: 0, index: 0n, width: 257 },
]) {
  test(`names no ${tile.level} ${tile.index} ${tile.width}`, () =>
    check(() => tilePath(tile), 'tile-path-malformed'))
}

const growths: readonly (readonly [bigint, bigint, readonly string[]])[] = [
  [0n, 0n, []],
  [5n, 5n, []],
  [0n, 1n, ['tile/0/000.p/1']],
  [0n, 256n, ['tile/0/000', 'tile/1/000.p/1']],
  [255n, 257n, ['tile/0/000', 'tile/0/001.p/1', 'tile/1/000.p/1']],
  [256n, 300n, ['tile/0/001.p/44']],
  // The example of the specification.
  [69_999n, 70_000n, ['tile/0/273.p/112']],
  [
    65_535n,
    70_000n,
    [
      ...Array.from({ length: 18 }, (_, n) => `tile/0/${255 + n}`),
      'tile/0/273.p/112',
      'tile/1/000',
      'tile/1/001.p/17',
      'tile/2/000.p/1',
    ],
  ],
]
for (const [from, to, expected] of growths) {
  test(`tiles from ${from} to ${to}`, () =>
    check(() => [...tilesFor(from, to)].map(tilePath), expected))
}

test('the whole of the example of the specification', () => {
  const levels = [...tilesFor(0n, 70_000n)].map(({ level, width }) => `${level}:${width}`)
  assert.equal(levels.filter((one) => one === '0:256').length, 273)
  assert.deepEqual(levels.slice(273), ['0:112', '1:256', '1:17', '2:1'])
})

const entry = fc.uint8Array({ maxLength: 600 })
test('any entries', () => {
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 256 }), (entries) =>
      check(() => parseEntries(encodeEntries(entries)), entries),
    ),
  )
})
test('the longest entry', () => {
  const entries = [new Uint8Array(65_535).fill(7), new Uint8Array(0)]
  check(() => parseEntries(encodeEntries(entries)), entries)
})
test('a bundle, cut anywhere, or longer', () => {
  const bundle = encodeEntries([Uint8Array.of(1, 2, 3), Uint8Array.of(4)])
  for (let end = 0; end < bundle.length; end++) {
    // Between two entries a shorter bundle is whole: the tree tells that it is too short.
    if (end === 5) check(() => parseEntries(bundle.subarray(0, end)), [Uint8Array.of(1, 2, 3)])
    else check(() => parseEntries(bundle.subarray(0, end)), 'entries-malformed')
  }
  check(() => parseEntries(Uint8Array.of(...bundle, 0)), 'entries-malformed')
})
for (const [name, run] of [
  ['no entries', () => encodeEntries([])],
  ['257 entries', () => encodeEntries(Array.from({ length: 257 }, () => new Uint8Array(1)))],
  ['a bundle of 257', () => parseEntries(new Uint8Array(2 * 257))],
  ['an entry of 65536 bytes', () => encodeEntries([new Uint8Array(65_536)])],
] as const) {
  test(`refuses ${name}`, () => check(run as () => unknown, 'entries-malformed'))
}
