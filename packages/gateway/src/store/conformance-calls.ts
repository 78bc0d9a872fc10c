import assert from 'node:assert/strict'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import type { RecordDraft } from '@sallyport/evidence/record'
import { entry, intent, outcome, time } from './conformance-entries.ts'
import { Conflict, type Store } from './store.ts'

type Home = { readonly store: Store }
type Promised = readonly [string, (home: Home) => Promise<void>]

/** The part of the suite about calls and sessions, and how they are found again. */
export const callPromises: readonly Promised[] = [
  ['pages neither repeat nor skip while the log grows', pagesStay],
  ['calls are found by function, session and caller', findsCalls],
  ['sessions are summed up, newest activity first', sumsUpSessions],
  ['a session is labelled with what its intents bring', labelsSessions],
  ['an intent is open until its ending', findsOpenCalls],
  ['a stream is committed to as told', committedStream],
]

async function pagesStay({ store }: Home): Promise<void> {
  const calls = Array.from({ length: 25 }, (_, n) => store.commit(entry(intent({ call: `c${n}` }))))
  await Promise.all(calls)
  const seen: number[] = []
  for (let before: number | undefined; ; ) {
    const page = await store.callHeads({ limit: 10, ...(before !== undefined && { before }) })
    if (page.length === 0) break
    seen.push(...page.map(({ index }) => index))
    before = seen.at(-1)
    await store.commit(entry(intent({ call: 'later' })))
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 25 }, (_, n) => 25 - n),
  )
  const first = await store.leavesOfSession('ses_1', 0, 10)
  const next = await store.leavesOfSession('ses_1', (first.at(-1)?.index ?? 0) + 1, 10)
  assert.deepEqual(
    [...first, ...next].map(({ index }) => index),
    Array.from({ length: 20 }, (_, n) => n + 1),
  )
}

async function findsCalls({ store }: Home): Promise<void> {
  const { index } = await store.commit(entry(intent({ call: 'c1' })))
  await store.commit(entry(intent({ call: 'c2', session: 'ses_2', sub: 'kim' }, 'crm.put')))
  await store.commit(entry(outcome(index, { call: 'c1' })))
  const denial: RecordDraft = {
    type: 'call.denied',
    time,
    call: 'c3',
    code: 'policy-denied',
    stage: 'accepted',
  }
  await store.commit(entry(denial))
  const found = async (query: Omit<Parameters<Store['callHeads']>[0], 'limit'>) =>
    (await store.callHeads({ limit: 10, ...query })).map((head) => {
      const record = parseLeaf(head.bytes)
      return 'call' in record ? record.call : undefined
    })
  assert.deepEqual(await found({}), ['c3', 'c2', 'c1'])
  assert.deepEqual(await found({ functionId: 'crm.put' }), ['c2'])
  assert.deepEqual(await found({ session: 'ses_1' }), ['c1'])
  assert.deepEqual(await found({ caller: 'corp:kim' }), ['c2'])
  assert.deepEqual(await found({ caller: 'corp:kim', functionId: 'crm.get' }), [])
  assert.deepEqual(await found({ caller: 'corp:sam', functionId: 'crm.get' }), ['c1'])
  assert.equal((await store.leavesOfCall('c1')).length, 2)
  assert.equal((await store.leavesOfCall('c4')).length, 0)
}

async function sumsUpSessions({ store }: Home): Promise<void> {
  const { index } = await store.commit(entry(intent({ call: 'c1' })))
  await store.commit(entry(intent({ call: 'c2', session: 'ses_2', sub: 'kim' })))
  await store.commit(entry(intent({ call: 'c3' })))
  const last = await store.commit(entry(outcome(index, { call: 'c1' })))
  const at = Date.parse(time)
  const sessions = await store.sessions({ limit: 10 })
  assert.deepEqual(sessions[0], {
    id: 'ses_1',
    caller: 'corp:sam',
    onBehalfOf: 'corp:boss',
    calls: 2,
    labels: [],
    firstIndex: index,
    lastIndex: last.index,
    startedAt: at,
    lastAt: at,
  })
  assert.equal(sessions.length, 2)
  const older = await store.sessions({ limit: 10, before: last.index })
  assert.deepEqual(
    older.map(({ id }) => id),
    ['ses_2'],
  )
}

async function labelsSessions({ store }: Home): Promise<void> {
  const bringing = (call: string, brings: readonly string[], session = 'ses_1') => {
    const record = intent({ call, session })
    assert.ok(record.type === 'call.authorized')
    return entry({ ...record, brings })
  }
  assert.deepEqual(await store.sessionLabels('ses_1'), [])
  await store.commit(bringing('c1', ['untrusted']))
  assert.deepEqual(await store.sessionLabels('ses_1'), ['untrusted'], 'with its intent, not later')
  await Promise.all([
    store.commit(bringing('c2', ['restricted', 'private'])),
    store.commit(bringing('c3', ['private', 'untrusted'])),
    store.commit(entry(intent({ call: 'c4' }))),
    store.commit(bringing('c5', ['confidential'], 'ses_2')),
  ])
  assert.deepEqual(await store.sessionLabels('ses_1'), ['private', 'restricted', 'untrusted'])
  assert.deepEqual(await store.sessionLabels('ses_2'), ['confidential'])
  assert.deepEqual(await store.sessionLabels('ses_3'), [])
  const listed = await store.sessions({ limit: 10 })
  const labels = Object.fromEntries(listed.map((one) => [one.id, one.labels]))
  const ofOne = ['private', 'restricted', 'untrusted']
  assert.deepEqual(labels, { ses_1: ofOne, ses_2: ['confidential'] })
}

async function findsOpenCalls({ store }: Home): Promise<void> {
  const { index } = await store.commit(entry(intent({ call: 'c1' })))
  const cut = await store.commit(entry(intent({ call: 'c2' })))
  const later = Date.parse(time) + 1
  assert.equal((await store.callsWithoutEnding(later)).length, 2)
  assert.equal((await store.callsWithoutEnding(later - 1)).length, 0, 'not older')
  await store.commit(entry(outcome(index, { call: 'c1' })))
  assert.deepEqual(
    (await store.callsWithoutEnding(later)).map((leaf) => leaf.index),
    [cut.index],
  )
  const after = { call: 'c2', session: 'ses_1', intent: cut.index, reason: 'restart' } as const
  await store.commit(entry({ type: 'reconcile.indeterminate', time, ...after }))
  assert.equal((await store.callsWithoutEnding(later)).length, 0)
  for (const intentAt of [index, cut.index, cut.index + 100]) {
    const again = store.commit(entry(outcome(intentAt, { call: 'c2' })))
    await assert.rejects(again, Conflict, 'it ended already, or never began')
  }
}

async function committedStream({ store }: Home): Promise<void> {
  const { index } = await store.commit(entry(intent({ call: 'c1' })))
  const stream = { salt: new Uint8Array(32).fill(7), hmac: new Uint8Array(32).fill(9) }
  const chunk = await store.commit({
    record: { type: 'call.chunk', time, call: 'c1', session: 'ses_1', intent: index },
    payloads: [{ role: 'returned', mediaType: 'text/plain', ...stream, length: 123456 }],
  })
  const [leaf] = await store.leaves(chunk.index, 1)
  const record = parseLeaf(leaf?.bytes ?? new Uint8Array())
  assert.equal(record.returned?.len, 123456)
  assert.equal(record.returned?.c, Buffer.from(stream.hmac).toString('base64url'))
  assert.equal(await store.payload(chunk.index, 'returned'), undefined)
}
