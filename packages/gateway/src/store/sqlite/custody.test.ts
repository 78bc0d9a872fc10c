import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { entry, intent, time } from '../conformance-entries.ts'
import type { Change } from '../store.ts'
import { openSqlite } from './open.ts'

const kek = new Uint8Array(32).fill(3)
const bytes = new TextEncoder().encode('{"ssn":"536-22-8716"}')
const mediaType = 'application/json'

/** What stands in the columns that open the payloads of a record: wrapped keys and salts. */
function secretsOf(path: string, record: number): readonly Buffer[] {
  const db = new DatabaseSync(path, { readOnly: true })
  const keys = db.prepare('SELECT secret FROM payload WHERE id / 4 = ?').all(record)
  const row = db.prepare('SELECT salts FROM leaf WHERE "index" = ?').get(record)
  db.close()
  const salts = Buffer.from(row?.salts instanceof Uint8Array ? row.salts : [])
  return [
    ...keys.map(({ secret }) => Buffer.from(secret instanceof Uint8Array ? secret : [])),
    ...(salts.length > 0 ? [salts.subarray(-32)] : []),
  ]
}

function holds(path: string, secret: Buffer): boolean {
  const files = [path, `${path}-wal`].filter((file) => existsSync(file))
  return files.some((file) => readFileSync(file).includes(secret))
}

/** After the destruction no file of the database holds what opened the payloads. */
async function check(destroy: (record: number) => readonly Change[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'custody-'))
  const path = join(folder, 'log.db')
  const store = await openSqlite({ path, instance: 'gw', boot: 'b', kek })
  try {
    const { index } = await store.commit({
      record: intent({ call: 'c' }),
      payloads: [
        { role: 'args', mediaType, bytes, keep: true },
        { role: 'forwarded', mediaType, bytes, keep: false },
      ],
    })
    const secrets = secretsOf(path, index)
    assert.equal(secrets.length, 2)
    assert.deepEqual(
      secrets.map((secret) => holds(path, secret)),
      [true, true],
    )
    for (const change of destroy(index)) {
      await store.commit(entry({ type: 'emitter.stop', time }, change))
    }
    assert.deepEqual(secretsOf(path, index), [])
    assert.deepEqual(
      secrets.map((secret) => holds(path, secret)),
      [false, false],
    )
    assert.equal((await store.leaves(index, 1)).length, 1, 'the record itself stays')
  } finally {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  }
}

const erasure = {
  id: 'era_1',
  callId: 'c',
  state: 'PENDING',
  roles: ['args', 'forwarded'],
  reason: 'r',
  requestedBy: 'corp:sam',
  requestedAt: 1,
} as const

test('erased: a stream has one salt, and no record of it holds that any more', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'custody-'))
  const path = join(folder, 'log.db')
  const store = await openSqlite({ path, instance: 'gw', boot: 'b', kek })
  try {
    const salt = new Uint8Array(32).fill(9)
    const hmac = new Uint8Array(32)
    const returned = { role: 'returned', mediaType, salt, hmac, length: 5 } as const
    const { index: of } = await store.commit(entry(intent({ call: 'c' })))
    const after = { time, call: 'c', session: 'ses_1', intent: of }
    const chunk = { record: { ...after, type: 'call.chunk' }, payloads: [returned] } as const
    const { index: first } = await store.commit(chunk)
    const { index: second } = await store.commit(chunk)
    const { index: record } = await store.commit({
      record: { ...after, type: 'call.outcome', ending: 'done', status: 200, masked: [] },
      payloads: [returned],
    })
    const all = [first, second, record]
    assert.deepEqual(
      all.map((index) => secretsOf(path, index).length),
      [1, 1, 1],
    )
    const wanted = { ...erasure, record, roles: ['returned'] } as const
    await store.commit(
      entry({ type: 'emitter.stop', time }, { kind: 'erasure.request', erasure: wanted }),
    )
    const agreed = {
      kind: 'erasure.approve',
      id: 'era_1',
      callId: 'c',
      by: 'corp:dana',
      at: 2,
    } as const
    const { index: said } = await store.commit(entry({ type: 'emitter.stop', time }, agreed))
    for (const index of all) {
      assert.deepEqual(secretsOf(path, index), [])
      const gone = await store.payloadGone(index, 'returned')
      assert.deepEqual(gone, { cause: 'erased', record: said })
    }
  } finally {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  }
})

test('erased: no file holds the keys any more', () =>
  check((record) => [
    { kind: 'erasure.request', erasure: { ...erasure, record } },
    { kind: 'erasure.approve', id: 'era_1', callId: 'c', by: 'corp:dana', at: 2 },
  ]))

const rules = JSON.stringify({
  functions: [{ id: 'crm.get', retention: 'long' }, { id: 'crm.list' }],
})
const digest = `sha256:${hash('sha256', rules, 'hex')}`

/** How many of an intent and its outcome are due for the standard class, once a column was changed. */
async function checkDue(
  name: string,
  change: string | undefined,
  { fn, policy = digest, expected }: { fn: string; policy?: string; expected: number },
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'custody-'))
  const path = join(folder, 'log.db')
  const options = { path, instance: 'gw', boot: 'b', kek }
  const store = await openSqlite(options)
  try {
    const put = { kind: 'rulebook.put', digest, content: rules } as const
    const activated = {
      type: 'rulebook.activated',
      time,
      digest,
      previous: 'none',
      by: 'x',
    } as const
    await store.commit(entry(activated, put))
    const decision = { effect: 'allow', obligations: [], policy, rules: [] } as const
    const args = { role: 'args', mediaType, bytes, keep: true } as const
    const result = { role: 'result', mediaType, bytes, keep: true } as const
    const retention = fn === 'crm.get' ? { retention: 'long' } : {}
    const { index } = await store.commit({
      record: {
        type: 'call.authorized',
        time,
        call: 'c',
        session: 'ses_1',
        masked: [],
        approvals: [],
        fn: { name: fn, schema: 's', server: 'crm' },
        decision,
      },
      payloads: [args],
      ...retention,
    })
    const after = { time, call: 'c', session: 'ses_1', intent: index }
    await store.commit({
      record: { ...after, type: 'call.outcome', ending: 'done', status: 200, masked: [] },
      payloads: [result],
      ...retention,
    })
    if (change !== undefined) {
      const db = new DatabaseSync(path)
      db.exec(change)
      db.close()
    }
    const before = name.startsWith('early') ? Date.parse(time) : Date.now() + 60_000
    const due = await store.payloadsDue({ class: 'standard', standard: true, before, limit: 100 })
    assert.equal(due.records.length, expected)
  } finally {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  }
}

const dues: readonly (readonly [string, string | undefined, Parameters<typeof checkDue>[2]])[] = [
  ['what the standard class covers', undefined, { fn: 'crm.list', expected: 2 }],
  ['what another class covers', undefined, { fn: 'crm.get', expected: 0 }],
  ['what cites a rulebook that is not there', undefined, { fn: 'x', policy: 'x', expected: 2 }],
  ['early', undefined, { fn: 'crm.list', expected: 0 }],
  [
    'early, dated back in its column',
    'UPDATE leaf SET time_ms = 0',
    { fn: 'crm.list', expected: 0 },
  ],
  [
    'another class in its column',
    'UPDATE leaf SET retention = NULL',
    { fn: 'crm.get', expected: 0 },
  ],
  [
    'another class in its column and in the rulebook',
    `UPDATE leaf SET retention = NULL; UPDATE rulebook SET content = replace(content, 'long', 'standard')`,
    { fn: 'crm.get', expected: 0 },
  ],
  ['what is no leaf any more', `UPDATE leaf SET bytes = x'7b7d'`, { fn: 'crm.list', expected: 0 }],
]
for (const [name, change, row] of dues) {
  test(`due, by the leaf and its rulebook: ${name}`, () => checkDue(name, change, row))
}

test('expired: no file holds the keys any more', () =>
  check((record) => [
    { kind: 'payload.expire', class: 'standard', records: [record], next: record + 1 },
  ]))
