import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { httpFunctionOf, inForceOf } from '../../test/rulebook-parts.ts'
import type { Freshness, FreshnessState } from '../model/certification.ts'
import type { Decision, GrantUsed, Question } from '../model/decision.ts'
import { defaultReviewRules, type ReviewRules } from '../model/review-rules.ts'
import { grantsInUse } from './check-review.ts'
import type { Gate } from './gate.ts'
import { Refusal } from './refusal.ts'

const now = 1_000
const sam = { kind: 'user', id: 'corp:sam', groups: [] } as const
const bot = { kind: 'agent', id: 'corp:bot', groups: [] } as const
const fn = httpFunctionOf({ id: 'crm.get', owner: 'team' })
type Permit = Extract<Decision, { effect: 'permit' }>

/** One grant of a party: where it stands, and what bounds it. */
type One = Omit<GrantUsed, 'id'> & {
  readonly state: FreshnessState
  readonly ended?: true
  readonly when?: readonly string[]
}
type Grants = Readonly<Record<string, One>>

/** What is asked of the outside: of expressions, those that say `yes` hold. */
function judge(parties: Readonly<Record<string, Grants>>, mode: ReviewRules['mode'] = 'enforce') {
  const known = new Map(Object.values(parties).flatMap((grants) => Object.entries(grants)))
  const gate: Pick<Gate, 'freshness'> = {
    freshness: (_, id): Freshness => {
      const { state, ended, when = [] } = known.get(id) ?? assert.fail(`nobody asked for ${id}`)
      return { state, tier: 'low', when, ...(ended && { ended }) }
    },
  }
  const rules = inForceOf(
    { reviews: { ...defaultReviewRules, mode } },
    {
      fits: (_, expressions) => expressions.every((one) => one === 'yes'),
      ownerFlow: (owner) => `${owner}-leads`,
    },
  )
  const decision: Permit = {
    effect: 'permit',
    reasons: [],
    grants: Object.entries(parties).map(([party, grants]) => ({
      party,
      grants: Object.entries(grants).map(([id, { state: _, ended: __, when: ___, ...used }]) => {
        return { id, ...used }
      }),
    })),
  }
  const question: Question = {
    ...{ parties: [sam, bot], subject: sam, functionId: 'crm.get', args: {}, session: 's' },
    ...{ time: now, source: { protocol: 'http', ip: '::1' }, approvedBy: [] },
  }
  return grantsInUse(gate, { fn, rules, decision }, question)
}

/** The grants in use as `party grant STATE`, whose owners are asked, and the fields; or how it is refused. */
function check(
  parties: Readonly<Record<string, Grants>>,
  expected: readonly string[],
  mode?: ReviewRules['mode'],
): void {
  const told: string[] = []
  try {
    const { used, stale, fields } = judge(parties, mode)
    told.push(...used.map(({ party, grant, freshness }) => `${party} ${grant} ${freshness}`))
    told.push(...stale.map(({ grant, owner, group }) => `ask ${group} of ${owner} for ${grant}`))
    told.push(...fields.map((scope) => `only ${scope.join(' ')}`))
  } catch (thrown) {
    assert.ok(thrown instanceof Refusal)
    const looked = thrown.grants?.map(({ grant, freshness }) => `${grant} ${freshness}`) ?? []
    told.push(`${thrown.code}: ${looked.join(', ')}`)
  }
  assert.deepEqual(told, expected)
}

type Row = readonly [
  name: string,
  parties: Readonly<Record<string, Grants>>,
  expected: readonly string[],
  mode?: ReviewRules['mode'],
]
const rows: readonly Row[] = [
  ['fresh', { sam: { a: { state: 'FRESH' } } }, ['sam a FRESH']],
  ['due soon still counts', { sam: { a: { state: 'DUE_SOON' } } }, ['sam a DUE_SOON']],
  ['exempt', { sam: { a: { state: 'EXEMPT' } } }, ['sam a EXEMPT']],
  ['not certified yet', { sam: { a: { state: 'PROVISIONAL' } } }, ['sam a PROVISIONAL']],
  [
    'stale: its owner has to agree',
    { sam: { a: { state: 'STALE', owner: 'crm' } } },
    ['sam a STALE', 'ask crm-leads of crm for a'],
  ],
  [
    'a stale one without an owner is the function’s',
    { sam: { a: { state: 'STALE' } } },
    ['sam a STALE', 'ask team-leads of team for a'],
  ],
  ['lapsed', { sam: { a: { state: 'LAPSED' } } }, ['review-lapsed: a LAPSED']],
  ['revoked', { sam: { a: { state: 'REVOKED' } } }, ['grant-revoked: a REVOKED']],
  [
    'what is left when one has lapsed is revoked',
    { sam: { a: { state: 'LAPSED' }, b: { state: 'REVOKED' } } },
    ['grant-revoked: a LAPSED, b REVOKED'],
  ],
  [
    'a fresh one is preferred to a stale one, whatever their order',
    { sam: { a: { state: 'STALE' }, b: { state: 'FRESH' } } },
    ['sam b FRESH'],
  ],
  [
    'one that is due is preferred to a stale one',
    { sam: { a: { state: 'STALE' }, b: { state: 'DUE_SOON' } } },
    ['sam b DUE_SOON'],
  ],
  [
    'a fresh one is preferred to one that is due',
    { sam: { a: { state: 'DUE_SOON' }, b: { state: 'FRESH' } } },
    ['sam b FRESH'],
  ],
  [
    'a stale one is preferred to none',
    { sam: { a: { state: 'REVOKED' }, b: { state: 'STALE' }, c: { state: 'LAPSED' } } },
    ['sam b STALE', 'ask team-leads of team for b'],
  ],
  [
    'each party needs one of its own',
    { sam: { a: { state: 'FRESH' } }, bot: { b: { state: 'LAPSED' } } },
    ['review-lapsed: b LAPSED'],
  ],
  [
    'each party’s stale one asks its owner, one grant once',
    {
      sam: { a: { state: 'STALE', owner: 'crm' } },
      bot: { a: { state: 'STALE', owner: 'crm' }, b: { state: 'STALE', owner: 'ops' } },
    },
    ['sam a STALE', 'bot a STALE', 'ask crm-leads of crm for a'],
  ],
  [
    'one that is due without a limit makes a fresh one with one unneeded',
    { sam: { a: { state: 'FRESH', fields: ['$.a'] }, b: { state: 'DUE_SOON' } } },
    ['sam b DUE_SOON'],
  ],
  [
    'what limited ones let through adds up',
    {
      sam: { a: { state: 'DUE_SOON', fields: ['$.a'] }, b: { state: 'FRESH', fields: ['$.b'] } },
    },
    ['sam b FRESH', 'sam a DUE_SOON', 'only $.b $.a'],
  ],
  [
    'a stale one without a limit adds nothing to a fresh one with one',
    { sam: { a: { state: 'FRESH', fields: ['$.a'] }, b: { state: 'STALE' } } },
    ['sam a FRESH', 'only $.a'],
  ],
  [
    'of limited stale ones one is asked for',
    {
      sam: { a: { state: 'STALE', fields: ['$.a'] }, b: { state: 'STALE', fields: ['$.b'] } },
    },
    ['sam a STALE', 'ask team-leads of team for a', 'only $.a'],
  ],
  [
    'its time is over',
    { sam: { a: { state: 'FRESH', expiresAt: now } } },
    ['review-lapsed: a FRESH'],
  ],
  ['not quite', { sam: { a: { state: 'FRESH', expiresAt: now + 1 } } }, ['sam a FRESH']],
  [
    'narrowed, and this call is within',
    { sam: { a: { state: 'FRESH', when: ['yes'] } } },
    ['sam a FRESH'],
  ],
  [
    'narrowed, and this call is outside',
    { sam: { a: { state: 'FRESH', when: ['yes', 'no'] } } },
    ['review-lapsed: a FRESH'],
  ],
  [
    'narrowed away, and a stale one covers it',
    { sam: { a: { state: 'FRESH', when: ['no'] }, b: { state: 'STALE' } } },
    ['sam b STALE', 'ask team-leads of team for b'],
  ],
  ['a first look: stale', { sam: { a: { state: 'STALE' } } }, ['sam a STALE'], 'report'],
  ['a first look: lapsed', { sam: { a: { state: 'LAPSED' } } }, ['sam a LAPSED'], 'report'],
  [
    'a first look: the freshest is named all the same',
    { sam: { a: { state: 'LAPSED' }, b: { state: 'STALE' }, c: { state: 'DUE_SOON' } } },
    ['sam c DUE_SOON'],
    'report',
  ],
  [
    'a first look brings back nothing that people ended',
    { sam: { a: { state: 'LAPSED', ended: true } } },
    ['review-lapsed: a LAPSED'],
    'report',
  ],
  [
    'nor what they revoked',
    { sam: { a: { state: 'REVOKED' } } },
    ['grant-revoked: a REVOKED'],
    'report',
  ],
  [
    'nor what they narrowed',
    { sam: { a: { state: 'LAPSED', when: ['no'] } } },
    ['review-lapsed: a LAPSED'],
    'report',
  ],
]
for (const [name, parties, expected, mode] of rows) test(name, () => check(parties, expected, mode))

const state = fc.constantFrom<FreshnessState[]>(
  ...(['PROVISIONAL', 'FRESH', 'DUE_SOON', 'STALE', 'LAPSED', 'EXEMPT', 'REVOKED'] as const),
)
const one = fc.record(
  { state, fields: fc.constant(['$.a']), when: fc.constantFrom(['yes'], ['no'], []) },
  { requiredKeys: ['state'] },
)

test('whatever a party has, nothing lapsed, revoked or narrowed away is in use, and nothing stale unasked', () => {
  const grants = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), one, { minKeys: 1 })
  fc.assert(
    fc.property(grants, grants, (ofSam, ofBot) => {
      const renamed = Object.entries(ofBot).map(([id, grant]) => [`${id}2`, grant])
      const parties: Readonly<Record<string, Grants>> = {
        sam: ofSam,
        bot: Object.fromEntries(renamed),
      }
      try {
        const { used, stale } = judge(parties)
        for (const { party, grant } of used) {
          const { state, when = [] } = parties[party]?.[grant] ?? assert.fail()
          assert.ok(state !== 'LAPSED' && state !== 'REVOKED' && !when.includes('no'))
          if (state === 'STALE') assert.ok(stale.some((asked) => asked.grant === grant))
        }
        assert.deepEqual(new Set(used.map(({ party }) => party)), new Set(['sam', 'bot']))
      } catch (thrown) {
        if (!(thrown instanceof Refusal)) throw thrown
        const isLive = ({ state, when = [] }: One) =>
          state !== 'LAPSED' && state !== 'REVOKED' && !when.includes('no')
        const bare = Object.values(parties).some((own) => !Object.values(own).some(isLive))
        assert.ok(bare, 'refused although each party had one that counts')
      }
    }),
  )
})
