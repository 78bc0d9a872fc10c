import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mcpFunctions } from '../protocol/mcp/route.ts'
import type { RulebookFiles } from './folder.ts'
import { readRulebook } from './load.ts'

const connection = `id: files
protocol: mcp
stdio: { command: files-server, args: [/srv], env: { MODE: ro, KEY: { env: FILES_KEY } } }
credential: none
`
const entry = (name: string, mcp: string, more = '') => `  - name: ${name}
    purpose: Read
    owner: team
    sensitivity: internal
    risk: low
    mcp: ${mcp}
${more}`
const functions = (...entries: readonly string[]) =>
  `connection: files\nfunctions:\n${entries.join('')}`
const read = entry('read', 'tools/call read_file', '    arguments: { path: string }\n')

type Texts = { readonly connection?: string; readonly functions?: string; readonly policy?: string }

function filesOf(texts: Texts): RulebookFiles {
  const file = (name: string, text: string) => [{ file: name, text }]
  return {
    connections: file('connections/files.yaml', texts.connection ?? connection),
    functions: file('functions/files.yaml', texts.functions ?? functions(read)),
    policies: texts.policy === undefined ? [] : file('policies/p.cedar', texts.policy),
    ...{ tests: [], masking: [], approvals: [], reviews: [], gitleaks: [] },
  }
}

/** The problems of these files, as `file:line message`. */
function check(texts: Texts, expected: readonly string[]): void {
  const loaded = readRulebook(filesOf(texts))
  const problems = 'problems' in loaded ? loaded.problems : []
  const shown = problems.map(({ file, line, message }) => `${file}:${line} ${message}`)
  assert.deepEqual(shown, expected)
}

function sound(texts: Texts) {
  const loaded = readRulebook(filesOf(texts))
  assert.ok(!('problems' in loaded), JSON.stringify(loaded))
  return loaded
}

const remote = (lines: string) => ({
  connection: `id: files\nprotocol: mcp\ncredential: none\n${lines}\n`,
})
const stdio = (text: string) => remote(`stdio: ${text}`)
const at = 'connections/files.yaml'
const connections: readonly (readonly [string, Texts, readonly string[]])[] = [
  ['a child process', {}, []],
  ['a URL', remote('upstream: https://mcp.example/mcp?project=1'), []],
  [
    'everything',
    remote(
      'upstream: https://a.example/mcp\nrevision: 2025-11-25\nshared: true\ntimeout: 5s\ndefinitions: { maxAge: 10s, every: 1m }',
    ),
    [],
  ],
  ['neither', remote('shared: true'), [`${at}:1 This does not say where the server is.`]],
  [
    'both',
    remote('upstream: https://a.example\nstdio: { command: a }'),
    [`${at}:5 A server is behind a URL or a child process, not both.`],
  ],
  ['no URL', remote('upstream: files'), [`${at}:4 The upstream is not a URL.`]],
  [
    'another scheme',
    remote('upstream: ws://a.example'),
    [`${at}:4 An MCP upstream is an http or https URL.`],
  ],
  [
    'a password in it',
    remote('upstream: https://a:b@a.example'),
    [`${at}:4 A URL is no place for a credential.`],
  ],
  [
    'a fragment',
    remote('upstream: https://a.example/#x'),
    [`${at}:4 An upstream has no fragment.`],
  ],
  [
    'a revision of another day',
    remote('upstream: https://a.example\nrevision: 2024-11-05'),
    [
      `${at}:5 \`revision\` has to be one of \`2026-07-28\`, \`2025-11-25\`, \`2025-06-18\`, \`2025-03-26\`.`,
    ],
  ],
  [
    'a key of HTTP',
    remote('upstream: https://a.example\nprefix: /a'),
    [`${at}:5 \`prefix\` is not known here.`],
  ],
  ['a relative path', stdio('{ command: ./server }'), [`${at}:4 A path is absolute here.`]],
  ['a shell line', stdio("{ command: 'npx server' }"), [`${at}:4 This is one program’s name.`]],
  ['a relative folder', stdio('{ command: a, cwd: b }'), [`${at}:4 A path is absolute here.`]],
  [
    'a secret written out is none',
    stdio('{ command: a, env: { KEY: { value: x } } }'),
    [`${at}:4 \`env\` is required.`, `${at}:4 \`value\` is not known here.`],
  ],
  [
    'a token for a child',
    { connection: connection.replace('none', '{ bearer: { env: T } }') },
    [`${at}:4 A child process gets its credentials in its environment.`],
  ],
  [
    'a header of the protocol',
    {
      connection:
        'id: files\nprotocol: mcp\nupstream: https://a.example\ncredential: { header: { name: Mcp-Session-Id, value: { env: T } } }\n',
    },
    [`${at}:4 Mcp-Session-Id belongs to the hop or to the protocol.`],
  ],
]
for (const [name, texts, expected] of connections) {
  test(`connection: ${name}`, () => check(texts, expected))
}

const file = 'functions/files.yaml'
const one = (mcp: string, more?: string) => ({ functions: functions(entry('one', mcp, more)) })
const cases: readonly (readonly [string, Texts, readonly string[]])[] = [
  [
    'every method',
    {
      functions: functions(
        read,
        entry('prompt.p', 'prompts/get p q'),
        entry('resource.one', 'resources/read docs://handbook'),
        entry(
          'resource.many',
          'resources/read docs://pages/{page}',
          '    arguments: { page: { type: string, maxLength: 9 } }\n',
        ),
        entry('completion', 'completion/complete'),
        entry('sampling', 'sampling/createMessage'),
        entry('elicitation', 'elicitation/create'),
        entry('roots', 'roots/list'),
      ),
    },
    [],
  ],
  [
    'another method',
    one('tools/list'),
    [`${file}:8 This names no method of MCP that can be a function.`],
  ],
  ['no name', one('tools/call'), [`${file}:8 tools/call is of something: its name is missing.`]],
  [
    'a name where there is none',
    one('roots/list x'),
    [`${file}:8 A connection has one roots/list, which has no name.`],
  ],
  [
    'a hidden character',
    one('"tools/call a\\u200bb"'),
    [`${file}:8 A name holds no invisible characters, and no space at its ends.`],
  ],
  [
    'no URI',
    one('resources/read handbook'),
    [`${file}:8 A URI begins with its scheme: docs://handbook.`],
  ],
  [
    'a name called uri',
    one("'resources/read docs://{uri}'"),
    [`${file}:8 \`uri\` is the whole URI.`],
  ],
  [
    'neither protocol',
    { functions: functions(entry('one', 'x').replace('    mcp: x\n', '')) },
    [`${file}:3 This does not say how it is called.`],
  ],
  [
    'both protocols',
    one('tools/call a', '    http: GET /a\n'),
    [`${file}:8 A function is called in one protocol.`],
  ],
  [
    'a path of HTTP',
    { functions: functions(read.replace('mcp: tools/call read_file', 'http: GET /a')) },
    [`${file}:8 The connection \`files\` speaks MCP.`],
  ],
  [
    'keys of HTTP',
    one('tools/call a', '    body: json\n    bodyArgument: b\n'),
    [
      `${file}:9 \`body\` is of HTTP functions.`,
      `${file}:10 \`bodyArgument\` is of HTTP functions.`,
    ],
  ],
  [
    'a place',
    one('tools/call a', '    arguments: { a: { type: string, in: query } }\n'),
    [`${file}:9 Arguments of MCP come from one place.`],
  ],
  [
    'a deferred prompt',
    one('prompts/get a', '    deferrable: true\n'),
    [`${file}:9 Of MCP only calls of tools can be deferred.`],
  ],
  [
    'a masked name of a template',
    one("'resources/read docs://{page}'", '    maskArguments: [{ path: $.page, redact: true }]\n'),
    [`${file}:9 \`page\` stands in the URI too.`],
  ],
  [
    'a masked URI',
    one('resources/read docs://a', '    maskArguments: [{ path: $.uri, redact: true }]\n'),
    [],
  ],
  [
    'a URI hidden from its upstream',
    one(
      'resources/read docs://a',
      '    maskArguments: [{ path: $.uri, redact: true, from: [upstream] }]\n',
    ),
    [`${file}:9 Without its URI the upstream cannot know what is read.`],
  ],
  [
    'one tool twice',
    { functions: functions(read, read.replace('name: read', 'name: again')) },
    [
      `${file}:8 The same request could be \`files.again\` (${file}:10).`,
      `${file}:15 The same request could be \`files.read\` (${file}:3).`,
    ],
  ],
  [
    'templates that are one',
    {
      functions: functions(
        entry('a', "'resources/read docs://{a}'"),
        entry('b', "'resources/read docs://{b}'"),
      ),
    },
    [
      `${file}:8 The same request could be \`files.b\` (${file}:9).`,
      `${file}:14 The same request could be \`files.a\` (${file}:3).`,
    ],
  ],
  [
    'a template and one of it',
    {
      functions: functions(
        entry('a', "'resources/read docs://{a}'"),
        entry('b', 'resources/read docs://b'),
      ),
    },
    [],
  ],
  [
    'a source',
    one(
      'tools/call a b',
      `    source: { operation: tools/call a b, digest: 'sha256:${'0'.repeat(64)}' }\n`,
    ),
    [],
  ],
  [
    'above internal without a word about masks',
    { functions: functions(read.replace('internal', 'restricted')) },
    [`${file}:6 A restricted function has to say what of its result is hidden.`],
  ],
]
for (const [name, texts, expected] of cases) test(`function: ${name}`, () => check(texts, expected))

test('a prefix and a path that MCP is spoken at are nobody’s', () => {
  const http =
    'id: crm\nprotocol: http\nupstream: https://crm.example\nhost: crm.example\ncredential: none\n'
  const fn = functions(entry('a', 'x').replace('mcp: x', 'http: GET /mcp/a')).replace(
    'files',
    'crm',
  )
  check({ connection: http, functions: fn }, [`${file}:8 Paths below /mcp are the gateway's own.`])
  const metadata = fn.replace('/mcp/a', '/.well-known/oauth-protected-resource/mcp')
  check({ connection: http, functions: metadata }, [
    `${file}:8 Paths below /.well-known/oauth-protected-resource are the gateway's own.`,
  ])
  check({ connection: http, functions: fn.replace('/mcp/a', '/.well-known/security.txt') }, [])
  check({ connection: http.replace('host: crm.example', 'prefix: /mcp'), functions: fn }, [
    `${at}:4 Paths below /mcp are the gateway's own.`,
  ])
})

test('defaults: asked before each call, nothing shared, nothing of a tool is idempotent', () => {
  const { rulebook } = sound({ functions: functions(read, entry('roots', 'roots/list')) })
  const [files] = rulebook.connections
  assert.deepEqual(files, {
    ...{ id: 'files', protocol: 'mcp', upstream: 'stdio:files-server' },
    stdio: {
      ...{ command: 'files-server', args: ['/srv'] },
      env: { MODE: 'ro', KEY: { env: 'FILES_KEY' } },
    },
    ...{ credential: { kind: 'none' }, shared: false },
    ...{ definitionMaxAgeMs: 0, describedEveryMs: 300_000 },
  })
  assert.deepEqual(
    rulebook.functions.map(({ id, mcp, idempotent }) => [id, mcp, idempotent]),
    [
      ['files.read', { method: 'tools/call', name: 'read_file' }, false],
      ['files.roots', { method: 'roots/list', name: '' }, true],
    ],
  )
})

const digests: readonly (readonly [string, Texts, 'same' | 'other'])[] = [
  ['the same again', {}, 'same'],
  ['another argument of the child', { connection: connection.replace('/srv', '/') }, 'other'],
  ['another environment', { connection: connection.replace('MODE: ro', 'MODE: rw') }, 'other'],
  ['a shared session', { connection: `${connection}shared: true\n` }, 'other'],
  ['another tool', { functions: functions(read.replace('read_file', 'write_file')) }, 'other'],
]
for (const [name, texts, expected] of digests) {
  test(`digest: ${name}`, () => {
    const isSame = sound(texts).rulebook.digest === sound({}).rulebook.digest
    assert.equal(isSame ? 'same' : 'other', expected)
  })
}

test('arguments are checked, and policy reads them by their types', () => {
  const policy = `@id("reads") @owner("o") @reason("r") @review("90d")
permit (principal in Group::"g", action == Action::"files.many", resource)
when { context.args.page like "a*" && context.args.uri like "docs:*" };
`
  const many = entry('many', "'resources/read docs://{page}/x'")
  const { rulebook, inForce } = sound({ functions: functions(many), policy })
  const match = mcpFunctions(rulebook).find({
    ...({ connection: 'files', method: 'resources/read', name: 'docs://abc/x' } as const),
  })
  assert.ok(match)
  assert.deepEqual(match.variables, { page: 'abc' })
  const problemsOf = (values: Record<string, string>) =>
    inForce.argumentProblems(match.fn, values).map(({ pointer }) => pointer)
  assert.deepEqual(problemsOf({ uri: 'docs://abc/x', page: 'abc' }), [])
  assert.deepEqual(problemsOf({ uri: 'docs://abc/x' }), ['/page'])
  assert.deepEqual(problemsOf({ uri: 'docs://abc/x', page: 'abc', more: '1' }), ['/more'])
})
