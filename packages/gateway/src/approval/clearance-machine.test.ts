import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Clearance, ClearanceState } from '../model/clearance.ts'
import {
  type ClearanceEvent,
  type ClearanceStep,
  clearanceAsOf,
  stepClearance,
} from './clearance-machine.ts'

const now = 100

const active: Clearance = {
  id: 'clr_1',
  state: 'ACTIVE',
  revision: 3,
  kind: 'call',
  binding: {},
  subject: 'corp:sam',
  actors: [],
  functions: ['pay.transfer'],
  when: [],
  groups: ['finance'],
  by: ['corp:dana'],
  usesMax: 1,
  uses: 0,
  open: [],
  issuedAt: 0,
  notBefore: 0,
  expiresAt: 200,
}
const mine = { call: 'c1', instance: 'gw' }
const window: Clearance = { ...active, kind: 'window', usesMax: 3 }

/** Every state that a clearance can be in, with the clock at 100; calls `c1` and `c2` where some are under way. */
const states = {
  issued: { ...active, state: 'ISSUED', notBefore: 101 },
  begun: { ...active, state: 'ISSUED', notBefore: 100 },
  active,
  unused: { ...active, expiresAt: 100 },
  inUse: { ...active, state: 'IN_USE', uses: 1, open: [mine] },
  overstayed: { ...active, state: 'IN_USE', uses: 1, open: [mine], expiresAt: 100 },
  window,
  shared: { ...window, state: 'IN_USE', uses: 2, open: [mine, { ...mine, call: 'c2' }] },
  lastUse: { ...window, state: 'IN_USE', uses: 3, open: [mine] },
  consumed: { ...active, state: 'CONSUMED', uses: 1 },
  revoked: { ...active, state: 'REVOKED', uses: 1, open: [mine] },
  expired: { ...active, state: 'EXPIRED' },
  unknown: { ...active, state: 'UNKNOWN', uses: 1 },
  unknownWindow: { ...window, state: 'UNKNOWN', uses: 1 },
} as const satisfies Record<string, Clearance>

const events = {
  claim: { kind: 'claim', use: { call: 'c9', instance: 'gw' } },
  done: { kind: 'done', call: 'c1' },
  lost: { kind: 'lost', call: 'c1' },
  reconcile: { kind: 'reconcile' },
  revoke: { kind: 'revoke' },
  expire: { kind: 'expire' },
} as const satisfies Record<string, ClearanceEvent>

type Row = Record<keyof typeof events, string>

const unused: Row = {
  claim: 'IN_USE',
  done: 'not-in-use',
  lost: 'not-in-use',
  reconcile: 'not-in-use',
  revoke: 'REVOKED',
  expire: 'too-early',
}
const over: Row = {
  claim: 'used-up',
  done: 'closed',
  lost: 'closed',
  reconcile: 'not-in-use',
  revoke: 'closed',
  expire: 'closed',
}
const used: Row = { ...unused, claim: 'used-up', done: 'CONSUMED', lost: 'UNKNOWN' }
const unknown: Row = { ...unused, claim: 'unknown', revoke: 'closed' }
const table: Record<keyof typeof states, Row> = {
  issued: { ...unused, claim: 'too-early' },
  begun: unused,
  active: unused,
  unused: { ...unused, claim: 'too-late', expire: 'EXPIRED' },
  inUse: used,
  overstayed: used,
  window: unused,
  shared: { ...used, claim: 'IN_USE', done: 'IN_USE' },
  lastUse: used,
  consumed: over,
  revoked: { ...over, claim: 'revoked' },
  expired: { ...over, claim: 'too-late' },
  unknown: { ...unknown, reconcile: 'CONSUMED' },
  unknownWindow: { ...unknown, reconcile: 'ACTIVE' },
}

function check(clearance: Clearance, event: ClearanceEvent, expected: string): ClearanceStep {
  const before = structuredClone(clearance)
  const next = stepClearance(clearance, event, now)
  assert.deepEqual(clearance, before)
  assert.equal(next.fits ? next.clearance.state : next.unfit, expected)
  if (next.fits) assert.equal(next.clearance.revision, clearance.revision + 1)
  return next
}

for (const [state, row] of Object.entries(table)) {
  for (const [event, expected] of Object.entries(row)) {
    test(`${event} when ${state}`, () => {
      check(states[state as keyof typeof states], events[event as keyof typeof events], expected)
    })
  }
}

test('a use is named while it lasts, and counted for good', () => {
  const claimed = check(window, events.claim, 'IN_USE')
  assert.ok(claimed.fits)
  assert.deepEqual([claimed.clearance.uses, claimed.clearance.open], [1, [events.claim.use]])
  const done = check(claimed.clearance, { kind: 'done', call: 'c9' }, 'ACTIVE')
  assert.ok(done.fits)
  assert.deepEqual([done.clearance.uses, done.clearance.open], [1, []])
})

test('what the clock has done is seen before it is written down', () => {
  const seen = (clearance: Clearance) => clearanceAsOf(clearance, now).state
  assert.deepEqual(
    [seen(states.issued), seen(states.begun), seen(states.unused), seen(states.overstayed)],
    ['ISSUED', 'ACTIVE', 'EXPIRED', 'IN_USE'],
  )
})

test('no order of events at whatever times gives more uses than there are, or any after the end', () => {
  const calls = fc.constantFrom('a', 'b', 'c', 'd', 'e')
  const about = (make: (call: string) => ClearanceEvent) => calls.map(make)
  const event = fc.oneof(
    { weight: 4, arbitrary: about((call) => ({ kind: 'claim', use: { ...mine, call } })) },
    { weight: 3, arbitrary: about((call) => ({ kind: 'done', call })) },
    about((call) => ({ kind: 'lost', call })),
    fc.constantFrom<ClearanceEvent>({ kind: 'reconcile' }, { kind: 'revoke' }, { kind: 'expire' }),
  )
  const turns = fc.array(fc.tuple(event, fc.integer({ min: -50, max: 300 })), { maxLength: 60 })
  const kinds = fc.constantFrom<Clearance['kind']>('call', 'window', 'session', 'break-glass')
  const ends: readonly ClearanceState[] = ['CONSUMED', 'REVOKED', 'EXPIRED']
  fc.assert(
    fc.property(turns, kinds, fc.integer({ min: 1, max: 4 }), (turns, kind, most) => {
      const usesMax = kind === 'call' ? 1 : most
      let clearance: Clearance = { ...active, state: 'ISSUED', kind, usesMax, notBefore: 10 }
      let claims = 0
      for (const [event, time] of turns) {
        const next = stepClearance(clearance, event, time)
        if (!next.fits) continue
        assert.ok(!ends.includes(clearance.state), `${clearance.state} is an end`)
        if (event.kind === 'claim') {
          claims += 1
          assert.ok(clearance.state !== 'ISSUED' || time >= clearance.notBefore)
          assert.ok(time < clearance.expiresAt)
        }
        if (kind === 'call' && clearance.uses === 1) assert.notEqual(next.clearance.state, 'ACTIVE')
        clearance = next.clearance
        assert.equal(clearance.uses, claims)
        assert.ok(claims <= usesMax && clearance.open.length <= claims)
        assert.equal(clearance.open.length > 0 && clearance.state === 'ACTIVE', false)
      }
    }),
    { numRuns: 300 },
  )
})
