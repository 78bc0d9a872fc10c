import assert from 'node:assert/strict'
import { copyFileSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { GrantStanding } from '../../model/certification.ts'
import { campaign, hold, holding, opening } from '../conformance-campaigns.ts'
import { entry, everyLeaf, intent } from '../conformance-entries.ts'
import { counting, giving, restating, seeing, standing, timed } from '../conformance-grants.ts'
import { Conflict, type Entry, type Leaf, type Store } from '../store.ts'
import { openSqlite } from './open.ts'
import { rebuildDatabase } from './rebuild.ts'

const kek = new Uint8Array(32).fill(5)
const time = '2026-01-02T03:04:05.678Z'
const at = Date.parse(time)
const until = '2026-06-01T00:00:00.000Z'

/** Does this once the rest is over: the part that a backup does not hold. */
type Loss = {
  readonly name: string
  readonly before?: readonly Entry[]
  readonly lost: readonly Entry[]
  readonly found: (store: Store) => Promise<void>
}

const seen = [{ grant: 'g1', content: 'sha256:1' }]
const first = standing('g1', { firstSeenAt: at, contentSince: at })

function stated(record: Entry['record'], value: GrantStanding): Entry {
  const expectedRevision = value.revision - 1
  return entry(record, { kind: 'grant.update', standing: value, expectedRevision })
}

const certified: Entry['record'] & { readonly type: 'grant.certified' } = {
  type: 'grant.certified',
  ...{ time, grant: 'g1', certification: 'crt_1', content: 'sha256:1' },
  ...{ decision: 'narrow', by: ['corp:ann'], reason: 'still so', when: ['context.args.n < 5'] },
  ...{ tier: 'low', validUntil: until, campaign: 'cmp_1', item: 'i1', endsAt: until },
}
const certification: NonNullable<GrantStanding['certification']> = {
  ...{ id: 'crt_1', content: 'sha256:1', decision: 'narrow', by: ['corp:ann'], at },
  ...{ reason: 'still so', when: ['context.args.n < 5'], validUntil: Date.parse(until) },
  campaign: 'cmp_1',
}
const revoked = { at, by: 'corp:ann', reason: 'left' }
const putOff = { content: 'sha256:1', by: ['corp:ann', 'corp:kim'], reason: 'the audit' }

const losses: readonly Loss[] = [
  {
    name: 'a certification',
    lost: [stated(certified, { ...first, revision: 2, certification })],
    found: async (store) => {
      const whole = { ...first, certification, endsAt: Date.parse(until), revision: 2 }
      assert.deepEqual(await store.grantStanding('g1'), whole)
    },
  },
  {
    name: 'a certification that is not whole',
    lost: [
      stated(
        { ...certified, when: Array.from({ length: 400 }, () => 'context.args.number < 5') },
        { ...first, revision: 2, certification },
      ),
    ],
    found: async (store) => {
      assert.deepEqual(await store.grantStanding('g1'), { ...first, endsAt: at, revision: 2 })
      const call = entry(counting('c9', { 'corp:sam': 'g1' }))
      await assert.rejects(store.commit(call), Conflict)
    },
  },
  {
    name: 'an exemption, an extension and then a revocation',
    lost: [
      stated(
        { ...putOff, type: 'grant.exempted', time, grant: 'g1', until },
        { ...first, revision: 2 },
      ),
      stated(
        { ...putOff, type: 'grant.extended', time, grant: 'g1', until },
        { ...first, revision: 3 },
      ),
      restating({ ...first, revision: 4, revoked }),
    ],
    found: async (store) => {
      const given = { ...putOff, until: Date.parse(until) }
      const whole = { ...first, exemption: given, extension: given, revoked, revision: 4 }
      assert.deepEqual(await store.grantStanding('g1'), whole)
      const call = entry(counting('c9', { 'corp:sam': 'g1' }))
      await assert.rejects(store.commit(call), Conflict)
    },
  },
  {
    name: 'that a grant was restored',
    before: [restating({ ...first, revision: 2, revoked })],
    lost: [
      stated(
        { type: 'grant.restored', time, grant: 'g1', by: putOff.by, reason: 'an error' },
        { ...first, revision: 3 },
      ),
    ],
    found: async (store) =>
      assert.deepEqual(await store.grantStanding('g1'), { ...first, revision: 3 }),
  },
  {
    name: 'another content of a grant, and calls by it',
    lost: [
      seeing('sha256:b', [{ grant: 'g1', content: 'sha256:2' }], at),
      entry(counting('c1', { 'corp:sam': 'g1' })),
      entry(counting('c2', { 'corp:sam': 'g1' })),
    ],
    found: async (store) => {
      const changed = { ...first, content: 'sha256:2', revision: 2 }
      assert.deepEqual(await store.grantStanding('g1'), changed)
      assert.deepEqual(
        (await store.grantUse({})).map(({ grant, calls }) => [grant, calls]),
        [['g1', 2]],
      )
    },
  },
  {
    name: 'that access was given for a while, asked for, and revoked',
    lost: [
      said('timed.asked', 't1'),
      said('timed.given', 't1'),
      said('timed.asked', 't2'),
      said('timed.given', 't3'),
      entry({ type: 'timed.revoked', time, timed: 't3', by: 'corp:ann', reason: 'over' }),
    ],
    found: async (store) => {
      const states = (await store.timedGrants({})).map(({ id, state }) => `${id} ${state}`)
      assert.deepEqual(states.toSorted(), ['t1 given', 't2 refused', 't3 revoked'])
      const given = await store.timedGrant('t1')
      assert.deepEqual([given?.party, given?.functions], ['corp:sam', ['crm.get']])
      const call = entry(counting('c9', { 'corp:sam': 't3' }))
      await assert.rejects(store.commit(call), Conflict)
    },
  },
  {
    name: 'a question about access for a while that was open',
    before: [giving(timed('t1'))],
    lost: [entry(intent({ call: 'c1' }))],
    found: async (store) => assert.equal((await store.timedGrant('t1'))?.state, 'refused'),
  },
  {
    name: 'a quarantine',
    lost: [holding(hold('crm.get')), holding(hold('crm.put'))],
    found: async (store) => {
      const found = await store.functionHold('crm.get')
      const lost = { registeredText: '', foundText: '' }
      assert.deepEqual(found, { ...hold('crm.get'), ...lost, since: at })
      await assert.rejects(store.commit(entry(intent({ call: 'c9' }))), Conflict)
    },
  },
  {
    name: 'a campaign',
    lost: [opening(campaign('cmp_1'), [])],
    found: async (store) => assert.equal((await store.campaign('cmp_1'))?.state, 'CANCELLED'),
  },
]

/** Access for a while as a leaf tells of it. */
function said(type: 'timed.asked' | 'timed.given', id: string): Entry {
  const { party, functions, when, reason } = timed(id)
  const terms = { timed: id, party, functions, when, reason, from: time, endsAt: until, time }
  return type === 'timed.asked'
    ? entry({ type, ...terms, by: 'corp:sam' })
    : entry({ type, ...terms, by: ['corp:ann'] })
}

async function check(t: TestContext, loss: Loss, isBackup: boolean): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'rebuild-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'log.db')
  const during = async <Told>(boot: string, todo: (store: Store) => Promise<Told>) => {
    const store = await openSqlite({ path, instance: 'gw', kek, boot })
    try {
      return await todo(store)
    } finally {
      await store.close()
    }
  }
  await during('b1', async (store) => {
    await store.commit(seeing('sha256:a', seen, at))
    for (const one of loss.before ?? []) await store.commit(one)
  })
  copyFileSync(path, `${path}.backup`)
  const leaves = await during('b2', async (store) => {
    for (const one of loss.lost) await store.commit(one)
    return everyLeaf(store)
  })
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  if (isBackup) copyFileSync(`${path}.backup`, path)
  await rebuildDatabase({
    ...{ path, origin: 'sallyport', leaves: streamed(leaves) },
    checkpoint: { size: leaves.length, note: 'n', at },
    rulebook: async (digest) => digest,
    grants: (digest) => (digest === 'sha256:a' ? seen : [{ grant: 'g1', content: 'sha256:2' }]),
  })
  await during('b3', loss.found)
}

function streamed(leaves: readonly Leaf[]): AsyncIterable<Leaf> {
  return {
    async *[Symbol.asyncIterator]() {
      yield* leaves
    },
  }
}

for (const loss of losses) {
  test(`rebuilt from an older backup: ${loss.name}`, (t) => check(t, loss, true))
  if (!loss.before) test(`rebuilt from nothing: ${loss.name}`, (t) => check(t, loss, false))
}
