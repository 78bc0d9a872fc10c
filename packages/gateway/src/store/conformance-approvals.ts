import assert from 'node:assert/strict'
import type { RecordDraft } from '@sallyport/evidence/record'
import type { Approval } from '../model/approval.ts'
import type { BreakGlass } from '../model/break-glass.ts'
import type { Clearance } from '../model/clearance.ts'
import type { Delegation } from '../model/delegation.ts'
import { approval, clearance, entry, glass, opening, tally, time } from './conformance-entries.ts'
import { type Change, Conflict, type Entry, type Store } from './store.ts'

type Home = { readonly store: Store; readonly reopen?: () => Promise<Store> }
type Promised = readonly [string, (home: Home) => Promise<void>]

/** The part of the suite about what comes of a question: clearances, emergencies, delegations. */
export const approvalPromises: readonly Promised[] = [
  ['an approval and what came of it are there together, or neither is', approvesWhole],
  ['the newest denial of a question is found', findsDenials],
  ['of 100 claims from one revision, one wins', oneClaimWins],
  ['clearances are listed, and those that stand are found', listsClearances],
  ['a glass is broken once, with its clearance, and reviewed once', breaksGlass],
  ['of glasses that are broken with one look at the past, one is', breaksOneGlass],
  ['a person is stood in for by one other at a time', delegatesOnce],
  ['clearances, glasses and delegations are there after a reopen', staysThere],
]

function deciding(
  value: Approval,
  also: Partial<Extract<Change, { kind: 'approval.update' }>>,
): Entry {
  const { id, state, revision } = value
  return entry(
    { type: 'approval.closed', time, approval: id, state },
    { kind: 'approval.update', approval: value, expectedRevision: revision - 1, ...also },
  )
}

function claiming(value: Clearance): Entry {
  const record: RecordDraft = {
    ...{ type: 'clearance.claimed', time, clearance: value.id, approval: 'apr_1' },
    ...{ call: 'c', digest: 'digest', use: value.uses },
  }
  const expectedRevision = value.revision - 1
  return entry(record, { kind: 'clearance.update', clearance: value, expectedRevision })
}

/** Opens a question and has it approved; of this clearance. */
async function clear(store: Store, value: Clearance): Promise<void> {
  const asked = approval(`apr_of_${value.id}`)
  await store.commit(opening(asked))
  await store.commit(
    deciding(
      { ...asked, state: 'APPROVED', revision: 2, clearance: value.id },
      { clearance: value },
    ),
  )
}

async function approvesWhole({ store }: Home): Promise<void> {
  await store.commit(opening(approval('apr_1')))
  await store.commit(opening(approval('apr_2')))
  const approved = (id: string) => approval(id, { state: 'APPROVED', revision: 2 })
  const first = clearance('clr_1')
  await store.commit(deciding(approved('apr_1'), { clearance: first }))
  assert.deepEqual(await store.approval('apr_1'), approved('apr_1'))
  assert.deepEqual(await store.clearance('clr_1'), first)
  const size = await store.size()
  const taken = deciding(approved('apr_2'), { clearance: clearance('clr_1', { usesMax: 9 }) })
  await assert.rejects(store.commit(taken), Conflict, 'the id of the clearance is taken')
  const again = deciding(approval('apr_1', { revision: 2 }), { clearance: clearance('clr_2') })
  await assert.rejects(store.commit(again), Conflict, 'the approval is no longer as it was')
  const half = {
    ...{ clearance: clearance('clr_3'), breakGlass: glass('bgl_1'), expectedNewest: 'bgl_1' },
  }
  await store.commit(shattering(glass('bgl_1'), clearance('clr_glass')))
  await assert.rejects(store.commit(deciding(approved('apr_2'), half)), Conflict, 'so is the glass')
  assert.deepEqual(await store.approval('apr_2'), approval('apr_2'))
  assert.deepEqual(await store.clearance('clr_1'), first)
  assert.equal(await store.clearance('clr_2'), undefined)
  assert.equal(await store.clearance('clr_3'), undefined)
  assert.equal(await store.size(), size + 1)
}

async function findsDenials({ store }: Home): Promise<void> {
  const digest = 'the same question'
  assert.equal(await store.deniedApproval(digest), undefined)
  for (const [id, state] of [
    ['apr_1', 'DENIED'],
    ['apr_2', 'DENIED'],
    ['apr_3', 'EXPIRED'],
  ] as const) {
    await store.commit(opening(approval(id, { digest })))
    await store.commit(deciding(approval(id, { digest, state, revision: 2 }), {}))
  }
  assert.equal((await store.deniedApproval(digest))?.id, 'apr_2')
  assert.equal(await store.deniedApproval('another question'), undefined)
}

async function oneClaimWins({ store }: Home): Promise<void> {
  await clear(store, clearance('clr_1', { kind: 'call', usesMax: 1 }))
  const claims = Array.from({ length: 100 }, (_, n) =>
    store.commit(
      claiming(
        clearance('clr_1', {
          ...{ kind: 'call', usesMax: 1, state: 'IN_USE', revision: 2, uses: 1 },
          open: [{ call: `c${n}`, instance: 'gw' }],
        }),
      ),
    ),
  )
  assert.deepEqual(await tally(claims), { won: 1, conflicts: 99 })
  const stored = await store.clearance('clr_1')
  assert.deepEqual([stored?.state, stored?.open], ['IN_USE', [{ call: 'c0', instance: 'gw' }]])
  const standing = entry(claiming(clearance('clr_1', { revision: 2 })).record, {
    ...{ kind: 'clearance.update', clearance: clearance('clr_1', { revision: 2 }) },
    expectedRevision: 2,
  })
  await assert.rejects(store.commit(standing), Conflict, 'the revision has to grow')
  await assert.rejects(store.commit(claiming(clearance('clr_none', { revision: 2 }))), Conflict)
}

async function listsClearances({ store }: Home): Promise<void> {
  const all: readonly Clearance[] = [
    clearance('clr_1'),
    clearance('clr_2', { kind: 'call' }),
    clearance('clr_3', { kind: 'session', state: 'ISSUED', subject: 'corp:Sam' }),
    clearance('clr_4', { kind: 'session', state: 'IN_USE' }),
    clearance('clr_5', { state: 'CONSUMED' }),
    clearance('clr_6', { kind: 'break-glass' }),
  ]
  for (const one of all) await clear(store, one)
  const ids = (found: readonly Clearance[]) => found.map(({ id }) => id)
  const listed = async (query: Parameters<Store['clearances']>[0]) =>
    ids(await store.clearances(query))
  assert.deepEqual(ids(await store.standingClearances('corp:sam')), ['clr_6', 'clr_4', 'clr_1'])
  assert.deepEqual(ids(await store.standingClearances('corp:Sam')), ['clr_3'])
  assert.deepEqual(await listed({ limit: 3 }), ['clr_6', 'clr_5', 'clr_4'])
  assert.deepEqual(await listed({ limit: 2, before: 'clr_4' }), ['clr_3', 'clr_2'])
  assert.deepEqual(await listed({ limit: 9, before: 'clr_none' }), [])
  assert.deepEqual(await listed({ limit: 9, state: 'CONSUMED' }), ['clr_5'])
  const sams = { subject: 'corp:sam', state: 'ACTIVE' } as const
  assert.deepEqual(await listed({ limit: 9, ...sams }), ['clr_6', 'clr_2', 'clr_1'])
  assert.deepEqual(await listed({ limit: 9, ...sams, before: 'clr_6' }), ['clr_2', 'clr_1'])
  await store.commit(claiming(clearance('clr_1', { revision: 2, state: 'REVOKED' })))
  assert.deepEqual(ids(await store.standingClearances('corp:sam')), ['clr_6', 'clr_4'])
}

function shattering(value: BreakGlass, of: Clearance, expectedNewest?: string): Entry {
  const record: RecordDraft = {
    ...{ type: 'break-glass.opened', time, glass: value.id, by: value.by, reason: value.reason },
    ...{ incident: value.incident, functions: value.functions, clearance: of.id, uses: 1 },
    ...{ acr: 'high', amr: ['hwk'], signedIn: time, expires: time, reviewBy: time },
  }
  return entry(record, {
    ...{ kind: 'break-glass.open', breakGlass: value, clearance: of, expectedNewest },
  })
}

async function breaksGlass({ store }: Home): Promise<void> {
  const first = glass('bgl_1')
  const of = clearance('clr_glass', { kind: 'break-glass', breakGlass: 'bgl_1' })
  await store.commit(shattering(first, of))
  assert.deepEqual(await store.breakGlass('bgl_1'), first)
  assert.deepEqual(await store.clearance('clr_glass'), of)
  const taken = shattering(glass('bgl_1'), clearance('clr_2'), 'bgl_1')
  await assert.rejects(store.commit(taken), Conflict, 'the id is taken')
  await assert.rejects(
    store.commit(shattering(glass('bgl_2'), of, 'bgl_1')),
    Conflict,
    'the clearance is',
  )
  assert.equal(await store.clearance('clr_2'), undefined)
  assert.equal(await store.breakGlass('bgl_2'), undefined)
  await store.commit(shattering(glass('bgl_3', { by: 'corp:Ann' }), clearance('clr_3'), 'bgl_1'))
  const review = { by: 'corp:kim', verdict: 'justified', notes: 'it did', at: 5 } as const
  const reviews = Array.from({ length: 20 }, () =>
    store.commit(
      entry(
        {
          type: 'break-glass.reviewed',
          time,
          glass: 'bgl_1',
          by: 'corp:kim',
          verdict: 'justified',
        },
        {
          kind: 'break-glass.update',
          breakGlass: { ...first, revision: 2, review },
          expectedRevision: 1,
        },
      ),
    ),
  )
  assert.deepEqual(await tally(reviews), { won: 1, conflicts: 19 })
  const listed = async (query: Parameters<Store['breakGlasses']>[0]) =>
    (await store.breakGlasses(query)).map(({ id, review: said }) => [id, said?.verdict])
  assert.deepEqual(await listed({ limit: 9 }), [
    ['bgl_3', undefined],
    ['bgl_1', 'justified'],
  ])
  assert.deepEqual(await listed({ limit: 9, by: 'corp:ann' }), [['bgl_1', 'justified']])
  assert.deepEqual(await listed({ limit: 9, before: 'bgl_3' }), [['bgl_1', 'justified']])
}

async function breaksOneGlass({ store }: Home): Promise<void> {
  const race = (from: string, expectedNewest?: string) =>
    Array.from({ length: 10 }, (_, n) => {
      const id = `bgl_${from}${n}`
      return store.commit(shattering(glass(id), clearance(`clr_${from}${n}`), expectedNewest))
    })
  assert.deepEqual(await tally(race('a')), { won: 1, conflicts: 9 })
  assert.deepEqual(await tally(race('c', 'bgl_a0')), { won: 1, conflicts: 9 })
  const asked = approval('apr_1')
  await store.commit(opening(asked))
  const bypass = (expectedNewest: string) =>
    deciding(approval('apr_1', { state: 'BYPASSED', revision: 2 }), {
      ...{ clearance: clearance('clr_d'), breakGlass: glass('bgl_d'), expectedNewest },
    })
  await assert.rejects(store.commit(bypass('bgl_a0')), Conflict, 'another is newer')
  await store.commit(bypass('bgl_c0'))
  const ids = (await store.breakGlasses({ limit: 9 })).map(({ id }) => id)
  assert.deepEqual(ids, ['bgl_d', 'bgl_c0', 'bgl_a0'])
}

function delegation(id: string, changes: Partial<Delegation> = {}): Delegation {
  return {
    ...{ id, from: 'corp:ann', to: 'corp:kim', groups: ['approvers'], reason: 'away' },
    ...{ createdAt: 10, until: 20 },
    ...changes,
  }
}

function delegating(value: Delegation): Entry {
  const { id, from, to, groups } = value
  return entry(
    { type: 'delegation.made', time, delegation: id, from, to, groups, until: time, by: from },
    { kind: 'delegation.make', delegation: value },
  )
}

function endingOf(id: string, at: number): Entry {
  return entry(
    { type: 'delegation.ended', time, delegation: id, by: 'corp:ann' },
    { kind: 'delegation.end', id, at },
  )
}

async function delegatesOnce({ store }: Home): Promise<void> {
  const all = Array.from({ length: 20 }, (_, n) => store.commit(delegating(delegation(`dlg_${n}`))))
  assert.deepEqual(await tally(all), { won: 1, conflicts: 19 })
  assert.deepEqual(await store.delegations({ at: 10 }), [delegation('dlg_0')])
  assert.deepEqual(await store.delegations({ at: 20 }), [], 'its time is over')
  const other = delegation('dlg_kim', { from: 'corp:kim', to: 'corp:ann' })
  await store.commit(delegating(other))
  await assert.rejects(
    store.commit(delegating(delegation('dlg_kim', { from: 'corp:eve' }))),
    Conflict,
    'the id is taken',
  )
  assert.deepEqual(await store.delegations({ at: 10, from: 'corp:kim' }), [other])
  assert.deepEqual(await store.delegations({ at: 10, to: 'corp:kim' }), [delegation('dlg_0')])
  assert.deepEqual(await store.delegations({ at: 10, from: 'corp:kim', to: 'corp:kim' }), [])
  await assert.rejects(store.commit(endingOf('dlg_none', 12)), Conflict)
  const endings = Array.from({ length: 20 }, () => store.commit(endingOf('dlg_0', 12)))
  assert.deepEqual(await tally(endings), { won: 1, conflicts: 19 })
  const ended = { ...delegation('dlg_0'), endedAt: 12 }
  assert.deepEqual(await store.delegations({ at: 11, from: 'corp:ann' }), [ended])
  assert.deepEqual(await store.delegations({ at: 12, from: 'corp:ann' }), [])
  await store.commit(delegating(delegation('dlg_next', { createdAt: 12 })))
  await store.commit(delegating(delegation('dlg_later', { createdAt: 20, until: 30 })))
  await assert.rejects(store.commit(endingOf('dlg_next', 20)), Conflict, 'it was over by itself')
}

async function staysThere({ store, reopen }: Home): Promise<void> {
  if (!reopen) return
  await clear(store, clearance('clr_1'))
  const of = clearance('clr_glass', { kind: 'break-glass' })
  await store.commit(shattering(glass('bgl_1'), of))
  await store.commit(delegating(delegation('dlg_1')))
  const again = await reopen()
  assert.deepEqual(await again.standingClearances('corp:sam'), [of, clearance('clr_1')])
  assert.deepEqual(await again.breakGlasses({ limit: 9 }), [glass('bgl_1')])
  assert.deepEqual(await again.delegations({ at: 10 }), [delegation('dlg_1')])
}
