import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, json, openHouse, v1 } from '../../../test/admin-house.ts'
import { type LinkedPerson, noApprovalRules } from '../../model/approval-rules.ts'

type Row = readonly [
  string,
  {
    /** Who is one person, as the rulebook has it. */
    readonly people?: readonly LinkedPerson[]
    readonly locked?: string
  },
  { readonly asked: number; readonly approved?: number },
]

const linked = (id: string, accounts: readonly string[], agents: readonly string[] = []) => ({
  ...{ id, accounts, agents },
})

/** Root asks for payloads to be erased, and Dana agrees: both are administrators. */
const rows: readonly Row[] = [
  ['two people', {}, { asked: 201, approved: 200 }],
  [
    'two people with other accounts',
    {
      people: [linked('operator:root', ['hub:root1']), linked('operator:dana', ['hub:dana9'])],
    },
    { asked: 201, approved: 200 },
  ],
  [
    'two accounts of one person',
    { people: [linked('corp:ro', ['operator:root', 'operator:dana'])] },
    { asked: 201, approved: 403 },
  ],
  [
    'a person and their agent',
    { people: [linked('operator:root', [], ['operator:dana'])] },
    { asked: 201, approved: 403 },
  ],
  [
    'a person and the agent of somebody else',
    { people: [linked('corp:lee', [], ['operator:dana'])] },
    { asked: 201, approved: 403 },
  ],
  ['an agent who asks', { people: [linked('corp:lee', [], ['operator:root'])] }, { asked: 403 }],
  [
    'a person whose other account is locked',
    { people: [linked('operator:dana', ['corp:dana9'])], locked: 'corp:dana9' },
    { asked: 201, approved: 403 },
  ],
]

for (const [name, { people = [], locked }, expected] of rows) {
  test(`erasing a payload: ${name}`, async (t) => {
    const roleGroups = { admin: ['admin', 'finance'], auditor: [], payloadReader: [] }
    const house = await openHouse(t, { roleGroups }, { ...noApprovalRules, people })
    const post = (as: 'root' | 'dana', path: string, body: object = { reason: 'DPO-12' }) =>
      ask(house, `${v1}${path}`, { as, method: 'POST', body })
    const { index } = await house.store.commit({
      record: {
        ...{ type: 'call.denied', time: new Date(house.clock.now).toISOString() },
        ...{ call: 'c1', code: 'policy-denied', stage: 'resolved' },
      },
      payloads: [
        { role: 'args', mediaType: 'text/plain', bytes: new TextEncoder().encode('x'), keep: true },
      ],
    })
    if (locked !== undefined) {
      const lock = { principal: locked, reason: 'left' }
      assert.equal((await post('root', '/principals/locks', lock)).status, 201)
    }
    const asked = await post('root', `/records/${index}/erasures`)
    assert.equal(asked.status, expected.asked)
    if (expected.approved === undefined) return
    const { id } = await json(asked)
    const listed = await json(await ask(house, `${v1}/erasures`, { as: 'dana' }))
    assert.equal(listed.data[0].you.may_approve, expected.approved === 200)
    const approved = await post('dana', `/erasures/${id}/approve`)
    assert.equal(approved.status, expected.approved)
    const gone = await house.store.payloadGone(index, 'args')
    assert.equal(gone?.cause, expected.approved === 200 ? 'erased' : undefined)
  })
}
