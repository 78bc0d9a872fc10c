import assert from 'node:assert/strict'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import type { PayloadRole } from '../model/payload.ts'
import { entry, intent, tally, time } from './conformance-entries.ts'
import { Conflict, type Entry, type Store } from './store.ts'

type Promised = readonly [string, (home: { readonly store: Store }) => Promise<void>]

/** The part of the suite about rulebooks that are kept and payloads that are destroyed. */
export const custodyPromises: readonly Promised[] = [
  [
    'what a digest stands for is kept once, and its activations are found',
    ({ store }) => keepsRulebooks(store),
  ],
  [
    'an erasure destroys what it names, once, when a second person agrees',
    ({ store }) => erases(store),
  ],
  [
    'payloads of a class whose time is over are found once and destroyed',
    ({ store }) => expires(store),
  ],
  [
    'a reading is recorded only of a payload that is kept at that moment',
    ({ store }) => recordsReadings(store),
  ],
]

const encoder = new TextEncoder()

async function keepsRulebooks(store: Store): Promise<void> {
  const activate = (digest: string, content: string) =>
    store.commit(
      entry(
        { type: 'rulebook.activated', time, digest, previous: 'none', by: 'corp:sam' },
        { kind: 'rulebook.put', digest, content },
      ),
    )
  const { index } = await activate('sha256:1', '{"one":1}')
  await activate('sha256:2', '{}')
  await store.commit(entry(intent({ call: 'c' })))
  const { index: again } = await activate('sha256:1', '{"other":1}')
  assert.equal(await store.rulebookContent('sha256:1'), '{"one":1}')
  assert.equal(await store.rulebookContent('sha256:3'), undefined)
  assert.deepEqual([...(await store.rulebookDigests())].sort(), ['sha256:1', 'sha256:2'])
  const found = async (before: number, limit: number) =>
    (await store.activations(before, limit)).map((leaf) => leaf.index)
  assert.deepEqual(await found(again + 1, 10), [again, index + 1, index])
  assert.deepEqual(await found(again, 1), [index + 1])
}

async function erases(store: Store): Promise<void> {
  const { index: record } = await store.commit(withPayloads('c'))
  const roles = ['args'] as const
  const wanted = {
    record,
    callId: 'c',
    roles,
    reason: 'a mistake',
    requestedBy: 'corp:sam',
    requestedAt: 1,
  }
  const asking = (id: string) => {
    const { requestedBy: by, reason } = wanted
    return entry(
      { type: 'erasure.requested', time, erasure: id, record, roles, reason, by },
      { kind: 'erasure.request', erasure: { ...wanted, id, state: 'PENDING' } },
    )
  }
  const agreeing = entry(
    {
      type: 'payload.erased',
      time,
      erasure: 'era_1',
      record,
      roles,
      requestedBy: 'corp:sam',
      by: 'corp:dana',
    },
    { kind: 'erasure.approve', id: 'era_1', callId: 'c', by: 'corp:dana', at: 2 },
  )
  await assert.rejects(store.commit(agreeing), Conflict, 'nobody asked yet')
  await store.commit(asking('era_1'))
  await assert.rejects(store.commit(asking('era_2')), Conflict, 'one of this record is pending')
  assert.equal((await store.erasure('era_1'))?.state, 'PENDING')
  assert.equal(await store.payloadGone(record, 'args'), undefined)
  const { won, conflicts } = await tally([store.commit(agreeing), store.commit(agreeing)])
  assert.deepEqual([won, conflicts], [1, 1])
  const gone = await store.payloadGone(record, 'args')
  const [said] = await store.leaves(gone?.record ?? -1, 1)
  assert.equal(parseLeaf(said?.bytes ?? new Uint8Array()).type, 'payload.erased')
  assert.equal(gone?.cause, 'erased')
  assert.equal(await store.firstLoss(record), gone?.record)
  assert.equal(await store.firstLoss((gone?.record ?? 0) + 1), undefined)
  assert.equal(await store.payload(record, 'args'), undefined)
  assert.equal((await store.payload(record, 'forwarded'))?.length, 3, 'was not named')
  const types = (await store.leavesOfCall('c')).map((leaf) => parseLeaf(leaf.bytes).type)
  assert.deepEqual(types, ['call.authorized', 'erasure.requested', 'payload.erased'])
  await store.commit(asking('era_3'))
  const { id, state, approvedBy } = (await store.erasure('era_1')) ?? assert.fail()
  assert.deepEqual([id, state, approvedBy], ['era_1', 'DONE', 'corp:dana'])
  const listed = async (query: { before?: string; limit: number }) =>
    (await store.erasures(query)).map((one) => one.id)
  assert.deepEqual(await listed({ limit: 5 }), ['era_3', 'era_1'])
  assert.deepEqual(await listed({ before: 'era_3', limit: 5 }), ['era_1'])
  assert.deepEqual(await listed({ before: 'era_none', limit: 5 }), [])
}

async function expires(store: Store): Promise<void> {
  const before = Date.now() + 60_000
  const { index: short } = await store.commit({ ...withPayloads('c1'), retention: 'short' })
  const { index: standard } = await store.commit(withPayloads('c2'))
  await store.commit(entry(intent({ call: 'c3' })))
  const due = (name: string, rest: object = {}) =>
    store.payloadsDue({ class: name, standard: name !== 'short', before, limit: 100, ...rest })
  assert.deepEqual((await due('short')).records, [short])
  assert.deepEqual((await due('short', { before: 0 })).records, [], 'not due yet')
  const first = await due('standard', { from: short, limit: 2 })
  assert.deepEqual(first, { records: [standard], next: standard + 1, more: true })
  const expiring = (records: readonly number[], next: number) =>
    entry(
      { type: 'payload.expired', time, class: 'standard', period: 1, records },
      { kind: 'payload.expire', class: 'standard', records, next },
    )
  assert.equal(await store.firstLoss(0), undefined)
  const { index: by } = await store.commit(expiring([standard], first.next))
  assert.equal(await store.firstLoss(0), by)
  for (const role of ['args', 'forwarded'] as const) {
    assert.equal(await store.payload(standard, role), undefined)
    const gone = await store.payloadGone(standard, role)
    assert.deepEqual(gone, { cause: 'expired', record: by })
  }
  assert.equal(await store.payloadGone(standard, 'result'), undefined, 'never was one')
  assert.equal(await store.payloadGone(short, 'args'), undefined, 'another class')
  const kept = await store.keptPayloads(0, standard + 1, 100)
  assert.deepEqual(kept, [
    { index: short, role: 'args' },
    { index: short, role: 'forwarded' },
  ])
  assert.deepEqual(await store.keptPayloads(0, short, 100), [])
  assert.deepEqual((await due('standard')).records, [], 'goes on after those')
  assert.deepEqual((await due('standard', { from: 0 })).records, [], 'nothing is held any more')
}

async function recordsReadings(store: Store): Promise<void> {
  const { index: record } = await store.commit(withPayloads('c2'))
  const reading = (role: PayloadRole, of = record) =>
    store.commit(
      entry(
        { type: 'payload.read', time, record: of, role, by: 'corp:rita' },
        { kind: 'payload.read', record: of, role },
      ),
    )
  const { index } = await reading('args')
  await assert.rejects(reading('forwarded'), Conflict, 'only committed to')
  await assert.rejects(reading('result'), Conflict, 'never was one')
  await assert.rejects(reading('args', index), Conflict, 'a record without payloads')
  await assert.rejects(reading('args', 1_000_000), Conflict, 'no such record')
  assert.equal((await store.payload(record, 'args'))?.length, 3, 'reading changes nothing')
  const records = [record]
  const expiry = entry(
    { type: 'payload.expired', time, class: 'standard', period: 1, records },
    { kind: 'payload.expire', class: 'standard', records, next: record + 1 },
  )
  // In one flush as well, the one that comes first is what the other sees.
  const { won, conflicts } = await tally([reading('args'), store.commit(expiry), reading('args')])
  assert.deepEqual([won, conflicts], [2, 1])
}

/** An intent that keeps its arguments, and only commits to how they were forwarded. */
function withPayloads(call: string): Entry {
  const bytes = encoder.encode('abc')
  const mediaType = 'text/plain'
  return {
    record: intent({ call }),
    payloads: [
      { role: 'args', mediaType, bytes, keep: true },
      { role: 'forwarded', mediaType, bytes, keep: call !== 'c2' },
    ],
  }
}
