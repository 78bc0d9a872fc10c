import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordDraft } from '@sallyport/evidence/record'
import { held, openMemoryStore, rulesWith } from '../../test/desk-yard.ts'
import type { DutySide } from '../model/duty.ts'
import type { Party, Principal } from '../model/principal.ts'
import type { DutyRule } from '../model/review-rules.ts'
import { Conflict, type Store } from '../store/store.ts'
import { dutiesOf } from './duties.ts'

const rule: DutyRule = {
  ...{ id: 'vendor', reason: 'Who creates a vendor does not pay it.', forMs: 1_000 },
  ...{ left: ['crm.create'], right: ['pay.pay'], object: { left: '$.id', right: '$.vendor' } },
  ...{ effect: 'deny', approvers: [], exempt: [] },
}
const rules = rulesWith({
  people: [{ id: 'corp:sam', accounts: ['corp:sam-2'], agents: ['corp:sams-bot'] }],
})
const bindingKey = new Uint8Array(32).fill(3)

function user(name: string): Party {
  return { kind: 'user', id: `corp:${name}`, groups: [] }
}

function principalOf(subject: Party, ...actors: readonly Party[]): Principal {
  const authentication = {
    method: 'oidc',
    issuer: 'corp',
    credential: 'c',
    expiresAt: 9e12,
  } as const
  return { subject, actors, authentication, session: 'ses_1' }
}

type Done = {
  readonly by: Principal
  readonly side: DutySide['side']
  readonly object?: string
  readonly rule?: DutyRule
}

/** What the duties of a call come to, and whether its intent is taken. */
async function does(store: Store, id: string, now: number, done: Done) {
  const sides = [{ rule: done.rule ?? rule, side: done.side, object: done.object }]
  const at = held(id, { principal: done.by, rules })
  const duties = await dutiesOf({ store, bindingKey, now: () => now }, at, sides)
  const { iss, sub } = { iss: 'corp', sub: done.by.subject.id.slice('corp:'.length) }
  const record: RecordDraft = {
    type: 'call.authorized',
    ...{ time: new Date(now).toISOString(), call: id, session: 'ses_1' },
    caller: { iss, sub, authn: 'oidc', cred: 'c' },
    ...{
      obo: [],
      fn: { name: 'pay.pay', schema: 'sha256:s', server: 'pay' },
      masked: [],
      approvals: [],
    },
  }
  try {
    await store.commit({ record, payloads: [], duties: { marks: duties.marks, bars: duties.bars } })
    return { duties, taken: 'yes' }
  } catch (thrown) {
    assert.ok(thrown instanceof Conflict)
    return { duties, taken: thrown.about }
  }
}

test('who did one side does not do the other, by whatever account or agent', async (t) => {
  const store = await openMemoryStore()
  t.after(store.close)
  const sam = principalOf(user('sam'))
  const create = { side: 'left', object: 'acme' } as const
  const pay = { side: 'right', object: 'acme' } as const
  const rows: readonly [what: string, Done, at: number, taken: string, met: readonly string[]][] = [
    ['creates', { by: sam, ...create }, 0, 'yes', []],
    ['creates once more', { by: sam, ...create }, 1, 'yes', []],
    ['pays another', { by: sam, ...pay, object: 'umbrella' }, 2, 'yes', []],
    ['pays it', { by: sam, ...pay }, 3, 'duty', ['vendor']],
    ['another account', { by: principalOf(user('sam-2')), ...pay }, 3, 'duty', ['vendor']],
    ['their agent', { by: principalOf(user('sams-bot')), ...pay }, 3, 'duty', ['vendor']],
    [
      'for somebody else, through the same agent',
      { by: principalOf(user('dana'), user('sams-bot')), ...pay },
      3,
      'duty',
      ['vendor'],
    ],
    ['another rule', { by: sam, ...pay, rule: { ...rule, id: 'other' } }, 3, 'yes', []],
    ['somebody else', { by: principalOf(user('dana')), ...pay }, 4, 'yes', []],
    ['who then creates', { by: principalOf(user('dana')), ...create }, 5, 'duty', ['vendor']],
    [
      'asked about',
      { by: sam, ...pay, rule: { ...rule, effect: 'approve' } },
      6,
      'duty',
      ['vendor'],
    ],
    ['flagged', { by: sam, ...pay, rule: { ...rule, effect: 'flag' } }, 6, 'yes', ['vendor']],
    ['later', { by: principalOf(user('sams-bot')), ...pay }, 1_002, 'yes', []],
  ]
  for (const [n, [what, done, at, taken, met]] of rows.entries()) {
    const seen = await does(store, `call-${n}`, at, done)
    assert.deepEqual([seen.taken, seen.duties.met], [taken, met], what)
  }
})

test('an object that is not named leaves nothing, and one that is, no name', async (t) => {
  const store = await openMemoryStore()
  t.after(store.close)
  const by = principalOf(user('sam'))
  const unnamed = await does(store, 'call-1', 0, { by, side: 'left' })
  assert.deepEqual(unnamed.duties, { marks: [], bars: [], met: [] })
  const named = await does(store, 'call-2', 0, { by, side: 'left', object: 'acme' })
  assert.equal(named.duties.marks.length, 1)
  assert.ok(!JSON.stringify(named.duties).includes('acme'))
})
