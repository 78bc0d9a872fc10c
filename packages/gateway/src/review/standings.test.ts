import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemoryStore } from '../../test/desk-yard.ts'
import { functionOf, permit, reviewRules } from '../../test/review-yard.ts'
import { limits } from '../config/limits.ts'
import type { GrantStanding } from '../model/certification.ts'
import { openStandings } from './standings.ts'

const rules = reviewRules(
  permit('reader', '== User::"corp:sam"', 'pay.read') +
    permit('payer', '== User::"corp:sam"', 'pay.pay'),
  { functions: [functionOf('read', 'low'), functionOf('pay', 'high')] },
)

test('with old news every grant is taken for stale, and nothing becomes better', async (t) => {
  const store = await openMemoryStore()
  t.after(store.close)
  const clock = { now: 1_000, elapsed: 0 }
  const failures: unknown[] = []
  const standings = openStandings({
    store,
    now: () => clock.now,
    elapsed: () => clock.elapsed,
    limits,
    onFailure: (cause) => failures.push(cause),
  })
  t.after(standings.close)
  const states = () => ['reader', 'payer'].map((id) => standings.freshness(rules, id).state)
  // Nothing was ever read.
  assert.deepEqual(states(), ['STALE', 'STALE'])
  await standings.refresh()
  for (const { id, content } of rules.grants) {
    const standing: GrantStanding = {
      ...{ grant: id, content, firstSeenAt: 1_000, contentSince: 1_000, revision: 1 },
    }
    standings.took({ standing })
  }
  assert.deepEqual(states(), ['PROVISIONAL', 'PROVISIONAL'])
  clock.elapsed = limits.standingsOldMs + 1
  assert.deepEqual(states(), ['STALE', 'STALE'])
  await standings.refresh()
  assert.deepEqual(states(), ['PROVISIONAL', 'PROVISIONAL'])
  assert.equal(standings.freshness(rules, 'nothing').state, 'LAPSED')
  // What comes late and is older is not taken.
  const payer = rules.grant('payer')
  const dates = { content: payer?.content ?? '', firstSeenAt: 1_000, contentSince: 1_000 }
  const revoked = { at: 1, by: 'b', reason: 'r' }
  standings.took({ standing: { grant: 'payer', ...dates, revision: 3, revoked } })
  standings.took({ standing: { grant: 'payer', ...dates, revision: 2 } })
  assert.deepEqual(states(), ['PROVISIONAL', 'REVOKED'])
  assert.deepEqual(failures, [])
})

test('what goes on under a grant is cut when the grant ends, whether the store answers or not', async (t) => {
  const store = await openMemoryStore()
  t.after(store.close)
  const clock = { now: 1_000 }
  let answers = true
  const standings = openStandings({
    store: {
      ...store,
      grantStandings: (query) =>
        answers ? store.grantStandings(query) : Promise.reject(new Error('it does not answer')),
    },
    now: () => clock.now,
    elapsed: () => 0,
    limits,
    onFailure: () => undefined,
  })
  t.after(standings.close)
  const expires = '@expires("1970-01-02T00:00:00Z")'
  const dated = reviewRules(
    permit('expiring', '== User::"corp:sam"', 'pay.read', expires) +
      permit('bound', '== User::"corp:sam"', 'pay.pay') +
      permit('other', '== User::"corp:sam"', 'pay.pay'),
    { functions: [functionOf('read', 'low'), functionOf('pay', 'high')] },
  )
  const dayMs = 86_400_000
  for (const { id: grant, content } of dated.grants) {
    const dates = { firstSeenAt: 1_000, contentSince: 1_000 }
    const endsAt = grant === 'bound' ? { endsAt: 2 * dayMs } : {}
    standings.took({ standing: { grant, content, ...dates, ...endsAt, revision: 1 } })
    standings.freshness(dated, grant)
  }
  const cuts = ['expiring', 'bound', 'other'].map((id) => standings.revoked([id]))
  const cutAt = async (now: number) => {
    clock.now = now
    await standings.refresh().catch(() => undefined)
    return cuts.map(({ aborted }) => aborted)
  }
  assert.deepEqual(await cutAt(2_000), [false, false, false])
  answers = false
  assert.deepEqual(await cutAt(dayMs), [true, false, false])
  assert.deepEqual(await cutAt(2 * dayMs), [true, true, false])
  assert.equal(standings.revoked(['other', 'bound']).aborted, true)
})
