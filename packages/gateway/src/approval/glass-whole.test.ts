import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DeskHouse, held, openDeskHouse, person } from '../../test/desk-yard.ts'
import type { BreakGlassRules } from '../model/approval-rules.ts'

/** What a broken glass allows ends with what allowed to break it. */
const breakGlass: BreakGlassRules = {
  people: ['corp:sam'],
  functions: ['pay.*'],
  forMsMax: 1_800_000,
  acr: [],
  amr: ['mfa'],
  signedInWithinMs: 300_000,
  reviewers: ['security'],
  reviewWithinMs: 600_000,
  notify: ['ops'],
  usesPer30Days: 5,
}
const request = {
  person: { ...person('sam', []), assurance: { amr: ['mfa'], signedInAt: 900_000 } },
  reason: 'The payment system is on fire.',
  incident: 'INC-1',
  functions: ['pay.transfer'],
}

const rows: readonly (readonly [string, (house: DeskHouse, glass: string) => unknown, boolean])[] =
  [
    ['nothing has changed', () => undefined, true],
    ['somebody found it justified', reviewed('justified'), true],
    ['somebody found it unjustified', reviewed('unjustified'), false],
    [
      'nobody has looked at it in time',
      ({ clock }) => {
        clock.now += breakGlass.reviewWithinMs
      },
      false,
    ],
    ['its person is named no more', says({ people: ['corp:lee'] }), false],
    ['it may be broken for other functions now', says({ functions: ['crm.*'] }), false],
    ['it may be broken no more', ({ say }) => say({}), false],
  ]
for (const [name, meanwhile, expected] of rows) {
  test(`a broken glass when ${name}: ${expected ? 'lets through' : 'no more'}`, async (t) => {
    const house = await openDeskHouse(t)
    house.say({ breakGlass })
    const opened = await house.desk.openGlass(request)
    assert.ok('glass' in opened)
    assert.ok(await house.desk.standing(held('c1'), ['finance']))
    await meanwhile(house, opened.glass.id)
    const used = await house.desk.standing(held('c2'), ['finance'])
    assert.equal(used !== undefined, expected)
  })
}

function reviewed(verdict: 'justified' | 'unjustified') {
  return async ({ desk }: DeskHouse, id: string) => {
    const reviewer = person('lee', ['security'])
    const said = await desk.reviewGlass({ id, person: reviewer, verdict, notes: 'Was there.' })
    assert.ok('glass' in said)
  }
}

function says(changes: Partial<BreakGlassRules>) {
  return ({ say }: DeskHouse) => say({ breakGlass: { ...breakGlass, ...changes } })
}
