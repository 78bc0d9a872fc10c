import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MaskRule } from '../model/function.ts'
import { compileArgumentMasking, compileResultMasking } from './compile.ts'
import type { DetectionPlan, Masker } from './plan.ts'

type Rule = DetectionPlan['rules'][number]
type Case = {
  readonly rules?: readonly Partial<Rule>[]
  readonly custom?: DetectionPlan['custom']
  readonly allowed?: readonly string[]
  readonly declared?: readonly MaskRule[]
  readonly emptyPlace?: DetectionPlan['emptyPlace']
  readonly body: unknown
  readonly out: unknown
  /** `rule how path entity count`, one for each finding. */
  readonly found?: string
}

const key = Buffer.alloc(32, 7)

function planOf({
  rules = [{}],
  custom = [],
  allowed = [],
  emptyPlace,
}: Omit<Case, 'body' | 'out'>): DetectionPlan {
  const full = rules.map(
    (rule, at): Rule => ({
      id: `d${at}`,
      entities: ['*'],
      confidence: 50,
      strategy: { kind: 'redact' },
      ...rule,
    }),
  )
  const plan = { rules: full, custom, allowed: new Set(allowed), digest: 'test' }
  return { ...plan, onError: 'block', ...(emptyPlace && { emptyPlace }) }
}

function check(given: Case): void {
  const masking = compileResultMasking(given.declared ?? [], [], planOf(given))
  assert.ok('masker' in masking)
  for (const size of [1, 7, 10_000]) {
    const masker: Masker | undefined = masking.masker({
      mediaType: 'application/json',
      fragment: false,
      key,
      echoes: [],
    })
    assert.ok(masker)
    const bytes = Buffer.from(JSON.stringify(given.body))
    const parts: Uint8Array[] = []
    for (let at = 0; at < bytes.length; at += size) {
      parts.push(masker.push(bytes.subarray(at, at + size)))
    }
    const out: unknown = JSON.parse(Buffer.concat([...parts, masker.end()]).toString())
    assert.deepEqual(out, given.out)
    const told: readonly string[] = masker
      .findings()
      .map(
        ({ rule, how, path, count, found }) => `${rule} ${how} ${path} ${found?.entity} ${count}`,
      )
    if (given.found !== undefined) assert.equal(told.join(', '), given.found)
  }
}

const mail = 'nora@example.org'
const card = '4111111111111111'
const hiddenMail = '[REDACTED:EMAIL_ADDRESS]'
const hiddenCard = '[REDACTED:CREDIT_CARD]'
const hiddenSecret = '[REDACTED:SECRET]'

const cases: Readonly<Record<string, Case>> = {
  'only entities that a rule names': {
    rules: [{ entities: ['CREDIT_CARD'] }],
    body: [mail, card],
    out: [mail, hiddenCard],
    found: 'd0 redact $[*] CREDIT_CARD 1',
  },
  'the first rule that names it': {
    rules: [{ entities: ['CREDIT_CARD'], strategy: { kind: 'keep' } }, {}],
    body: { a: { card }, to: [mail, mail] },
    out: { a: { card }, to: [hiddenMail, hiddenMail] },
    found: 'd0 keep $.a.card CREDIT_CARD 1, d1 redact $.to[*] EMAIL_ADDRESS 2',
  },
  'less sure than a rule asks for': {
    rules: [{ confidence: 101 }],
    body: [mail],
    out: [mail],
    found: '',
  },
  'in its places only': {
    rules: [{ entities: ['EMAIL_ADDRESS'], paths: ['$.to[*]', '$.x..mail'] }],
    body: { to: [{ a: mail }], from: mail, x: { y: [{ mail }, mail] } },
    out: { to: [{ a: hiddenMail }], from: mail, x: { y: [{ mail: hiddenMail }, mail] } },
  },
  'elsewhere the next rule': {
    rules: [{ entities: ['*'], paths: ['$.b'], strategy: { kind: 'keep' } }, {}],
    body: { a: mail, b: mail },
    out: { a: hiddenMail, b: mail },
  },
  'what is allowed, in any spelling': {
    allowed: ['EMAIL_ADDRESS:help@example.org', `CREDIT_CARD:${card}`],
    body: ['HELP@example.org', '4111-1111-1111-1111', mail],
    out: ['HELP@example.org', '4111-1111-1111-1111', hiddenMail],
  },
  'parts of a card': {
    rules: [{ strategy: { kind: 'partial', first: 9, last: 9 } }],
    body: ['4111 1111 1111 1111'],
    out: ['4111 11** **** 1111'],
  },
  'taken out: a whole value, a part of a text, a number, a key': {
    rules: [{ strategy: { kind: 'drop' } }],
    body: { a: mail, b: `to ${mail} now`, card: 4111111111111111, [mail]: [mail, 1] },
    out: { a: null, b: 'to  now', card: null, [hiddenMail]: [null, 1] },
    found:
      'd0 drop $.a EMAIL_ADDRESS 1, d0 drop $.b EMAIL_ADDRESS 1, d0 drop $.card CREDIT_CARD 1, ' +
      'd0 drop $[*] EMAIL_ADDRESS 1, d0 drop $[*][*] EMAIL_ADDRESS 1',
  },
  'null for a whole value, a mark elsewhere': {
    rules: [{ strategy: { kind: 'null' } }],
    body: { a: mail, b: `to ${mail}`, card: 4111111111111111, in: JSON.stringify({ mail }) },
    out: { a: null, b: `to ${hiddenMail}`, card: null, in: JSON.stringify({ mail: hiddenMail }) },
  },
  'what cannot be null, by its schema': {
    rules: [{ strategy: { kind: 'drop' } }],
    emptyPlace: (path) => (path === '$.a' ? 'mark' : path === '$.card' ? 'zero' : 'null'),
    body: { a: mail, b: mail, card: 4111111111111111 },
    out: { a: hiddenMail, b: null, card: 0 },
  },
  'taken out where it is kept by a rule before': {
    rules: [{ paths: ['$.a'], strategy: { kind: 'keep' } }, { strategy: { kind: 'null' } }],
    body: { a: mail, b: mail },
    out: { a: mail, b: null },
  },
  'as many signs': { rules: [{ strategy: { kind: 'mask' } }], body: [mail], out: ['*'.repeat(16)] },
  'a coarser value': {
    rules: [{ strategy: { kind: 'generalise' } }],
    body: [mail, '203.0.113.77', card],
    out: ['*@example.org', '203.0.113.0/24', hiddenCard],
  },
  'a strategy that is not here redacts': {
    rules: [{ strategy: { kind: 'keep' }, entities: [] }, { strategy: { kind: 'redact' } }],
    body: [mail],
    out: [hiddenMail],
  },
  'patterns of the rulebook': {
    custom: [
      {
        id: 'ticket',
        entity: 'TICKET',
        confidence: 80,
        find: (text) => [...text.matchAll(/TK-\d+/g)].map((m) => [m.index, m.index + m[0].length]),
      },
    ],
    body: ['\u00e9 see TK-12, TK-3', 'TK'],
    out: ['\u00e9 see [REDACTED:TICKET], [REDACTED:TICKET]', 'TK'],
  },
  'the name of a field, of which only another rule hides something': {
    rules: [{ entities: ['PERSON'], paths: ['$..note'] }, { entities: ['CREDIT_CARD'] }],
    body: { customer_name: `Johnathan Smithson card ${card}`, note: { full_name: 'Nora Quist' } },
    out: {
      customer_name: `Johnathan Smithson card ${hiddenCard}`,
      note: { full_name: '[REDACTED:PERSON]' },
    },
  },
  'a field that is kept, and what stands in it': {
    rules: [{ entities: ['ADDRESS'], strategy: { kind: 'keep' } }, {}],
    body: [{ address: `${mail} or ${card}` }, { address: 'Elm Road 5' }],
    out: [{ address: `${hiddenMail} or ${hiddenCard}` }, { address: 'Elm Road 5' }],
    found:
      'd1 redact $[*].address EMAIL_ADDRESS 1, d1 redact $[*].address CREDIT_CARD 1, d0 keep $[*].address ADDRESS 1',
  },
  'a name that is allowed, and what stands in it': {
    allowed: [`PERSON:Johnathan Smithson ${card}`],
    body: { full_name: `Johnathan Smithson ${card}` },
    out: { full_name: `Johnathan Smithson ${hiddenCard}` },
  },
  'the name of a field, whose whole value no rule covers as what it is': {
    rules: [{ entities: ['EMAIL_ADDRESS'], paths: ['$.to'] }, { entities: ['PERSON'] }],
    body: { full_name: mail, to: mail },
    out: { full_name: '[REDACTED:PERSON]', to: hiddenMail },
  },
  'a field that is hidden whole hides what is kept': {
    rules: [{ entities: ['EMAIL_ADDRESS'], strategy: { kind: 'keep' } }, {}],
    body: { full_name: `Nora Quist ${mail}` },
    out: { full_name: '[REDACTED:PERSON]' },
  },
  'a secret that holds something else is hidden whole': {
    body: [
      { password: `${mail}#2024!`, pass: '10.1.2.3!xyz', client_secret: `${mail}/abcdefg123` },
      { token: `abc123def456:${card}:zz9`, pw: `${card}x2001:db8:85a3::8a2e:370:7334` },
      { passwd: `a ${card} zz` },
    ],
    out: [
      { password: hiddenSecret, pass: hiddenSecret, client_secret: hiddenSecret },
      { token: hiddenSecret, pw: hiddenSecret },
      { passwd: hiddenSecret },
    ],
  },
  'what is kept frees no part of a secret': {
    rules: [
      { entities: ['EMAIL_ADDRESS', 'PHONE_NUMBER', 'US_SSN'], strategy: { kind: 'keep' } },
      { entities: ['SECRET'] },
    ],
    body: {
      password: 'Hunter9@pass.com',
      pass: '536-22-8716',
      a: 'password=Hunter9@pass.com',
      to: mail,
    },
    out: { password: hiddenSecret, pass: hiddenSecret, a: `password=${hiddenSecret}`, to: mail },
  },
  'a part of a password is not shown because it looks like something coarser': {
    rules: [{ entities: ['EMAIL_ADDRESS'], strategy: { kind: 'generalise' } }, {}],
    body: { password: 'Hunter9@pass.com', to: mail },
    out: { password: hiddenSecret, to: '*@example.org' },
  },
  'a secret that is kept takes nothing from what it holds': {
    rules: [{ entities: ['SECRET'], strategy: { kind: 'keep' } }, {}],
    body: { password: `${mail}#2024!` },
    out: { password: `${hiddenMail}#2024!` },
  },
  'short secrets in fields that are named for one': {
    body: {
      smtp: { pass: 'xK9-mQ2!vB7z' },
      db_pass: 'xK9-mQ2!vB7z',
      pw: 'xK9-mQ2!vB7z',
      heslo: 'xK9-mQ2!vB7z',
      bot_token: 'xK9-mQ2!vB7z',
      cred: 'xK9-mQ2!vB7z',
      jwt: 'xK9-mQ2!vB7z',
      parola: 'xK9-mQ2!vB7z',
      비밀번호: 'xK9-mQ2!vB7z',
    },
    out: {
      smtp: { pass: hiddenSecret },
      db_pass: hiddenSecret,
      pw: hiddenSecret,
      heslo: hiddenSecret,
      bot_token: hiddenSecret,
      cred: hiddenSecret,
      jwt: hiddenSecret,
      parola: hiddenSecret,
      비밀번호: hiddenSecret,
    },
  },
  'only a mark of an entity that exists is one': {
    rules: [{ entities: ['SECRET', 'TICKET'] }],
    body: [{ password: '[REDACTED:HUNTER2PASS]' }, { password: '[REDACTED:TICKET]' }],
    out: [{ password: '[REDACTED:SECRET]' }, { password: '[REDACTED:TICKET]' }],
  },
  'a declared rule comes first': {
    declared: [{ id: 'r', path: '$.a', strategy: { kind: 'redact', label: 'A' } }],
    body: { a: mail, b: [mail, { a: card }] },
    out: { a: '[REDACTED:A]', b: [hiddenMail, { a: hiddenCard }] },
  },
  'a member that is dropped beside a key that is a value': {
    declared: [{ id: 'r', path: '$..a', strategy: { kind: 'drop' } }],
    body: { a: 1, [mail]: { a: mail, b: 2 }, c: card },
    out: { [hiddenMail]: { b: 2 }, c: hiddenCard },
  },
  'paths tell no values': {
    body: { [mail]: { 'Nora Quist': [{ card }] } },
    out: { [hiddenMail]: { 'Nora Quist': [{ card: hiddenCard }] } },
    found: 'd0 redact $[*] EMAIL_ADDRESS 1, d0 redact $[*][*][*].card CREDIT_CARD 1',
  },
}
for (const [name, one] of Object.entries(cases)) test(`plan: ${name}`, () => check(one))

test('pseudonyms are of the value, not of its spelling', () => {
  const masking = compileResultMasking(
    [],
    [],
    planOf({ rules: [{ strategy: { kind: 'pseudonym' } }] }),
  )
  assert.ok('masker' in masking)
  const options = { mediaType: 'application/json', fragment: false, echoes: [] }
  const run = (own: Uint8Array) => {
    const body = Buffer.from(JSON.stringify(['4111-1111-1111-1111', card, mail]))
    const out = masking.masker({ ...options, key: own })?.push(body) ?? body
    const all: unknown = JSON.parse(Buffer.from(out).toString())
    assert.ok(Array.isArray(all))
    for (const one of all) assert.match(`${one}`, /^psn_[\da-f]{8}_[\w-]{22}$/)
    return all.map(String)
  }
  const [first, second, third] = run(key)
  assert.equal(first, second)
  assert.notEqual(first, third)
  // Another home's, or a key that has been changed: it says so, and nothing joins.
  const [other] = run(Buffer.alloc(32, 8))
  assert.notEqual(`${first}`.slice(13), `${other}`.slice(13))
  assert.notEqual(`${first}`.slice(0, 13), `${other}`.slice(0, 13))
  assert.equal(`${first}`.slice(0, 13), `${third}`.slice(0, 13))
})

test('a path that is none is a problem', () => {
  const masking = compileResultMasking([], [], planOf({ rules: [{ paths: ['a.b'] }] }))
  assert.ok('problems' in masking)
  assert.match(masking.problems.join(), /d0: path a\.b, character 1/)
})

test('arguments are looked at for each of those who must not see them', () => {
  const masking = compileArgumentMasking([], {
    upstream: planOf({ rules: [{ entities: ['CREDIT_CARD'] }] }),
    record: planOf({}),
  })
  assert.ok('apply' in masking)
  assert.ok(masking.hidesFromUpstream && masking.hidesFromRecord)
  const values = { note: `to ${mail}`, card }
  assert.deepEqual(masking.apply(values, { from: 'upstream', key }).values, {
    note: `to ${mail}`,
    card: hiddenCard,
  })
  assert.deepEqual(masking.apply(values, { from: 'record', key }).values, {
    note: `to ${hiddenMail}`,
    card: hiddenCard,
  })
  const body = Buffer.from(`{ "card": 4111111111111111, "x":1.0 }`)
  const masked = masking.applyToBody(body, { from: 'upstream', key })
  assert.equal(Buffer.from(masked).toString(), `{ "card": "${hiddenCard}", "x":1.0 }`)
})

test('a key that one plan lets be is not let be by another', () => {
  const body = { AKIAQ3EGT5KWJ2NZL4VX: 1 }
  const keep: Partial<Rule> = { entities: ['SECRET'], strategy: { kind: 'keep' } }
  check({ rules: [keep, {}], body, out: body })
  check({ rules: [{ entities: ['CREDIT_CARD'] }], body, out: body })
  check({ body, out: { '[REDACTED:SECRET]': 1 } })
})

test('a key that was found is looked at again, whatever a rule said of it', () => {
  const body = Array.from({ length: 3 }, () => ({ AKIAQ3EGT5KWJ2NZL4VX: 1 }))
  const rules = [{ entities: ['SECRET'], strategy: { kind: 'keep' } as const }]
  check({ rules, body, out: body, found: 'd0 keep $[*][*] SECRET 3' })
})

const pseudonym = { kind: 'pseudonym' } as const
const tokenise = { kind: 'tokenise' } as const
const held = { dob: '1980-02-03', password: 'hunter2', pin: '1234', note: `to ${mail}, ${card}` }
/** The body masked by one rule and key, and what the next one makes of that. */
function twice(rule: Partial<Rule>, next: Partial<Rule>, ownKey = key): readonly [string, string] {
  const run = (one: Partial<Rule>, text: string, theirs: Uint8Array) => {
    const masking = compileResultMasking([], [], planOf({ rules: [one] }))
    assert.ok('masker' in masking)
    const options = { mediaType: 'application/json', fragment: false, echoes: [] }
    const masker = masking.masker({ ...options, key: theirs }) ?? assert.fail()
    return Buffer.concat([masker.push(Buffer.from(text)), masker.end()]).toString()
  }
  const once = run(rule, JSON.stringify(held), key)
  return [once, run(next, once, ownKey)]
}

const again: Readonly<Record<string, readonly [Partial<Rule>, Partial<Rule>]>> = {
  'what was redacted': [{}, {}],
  'a pseudonym': [{ strategy: pseudonym }, { strategy: pseudonym }],
  'a token': [{ strategy: tokenise }, { strategy: tokenise }],
  'a pseudonym, by another rule': [{ strategy: pseudonym }, {}],
  'a token, by another rule': [{ strategy: tokenise }, {}],
}
for (const [name, [rule, next]] of Object.entries(again)) {
  test(`masking twice is masking once: ${name}`, () => {
    const [once, more] = twice(rule, next)
    assert.notEqual(once, JSON.stringify(held))
    assert.equal(more, once)
  })
}

test("another home's pseudonyms and tokens are values", () => {
  for (const strategy of [pseudonym, tokenise]) {
    const [once, more] = twice({ strategy }, {}, Buffer.alloc(32, 8))
    assert.notEqual(more, once)
    assert.match(more, /"password":"\[REDACTED:SECRET\]"/)
  }
})

const made = (/psn_[\w-]+/.exec(twice({ strategy: pseudonym }, {})[0]) ?? [''])[0]
const dressed: Readonly<Record<string, Case>> = {
  'a pseudonym': { body: { password: made }, out: { password: made } },
  'one of a letter more': {
    body: { password: `${made}x` },
    out: { password: '[REDACTED:SECRET]' },
  },
  'one that nobody made': {
    body: { password: `${made.slice(0, 13)}hunter2hunter2hunter2h` },
    out: { password: '[REDACTED:SECRET]' },
  },
  'a card behind one': { body: [`${made} ${card}`], out: [`${made} ${hiddenCard}`] },
  'a token that nobody made': {
    body: { password: 'tok_1_l8xwa3iXdKdpumWUtSbyze8LoqIEoFaIq3nFPeCl' },
    out: { password: '[REDACTED:SECRET]' },
  },
}
for (const [name, one] of Object.entries(dressed)) {
  test(`what is dressed as a mark is looked at: ${name}`, () => check(one))
}
