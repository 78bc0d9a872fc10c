import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  cast,
  dana,
  eve,
  flow,
  heldFor,
  openDeskHouse,
  refusedWith,
  rulesWith,
  window,
} from '../../test/desk-yard.ts'
import type { Party, Principal } from '../model/principal.ts'

/**
 * One account makes the runs of everybody: who set a run off is what tells whose doing a call is. An approval of
 * one person's run is none of another's.
 */
const rules = rulesWith({ flows: { finance: flow() } })
const run: Party = { kind: 'workload', id: 'ci:deploy', groups: [] }
const { principal } = heldFor('x', 1)
const setOffBy = (...people: readonly string[]): { readonly principal: Principal } => ({
  principal: { ...principal, subject: run, actors: [], triggeredBy: people },
})
const call = (id: string, by: readonly string[], changes: Parameters<typeof heldFor>[2] = {}) =>
  heldFor(id, 7, { rules, ...setOffBy(...by), ...changes })

test('who approves another’s run does not approve one of their own with it', async (t) => {
  const house = await openDeskHouse(t)
  const { id } = await house.desk.open(call('c1', ['corp:dana']), ['finance'])
  const joined = await house.desk.open(call('c2', ['corp:eve']), ['finance'])
  assert.notEqual(joined.id, id, 'a run of somebody else is another question')
  assert.equal(await cast(house, id, { person: dana }), 'own-call')
  assert.equal(await cast(house, joined.id, { person: eve }), 'own-call')
  assert.equal(await cast(house, id, { person: eve }), 'APPROVED')
  const refused = await refusedWith(house.desk.claim(call('c3', ['corp:eve']), id))
  assert.deepEqual(refused.facts.differs, ['actors'])
  assert.equal((await house.desk.claim(call('c4', ['corp:dana']), id)).id, id)
})

test('a window that was opened for one person’s runs is not for another’s', async (t) => {
  const house = await openDeskHouse(t)
  const asking = { call: { clearanceTerms: window() } }
  const { id } = await house.desk.open(call('c1', ['corp:dana'], asking), ['finance'])
  assert.equal(await cast(house, id, { person: eve }), 'APPROVED')
  assert.equal(await house.desk.standing(call('c2', ['corp:eve']), ['finance']), undefined)
  assert.equal(await house.desk.standing(call('c3', []), ['finance']), undefined)
  const used = await house.desk.standing(call('c4', ['corp:dana']), ['finance'])
  assert.equal(used?.id, id)
})

test('in whatever order a proof names who set it off', async (t) => {
  const house = await openDeskHouse(t)
  const { id } = await house.desk.open(call('c1', ['corp:dana', 'git:dana']), ['finance'])
  const again = await house.desk.open(call('c2', ['git:dana', 'corp:dana']), ['finance'])
  assert.equal(again.id, id)
})

test('who presents somebody else’s approval does not learn whether they guessed its arguments', async (t) => {
  const house = await openDeskHouse(t)
  const { id } = await house.desk.open(heldFor('c1', 7, { rules }), ['finance'])
  await cast(house, id)
  const stranger = { ...principal, subject: { ...principal.subject, id: 'corp:mal' } }
  const guessed = []
  for (const amount of [7, 8]) {
    const at = heldFor(`m${amount}`, amount, { rules, principal: stranger })
    guessed.push((await refusedWith(house.desk.claim(at, id))).facts.differs)
  }
  assert.deepEqual(guessed, [['subject'], ['subject']])
})
