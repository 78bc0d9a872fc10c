import assert from 'node:assert/strict'
import type { FindingCode } from '../src/verify/codes.ts'
import { healthyLog } from './healthy-log.ts'
import { type Files, newKey } from './log-builder.ts'

/** More records than a full tile and a full bundle hold. */
export const manyBeats = 205

const beat = { type: 'heartbeat', elapsed: 40_000, interval: 10_000 }

type Damage = (files: Files, log: ReturnType<typeof healthyLog>['log']) => void
const flip =
  (path: string, at: number): Damage =>
  (files) => {
    const bytes = Uint8Array.from(files.get(path) ?? assert.fail(path))
    bytes[at] = (bytes[at] ?? 0) ^ 1
    files.set(path, bytes)
  }
const remove =
  (path: string): Damage =>
  (files) => {
    assert.ok(files.delete(path), path)
  }
const put =
  (path: string, bytes: string | Uint8Array): Damage =>
  (files) => {
    files.set(path, Buffer.from(bytes))
  }
const same =
  (from: string, to: string): Damage =>
  (files) => {
    files.set(to, files.get(from) ?? assert.fail(from))
  }

/** What nobody signed says that there is nothing to look at. */
const undisclosed =
  (damage: Damage): Damage =>
  (files, log) => {
    const about = JSON.parse(String(files.get('bundle.json')))
    files.set('bundle.json', Buffer.from(JSON.stringify({ ...about, payloads: false })))
    damage(files, log)
  }

/** A file that says it is longer than its kind may be is not read. */
const tooLong =
  (length: number) =>
  (path: string): Row => [
    `a byte too many in ${path}`,
    put(path, new Uint8Array(length)),
    [['file-unreadable', path]],
  ]

/** Files of a log of 317 records: a full tile and a partial one. */
const tail = 'tile/entries/001.p/61'
const other = healthyLog({}, manyBeats).log.files()
const otherKey = newKey('log.example/gateway')

type Row = readonly [string, Damage, readonly (readonly [FindingCode, number | string])[]]

export const damages: readonly Row[] = [
  ['a byte of a record in a full bundle', flip('tile/entries/000', 4000), [['leaf-altered', 11]]],
  ['a byte of a record in the last bundle', flip(tail, 200), [['leaf-altered', 256]]],
  ['a length in a bundle', flip('tile/entries/000', 0), [['entries-malformed', 0]]],
  ['no bundle', remove('tile/entries/000'), [['entries-missing', 0]]],
  ['no last bundle', remove(tail), [['entries-missing', 256]]],
  ['a byte of a full tile', flip('tile/0/000', 33), [['tile-mismatch', 1]]],
  ['a byte of the last tile', flip('tile/0/001.p/61', 33), [['tile-mismatch', 257]]],
  [
    'a byte of the tile above',
    flip('tile/1/000.p/1', 3),
    [
      ['root-mismatch', ''],
      ['tile-mismatch', 0],
    ],
  ],
  ['no tile', remove('tile/0/000'), [['tile-missing', 'tile/0/000']]],
  ['no last tile', remove('tile/0/001.p/61'), [['tile-missing', 'tile/0/001.p/61']]],
  ['no tile above', remove('tile/1/000.p/1'), [['tile-missing', 'tile/1/000.p/1']]],
  [
    'a tile that is too short',
    put('tile/0/000', new Uint8Array(8160)),
    [
      ['tile-mismatch', 'tile/0/000'],
      ['tile-missing', 'tile/0/000'],
    ],
  ],
  [
    'an older part that is a beginning',
    (files) =>
      files.set('tile/0/001.p/1', (files.get('tile/0/001.p/61') ?? assert.fail()).subarray(0, 32)),
    [],
  ],
  [
    'an older part that is none',
    put('tile/0/001.p/1', new Uint8Array(32)),
    [['tile-stale-mismatch', 'tile/0/001.p/1']],
  ],
  [
    'an older part of another length',
    put('tile/0/001.p/1', new Uint8Array(33)),
    [['tile-stale-mismatch', 'tile/0/001.p/1']],
  ],
  [
    'an older bundle that is none',
    put('tile/entries/001.p/1', Uint8Array.of(0, 1, 65)),
    [['tile-stale-mismatch', 'tile/entries/001.p/1']],
  ],
  [
    'a part beyond the checkpoint',
    put('tile/0/002', new Uint8Array(8192)),
    [['file-unexpected', 'tile/0/002']],
  ],
  ['a record as a file of its own', put('leaf/999999', 'x'), [['file-unexpected', 'leaf/999999']]],
  ['another record as a file of its own', put('leaf/3', 'x'), [['leaf-altered', 3]]],
  ['a payload of no record', put('payloads/3.args', 'x'), [['file-unexpected', 'payloads/3.args']]],
  [
    'a payload beyond the log',
    put('payloads/9999.args', 'x'),
    [['file-unexpected', 'payloads/9999.args']],
  ],
  [
    'a payload of a bundle that says it discloses none',
    undisclosed(flip('payloads/8.result', 40)),
    [['file-unexpected', 'payloads/8.result']],
  ],
  [
    'a payload more in a bundle that says it discloses none',
    undisclosed(remove('payloads/8.returned')),
    [['file-unexpected', 'payloads/8.result']],
  ],
  ['what is about to be published', put('staging/1', 'x'), [['file-unexpected', 'staging/1']]],
  [
    'a checkpoint of a running log',
    put('checkpoint.witnessed', 'x'),
    [['file-unexpected', 'checkpoint.witnessed']],
  ],
  [
    'a rulebook of no activation',
    put(`rulebooks/${'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'}.json`, ''),
    [
      [
        'file-unexpected',
        `rulebooks/${'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'}.json`,
      ],
    ],
  ],
  [
    'a rulebook under another name',
    put(`rulebooks/${'0'.repeat(64)}.json`, '{}'),
    [['rulebook-altered', `rulebooks/${'0'.repeat(64)}.json`]],
  ],
  ['a file nobody knows', put('README.txt', 'hello'), [['file-unknown', 'README.txt']]],
  ['no checkpoint', remove('checkpoint'), [['checkpoint-missing', 'checkpoint']]],
  [
    'a checkpoint that is none',
    put('checkpoint', 'hello\n'),
    [['checkpoint-malformed', 'checkpoint']],
  ],
  [
    'a checkpoint of another key',
    (files, log) => {
      log.signers = [otherKey]
      files.set('checkpoint', Buffer.from(log.checkpoint()))
    },
    [['checkpoint-untrusted', 'checkpoint']],
  ],
  [
    'a checkpoint without its witness',
    (files, log) => {
      log.witnesses.length = 0
      files.set('checkpoint', Buffer.from(log.checkpoint()))
    },
    [['checkpoint-untrusted', 'checkpoint']],
  ],
  [
    'a checkpoint over another tree',
    (files, log) => {
      const leaves = log.leaves.splice(0, 1)
      files.set('checkpoint', Buffer.from(log.checkpoint(log.leaves.length)))
      log.leaves.unshift(...leaves)
    },
    [['manifest-mismatch', 'bundle.json']],
  ],
  [
    'another log under the same name',
    (files) => {
      for (const [path, bytes] of other) if (path.startsWith('tile/')) files.set(path, bytes)
    },
    [['root-mismatch', '']],
  ],
  [
    'an archived checkpoint of another history',
    (files, log) => {
      const [at = 0] = log.archived.keys()
      const [leaf] = log.leaves
      log.leaves[0] = Buffer.from('x')
      files.set(`checkpoints/${at}`, Buffer.from(log.checkpoint(at, 1)))
      log.leaves[0] = leaf ?? assert.fail()
    },
    [['archived-inconsistent', 'checkpoints/9']],
  ],
  [
    'an archived checkpoint under another name',
    same('checkpoints/9', 'checkpoints/8'),
    [['archived-malformed', 'checkpoints/8']],
  ],
  [
    'an archived checkpoint of a longer log',
    (files, log) => {
      log.add(beat)
      files.set(`checkpoints/${log.leaves.length}`, Buffer.from(log.checkpoint()))
    },
    [['archived-ahead', 'checkpoints/318']],
  ],
  [
    'an archived checkpoint nobody signed',
    (files, log) => {
      log.signers = [otherKey]
      files.set('checkpoints/20', Buffer.from(log.checkpoint(20)))
    },
    [['archived-unsigned', 'checkpoints/20']],
  ],
  [
    'an archived checkpoint that is none',
    put('checkpoints/20', 'hello'),
    [['archived-malformed', 'checkpoints/20']],
  ],
  [
    'a witness that went back in time',
    (files, log) => files.set('checkpoints/20', Buffer.from(log.checkpoint(20, log.now))),
    [['cosignature-backwards', 'checkpoints/236']],
  ],
  ['a byte of a payload', flip('payloads/8.result', 40), [['payload-mismatch', 8]]],
  ['a byte of a salt', flip('payloads/8.result', 4), [['payload-mismatch', 8]]],
  ['a payload that is too short', put('payloads/8.result', 'x'), [['payload-mismatch', 8]]],
  ['no payload', remove('payloads/8.result'), [['payload-missing', 8]]],
  [
    'a payload for another',
    same('payloads/8.returned', 'payloads/8.result'),
    [['payload-mismatch', 8]],
  ],
  [
    'a payload longer than its record says',
    put('payloads/8.result', new Uint8Array(99_999)),
    [['payload-mismatch', 8]],
  ],
  ...['checkpoint', 'bundle.json', 'checkpoints/9'].map(tooLong(65_537)),
  ...['tile/0/000', 'tile/1/000.p/1', 'leaf/3'].map(tooLong(8193)),
  ...['tile/entries/000', tail].map(tooLong(256 * 8194 + 1)),
  ['a list that is none', put('bundle.json', '[]'), [['manifest-malformed', 'bundle.json']]],
  [
    'a list with more in it',
    put('bundle.json', '{"v":"bundle/1","more":1}'),
    [['manifest-malformed', 'bundle.json']],
  ],
]
