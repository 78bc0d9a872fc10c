import assert from 'node:assert/strict'
import type { GrantStanding } from '../model/certification.ts'
import { entry, time } from './conformance-entries.ts'
import {
  counting,
  type Home,
  outcomes,
  type Promised,
  restating,
  revoked,
  seeing,
  standing,
} from './conformance-grants.ts'
import type { Entry } from './store.ts'

/** The part of the suite about what a review has left of a grant, under whatever id. */
export const boundPromises: readonly Promised[] = [
  ['an intent judged by a grant before it was narrowed or ended is a conflict', refusesBounded],
  ['a grant under another id stands where the one stood that it was', seesRenamed],
]

async function seesRenamed({ store }: Home): Promise<void> {
  const named = (grant: string, shape: string) => ({ grant, shape, content: `of ${grant}` })
  const content = 'of g1'
  await store.commit(seeing('sha256:a', [named('g1', 's1'), named('g2', 's2')], 5))
  await store.commit(restating(bound(2, ['a'], 99, { content, revoked })))
  const left = { first: standing('h1', { content: 'of h1', contentSince: 9 }), second: 'h2' }
  await store.commit(
    seeing('sha256:b', [named('h1', 's1'), named(left.second, 's2'), named('h3', 's1')], 9),
  )
  const { certification, endsAt } = bound(2, ['a'], 99)
  const whole = { ...left.first, certification: { ...certification, content }, endsAt, revoked }
  assert.deepEqual(await store.grantStanding('h1'), whole)
  assert.deepEqual(
    await store.grantStanding('h2'),
    standing('h2', { content: 'of h2', contentSince: 9 }),
    'trusted no longer than it was',
  )
  assert.deepEqual(
    await outcomes([
      store.commit(entry(counting('c1', { 'corp:sam': 'h1' }))),
      store.commit(entry(counting('c2', { 'corp:sam': 'h3' }))),
      store.commit(entry(counting('c3', { 'corp:sam': 'h2' }))),
    ]),
    ['grant', 'grant', 'done'],
  )
  // Beside the one that it looks like, it is a grant of its own.
  await store.commit(seeing('sha256:c', [named('h2', 's2'), named('h4', 's2')], 20))
  const own = standing('h4', { content: 'of h4', firstSeenAt: 20, contentSince: 20 })
  assert.deepEqual((await store.grantStanding('h4'))?.revoked, own.revoked)
  assert.deepEqual(await store.grantStanding('h1'), whole, 'what is gone stays as it was')
}

function bound(
  revision: number,
  when: readonly string[],
  endsAt?: number,
  also: Partial<GrantStanding> = {},
): GrantStanding {
  const certification: GrantStanding['certification'] = {
    ...{ id: 'c', content: 'sha256:1', decision: 'narrow', by: ['corp:ann'], reason: 'used' },
    ...{ when, at: 21, validUntil: 99 },
  }
  const { content = certification.content } = also
  const ends = endsAt === undefined ? {} : { endsAt }
  return standing('g1', {
    revision,
    certification: { ...certification, content },
    ...ends,
    ...also,
  })
}

async function refusesBounded({ store, reopen }: Home): Promise<void> {
  const call = (id: string, when?: readonly string[]): Entry => ({
    ...entry(counting(id, { 'corp:sam': 'g1' })),
    ...(when && { narrowed: [{ grant: 'g1', when }] }),
  })
  const [end, now] = [Date.parse(time) + 1, Date.parse(time)]
  const settled = await outcomes([
    store.commit(restating(bound(1, []))),
    store.commit(call('c1')),
    store.commit(restating(bound(2, ['a', 'b']))),
    store.commit(call('c2')),
    store.commit(call('c3', ['a'])),
    store.commit(call('c4', ['a', 'b'])),
    store.commit(entry(counting('c5', { 'corp:sam': 'g2' }))),
    store.commit(restating(bound(3, []))),
    store.commit(call('c6', ['a', 'b'])),
    store.commit(call('c7')),
    store.commit(restating(bound(4, [], end))),
    store.commit(call('c8')),
    store.commit(restating(bound(5, ['a'], now))),
    store.commit(call('c9', ['a'])),
    store.commit(restating(bound(6, ['a'], end))),
  ])
  assert.deepEqual(settled, [
    ...['done', 'done', 'done', 'grant', 'grant', 'done', 'done'],
    ...['done', 'done', 'done', 'done', 'done', 'done', 'grant', 'done'],
  ])
  const again = reopen ? await reopen() : store
  const after = [again.commit(call('d1')), again.commit(call('d2', ['a']))]
  assert.deepEqual(await outcomes(after), ['grant', 'done'])
}
