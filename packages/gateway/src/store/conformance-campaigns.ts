import assert from 'node:assert/strict'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import type { Campaign, ReviewItem } from '../model/campaign.ts'
import type { FunctionHold } from '../model/function-hold.ts'
import { entry, intent, tally, time } from './conformance-entries.ts'
import type { ReviewChange } from './reviews.ts'
import { Conflict, type Entry, type Store, Unavailable } from './store.ts'

type Home = { readonly store: Store; readonly reopen?: () => Promise<Store> }
type Promised = readonly [string, (home: Home) => Promise<void>]

/** The part of the suite about campaigns, and about functions that wait for their owner. */
export const campaignPromises: readonly Promised[] = [
  ['a campaign is there with all its items, or none of it is', opensWhole],
  ['a campaign of 3,000 items opens, and is listed by state', opensLarge],
  ['of 100 decisions about one item, one wins', oneDecisionWins],
  [
    'an item, the standing and the item that asks again are there together, or none is',
    decidesWhole,
  ],
  ['a campaign changes with up to 1,000 items, or not at all', updatesWhole],
  ['a function is held and accepted from its revision', holdsOnce],
  ['an intent of a quarantined function is a conflict about the function', refusesHeld],
  ['campaigns and holds are there after a reopen', campaignsStay],
]

export function campaign(id: string, changes: Partial<Campaign> = {}): Campaign {
  return {
    ...{ id, name: 'the first quarter', state: 'STAGED', scope: {}, owner: 'corp:ann' },
    ...{ reviewers: [{ kind: 'owner' }], levels: 1, opensAt: 1, dueAt: 2, graceUntil: 3 },
    ...{ reminders: [], noResponse: 'stale', justification: 'high', createdAt: 1, revision: 1 },
    ...changes,
  }
}

function item(id: string, changes: Partial<ReviewItem> = {}): ReviewItem {
  return {
    ...{ id, campaign: 'cmp_1', grant: `grant of ${id}`, content: 'sha256:1', tier: 'high' },
    ...{ assigned: { groups: ['owners'], people: [] }, state: 'UNREVIEWED', decisions: [] },
    ...{ moved: [], revision: 1 },
    ...changes,
  }
}

function said(change: ReviewChange): Entry {
  return entry({ type: 'campaign.changed', time, campaign: 'cmp_1', state: 'ACTIVE' }, change)
}

export function opening(value: Campaign, items: readonly ReviewItem[]): Entry {
  const { id, name, owner, state, levels, noResponse } = value
  const dates = { opensAt: time, dueAt: time, graceUntil: time }
  const opened = { campaign: id, name, owner, by: owner, state, levels, noResponse, ...dates }
  const change = { kind: 'campaign.open', campaign: value, items } as const
  return entry({ type: 'campaign.opened', time, ...opened }, change)
}

function deciding(
  value: ReviewItem,
  also: Partial<Extract<ReviewChange, { kind: 'review.update' }>> = {},
): Entry {
  const expectedRevision = value.revision - 1
  return said({ kind: 'review.update', item: value, expectedRevision, ...also })
}

async function idsOf(
  store: Store,
  query: Partial<Parameters<Store['reviewItems']>[0]> = {},
): Promise<readonly string[]> {
  const found = await store.reviewItems({ campaign: 'cmp_1', limit: 1000, ...query })
  return found.map(({ id }) => id)
}

async function opensWhole({ store }: Home): Promise<void> {
  const other = campaign('cmp_2', { state: 'CLOSED' })
  await store.commit(opening(campaign('cmp_1'), [item('i1'), item('i2')]))
  await store.commit(opening(other, []))
  const size = await store.size()
  const taken = [item('i3', { campaign: 'cmp_3' }), item('i1', { campaign: 'cmp_3' })]
  await assert.rejects(store.commit(opening(campaign('cmp_3'), taken)), Conflict, 'an id is taken')
  await assert.rejects(store.commit(opening(campaign('cmp_1'), [item('i4')])), Conflict)
  assert.equal(await store.campaign('cmp_3'), undefined)
  assert.equal(await store.reviewItem('i3'), undefined)
  assert.equal(await store.reviewItem('i4'), undefined)
  assert.equal(await store.size(), size)
  assert.deepEqual(await store.campaign('cmp_1'), campaign('cmp_1'))
  assert.deepEqual(await store.reviewItem('i1'), item('i1'))
  assert.deepEqual(await store.campaigns({ limit: 9 }), [other, campaign('cmp_1')])
  assert.deepEqual(await store.campaigns({ limit: 9, state: 'CLOSED' }), [other])
  assert.deepEqual(await store.campaigns({ limit: 9, before: 'cmp_2' }), [campaign('cmp_1')])
  assert.deepEqual(await idsOf(store), ['i2', 'i1'])
  assert.deepEqual(await idsOf(store, { before: 'i2' }), ['i1'])
  assert.deepEqual(await idsOf(store, { campaign: 'cmp_2' }), [])
}

async function opensLarge({ store }: Home): Promise<void> {
  const items = Array.from({ length: 3000 }, (_, n) => item(`i${n}`))
  await store.commit(opening(campaign('cmp_1'), items))
  const counts = { ...none, UNREVIEWED: 3000 }
  assert.deepEqual(await store.reviewItemCounts('cmp_1'), counts)
  assert.deepEqual(await store.reviewItemCounts('cmp_2'), none)
  assert.deepEqual(await idsOf(store, { limit: 2 }), ['i2999', 'i2998'])
  await store.commit(deciding(item('i7', { state: 'DECIDED', revision: 2 })))
  assert.deepEqual(await idsOf(store, { state: 'DECIDED' }), ['i7'])
  assert.deepEqual(await store.reviewItemCounts('cmp_1'), {
    ...none,
    ...{ UNREVIEWED: 2999, DECIDED: 1 },
  })
}

const none = {
  ...{ UNREVIEWED: 0, DECIDED: 0, SECOND_LEVEL: 0, APPLIED: 0, VERIFIED: 0 },
  ...{ NO_RESPONSE: 0, VOIDED: 0 },
}

async function oneDecisionWins({ store }: Home): Promise<void> {
  await store.commit(opening(campaign('cmp_1'), [item('i1')]))
  const decisions = Array.from({ length: 100 }, (_, n) =>
    store.commit(deciding(item('i1', { state: 'DECIDED', revision: 2, reopened: `n${n}` }))),
  )
  assert.deepEqual(await tally(decisions), { won: 1, conflicts: 99 })
  assert.equal((await store.reviewItem('i1'))?.reopened, 'n0')
  await assert.rejects(
    store.commit(deciding(item('i9', { revision: 2 }))),
    Conflict,
    'there is none',
  )
  const still = said({
    kind: 'review.update',
    item: item('i1', { revision: 2 }),
    expectedRevision: 2,
  })
  await assert.rejects(store.commit(still), Conflict, 'the revision has to grow')
}

async function decidesWhole({ store }: Home): Promise<void> {
  await store.commit(opening(campaign('cmp_1'), [item('i1', { grant: 'g1' })]))
  const standing = {
    ...{ grant: 'g1', content: 'sha256:1', firstSeenAt: 1, contentSince: 1, revision: 1 },
    endsAt: 5,
  }
  const voided = item('i1', { grant: 'g1', state: 'VOIDED', revision: 2, reopened: 'i2' })
  const reopened = item('i2', { grant: 'g1' })
  assert.deepEqual(await store.openItemsOf('g1'), [item('i1', { grant: 'g1' })])
  for (const half of [
    { standing: { standing, expectedRevision: 1 }, reopened },
    { standing: { standing, expectedRevision: 0 }, reopened: item('i1') },
  ]) {
    await assert.rejects(store.commit(deciding(voided, half)), Conflict)
    assert.equal((await store.reviewItem('i1'))?.revision, 1)
    assert.equal(await store.grantStanding('g1'), undefined)
    assert.equal(await store.reviewItem('i2'), undefined)
  }
  const whole = { standing: { standing, expectedRevision: 0 }, reopened }
  await store.commit(deciding(voided, whole))
  assert.deepEqual(await store.reviewItem('i1'), voided)
  assert.deepEqual(await store.grantStanding('g1'), standing)
  assert.deepEqual(await store.openItemsOf('g1'), [reopened])
  const revoked = { at: 7, by: 'corp:ann', reason: 'left' }
  const gone = { standing: { ...standing, revoked, revision: 2 }, expectedRevision: 1 }
  const applied = { ...reopened, state: 'APPLIED', revision: 2 } as const
  await store.commit(deciding(applied, { standing: gone }))
  const leaves = await store.leavesOfCall('cmp_1')
  assert.deepEqual(
    leaves.map(({ bytes }) => parseLeaf(bytes).type),
    ['campaign.opened', 'campaign.changed', 'campaign.changed'],
  )
  assert.deepEqual(await store.openItemsOf('g1'), [])
  const used = { party: 'corp:sam', grant: 'g1', freshness: 'FRESH' } as const
  const call = { ...intent({ call: 'c1' }), grants: [used] }
  await assert.rejects(store.commit(entry(call)), Conflict, 'revoked by a reviewer')
}

async function updatesWhole({ store }: Home): Promise<void> {
  await store.commit(opening(campaign('cmp_1', { state: 'DRAFT' }), []))
  const added = Array.from({ length: 1001 }, (_, n) => item(`i${n}`))
  const update = (revision: number, also: object = {}) =>
    store.commit(
      said({
        ...{ kind: 'campaign.update', campaign: campaign('cmp_1', { revision }) },
        expectedRevision: revision - 1,
        ...also,
      }),
    )
  await update(2, { added })
  assert.equal((await store.reviewItemCounts('cmp_1')).UNREVIEWED, 1001)
  const lapsed = added.map((one) => {
    const then = { ...one, state: 'NO_RESPONSE', revision: 2 } as const
    return { item: then, expectedRevision: 1 }
  })
  await assert.rejects(update(3, { items: lapsed }), Conflict, 'too many at once')
  const twice = [...lapsed.slice(0, 2), ...lapsed.slice(0, 1)]
  await assert.rejects(update(3, { items: twice }), Conflict, 'one of them twice')
  await update(3, { items: lapsed.slice(0, 1000) })
  const rest = { items: lapsed.slice(999) }
  await assert.rejects(update(4, rest), Conflict, 'one of them changed before')
  assert.equal((await store.campaign('cmp_1'))?.revision, 3)
  const counts = await store.reviewItemCounts('cmp_1')
  assert.deepEqual([counts.UNREVIEWED, counts.NO_RESPONSE], [1, 1000])
  await assert.rejects(update(3), Conflict, 'the campaign changed before')
}

export function hold(id: string, changes: Partial<FunctionHold> = {}): FunctionHold {
  return {
    ...{ function: id, connection: 'crm', state: 'quarantined', why: 'drift' },
    ...{ registered: 'sha256:1', found: 'sha256:2', registeredText: '{}', foundText: '[]' },
    ...{ since: 1, revision: 1 },
    ...changes,
  }
}

export function holding(value: FunctionHold): Entry {
  const { function: fn, connection, why, registered, found, revision } = value
  return entry(
    { type: 'function.quarantined', time, fn, connection, why, registered, found },
    { kind: 'function.hold', hold: value, expectedRevision: revision - 1 },
  )
}

async function holdsOnce({ store }: Home): Promise<void> {
  const holds = Array.from({ length: 20 }, () => store.commit(holding(hold('crm.get'))))
  assert.deepEqual(await tally(holds), { won: 1, conflicts: 19 })
  const { index } = await store.commit(holding(hold('crm.put')))
  const accepted = { by: 'corp:ann', at: 9, note: 'as agreed' }
  const done = hold('crm.get', { state: 'accepted', accepted, revision: 2 })
  await store.commit(holding(done))
  await assert.rejects(store.commit(holding(done)), Conflict)
  assert.deepEqual(await store.functionHold('crm.get'), done)
  assert.equal(await store.functionHold('crm.Get'), undefined)
  const all = await store.functionHolds()
  assert.deepEqual(new Set(all.map(({ function: id }) => id)), new Set(['crm.get', 'crm.put']))
  assert.deepEqual(await store.functionHolds({ changedSince: index + 1 }), [done])
}

async function refusesHeld({ store }: Home): Promise<void> {
  const about = await Promise.allSettled([
    store.commit(entry(intent({ call: 'c1' }))),
    store.commit(holding(hold('crm.get'))),
    store.commit(entry(intent({ call: 'c2' }))),
    store.commit(entry(intent({ call: 'c3' }, 'crm.put'))),
    store.commit(holding(hold('crm.get', { state: 'accepted', revision: 2 }))),
    store.commit(entry(intent({ call: 'c4' }))),
    store.commit(holding(hold('crm.get', { found: 'sha256:3', revision: 3 }))),
    store.commit(entry(intent({ call: 'c5' }))),
  ])
  assert.deepEqual(
    about.map((one) => (one.status === 'fulfilled' ? 'done' : one.reason.about)),
    ['done', 'done', 'function', 'done', 'done', 'done', 'done', 'function'],
  )
  const broken = { ...holding(hold('crm.get', { state: 'accepted', revision: 4 })) }
  const unrecordable = { ...broken, record: { ...broken.record, time: 'soon' } }
  await assert.rejects(store.commit(unrecordable), Unavailable)
  await assert.rejects(store.commit(entry(intent({ call: 'c6' }))), Conflict, 'held as before')
}

async function campaignsStay({ store, reopen }: Home): Promise<void> {
  if (!reopen) return
  await store.commit(opening(campaign('cmp_1'), [item('i1')]))
  await store.commit(holding(hold('crm.get')))
  const again = await reopen()
  assert.deepEqual(await again.campaigns({ limit: 9 }), [campaign('cmp_1')])
  assert.deepEqual(await again.reviewItems({ campaign: 'cmp_1', limit: 9 }), [item('i1')])
  assert.deepEqual(await again.functionHolds(), [hold('crm.get')])
  await assert.rejects(again.commit(entry(intent({ call: 'c1' }))), Conflict)
}
