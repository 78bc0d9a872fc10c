import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gateOf, guardedOf } from '../../test/call-stages.ts'
import { inForceOf, principalOf, userOf } from '../../test/rulebook-parts.ts'
import type { DutyMark, DutySide } from '../model/duty.ts'
import type { DutyRule } from '../model/review-rules.ts'
import { checkDuties } from './check-duties.ts'
import { Refusal } from './refusal.ts'

const effects: Readonly<Record<string, DutyRule['effect']>> = {
  d: 'deny',
  a: 'approve',
  f: 'flag',
}

/** A side of the rule that denies (`d`), asks for approval (`a`) or flags (`f`); `d?` names no object. */
function sideOf(name: string): DutySide {
  const id = name.replace('?', '')
  const object = name === id ? 'v-1' : undefined
  const effect = effects[id] ?? 'deny'
  const rule = { id, reason: `because of ${id}`, left: [], right: [], effect, exempt: [] }
  return { rule: { ...rule, approvers: id === 'a' ? ['cfo'] : [] }, side: 'left', object }
}

const mark = (rule: string, side: 'left' | 'right'): DutyMark => ({
  ...{ rule, side, object: 'o', person: 'corp:sam', at: 1, since: 0 },
})

/** The intent's marks, bars and rules met, and who is asked; or the refusal. */
async function check(sides: string, met: string, expected: string | undefined): Promise<void> {
  const named = sides.split(' ').filter((one) => one !== '')
  const at = guardedOf({
    principal: principalOf({ subject: userOf('corp:sam') }),
    rules: inForceOf({}, { dutySides: () => named.map(sideOf) }),
  })
  const gate = gateOf({
    duties: async (_, asked) => ({
      marks: asked.map(({ rule }) => mark(rule.id, 'left')),
      bars: asked.map(({ rule }) => mark(rule.id, 'right')),
      met: met.split(' ').filter((one) => one !== ''),
    }),
  })
  let told: string | undefined
  try {
    const found = await checkDuties(gate, at)
    const ids = (marks: readonly DutyMark[]) => marks.map(({ rule }) => rule).join(' ')
    told =
      found &&
      [
        `marks ${ids(found.duties.marks)}`,
        `bars ${ids(found.duties.bars)}`,
        `met ${found.duties.met.join(' ')}`,
        `ask ${found.groups.join(' ')}`,
        ...found.reasons.map(({ text }) => text ?? ''),
      ]
        .map((part) => part.trim())
        .join(', ')
  } catch (thrown) {
    assert.ok(thrown instanceof Refusal)
    told = `${thrown.code} ${thrown.facts.duties}`
  }
  assert.equal(told, expected)
}

const rows: readonly (readonly [sides: string, met: string, expected: string | undefined])[] = [
  ['', '', undefined],
  ['d', '', 'marks d, bars d, met, ask'],
  ['d', 'd', 'duties-conflict d'],
  ['d?', '', 'duties-conflict d'],
  // What nobody has done yet may happen before the intent: then it is refused there.
  ['a', '', 'marks a, bars a, met, ask'],
  ['a', 'a', 'marks a, bars, met a, ask cfo, because of a'],
  ['a?', '', 'marks, bars, met a, ask cfo, because of a'],
  // A flag stands in nobody's way, seen or not.
  ['f', '', 'marks f, bars, met, ask'],
  ['f', 'f', 'marks f, bars, met f, ask'],
  ['f?', '', 'marks, bars, met f, ask'],
  ['d a f', 'a f', 'marks d a f, bars d, met a f, ask cfo, because of a'],
  ['d a f', 'd a', 'duties-conflict d'],
]
for (const [sides, met, expected] of rows) {
  test(`sides ${sides || 'none'}; done before: ${met || 'none'}`, () => check(sides, met, expected))
}
