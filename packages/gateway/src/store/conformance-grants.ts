import assert from 'node:assert/strict'
import type { RecordDraft } from '@sallyport/evidence/record'
import type { GrantStanding } from '../model/certification.ts'
import type { DutyMark } from '../model/duty.ts'
import type { TimedGrant } from '../model/timed-grant.ts'
import { entry, intent, tally, time } from './conformance-entries.ts'
import type { GrantSeen, GrantUse } from './reviews.ts'
import { Conflict, type Entry, type Store } from './store.ts'

export type Home = { readonly store: Store; readonly reopen?: () => Promise<Store> }
export type Promised = readonly [string, (home: Home) => Promise<void>]

/** The part of the suite about grants: where each stands, how they are used, and what no intent may count on. */
export const grantPromises: readonly Promised[] = [
  ['a rulebook shows its grants once, and again where their content is another', seesGrants],
  ['a rulebook of 2,000 grants is seen as a whole', seesMany],
  ['of 100 updates of a standing from one revision, one wins', oneStandingWins],
  ['a standing that changed since is found again, and no other', findsChanges],
  ['an intent that counts on a revoked grant is a conflict about the grant', refusesRevoked],
  ['a timed grant is updated from its revision, and found by state, party and end', updatesTimed],
  ['an intent that counts on a revoked timed grant is a conflict', refusesTimed],
  ['the use of grants is counted by party, function and day, of intents only', countsUse],
  ['of 100 intents on both sides of a duty, those of one side are there', oneSideWins],
  ['a mark counts for its rule, object, person and time only', marksCount],
  ['an entry that is refused leaves no mark and no use', leavesNoMark],
  ['standings, uses, marks and timed grants are there after a reopen', grantsStay],
]

export function seeing(digest: string, grants: readonly GrantSeen[], at: number): Entry {
  return entry(
    { type: 'rulebook.activated', time, digest, previous: 'none', by: 'corp:sam' },
    { kind: 'rulebook.put', digest, content: `content of ${digest}`, seen: { grants, at } },
  )
}

export function standing(grant: string, changes: Partial<GrantStanding> = {}): GrantStanding {
  const dates = { firstSeenAt: 5, contentSince: 5 }
  return { grant, content: 'sha256:1', ...dates, revision: 1, ...changes }
}

export function restating(value: GrantStanding): Entry {
  const { grant, revision } = value
  return entry(
    { type: 'grant.revoked', time, grant, by: 'corp:ann', reason: 'left' },
    { kind: 'grant.update', standing: value, expectedRevision: revision - 1 },
  )
}

export const revoked = { at: 7, by: 'corp:ann', reason: 'left' }

/** An intent of `corp:sam` on behalf of `corp:boss` that counts on these grants. */
export function counting(
  call: string,
  grants: Readonly<Record<string, string>>,
  also: { readonly at?: string; readonly fn?: string } = {},
): RecordDraft {
  const used = Object.entries(grants).map(([party, grant]) => {
    return { party, grant, freshness: 'FRESH' as const }
  })
  const record = intent({ call }, also.fn)
  if (record.type !== 'call.authorized') throw new Error('an intent is one')
  return { ...record, grants: used, ...(also.at !== undefined && { time: also.at }) }
}

async function standingsOf(store: Store, changedSince?: number): Promise<readonly GrantStanding[]> {
  const { standings } = await store.grantStandings(
    changedSince === undefined ? {} : { changedSince },
  )
  return standings.toSorted((a, b) => (a.grant < b.grant ? -1 : 1))
}

async function seesGrants({ store }: Home): Promise<void> {
  const one = { grant: 'g1', content: 'sha256:1' }
  await store.commit(seeing('sha256:a', [one, { grant: 'g2', content: 'sha256:2' }], 5))
  const second = standing('g2', { content: 'sha256:2' })
  assert.deepEqual(await standingsOf(store), [standing('g1'), second])
  await store.commit(seeing('sha256:b', [one, { grant: 'g2', content: 'sha256:3' }], 9))
  const other = { ...second, content: 'sha256:3', contentSince: 9, revision: 2 }
  assert.deepEqual(await standingsOf(store), [standing('g1'), other])
  await store.commit(seeing('sha256:b', [one, { grant: 'g2', content: 'sha256:3' }], 12))
  assert.deepEqual(await standingsOf(store), [standing('g1'), other], 'said again')
  await store.commit(seeing('sha256:c', [], 15))
  assert.deepEqual(await standingsOf(store), [standing('g1'), other], 'never forgotten')
  await store.commit(restating(standing('g1', { revision: 2, revoked })))
  await store.commit(seeing('sha256:d', [{ grant: 'g1', content: 'sha256:4' }], 20))
  assert.deepEqual(
    await store.grantStanding('g1'),
    standing('g1', { revision: 3, revoked, content: 'sha256:4', contentSince: 20 }),
    'a new text does not restore it',
  )
  assert.equal(await store.grantStanding('G1'), undefined)
  const certification: GrantStanding['certification'] = {
    ...{ id: 'c', content: 'sha256:4', decision: 'keep', by: ['corp:ann'], reason: 'used' },
    ...{ when: [], at: 21, validUntil: 99 },
  }
  const certified = { content: 'sha256:4', contentSince: 20, certification }
  await store.commit(restating(standing('g1', { revision: 4, ...certified })))
  for (const [content, at, since] of [
    ['sha256:5', 25, 25],
    ['sha256:6', 30, 25],
    ['sha256:4', 35, 25],
    ['sha256:5', 40, 40],
  ] as const) {
    await store.commit(seeing(`sha256:at-${at}`, [{ grant: 'g1', content }], at))
    const found = await store.grantStanding('g1')
    assert.equal(found?.contentSince, since, 'not what was certified since its first change')
  }
}

async function seesMany({ store }: Home): Promise<void> {
  const grants = Array.from({ length: 2000 }, (_, n) => {
    return { grant: `g${n}`, content: `sha256:${n}` }
  })
  await store.commit(seeing('sha256:a', grants, 5))
  const { standings } = await store.grantStandings({})
  assert.deepEqual(
    new Set(standings.map(({ grant, content }) => `${grant} ${content}`)),
    new Set(grants.map(({ grant, content }) => `${grant} ${content}`)),
  )
}

async function oneStandingWins({ store }: Home): Promise<void> {
  await store.commit(restating(standing('g1')))
  await assert.rejects(store.commit(restating(standing('g1'))), Conflict, 'there is one')
  const updates = Array.from({ length: 100 }, (_, n) =>
    store.commit(restating(standing('g1', { revision: 2, endsAt: n }))),
  )
  assert.deepEqual(await tally(updates), { won: 1, conflicts: 99 })
  assert.deepEqual(await store.grantStanding('g1'), standing('g1', { revision: 2, endsAt: 0 }))
  const absent = restating(standing('g2', { revision: 2 }))
  await assert.rejects(store.commit(absent), Conflict, 'there is none')
  const still = standing('g1', { revision: 2 })
  const same = entry(absent.record, { kind: 'grant.update', standing: still, expectedRevision: 2 })
  await assert.rejects(store.commit(same), Conflict, 'the revision has to grow')
}

async function findsChanges({ store }: Home): Promise<void> {
  await store.commit(restating(standing('g1')))
  const { upTo, standings } = await store.grantStandings({})
  assert.deepEqual([upTo, standings.length], [await store.size(), 1])
  assert.deepEqual(await store.grantStandings({ changedSince: upTo }), { standings: [], upTo })
  await store.commit(entry(intent({ call: 'c1' })))
  await store.commit(restating(standing('g2')))
  assert.deepEqual(await standingsOf(store, upTo), [standing('g2')])
  await store.commit(seeing('sha256:a', [{ grant: 'g1', content: 'sha256:9' }], 9))
  assert.deepEqual(
    (await standingsOf(store, upTo)).map(({ grant }) => grant),
    ['g1', 'g2'],
  )
}

/** `done`, or what it is a conflict about. */
export async function outcomes(entries: readonly Promise<unknown>[]): Promise<readonly unknown[]> {
  const settled = await Promise.allSettled(entries)
  return settled.map((one) => {
    if (one.status === 'fulfilled') return 'done'
    return one.reason instanceof Conflict ? one.reason.about : one.reason
  })
}

async function refusesRevoked({ store }: Home): Promise<void> {
  await store.commit(restating(standing('g1')))
  const settled = await outcomes([
    store.commit(entry(counting('c1', { 'corp:sam': 'g1' }))),
    store.commit(restating(standing('g1', { revision: 2, revoked }))),
    store.commit(entry(counting('c2', { 'corp:boss': 'g2', 'corp:sam': 'g1' }))),
    store.commit(entry(counting('c3', { 'corp:sam': 'g2' }))),
    store.commit(entry(counting('c4', { 'corp:sam': 'G1' }))),
    store.commit(restating(standing('g1', { revision: 3, revoked, endsAt: 9 }))),
    store.commit(entry(counting('c5', { 'corp:sam': 'g1' }))),
    store.commit(restating(standing('g1', { revision: 4 }))),
    store.commit(entry(counting('c6', { 'corp:sam': 'g1' }))),
  ])
  assert.deepEqual(settled, [
    ...['done', 'done', 'grant', 'done', 'done'],
    ...['done', 'grant', 'done', 'done'],
  ])
}

export function timed(id: string, changes: Partial<TimedGrant> = {}): TimedGrant {
  return {
    ...{ id, party: 'corp:sam', functions: ['crm.get'], when: [], from: 1, endsAt: 50 },
    ...{ reason: 'the audit', askedBy: 'corp:sam', excluded: ['corp:sam'], steps: [] },
    ...{ reasonChars: 1, votes: [], decideBy: 20, by: [], state: 'asked' },
    ...{ createdAt: 1, revision: 1 },
    ...changes,
  }
}

export function giving(value: TimedGrant): Entry {
  return entry(
    { type: 'timed.revoked', time, timed: value.id, by: 'corp:ann', reason: 'over' },
    { kind: 'timed.update', timed: value, expectedRevision: value.revision - 1 },
  )
}

async function updatesTimed({ store }: Home): Promise<void> {
  const first = await store.commit(giving(timed('t1')))
  await store.commit(giving(timed('t2', { party: 'corp:kim', endsAt: 90 })))
  await assert.rejects(store.commit(giving(timed('t1'))), Conflict, 'there is one')
  const gifts = Array.from({ length: 20 }, (_, n) =>
    store.commit(giving(timed('t1', { state: 'given', revision: 2, by: [`corp:${n}`] }))),
  )
  assert.deepEqual(await tally(gifts), { won: 1, conflicts: 19 })
  const given = timed('t1', { state: 'given', revision: 2, by: ['corp:0'] })
  assert.deepEqual(await store.timedGrant('t1'), given)
  const ids = async (query: Parameters<Store['timedGrants']>[0]) =>
    (await store.timedGrants(query)).map(({ id }) => id)
  assert.deepEqual(await ids({}), ['t2', 't1'])
  assert.deepEqual(await ids({ state: 'given' }), ['t1'])
  assert.deepEqual(await ids({ party: 'corp:kim' }), ['t2'])
  assert.deepEqual(await ids({ endsAfter: 50 }), ['t2'])
  assert.deepEqual(await ids({ changedSince: first.index + 2 }), ['t1'])
}

async function refusesTimed({ store }: Home): Promise<void> {
  await store.commit(giving(timed('t1', { state: 'given' })))
  const settled = await outcomes([
    store.commit(entry(counting('c1', { 'corp:sam': 't1' }))),
    store.commit(giving(timed('t1', { state: 'revoked', revision: 2 }))),
    store.commit(entry(counting('c2', { 'corp:sam': 't1' }))),
    store.commit(entry(counting('c3', { 'corp:sam': 't2' }))),
  ])
  assert.deepEqual(settled, ['done', 'done', 'grant', 'done'])
}

async function usesOf(
  store: Store,
  query: Parameters<Store['grantUse']>[0],
): Promise<readonly (readonly [string, string, string, number, number])[]> {
  const key = ({ grant, party, function: fn, day }: GrantUse) => `${grant} ${party} ${fn} ${day}`
  return (await store.grantUse(query))
    .toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
    .map(({ grant, party, function: fn, day, calls }) => [grant, party, fn, day, calls])
}

async function countsUse({ store }: Home): Promise<void> {
  const early = '1970-01-02T23:59:59.999Z'
  const late = '1970-01-03T00:00:00.000Z'
  const both = { 'corp:boss': 'g1', 'corp:sam': 'g2' }
  await Promise.all([
    store.commit(entry(counting('c1', both, { at: early }))),
    store.commit(entry(counting('c2', both, { at: early }))),
    store.commit(entry(counting('c3', both, { at: late }))),
    store.commit(entry(counting('c4', { 'corp:sam': 'g2' }, { at: early, fn: 'crm.put' }))),
  ])
  await store.commit(entry(counting('c5', both, { at: early })))
  const denial = {
    type: 'call.denied',
    code: 'policy-denied',
    stage: 'accepted',
    call: 'c6',
    time,
  } as const
  const grants = [{ party: 'corp:sam', grant: 'g2', freshness: 'LAPSED' }] as const
  await store.commit(entry({ ...denial, grants }))
  const boss = ['g1', 'corp:boss', 'crm.get'] as const
  assert.deepEqual(await usesOf(store, { grants: ['g1', 'g3'] }), [
    [...boss, 1, 3],
    [...boss, 2, 1],
  ])
  const sam = ['g2', 'corp:sam'] as const
  assert.deepEqual(await usesOf(store, {}), [
    [...boss, 1, 3],
    [...boss, 2, 1],
    [...sam, 'crm.get', 1, 3],
    [...sam, 'crm.get', 2, 1],
    [...sam, 'crm.put', 1, 1],
  ])
  assert.deepEqual(await usesOf(store, { since: 2 }), [
    [...boss, 2, 1],
    [...sam, 'crm.get', 2, 1],
  ])
  assert.deepEqual(await usesOf(store, { grants: [] }), [])
  const [last] = await store.grantUse({ grants: ['g1'], since: 2 })
  assert.equal(last?.lastAt, Date.parse(late))
}

export function mark(changes: Partial<DutyMark> = {}): DutyMark {
  return {
    ...{ rule: 'vendors', side: 'left', object: 'o1', person: 'corp:sam', at: 100, since: 50 },
    ...changes,
  }
}

export function dutiful(call: string, duties: Partial<NonNullable<Entry['duties']>>): Entry {
  return { ...entry(intent({ call })), duties: { marks: [], bars: [], ...duties } }
}

async function oneSideWins({ store }: Home): Promise<void> {
  const sides = ['left', 'right'] as const
  const intents = Array.from({ length: 100 }, (_, n) => {
    const [side, other] = n % 2 === 0 ? sides : sides.toReversed()
    const duties = {
      marks: [mark({ ...(side && { side }) })],
      bars: [mark({ ...(other && { side: other }) })],
    }
    return store.commit(dutiful(`c${n}`, duties))
  })
  const about = await outcomes(intents)
  assert.deepEqual(
    about,
    about.map((_, n) => (n % 2 === 0 ? 'done' : 'duty')),
  )
}

async function marksCount({ store }: Home): Promise<void> {
  await store.commit(
    dutiful('c1', { marks: [mark(), mark({ person: 'corp:kim', at: 40, since: 0 })] }),
  )
  const rows: readonly (readonly [Partial<DutyMark>, boolean])[] = [
    [{}, true],
    [{ at: 0 }, true],
    [{ since: 100 }, true],
    [{ since: 101 }, false],
    [{ side: 'right' }, false],
    [{ rule: 'payments' }, false],
    [{ object: 'o2' }, false],
    [{ person: 'corp:boss' }, false],
    [{ person: 'corp:kim', since: 40 }, true],
    [{ person: 'corp:kim' }, false],
  ]
  const bars = rows.map(([changes]) => mark(changes))
  assert.deepEqual(
    await store.dutiesMarked(bars),
    bars.filter((_, at) => rows[at]?.[1]),
  )
  const settled = await outcomes(
    bars.map((bar, n) => store.commit(dutiful(`d${n}`, { bars: [bar] }))),
  )
  assert.deepEqual(
    settled,
    rows.map(([, isMarked]) => (isMarked ? 'duty' : 'done')),
  )
  assert.deepEqual(await store.dutiesMarked([]), [])
  await store.commit(dutiful('c2', { marks: [mark({ person: 'corp:eve', at: 200, since: 60 })] }))
  const old = mark({ person: 'corp:kim', since: 0 })
  assert.deepEqual(await store.dutiesMarked([old]), [], 'what counts no more is forgotten')
  await store.commit(dutiful('c3', { marks: [mark({ at: 70, since: 0 })] }))
  assert.deepEqual(await store.dutiesMarked([mark({ since: 90 })]), [mark({ since: 90 })])
}

async function leavesNoMark({ store }: Home): Promise<void> {
  await store.commit(restating(standing('g1', { revoked })))
  const duties = { marks: [mark()], bars: [] }
  const refused = { ...entry(counting('c1', { 'corp:sam': 'g1' })), duties }
  await assert.rejects(store.commit(refused), Conflict)
  const twice = { kind: 'grant.update', standing: standing('g1'), expectedRevision: 0 } as const
  const stale = { ...entry(counting('c2', { 'corp:sam': 'g2' }), twice), duties }
  await assert.rejects(store.commit(stale), Conflict)
  assert.deepEqual(await store.dutiesMarked([mark()]), [])
  assert.deepEqual(await store.grantUse({}), [])
}

async function grantsStay({ store, reopen }: Home): Promise<void> {
  if (!reopen) return
  await store.commit(restating(standing('g1', { revoked, endsAt: 9 })))
  await store.commit(giving(timed('t1', { state: 'revoked' })))
  const use = entry(counting('c1', { 'corp:sam': 'g2' }))
  await store.commit({ ...use, duties: { marks: [mark()], bars: [] } })
  const uses = await store.grantUse({})
  const again = await reopen()
  assert.deepEqual(await standingsOf(again), [standing('g1', { revoked, endsAt: 9 })])
  assert.deepEqual(await again.timedGrants({}), [timed('t1', { state: 'revoked' })])
  assert.deepEqual([uses.length, await again.grantUse({})], [1, uses])
  const settled = await outcomes([
    again.commit(entry(counting('c2', { 'corp:sam': 'g1' }))),
    again.commit(entry(counting('c3', { 'corp:sam': 't1' }))),
    again.commit(dutiful('c4', { bars: [mark()] })),
  ])
  assert.deepEqual(settled, ['grant', 'grant', 'duty'])
}
