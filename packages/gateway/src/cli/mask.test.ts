import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openHouse, root } from '../../test/house.ts'
import { rulebook, writeRulebook } from '../../test/rules.ts'
import { answer } from '../../test/upstream.ts'

const bin = join(import.meta.dirname, '../../bin/sallyport.js')
const folder = mkdtempSync(join(tmpdir(), 'sallyport-mask-'))

const card = '4539578763621486'
const mail = 'canary-person@corp.example'

const masking = `detect:
  - id: cards
    profile: pci
    do: { partial: { first: 6, last: 4 } }
    reveal:
      - { groups: [cashiers], do: keep }
  - id: mail
    entities: [EMAIL_ADDRESS]
    functions: [up.person]
    paths: ['$.note']
    direction: [result, arguments]
    from: [record]
  - id: names
    entities: [PERSON]
    functions: [up.item]
    paths: ['$.note']
    recognise: { language: de }
`

/** An upstream's question to its caller: everything goes the other way. */
const asksPeople = `connection: desk
functions:
  - name: ask
    purpose: Asks a person.
    owner: desk
    sensitivity: internal
    risk: low
    mcp: elicitation/create
`
const askedRule = `  - id: asked
    entities: [PHONE_NUMBER]
    functions: [desk.ask]
    direction: [arguments]
    from: [upstream, record]
    do: redact
`

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string }
type Given = {
  readonly input?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
}

function run(args: readonly string[], { input = '', env }: Given = {}): Promise<Ended> {
  const clean = { PATH: process.env.PATH, HOME: folder, NO_COLOR: '1' }
  const child = spawn(process.execPath, [bin, 'mask', ...args], {
    cwd: folder,
    env: { ...clean, ...env },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text))
  // A command that refuses its arguments leaves without reading.
  child.stdin.on('error', () => {}).end(input)
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })))
}

type Expected = Given & {
  readonly code?: number
  readonly stdout?: RegExp | string
  readonly stderr?: RegExp
}

async function check(args: readonly string[], expected: Expected): Promise<void> {
  const { code, stdout, stderr } = await run(args, expected)
  assert.equal(code, expected.code ?? 0, `${stdout}\n${stderr}`)
  if (typeof expected.stdout === 'string') assert.equal(stdout, expected.stdout)
  else assert.match(stdout, expected.stdout ?? /^$/)
  assert.match(stderr, expected.stderr ?? /^$/)
}

const lines = (...values: readonly unknown[]) =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('')
const inMail = { type: 'EMAIL_ADDRESS', confidence: 95, rule: 'email/mailbox' }

before(() => {
  const nobody = 'http://127.0.0.1:1'
  const files = {
    ...rulebook({ up: nobody, dead: nobody }),
    'masking.yaml': `${masking}${askedRule}`,
    'connections/desk.yaml':
      'id: desk\nprotocol: mcp\nupstream: http://127.0.0.1:1/mcp\ncredential: none\n',
    'functions/desk.yaml': asksPeople,
  }
  writeRulebook(join(folder, 'rules'), files)
  writeFileSync(join(folder, 'letter.txt'), `To ${mail},\npaid with ${card}.\n`)
  writeFileSync(join(folder, 'broken.json'), '{"note": "one')
  writeFileSync(join(folder, 'painted\u001b[2J'), 'nothing\n')
})
after(() => rmSync(folder, { recursive: true, force: true }))

const byRules = ['--rulebook', 'rules', '--function', 'up.read']
const person = ['--rulebook', 'rules', '--function', 'up.person']
const jsonl = ['test', '--format', 'jsonl']

const tests: readonly (readonly [name: string, args: readonly string[], expected: Expected])[] = [
  [
    'stdin',
    ['test'],
    {
      input: `to ${mail}\n`,
      stdout:
        'TYPE           RULE           CONFIDENCE  WHERE\n' +
        'EMAIL_ADDRESS  email/mailbox  95          3–29\n' +
        'to [REDACTED:EMAIL_ADDRESS]\n',
    },
  ],
  ['nothing in it', ['test'], { input: 'good day', stdout: 'good day\n', stderr: /^-: nothing/ }],
  ['nothing at all', ['test'], { stdout: '\n', stderr: /^-: nothing is found/ }],
  [
    'files, one after the other',
    ['test', 'letter.txt', '-', '-o', 'jsonl'],
    {
      input: '{"card":4539578763621486}',
      stdout: /^\{"file":"letter\.txt",.*\n\{"file":"-",.*\n$/,
    },
  ],
  [
    'a body by its media type',
    ['test', '--media-type', 'text/csv', '-o', 'jsonl'],
    { input: 'name,ssn\nAda,536-22-8716\n', stdout: /\[REDACTED:US_SSN\]\\n"\}\n$/ },
  ],
  [
    'lines of JSON, of which every value stands where it is said to be',
    ['test', '--media-type', 'application/x-ndjson', '-o', 'jsonl'],
    {
      input: `{"id":"ü"}\n{"to":"${mail}"}\n{"text":"an ${mail}"}\n`,
      stdout: /"start":18,"end":44,.*"start":59,"end":85,/,
    },
  ],
  [
    'a body by its form',
    ['test', '-o', 'jsonl'],
    { input: 'user,password\nAda,hunter2xyz\n', stdout: /Ada,\[REDACTED:SECRET\]\\n"\}\n$/ },
  ],
  [
    'the rules of a function that ask a recogniser, without it',
    ['test', '--rulebook', 'rules', '--function', 'up.item'],
    {
      input: `paid with ${card}`,
      stdout: /\npaid with 453957\*{6}1486\n$/,
      stderr: /^! The recogniser is not asked here: names would hide more\.\n$/,
    },
  ],
  [
    'what the rules of a function say, to nobody in particular',
    ['test', 'letter.txt', ...byRules],
    { stdout: new RegExp(`^TYPE.*\nTo ${mail},\npaid with 453957\\*{6}1486\\.\n$`, 's') },
  ],
  [
    'to somebody in a group that sees more',
    ['test', 'letter.txt', ...byRules, '--group', 'others', '--group', 'cashiers'],
    { stdout: new RegExp(`\npaid with ${card}\\.\n$`) },
  ],
  [
    'at the paths of a rule, and nowhere else',
    ['test', ...person, '-o', 'json'],
    {
      input: JSON.stringify({ note: mail, more: mail }),
      stdout: /\\"note\\":\\"\[REDACTED:EMAIL_ADDRESS\]\\",\\"more\\":\\"canary-person@/,
    },
  ],
  [
    'a body that is not what it says it is',
    ['test', 'broken.json', '--media-type', 'application/json'],
    { code: 1, stderr: /^! It would be withheld: .*\n✕ Bodies that would be withheld: 1\.\n/ },
  ],
  [
    'a body of which nobody can say what it is',
    ['test', 'letter.txt', '--media-type', 'application/x\u202e', '-o', 'jsonl'],
    {
      code: 1,
      stdout: /"masked":"","withheld":"application\/x\\u202e cannot be masked/,
      stderr: /withheld: 1/,
    },
  ],
  [
    'offsets are UTF-16 code units',
    jsonl,
    {
      input: lines({ id: '1', text: `😀 ${mail}, é` }, { id: 2, text: `${mail} 😀 ${mail}` }),
      stdout: lines(
        {
          id: '1',
          findings: [{ type: inMail.type, start: 3, end: 29, confidence: 95, rule: inMail.rule }],
          masked: '😀 [REDACTED:EMAIL_ADDRESS], é',
        },
        {
          id: 2,
          findings: [
            { type: inMail.type, start: 0, end: 26, confidence: 95, rule: inMail.rule },
            { type: inMail.type, start: 30, end: 56, confidence: 95, rule: inMail.rule },
          ],
          masked: '[REDACTED:EMAIL_ADDRESS] 😀 [REDACTED:EMAIL_ADDRESS]',
        },
      ),
    },
  ],
  [
    'blank lines, other members and other ends of lines are let be',
    jsonl,
    { input: '\n \r\n{"text":"x","more":1}\r\n', stdout: '{"findings":[],"masked":"x"}\n' },
  ],
  [
    'a line that would be withheld says so',
    [...jsonl, '--media-type', 'application/json'],
    {
      code: 1,
      input: lines({ id: 1, text: '{' }, { id: 2, text: '{}' }),
      stdout: /"findings":\[\],"masked":"","withheld":".*\n.*"masked":"\{\}"\}\n$/,
      stderr: /^✕ Bodies that would be withheld: 1\./,
    },
  ],
  [
    'lines by the rules of a function',
    [...jsonl, ...byRules],
    { input: lines({ id: 1, text: card }), stdout: /"masked":"453957\*{6}1486"\}\n$/ },
  ],
  [
    'half a character, as JSON can write it',
    jsonl,
    { input: `{"text":"\\ud83d ${mail}"}`, stdout: /"start":2,"end":28/ },
  ],
  [
    'what is no JSON',
    jsonl,
    {
      code: 2,
      input: '{"id":1,"text":"x"}\n{\u001b[2J\n{"id":3,"text":"y"}\n',
      stdout: /^.*"x"\}\n.*"y"\}\n$/,
      stderr: /^! -:2 is no line of JSON with a text\.\n✕ Lines that could not be tried: 1\.\n/,
    },
  ],
  ...['null', '[]', '{"id":1}', '{"id":1,"text":2}', '"text"'].map(
    (line) =>
      [`${line} is no text`, jsonl, { code: 2, input: line, stderr: /^! -:1 is no/ }] as const,
  ),
  [
    'what is no UTF-8',
    ['test'],
    {
      input: Buffer.concat([Buffer.of(0xff, 0xfe, 0x20), Buffer.from(mail)]),
      stdout: /\n\ufffd\ufffd \[REDACTED:EMAIL_ADDRESS\]\n$/,
      stderr: /^! - is not UTF-8 throughout/,
    },
  ],
  [
    'controls do not reach the terminal',
    ['test'],
    { input: '\u001b[2J\u202e\u0007', stdout: '\\u{1b}[2J\\u{202e}\\u{7}\n', stderr: /nothing/ },
  ],
  [
    'nor in JSON',
    ['test', '-o', 'json'],
    { input: '\u001b[2J\u202e', stdout: /"masked": "\\u001b\[2J\\u202e"/ },
  ],
  [
    'nor in lines, which hold the same text',
    jsonl,
    {
      input: '{"id":"\\u001b\u202e","text":"\u202e"}',
      stdout: '{"id":"\\u001b\\u202e","findings":[],"masked":"\\u202e"}\n',
    },
  ],
  [
    'nor from the name of a file',
    ['test', 'painted\u001b[2J'],
    { stdout: 'nothing\n', stderr: /^painted\\u\{1b\}\[2J: nothing is found\.\n$/ },
  ],
  ['a file there is not', ['test', 'none.txt'], { code: 2, stderr: /none\.txt cannot be read/ }],
  ['a folder', ['test', '.'], { code: 2, stderr: /cannot be read/ }],
  ['a form there is not', ['test', '--format', 'xml'], { code: 2, stderr: /`text` or `jsonl`/ }],
  ['rules of no function', ['test', '--rulebook', 'rules'], { code: 2, stderr: /--function/ }],
  ['a group and no function', ['test', '--group', 'a'], { code: 2, stderr: /--function/ }],
  ['no rulebook', ['test', '--function', 'a.b'], { code: 1, stderr: /sallyport init/ }],
  [
    'a function there is not',
    ['test', '--rulebook', 'rules', '--function', 'up.\u001b'],
    { code: 2, stderr: /no function `up\.\\u\{1b\}`/ },
  ],
  [
    'explained: declared paths first, then the rules in their order',
    ['explain', 'up.person', '--rulebook', 'rules'],
    {
      stdout: new RegExp(
        [
          '^up\\.person\nDeclared paths, first:\n  \\$\\.ssn  redact  \\(result; ssn\\)\n.*\n  cards\n',
          'partial, first 6 and last 4\n.*cashiers: keep\n  mail\n',
          'arguments \\(from record\\) and results, at \\$\\.note\n.*to nobody\n$',
        ].join('.*'),
        's',
      ),
    },
  ],
  [
    'explained: paths of arguments, and no rule but those of everything',
    ['explain', 'up.hush', '--rulebook', 'rules'],
    { stdout: /\(arguments, from record and upstream; card\)\n.*\n {2}cards\n(?:(?!mail).)*$/s },
  ],
  [
    'explained: a rule that asks a recogniser',
    ['explain', 'up.item', '--rulebook', 'rules'],
    { stdout: /\n {2}names\n.*where +results, at \$\.note\n.*asks +a recogniser, in de\n/s },
  ],
  [
    'explained: of what an upstream asks, directions are the other way round',
    ['explain', 'desk.ask', '--rulebook', 'rules'],
    {
      stdout:
        /other way round\.\n.*\n {2}cards\n.*where +what is asked \(from the caller\)\n.*shows otherwise +to nobody\n.*asked\n.*where +what is asked \(from the record\) and what the caller answers \(from the upstream\)\n/s,
    },
  ],
  [
    'explained as JSON',
    ['explain', 'up.person', '--rulebook', 'rules', '-o', 'json'],
    { stdout: /^\{\n {2}"function": "up\.person",.*"entities": \[\n *"EMAIL_ADDRESS"\n/s },
  ],
  [
    'a function there is not cannot be explained',
    ['explain', 'up.nothing', '--rulebook', 'rules'],
    { code: 2, stderr: /no function `up\.nothing`/ },
  ],
  ...['0', '1e9', 'many', '1.5'].map(
    (limit) =>
      [
        `a survey of ${limit} calls`,
        ['coverage', '--limit', limit],
        { code: 2, stderr: /from 1 to 100000/ },
      ] as const,
  ),
  ['a survey without signing in', ['coverage'], { code: 4, stderr: /sallyport login/ }],
]
for (const [name, args, expected] of tests) test(name, () => check(args, expected))

test('a survey of recorded calls: what each field carried, what nobody declared first', async (t) => {
  const house = await openHouse(t)
  await house.stop()
  writeFileSync(join(house.rulebook, 'masking.yaml'), masking)
  await house.restart()
  const env = {
    SALLYPORT_ADMIN_URL: house.adminUrl(),
    SALLYPORT_ADMIN_TOKEN: await house.idp.token({ ...root, aud: 'house-admin' }),
  }
  await check(['coverage'], { env, stderr: /^Nothing was hidden in these calls\.\n0 calls looked/ })

  const person = { ssn: '536-22-8716', note: `write to ${mail} or ${mail}`, pay: { with: card } }
  house.upstream.script = answer({ body: JSON.stringify(person) })
  for (const path of ['/up/person', '/up/person', '/up/read']) {
    assert.equal((await house.call(path)).status, 200)
  }
  const rows = [
    ['up.person', '$.note', 'EMAIL_ADDRESS', 'mail', 'redact', false, 4, 2],
    ['up.person', '$.pay.with', 'CREDIT_CARD', 'cards', 'partial', false, 2, 2],
    ['up.read', '$.pay.with', 'CREDIT_CARD', 'cards', 'partial', false, 1, 1],
    ['up.person', '$.ssn', 'declared', 'ssn', 'redact', true, 2, 2],
  ]
  const members = ['function', 'path', 'what', 'rule', 'how', 'declared', 'values', 'calls']
  const got = await run(['coverage', '-o', 'jsonl'], { env })
  assert.equal(got.code, 0, got.stderr)
  const listed = got.stdout.trim().split('\n')
  assert.deepEqual(
    listed.map((line) => members.map((member) => JSON.parse(line)[member])),
    rows,
  )
  await check(['coverage', '--function', 'up.read'], {
    env,
    stdout: /^FUNCTION[^\n]*\nup\.read +\$\.pay\.with +CREDIT_CARD +cards +partial +no +1 +1\n$/,
    stderr: /^1 calls looked at; \d+ functions had none among them\.\n$/,
  })
  await check(['coverage', '--limit', '1', '-o', 'json'], {
    env,
    stdout: /"up\.read".*"calls": 1/s,
  })
  for (const value of [card, mail, person.ssn]) assert.ok(!got.stdout.includes(value))
})
