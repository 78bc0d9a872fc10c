import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { RulebookFile, RulebookFiles } from './folder.ts'
import { readRulebook } from './load.ts'

const crm = `id: crm
protocol: http
upstream: https://crm.example/api
prefix: /crm
credential: { header: { name: X-Key, value: { env: CRM_KEY } } }
`
const head = `    purpose: Read
    owner: team-crm
    sensitivity: internal
    risk: low
`
const functions = `connection: crm
functions:
  - name: get
${head}    http: GET /customers/{id}
    arguments:
      id: { type: string, maxLength: 64 }
  - name: put
${head}    http: PUT /customers/{id}
    arguments:
      id: string
      ratio: { type: number, minimum: 0.5, required: true }
`
const policies = `@id("reads") @owner("o") @reason("r") @review("90d")
permit (principal in Group::"g", action == Action::"crm.get", resource);
`
const tests = `- name: reads
  as: { user: 'corp:sam', groups: [g] }
  call: crm.get
  args: { id: c-1 }
  expect: allow
`

type Texts = Readonly<Record<string, string>>
const sound: Texts = {
  'connections/crm.yaml': crm,
  'functions/crm.yaml': functions,
  'policies/crm.cedar': policies,
  'tests/crm.yaml': tests,
}

function filesOf(texts: Texts): RulebookFiles {
  const under = (part: string): RulebookFile[] =>
    Object.entries(texts)
      .filter(([file]) => file.startsWith(part))
      .map(([file, text]) => ({ file, text }))
  return {
    connections: under('connections/'),
    functions: under('functions/'),
    policies: under('policies/'),
    tests: under('tests/'),
    masking: under('masking.yaml'),
    approvals: under('approvals.yaml'),
    reviews: under('reviews.yaml'),
    gitleaks: under('gitleaks.toml'),
  }
}

const apiKey = '{ header: { name: X-Key, value: { env: CRM_KEY } } }'
const oauth = (url: string) =>
  `{ oauth: { clientId: gw, clientSecret: { env: CRM_KEY }, tokenUrl: ${url} } }`

/** The problems of a sound rulebook with some files replaced, as `file:line message`. */
function check(change: Texts, expected: readonly string[]): void {
  const read = readRulebook(filesOf({ ...sound, ...change }))
  const problems = 'problems' in read ? read.problems : []
  assert.deepEqual(
    problems.map(({ file, line, message }) => `${file}:${line} ${message}`),
    expected,
  )
}

const replaced = (text: string, from: string, to: string): string => {
  assert.ok(text.includes(from), from)
  return text.replace(from, to)
}
const connection = (from: string, to: string): Texts => {
  return { 'connections/crm.yaml': replaced(crm, from, to) }
}
const fn = (from: string, to: string): Texts => {
  return { 'functions/crm.yaml': replaced(functions, from, to) }
}
const policy = (from: string, to: string): Texts => {
  return { 'policies/crm.cedar': replaced(policies, from, to) }
}
const testRow = (from: string, to: string): Texts => {
  return { 'tests/crm.yaml': replaced(tests, from, to) }
}
const masking = (text: string): Texts => ({ 'masking.yaml': text })

type Row = readonly [string, Texts, readonly string[]]
const cases: readonly Row[] = [
  ['sound', {}, []],
  [
    'unknown key',
    connection('prefix:', 'prefx:'),
    ['connections/crm.yaml:4 `prefx` is not known here.'],
  ],
  [
    'out of reach',
    connection('prefix: /crm\n', ''),
    ['connections/crm.yaml:1 Nobody can reach this connection: it has neither prefix nor host.'],
  ],
  [
    'credential in the URL',
    connection('https://', 'https://sam:secret@'),
    ['connections/crm.yaml:3 A URL is no place for a credential.'],
  ],
  [
    'an OAuth client',
    connection(apiKey, oauth('https://idp.example/token, scope: "a b", resource: "urn:x"')),
    [],
  ],
  ['an OAuth client of this machine', connection(apiKey, oauth('http://127.0.0.1:9/token')), []],
  [
    'an OAuth client whose secret would go in clear',
    connection(apiKey, oauth('http://idp.example/token')),
    ['connections/crm.yaml:5 A token endpoint is an https URL; http is for loopback hosts.'],
  ],
  [
    'an OAuth client that asks for no resource',
    connection(apiKey, oauth('https://idp.example/token, resource: crm')),
    ['connections/crm.yaml:5 A resource is an absolute URI without a fragment.'],
  ],
  [
    'an OAuth client that signs',
    connection(
      apiKey,
      '{ oauth: { clientId: gw, clientKey: { file: /k.pem }, issuer: "https://idp.example", tokenUrl: https://idp.example/t } }',
    ),
    [],
  ],
  [
    'an OAuth client that signs for nobody',
    connection(
      apiKey,
      '{ oauth: { clientId: gw, clientKey: { file: /k.pem }, tokenUrl: https://idp.example/t } }',
    ),
    ['connections/crm.yaml:5 `issuer` is required.'],
  ],
  [
    'an OAuth client with a secret and a key',
    connection(
      apiKey,
      '{ oauth: { clientId: gw, clientSecret: { env: A }, clientKey: { file: /k.pem }, issuer: i, tokenUrl: https://idp.example/t } }',
    ),
    [
      'connections/crm.yaml:5 `clientKey` is not known here.',
      'connections/crm.yaml:5 `issuer` is not known here.',
    ],
  ],
  [
    'a description below the upstream',
    connection('prefix:', 'describedBy: { openapi: /openapi.json, every: 1m }\nprefix:'),
    [],
  ],
  [
    'a description by its URL',
    connection('prefix:', 'describedBy: { openapi: "https://docs.example/crm.yaml" }\nprefix:'),
    [],
  ],
  [
    'a description that cannot be read',
    connection('prefix:', 'describedBy: { openapi: "file:///etc/crm.yaml" }\nprefix:'),
    ['connections/crm.yaml:4 It is read over http or https.'],
  ],
  [
    'a description with a credential in its URL',
    connection('prefix:', 'describedBy: { openapi: "https://a:b@crm.example/x" }\nprefix:'),
    ['connections/crm.yaml:4 A URL is no place for a credential.'],
  ],
  [
    'a header that tells of a change nobody looks at',
    connection('prefix:', 'definitionHeader: X-Version\nprefix:'),
    ['connections/crm.yaml:4 When it says that it is another, there is nothing to look at.'],
  ],
  [
    'a header that is none',
    connection('prefix:', 'definitionHeader: "x y"\nprefix:'),
    ['connections/crm.yaml:4 `definitionHeader`: is not a header name'],
  ],
  [
    'where a function was imported from',
    fn(
      'risk: low',
      `risk: low\n    source: { operation: 'GET /customers/{id}', digest: 'sha256:${'0'.repeat(64)}' }`,
    ),
    [],
  ],
  [
    'that is no operation and no digest',
    fn('risk: low', 'risk: low\n    source: { operation: customers, digest: 7f }'),
    [
      'functions/crm.yaml:8 `operation`: is a method and a path, or a method of MCP and a name',
      'functions/crm.yaml:8 `digest`: is `sha256:` and 64 hex digits',
    ],
  ],
  [
    'prefix with dots',
    connection('/crm\n', '/a/../crm\n'),
    ['connections/crm.yaml:4 A prefix is plain path segments without a slash at the end.'],
  ],
  [
    "a prefix of the gateway's own",
    connection('prefix: /crm', 'prefix: /.sallyport/crm'),
    ["connections/crm.yaml:4 Paths below /.sallyport are the gateway's own."],
  ],
  [
    "a path of the gateway's own",
    {
      'connections/crm.yaml': crm.replace('prefix: /crm', 'host: crm.example'),
      'functions/crm.yaml': functions.replace('GET /customers', 'GET /.sallyport'),
    },
    ["functions/crm.yaml:8 Paths below /.sallyport are the gateway's own."],
  ],
  [
    'a streamed body, deferred',
    {
      'functions/crm.yaml': functions.replace(
        '    http: PUT /customers/{id}\n',
        '    deferrable: true\n    http: PUT /customers/{id}\n    body: stream\n',
      ),
    },
    ['functions/crm.yaml:16 A streamed body is not held, so a call with one cannot be deferred.'],
  ],
  [
    "the caller's credential passed on",
    connection('prefix:', 'forwardHeaders: [Cookie]\nprefix:'),
    [
      "connections/crm.yaml:4 Cookie carries the caller's own credential, which the upstream never sees.",
    ],
  ],
  [
    'the credential set by the caller',
    connection('prefix:', 'forwardHeaders: [x-key]\nprefix:'),
    ["connections/crm.yaml:4 x-key carries this connection's credential; a caller may not set it."],
  ],
  [
    'one address twice',
    { 'connections/two.yaml': crm.replace('id: crm', 'id: two') },
    ['connections/two.yaml:4 Callers reach `crm` under the same address.'],
  ],
  [
    'one id twice',
    { 'connections/two.yaml': crm.replace('prefix: /crm', 'prefix: /two') },
    ['connections/two.yaml:1 The connection `crm` stands in connections/crm.yaml:1 too.'],
  ],
  [
    'hidden by a longer prefix',
    {
      'connections/two.yaml': crm
        .replace('id: crm', 'id: two')
        .replace('prefix: /crm', 'prefix: /crm/customers'),
    },
    [
      "functions/crm.yaml:8 `two` takes these calls: its prefix lies within this one's.",
      "functions/crm.yaml:16 `two` takes these calls: its prefix lies within this one's.",
    ],
  ],
  [
    'unknown connection',
    fn('connection: crm', 'connection: crn'),
    ['functions/crm.yaml:1 There is no connection `crn`.'],
  ],
  ['no owner', fn('    owner: team-crm\n', ''), ['functions/crm.yaml:3 `owner` is required.']],
  [
    'sensitive without a word about masking',
    fn('internal', 'restricted'),
    ['functions/crm.yaml:6 A restricted function has to say what of its result is hidden.'],
  ],
  [
    'an empty list is no word',
    fn('internal', 'restricted\n    mask: []'),
    ['functions/crm.yaml:7 An empty list does not say that nothing is hidden.'],
  ],
  ['none is a word', fn('internal', 'restricted\n    mask: none'), []],
  [
    'path argument not declared',
    fn('/customers/{id}', '/customers/{no}'),
    ['functions/crm.yaml:8 The path takes {no}, which is not declared.'],
  ],
  [
    'one function twice',
    fn('name: put', 'name: get'),
    ['functions/crm.yaml:11 The function `crm.get` stands in functions/crm.yaml:3 too.'],
  ],
  [
    'one request, two functions',
    fn('PUT /', 'GET /'),
    [
      'functions/crm.yaml:8 The same request could be `crm.put` (functions/crm.yaml:11).',
      'functions/crm.yaml:16 The same request could be `crm.get` (functions/crm.yaml:3).',
    ],
  ],
  [
    'body of a GET',
    fn('maxLength: 64 }', 'maxLength: 64 }\n      b: { type: string, in: body }'),
    ['functions/crm.yaml:11 A body of kind none carries no arguments.'],
  ],
  [
    'header of the hop',
    fn('maxLength: 64 }', 'maxLength: 64 }\n      Host: { type: string, in: header }'),
    ['functions/crm.yaml:11 Host belongs to the hop or to the gateway.'],
  ],
  [
    'header of the credential',
    fn('maxLength: 64 }', 'maxLength: 64 }\n      x-key: { type: string, in: header }'),
    ["functions/crm.yaml:8 The header `x-key` carries the connection's credential."],
  ],
  [
    'no such place',
    fn('maxLength: 64 }', 'maxLength: 64, in: cookie }'),
    ['functions/crm.yaml:10 `in` is one of path, query, header, body.'],
  ],
  [
    'no JSON Schema',
    fn('type: string, maxLength: 64', 'type: text'),
    ['functions/crm.yaml:10 In the JSON Schema this must be equal to one of the allowed values.'],
  ],
  [
    'text that is no Unicode',
    fn('purpose: Read', 'purpose: "\\ud800"'),
    ['functions/crm.yaml:3 Some text here is not Unicode.'],
  ],
  [
    'mask path',
    fn('internal', 'restricted\n    mask: [{ path: email, drop: true }]'),
    [
      'functions/crm.yaml:7 JSONPath, character 1: must start with $, which stands for the whole value.',
    ],
  ],
  [
    'mask that does nothing',
    fn('internal', 'restricted\n    mask: [{ path: $.email }]'),
    ['functions/crm.yaml:7 This mask does not say what it does.'],
  ],
  [
    'mask that does two things',
    fn('internal', 'restricted\n    mask: [{ path: $.email, drop: true, hash: true }]'),
    ['functions/crm.yaml:7 A mask does one thing.'],
  ],
  [
    'a path with a hole in it',
    fn(
      '    http: GET',
      '    maskArguments:\n      - { path: $.note, drop: true }\n      - { path: $.id, drop: true }\n    http: GET',
    ),
    ['functions/crm.yaml:10 `id` stands in the path of crm.get, which cannot do without it.'],
  ],
  ...['$..id', '$[*]', "$['x','id']"].map(
    (path): Row => [
      `a path with a hole in it, as ${path}`,
      fn('    http: GET', `    maskArguments: [{ path: "${path}", drop: true }]\n    http: GET`),
      ['functions/crm.yaml:8 `id` stands in the path of crm.get, which cannot do without it.'],
    ],
  ),
  [
    'a hole below an argument, or another strategy, is none in the path',
    fn(
      '    http: GET',
      '    maskArguments: [{ path: $.id.id, drop: true }, { path: $.id, hash: true }]\n    http: GET',
    ),
    [],
  ],
  [
    'masking rule that leaves a hole in a path',
    masking(
      "rules:\n  - functions: ['crm.*']\n    maskArguments:\n      - { path: $.id, drop: true }\n",
    ),
    [
      'masking.yaml:4 `id` stands in the path of crm.get, which cannot do without it.',
      'masking.yaml:4 `id` stands in the path of crm.put, which cannot do without it.',
    ],
  ],
  [
    'masking rule for functions that could not be read',
    {
      ...masking("rules:\n  - functions: ['*']\n    mask: [{ path: $.a, drop: true }]\n"),
      'functions/crm.yaml': 'connection: crm\nfunctions: 7\n',
    },
    ['functions/crm.yaml:2 `functions` has to be a list.'],
  ],
  [
    'masking rule for nothing',
    masking("rules:\n  - functions: ['crn.*']\n    mask: [{ path: $.a, drop: true }]\n"),
    ['masking.yaml:2 `crn.*` names no function.'],
  ],
  [
    'policy for an unknown function',
    policy('crm.get', 'crm.gte'),
    ['policies/crm.cedar:2 unrecognized action `Action::"crm.gte"`'],
  ],
  [
    'policy without an owner',
    policy('@owner("o") ', ''),
    ['policies/crm.cedar:1 a permit needs @owner'],
  ],
  [
    '@fields that cannot be followed',
    policy('@owner', '@fields("$.a[?@.b]") @owner'),
    [
      'policies/crm.cedar:1 @fields of `reads`: JSONPath, character 5: filters need to look ahead, which a stream cannot; name the members, or use [*] to mask all.',
    ],
  ],
  [
    'test of an unknown function',
    testRow('crm.get', 'crm.gte'),
    ['tests/crm.yaml:3 There is no function `crm.gte`.'],
  ],
  [
    'test of an unknown policy',
    testRow('expect: allow', 'expect: allow\n  by: [read]'),
    ['tests/crm.yaml:6 There is no policy `read`.'],
  ],
  [
    'a broken file does not accuse the others',
    { 'functions/crm.yaml': 'connection: "crm' },
    ['functions/crm.yaml:1 A closing character, a comma or a colon is missing.'],
  ],
  [
    'everything at once',
    { ...connection('prefix:', 'prefx:'), ...fn('risk: low', 'risk: lowest') },
    [
      'connections/crm.yaml:4 `prefx` is not known here.',
      'functions/crm.yaml:7 `risk` has to be one of `low`, `medium`, `high`, `critical`.',
    ],
  ],
]
for (const [name, change, expected] of cases) test(name, () => check(change, expected))

/** Whether the changed rulebook is another one. */
function checkDigest(change: Texts, expected: 'same' | 'other'): void {
  const [one, other] = [sound, { ...sound, ...change }].map((texts) => {
    const read = readRulebook(filesOf(texts))
    assert.ok(!('problems' in read), JSON.stringify(read))
    return read.rulebook.digest
  })
  assert.match(one ?? '', /^sha256:[0-9a-f]{64}$/)
  assert.equal(one === other ? 'same' : 'other', expected)
}

const secondPolicy = policies.replaceAll('reads', 'more')
const digests: readonly (readonly [string, Texts, 'same' | 'other'])[] = [
  ['comments in YAML', fn('connection:', '# note\nconnection:'), 'same'],
  [
    'layout in YAML',
    fn('{ type: string, maxLength: 64 }', '{maxLength: 64, "type": "string"}'),
    'same',
  ],
  ['comments in Cedar', policy('permit (', '// note\npermit (\n  '), 'same'],
  ['layout in Cedar', policy('permit (principal in', 'permit(\n principal  in'), 'same'],
  ['spaces within a string of Cedar', policy('"r"', '"r "'), 'other'],
  ['something like a comment within a string', policy('"r"', '"r // no comment"'), 'other'],
  ['another name of a file', { 'policies/crm.cedar': '', 'policies/z.cedar': policies }, 'same'],
  ['a number', fn('minimum: 0.5', 'minimum: 0.25'), 'other'],
  ['the type of a constant', fn('minimum: 0.5', "const: '0.5'"), 'other'],
  ['an upstream', connection('crm.example', 'crm2.example'), 'other'],
  ['a policy more', { 'policies/more.cedar': secondPolicy }, 'other'],
  ['tests', testRow('name: reads', 'name: still reads'), 'same'],
]
for (const [name, change, expected] of digests) {
  test(`digest: ${name}`, () => checkDigest(change, expected))
}

test('the order of files and policies does not matter', () => {
  const texts = { ...sound, 'policies/more.cedar': secondPolicy }
  const digestOf = (files: RulebookFiles) => {
    const read = readRulebook(files)
    assert.ok(!('problems' in read))
    return read.rulebook.digest
  }
  const files = filesOf(texts)
  const reversed = { ...files, policies: files.policies.toReversed() }
  assert.equal(digestOf(reversed), digestOf(files))
  const joined = { ...sound, 'policies/crm.cedar': `${secondPolicy}\n${policies}` }
  assert.equal(digestOf(filesOf(joined)), digestOf(files))
})

test('whatever stands in the files, loading says so and does not throw', () => {
  const names = Object.keys(sound)
  fc.assert(
    fc.property(
      fc.constantFrom(...names),
      fc.nat({ max: 600 }),
      fc.constantFrom('', '{', ']', ': ', '"', '\n  - ', '&a ', '*a', '\u0000', '%2f', '{id}'),
      fc.nat({ max: 40 }),
      (name, at, inserted, removed) => {
        const text = sound[name] ?? ''
        const changed = text.slice(0, at) + inserted + text.slice(at + removed)
        const read = readRulebook(filesOf({ ...sound, [name]: changed }))
        for (const { file, message } of 'problems' in read ? read.problems : []) {
          assert.ok(file !== '' && message !== '')
        }
      },
    ),
    { numRuns: 150 },
  )
})

test('a retention class has to be one of the gateway’s, where those are known', () => {
  const problemsWith = (known?: readonly string[]) => {
    const texts = { ...sound, ...fn('risk: low', 'risk: low\n    retention: shrot') }
    const read = readRulebook(filesOf(texts), known ? { retention: known } : {})
    return 'problems' in read
      ? read.problems.map(({ file, line, message, hint }) => `${file}:${line} ${message} ${hint}`)
      : read.rulebook.functions.flatMap(({ retention }) => retention ?? [])
  }
  assert.deepEqual(problemsWith(['standard', 'short']), [
    'functions/crm.yaml:8 There is no retention class `shrot`. Did you mean `short`?',
  ])
  assert.deepEqual(problemsWith(['standard', 'shrot']), ['shrot'])
  assert.deepEqual(problemsWith(), ['shrot'])
})

test('where an upstream describes itself is one URL, and its header is in lower case', () => {
  const connectionOf = (lines: string) => {
    const read = readRulebook(filesOf({ ...sound, ...connection('prefix:', `${lines}\nprefix:`) }))
    assert.ok(!('problems' in read))
    const [first] = read.rulebook.connections
    assert.ok(first?.protocol === 'http')
    const { describedBy, definitionHeader } = first
    return { describedBy, definitionHeader }
  }
  assert.deepEqual(connectionOf('describedBy: { openapi: openapi.json }'), {
    describedBy: { openapi: 'https://crm.example/api/openapi.json', everyMs: 300_000 },
    definitionHeader: undefined,
  })
  const elsewhere = 'describedBy: { openapi: "HTTPS://docs.example/a?b", every: 10s }'
  assert.deepEqual(connectionOf(`${elsewhere}\ndefinitionHeader: X-Version`), {
    describedBy: { openapi: 'HTTPS://docs.example/a?b', everyMs: 10_000 },
    definitionHeader: 'x-version',
  })
})
