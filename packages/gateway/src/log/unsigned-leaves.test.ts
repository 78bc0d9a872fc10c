import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { leafText } from '@sallyport/evidence/leaf'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import { chainStart, type RecordDraft } from '@sallyport/evidence/record'
import { openSqlite } from '../store/sqlite/open.ts'
import { LogRefused } from './integrate.ts'
import { assertChainsGoOn } from './unsigned-leaves.ts'

const time = '2024-01-01T00:00:00.000Z'
const start = { type: 'emitter.start', time, version: '0.1.0' } as const
const issued: RecordDraft = {
  ...{ time, key: 'k9', name: 'n', scope: ['x'], expires: time, by: 'corp:ceo' },
  type: 'key.issued',
}
const stop = { type: 'emitter.stop', time } as const

type Place = {
  readonly instance: string
  readonly boot: string
  readonly seq: number
  readonly prev: string
}

/** A database of two boots of the instance `gw`: genesis, start, stop; start, denial, stop. */
async function made(path: string): Promise<void> {
  for (const boot of ['b1', 'b2']) {
    const store = await open(path, boot)
    const denied = { call: 'c', code: 'policy-denied', stage: 'resolved' } as const
    if (boot === 'b2') {
      await store.commit({
        record: { ...denied, type: 'call.denied', time: new Date().toISOString() },
        payloads: [],
      })
    }
    await store.close()
  }
}

function open(path: string, boot: string, more: { instance?: string; signed?: number } = {}) {
  const { instance = 'gw', signed } = more
  return openSqlite({
    ...{ path, boot, instance, kek: new Uint8Array(32), origin: 'o', logKey: 'o+00000000+AQ' },
    ...(signed !== undefined && {
      accept: (found) => assertChainsGoOn({ store: found, signed, instance }),
    }),
  })
}

const hashOf = (bytes: Uint8Array | string) =>
  `sha256:${createHash('sha256').update('\0').update(bytes).digest('hex')}`

/** Appends leaves as one who may write to the database, from a place on, and the chain's row if asked. */
function forge(
  db: DatabaseSync,
  records: readonly RecordDraft[],
  { withRow, ...from }: Place & { readonly withRow: boolean },
): void {
  let place: Place = from
  for (const record of records) {
    const index = Number(db.prepare('SELECT count(*) AS n FROM leaf').get()?.n)
    const text = leafText(record, place, {})
    db.prepare('INSERT INTO leaf ("index", type, time_ms, bytes) VALUES (?, ?, 0, ?)').run(
      ...([index, record.type, Buffer.from(text)] as const),
    )
    const { instance, boot, seq } = place
    if (withRow) {
      db.prepare('INSERT OR REPLACE INTO chain VALUES (?, ?, ?, ?)').run(
        ...([instance, boot, seq, hashOf(text)] as const),
      )
    }
    place = { ...place, seq: seq + 1, prev: hashOf(text) }
  }
}

const invented: Place = { instance: 'gw-old', boot: 'x', seq: 0, prev: chainStart }

function endOf(db: DatabaseSync) {
  const { boot, seq, hash } = db.prepare("SELECT * FROM chain WHERE instance = 'gw'").get() ?? {}
  return { boot: String(boot), seq: Number(seq), hash: String(hash) }
}

type Row = {
  readonly name: string
  readonly harm?: (db: DatabaseSync) => void
  /** How many leaves are signed; absent: each number of them. */
  readonly signed?: number
  readonly instance?: string
  /** Absent: it starts. */
  readonly says?: RegExp
}
const rows: readonly Row[] = [
  { name: 'what the gateway wrote' },
  { name: 'another instance, everything being signed', signed: 6, instance: 'gw-2' },
  { name: 'another instance after one with signed leaves', signed: 4, instance: 'gw-2' },
  {
    name: 'another instance after one that nobody knows',
    signed: 0,
    instance: 'gw-2',
    says: /^Leaf 0 .* begins a chain of the instance "gw", and this is "gw-2"/,
  },
  {
    name: 'an invented instance',
    harm: (db) => forge(db, [start, issued, stop], { ...invented, withRow: false }),
    says: /^Leaf 6 .*no chain here \("gw-old"\)/,
  },
  {
    name: 'an invented instance and its chain',
    harm: (db) => forge(db, [start, issued, stop], { ...invented, withRow: true }),
    says: /^Leaf 6 .* begins a chain of the instance "gw-old"/,
  },
  {
    name: 'a boot that cites nothing',
    harm: (db) => forge(db, [start], { ...invented, instance: 'gw', withRow: true }),
    says: /^Leaf 6 .*does not cite the end/,
  },
  {
    name: 'a boot that cites an earlier end',
    harm: (db) => {
      const after = { ...endOf(db), seq: 0 }
      forge(db, [{ ...start, after }], { ...invented, instance: 'gw', withRow: true })
    },
    says: /^Leaf 6 .*does not cite the end/,
  },
  {
    name: 'a boot without its start',
    harm: (db) => forge(db, [issued], { ...invented, instance: 'gw', withRow: true }),
    says: /^Leaf 6 .*without its start/,
  },
  {
    name: 'a boot from its middle',
    harm: (db) => forge(db, [issued], { ...invented, instance: 'gw', seq: 4, withRow: true }),
    says: /^Leaf 6 .*in its middle/,
  },
  {
    name: 'a record with another predecessor',
    harm: (db) => {
      const { boot, seq } = endOf(db)
      const at = { instance: 'gw', boot, seq: seq + 1, prev: chainStart }
      forge(db, [issued], { ...at, withRow: true })
    },
    says: /^Leaf 6 .*does not follow its predecessor/,
  },
  {
    name: 'a record beyond the end that was noted',
    harm: (db) => {
      const { boot, seq, hash } = endOf(db)
      forge(db, [issued], { instance: 'gw', boot, seq: seq + 1, prev: hash, withRow: false })
    },
    signed: 5,
    says: /^Leaf 7 .*is missing: the chain of "gw" ends later/,
  },
  {
    name: 'the last record taken away',
    harm: (db) => db.exec('DELETE FROM leaf WHERE "index" = 5'),
    signed: 3,
    says: /^Leaf 5 .*is missing/,
  },
  {
    name: 'a record in the middle taken away',
    harm: (db) => db.exec('DELETE FROM leaf WHERE "index" = 4'),
    signed: 3,
    says: /^Leaf 4 .*is not there/,
  },
  {
    name: 'what is no record',
    harm: (db) => db.exec(`UPDATE leaf SET bytes = x'7b7d' WHERE "index" = 5`),
    signed: 3,
    says: /^Leaf 5 .*is no record/,
  },
]
for (const { name, harm, signed, instance, says } of rows) {
  test(`before it is signed: ${name} ${says ? 'is refused' : 'is accepted'}`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'unsigned-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'log.db')
    await made(path)
    const db = new DatabaseSync(path)
    harm?.(db)
    const count = () => Number(db.prepare('SELECT count(*) AS n FROM leaf').get()?.n)
    const before = count()
    if (says) {
      const opened = open(path, 'b3', { signed: signed ?? 6, ...(instance && { instance }) })
      await assert.rejects(opened, (thrown: Error) => {
        assert.ok(thrown instanceof LogRefused, String(thrown))
        assert.match(thrown.message, says)
        return true
      })
      assert.equal(count(), before, 'a refused start wrote something')
    } else {
      for (const at of signed === undefined ? [0, 1, 3, 4, 6] : [signed]) {
        await (await open(path, `b-${at}`, { signed: at, ...(instance && { instance }) })).close()
      }
      const last = db.prepare('SELECT bytes FROM leaf ORDER BY "index" DESC LIMIT 1').get()?.bytes
      assert.ok(last instanceof Uint8Array)
      assert.equal(parseLeaf(last).emitter.instance, instance ?? 'gw')
    }
    db.close()
  })
}
