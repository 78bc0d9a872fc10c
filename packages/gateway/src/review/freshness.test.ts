import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Certification, FreshnessState, GrantStanding } from '../model/certification.ts'
import type { Risk } from '../model/function.ts'
import type { GrantListed } from '../model/grant.ts'
import { defaultReviewRules as rules } from '../model/review-rules.ts'
import { freshnessOf } from './freshness.ts'
import { certified, restored, revoked } from './grant-standing.ts'
import { dayMs } from './usage.ts'

const unseen: GrantStanding = {
  ...{ grant: 'g', firstSeenAt: 0, content: 'a', contentSince: 0, revision: 1 },
}
const certification: Certification = {
  ...{ id: 'c', content: 'a', decision: 'keep', by: ['corp:dana'], reason: 'r', when: [], at: 0 },
  validUntil: 90 * dayMs,
}
const sure: GrantStanding = { ...unseen, certification }
const given = { content: 'a', by: ['corp:dana', 'corp:eve'], reason: 'r' }

type Row = readonly [
  what: string,
  standing: GrantStanding | undefined,
  grant: { readonly content?: string; readonly tier?: Risk; readonly expiresAt?: number },
  day: number,
  expected: FreshnessState,
]

function check([what, standing, grant, day, expected]: Row): void {
  const asked = { content: 'a', tier: 'high', ...grant } as const
  const { state } = freshnessOf(standing, asked, rules, day * dayMs)
  assert.equal(state, expected, `${what}, day ${day}`)
}

const rows: readonly Row[] = [
  ['nobody knows it', undefined, {}, 0, 'STALE'],
  ['new', unseen, {}, 0, 'PROVISIONAL'],
  ['new', unseen, {}, 29.9, 'PROVISIONAL'],
  ['new and never certified', unseen, {}, 30, 'STALE'],
  ['new and never certified', unseen, {}, 43.9, 'STALE'],
  ['new and never certified', unseen, {}, 44, 'LAPSED'],
  ['critical ones have less grace', unseen, { tier: 'critical' }, 37, 'LAPSED'],
  ['low ones have more', unseen, { tier: 'low' }, 89, 'STALE'],
  ['certified', sure, {}, 1, 'FRESH'],
  ['certified', sure, {}, 75.9, 'FRESH'],
  ['due', sure, {}, 76, 'DUE_SOON'],
  ['due', sure, {}, 89.9, 'DUE_SOON'],
  ['overdue', sure, {}, 90, 'STALE'],
  ['overdue', sure, {}, 103.9, 'STALE'],
  ['too late', sure, {}, 104, 'LAPSED'],
  [
    'changed since',
    { ...sure, content: 'b', contentSince: 10 * dayMs },
    { content: 'b' },
    10,
    'STALE',
  ],
  [
    'changed since',
    { ...sure, content: 'b', contentSince: 10 * dayMs },
    { content: 'b' },
    24,
    'LAPSED',
  ],
  [
    'changed when it was overdue: that puts nothing off',
    { ...sure, content: 'b', contentSince: 95 * dayMs },
    { content: 'b' },
    104,
    'LAPSED',
  ],
  [
    'changed tomorrow, by the clock of somebody else',
    { ...sure, content: 'b', contentSince: 20 * dayMs },
    { content: 'b' },
    19,
    'STALE',
  ],
  [
    'by older rules that were certified',
    { ...sure, content: 'b', contentSince: 9 },
    {},
    11,
    'FRESH',
  ],
  ['of rules nobody put down', sure, { content: 'z' }, 1, 'STALE'],
  ['expired', sure, { expiresAt: 5 * dayMs }, 5, 'LAPSED'],
  ['bound', { ...sure, endsAt: 5 * dayMs }, {}, 5, 'LAPSED'],
  ['bound', { ...sure, endsAt: 5 * dayMs }, {}, 4.9, 'DUE_SOON'],
  ['exempt', { ...unseen, exemption: { ...given, until: 80 * dayMs } }, {}, 79.9, 'EXEMPT'],
  ['exempt no more', { ...unseen, exemption: { ...given, until: 80 * dayMs } }, {}, 80, 'LAPSED'],
  [
    'exempt as it was',
    { ...unseen, exemption: { ...given, until: 80 * dayMs } },
    { content: 'b' },
    50,
    'LAPSED',
  ],
  [
    'exempt, and over',
    { ...unseen, endsAt: 3, exemption: { ...given, until: 80 * dayMs } },
    {},
    50,
    'LAPSED',
  ],
  ['extended', { ...sure, extension: { ...given, until: 106 * dayMs } }, {}, 105.9, 'DUE_SOON'],
  ['extended', { ...sure, extension: { ...given, until: 106 * dayMs } }, {}, 106, 'LAPSED'],
  [
    'revoked, whatever else',
    {
      ...sure,
      exemption: { ...given, until: 99 * dayMs },
      revoked: { at: 1, by: 'b', reason: 'r' },
    },
    {},
    2,
    'REVOKED',
  ],
]

test('where a grant stands', () => {
  for (const row of rows) check(row)
})

test('what was narrowed stays so, in every state', () => {
  const narrow = { ...sure, certification: { ...certification, when: ['x'] } }
  const exempt = { ...narrow, exemption: { ...given, until: 200 * dayMs } }
  for (const [standing, content] of [
    [narrow, 'a'],
    [narrow, 'b'],
    [exempt, 'a'],
  ] as const) {
    const found = freshnessOf(standing, { content, tier: 'low' }, rules, dayMs)
    assert.deepEqual(found.when, ['x'])
  }
})

// --- No order of events makes a lapsed or revoked grant permit a call ---

type Event =
  | { readonly kind: 'wait'; readonly days: number }
  | { readonly kind: 'change'; readonly content: string }
  | { readonly kind: 'certify'; readonly endsIn?: number }
  | { readonly kind: 'revoke' }
  | { readonly kind: 'restore' }
  | { readonly kind: 'extend'; readonly days: number }
  | { readonly kind: 'exempt'; readonly days: number }

const days = (max: number) => fc.double({ min: 0.1, max, noNaN: true })
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait'), days: days(60) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('change'), content: fc.constantFrom('a', 'b', 'c') }),
  },
  fc.record({ kind: fc.constant('certify'), endsIn: days(90) }, { requiredKeys: ['kind'] }),
  fc.record({ kind: fc.constant('revoke') }),
  fc.record({ kind: fc.constant('restore') }),
  fc.record({ kind: fc.constant('extend'), days: days(7) }),
  fc.record({ kind: fc.constant('exempt'), days: days(90) }),
)

/** What every store does with a grant whose content is put in force. */
function seen(standing: GrantStanding, content: string, at: number): GrantStanding {
  if (standing.content === content) return standing
  const { certification = standing, contentSince } = standing
  const isFirst = certification.content === standing.content
  return { ...standing, content, contentSince: isFirst ? at : contentSince }
}

function happens(standing: GrantStanding, event: Event, at: number): GrantStanding {
  const grant = listed(standing.content)
  switch (event.kind) {
    case 'change':
      return seen(standing, event.content, at)
    case 'certify': {
      if (standing.revoked) return standing
      const endsAt = event.endsIn === undefined ? undefined : at + event.endsIn * dayMs
      return certified(standing, {
        ...{ grant, rules, id: 'c', at, by: ['corp:dana'], reason: 'r' },
        terms: { decision: endsAt === undefined ? 'keep' : 'time-bound', when: [], endsAt },
      })
    }
    case 'revoke':
      return standing.revoked ? standing : revoked(standing, { at, by: 'b', reason: 'r' })
    case 'restore':
      return restored(standing)
    case 'extend': {
      if (standing.extension || standing.revoked) return standing
      return {
        ...standing,
        extension: { ...given, content: grant.content, until: at + event.days * dayMs },
      }
    }
    case 'exempt':
      if (standing.revoked) return standing
      return {
        ...standing,
        exemption: { ...given, content: grant.content, until: at + event.days * dayMs },
      }
    case 'wait':
      return standing
  }
}

function listed(content: string): GrantListed {
  return {
    ...{ id: 'g', functions: ['pay.pay'], principal: { kind: 'any' }, conditions: [], content },
    ...{ shape: 's', tier: 'high', text: '', file: '', line: 1 },
  }
}

test('only people bring back what has lapsed, and only two what was revoked', () => {
  const permits = (state: FreshnessState) => state !== 'LAPSED' && state !== 'REVOKED'
  const free = (state: FreshnessState) => permits(state) && state !== 'STALE'
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      let at = 0
      let standing = unseen
      const stateNow = () => freshnessOf(standing, listed(standing.content), rules, at).state
      for (const one of events) {
        const before = stateNow()
        if (one.kind === 'wait') at += one.days * dayMs
        standing = happens(standing, one, at)
        const after = stateNow()
        const isByPeople = ['certify', 'exempt', 'extend', 'restore'].includes(one.kind)
        if (before === 'REVOKED' && one.kind !== 'restore') assert.equal(after, 'REVOKED')
        // Waiting never brings anything back.
        if (one.kind === 'wait' && !permits(before)) assert.equal(permits(after), false)
        if (one.kind === 'wait' && !free(before)) assert.equal(free(after), false)
        // A change can only bring back what somebody certified as it is then, and that is still valid.
        if (!isByPeople && !permits(before) && permits(after)) {
          const isKnown =
            standing.certification?.content === standing.content ||
            standing.exemption?.content === standing.content ||
            standing.extension?.content === standing.content
          assert.ok(isKnown && one.kind === 'change', `${before} became ${after} by ${one.kind}`)
        }
        // Nothing of which nobody said anything is allowed freely for longer than a grant that is new.
        if (!standing.certification && !standing.exemption && !standing.extension) {
          if (at >= standing.firstSeenAt + rules.initialMs) assert.equal(free(after), false)
        }
        const { endsAt } = standing
        if (endsAt !== undefined && endsAt <= at) assert.equal(permits(after), false)
      }
    }),
    { numRuns: 3000 },
  )
})
