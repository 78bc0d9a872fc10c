import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Approval } from '../model/approval.ts'
import { lastApproved } from './last-approved.ts'

/** Approvals `a0001`, `a0002`, …, each approved and of the function named. */
function storeOf(functions: readonly string[]) {
  const all = functions.map((functionId, at) => ({ id: idOf(at), functionId }) as Approval)
  return {
    approvals: async ({
      before,
      limit,
      state,
    }: {
      before?: string
      limit: number
      state?: string
    }) => {
      assert.equal(state, 'APPROVED')
      return all
        .filter(({ id }) => before === undefined || id < before)
        .toReversed()
        .slice(0, limit)
    },
  }
}

const idOf = (at: number) => `a${String(at + 1).padStart(5, '0')}`
const others = (count: number) => Array.from({ length: count }, () => 'other')

type Case = {
  readonly functions: readonly string[]
  readonly asks: Partial<Approval>
  readonly expected: string
}
const cases: Readonly<Record<string, Case>> = {
  'the newest of the same function': {
    functions: ['pay', 'pay', 'other'],
    asks: { id: 'b' },
    expected: 'a00002',
  },
  'for one that waits, also a newer one': {
    functions: ['pay', 'pay', 'pay'],
    asks: { id: 'a00002' },
    expected: 'a00003',
  },
  'for one that is settled, the one before it': {
    functions: ['pay', 'pay', 'pay'],
    asks: { id: 'a00002', state: 'APPROVED' },
    expected: 'a00001',
  },
  'never itself': { functions: ['pay'], asks: { id: 'a00001' }, expected: 'none' },
  'none at all': { functions: [], asks: { id: 'b' }, expected: 'none' },
  'none of this function': { functions: others(450), asks: { id: 'b' }, expected: 'none' },
  'on a later page': { functions: ['pay', ...others(450)], asks: { id: 'b' }, expected: 'a00001' },
  'too far back to look': {
    functions: ['pay', ...others(1_000)],
    asks: { id: 'b' },
    expected: 'beyond-look-back',
  },
}

for (const [name, { functions, asks, expected }] of Object.entries(cases)) {
  test(`the last approved call: ${name}`, async () => {
    const asked = { id: '', functionId: 'pay', state: 'PENDING', ...asks } as const
    const found = await lastApproved(storeOf(functions), asked)
    assert.equal(typeof found === 'string' ? found : found.id, expected)
  })
}
