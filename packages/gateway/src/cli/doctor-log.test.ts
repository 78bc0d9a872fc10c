import assert from 'node:assert/strict'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { cosignatureType, formatVerifierKey, newSigner } from '@sallyport/evidence/log'
import { limits } from '../config/limits.ts'
import { loadConfig } from '../config/load.ts'
import { openIntegrator } from '../log/integrate.ts'
import { openLogKeys } from '../log/log-key.ts'
import { openTileFolder } from '../log/tile-folder.ts'
import { openSqlite } from '../store/sqlite/open.ts'
import { logFindings } from './doctor-log.ts'

const folder = await mkdtemp(join(tmpdir(), 'sallyport-doctor-'))
after(() => rm(folder, { recursive: true }))
const origin = 'doctor.example/log'
const denial = { type: 'call.denied', call: 'c', code: 'policy-denied', stage: 'resolved' } as const

/** A home with so many records published, and some more that are not; a copy of its database from before in `old.db`. */
async function homeOf(name: string, records: number, more: number = 0): Promise<string> {
  const home = join(folder, name)
  await mkdir(home)
  const options = { origin, overlapMs: limits.logKeyOverlapMs, now: 0 }
  const tiles = await openTileFolder(join(home, 'log'))
  const keys = await openLogKeys(join(home, 'log-key.json'), options)
  const path = join(home, 'sallyport.db')
  const own = { path, instance: 'gw', boot: 'b', kek: new Uint8Array(32), origin }
  const store = await openSqlite({ ...own, logKey: keys.current() })
  const append = async (count: number) => {
    const time = new Date().toISOString()
    const record = { ...denial, time }
    await Promise.all(Array.from({ length: count }, () => store.commit({ record, payloads: [] })))
  }
  // The genesis and the start are there.
  await append(records - 2)
  const needs = { store, tiles, keys, origin, holder: 'test', now: Date.now }
  const integrator = await openIntegrator({ ...needs, batchLeaves: limits.growthLeaves })
  await integrator.run()
  await append(more)
  // Its stop is one more.
  await store.close()
  return home
}

type Row = readonly [
  name: string,
  damage: (home: string) => Promise<unknown>,
  expected: readonly [state: string, told: RegExp],
]

const flip = (name: string) => async (home: string) => {
  const path = join(home, 'log', name)
  const bytes = await readFile(path)
  bytes.writeUInt8((bytes.at(-1) ?? 0) ^ 1, bytes.length - 1)
  await writeFile(path, bytes)
}
const remove = (name: string) => (home: string) => rm(join(home, name))

const rows: readonly Row[] = [
  ['untouched', async () => {}, ['ok', /300 records of the 306/]],
  ['a last record that was changed', flip('tile/entries/001.p/44'), ['wrong', /001\.p\/44/]],
  ['a last bundle that is gone', remove('log/tile/entries/001.p/44'), ['wrong', /is not there/]],
  ['a tile that was changed', flip('tile/0/001.p/44'), ['wrong', /other records than the tree/]],
  ['an upper tile that was changed', flip('tile/1/000.p/1'), ['wrong', /root/]],
  ['a tile that is gone', remove('log/tile/1/000.p/1'), ['wrong', /root/]],
  [
    'a checkpoint whose signature was changed',
    async (home) => {
      const path = join(home, 'log/checkpoint')
      const note = await readFile(path, 'utf8')
      await writeFile(path, note.replace(/.{8}\n$/, 'AAAAAAA=\n'))
    },
    ['wrong', /signature/],
  ],
  [
    'a checkpoint of another log',
    (home) => cp(join(folder, 'other/log/checkpoint'), join(home, 'log/checkpoint')),
    ['wrong', /key|sign/],
  ],
  ['no checkpoint', remove('log/checkpoint'), ['warning', /no checkpoint/]],
  ['no key', remove('log-key.json'), ['wrong', /key file .* is missing/]],
  ['no database', remove('sallyport.db'), ['wrong', /300 records .* holds 0/]],
  [
    'an older database',
    (home) => cp(join(folder, 'older/sallyport.db'), join(home, 'sallyport.db')),
    ['wrong', /300 records .* holds 2/],
  ],
  [
    'the database of another log',
    (home) => cp(join(folder, 'other/sallyport.db'), join(home, 'sallyport.db')),
    ['wrong', /Record 299 is another one/],
  ],
]

await homeOf('base', 300, 5)
await homeOf('other', 301)
await homeOf('older', 20)
for (const [name, damage, expected] of rows) {
  test(`doctor looks at the published log: ${name}`, async () => {
    const home = join(folder, name.replaceAll(' ', '-'))
    await cp(join(folder, 'base'), home, { recursive: true })
    await damage(home)
    await check(home, expected)
  })
}

test('doctor looks at the published log: one that ends with a full bundle', async () => {
  const home = await homeOf('full', 256)
  await check(home, ['ok', /256 records of the 257/])
  await flip('tile/entries/000')(home)
  await check(home, ['wrong', /other records/])
})

test('doctor looks at the published log: none', () => {
  return check(join(folder, 'nothing'), ['ok', /first start/])
})

test('doctor looks at the published log: what waits for its witnesses', async () => {
  const home = await homeOf('witnessed', 40)
  const log = join(home, 'log')
  assert.match(await toldOfWitnesses(home), /^warning 40 published records wait/)
  await cp(join(log, 'checkpoint'), join(log, 'checkpoint.witnessed'))
  assert.match(await toldOfWitnesses(home), /^ok the newest checkpoint is cosigned/)
  await cp(join(folder, 'older/log/checkpoint'), join(log, 'checkpoint.witnessed'))
  assert.match(await toldOfWitnesses(home), /^warning 20 published records wait/)
  await writeFile(join(log, 'checkpoint.witnessed'), 'nonsense')
  assert.match(await toldOfWitnesses(home), /^warning 40 published records wait/)
})

async function toldOfWitnesses(home: string): Promise<string> {
  const key = formatVerifierKey(await newSigner('w1.example', cosignatureType))
  const member = `{ name: w1, key: "${key}", url: http://127.0.0.1:1 }`
  const findings = await found(home, `witnesses: { quorum: any, members: [${member}] }`)
  const one = findings.find(({ what }) => what === 'witnesses')
  return `${one?.state} ${one?.told}`
}

async function check(home: string, [state, told]: Row[2]): Promise<void> {
  const findings = await found(home)
  assert.equal(findings.length, 1)
  assert.equal(findings[0]?.state, state, JSON.stringify(findings))
  assert.match(findings[0]?.told ?? '', told)
}

async function found(home: string, more = '') {
  const file = join(folder, 'gateway.yaml')
  await writeFile(file, `home: ${home}\norigin: ${origin}\n${more}\n`)
  const read = loadConfig(file, {})
  assert.ok('config' in read, JSON.stringify(read))
  return logFindings(read.config)
}
