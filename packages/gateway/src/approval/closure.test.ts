import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { noApprovalRules } from '../model/approval-rules.ts'
import { closureOf, isOnePerson } from './closure.ts'
import { canBeApproved } from './eligibility.ts'

const sam = { subject: 'corp:sam', actors: ['corp:bot'], triggeredBy: [] }
const linkedSam = { id: 'corp:sam', accounts: ['github:7', 'slack:U7'], agents: ['corp:bot'] }
const delegation = (from: string, to: string) => ({
  ...{ id: 'dlg_1', from, to, groups: ['finance'], reason: 'away', createdAt: 0, until: 9e12 },
})
const known = { issuers: [], people: [], delegations: [] }

const cases: readonly (readonly [string, Parameters<typeof closureOf>, readonly string[]])[] = [
  ['the parties', [sam, known], ['corp:sam', 'corp:bot']],
  [
    'who started the run',
    [
      { subject: 'ci:run', actors: [], triggeredBy: ['github:7'] },
      { ...known, people: [linkedSam] },
    ],
    ['ci:run', 'github:7', 'corp:sam', 'slack:U7', 'corp:bot'],
  ],
  [
    'who issued the key, and their accounts',
    [
      { subject: 'key:1', actors: [], triggeredBy: [] },
      { ...known, issuers: ['corp:sam'], people: [linkedSam] },
    ],
    ['key:1', 'corp:sam', 'github:7', 'slack:U7', 'corp:bot'],
  ],
  [
    'through several entries',
    [
      { subject: 'corp:a', actors: [], triggeredBy: [] },
      {
        ...known,
        people: [
          { id: 'corp:c', accounts: ['corp:b2'], agents: [] },
          { id: 'corp:b', accounts: ['corp:b2', 'corp:a'], agents: [] },
        ],
      },
    ],
    ['corp:a', 'corp:b', 'corp:b2', 'corp:c'],
  ],
  [
    'an operator of the same name leads to what is linked with the person',
    [
      { subject: 'operator:SAM', actors: [], triggeredBy: [] },
      { ...known, people: [linkedSam] },
    ],
    ['operator:SAM', 'corp:sam', 'github:7', 'slack:U7', 'corp:bot'],
  ],
  [
    'who votes for them, and for whom they vote, and no further',
    [
      sam,
      {
        ...known,
        delegations: [
          delegation('corp:sam', 'corp:dana'),
          delegation('corp:eve', 'corp:sam'),
          delegation('corp:dana', 'corp:kim'),
          delegation('corp:kim', 'corp:eve'),
        ],
      },
    ],
    ['corp:sam', 'corp:bot', 'corp:dana', 'corp:eve'],
  ],
]
for (const [name, [involved, given], expected] of cases) {
  test(`excluded: ${name}`, () => {
    assert.deepEqual([...closureOf(involved, given)].sort(), [...expected].sort())
  })
}

/**
 * Small worlds: six humans with an account at every issuer and an agent each; the rulebook links some of these
 * ids, in entries that overlap. Who is connected with whom is found anew, by following edges.
 */
const humans = [0, 1, 2, 3, 4, 5] as const
const idsOf = (human: number) => [
  `corp:h${human}`,
  `operator:h${human}`,
  `github:${human}`,
  `slack:U${human}`,
  `corp:agent-${human}`,
]
const human = fc.constantFrom(...humans)
const anyId = fc.tuple(human, fc.nat({ max: 4 })).map(([one, which]) => idsOf(one)[which] ?? '')
const link = fc.record({
  id: anyId,
  accounts: fc.array(anyId, { maxLength: 3 }),
  agents: fc.array(anyId, { maxLength: 2 }),
})
const world = fc.record({
  people: fc.array(link, { maxLength: 6 }),
  delegations: fc.array(fc.tuple(anyId, anyId), { maxLength: 4 }),
  subject: anyId,
  actors: fc.array(anyId, { maxLength: 2 }),
  triggeredBy: fc.array(anyId, { maxLength: 2 }),
  issuers: fc.array(anyId, { maxLength: 2 }),
})

function reachable(from: readonly string[], edges: readonly (readonly string[])[]): Set<string> {
  const found = new Set(from)
  for (let size = -1; size !== found.size; ) {
    size = found.size
    for (const edge of edges) {
      if (edge.some((id) => found.has(id))) for (const id of edge) found.add(id)
    }
  }
  return found
}

test('everybody who is connected with the call is excluded, however they are linked', () => {
  fc.assert(
    fc.property(world, ({ people, delegations, subject, actors, triggeredBy, issuers }) => {
      const entries = people.map(({ id, accounts, agents }) => [id, ...accounts, ...agents])
      // An operator's key is of whoever has that name anywhere; see same-person.ts.
      const names = humans.map((one) => [`corp:h${one}`, `operator:h${one}`])
      const edges = [...entries, ...names]
      const own = reachable([subject, ...actors, ...triggeredBy, ...issuers], edges)
      const partners = delegations.flatMap(([from, to]) => [
        ...(own.has(from) ? [to] : []),
        ...(own.has(to) ? [from] : []),
      ])
      const expected = reachable([...own, ...partners], edges)
      const excluded = closureOf(
        { subject, actors, triggeredBy },
        { issuers, people, delegations: delegations.map(([from, to]) => delegation(from, to)) },
      )
      for (const id of humans.flatMap(idsOf)) {
        const isExcluded = excluded.some((one) => isOnePerson(one, id, people))
        assert.equal(isExcluded, expected.has(id), id)
      }
    }),
    { numRuns: 500 },
  )
})

/** The places of steps, and who is listed: can each place have a different human? Tried one by one. */
function isFillable(places: readonly (readonly string[])[]): boolean {
  const [first, ...rest] = places
  if (!first) return true
  return first.some((one) => isFillable(rest.map((list) => list.filter((other) => other !== one))))
}

test('a question is put exactly when its places can be filled by different people', () => {
  const people = ['corp:a', 'corp:b', 'corp:c', 'corp:d']
  const list = fc.uniqueArray(fc.constantFrom(...people), { maxLength: 4 })
  const steps = fc.array(fc.record({ list, quorum: fc.integer({ min: 1, max: 3 }) }), {
    minLength: 1,
    maxLength: 3,
  })
  const outs = fc.record({ excluded: list, locked: list })
  fc.assert(
    fc.property(steps, outs, (steps, { excluded, locked }) => {
      const groups = Object.fromEntries(steps.map((step, n) => [`g${n}`, step.list]))
      const given = {
        rules: { ...noApprovalRules, groups },
        excluded,
        isLocked: (party: string) => locked.includes(party),
      }
      const asked = {
        steps: steps.map(({ quorum }, n) => ({
          ...{ flow: 'f', name: `s${n}`, groups: [`g${n}`], quorum, escalation: [] },
        })),
      }
      const left = (one: string) => !excluded.includes(one) && !locked.includes(one)
      const places = steps.flatMap(({ list, quorum }) =>
        Array.from({ length: quorum }, () => list.filter(left)),
      )
      assert.equal(canBeApproved(asked, given), isFillable(places))
    }),
    { numRuns: 500 },
  )
})

test('two accounts of one human fill one place', () => {
  const given = {
    rules: { ...noApprovalRules, groups: { g: ['corp:sam', 'github:7'] }, people: [linkedSam] },
    excluded: [],
    isLocked: () => false,
  }
  const asked = (quorum: number, groups: readonly string[]) =>
    canBeApproved({ steps: [{ flow: 'f', name: 's', groups, quorum, escalation: [] }] }, given)
  assert.deepEqual([asked(1, ['g']), asked(2, ['g'])], [true, false])
  // Nobody knows who is in a group that only tokens name.
  assert.equal(asked(2, ['g', 'unlisted']), true)
})
