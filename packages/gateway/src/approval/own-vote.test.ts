import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  ballot,
  type DeskHouse,
  flow,
  held,
  openDeskHouse,
  openMemoryStore,
  rulesWith,
} from '../../test/desk-yard.ts'
import type { Party } from '../model/principal.ts'
import type { Person } from './ballot.ts'

/**
 * Nobody approves what is their own doing, through whatever path: small worlds of people with several accounts,
 * agents, CI runs, keys and delegations; every one of them tries to vote in every way there is.
 */
const humans = ['a', 'b', 'c', 'd', 'e']
const accounts = (human: string) => [`corp:${human}`, `operator:${human}`, `partner:${human}2`]
const agentOf = (human: string) => `corp:agent-${human}`
const human = fc.constantFrom(...humans)

/** How a call can be of somebody. */
const caller = fc.oneof(
  human.map((one) => ({ of: one, subject: user(`corp:${one}`), actors: [] })),
  human.map((one) => ({ of: one, subject: user(`corp:${one}`), actors: [agent(agentOf(one))] })),
  human.map((one) => ({ of: one, subject: agent(agentOf(one)), actors: [] })),
  human.map((one) => ({
    ...{ of: one, subject: { ...agent('ci:run'), kind: 'workload' as const }, actors: [] },
    triggeredBy: [`github:${one}`],
  })),
  human.map((one) => ({
    of: one,
    subject: agent('key:key_1'),
    actors: [],
    issuer: `partner:${one}2`,
  })),
)
const world = fc.record({
  caller,
  delegations: fc.array(fc.tuple(human, human), { maxLength: 4 }),
  /** Two of these humans are one after all. */
  same: fc.option(fc.tuple(human, human), { nil: undefined }),
})

function user(id: string): Party {
  return { kind: 'user', id, groups: ['finance'] }
}
function agent(id: string): Party {
  return { kind: 'agent', id, groups: ['finance'] }
}
const signedIn = (id: string): Person => ({
  subject: user(id),
  actors: [],
  authentication: { method: id.startsWith('operator:') ? 'operator' : 'oidc' },
})
const waysOf = (human: string): readonly Person[] => [
  ...accounts(human).map(signedIn),
  { ...signedIn(`corp:${human}`), authentication: { method: 'slack' } },
  { ...signedIn(`corp:${human}`), actors: [agent(agentOf(human))] },
  { ...signedIn(agentOf(human)), subject: agent(agentOf(human)) },
]

test('no vote of anybody connected with the call ever counts', async (t) => {
  await fc.assert(
    fc.asyncProperty(world, async ({ caller, delegations, same }) => {
      const store = await openMemoryStore()
      try {
        const house = await openDeskHouse(t, { beside: { store } })
        await tryAll(house, { caller, delegations, same })
      } finally {
        await store.close()
      }
    }),
    { numRuns: 15 },
  )
})

type World = typeof world extends fc.Arbitrary<infer One> ? One : never

async function tryAll(house: DeskHouse, { caller, delegations, same }: World): Promise<void> {
  const approvals = {
    flows: {
      finance: flow({
        steps: [{ name: 'all', groups: ['finance', 'listed'], quorum: 50, escalation: [] }],
        slackDecides: true,
      }),
    },
    groups: { listed: humans.flatMap((one) => [...accounts(one), agentOf(one)]) },
    people: [
      ...humans.map((one) => ({
        id: `corp:${one}`,
        accounts: [`partner:${one}2`, `github:${one}`, `slack:U${one}`],
        agents: [agentOf(one)],
      })),
      ...(same ? [{ id: `corp:${same[0]}`, accounts: [`github:${same[1]}`], agents: [] }] : []),
    ],
  }
  house.say(approvals)
  const made = new Map<string, string>()
  for (const [from, to] of delegations) {
    const asked = { person: signedIn(`corp:${from}`), to: `corp:${to}`, untilMs: 9_000_000 }
    const delegated = await house.desk.delegate({ ...asked, reason: 'Away' })
    if ('delegation' in delegated) made.set(from, to)
  }
  if ('issuer' in caller) await issueKey(house, caller.issuer)
  const { of: own, subject, actors } = caller
  const principal = {
    ...held('x').principal,
    ...{ subject, actors },
    ...('triggeredBy' in caller && { triggeredBy: caller.triggeredBy }),
  }
  const rules = rulesWith({ ...approvals, groups: {} })
  const { id } = await house.desk.open(held('c1', { principal, rules }), ['finance'])
  const isOne = (one: string, other: string) =>
    one === other || (same?.includes(one) === true && same.includes(other))
  const isConnected = (one: string) =>
    isOne(one, own) ||
    [...made].some(
      ([from, to]) => (isOne(from, own) && isOne(to, one)) || (isOne(to, own) && isOne(from, one)),
    )
  for (const one of humans) {
    for (const person of waysOf(one)) {
      for (const onBehalfOf of [undefined, ...humans.map((other) => `corp:${other}`)]) {
        const cast = await ballot(house, id, {
          person,
          ...(onBehalfOf !== undefined && { onBehalfOf }),
        })
        const voted = await house.desk.vote(cast)
        if ('refused' in voted) continue
        assert.ok(!isConnected(one), `${person.subject.id} has approved what is their own`)
        const away = onBehalfOf?.slice('corp:'.length)
        assert.ok(away === undefined || !isConnected(away), `${away} had their own approved`)
        assert.equal(person.actors.length + Number(person.subject.kind === 'agent'), 0)
      }
    }
  }
  const votes = (await house.desk.find(id))?.votes ?? []
  // And everybody else has had their one vote.
  const voters = votes.map(({ by }) => by.replace(/^\w+:(\w).*$/, '$1'))
  for (const [n, voter] of voters.entries()) {
    assert.ok(
      voters.slice(n + 1).every((other) => !isOne(voter, other)),
      'one human, two votes',
    )
  }
  const others = humans.filter((one) => !isConnected(one))
  for (const one of others) {
    const isCounted = votes.some(({ by, onBehalfOf = '' }) => {
      return [by, onBehalfOf].some(
        (id) => id !== '' && isOne(id.replace(/^\w+:(\w).*$/, '$1'), one),
      )
    })
    assert.ok(isCounted, `${one} was kept from voting`)
  }
}

async function issueKey({ store }: DeskHouse, createdBy: string): Promise<void> {
  await store.commit({
    record: {
      ...{ type: 'key.issued', time: new Date(0).toISOString(), key: 'key_1', name: 'n' },
      ...{ scope: [], expires: '', by: createdBy },
    },
    payloads: [],
    change: {
      kind: 'key.issue',
      key: {
        ...{ id: 'key_1', hash: 'h', name: 'n', kind: 'agent', groups: [], scope: ['pay.*'] },
        ...{ createdBy, createdAt: 0, expiresAt: 9e12 },
      },
    },
  })
}
