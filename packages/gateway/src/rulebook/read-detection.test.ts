import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Party } from '../model/principal.ts'
import { openDetector } from './detection-plan.ts'
import { type LoadedRulebook, type LoadProblems, readRulebook } from './load.ts'
import { entitiesOf, entityTypes, profileNames } from './profiles.ts'

const connection = `id: crm
protocol: http
upstream: https://crm.example
prefix: /crm
credential: none
`
const functions = `connection: crm
functions:
  - name: read
    purpose: Read
    owner: team
    sensitivity: internal
    risk: low
    http: GET /read
`

function load(masking: string, gitleaks?: string): LoadedRulebook | LoadProblems {
  const one = (file: string, text: string) => [{ file, text }]
  return readRulebook({
    connections: one('connections/crm.yaml', connection),
    functions: one('functions/crm.yaml', functions),
    policies: [],
    tests: [],
    masking: one('masking.yaml', masking),
    approvals: [],
    reviews: [],
    gitleaks: gitleaks === undefined ? [] : one('gitleaks.toml', gitleaks),
  })
}

const refused: readonly {
  readonly what: string
  readonly masking: string
  readonly says: RegExp
  readonly line: number
}[] = [
  {
    what: 'an entity that is none',
    masking: 'detect:\n  - { id: a, entities: [EMAIL_ADRESS] }\n',
    says: /`EMAIL_ADRESS` is no entity\. Did you mean `EMAIL_ADDRESS`\?/,
    line: 2,
  },
  {
    what: 'neither entities nor a profile',
    masking: 'detect:\n  - { id: a }\n',
    says: /looks for `entities`, for a `profile`, or for both/,
    line: 2,
  },
  {
    what: 'a profile that is none',
    masking: 'detect:\n  - { id: a, profile: [pci, hippa] }\n',
    says: /`hippa` is no profile\. Did you mean `hipaa`\?/,
    line: 2,
  },
  {
    what: 'all of a profile left out',
    masking: 'detect:\n  - { id: a, profile: secrets, except: [SECRET] }\n',
    says: /looks for nothing/,
    line: 2,
  },
  {
    what: 'a profile under the name of one there is',
    masking: 'profiles:\n  pci: { entities: [VIN] }\ndetect:\n  - { id: a, profile: pci }\n',
    says: /`pci` is a profile there is already/,
    line: 2,
  },
  {
    what: 'profiles that extend one another',
    masking:
      'profiles:\n  a: { extends: [b] }\n  b: { extends: [a, pci] }\ndetect:\n  - { id: a, profile: a }\n',
    says: /extends itself/,
    line: 2,
  },
  {
    what: 'an own profile of an entity that is none',
    masking:
      'profiles:\n  a: { extends: [pci], except: [IBAN] }\ndetect:\n  - { id: a, profile: a }\n',
    says: /`IBAN` is no entity/,
    line: 2,
  },
  {
    what: 'a function that is none',
    masking: 'detect:\n  - { id: a, profile: pci, functions: [crm.reed] }\n',
    says: /`crm\.reed` names no function\. Did you mean `crm\.read`\?/,
    line: 2,
  },
  {
    what: 'a connection that is none',
    masking: 'detect:\n  - { id: a, profile: pci, connections: [crn] }\n',
    says: /`crn` is no connection/,
    line: 2,
  },
  {
    what: 'a path that is none',
    masking: "detect:\n  - { id: a, profile: pci, paths: ['$[']}\n",
    says: /JSONPath/,
    line: 2,
  },
  {
    what: 'a recogniser that is shown everything',
    masking: 'detect:\n  - { id: a, entities: [PERSON], recognise: {} }\n',
    says: /texts at `paths` only/,
    line: 2,
  },
  {
    what: 'a recogniser that is asked for everything',
    masking: "detect:\n  - { id: a, entities: ['*'], paths: ['$.note'], recognise: {} }\n",
    says: /`entities` by name/,
    line: 2,
  },
  {
    what: 'a recogniser that is shown arguments',
    masking:
      "detect:\n  - { id: a, entities: [PERSON], paths: ['$.a'], recognise: {}, direction: [arguments] }\n",
    says: /about results/,
    line: 2,
  },
  {
    what: 'two rules of one id',
    masking: 'detect:\n  - { id: a, profile: pci }\n  - { id: a, profile: secrets }\n',
    says: /`a` stands for two rules/,
    line: 3,
  },
  {
    what: 'more of a card than may be shown',
    masking: 'detect:\n  - { id: a, profile: pci, do: { partial: { first: 8, last: 4 } } }\n',
    says: /first 6 and the last 4/,
    line: 2,
  },
  {
    what: 'more of a card than may be shown, for somebody',
    masking:
      'detect:\n  - { id: a, profile: pci, reveal: [{ groups: [g], do: { partial: { last: 5 } } }] }\n',
    says: /first 6 and the last 4/,
    line: 2,
  },
  {
    what: 'a pattern with a back-reference',
    masking:
      "detect:\n  - { id: a, entities: [X_ID] }\ncustom:\n  - { id: b, entity: X_ID, pattern: '(a)\\1' }\n",
    says: /refused/,
    line: 4,
  },
  {
    what: 'a pattern with look-ahead',
    masking:
      "detect:\n  - { id: a, entities: [X_ID] }\ncustom:\n  - { id: b, entity: X_ID, pattern: 'a(?=b)' }\n",
    says: /refused/,
    line: 4,
  },
  {
    what: 'a pattern of what no rule looks for',
    masking:
      "detect:\n  - { id: a, entities: ['*'], except: [X_ID] }\ncustom:\n  - { id: b, entity: X_ID, pattern: a }\n",
    says: /looks for `X_ID`, so this pattern finds nothing/,
    line: 4,
  },
  {
    what: 'patterns and nothing that is looked for',
    masking: 'custom:\n  - { id: b, entity: X_ID, pattern: a }\n',
    says: /Nothing is looked for/,
    line: 1,
  },
  {
    what: 'an allow-list of an entity that is none',
    masking:
      'detect:\n  - { id: a, profile: pci }\nallow:\n  - { id: b, entity: X, values: [a], reason: r }\n',
    says: /entity|capital/,
    line: 4,
  },
]
for (const { what, masking, says, line } of refused) {
  test(`a rulebook with ${what} is refused`, () => {
    const loaded = load(masking)
    assert.ok('problems' in loaded)
    const said = loaded.problems.map((one) => `${one.message} ${one.hint ?? ''}`).join('\n')
    assert.match(said, says)
    assert.deepEqual(
      loaded.problems.map((one) => [one.file, one.line]),
      [['masking.yaml', line]],
    )
  })
}

const user = (groups: readonly string[]): Party => ({ kind: 'user', id: 'corp:u', groups })
const agent = (groups: readonly string[]): Party => ({ kind: 'agent', id: 'corp:a', groups })

const revealed: readonly {
  readonly to: string
  readonly parties: readonly Party[]
  readonly sees: string
}[] = [
  { to: 'nobody of a group', parties: [user([])], sees: 'redact' },
  { to: 'a person of it', parties: [user(['leads'])], sees: 'partial' },
  {
    to: 'a person of it through an agent that is not',
    parties: [user(['leads']), agent([])],
    sees: 'redact',
  },
  {
    to: 'an agent of it for a person who is not',
    parties: [user([]), agent(['leads'])],
    sees: 'redact',
  },
  { to: 'both of it', parties: [user(['leads']), agent(['leads'])], sees: 'partial' },
  {
    to: 'somebody of two groups: the first entry',
    parties: [user(['fraud', 'leads'])],
    sees: 'partial',
  },
  { to: 'another group', parties: [user(['fraud'])], sees: 'keep' },
  { to: 'no party at all', parties: [], sees: 'redact' },
]
for (const { to, parties, sees } of revealed) {
  test(`what a rule shows to ${to}`, () => {
    const loaded = load(
      'detect:\n  - id: mail\n    entities: [EMAIL_ADDRESS]\n    reveal:\n      - { groups: [leads], do: { partial: { first: 1 } } }\n      - { groups: [fraud], do: keep }\n',
    )
    assert.ok('rulebook' in loaded, JSON.stringify(loaded))
    const [fn] = loaded.rulebook.functions
    const plan = openDetector(loaded.rulebook.detection).inResult(fn ?? assert.fail(), parties)
    assert.deepEqual(
      plan?.rules.map(({ id, strategy }) => [id, strategy.kind]),
      [['mail', sees]],
    )
  })
}

test('what is looked for is part of the digest of function and rulebook', () => {
  const digests = [
    '',
    'detect:\n  - { id: a, profile: pci }\n',
    'detect:\n  - { id: a, profile: gdpr }\n',
  ].map((masking) => {
    const loaded = load(masking === '' ? 'rules: []\n' : masking)
    assert.ok('rulebook' in loaded, JSON.stringify(loaded))
    return [loaded.rulebook.digest, loaded.rulebook.functions[0]?.digest]
  })
  assert.equal(new Set(digests.map(([rulebook]) => rulebook)).size, 3)
  assert.equal(new Set(digests.map(([, fn]) => fn)).size, 3)
})

test('every profile names something, and nothing that is not there', () => {
  const known = entityTypes()
  for (const profile of profileNames) {
    const named = entitiesOf({ profile, entities: undefined })
    assert.ok(named.length > 0, profile)
    assert.ok(named.every((type) => known.includes(type)))
  }
  assert.ok(!entitiesOf({ profile: 'gdpr', entities: undefined }).includes('IN_GSTIN'))
  assert.ok(entitiesOf({ profile: 'gdpr', entities: undefined }).includes('BR_CPF'))
})

const chosen: readonly { readonly rule: string; readonly finds: readonly string[] }[] = [
  { rule: 'profile: secrets', finds: ['SECRET'] },
  { rule: 'profile: [secrets], entities: [VIN]', finds: ['SECRET', 'VIN'] },
  {
    rule: 'profile: [secrets, pci], except: [US_BANK_NUMBER, ABA_ROUTING_NUMBER]',
    finds: ['CREDIT_CARD', 'IBAN_CODE', 'SECRET'],
  },
  { rule: 'profile: staff', finds: ['EMPLOYEE_ID', 'SECRET', 'VIN'] },
  { rule: 'profile: fleet', finds: ['IMEI', 'SECRET', 'VIN'] },
  { rule: "entities: ['*']", finds: ['*'] },
]
for (const { rule, finds } of chosen) {
  test(`what a rule looks for by ${rule}`, () => {
    const loaded = load(`profiles:
  staff: { extends: [secrets], entities: [EMPLOYEE_ID, VIN] }
  fleet: { extends: [staff], entities: [IMEI], except: [EMPLOYEE_ID] }
custom: [{ id: staff-number, entity: EMPLOYEE_ID, pattern: 'E-[0-9]{6}' }]
detect:
  - { id: a, ${rule} }
  - { id: b, profile: staff }
`)
    assert.ok('rulebook' in loaded, JSON.stringify(loaded))
    assert.deepEqual(loaded.rulebook.functions[0]?.detect?.[0]?.entities, finds)
  })
}

test('everything but one is everything else, and what the rulebook finds itself', () => {
  const all = entitiesOf(
    { entities: ['*'], except: ['VIN'] },
    { profiles: {}, custom: [{ entity: 'EMPLOYEE_ID' }] },
  )
  const expected = [...entityTypes(), 'EMPLOYEE_ID'].filter((type) => type !== 'VIN')
  assert.deepEqual(all, expected.toSorted())
})

test('what was left out of a gitleaks configuration is said, and is no problem', () => {
  const loaded = load(
    'detect:\n  - { id: a, profile: secrets }\n',
    "[[rules]]\nid = 'acme'\nregex = 'acme_\\w+'\n[[rules]]\nid = 'keys'\npath = 'id_rsa'\n",
  )
  assert.ok('rulebook' in loaded, JSON.stringify(loaded))
  assert.deepEqual(
    loaded.warnings.map(({ file, message }) => `${file}: ${message}`),
    ['gitleaks.toml: `keys` looks at paths only; bodies have none, so it is left out.'],
  )
})

for (const masking of ['rules: []\n', 'detect:\n  - { id: a, profile: pci }\n']) {
  test(`a gitleaks configuration that nothing uses is a problem: ${masking}`, () => {
    const loaded = load(masking, "[[rules]]\nid = 'acme'\nregex = 'acme(?!a)'\n")
    assert.ok('problems' in loaded)
    const said = new Set(
      loaded.problems.map(({ file, message }) => `${file} ${message.slice(0, 30)}`),
    )
    assert.ok(said.has('gitleaks.toml No secrets are looked for, so '))
    // What is wrong with it is said as well.
    assert.ok(said.has('gitleaks.toml `acme`: The pattern is refused'))
  })
}

test('the guide says what each profile stands for', () => {
  const guide = readFileSync(new URL('../../../../docs/guides/masking.md', import.meta.url), 'utf8')
  for (const profile of profileNames) {
    const row = new RegExp(`^\\| \`${profile}\` \\| (.*) \\|$`, 'm').exec(guide)?.[1] ?? ''
    const named = [...row.matchAll(/`([A-Z][A-Z0-9_]+)`/g)].map(([, type = '']) => type)
    assert.deepEqual(named.toSorted(), entitiesOf({ profile }), profile)
  }
})

for (const page of ['guides/masking.md', 'reference/rulebook.md']) {
  test(`the example of ${page} looks for all that it names`, () => {
    const text = readFileSync(new URL(`../../../../docs/${page}`, import.meta.url), 'utf8')
    const example = [...text.matchAll(/```yaml\n(.+?)```/gs)]
      .map(([, yaml = '']) => yaml)
      .find((yaml) => yaml.includes('\ncustom:\n'))
    const loaded = load(example ?? assert.fail())
    assert.ok('rulebook' in loaded, JSON.stringify(loaded))
  })
}
