import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  dana,
  flow,
  heldFor,
  openDeskHouse,
  refusedWith,
  rulesWith,
  window,
} from '../../test/desk-yard.ts'
import { limits } from '../config/limits.ts'
import type { ClearanceTerms } from '../model/clearance.ts'
import { narrows } from './narrows.ts'

const rules = rulesWith({ flows: { finance: flow() } })

test('one call instead of a window may be made no longer than the window was for', async (t) => {
  const house = await openDeskHouse(t)
  house.say(rules.approvals)
  const forMs = 60_000
  assert.ok(forMs < limits.approvalClaimByMs)
  const asking = { call: { clearanceTerms: window({ forMs }) } }
  const { id } = await house.desk.open(heldFor('c1', 7, { rules, ...asking }), ['finance'])
  const voted = await house.desk.counter({
    ...{ id, person: dana, terms: { kind: 'call' }, reason: 'Once.', channel: 'admin' },
    sawDigest: (await house.desk.find(id))?.offer ?? '',
  })
  assert.equal('approval' in voted && voted.approval.state, 'APPROVED')
  house.clock.now += forMs
  const late = await refusedWith(house.desk.claim(heldFor('c2', 7, { rules }), id))
  assert.equal(late.detail, 'It was not used in time.')
})

const from = window({ uses: 3, forMs: 60_000, when: ['small'] })
const offers: readonly (readonly [string, ClearanceTerms, boolean])[] = [
  ['one call', { kind: 'call' }, true],
  ['fewer uses', window({ uses: 2, when: ['small'] }), true],
  ['less time', window({ forMs: 1, when: ['small'] }), true],
  ['one more condition', window({ when: ['few', 'small'] }), true],
  ['the same', from, false],
  ['the same condition twice', window({ when: ['small', 'small'] }), false],
  ['fewer uses, more time', window({ uses: 2, forMs: 60_001, when: ['small'] }), false],
  ['less time, more uses', window({ uses: 4, forMs: 1, when: ['small'] }), false],
  ['another condition instead', window({ uses: 2, when: ['few'] }), false],
  ['no condition', window({ uses: 2 }), false],
  ['a session', window({ kind: 'session', uses: 2, when: ['small'] }), false],
  ['a use and a half', window({ uses: 1.5, when: ['small'] }), false],
  ['half a millisecond', window({ forMs: 0.5, when: ['small'] }), false],
  ['no use', window({ uses: 0, when: ['small'] }), false],
  ['no number', window({ uses: Number.NaN, when: ['small'] }), false],
]
for (const [name, to, expected] of offers) {
  test(`instead of a window ${name}: ${expected ? 'narrower' : 'not'}`, () => {
    assert.equal(narrows(from, to), expected)
  })
}
