import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Environment, loadConfig } from './load.ts'
import { configJsonSchema } from './schema.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-config-'))
test.after(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'gateway.yaml')

/** `expected` is what part of the configuration must be, or its problems as `line message`. */
function check(
  text: string,
  env: Environment,
  expected: readonly string[] | Readonly<Record<string, unknown>>,
): void {
  writeFileSync(file, text)
  const loaded = loadConfig(file, env)
  if (Array.isArray(expected)) {
    const problems = 'problems' in loaded ? loaded.problems : []
    const lines = problems.map(({ line, message, hint }) => {
      return [line, message, ...(hint ? [`(${hint})`] : [])].join(' ')
    })
    assert.deepEqual(lines, expected)
    return
  }
  assert.ok('config' in loaded, JSON.stringify(loaded))
  assert.partialDeepStrictEqual(loaded.config, expected)
}

const issuer = (more: string) => `issuers:
  - name: corp
    issuer: https://id.example
    audiences: [gw]
    defaultKind: user
${more}`

const notHttps = '3 An issuer has to be https; http needs `insecureHttp` and a loopback host.'
const http = (url: string, insecure: boolean) =>
  issuer(insecure ? '    insecureHttp: true' : '').replace('https://id.example', url)

const witnesses = (quorum: string, ...members: readonly string[]) =>
  ['witnesses:', `  ${quorum}`, '  members:', ...members.map((one) => `    - ${one}`)]
    .join('\n')
    .replaceAll('KEY', 'BAen1v17mF6212bCao6jzSnjBuCg3zgzjg7htTot83mB')

type Case = readonly [
  name: string,
  text: string,
  env: Environment,
  expected: readonly string[] | Readonly<Record<string, unknown>>,
]
const cases: readonly Case[] = [
  ['an empty file is the defaults', '', {}, { listen: { host: '127.0.0.1', port: 7433 } }],
  ['paths are relative to the file', 'home: x', {}, { home: join(folder, 'x') }],
  ['memory is no path', 'home: memory', {}, { home: 'memory' }],
  [
    'TLS files are found beside the file',
    'listen: {tls: {cert: c.pem, key: k.pem}}',
    {},
    { listen: { tls: { cert: join(folder, 'c.pem'), key: join(folder, 'k.pem') } } },
  ],
  ['times are read', 'approvals: {hold: 90s}', {}, { approvals: { holdMs: 90_000 } }],
  ['MCP asks for nothing', '', {}, { mcp: { scopes: [], allowedOrigins: [], allowedHosts: [] } }],
  [
    'what MCP asks of its callers',
    'mcp: {resource: "https://gw.example/mcp", scopes: [a, b:c], allowedOrigins: ["https://Chat.example:443"], allowedHosts: ["GW:1"]}',
    {},
    {
      mcp: {
        resource: 'https://gw.example/mcp',
        scopes: ['a', 'b:c'],
        allowedOrigins: ['https://chat.example'],
        allowedHosts: ['gw:1'],
      },
    },
  ],
  ['MCP on this machine', 'mcp: {resource: "http://localhost:7433/mcp"}', {}, {}],
  [
    'a resource that is not where MCP is',
    'mcp: {resource: "https://gw.example/mcp/"}',
    {},
    ['1 `resource`: ends in `/mcp`, without query and fragment'],
  ],
  [
    'a resource in clear',
    'mcp: {resource: "http://gw.example/mcp"}',
    {},
    ['1 It has to be https; http is for loopback hosts.'],
  ],
  [
    'a scope and an origin that are none',
    'mcp:\n  scopes: ["a b"]\n  allowedOrigins: ["https://chat.example/x"]',
    {},
    ['2 This entry: is no scope', '3 This entry: write scheme and host: https://chat.example'],
  ],
  ['payloads are kept for 400 days', '', {}, { retention: { standard: 34_560_000_000 } }],
  [
    'retention classes, and what is standard',
    'retention: {short: 1d, standard: 30d}',
    {},
    { retention: { short: 86_400_000, standard: 2_592_000_000 } },
  ],
  [
    'a retention class that would keep nothing',
    'retention: {none: 1s}',
    {},
    ['1 The time has to be between 1h and 36525d.'],
  ],
  [
    'the environment outranks the file',
    'listen: {port: 1}',
    { SALLYPORT_LISTEN_PORT: '2', SALLYPORT_APPROVALS_HOLD_MAX: '5m' },
    { listen: { port: 2 }, approvals: { holdMsMax: 300_000 } },
  ],
  [
    'a switch in the environment',
    '',
    { SALLYPORT_LISTEN_HTTP2: 'false', SALLYPORT_CALL_LIMITS_CONCURRENT_CALLS: '7' },
    { listen: { http2: false }, callLimits: { concurrentCalls: 7 } },
  ],
  [
    'a path in the environment is relative to here',
    '',
    { SALLYPORT_HOME: 'x' },
    { home: join(process.cwd(), 'x') },
  ],
  [
    'the environment is checked too',
    'home: 3',
    { SALLYPORT_LISTEN_PORT: 'x', SALLYPORT_LISTEN_HTTP2: '1' },
    [
      '0 SALLYPORT_LISTEN_PORT has to be a whole number.',
      '0 SALLYPORT_LISTEN_HTTP2 has to be `true` or `false`.',
      '1 `home` has to be text.',
    ],
  ],
  [
    'an issuer has safe defaults',
    issuer(''),
    {},
    { issuers: [{ types: ['at+jwt', 'jwt'], adminAudiences: [], actorKind: 'agent' }] },
  ],
  ['an issuer on loopback', http('http://127.0.0.1:9', true), {}, { issuers: [{ name: 'corp' }] }],
  ['http without a word', http('http://127.0.0.1:9', false), {}, [notHttps]],
  ['http beyond loopback', http('http://id.example', true), {}, [notHttps]],
  ['http to a name that only begins so', http('http://127.0.0.1.example', true), {}, [notHttps]],
  ['an issuer with a password', http('https://a:b@id.example', false), {}, [notHttps]],
  [
    'a symmetric algorithm',
    issuer('    algorithms: [HS256]'),
    {},
    [
      '6 This entry has to be one of `ES256`, `ES384`, `ES512`, `RS256`, `PS256`, `EdDSA`, `Ed25519`.',
    ],
  ],
  [
    'a kind that nobody stated',
    issuer('').replace('    defaultKind: user\n', ''),
    {},
    ['2 `defaultKind` is required.'],
  ],
  [
    'a rule of two minds',
    issuer('    kinds: [{when: {claim: sub, equals: a, exists: true}, kind: agent}]'),
    {},
    ['6 A rule has exactly one of `equals`, `startsWith`, `exists`.'],
  ],
  [
    'a name of the gateway’s own',
    issuer('').replace('corp', 'operator'),
    {},
    [
      '2 `key`, `operator`, `channel` and `slack` name the gateway’s own parties. Choose another name.',
    ],
  ],
  [
    'a misspelt key deep inside',
    issuer('    groups: {clam: roles}'),
    {},
    ['6 `clam` is not known here. (Did you mean `claim`?)'],
  ],
  [
    'one port for two listeners',
    'listen: {port: 9}\nadmin: {port: 9}',
    {},
    ['2 Callers and the admin API need different ports.'],
  ],
  ['nobody witnesses unless named', '', {}, { witnesses: { quorum: 'all', members: [] } }],
  [
    'witnesses and their quorum',
    witnesses('quorum: 1', "{ name: w1, key: 'w+00000000+KEY', url: 'https://w.example/a' }"),
    {},
    { witnesses: { quorum: 1, members: [{ name: 'w1', url: 'https://w.example/a' }] } },
  ],
  [
    'a quorum of more than there are',
    witnesses('quorum: 2', "{ name: w1, key: 'w+00000000+KEY', url: 'https://w.example' }"),
    {},
    ['2 More are asked for than the 1 that are listed.'],
  ],
  [
    'one key under two names',
    witnesses(
      'quorum: all',
      "{ name: w1, key: 'w+00000000+KEY', url: 'https://w.example' }",
      "{ name: w1, key: 'v+00000000+KEY', url: 'https://v.example' }",
    ),
    {},
    ['5 Another witness has this name.', '5 Another witness has this key.'],
  ],
  [
    'a witness that is none',
    witnesses(
      'quorum: most',
      "{ name: none, key: 'w+00000000+AQen1v17mF6212bCao6jzSnjBuCg3zgzjg7htTot83mB', url: 'https://u:p@w.example' }",
    ),
    {},
    [
      '2 `quorum` has to be `all` or `any` or `none` or a number.',
      '4 `none` has a meaning of its own in a trust file. Choose another name.',
      '4 `key`: write the verifier key of type 0x04 that `sallyport witness init` prints',
      '4 Write a prefix without user, query and fragment.',
    ],
  ],
  [
    'a time out of bounds',
    'approvals:\n  hold: 2h',
    {},
    ['2 The time has to be between 1s and 10m.'],
  ],
  [
    'a time without a unit',
    'approvals:\n  hold: "60"',
    {},
    ['2 `hold`: write a time such as `60s`, `15m` or `8h`'],
  ],
  [
    'an operator’s key instead of its hash',
    'operators: [{name: ada, keyHash: spo_secret}]',
    {},
    ['1 `keyHash`: write the SHA-256 of an operator key in hex'],
  ],
]
for (const [name, text, env, expected] of cases) test(name, () => check(text, env, expected))

test('a missing file is said', () => {
  const loaded = loadConfig(join(folder, 'none.yaml'), {})
  assert.ok('problems' in loaded)
  assert.equal(loaded.problems[0]?.message, 'The file could not be read.')
})

test('no file at all is the defaults, beside the working directory', () => {
  const loaded = loadConfig(undefined, {})
  assert.ok('config' in loaded)
  assert.equal(loaded.config.home, join(process.cwd(), '.sallyport'))
})

test('editors get a JSON Schema of what is written', () => {
  const schema = JSON.stringify(configJsonSchema())
  assert.match(schema, /"approvals":\{.*"hold":\{/)
  assert.match(schema, /"additionalProperties":false/)
})
