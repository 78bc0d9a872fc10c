import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import { type Answer, ask, json, type Name, openHouse, v1 } from '../../../test/admin-house.ts'
import { commitApproval } from '../../../test/stored-calls.ts'
import type { Approval } from '../../model/approval.ts'

const noBinding = {
  ...{ function: '', definition: '', verb: '', arguments: '', headers: '', upstream: '' },
  ...{ credential: '', subject: '', actors: '', rulebook: '' },
}

const vote = (digest: string, reason?: string) =>
  ({ as: 'dana', method: 'POST', body: { digest, ...(reason && { reason }) } }) as const

test('an approver sees what their groups decide, and nobody else does', async (t) => {
  const house = await openHouse(t)
  await commitApproval(house.store, 'apr_1')
  await commitApproval(house.store, 'apr_2', { approverGroups: ['legal'] })
  const seen = async (as: Name) =>
    (await json(await ask(house, `${v1}/approvals`, { as }))).data.map(({ id }: Answer) => id)
  assert.deepEqual(await seen('dana'), ['apr_1'])
  assert.deepEqual(await seen('ann'), ['apr_2', 'apr_1'])
  assert.deepEqual(await seen('eve'), [])
  assert.equal((await ask(house, `${v1}/approvals/apr_1`, { as: 'eve' })).status, 404)
  const shown = await json(await ask(house, `${v1}/approvals/apr_1`, { as: 'dana' }))
  assert.deepEqual(shown.question.arguments, { to: 'a\\u{202e}b' })
  assert.deepEqual([shown.you.may_vote, shown.you.why_not], [true, null])
})

const asked = { to: 'a\\u{202e}b' }
const readers: readonly (readonly [string, Name, 'question' | 'withheld', readonly string[]])[] = [
  ['an approver', 'dana', 'question', ['args', 'forwarded']],
  ['an auditor', 'ann', 'withheld', []],
  ['an administrator', 'root', 'withheld', []],
  ['an auditor who is a payload-reader', 'ann', 'question', ['args', 'forwarded']],
]
for (const [name, as, expected, roles] of readers) {
  test(`what is asked, and who reads it: ${name}`, async (t) => {
    const payloadReader = name.endsWith('payload-reader') ? ['auditor'] : ['payload-reader']
    const roleGroups = { admin: ['admin'], auditor: ['auditor'], payloadReader }
    const house = await openHouse(t, { roleGroups })
    await commitApproval(house.store, 'apr_1')
    const shown = await json(await ask(house, `${v1}/approvals/apr_1`, { as }))
    const isShown = expected === 'question'
    assert.deepEqual(shown.question?.arguments, isShown ? asked : undefined)
    assert.equal(shown.request === null, !isShown)
    assert.equal(shown.withheld, !isShown)
    const records = (await house.store.leaves(0, 100)).map(({ bytes }) => parseLeaf(bytes))
    const reads = records.flatMap((one) => (one.type === 'payload.read' ? [one] : []))
    assert.deepEqual(reads.map(({ role }) => role).sort(), roles)
    assert.ok(reads.every(({ by }) => by === `operator:${as}`))
  })
}

test('who asks, in which words, and what is on offer', async (t) => {
  const house = await openHouse(t)
  const terms = {
    kind: 'window',
    uses: 5,
    forMs: 60_000,
    when: ['context.args.to == "a"'],
  } as const
  await commitApproval(house.store, 'apr_1', { terms, triggeredBy: ['github:1'] })
  const shown = await json(await ask(house, `${v1}/approvals/apr_1`, { as: 'dana' }))
  assert.deepEqual(shown.question.parties, [
    { id: 'corp:sam', kind: 'user', groups: ['sales'] },
    { id: 'corp:bot', kind: 'agent', groups: [] },
  ])
  assert.deepEqual(shown.said_by_caller, {
    untrusted: true,
    session_name: 'urgent\\u{202e}, please approve',
    texts: [],
  })
  assert.deepEqual([shown.digest, shown.triggered_by], ['offer-apr_1', ['github:1']])
  assert.deepEqual(shown.terms, { kind: 'window', uses: 5, for_ms: 60_000, when: terms.when })
  assert.deepEqual(shown.progress, [
    { flow: 'finance', name: 'finance', have: 0, need: 1, groups: ['finance'], open: true },
  ])
})

const same = { ...noBinding, arguments: 'one' }
const other = { ...noBinding, arguments: 'other' }
const before: Readonly<Record<string, readonly [Partial<Approval> | undefined, object]>> = {
  'nothing was approved before': [undefined, { outcome: 'none', approval: null, changes: [] }],
  'another question was denied': [{ state: 'DENIED' }, { outcome: 'none' }],
  'another function was approved': [
    { state: 'APPROVED', functionId: 'pay.list' },
    { outcome: 'none' },
  ],
  'one was approved': [
    { state: 'APPROVED', binding: other },
    {
      outcome: 'compared',
      approval: 'apr_1',
      same_arguments: false,
      subject: 'corp:sam',
      changes: [{ pointer: '/to', change: 'changed', before: 'old', after: 'new' }],
    },
  ],
  'one was approved with the same bytes': [
    { state: 'APPROVED', binding: same },
    { outcome: 'compared', same_arguments: true },
  ],
  'one was approved by people they are not among': [
    { state: 'APPROVED', approverGroups: ['legal'] },
    { outcome: 'withheld', approval: null, subject: null, changes: [] },
  ],
}
for (const [name, [changes, expected]] of Object.entries(before)) {
  test(`compared with the last approved call: ${name}`, async (t) => {
    const house = await openHouse(t)
    if (changes) await commitApproval(house.store, 'apr_1', changes, { to: 'old' })
    await commitApproval(house.store, 'apr_2', { binding: same }, { to: 'new' })
    const shown = await json(await ask(house, `${v1}/approvals/apr_2`, { as: 'dana' }))
    for (const [member, value] of Object.entries(expected)) {
      assert.deepEqual(shown.since_last_approved[member], value, member)
    }
    const leaves = (await house.store.leaves(0, 100)).map(({ bytes }) => parseLeaf(bytes))
    const first = leaves.findIndex((leaf) => 'approval' in leaf && leaf.approval === 'apr_1')
    const reads = leaves.filter((leaf) => leaf.type === 'payload.read' && leaf.record === first)
    assert.equal(reads.length, Object(expected).outcome === 'compared' ? 1 : 0)
  })
}

test('a read waits until there is something new, and no longer than it is told to', async (t) => {
  const house = await openHouse(t)
  await commitApproval(house.store, 'apr_1', { approverGroups: ['finance', 'legal'] })
  const path = `${v1}/approvals/apr_1`
  const at = async (query: string) => json(await ask(house, `${path}${query}`, { as: 'root' }))
  assert.equal((await at('?wait=0.05')).revision, 0)
  const waits = at('?wait=50')
  const votes = ask(house, `${path}/approve`, vote('offer-apr_1'))
  assert.equal((await votes).status, 200)
  assert.equal((await waits).revision, 1)
  // What was missed is there at once.
  assert.equal((await at('?wait=50&revision=0')).progress[0].have, 1)
  const settles = at('?wait=50&revision=1')
  const deny = {
    as: 'dana',
    method: 'POST',
    body: { digest: 'offer-apr_1', reason: 'No.' },
  } as const
  const denied = await ask(house, `${path}/deny`, deny)
  assert.equal((await json(denied)).errors?.[0].detail, 'already-voted')
  await ask(house, `${path}/withdraw`, { as: 'root', method: 'POST' })
  assert.equal((await settles).state, 'WITHDRAWN')
  assert.equal((await ask(house, `${path}?wait=51`, { as: 'root' })).status, 400)
  assert.equal((await ask(house, `${path}?wait=1`, { as: 'eve' })).status, 404)
})

const finance = { approverGroups: ['finance', 'legal'] } as const
const yes = {
  verdict: 'approve',
  step: 0,
  group: 'finance',
  reason: '',
  sawDigest: '',
  channel: 'admin',
  at: 0,
} as const
const standing: Readonly<Record<string, readonly [Partial<Approval>, string | null]>> = {
  'somebody else’s call': [{}, null],
  'a call with a key they issued': [
    { subject: 'key:key_1', actors: [], excluded: ['key:key_1', 'operator:dana'] },
    'own-call',
  ],
  'their own call, by another name': [{ subject: 'corp:Dana', actors: [] }, 'own-call'],
  'what they voted on': [{ ...finance, votes: [{ ...yes, by: 'operator:dana' }] }, 'already-voted'],
  'what they voted on, by another name': [
    { ...finance, votes: [{ ...yes, by: 'corp:dana' }] },
    'already-voted',
  ],
  'what is decided': [{ state: 'WITHDRAWN' }, 'approval-closed'],
}

test('what is shown of one’s vote is what the vote is judged by', async (t) => {
  const house = await openHouse(t)
  for (const [at, [name, [changes, expected]]] of Object.entries(standing).entries()) {
    await t.test(name, async () => {
      const id = `apr_${at}`
      await commitApproval(house.store, id, changes)
      const { you } = await json(await ask(house, `${v1}/approvals/${id}`, { as: 'dana' }))
      assert.deepEqual([you.may_vote, you.why_not], [expected === null, expected])
      const { data } = await json(await ask(house, `${v1}/approvals`, { as: 'dana' }))
      assert.deepEqual(data.find((one: Answer) => one.id === id).you, you)
      const cast = await ask(house, `${v1}/approvals/${id}/approve`, vote(`offer-${id}`))
      const said = await json(cast)
      assert.equal(said.errors?.[0].detail ?? null, expected)
    })
  }
})
