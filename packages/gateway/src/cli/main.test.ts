import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Command } from 'commander'
import { exits } from './exit.ts'
import { buildProgram } from './program.ts'

/** The real program as a child process: what it says where, and the code it leaves with. */
const bin = join(import.meta.dirname, '../../bin/sallyport.js')
const folder = mkdtempSync(join(tmpdir(), 'sallyport-main-'))

function run(args: readonly string[], input?: string) {
  const env = { PATH: process.env.PATH, HOME: folder, NO_COLOR: '1' }
  const options = { cwd: folder, env, encoding: 'utf8' as const }
  return spawnSync(process.execPath, [bin, ...args], {
    ...options,
    ...(input !== undefined && { input }),
  })
}

type Expected = {
  readonly code: number
  readonly stdout?: RegExp
  readonly stderr?: RegExp
  readonly input?: string
}

function check(args: readonly string[], expected: Expected): void {
  const { status, stdout, stderr } = run(args, expected.input)
  assert.equal(status, expected.code, `${stdout}\n${stderr}`)
  assert.match(stdout, expected.stdout ?? /^$/)
  assert.match(stderr, expected.stderr ?? /^$/)
}

const openApi = `
openapi: 3.1.0
info: { title: "pets\\u202e", version: '1' }
paths:
  /pets/{id}:
    get:
      operationId: pets.get
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      responses: { '200': { description: ok } }
`

before(() => {
  writeFileSync(join(folder, 'pets.yaml'), openApi)
  const made = run(['init', 'gw', '--operator', 'dana'])
  assert.equal(made.status, 0, made.stderr)
})
after(() => rmSync(folder, { recursive: true, force: true }))

const explain = ['policy', 'explain', 'api.item.get', '--rulebook', 'gw', '-d', '{"id":"1"}']

const cases: readonly (readonly [name: string, args: readonly string[], expected: Expected])[] = [
  ['help by default, examples first', [], { code: 0, stdout: /^Examples\n[\s\S]*Commands:/ }],
  ['help', ['help'], { code: 0, stdout: /^Examples\n/ }],
  ['help of a command', ['help', 'call'], { code: 0, stdout: /^Examples\n[\s\S]*--approval <id>/ }],
  ['--help of a command below', ['approvals', 'deny', '--help'], { code: 0, stdout: /--reason/ }],
  [
    'its examples are its own',
    ['keys', 'revoke', '--help'],
    { code: 0, stdout: /^Examples\n {2}\$ sallyport keys revoke key_\w+\n\n/ },
  ],
  [
    'a time that is none',
    ['call', 'f', '--wait', 'soon'],
    { code: 2, stderr: /Write a time such as/ },
  ],
  ['exit codes', ['help', 'exit-codes'], { code: 0, stdout: /^ {2}0 {2}[\s\S]*\n130 {2}/ }],
  ['version', ['version'], { code: 0, stdout: /^sallyport \d+\.\d+\.\d+\nnode 2\d\./ }],
  ['--version', ['--version'], { code: 0, stdout: /^\d+\.\d+\.\d+\n$/ }],
  ['a command that is nearly one', ['serv'], { code: 2, stderr: /Did you mean serve\?/ }],
  [
    'an option that is nearly one',
    ['serve', '--confg'],
    { code: 2, stderr: /Did you mean --conf/ },
  ],
  ['a group without a command', ['approvals'], { code: 2, stderr: /Commands:/ }],
  ['a missing argument', ['approvals', 'get'], { code: 2, stderr: /missing required argument/ }],
  ['a lock without a reason', ['principals', 'lock', 'x'], { code: 2, stderr: /--reason/ }],
  ['a denial without a reason', ['approvals', 'deny', 'x'], { code: 2, stderr: /--reason/ }],
  [
    'a format there is not',
    ['calls', 'ls', '-o', 'xml'],
    { code: 2, stderr: /table, json, jsonl/ },
  ],
  ['a limit that is no number', ['calls', 'ls', '--limit', '0'], { code: 2, stderr: /100000/ }],
  ['hostile words are made visible', ['\u001b[2J'], { code: 2, stderr: /\\u\{1b\}\[2J/ }],
  ['completion for bash', ['completion', 'bash'], { code: 0, stdout: /complete -F _sallyport/ }],
  ['completion for zsh', ['completion', 'zsh'], { code: 0, stdout: /^#compdef sallyport/ }],
  ['completion for fish', ['completion', 'fish'], { code: 0, stdout: /complete -c sallyport/ }],
  ['completion for another', ['completion', 'tcsh'], { code: 2, stderr: /bash, zsh, fish/ }],
  ['serving without a configuration', ['serve'], { code: 1, stderr: /sallyport init/ }],
  ['calls without signing in', ['calls', 'ls'], { code: 4, stderr: /sallyport login/ }],
  ['whoami without signing in', ['whoami'], { code: 4, stderr: /not signed in/ }],
  ['logout without signing in', ['logout'], { code: 0, stderr: /Nobody/ }],
  [
    'login with nothing in stdin',
    ['login', '--operator-key-stdin'],
    { code: 2, stderr: /no operator key in stdin/, input: '' },
  ],
  ['login with nobody to ask', ['login'], { code: 2, stderr: /--operator-key-stdin/, input: '' }],
  [
    'login over plain http to another machine',
    ['login', '--admin-url', 'http://gateway.example', '--operator-key-stdin'],
    { code: 2, stderr: /plain http/, input: 'spo_x' },
  ],
  [
    'login at a gateway that is not there',
    ['login', '--admin-url', 'http://127.0.0.1:1', '--operator-key-stdin'],
    { code: 9, stderr: /cannot be reached/, input: 'spo_x' },
  ],
  ['init does not overwrite', ['init', 'gw'], { code: 1, stderr: /gw\/gateway\.yaml/ }],
  [
    'init refuses answers that do not fit, and writes nothing',
    ['init', 'other', '--upstream', 'ftp://x', '--issuer', 'http://idp.example'],
    { code: 2, stderr: /upstream[\s\S]*nothing was written/ },
  ],
  ['check', ['check', 'gw'], { code: 0, stdout: /5 of 5 pass/, stderr: /fits/ }],
  ['check of a rulebook alone', ['check', 'gw/rulebook'], { code: 0, stdout: /./, stderr: /./ }],
  ['check where nothing is', ['check', '.'], { code: 1, stderr: /sallyport init/ }],
  [
    'policy tests',
    ['policy', 'test', 'gw'],
    { code: 0, stdout: /^TAP version 14\n1\.\.5\nok 1 - /, stderr: /5 policy tests pass/ },
  ],
  ['explain a refusal', [...explain, '--as', 'user:corp:sam'], { code: 5, stdout: /forbidden/ }],
  [
    'explain a permission',
    [...explain, '--as', 'user:corp:sam', '--group', 'team'],
    { code: 0, stdout: /permitted[\s\S]*✓ permit team-uses-items/ },
  ],
  ['explain for nobody', [...explain, '--as', 'sam'], { code: 2, stderr: /user:corp:sam/ }],
  [
    'a call of a function that is nearly one',
    ['call', 'api.item.gte', '--rulebook', 'gw'],
    { code: 1, stderr: /Did you mean api\.item\.get\?/ },
  ],
  [
    'import to stdout',
    ['functions', 'import', 'openapi', 'pets.yaml', '--connection', 'pets', '--owner', 'team'],
    { code: 0, stdout: /- name: pets\.get/, stderr: /1 function/ },
  ],
  [
    'import does not overwrite',
    [
      'functions',
      'import',
      'openapi',
      'pets.yaml',
      '--connection',
      'pets',
      '--owner',
      'team',
      '--out',
      'pets.yaml',
    ],
    { code: 1, stderr: /pets\.yaml exists/ },
  ],
  [
    'import of what is no OpenAPI',
    ['functions', 'import', 'openapi', '-', '--connection', 'pets', '--owner', 'team'],
    { code: 1, stderr: /No function/, input: '{}' },
  ],
  [
    'doctor without a configuration',
    ['doctor'],
    { code: 1, stdout: /✕ config/, stderr: /1 thing/ },
  ],
]
for (const [name, args, expected] of cases) test(name, () => check(args, expected))

test('problems are told by file, line and column', () => {
  const file = join(folder, 'gw/gateway.yaml')
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, `${text}listn: 1\n`)
  const line = text.split('\n').length
  check(['serve', '--config', 'gw/gateway.yaml'], {
    code: 1,
    stderr: new RegExp(`gateway\\.yaml:${line}:1 .*listn.* → .*listen`),
  })
  writeFileSync(file, text)
})

test('a rulebook with problems does not start a gateway', () => {
  const file = join(folder, 'gw/rulebook/functions/api.yaml')
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace('owner: team-api', 'ownr: team-api'))
  const expected = { code: 1, stderr: /functions\/api\.yaml:\d+:\d+ .*ownr/ }
  check(['check', 'gw'], expected)
  check(['serve', '--config', 'gw/gateway.yaml'], { ...expected, stdout: /"level":50/ })
  writeFileSync(file, text)
})

test('what was left out of a gitleaks configuration is told, and everything fits all the same', () => {
  const files = ['masking.yaml', 'gitleaks.toml'].map((name) => join(folder, 'gw/rulebook', name))
  const [masking = '', gitleaks = ''] = files
  const before = existsSync(masking) ? readFileSync(masking, 'utf8') : undefined
  writeFileSync(masking, `${before ?? ''}\ndetect:\n  - { id: secrets, profile: secrets }\n`)
  writeFileSync(
    gitleaks,
    "[[rules]]\nid = 'a'\nregex = 'a_b'\n[[rules]]\nid = 'keys'\npath = 'k'\n",
  )
  const stderr = /gitleaks\.toml.*`keys` looks at paths only[\s\S]*Everything fits/
  check(['check', 'gw'], { code: 0, stdout: /./, stderr })
  rmSync(gitleaks)
  if (before === undefined) rmSync(masking)
  else writeFileSync(masking, before)
})

test('a failing policy test fails the command and says what was expected', () => {
  const file = join(folder, 'gw/rulebook/tests/api.yaml')
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace('expect: allow', 'expect: deny'))
  check(['policy', 'test', 'gw'], {
    code: 1,
    stdout: /not ok 1 [\s\S]*expected: deny\n {2}got: allow/,
    stderr: /1 of 5/,
  })
  writeFileSync(file, text)
})

test('nothing of a refused init is left behind', () => {
  assert.equal(existsSync(join(folder, 'other')), false)
})

test('a reader that has seen enough is no failure', async () => {
  const child = spawn(process.execPath, [bin, 'completion', 'bash'], { env: { NO_COLOR: '1' } })
  child.stdout.destroy()
  let stderr = ''
  child.stderr.on('data', (text) => (stderr += text))
  const code = await new Promise((resolve) => child.on('close', resolve))
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
})

test('no exit code means two things', () => {
  const codes = Object.values(exits).map(({ code }) => code)
  assert.equal(new Set<number>(codes).size, codes.length)
})

test('the help of every command begins with an example of it', async () => {
  const below = (command: Command): readonly Command[] => [
    command,
    ...command.commands.flatMap(below),
  ]
  for (const command of below(await buildProgram(() => true))) {
    let text = ''
    const writeOut = (more: string) => {
      text += more
    }
    command.configureOutput({ writeOut }).outputHelp()
    const [, example = ''] = /^Examples\n {2}\$ (.*)\n/.exec(text) ?? []
    assert.ok(example.includes(command.name()), `${command.name()}: ${text}`)
    assert.equal(text.match(/^Examples$/gm)?.length, 1, text)
  }
})
