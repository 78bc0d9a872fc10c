import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ApprovalNames } from './approval-names.ts'
import { readApprovals } from './read-approvals.ts'

const names: ApprovalNames = {
  functions: ['payments.transfer', 'payments.refund', 'crm.get'],
  approverGroups: ['payments', 'legal'],
  channels: ['ops', 'pager'],
  issuers: ['corp', 'operator'],
}

/** The problems of an approvals.yaml as `line message hint`. */
function check(text: string, expected: readonly string[], known: ApprovalNames = names): void {
  const problems: Parameters<typeof readApprovals>[2] = []
  readApprovals([{ file: 'approvals.yaml', text }], known, problems)
  const told = problems.map(
    ({ line, message, hint }) => `${line} ${message}${hint ? ` ${hint}` : ''}`,
  )
  assert.deepEqual(told, expected)
}

const flow = (body: string, more = '') => `flows:\n  payments: ${body}\n${more}`
const glass = (changes: Readonly<Record<string, string | undefined>> = {}) => {
  const whole = {
    people: "['corp:eve']",
    functions: "['payments.*']",
    amr: '[mfa]',
    reviewers: '[security]',
    notify: '[ops]',
    ...changes,
  }
  const members = Object.entries(whole).filter(([, value]) => value !== undefined)
  return `breakGlass:\n${members.map(([key, value]) => `  ${key}: ${value}\n`).join('')}`
}

type Row = readonly [name: string, text: string, expected: readonly string[], known?: ApprovalNames]
const cases: readonly Row[] = [
  ['nothing', '', []],
  ['only a comment', '# later', []],
  ['a flow that says nothing', flow('{}'), []],
  [
    'an unknown key',
    flow('{ quorom: 2 }'),
    [
      '2 `quorom` is not known here. Known here: steps, reason, decideBy, claimBy, offers, uses, for, notify, message, slackDecides.',
    ],
  ],
  ['an unknown part', 'flow: {}', ['1 `flow` is not known here. Did you mean `flows`?']],
  [
    'a step without groups',
    flow('{ steps: [{ groups: [] }] }'),
    ['2 `groups`: Too small: expected array to have >=1 items'],
  ],
  ['no steps', flow('{ steps: [] }'), ['2 `steps`: Too small: expected array to have >=1 items']],
  [
    'a quorum of nobody',
    flow('{ steps: [{ groups: [a], quorum: 0 }] }'),
    ['2 `quorum`: Too small: expected number to be >=1'],
  ],
  [
    'a flow that no policy names',
    'flows:\n  payment: {}',
    ['2 No policy has @approval with `payment`. Did you mean `payments`?'],
  ],
  ['the same while policies are not known', 'flows:\n  payment: {}', [], {}],
  [
    'a group with the name of what every object has',
    'flows:\n  constructor: {}\ngroups:\n  toString: [corp:a]',
    [
      '4 Nothing asks the group `toString`. Known: payments, legal, constructor.',
      '2 No policy has @approval with `constructor`. Known: payments, legal.',
    ],
  ],
  [
    'invisible characters in a name',
    'groups:\n  "pay\\u200bments": [corp:a]',
    ['2 `pay\u200bments`: Invalid key in record'],
  ],
  [
    'two steps of one name',
    flow('\n    steps:\n      - { groups: [a] }\n      - { groups: [a] }'),
    ['5 Another step is called `a`. Give it a `name` of its own.'],
  ],
  [
    'a group twice in a step',
    flow('{ steps: [{ groups: [a, b, a] }] }'),
    ['2 `a` may vote in this step already.'],
  ],
  [
    'a ladder',
    flow(
      '{ decideBy: 15m, steps: [{ groups: [a], escalate: [{ after: 5m, groups: [b] }, { after: 10m, groups: [c] }] }] }',
    ),
    [],
  ],
  [
    'a ladder that does not rise, adds nothing, or ends too late',
    flow(
      '\n    decideBy: 15m\n    steps:\n      - groups: [a]\n        escalate:\n          - { after: 10m, groups: [a] }\n          - { after: 10m, groups: [b] }\n          - { after: 15m, groups: [c] }',
    ),
    [
      '7 `a` may vote in this step already.',
      '8 Each rung comes later than the one before it.',
      '9 It is over after 15m: this rung is never reached.',
    ],
  ],
  [
    'more people than there are',
    flow('{ steps: [{ groups: [a], quorum: 3 }] }', 'groups: { a: [corp:a, corp:b] }'),
    ['2 3 different people are asked for, and only 2 may. Nobody could ever approve.'],
  ],
  [
    'more people than there are, for two ids are one',
    flow(
      '{ steps: [{ groups: [a, b], quorum: 2 }] }',
      'groups: { a: [corp:a], b: [corp:z] }\npeople: [{ id: corp:a, accounts: [corp:z] }]',
    ),
    ['2 2 different people are asked for, and only 1 may. Nobody could ever approve.'],
  ],
  [
    'enough once the ladder is climbed',
    flow(
      '{ steps: [{ groups: [a], quorum: 2, escalate: [{ after: 5m, groups: [b] }] }] }',
      'groups: { a: [corp:a], b: [corp:b] }',
    ),
    [],
  ],
  [
    'as many as a token says',
    flow('{ steps: [{ groups: [a, b], quorum: 2 }] }', 'groups: { a: [corp:a] }'),
    [],
  ],
  [
    'one person for two steps',
    flow('{ steps: [{ groups: [a] }, { groups: [b] }] }', 'groups: { a: [corp:a], b: [corp:a] }'),
    [
      '2 All steps together ask for 2 different people, and only 1 may. One person fills one place, in one step.',
    ],
  ],
  ['a window', flow('{ offers: [call, window], uses: 10, for: 30m }'), []],
  [
    'a window without bounds',
    flow('{ offers: [call, session] }'),
    [
      '2 `uses` has to say how much of a window or a session may be asked for.',
      '2 `for` has to say how much of a window or a session may be asked for.',
    ],
  ],
  [
    'bounds of nothing',
    flow('{ uses: 3 }'),
    ['2 `uses` bounds a window or a session, and neither is offered.'],
  ],
  [
    'no single call',
    flow('{ offers: [window, window], uses: 3, for: 1m }'),
    ['2 One stands here twice.', '2 Exactly one call can always be asked for. Add `call`.'],
  ],
  [
    'a window longer than a day’s work',
    flow('{ offers: [call, window], uses: 3, for: 9h }'),
    ['2 The time has to be between 1s and 8h.'],
  ],
  [
    'an unknown channel',
    flow('{ notify: [ops, oops] }'),
    ['2 gateway.yaml has no channel `oops`. Did you mean `ops`?'],
  ],
  [
    'a channel while they are not known',
    flow('{ notify: [oops] }'),
    [],
    { ...names, channels: undefined },
  ],
  [
    'Slack decides where nobody is told',
    flow('{ slackDecides: true }'),
    ['2 Nobody is told on Slack. Add `notify`.'],
  ],
  [
    'a group nobody asks',
    'groups:\n  legall: [corp:a]',
    ['2 Nothing asks the group `legall`. Did you mean `legal`?'],
  ],
  ['the group of a policy without a flow', 'groups:\n  legal: [corp:a]', []],
  ['no member', 'groups:\n  legal: []', ['2 `legal`: Too small: expected array to have >=1 items']],
  [
    'a member without an issuer',
    'groups:\n  legal: [alice]',
    ['2 This entry: write `<issuer>:<name>`, such as corp:alice'],
  ],
  [
    'a member of an unknown issuer, an agent, and one person twice',
    [
      'groups:',
      '  legal:',
      '    - crop:a',
      '    - corp:bot',
      '    - corp:a',
      '    - operator:a2',
      'people: [{ id: corp:a, accounts: [operator:a2], agents: [corp:bot] }]',
    ].join('\n'),
    [
      '3 Nobody signs in as one of `crop`. Did you mean `corp`?',
      '4 `corp:bot` is no person.',
      '6 `operator:a2` and `corp:a` are one person.',
    ],
  ],
  [
    'an account of two people',
    'people:\n  - { id: corp:a, accounts: [slack:U1] }\n  - { id: corp:b, accounts: [slack:U1] }',
    ['3 `slack:U1` stands under `corp:a` too.'],
  ],
  [
    'an agent of two people, and a person who is an account',
    'people:\n  - { id: corp:a, agents: [corp:bot] }\n  - { id: corp:b, agents: [corp:bot], accounts: [corp:a] }',
    ['3 `corp:a` stands under `corp:a` too.', '3 `corp:bot` stands under `corp:a` too.'],
  ],
  ['break-glass', glass(), []],
  ['break-glass of nobody', 'breakGlass: { people: [] }', []],
  [
    'break-glass without anything',
    "breakGlass: { people: ['corp:eve'] }",
    [
      '1 Which functions it is for has to be said.',
      '1 Somebody has to be told at once.',
      '1 Somebody else has to look at it afterwards.',
      '1 A sign-in has to prove more than usual. Add `amr: [mfa]`, or the `acr` of your identity provider.',
    ],
  ],
  [
    'break-glass for everything',
    glass({ functions: "['*']" }),
    ['3 Not everything at once. Name functions, or connections: `payments.*`.'],
  ],
  [
    'break-glass for what does not exist',
    glass({ functions: "['payment.*', crm.gte]" }),
    [
      '3 There is no function `payment.*`. Known: payments.transfer, payments.refund, crm.get.',
      '3 There is no function `crm.gte`. Did you mean `crm.get`?',
    ],
  ],
  ['break-glass for too long', glass({ for: '61m' }), ['7 The time has to be between 1s and 1h.']],
  [
    'break-glass by an operator key, an agent and a stranger',
    `${glass({ people: '\n    - operator:dana\n    - corp:bot\n    - crop:eve' })}people: [{ id: corp:x, agents: [corp:bot] }]`,
    [
      '5 Nobody signs in as one of `crop`. Did you mean `corp`?',
      '3 An operator key proves no more than itself, so this person never could. Name them as their identity provider does.',
      '4 `corp:bot` is no person.',
    ],
  ],
  [
    'break-glass reviewed by oneself',
    `${glass()}groups: { security: [corp:eve2] }\npeople: [{ id: corp:eve, accounts: [corp:eve2] }]`,
    ['5 Nobody but `corp:eve` could review it.'],
  ],
  [
    'break-glass told to nobody known',
    glass({ notify: '[op]' }),
    ['6 gateway.yaml has no channel `op`. Did you mean `ops`?'],
  ],
]
for (const [name, text, expected, known] of cases) test(name, () => check(text, expected, known))

test('what is not said has its default', () => {
  const text = `flows: { payments: {} }\n${glass()}`
  const rules = readApprovals([{ file: 'approvals.yaml', text }], names, [])
  assert.deepEqual(rules, {
    flows: {
      payments: {
        group: 'payments',
        steps: [{ name: 'payments', groups: ['payments'], quorum: 1, escalation: [] }],
        reasonChars: 0,
        offers: ['call'],
        usesMax: 1,
        forMsMax: 0,
        notify: [],
        message: 'masked',
        slackDecides: false,
      },
    },
    groups: {},
    people: [],
    breakGlass: {
      people: ['corp:eve'],
      functions: ['payments.*'],
      forMsMax: 1_800_000,
      acr: [],
      amr: ['mfa'],
      signedInWithinMs: 300_000,
      reviewers: ['security'],
      reviewWithinMs: 259_200_000,
      notify: ['ops'],
      usesPer30Days: 2,
    },
  })
})

const hostile = fc.oneof(
  fc.constantFrom(
    'a: &a [x, x, x]\nb: &b [*a, *a, *a]\nflows: *b',
    'flows: &f { payments: *f }',
    `groups:\n  legal: [${'corp:a, '.repeat(1_500)}]`,
    `people: [${'{ id: corp:a }, '.repeat(500)}]`,
    `flows:\n${Array.from({ length: 400 }, (_, at) => `  g${at}: {}\n`).join('')}`,
    `flows: ${'{ payments: '.repeat(200)}`,
    '__proto__: { flows: {} }',
    'flows: { __proto__: { steps: [] } }',
    'flows: null',
    'groups: { legal: null }',
    '- flows',
    '--- a\n--- b',
  ),
  fc.string(),
  fc
    .array(
      fc.constantFrom(
        ...'flows groups people breakGlass : - { } [ ] , "a" &x *x 5m 1 null'.split(' '),
        '\n',
        '  ',
      ),
      { maxLength: 60 },
    )
    .map((parts) => parts.join(' ')),
)

test('whatever stands in the file, it is rules or problems, and reading never throws', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const problems: Parameters<typeof readApprovals>[2] = []
      const rules = readApprovals([{ file: 'approvals.yaml', text }], names, problems)
      assert.ok(problems.length <= 100)
      for (const { line, message } of problems) assert.ok(line >= 0 && message !== '')
      if (rules && problems.length === 0) {
        for (const { steps } of Object.values(rules.flows)) assert.ok(steps.length > 0)
      }
    }),
    { numRuns: 300 },
  )
})
