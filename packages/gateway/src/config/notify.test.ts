import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadConfig } from './load.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-notify-'))
test.after(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'gateway.yaml')

/** One channel `ops` in gateway.yaml; `expected` is what becomes of it, or the problems as `line message`. */
function check(channel: string, expected: object | readonly string[], more = ''): void {
  writeFileSync(file, `notify:\n  channels:\n    ops: ${channel}\n${more}`)
  const loaded = loadConfig(file, {})
  if (Array.isArray(expected)) {
    const problems = 'problems' in loaded ? loaded.problems : []
    assert.deepEqual(
      problems.map(({ line, message }) => `${line} ${message}`),
      expected,
    )
    return
  }
  assert.ok('config' in loaded, JSON.stringify(loaded))
  assert.partialDeepStrictEqual(loaded.config.notify.channels.ops, expected)
}

const https = '3 It has to be https; http needs `insecureHttp` and a loopback host.'
const listen = '  slackListen: { host: 127.0.0.1, port: 7436 }\n'
const app = 'token: { env: T }, channel: C123'

type Row = readonly [
  name: string,
  channel: string,
  expected: object | readonly string[],
  more?: string,
]
const rows: readonly Row[] = [
  [
    'a webhook',
    '{ webhook: { url: "https://h.example/x", secret: { env: S } } }',
    { kind: 'webhook', url: 'https://h.example/x', secret: { env: 'S' }, insecureHttp: false },
  ],
  [
    'secrets are found beside the file',
    '{ webhook: { url: "https://h.example", secret: { file: s }, otherSecret: { file: /o } } }',
    { secret: { file: join(folder, 's') }, otherSecret: { file: '/o' } },
  ],
  [
    'a webhook in clear',
    '{ webhook: { url: "http://h.example", secret: { env: S }, insecureHttp: true } }',
    [https],
  ],
  [
    'a webhook with a password',
    '{ webhook: { url: "https://u:p@h.example", secret: { env: S } } }',
    [https],
  ],
  [
    'a webhook on this machine',
    '{ webhook: { url: "http://127.0.0.1:1", secret: { env: S }, insecureHttp: true } }',
    { insecureHttp: true },
  ],
  [
    'a secret itself',
    '{ webhook: { url: "https://h.example", secret: whsec_x } }',
    ['3 `secret` has to be a mapping (`key: value`).'],
  ],
  ['Slack that only tells', `{ slack: { ${app} } }`, { kind: 'slack', channel: 'C123' }],
  [
    'Slack that decides',
    `{ slack: { ${app}, signingSecret: { file: k }, team: T1A } }`,
    { team: 'T1A', signingSecret: { file: join(folder, 'k') } },
    listen,
  ],
  [
    'Slack that decides and cannot reach us',
    `{ slack: { ${app}, signingSecret: { env: K }, team: T1A } }`,
    ['1 People vote on Slack only where Slack can reach us: say where it does.'],
  ],
  [
    'Slack of nobody knows which workspace',
    `{ slack: { ${app}, signingSecret: { env: K } } }`,
    ['3 `signingSecret` and `team` belong together.'],
    listen,
  ],
  [
    'Slack of two workspaces that decide',
    `{ slack: { ${app}, signingSecret: { env: K }, team: T1A } }`,
    [
      '2 People vote on the Slack of one workspace only: an account of another could have the same id.',
    ],
    `    dev: { slack: { ${app}, signingSecret: { env: L }, team: T2B } }\n${listen}`,
  ],
  [
    'the name of a channel',
    '{ slack: { token: { env: T }, channel: "#ops" } }',
    ['3 `channel`: write the id of the channel, `C…`'],
  ],
  [
    'mail',
    '{ email: { smtp: "smtps://m.example:465", from: gw@h.example, to: [ops@h.example] } }',
    { kind: 'email', insecureSmtp: false },
  ],
  [
    'a password file for mail',
    '{ email: { smtp: "smtp://m.example", from: g@h.example, to: [o@h.example], username: g, password: { file: p } } }',
    { password: { file: join(folder, 'p') } },
  ],
  [
    'mail with a password in its address',
    '{ email: { smtp: "smtp://u:p@m.example", from: g@h.example, to: [o@h.example] } }',
    ['3 Write `smtps://host:465` and no more.'],
  ],
  [
    'mail in clear over the network',
    '{ email: { smtp: "smtp://m.example", from: g@h.example, to: [o@h.example], insecureSmtp: true } }',
    ['3 Without TLS mail goes to a loopback host only.'],
  ],
  [
    'a name without a password',
    '{ email: { smtp: "smtp://m.example", from: g@h.example, to: [o@h.example], username: g } }',
    ['3 `username` and `password` belong together.'],
  ],
  [
    'an address that would be a header',
    '{ email: { smtp: "smtp://m.example", from: "g@h.example\\nBcc: e@e.example", to: [o@h.example] } }',
    ['3 `from`: write an address such as `ops@example.com`'],
  ],
  [
    'two kinds in one',
    `{ slack: { ${app} }, email: { smtp: "smtps://m.example", from: g@h.example, to: [o@h.example] } }`,
    ['3 A channel has exactly one of `webhook`, `slack`, `email`.'],
  ],
  ['no kind', '{}', ['3 A channel has exactly one of `webhook`, `slack`, `email`.']],
]
for (const [name, channel, expected, more] of rows) {
  test(name, () => check(channel, expected, more))
}

test('names of channels are simple, and there are not too many of them', () => {
  const one = '{ slack: { token: { env: T }, channel: C123 } }'
  const many = Array.from({ length: 33 }, (_, n) => `    c${n}: ${one}\n`).join('')
  writeFileSync(file, `notify:\n  channels:\n${many}`)
  const loaded = loadConfig(file, {})
  assert.ok('problems' in loaded)
  assert.equal(loaded.problems[0]?.message, 'There are more than 32 channels.')
  writeFileSync(file, `notify:\n  channels:\n    Ops_1: ${one}\n`)
  assert.ok('problems' in loadConfig(file, {}))
})
