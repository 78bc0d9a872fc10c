import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import {
  cast,
  type DeskHouse,
  flow,
  held,
  heldFor,
  no,
  openDeskHouse,
  rulesWith,
  window,
} from '../../test/desk-yard.ts'
import type { ApprovalFlow } from '../model/approval-rules.ts'
import type { Message } from '../model/message.ts'
import type { NoticeEvent } from '../model/notice.ts'
import { messageOf } from './message.ts'
import { recordedTelling } from './told.ts'

async function asked(
  house: DeskHouse,
  changes: Partial<ApprovalFlow>,
): Promise<(event: NoticeEvent) => ReturnType<typeof messageOf>> {
  const rules = rulesWith({ flows: { finance: flow({ notify: ['ops'], ...changes }) } })
  const { id: about } = await house.desk.open(held('c1', { rules }), ['finance'])
  const { desk, store } = house
  return (event) => messageOf({ desk, store, now: () => house.clock.now }, { event, about })
}

test('a message shows the masked view, agents’ words marked as theirs', async (t) => {
  const tell = await asked(await openDeskHouse(t), { message: 'masked', slackDecides: true })
  const message = await tell('approval.requested')
  assert.deepEqual(
    [message?.subject, message?.state, message?.open, message?.path?.slice(0, 15)],
    ['A call to pay.transfer needs approval', 'PENDING', true, '/approvals/apr_'],
  )
  const facts = message?.facts.map(({ name, text }) => `${name}: ${text}`).join('\n') ?? ''
  assert.match(facts, /risk: critical risk, restricted/)
  assert.match(facts, /reason: Large transfers need a person\./)
  assert.match(facts, /votes: team: 0 of 1/)
  assert.match(facts, /"pin": "\*\*\*\*"/)
  // An escape is escaped once, so that it says which character it stands for.
  assert.ok(facts.includes('\\\\u{202e}acme') && !facts.includes('\u202e'))
  assert.doesNotMatch(facts, /1234/)
  const untrusted = message?.facts.filter((fact) => fact.untrusted).map(({ name }) => name)
  assert.deepEqual(untrusted, ['arguments'])
  assert.equal(message?.slackVote?.reasonChars.deny, 1)
})

test('a message says what nobody was shown, who set the call off, and for which session', async (t) => {
  const house = await openDeskHouse(t)
  const rules = rulesWith({ flows: { finance: flow({ message: 'masked', slackDecides: true }) } })
  const { fn, principal } = held('c1')
  assert.ok(fn.http)
  const { id: about } = await house.desk.open(
    held('c1', {
      rules,
      fn: { ...fn, http: { ...fn.http, body: 'stream' } },
      principal: { ...principal, triggeredBy: ['github:583231'] },
      call: { clearanceTerms: window({ kind: 'session' }) },
    }),
    ['finance'],
  )
  const { desk, store } = house
  const needs = { desk, store, now: () => house.clock.now }
  const message = await messageOf(needs, { event: 'approval.requested', about })
  const facts = message?.facts.map(({ name, text }) => `${name}: ${text}`) ?? []
  assert.ok(facts.includes('set_off_by: github:583231'), facts.join('\n'))
  assert.ok(facts.includes('session: ses_1'), facts.join('\n'))
  assert.ok(
    facts.some((one) => /^body: .*nobody has seen/.test(one)),
    facts.join('\n'),
  )
})

test('that a channel is shown what is asked is a record before it is told, once', async (t) => {
  const house = await openDeskHouse(t)
  const { desk, store } = house
  const now = () => house.clock.now
  const told = async (flows: Partial<ApprovalFlow>, call: string) => {
    const rules = rulesWith({ flows: { finance: flow(flows) } })
    const { id: about } = await desk.open(heldFor(call, call.length, { rules }), ['finance'])
    const make = recordedTelling((notice) => messageOf({ desk, store, now }, notice), {
      ...{ store, now },
    })
    const notice = { id: 'n', event: 'approval.requested', about, at: 1 } as const
    const all = ['ops', 'ops', 'mail'].map((channel) => make({ ...notice, channel }))
    assert.deepEqual(
      (await Promise.all(all)).map((message) => message?.open),
      [true, true, true],
    )
    await make({ ...notice, channel: 'ops' })
    const leaves = (await store.leaves(0, 100)).map(({ bytes }) => parseLeaf(bytes))
    return leaves.flatMap((leaf) => (leaf.type === 'payload.read' ? [leaf] : []))
  }
  assert.deepEqual(await told({ message: 'minimal' }, 'c1'), [], 'nothing is shown')
  const read = await told({ message: 'masked' }, 'c22')
  assert.deepEqual(read.map(({ by, role }) => `${by} ${role}`).sort(), [
    'channel:mail forwarded',
    'channel:ops forwarded',
  ])
  const failing = { commit: () => Promise.reject(new Error('the disk is full')) }
  const shown = async () => ({ ...minimalMessage, shows: 3 })
  const notice = {
    id: 'n',
    event: 'approval.requested',
    about: 'apr_1',
    at: 1,
    channel: 'ops',
  } as const
  await assert.rejects(recordedTelling(shown, { store: failing, now })(notice), /disk/)
})

const minimalMessage: Message = {
  ...{ event: 'approval.requested', about: 'apr_1', subject: 's', state: 'PENDING' },
  ...{ open: true, facts: [] },
}

test('where the flow says so it shows the name of the function only', async (t) => {
  const tell = await asked(await openDeskHouse(t), { message: 'minimal' })
  const message = await tell('approval.requested')
  assert.deepEqual(message?.facts, [{ name: 'function', text: 'pay.transfer' }])
  assert.equal(message?.slackVote, undefined)
})

test('what is settled is told as that, and asked for no more', async (t) => {
  const house = await openDeskHouse(t)
  const tell = await asked(house, {})
  const [pending] = await house.store.approvals({ limit: 1 })
  assert.equal(await cast(house, pending?.id ?? '', no), 'DENIED')
  assert.equal(await tell('approval.requested'), undefined)
  const message = await tell('approval.settled')
  assert.deepEqual(
    [message?.subject, message?.open, message?.decideBy, message?.slackVote],
    ['A call to pay.transfer: denied', false, undefined, undefined],
  )
  const { desk, store } = house
  const none = { event: 'approval.settled', about: 'apr_none' } as const
  assert.equal(await messageOf({ desk, store, now: () => 0 }, none), undefined)
})
