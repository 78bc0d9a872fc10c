import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FunctionHold } from '../model/function-hold.ts'
import { type HoldEvent, holdMessage } from './hold-message.ts'

const hold: FunctionHold = {
  ...({ function: 'crm.list', connection: 'crm', state: 'quarantined', why: 'drift' } as const),
  ...{ registered: 'sha256:1', found: 'sha256:2', since: 1, revision: 1 },
  ...{ registeredText: '"UPSTREAM WORDS"', foundText: '"UPSTREAM WORDS"' },
}
const accepted: FunctionHold = {
  ...hold,
  ...({ state: 'accepted', accepted: { by: 'corp:ann', at: 2, note: 'fine' } } as const),
}
const fn = { owner: 'team-crm', purpose: 'Lists customers', risk: 'high' } as const

type Row = {
  readonly event?: HoldEvent
  readonly hold?: FunctionHold | undefined
  readonly newOnes?: number
  /** Absent: nothing is told. */
  readonly subject?: string
  readonly open?: boolean
  readonly facts?: readonly string[]
}

const rows: Readonly<Record<string, Row>> = {
  held: {
    hold,
    ...{ subject: 'crm.list is refused until its owner looks at it', open: true },
    facts: ['function', 'connection', 'owner', 'purpose', 'risk', 'why', 'registered', 'found'],
  },
  gone: {
    hold: { ...hold, why: 'gone', found: '' },
    ...{ subject: 'crm.list is refused until its owner looks at it', open: true },
    facts: ['function', 'connection', 'owner', 'purpose', 'risk', 'why', 'registered'],
  },
  'new ones': {
    hold: { ...hold, why: 'new' },
    ...{ newOnes: 7, subject: '7 operations of crm are not registered', open: false },
  },
  'a new one': {
    hold: { ...hold, why: 'new' },
    ...{ newOnes: 1, subject: 'An operation of crm is not registered', open: false },
  },
  accepted: {
    ...{ hold: accepted, event: 'function.accepted' },
    ...{ subject: 'crm.list was accepted as it is described now', open: false },
  },
  'held, and accepted before it was told': { hold: accepted },
  'accepted, and held again before it was told': { hold, event: 'function.accepted' },
  'nothing is known of it': { hold: undefined },
}

test('what people are told of a function that is held', async (t) => {
  for (const [name, row] of Object.entries(rows)) {
    await t.test(name, () => {
      const { event = 'function.quarantined', newOnes = 0 } = row
      const message = holdMessage({ event, about: 'crm.list' }, { hold: row.hold, fn, newOnes })
      assert.equal(message?.subject, row.subject)
      if (!message) return
      assert.equal(message.open, row.open)
      if (row.facts)
        assert.deepEqual(
          message.facts.map(({ name }) => name),
          row.facts,
        )
      assert.equal(message.path, '/functions/crm.list')
      assert.ok(!JSON.stringify(message).includes('UPSTREAM WORDS'))
    })
  }
})
