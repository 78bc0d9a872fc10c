import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { defaultReviewRules } from '../model/review-rules.ts'
import type { Problem } from '../model/rulebook.ts'
import { readReviews, saysSomething } from './read-reviews.ts'

const names = {
  functions: ['vendors.create', 'vendors.edit', 'payments.send'],
  channels: ['ops', 'pager'],
}
type Names = { readonly functions?: readonly string[]; readonly channels?: readonly string[] }

function read(text: string, known: Names = names) {
  const problems: Problem[] = []
  const { rules } = readReviews([{ file: 'reviews.yaml', text }], known, problems)
  const told = problems.map(
    ({ line, message, hint }) => `${line} ${message}${hint ? ` ${hint}` : ''}`,
  )
  return { rules, told }
}

const duty = (changes: Readonly<Record<string, string | undefined>> = {}) => {
  const whole = {
    id: 'two',
    reason: 'Two people',
    left: "['vendors.*']",
    right: "['payments.send']",
    ...changes,
  }
  const members = Object.entries(whole).filter(([, value]) => value !== undefined)
  return `duties:\n  - ${members.map(([key, value]) => `${key}: ${value}`).join('\n    ')}\n`
}
const object = "{ left: '$.id', right: '$.vendor.id' }"

type Row = readonly [name: string, text: string, expected: readonly string[], known?: Names]
const rows: readonly Row[] = [
  ['nothing', '', []],
  [
    'an unknown key',
    'due: 3d',
    [
      '1 `due` is not known here. Known here: mode, initial, dueSoon, tiers, owners, notify, duties.',
    ],
  ],
  [
    'an unknown tier',
    'tiers: { hi: {} }',
    ['1 `hi` is not known here. Known here: critical, high, medium, low.'],
  ],
  ['no time', 'initial: soon', ['1 `initial`: write a time such as `60s`, `15m` or `8h`']],
  [
    'a cadence beyond a year',
    'tiers: { low: { cadence: 400d } }',
    ['1 The time has to be between 1d and 366d.'],
  ],
  [
    'due from the beginning',
    'dueSoon: 30d',
    [
      '1 A critical grant would be due from the day it is certified: `dueSoon` is 30d, its cadence 30d.',
    ],
  ],
  [
    'the same, by a cadence',
    'tiers:\n  high: { cadence: 7d }',
    ['2 A high grant would be due from the day it is certified: `dueSoon` is 14d, its cadence 7d.'],
  ],
  [
    'an unknown channel',
    'notify: [opps]',
    ['1 gateway.yaml has no channel `opps`. Did you mean `ops`?'],
  ],
  ['the same where channels are not known', 'notify: [opps]', [], {}],
  [
    'an owner without groups',
    'owners: { crm: { groups: [] } }',
    ['1 `groups`: Too small: expected array to have >=1 items'],
  ],
  ['a group twice', 'owners:\n  crm: { groups: [a, b, a] }', ['2 `a` stands here twice.']],
  ['a duty', duty(), []],
  ['one with an object', duty({ object, for: '30d' }), []],
  ['one that is approved', duty({ object, effect: 'approve', approvers: '[cfo]' }), []],
  [
    'two of one name',
    duty() + duty().replace('duties:\n', ''),
    ['6 Another rule is called `two`.'],
  ],
  [
    'an unknown function',
    duty({ left: '[vendor.create]' }),
    ['4 There is no function `vendor.create`. Did you mean `vendors.create`?'],
  ],
  [
    'a pattern of nothing',
    duty({ right: "['payment.*']" }),
    ['5 Nothing is covered by `payment.*`. Known: vendors.create, vendors.edit, payments.send.'],
  ],
  ['the same while functions are not known', duty({ left: '[vendor.create]' }), [], {}],
  [
    'a function on both sides',
    duty({ right: "['*']" }),
    [
      '5 `vendors.create` is on both sides. Who may call it would be in conflict with themselves: name the functions of one side.',
    ],
  ],
  [
    'a time without an object',
    duty({ for: '30d' }),
    ['6 Without `object` it is about what is held, not about when.'],
  ],
  [
    'an approval of what is held',
    duty({ effect: 'approve', approvers: '[cfo]' }),
    [
      '6 Only single calls can be approved. Write `deny` with `exempt`, or `flag`, or name an `object`.',
    ],
  ],
  [
    'an approval by nobody',
    duty({ object, effect: 'approve' }),
    ['7 Nobody is named who could approve. Add `approvers`.'],
  ],
  [
    'approvers nobody asks',
    duty({ object, approvers: '[cfo]' }),
    ['7 With `deny` nobody is asked.'],
  ],
  [
    'an object at many places',
    duty({ object: "{ left: '$.ids[*]', right: '$..id' }" }),
    [
      '6 The path has to lead to one place: names and positions only.',
      '6 The path has to lead to one place: names and positions only.',
    ],
  ],
  [
    'the whole of the arguments',
    duty({ object: "{ left: '$', right: '$.id' }" }),
    ['6 The path has to lead to one place: names and positions only.'],
  ],
  [
    'no path',
    duty({ object: "{ left: id, right: '$.id' }" }),
    ['6 The path must start with $, which stands for the whole value.'],
  ],
  [
    'exempt twice',
    duty({ exempt: "['corp:sam', 'corp:sam']" }),
    ['6 `corp:sam` stands here twice.'],
  ],
]
for (const [name, text, expected, known] of rows) {
  test(name, () => assert.deepEqual(read(text, known).told, expected))
}

test('what is written is what holds', () => {
  const { rules, told } = read(`mode: report
initial: 7d
dueSoon: 3d
tiers: { critical: { cadence: 10d, grace: 0s } }
owners: { crm: { groups: [leads, deputies] } }
notify: [pager, ops]
${duty({ object, exempt: "['corp:sam']" })}`)
  assert.deepEqual(told, [])
  const day = 86_400_000
  assert.deepEqual(rules, {
    mode: 'report',
    initialMs: 7 * day,
    dueSoonMs: 3 * day,
    tiers: { ...defaultReviewRules.tiers, critical: { cadenceMs: 10 * day, graceMs: 0 } },
    owners: { crm: { groups: ['deputies', 'leads'] } },
    notify: ['ops', 'pager'],
    duties: [
      {
        ...{ id: 'two', reason: 'Two people', effect: 'deny', approvers: [] },
        ...{ left: ['vendors.*'], right: ['payments.send'], exempt: ['corp:sam'] },
        object: { left: '$.id', right: '$.vendor.id' },
        forMs: 365 * day,
      },
    ],
  })
})

for (const text of ['', '# later', '{}', 'mode: enforce', 'initial: 30d\ndueSoon: 14d']) {
  test(`${JSON.stringify(text)} is as good as no file`, () => {
    assert.equal(saysSomething(read(text).rules), false)
  })
}

test('anything is read or complained about', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      const { rules, told } = read(text)
      if (told.length > 0) assert.ok(told.every((one) => /^\d+ ./.test(one)))
      else assert.ok(rules.tiers.low.cadenceMs > 0)
    }),
  )
})
