import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePolicies } from './parse.ts'

/** `wanted`: ids of the policies, then problems as `line:column message (hint)`. */
function check(text: string, wanted: readonly string[]): void {
  const { policies, problems } = parsePolicies([{ file: 'a.cedar', text }])
  const told = problems.map(
    ({ line, column, message, hint }) => `${line}:${column} ${message}${hint ? ` (${hint})` : ''}`,
  )
  assert.deepEqual([...policies.map(({ id, line }) => `${id}@${line}`), ...told], wanted)
}

const permit = '@id("a") @owner("o") @reason("r") @review("90d")'
const forbid = '@id("b") @reason("r")'
const all = '(principal, action, resource);'

const cases: readonly (readonly [name: string, text: string, wanted: readonly string[]])[] = [
  ['nothing', '', []],
  ['only a comment', '// nothing; yet', []],
  ['two policies', `${permit} permit ${all}\n\n${forbid} forbid ${all}`, ['a@1', 'b@3']],
  ['carriage returns', `\uFEFF// x\r\n${permit}\r\npermit ${all}\r\n`, ['a@2']],
  ['a carriage return alone ends a comment', `// x\r${forbid} forbid ${all}\r// y`, ['b@2']],
  [
    'what would overflow Cedar',
    `${forbid} forbid (principal, action, resource) when { ${'('.repeat(200)}true${')'.repeat(200)} };`,
    [
      '1:1 the policy nests too deep, or has too many operators (write several policies, or a set: [1, 2, 3].contains(context.args.x))',
    ],
  ],
  [
    'semicolons in strings and comments',
    `// a;b\n@id("a") @owner(";") // ;"\n@reason("\\";") @review("1d")\npermit ${all}`,
    ['a@2'],
  ],
  [
    'every annotation',
    `${permit} @expires("2027-02-28T10:00:00+02:00") @fields("$.id, $['a,b'][0]") permit ${all}`,
    ['a@1'],
  ],
  ['approval of several', `${forbid} @approval("fin, risk") forbid ${all}`, ['b@1']],
  [
    'a grant without anything',
    `permit ${all}`,
    [
      '1:1 a permit needs @id (write @id("support-reads") above it)',
      '1:1 a permit needs @owner (write @owner("crm-team") above it)',
      '1:1 a permit needs @reason (write @reason("Support looks up customers") above it)',
      '1:1 a permit needs @review (write @review("90d") above it)',
    ],
  ],
  [
    'a misspelt annotation',
    `${permit}\n  @expire("2027-01-01") permit ${all}`,
    ['2:3 unknown annotation @expire (did you mean @expires?)'],
  ],
  [
    'an annotation unlike any',
    `${forbid} @colour("red") forbid ${all}`,
    ['1:23 unknown annotation @colour (a forbid may have @id @reason @approval)'],
  ],
  [
    'a review on a guardrail',
    `${forbid} @review("90d") forbid ${all}`,
    ['1:23 @review has no meaning on a forbid (remove it)'],
  ],
  [
    'a review that is no number of days',
    `@id("a") @owner("o") @reason("r") @review("3 months") permit ${all}`,
    [
      '1:35 @review("3 months") is no time between reviews (write days, 1d to 366d, such as @review("90d"))',
    ],
  ],
  [
    'an expiry that does not exist',
    `${permit} @expires("2027-02-30") permit ${all}`,
    [
      '1:50 @expires("2027-02-30") is no date (write an RFC 3339 date or date-time, such as "2027-03-31" or "2027-03-31T18:00:00Z")',
    ],
  ],
  [
    'fields that are no paths',
    `${permit} @fields("$.id, name") permit ${all}`,
    [
      '1:50 "name" is no JSONPath (write JSONPaths separated by commas, such as @fields("$.id, $.name"))',
    ],
  ],
  [
    'an approval by nobody',
    `${forbid} @approval forbid ${all}`,
    [
      '1:23 @approval names no group (name the group that has to approve, such as @approval("finance-leads"))',
    ],
  ],
  [
    'one id twice',
    `${forbid} forbid ${all}\n ${forbid} forbid ${all}`,
    [
      'b@1',
      '2:2 @id("b") is taken by the policy at a.cedar:1 (ids stand in records and reviews, so each names one policy: choose another)',
    ],
  ],
  [
    'a template',
    `${forbid} forbid (principal == ?principal, action, resource);`,
    [
      '1:44 expected a static policy, got a template containing the slot ?principal (templates are not supported: write one policy for each use)',
    ],
  ],
  [
    'a wrong operator, behind letters of several bytes',
    `${permit}\npermit (principal, action, resource)\nwhen { "äö😀" = 2 };`,
    ["3:8 '=' is not a valid operator in Cedar (try using '==' instead)"],
  ],
  [
    'a policy without its end',
    `${forbid} forbid ${all}\nforbid (principal`,
    [
      'b@1',
      '2:18 unexpected end of input (expected `!=`, `)`, `,`, `:`, `<`, `<=`, `==`, `>`, `>=`, `in`, or `is`)',
    ],
  ],
]

for (const [name, text, wanted] of cases) test(name, () => check(text, wanted))

test('an odd file is a problem, never a throw', () => {
  for (const text of [
    '"',
    '@',
    ';;',
    'permit',
    '\u0000',
    '@id("a',
    '////',
    '@id(";") permit'.repeat(3),
  ]) {
    parsePolicies([{ file: 'a.cedar', text }])
  }
})
