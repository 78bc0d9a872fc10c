import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DetectionRules } from '../model/detection.ts'
import { compileCustomRules } from './custom-rules.ts'

type Given = {
  readonly patterns?: readonly (readonly [
    id: string,
    pattern: string,
    context?: readonly string[],
  ])[]
  readonly gitleaks?: string
}

function compile({ patterns = [], gitleaks }: Given): ReturnType<typeof compileCustomRules> {
  const rules: DetectionRules = {
    custom: patterns.map(([id, pattern, context = []]) => {
      return { id, entity: 'EMPLOYEE', pattern, confidence: 70, context }
    }),
    ...(gitleaks !== undefined && { gitleaks }),
    onError: 'block',
    allow: [],
  }
  return compileCustomRules(rules)
}

/** What each rule finds in a text, as `id value`. */
function check(title: string, given: Given, text: string, found: readonly string[]): void {
  test(title, () => {
    const { custom, problems } = compile(given)
    assert.deepEqual(problems, [])
    const spans = custom.flatMap(({ id, find }) =>
      find(text).map(([start, end]) => `${id} ${text.slice(start, end)}`),
    )
    assert.deepEqual(spans, found)
  })
}

function checkProblem(title: string, given: Given, said: RegExp): void {
  test(title, () => {
    const { problems } = compile(given)
    assert.equal(problems.length, 1)
    assert.match(problems[0]?.message ?? '', said)
  })
}

check('group 1 is the value', { patterns: [['a', 'EMP-(\\d{4})']] }, 'é EMP-1234, EMP-9', [
  'a 1234',
])
check('without a group, all of it is', { patterns: [['a', 'EMP-\\d{4}']] }, 'EMP-1234 EMP-5678', [
  'a EMP-1234',
  'a EMP-5678',
])
check('a group that took no part is not the value', { patterns: [['a', 'x(y)?z']] }, 'xz', ['a xz'])
check(
  'one word of the context has to stand in the text, in any case',
  { patterns: [['a', '\\d{4}', ['Badge', 'staff']]] },
  'STAFF 1234',
  ['a 1234'],
)
check(
  'more than ten thousand of one text, and more empty matches before them',
  { patterns: [['a', 'E-\\d|x*']] },
  `${'-'.repeat(12_000)}${'E-1'.repeat(12_000)}`,
  Array.from({ length: 12_000 }, () => 'a E-1'),
)
check('no word of the context', { patterns: [['a', '\\d{4}', ['badge']]] }, 'room 1234', [])
check(
  'more patterns than one set holds',
  { patterns: Array.from({ length: 130 }, (_, n) => [`r${n}`, `\\bq${n}z\\b`] as const) },
  'q7z and q129z',
  ['r7 q7z', 'r129 q129z'],
)

test('what one text has is not what the next has', () => {
  const { custom } = compile({
    patterns: [
      ['a', 'a+'],
      ['b', 'b+', ['bee']],
    ],
  })
  const found = (text: string) => custom.map(({ find }) => find(text).length)
  assert.deepEqual(found('aa b bee'), [1, 2])
  assert.deepEqual(found('bb'), [0, 0])
  assert.deepEqual(found('a'), [1, 0])
})

checkProblem('look-ahead is refused', { patterns: [['a', 'a(?=b)']] }, /refused: .*\(\?=/)
checkProblem('a back-reference is refused', { patterns: [['a', '(a)\\1']] }, /refused: .*\\1/)
checkProblem(
  'a pattern too large to search with is refused',
  { patterns: [['a', '(?:[a-z]?){1000}'.repeat(110)]] },
  /refused: it compiles to \d+ instructions, more than 4000; repeat less/,
)
checkProblem(
  'more words than the table of them holds',
  {
    patterns: Array.from({ length: 40 }, (_, rule) => {
      const words = Array.from({ length: 64 }, (_, word) => `${rule} ${word} `.padEnd(60, 'x'))
      return [`r${rule}`, 'a', words] as const
    }),
  },
  /words of all rules have \d+ bytes, more than 65535/,
)
checkProblem(
  'an unbounded repeat is refused',
  { patterns: [['a', '(a{1000}){1000}']] },
  /refused: /,
)

test('a pattern that takes others exponential time takes time in proportion', () => {
  const { custom } = compile({
    patterns: [
      ['a', '^(a+)+$'],
      ['b', '(x+x+)+y'],
    ],
  })
  const text = `${'a'.repeat(50_000)}!${'x'.repeat(50_000)}`
  assert.deepEqual(
    custom.map(({ find }) => find(text).length),
    [0, 0],
  )
})

const acme = `
title = "ours"
[[rules]]
id = "acme"
regex = '''(?i)acme[_-]?key\\s*=\\s*"?([a-z0-9]{8,})'''
keywords = ["ACME"]
entropy = 2.5
`

check('a rule of gitleaks', { gitleaks: acme }, 'ACME_KEY = "q7zr2lw9xv4k"', [
  'gitleaks/acme q7zr2lw9xv4k',
])
check('too little entropy', { gitleaks: acme }, 'acme_key=aaaabbbbaaaa', [])
check(
  'its keyword is missing',
  { gitleaks: acme.replace('ACME', 'other') },
  'acme_key=q7zr2lw9xv4k',
  [],
)
check(
  'the group that is the secret',
  { gitleaks: `[[rules]]\nid = "g"\nregex = '(id)-(\\d+)'\nsecretGroup = 2` },
  'id-123',
  ['gitleaks/g 123'],
)
check(
  'the first group that matched is the secret',
  { gitleaks: `[[rules]]\nid = "g"\nregex = 'id-(?:(a+)|(\\d+))'` },
  'id-123',
  ['gitleaks/g 123'],
)

check(
  'a group that took no part is not the secret: all of the match is',
  { gitleaks: `[[rules]]\nid = "g"\nregex = 'id-(?:(a+)|\\d+)'\nsecretGroup = 1` },
  'id-123',
  ['gitleaks/g id-123'],
)
check(
  'keys in any case',
  {
    gitleaks: `[[Rules]]\nID = "g"\nRegex = '(id)-(\\d+)'\nsecretgroup = 2\nKeyWords = ["ID"]
[[Rules.allowLists]]\nStopWords = ["12"]`,
  },
  'id-123 id-456',
  ['gitleaks/g 456'],
)
check(
  'tables within tables that no stack would hold',
  { gitleaks: `${acme}[other]\n${'a.'.repeat(100_000)}a = 1` },
  'acme_key=q7zr2lw9xv4k',
  ['gitleaks/acme q7zr2lw9xv4k'],
)
check(
  'a path that says nothing',
  { gitleaks: `[[rules]]\nid = "g"\npath = ""\nregex = 'id-\\d+'` },
  'id-123',
  ['gitleaks/g id-123'],
)
check(
  'a line of ten thousand secrets is held against the allow-list of lines',
  {
    gitleaks: `[[rules]]\nid = "g"\nregex = 'id-\\d+'
[[rules.allowlists]]\nregexTarget = "line"\nregexes = ['# test$']`,
  },
  `${'id-1 '.repeat(10_000)}# test\nid-2\n${'id-3 '.repeat(10_000)}# test`,
  ['gitleaks/g id-2'],
)

const lists: readonly (readonly [title: string, list: string, allowed: boolean])[] = [
  ['a stop word', `stopwords = ["LW9"]`, true],
  ['another stop word', `stopwords = ["nope"]`, false],
  ['an expression over the secret', `regexes = ['^q7z']`, true],
  ['an expression over the secret, not the match', `regexes = ['acme']`, false],
  ['an expression over the match', `regexTarget = "match"\nregexes = ['acme']`, true],
  ['an expression over the line', `regexTarget = "line"\nregexes = ['# test$']`, true],
  ['both of two', `condition = "AND"\nregexes = ['^q7z']\nstopwords = ["lw9"]`, true],
  ['one of both', `condition = "AND"\nregexes = ['^q7z']\nstopwords = ["nope"]`, false],
  ['a path no body has', `condition = "AND"\nregexes = ['^q7z']\npaths = ['x']`, false],
  ['only a path', `paths = ['x']`, false],
  ['a target that says nothing', `regexTarget = ""\nregexes = ['^q7z']`, true],
  [
    'a condition as Go writes it',
    `condition = "&&"\nregexes = ['^q7z']\nstopwords = ["no"]`,
    false,
  ],
]
for (const [title, list, allowed] of lists) {
  const found = allowed ? [] : ['gitleaks/acme q7zr2lw9xv4k']
  const text = 'first\nacme_key=q7zr2lw9xv4k # test\nlast'
  check(
    `allow-list of the rule: ${title}`,
    { gitleaks: `${acme}[[rules.allowlists]]\n${list}` },
    text,
    found,
  )
  check(
    `allow-list of the file: ${title}`,
    { gitleaks: `${acme}[[allowlists]]\n${list}` },
    text,
    found,
  )
  check(
    `allow-list of old: ${title}`,
    { gitleaks: `${acme}[rules.allowlist]\n${list}` },
    text,
    found,
  )
}
check(
  'an allow-list for other rules',
  { gitleaks: `${acme}[[allowlists]]\ntargetRules = ["other"]\nregexes = ['.']` },
  'acme_key=q7zr2lw9xv4k',
  ['gitleaks/acme q7zr2lw9xv4k'],
)

check(
  'an allow-list for no rule in particular',
  { gitleaks: `${acme}[[allowlists]]\ntargetRules = []\nregexes = ['.']` },
  'acme_key=q7zr2lw9xv4k',
  [],
)

for (const { what, added, says } of [
  {
    what: 'an allow-list for a rule there is not',
    added: `[[allowlists]]\ntargetRules = ["other"]\nregexes = ['.']`,
    says: /for `other`, and no rule is called so/,
  },
  {
    what: 'a rule that asks for another beside it',
    added: `[[rules.required]]\nid = "acme"`,
    says: /`acme` is looked for by itself/,
  },
  {
    what: 'a rule for others only',
    added: 'skipReport = true',
    says: /`acme` is looked for by itself/,
  },
]) {
  test(`${what} is told of, and what it finds is found`, () => {
    const { custom, notes, problems } = compile({ gitleaks: `${acme}${added}` })
    assert.deepEqual(problems, [])
    assert.equal(custom[0]?.find('acme_key=q7zr2lw9xv4k').length, 1)
    assert.match(notes.join(), says)
  })
}

test('a rule about paths is left out, with a note', () => {
  const { custom, notes, problems } = compile({
    gitleaks: `${acme}[[rules]]\nid = "p"\npath = 'x'`,
  })
  assert.deepEqual(problems, [])
  assert.equal(custom.length, 1)
  assert.match(notes.join(), /`p` looks at paths only/)
})

test('the same rules are made ready once', () => {
  const [once, again] = [compile({ gitleaks: acme }), compile({ gitleaks: acme })]
  assert.equal(once.custom, again.custom)
  const other = compile({ gitleaks: acme, patterns: [['x', 'x']] })
  assert.notEqual(other.custom, once.custom)
  assert.equal(other.custom.length, once.custom.length + 1)
})

checkProblem(
  'rules that are elsewhere',
  { gitleaks: `${acme}[extend]\nuseDefault = true` },
  /\[extend\]/,
)
checkProblem('no TOML', { gitleaks: '[[rules]\n' }, /not TOML \(line 1\)/)
checkProblem('no configuration', { gitleaks: 'rules = 3' }, /no gitleaks configuration: rules/)
checkProblem(
  'a condition that gitleaks does not know',
  { gitleaks: `${acme}[[allowlists]]\ncondition = "ADN"\nregexes = ['^q7z']\npaths = ['x']` },
  /allowlists\.0\.condition: it is `OR` or `AND`/,
)
checkProblem(
  'a target that gitleaks does not know',
  { gitleaks: `${acme}[[allowlists]]\nregexTarget = "lines"\nregexes = ['.']` },
  /allowlists\.0\.regextarget/,
)
checkProblem(
  'a rule without a pattern',
  { gitleaks: `${acme}[[rules]]\nid = "empty"\nrexeg = 'x'` },
  /`empty` has no `regex` and no `path`/,
)
checkProblem(
  'one key twice, in two cases',
  { gitleaks: `[[rules]]\nid = "g"\nregex = 'a'\nRegex = 'b'` },
  /no gitleaks configuration: rules\.0\.regex/,
)
checkProblem(
  'more expressions in allow-lists than are tried',
  { gitleaks: `${acme}[[allowlists]]\nregexes = [${"'a',".repeat(2_001)}]` },
  /allow-lists have 2001 expressions, more than 2000/,
)
checkProblem('no rules', { gitleaks: 'title = "x"' }, /No rule/)
checkProblem(
  'a pattern of gitleaks',
  { gitleaks: `[[rules]]\nid = "g"\nregex = 'a(?!b)'` },
  /`g`: .*refused/,
)
checkProblem(
  'a pattern of an allow-list',
  { gitleaks: `${acme}[[rules.allowlists]]\nregexes = ['a(?!b)']` },
  /`acme`: .*refused/,
)

for (const { what, gitleaks, says } of [
  {
    what: 'a group that the pattern has not',
    gitleaks: `[[rules]]\nid = "g"\nregex = "Everything fits"\nsecretGroup = 3`,
    says: /`g`: .*secretGroup is 3, and it has 0 groups/,
  },
  {
    what: 'two rules of one id',
    gitleaks: `[[rules]]\nid = "g"\nregex = "a"\n[[rules]]\nid = "g"\nregex = "b"`,
    says: /`g` stands for two rules/,
  },
]) {
  test(`a gitleaks configuration with ${what} is refused`, () => {
    const { problems } = compile({ gitleaks })
    assert.equal(problems.length, 1)
    assert.match(problems[0]?.message ?? '', says)
  })
}
