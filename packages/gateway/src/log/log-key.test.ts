import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { parseNote, parseTrust, verifyNote } from '@sallyport/evidence'
import { Conflict } from '../store/store.ts'
import { openLogKeys } from './log-key.ts'
import { openKeyFile } from './log-key-file.ts'
import { trustText } from './trust-text.ts'

const origin = 'example.com/log'
const day = 86_400_000
const options = { origin, overlapMs: 7 * day, now: 0 }
const text = `${origin}\n0\n\n`

type Case = readonly [string, (folder: string, path: string) => Promise<void>]
const cases: readonly Case[] = [
  [
    'is created for its owner, and read again',
    async (folder, path) => {
      const keys = await openLogKeys(path, { ...options, databasePath: join(folder, 'absent.db') })
      assert.equal((await stat(path)).mode & 0o777, 0o600)
      assert.match(keys.current(), /^example\.com\/log\+[0-9a-f]{8}\+/)
      const again = await openLogKeys(path, { ...options, databasePath: path })
      assert.deepEqual(again.verifierKeys(), [keys.current()])
      await verifyNote(await again.sign(text, 0), [keys.current()])
      assert.deepEqual(await readdir(folder), ['log-key.json'])
    },
  ],
  [
    'is one key when several start at once',
    async (_, path) => {
      const starts = Array.from({ length: 10 }, () => openLogKeys(path, options))
      const keys = await Promise.all(starts)
      assert.equal(new Set(keys.map((one) => one.current())).size, 1)
    },
  ],
  [
    'is refused when others may read it',
    async (_, path) => {
      await openLogKeys(path, options)
      await chmod(path, 0o644)
      await assert.rejects(openLogKeys(path, options), /chmod 600/)
    },
  ],
  [
    'is not made up for a database that exists',
    async (folder, path) => {
      const databasePath = join(folder, 'log.db')
      await writeFile(databasePath, '')
      await assert.rejects(openLogKeys(path, { ...options, databasePath }), /Restore the key file/)
      assert.deepEqual(await readdir(folder), ['log.db'])
    },
  ],
  [
    'is not made up for a log that is published',
    async (folder, path) => {
      const checkpointPath = join(folder, 'checkpoint')
      await writeFile(checkpointPath, '')
      await assert.rejects(openLogKeys(path, { ...options, checkpointPath }), /Restore the key/)
      assert.deepEqual(await readdir(folder), ['checkpoint'])
    },
  ],
  [
    'knows whether its log has begun, across rotations',
    async (_, path) => {
      const keys = await openLogKeys(path, options)
      assert.equal(keys.hasBegun(), false)
      await keys.begin()
      await keys.begin()
      await keys.rotate({ by: 'corp:root', now: day, size: 2 })
      await keys.retire(99 * day)
      for (const one of [keys, await openLogKeys(path, options)]) assert.equal(one.hasBegun(), true)
    },
  ],
  [
    'is refused when damaged or of another log, without quoting it',
    async (_, path) => {
      await openLogKeys(path, options)
      const whole = await readFile(path, 'utf8')
      for (const damaged of ['', '{', 'null', '{"version":1,"keys":[]}', whole.slice(0, 90)]) {
        await writeFile(path, damaged)
        await assert.rejects(openLogKeys(path, options), {
          message: `The log's key file ${path} is damaged. Restore it from its backup.`,
        })
      }
      await writeFile(path, whole.replaceAll(/"secret": "[^"]+",?/g, ''))
      await assert.rejects(openLogKeys(path, options), /damaged/)
      await writeFile(path, whole)
      const other = { ...options, origin: 'example.com/other' }
      await assert.rejects(openLogKeys(path, other), /that of the log "example.com\/log"/)
    },
  ],
  [
    'is rotated: both sign until the overlap ends, then the old one is destroyed',
    async (_, path) => {
      const keys = await openLogKeys(path, options)
      const first = keys.current()
      const rotation = await keys.rotate({ by: 'corp:root', now: day, size: 7 })
      const { previous, by, since } = rotation
      assert.deepEqual([previous, by, since], [first, 'corp:root', 7])
      assert.equal(keys.current(), rotation.key)
      const reopened = await openLogKeys(path, options)
      assert.deepEqual(reopened.unrecorded(), [rotation], 'a crash before the record')
      await reopened.recorded(rotation)
      assert.deepEqual((await openLogKeys(path, options)).unrecorded(), [])
      for (const one of [keys, reopened]) {
        const within = await one.sign(text, 8 * day - 1)
        for (const key of [first, rotation.key]) await verifyNote(within, [key])
        const after = await one.sign(text, 8 * day)
        await verifyNote(after, [rotation.key])
        await assert.rejects(verifyNote(after, [first]), { code: 'signature-missing' })
      }
      await reopened.retire(8 * day - 1)
      assert.equal(secrets(await readFile(path, 'utf8')), 2)
      await reopened.retire(8 * day)
      assert.equal(secrets(await readFile(path, 'utf8')), 1)
      const last = await openLogKeys(path, options)
      assert.deepEqual(
        last.verifierKeys(),
        [rotation.key, first],
        'still known for old checkpoints',
      )
      assert.deepEqual(last.signing(8 * day - 1), [rotation.key, first])
      assert.deepEqual(last.signing(8 * day), [rotation.key])
      assert.equal((await stat(path)).mode & 0o777, 0o600)
    },
  ],
  [
    'is not rotated while as many sign as may, or before the last rotation is recorded',
    async (_, path) => {
      const keys = await openLogKeys(path, options)
      const rotate = async (now: number) => {
        const rotation = await keys.rotate({ by: 'corp:root', now, size: 2 })
        await assert.rejects(keys.rotate({ by: 'corp:root', now, size: 2 }), /not recorded yet/)
        await keys.recorded(rotation)
      }
      for (const at of [day, 2 * day]) await rotate(at)
      const before = await readFile(path, 'utf8')
      await assert.rejects(rotate(8 * day - 1), Conflict)
      await assert.rejects(rotate(8 * day - 1), /3 keys sign already/)
      assert.equal(await readFile(path, 'utf8'), before)
      await rotate(8 * day)
      assert.equal(parseNote(await keys.sign(text, 8 * day)).signatures.length, 3)
    },
  ],
  [
    'file never becomes too long to be read',
    async (_, path) => {
      await openLogKeys(path, options)
      const file = await openKeyFile(path, { first: async () => [], signed: [] })
      const many = Array.from({ length: 2_000 }, () => file.entries()).flat()
      await assert.rejects(file.replace(many), /no room for another key/)
      assert.equal(file.entries().length, 1)
      await openLogKeys(path, options)
      assert.equal((await readdir(dirname(path))).length, 1)
    },
  ],
]
for (const [name, check] of cases) {
  test(`the log's key ${name}`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'log-key-'))
    t.after(() => rm(folder, { recursive: true }))
    await check(folder, join(folder, 'log-key.json'))
  })
}

function secrets(text: string): number {
  return [...text.matchAll(/PRIVATE\+KEY/g)].length
}

test('the trust file is one that verifiers read', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'log-key-'))
  t.after(() => rm(folder, { recursive: true }))
  const keys = await openLogKeys(join(folder, 'log-key.json'), options)
  await keys.rotate({ by: 'corp:root', now: 0, size: 2 })
  const witness = async (name: string) => {
    const { newSigner, formatVerifierKey } = await import('@sallyport/evidence')
    return {
      name,
      key: formatVerifierKey(await newSigner(name, 0x04)),
      url: `https://${name}.example`,
    }
  }
  const witnesses = [await witness('witnesses'), await witness('w2'), await witness('w3')]
  const given = { origin, logKeys: keys.verifierKeys() }
  for (const [quorum, threshold] of [
    ['all', 3],
    ['any', 1],
    [2, 2],
  ] as const) {
    const trust = parseTrust(trustText({ ...given, witnesses, quorum }))
    assert.equal(trust.logs.length, 2)
    assert.equal(trust.witnesses.length, 3)
    assert.equal(trust.groups[0]?.threshold, threshold)
    assert.equal(trust.quorum, trust.groups[0]?.name)
  }
  for (const none of [
    { witnesses, quorum: 'none' },
    { witnesses: [], quorum: 'all' },
  ] as const) {
    assert.equal(parseTrust(trustText({ ...given, ...none })).quorum, undefined)
  }
})
