import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leafText } from '@sallyport/evidence/leaf'
import { chainStart, type RecordDraft } from '@sallyport/evidence/record'
import { Conflict, type Leaf, type Ledger } from '../store/store.ts'
import { reconcile } from './reconcile.ts'

const time = '2026-01-02T03:04:05.678Z'

function intent(index: number, boot: string): Leaf {
  const emitter = { boot, instance: 'gw', prev: chainStart, seq: index }
  const call = { call: `c${index}`, session: 'ses_1', masked: [], approvals: [] }
  const text = leafText({ type: 'call.authorized', time, ...call }, emitter, {})
  return { index, bytes: Buffer.from(text) }
}

/** Which intents are said to be indeterminate, of those that a store gives out two at a time. */
async function check(
  intents: readonly Leaf[],
  expected: readonly number[],
  reason: 'restart' | 'stop' = 'restart',
): Promise<void> {
  const written: RecordDraft[] = []
  const commit: Ledger['commit'] = async ({ record }) => {
    written.push(record)
    return { index: 100 + written.length }
  }
  const ended = (index: number) =>
    written.some((record) => 'intent' in record && record.intent === index)
  const store = {
    commit,
    callsWithoutEnding: async () => intents.filter(({ index }) => !ended(index)).slice(0, 2),
  }
  const count = await reconcile(store, { boot: 'now', now: () => Date.parse(time), reason })
  assert.equal(count, expected.length)
  assert.deepEqual(
    written,
    expected.map((index) => ({
      type: 'reconcile.indeterminate',
      time,
      call: `c${index}`,
      session: 'ses_1',
      intent: index,
      reason,
    })),
  )
}

const cases: readonly (readonly [string, ...Parameters<typeof check>])[] = [
  ['nothing was open', [], []],
  ['calls of an earlier boot', [1, 2, 3, 4, 5].map((n) => intent(n, 'before')), [1, 2, 3, 4, 5]],
  ['calls of this boot are left alone', [intent(1, 'before'), intent(9, 'now')], [1]],
  ['at a stop, calls of this boot', [intent(1, 'now'), intent(2, 'now')], [1, 2], 'stop'],
  ['at a stop, no others', [intent(1, 'before'), intent(9, 'now')], [9], 'stop'],
]
for (const [name, ...rest] of cases) test(name, () => check(...rest))

test('what cannot be recorded stops the start', async () => {
  const commit = () => Promise.reject(new Conflict('no'))
  const store = { commit, callsWithoutEnding: async () => [intent(1, 'before')] }
  await assert.rejects(reconcile(store, { boot: 'now', now: () => 0, reason: 'restart' }), Conflict)
})
