import assert from 'node:assert/strict'
import { test } from 'node:test'
import { types } from '../../test/desk-yard.ts'
import {
  dana,
  dayMs,
  eve,
  functionOf,
  functions,
  openReviewHouse,
  outcome,
  permit,
  type ReviewHouse,
  reviewer,
  reviewRules,
} from '../../test/review-yard.ts'
import type { Person } from '../approval/ballot.ts'
import type { ApprovalRules } from '../model/approval-rules.ts'
import type { DutyRule } from '../model/review-rules.ts'
import type { TimedAsked } from './asked.ts'
import { timedRecord } from './records.ts'

const policies = permit('readers', '== User::"corp:sam"', 'pay.read')
const sam = reviewer('sam', ['support'])

const twoOfThem: ApprovalRules['flows'][string] = {
  ...{ group: 'team-pay', reasonChars: 5, offers: ['call'], usesMax: 1, forMsMax: 0, notify: [] },
  steps: [{ name: 'team', groups: ['team-pay'], quorum: 2, escalation: [] }],
  ...{ message: 'minimal', slackDecides: false },
}

const duty: DutyRule = {
  ...{ id: 'read-or-wire', reason: 'Nobody does both.', left: ['pay.read'], right: ['pay.wire'] },
  ...{ effect: 'deny', approvers: [], exempt: [] },
}

async function openHouse(t: Parameters<typeof openReviewHouse>[0]) {
  const house = await openReviewHouse(t)
  const people = [
    { id: 'corp:sam', accounts: ['corp:sam-2'], agents: ['corp:sams-bot'] },
    { id: 'corp:dana', accounts: [], agents: ['corp:danas-bot'] },
  ]
  const approvals = { people, flows: { 'team-pay': twoOfThem } }
  await house.activate(reviewRules(policies, { approvals, reviews: { duties: [duty] } }))
  return house
}

function askFor(house: ReviewHouse, changes: Partial<TimedAsked> = {}) {
  const endsAt = house.clock.now + 3 * dayMs
  const asked = { person: sam, functions: ['pay.pay'], endsAt, reason: 'The audit.' }
  return house.desk.askTimed({ ...asked, ...changes })
}

test('who may ask, for whom and for what', async (t) => {
  const house = await openHouse(t)
  const { now } = house.clock
  const rows: readonly [Partial<TimedAsked>, string][] = [
    [{ person: { ...sam, actors: [sam.subject] } }, 'not-a-person'],
    [{ party: 'corp:dana' }, 'not-yours'],
    [{ party: 'corp:danas-bot' }, 'not-yours'],
    [{ functions: [] }, 'functions-unknown'],
    [{ functions: ['pay.nothing'] }, 'functions-unknown'],
    [{ when: ['context.args.nothing == 1'] }, 'condition-invalid'],
    [{ endsAt: now }, 'until-invalid'],
    [{ endsAt: now + 30 * dayMs + 1 }, 'until-invalid'],
    [{ reason: ' ' }, 'reason-required'],
    [{ functions: ['pay.wire'] }, 'duties-conflict'],
    [{ party: 'corp:sams-bot', functions: ['pay.wire'] }, 'duties-conflict'],
    [{ party: 'corp:sams-bot' }, 'done'],
    [{}, 'done'],
  ]
  for (const [changes, expected] of rows) {
    assert.equal(await outcome(askFor(house, changes)), expected, JSON.stringify(changes))
  }
})

test('one person has so many requests open, however many come at once', async (t) => {
  const house = await openHouse(t)
  const many = await Promise.all(Array.from({ length: 22 }, () => outcome(askFor(house))))
  assert.equal(many.filter((one) => one === 'done').length, 20)
  assert.equal(await outcome(askFor(house, { party: 'corp:sams-bot' })), 'too-many')
  const other = reviewer('sam-2', ['support'])
  assert.equal(await outcome(askFor(house, { person: other })), 'too-many')
  assert.equal(await outcome(askFor(house, { person: reviewer('zoe', []) })), 'done')
  // Three days are over: what nobody decided about takes no place.
  house.clock.now += 4 * dayMs
  assert.equal(await outcome(askFor(house)), 'done')
})

test('given by the owners, as their flow says, and taken away again', async (t) => {
  const house = await openHouse(t)
  const { desk, standings, clock } = house
  const asked = await askFor(house)
  assert.ok('timed' in asked)
  const { id } = asked.timed
  const vote = async (person: Person, changes: object = {}) => {
    const ballot = { id, person, verdict: 'approve', reason: 'For the audit.' } as const
    const acted = await desk.voteTimed({ ...ballot, ...changes })
    return 'refused' in acted ? acted.refused : acted.timed.state
  }
  const given = () => standings.timed(['corp:sam'], 'pay.pay').map((one) => one.id)
  const rows: readonly [Person, object, string][] = [
    [reviewer('zoe', ['others']), {}, 'not-a-reviewer'],
    [reviewer('sam', ['team-pay']), {}, 'own-access'],
    [reviewer('sam-2', ['team-pay']), {}, 'own-access'],
    [{ ...dana, authentication: { method: 'api-key' } }, {}, 'not-a-person'],
    [dana, { reason: '' }, 'reason-required'],
    [dana, { id: 'timed-none' }, 'timed-unknown'],
    [dana, {}, 'asked'],
    [dana, {}, 'already-voted'],
    [eve, {}, 'given'],
    [reviewer('finn'), {}, 'timed-closed'],
  ]
  for (const [person, changes, expected] of rows) {
    assert.deepEqual(given(), [])
    const what = `${person.subject.id} ${JSON.stringify(changes)}`
    assert.equal(await vote(person, changes), expected, what)
    if (expected === 'given') break
  }
  assert.deepEqual(given(), [id])
  assert.equal(await vote(reviewer('finn')), 'timed-closed')
  assert.deepEqual(standings.timed(['corp:sam'], 'pay.read'), [])
  assert.deepEqual(standings.timed(['corp:dana'], 'pay.pay'), [])
  assert.equal(house.state(id), 'PROVISIONAL')
  assert.deepEqual((await house.store.timedGrant(id))?.by, ['corp:dana', 'corp:eve'])
  const other = await openReviewHouse(t, { beside: house })
  await other.activate(reviewRules(policies))
  assert.deepEqual(other.standings.timed(['corp:sam'], 'pay.pay').length, 1)

  const cut = standings.revoked([id])
  const revoke = (person: Person) =>
    outcome(desk.revokeTimed({ id, person, reason: 'Over.', isAdmin: false }))
  assert.equal(await revoke(reviewer('zoe', ['others'])), 'not-a-reviewer')
  assert.equal(await revoke(sam), 'done')
  assert.equal(await revoke(sam), 'not-active')
  assert.deepEqual([given(), cut.aborted, house.state(id)], [[], true, 'REVOKED'])
  await other.standings.refresh()
  assert.deepEqual(other.standings.timed(['corp:sam'], 'pay.pay'), [])

  const next = await askFor(house)
  assert.ok('timed' in next)
  clock.now += 4 * dayMs
  assert.equal(await vote(dana, { id: next.timed.id }), 'timed-closed')
  assert.deepEqual(
    (await types(house.store)).filter((type) => type.startsWith('timed')),
    ['timed.asked', 'timed.agreed', 'timed.given', 'timed.revoked', 'timed.asked'],
  )
})

async function given(house: ReviewHouse, asked: Partial<TimedAsked>, by: readonly Person[]) {
  const made = await askFor(house, asked)
  assert.ok('timed' in made, JSON.stringify(made))
  const { id } = made.timed
  let last = ''
  for (const person of by) {
    const vote = { id, person, verdict: 'approve', reason: 'For now.' } as const
    last = await outcome(house.desk.voteTimed(vote))
  }
  return { id, last }
}

const zoe = reviewer('zoe', ['support'])

test('nobody comes to have both sides by two of them, or by one and a certified grant', async (t) => {
  const house = await openHouse(t)
  const both = [dana, eve]
  // Asked before anything is given.
  const wire = await given(house, { person: zoe, functions: ['pay.wire'] }, [dana])
  const read = await given(house, { person: zoe, functions: ['pay.read'] }, both)
  assert.equal(read.last, 'done')
  const more = { id: wire.id, person: eve, verdict: 'approve', reason: 'For now.' } as const
  assert.equal(await outcome(house.desk.voteTimed(more)), 'duties-conflict')
  assert.equal((await house.store.timedGrant(wire.id))?.state, 'asked')
  const again = askFor(house, { person: zoe, functions: ['pay.wire'] })
  assert.equal(await outcome(again), 'duties-conflict')
  const wires = policies + permit('zoe-wires', '== User::"corp:zoe"', 'pay.wire')
  const approvals = { flows: { 'team-pay': twoOfThem } }
  await house.activate(reviewRules(wires, { approvals, reviews: { duties: [duty] } }))
  const content = (await house.desk.grant('zoe-wires'))?.grant.content ?? ''
  const reason = 'Still needed.'
  const certify = () =>
    outcome(
      house.desk.certify({ grant: 'zoe-wires', person: dana, content, decision: 'keep', reason }),
    )
  assert.equal(await certify(), 'duties-conflict')
  house.clock.now += 4 * dayMs
  assert.equal(await certify(), 'pending')
})

test('both sides given at the same moment: at most one is left', async (t) => {
  const house = await openHouse(t)
  const other = await openReviewHouse(t, { beside: house })
  const approvals = { flows: { 'team-pay': twoOfThem } }
  await other.activate(reviewRules(policies, { approvals, reviews: { duties: [duty] } }))
  const wire = await given(house, { person: zoe, functions: ['pay.wire'] }, [dana])
  const read = await given(house, { person: zoe, functions: ['pay.read'] }, [dana])
  const vote = { person: eve, verdict: 'approve', reason: 'For now.' } as const
  await Promise.all([
    house.desk.voteTimed({ id: wire.id, ...vote }),
    other.desk.voteTimed({ id: read.id, ...vote }),
  ])
  const left = await house.store.timedGrants({ state: 'given' })
  assert.ok(left.length <= 1, JSON.stringify(left.map(({ functions }) => functions)))

  // Whoever gave one stopped before it looked again: the one that was given last is taken back.
  house.clock.now += 4 * dayMs
  const kim = reviewer('kim', ['support'])
  const kept = await given(house, { person: kim, functions: ['pay.read'] }, [dana, eve])
  const wires = await askFor(house, { person: zoe, functions: ['pay.wire'] })
  assert.ok('timed' in wires)
  const stored = { ...wires.timed, party: 'corp:kim', state: 'given', revision: 2 } as const
  await house.store.commit({
    record: timedRecord('timed.given', stored, house.clock.now),
    payloads: [],
    change: {
      kind: 'timed.update',
      timed: { ...stored, from: stored.from + 1 },
      expectedRevision: 1,
    },
  })
  await house.desk.look()
  assert.deepEqual(
    (await house.store.timedGrants({ state: 'given', party: 'corp:kim' })).map(({ id }) => id),
    [kept.id],
  )
  assert.deepEqual(house.failures, [])
})

test('it is about the functions as they were when it was asked for', async (t) => {
  const house = await openHouse(t)
  const approvals = { flows: { 'team-pay': twoOfThem } }
  const riskier = [...functions.filter(({ id }) => id !== 'pay.pay'), functionOf('pay', 'critical')]
  const changed = reviewRules(policies, { approvals, functions: riskier })
  const same = reviewRules(policies, { approvals })
  const { id } = await given(house, {}, [dana, eve])
  const asked = await given(house, {}, [dana])
  const tier = (rules: typeof same) => house.standings.freshness(rules, id).tier
  assert.deepEqual([house.state(id), tier(same)], ['PROVISIONAL', 'high'])
  await house.activate(changed)
  assert.deepEqual([house.state(id), tier(changed)], ['STALE', 'critical'])
  const vote = { id: asked.id, person: eve, reason: 'For now.' } as const
  const say = (verdict: 'approve' | 'deny') => outcome(house.desk.voteTimed({ ...vote, verdict }))
  assert.equal(await say('approve'), 'other-content')
  assert.equal(await say('deny'), 'done')
  await house.activate(same)
  assert.equal(house.state(id), 'PROVISIONAL')
  const none = functions.filter(({ id }) => id === 'pay.read')
  await house.activate(reviewRules(policies, { approvals, functions: none }))
  assert.equal(house.state(id), 'STALE')
})

test('one no settles it, and its end ends it', async (t) => {
  const house = await openHouse(t)
  const first = await askFor(house)
  const second = await askFor(house, { functions: ['pay.read'] })
  assert.ok('timed' in first && 'timed' in second)
  const reason = 'Not for this.'
  const no = { id: first.timed.id, person: dana, verdict: 'deny', reason } as const
  assert.equal(await outcome(house.desk.voteTimed({ ...no, reason: '' })), 'reason-required')
  const denied = await house.desk.voteTimed(no)
  assert.equal('timed' in denied && denied.timed.state, 'refused')
  const { id } = second.timed
  for (const person of [dana, eve]) {
    await house.desk.voteTimed({ id, person, verdict: 'approve', reason: 'For now.' })
  }
  assert.equal(house.state(id), 'PROVISIONAL')
  const cut = house.standings.revoked([id])
  await house.standings.refresh()
  assert.equal(cut.aborted, false)
  house.clock.now += 3 * dayMs
  assert.equal(house.state(id), 'LAPSED')
  assert.deepEqual(house.standings.timed(['corp:sam'], 'pay.read'), [])
  await house.standings.refresh()
  assert.equal(cut.aborted, true)
})
