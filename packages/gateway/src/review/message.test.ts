import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  asking,
  boss,
  contentOf,
  dana,
  dayMs,
  openReviewHouse,
  permit,
  reviewer,
  reviewRules,
} from '../../test/review-yard.ts'
import type { Notice } from '../model/notice.ts'
import { reviewTelling } from './message.ts'

const policies = permit('payer', '== Agent::"corp:bot"', 'pay.pay')

test('people are told on the day, of what is so then', async (t) => {
  const house = await openReviewHouse(t)
  const { clock, store, desk } = house
  const rules = reviewRules(policies, { reviews: { notify: ['ops'] } })
  await house.activate(rules)
  const take = () => store.takeNotices({ now: clock.now, leaseMs: dayMs * 365, limit: 100 })
  const tell = async (notices: readonly Notice[]) => {
    const told = { store, rules: () => rules, now: () => clock.now }
    const messages = await Promise.all(notices.map((notice) => reviewTelling(told, notice)))
    return messages.map((one) => one?.message?.subject)
  }
  const started = await desk.startCampaign(
    asking(house, { name: 'Spring \u202e', reminders: [dayMs, 0, -dayMs] }),
  )
  assert.ok('campaign' in started)
  const { id } = started.campaign
  assert.deepEqual(await tell(await take()), ['The access review Spring \\u{202e} waits for you'])
  clock.now += 6 * dayMs
  assert.deepEqual(await tell(await take()), ['The access review Spring \\u{202e} waits for you'])
  await desk.remind({ id, person: boss })
  assert.equal((await take()).length, 1)
  clock.now += dayMs
  assert.deepEqual(await tell(await take()), ['The access review Spring \\u{202e} is overdue'])

  const [item] = await store.reviewItems({ campaign: id, limit: 1 })
  const view = await desk.item(item?.id ?? '', dana)
  const asked = { item: item?.id ?? '', person: dana, decision: 'keep', reason: 'Needed.' } as const
  const done = await desk.decide({ ...asked, shown: view?.shown ?? '' })
  assert.equal('item' in done && done.item.state, 'VERIFIED')
  clock.now += dayMs
  // Nothing is undecided: there is nothing to remind of.
  assert.deepEqual(await tell(await take()), [undefined])
  await desk.closeCampaign({ id, person: boss })
  assert.deepEqual(await tell(await take()), ['The access review Spring \\u{202e} is closed'])

  // Two weeks before a certification ends, unless there is a newer one.
  clock.now += 30 * dayMs
  const content = await contentOf(house, 'payer')
  await desk.certify({ grant: 'payer', person: dana, content, decision: 'keep', reason: 'Needed.' })
  clock.now += 44 * dayMs
  assert.deepEqual(await tell(await take()), [undefined])
  clock.now += 45 * dayMs
  assert.deepEqual(await tell(await take()), ['The grant payer needs a review'])
  await desk.revoke({ grant: 'payer', person: dana, reason: 'Gone.', isAdmin: false })
  assert.deepEqual(await tell(await take()), ['The grant payer is revoked'])

  const endsAt = clock.now + dayMs
  const person = reviewer('sam', ['support'])
  const timed = await desk.askTimed({ person, functions: ['pay.pay'], endsAt, reason: 'Audit.' })
  assert.ok('timed' in timed)
  assert.deepEqual(await tell(await take()), ['corp:sam asks for access for a while'])
  const ballot = { id: timed.timed.id, person: dana, verdict: 'approve', reason: 'Yes.' } as const
  await desk.voteTimed(ballot)
  assert.deepEqual(await tell(await take()), ['Access for corp:sam: given'])
  const other = {
    event: 'approval.requested',
    about: 'apr_1',
    id: 'n',
    channel: 'ops',
    at: 0,
  } as const
  assert.equal(await reviewTelling({ store, rules: () => rules, now: () => 0 }, other), undefined)
})
