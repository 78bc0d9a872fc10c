import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import {
  cast,
  type DeskHouse,
  flow,
  heldFor,
  openDeskHouse,
  openMemoryStore,
  person,
  rulesWith,
  window,
} from '../../test/desk-yard.ts'
import { Refusal } from '../call/refusal.ts'
import type { ApprovalUsed } from '../call/stage.ts'
import { limits } from '../config/limits.ts'
import type { Store } from '../store/store.ts'

/**
 * Two gateways on one store, their clocks minutes apart, against a model that knows the rules in a few lines
 * and nothing of machines, closures or lanes.
 */
const staff = { finance: ['dana', 'eve', 'kim'], security: ['lee', 'dana'], leads: ['lea'] }
const voters = ['dana', 'eve', 'kim', 'lee']
const names = ['dana', 'eve', 'kim', 'lee', 'lea', 'sam', 'root']
const escalateMs = 60_000
const decideByMs = 600_000
const approvals = {
  groups: Object.fromEntries(
    Object.entries(staff).map(([group, people]) => [group, people.map((one) => `corp:${one}`)]),
  ),
  flows: {
    finance: flow({
      steps: [
        { name: 'team', groups: ['finance'], quorum: 2, escalation: [] },
        {
          ...{ name: 'law', groups: ['security'], quorum: 1 },
          escalation: [{ afterMs: escalateMs, groups: ['leads'] }],
        },
      ],
      decideByMs,
    }),
  },
}
const rules = rulesWith(approvals)
const quorums = [2, 1]

type ModelClearance = {
  state: string
  readonly isCall: boolean
  readonly max: number
  uses: number
  readonly expiresAt: number
  /** Calls under way, and at which gateway. */
  open: { readonly call: string; readonly desk: number }[]
}
type ModelQuestion = {
  readonly id: string
  state: string
  readonly createdAt: number
  uses: number
  climbed: boolean
  deniedAt: number
  votes: { readonly by: string; readonly step: number }[]
  clearance: ModelClearance | undefined
}
type Model = {
  now: number
  readonly locked: Set<string>
  /** Of each call that may be asked about, its questions, newest last. */
  readonly questions: Map<number, ModelQuestion[]>
  /** All that came of them, newest last. */
  readonly clearances: ModelClearance[]
}

const skews = [0, 180_000]
type Real = {
  readonly desks: DeskHouse[]
  readonly store: Store
  readonly t: TestContext
  readonly used: Map<string, ApprovalUsed>
}
type Turn = fc.AsyncCommand<Model, Real>

let calls = 0
const at = (amount: number, isWindow = false) =>
  heldFor(`call-${calls++}`, amount, {
    rules,
    ...(isWindow && { call: { clearanceTerms: window({ uses: 3, forMs: 60_000 }) } }),
  })

// What the model knows.

function newest(model: Model, amount: number): ModelQuestion | undefined {
  return model.questions.get(amount)?.at(-1)
}
/** Looking at a question writes down what the clock of whoever looks has done to it. */
function look(question: ModelQuestion, now: number): void {
  if (question.state !== 'PENDING') return
  if (now >= question.createdAt + decideByMs) question.state = 'EXPIRED'
  else if (now >= question.createdAt + escalateMs) question.climbed = true
}
function countOf(question: ModelQuestion, step: number): number {
  return question.votes.filter((vote) => vote.step === step).length
}
function openStep(question: ModelQuestion): number {
  return quorums.findIndex((quorum, step) => countOf(question, step) < quorum)
}
function isIn(name: string, step: number, { climbed }: ModelQuestion): boolean {
  if (step === 0) return staff.finance.includes(name)
  return staff.security.includes(name) || (climbed && staff.leads.includes(name))
}
function stepOf(question: ModelQuestion, name: string, isYes: boolean): number {
  const open = openStep(question)
  const steps = isYes ? [open] : [0, 1].filter((step) => step <= open)
  return steps.find((step) => isIn(name, step, question)) ?? -1
}
function dropLocked(model: Model, question: ModelQuestion): void {
  question.votes = question.votes.filter(({ by }) => !model.locked.has(by))
}
/** The state after this vote, or that it does not count. */
function votes(
  model: Model,
  amount: number,
  cast: { name: string; isYes: boolean; now: number },
): string {
  const question = newest(model, amount)
  if (!question) return 'refused'
  const { name, isYes, now } = cast
  look(question, now)
  if (question.state !== 'PENDING' || model.locked.has(name)) return 'refused'
  const counted = { ...question }
  dropLocked(model, counted)
  const step = stepOf(counted, name, isYes)
  if (step < 0 || counted.votes.some(({ by }) => by === name)) return 'refused'
  question.votes = [...counted.votes, ...(isYes ? [{ by: name, step }] : [])]
  if (!isYes) {
    question.state = 'DENIED'
    question.deniedAt = now
  } else if (openStep(question) < 0) {
    question.state = 'APPROVED'
    const isCall = question.uses === 0
    const forMs = isCall ? limits.approvalClaimByMs : 60_000
    question.clearance = {
      ...{ state: 'ACTIVE', isCall, max: isCall ? 1 : question.uses, uses: 0 },
      ...{ expiresAt: now + forMs, open: [] },
    }
    model.clearances.push(question.clearance)
  }
  return question.state
}
function isClaimable(clearance: ModelClearance, now: number): boolean {
  const { state, isCall, uses, max, expiresAt } = clearance
  const isOpen = state === 'ACTIVE' || (state === 'IN_USE' && !isCall)
  return isOpen && uses < max && now < expiresAt
}
function rest(clearance: ModelClearance): string {
  if (clearance.open.length > 0) return 'IN_USE'
  return clearance.isCall || clearance.uses === clearance.max ? 'CONSUMED' : 'ACTIVE'
}
function canBePut(model: Model): boolean {
  const left = (people: readonly string[]) => people.filter((one) => !model.locked.has(one))
  const team = left(staff.finance)
  const law = left([...staff.security, ...staff.leads])
  return law.some((one) => team.filter((other) => other !== one).length >= 2)
}

// What may happen.

const turn = (said: string, run: (model: Model, real: Real) => Promise<void>): Turn => ({
  check: () => true,
  toString: () => said,
  run: async (model, real) => {
    await run(model, real)
    await agree(model, real)
  },
})

async function agree(model: Model, { store }: Real): Promise<void> {
  for (const question of [...model.questions.values()].flat()) {
    const stored = await store.approval(question.id)
    const yes = stored?.votes.filter(({ verdict }) => verdict === 'approve')
    assert.deepEqual(
      [stored?.state, yes?.map(({ by, step }) => [by, step])],
      [question.state, question.votes.map(({ by, step }) => [`corp:${by}`, step])],
    )
    const { clearance } = question
    assert.equal(stored?.clearance !== undefined, clearance !== undefined)
    if (!clearance || stored?.clearance === undefined) continue
    const { state, uses, usesMax, open } = (await store.clearance(stored.clearance)) ?? {}
    assert.deepEqual([state, uses, usesMax], [clearance.state, clearance.uses, clearance.max])
    if (state !== 'REVOKED') assert.equal(open?.length, clearance.open.length)
  }
}

async function outcomeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'ok',
    (thrown: unknown) => {
      assert.ok(thrown instanceof Refusal, String(thrown))
      return thrown.code
    },
  )
}

const ask = (desk: number, amount: number, isWindow: boolean) =>
  turn(`ask ${amount} at ${desk}${isWindow ? ' for a window' : ''}`, async (model, { desks }) => {
    const now = model.now + (skews[desk] ?? 0)
    const before = model.questions.get(amount) ?? []
    const denied = before.findLast(({ state }) => state === 'DENIED')
    const opened = await desks[desk]?.desk
      .open(at(amount, isWindow), ['finance'])
      .catch((thrown: unknown) =>
        thrown instanceof Refusal ? thrown.code : assert.fail(String(thrown)),
      )
    if (denied && now < denied.deniedAt + limits.approvalCoolDownMs) {
      return assert.equal(opened, 'approval-denied')
    }
    const last = before.at(-1)
    if (last) look(last, now)
    if (last?.state === 'PENDING') {
      return assert.equal(typeof opened === 'object' && opened.id, last.id)
    }
    if (!canBePut(model)) return assert.equal(opened, 'approval-impossible')
    if (typeof opened !== 'object') return assert.fail(String(opened))
    model.questions.set(amount, [
      ...before,
      {
        ...{ id: opened.id, state: 'PENDING', createdAt: now, uses: isWindow ? 3 : 0 },
        ...{ climbed: false, deniedAt: 0, votes: [], clearance: undefined },
      },
    ])
  })

const vote = (desk: number, amount: number, name: string, isYes: boolean) =>
  turn(`${name} says ${isYes ? 'yes' : 'no'} to ${amount} at ${desk}`, async (model, { desks }) => {
    const house = desks[desk]
    const id = newest(model, amount)?.id ?? 'apr_none'
    const expected = votes(model, amount, { name, isYes, now: model.now + (skews[desk] ?? 0) })
    assert.ok(house)
    const said = await cast(house, id, {
      ...{ person: person(name, ['finance', 'security']), reason: 'Seen.' },
      verdict: isYes ? 'approve' : 'deny',
    })
    assert.equal(/[a-z]/.test(said) ? 'refused' : said, expected, said)
  })

const counter = (desk: number, amount: number, name: string) =>
  turn(`${name} offers less of ${amount} at ${desk}`, async (model, { desks }) => {
    const now = model.now + (skews[desk] ?? 0)
    const question = newest(model, amount)
    const uses = Math.max(1, (question?.uses ?? 1) - 1)
    const house = desks[desk]
    const sawDigest = (question && (await house?.store.approval(question.id))?.offer) ?? ''
    const countered = await house?.desk.counter({
      ...{ id: question?.id ?? 'apr_none', person: person(name, []), reason: 'Less.' },
      ...{ terms: window({ uses }), sawDigest, channel: 'admin' },
    })
    const isTaken = countered !== undefined && 'approval' in countered
    if (!question) return assert.equal(isTaken, false)
    look(question, now)
    const counted = { ...question, votes: question.votes.filter(({ by }) => by !== name) }
    dropLocked(model, counted)
    const mayOffer =
      question.state === 'PENDING' &&
      !model.locked.has(name) &&
      stepOf(counted, name, true) >= 0 &&
      uses < question.uses
    assert.equal(isTaken, mayOffer)
    if (!mayOffer) return
    question.uses = uses
    question.votes = []
    votes(model, amount, { name, isYes: true, now })
  })

const withdraw = (desk: number, amount: number) =>
  turn(`withdraw ${amount} at ${desk}`, async (model, { desks }) => {
    const question = newest(model, amount)
    if (!question) return
    const by = { party: 'corp:sam' }
    const taken = await desks[desk]?.desk.withdraw(question.id, by)
    look(question, model.now + (skews[desk] ?? 0))
    assert.equal(taken !== undefined, question.state === 'PENDING')
    if (question.state === 'PENDING') question.state = 'WITHDRAWN'
  })

/** So many calls at the same moment. */
const claim = (desk: number, amount: number, many: number) =>
  turn(`${many} claim ${amount} at ${desk}`, async (model, { desks, used }) => {
    const question = newest(model, amount)
    if (!question) return
    const tried = Array.from({ length: many }, () => at(amount))
    const taken = await Promise.all(
      tried.map((call) =>
        outcomeOf(
          Promise.resolve(desks[desk]?.desk.claim(call, question.id)).then((one) => {
            if (one) used.set(call.id, one)
          }),
        ),
      ),
    )
    const now = model.now + (skews[desk] ?? 0)
    look(question, now)
    const { clearance } = question
    let left = many
    while (left > 0 && clearance && isClaimable(clearance, now)) {
      clearance.uses += 1
      clearance.state = 'IN_USE'
      left -= 1
      const call = tried.filter(({ id }) => used.has(id))[many - left - 1]?.id ?? 'none'
      clearance.open.push({ call, desk })
    }
    if (left > 0 && clearance?.state === 'ACTIVE' && now >= clearance.expiresAt) {
      clearance.state = 'EXPIRED'
    }
    assert.equal(taken.filter((said) => said === 'ok').length, many - left)
  })

const stand = (desk: number, amount: number) =>
  turn(`${amount} looks for a standing clearance at ${desk}`, async (model, { desks, used }) => {
    const call = at(amount)
    const found = await desks[desk]?.desk.standing(call, ['finance'])
    if (found) used.set(call.id, found)
    const now = model.now + (skews[desk] ?? 0)
    const expected = model.clearances.findLast((one) => !one.isCall && isClaimable(one, now))
    assert.equal(found !== undefined, expected !== undefined)
    if (!expected) return
    expected.uses += 1
    expected.state = 'IN_USE'
    expected.open.push({ call: call.id, desk })
  })

const finish = (desk: number) =>
  turn(`a call ends at ${desk}`, async (model, { desks, used }) => {
    const clearance = model.clearances.find(({ open }) => open.some((use) => use.desk === desk))
    const use = clearance?.open.find((one) => one.desk === desk)
    const claimed = use && used.get(use.call)
    const house = desks[desk]
    if (!clearance || !use || !claimed || !house) return
    house.desk.finished(claimed, use.call)
    await house.desk.close()
    clearance.open = clearance.open.filter((one) => one !== use)
    if (clearance.state !== 'REVOKED') clearance.state = rest(clearance)
  })

const revoke = (desk: number, amount: number) =>
  turn(`revoke ${amount} at ${desk}`, async (model, { desks }) => {
    const question = newest(model, amount)
    const clearance = question?.clearance
    if (!question || !clearance) return
    const id = (await desks[desk]?.store.approval(question.id))?.clearance ?? ''
    const revoked = await desks[desk]?.desk.revoke(id, { party: 'corp:root', reason: 'No.' })
    const isPast = model.now + (skews[desk] ?? 0) >= clearance.expiresAt
    const isOpen = clearance.state === 'IN_USE' || (clearance.state === 'ACTIVE' && !isPast)
    assert.equal(revoked !== undefined && 'clearance' in revoked, isOpen)
    if (isOpen) clearance.state = 'REVOKED'
  })

/** The gateway is killed: what it had under way, nobody knows; it starts again. */
const restart = (desk: number) =>
  turn(`${desk} is lost`, async (model, real) => {
    const lost = real.desks[desk]
    assert.ok(lost)
    real.desks[desk] = await openAt(model, real, desk)
    await real.desks[desk]?.desk.reconcile()
    for (const clearance of model.clearances) {
      if (!clearance.open.some((use) => use.desk === desk)) continue
      clearance.open = clearance.open.filter((use) => use.desk !== desk)
      if (clearance.state !== 'REVOKED') clearance.state = rest(clearance)
    }
  })

const lock = (name: string) =>
  turn(`${name} is locked, or no more`, async (model) => {
    if (!model.locked.delete(name)) model.locked.add(name)
  })

const pass = (ms: number) =>
  turn(`${ms} ms pass`, async (model) => {
    model.now += ms
  })

let ids = 0
async function openAt(model: Model, { store, t }: Real, desk: number): Promise<DeskHouse> {
  const house = await openDeskHouse(t, {
    beside: { store },
    instance: `gw-${desk}`,
    now: () => model.now + (skews[desk] ?? 0),
    newId: () => String(ids++).padStart(9, '0'),
    isLocked: (party) => model.locked.has(party.slice('corp:'.length)),
  })
  house.say(approvals)
  return house
}

const desk = fc.nat({ max: 1 })
const amount = fc.nat({ max: 1 })
const name = fc.constantFrom(...names)
const one = <Values extends [unknown, ...unknown[]]>(
  make: (...values: Values) => Turn,
  ...values: { [Index in keyof Values]: fc.Arbitrary<Values[Index]> }
): fc.Arbitrary<Turn> => fc.tuple(...values).map((drawn) => make(...(drawn as Values)))

test('two gateways with clocks apart do what the model says, in whatever order', async (t) => {
  const mostlyYes = fc.nat({ max: 5 }).map((n) => n > 0)
  const weighted: readonly (readonly [number, fc.Arbitrary<Turn>])[] = [
    [6, one(ask, desk, amount, fc.boolean())],
    [20, one(vote, desk, amount, fc.constantFrom(...voters), fc.constant(true))],
    [3, one(vote, desk, amount, name, mostlyYes)],
    [3, one(counter, desk, amount, fc.constantFrom(...voters))],
    [1, one(withdraw, desk, amount)],
    [4, one(claim, desk, amount, fc.integer({ min: 1, max: 5 }))],
    [4, one(stand, desk, amount)],
    [4, one(finish, desk)],
    [1, one(revoke, desk, amount)],
    [1, one(restart, desk)],
    [2, one(lock, name)],
    [3, one(pass, fc.constantFrom(1, 1000, 10_000, 60_000, 400_000))],
  ]
  const turns = fc.oneof(...weighted.map(([weight, arbitrary]) => ({ weight, arbitrary })))
  await fc.assert(
    fc.asyncProperty(fc.commands([turns], { maxCommands: 120, size: 'max' }), async (commands) => {
      const store = await openMemoryStore()
      try {
        const model: Model = {
          ...{ now: 1_000_000, locked: new Set(), questions: new Map(), clearances: [] },
        }
        const desks: DeskHouse[] = []
        const real: Real = { desks, store, t, used: new Map() }
        for (const desk of [0, 1]) desks.push(await openAt(model, real, desk))
        await fc.asyncModelRun(() => ({ model, real }), commands)
      } finally {
        await store.close()
      }
    }),
    { numRuns: 25 },
  )
})
