import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatCheckpoint } from './checkpoint.ts'
import { cosign } from './cosignature.ts'
import { EvidenceError, type EvidenceErrorCode } from './error.ts'
import { emptyRoot } from './hash.ts'
import { formatVerifierKey, newSigner, type Signer } from './key.ts'
import { signNote } from './note.ts'
import { checkTrust, parseTrust } from './trust.ts'

const origin = 'log.example/one'
const log = await newSigner(origin)
const next = await newSigner(origin)
const stranger = await newSigner('log.example/two')
const names = ['X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3'] as const
const witnesses = new Map<string, Signer>()
for (const name of names) witnesses.set(name, await newSigner(`${name}.example/w`, 0x04))
const body = formatCheckpoint({ origin, size: 0n, root: emptyRoot })
const note = await signNote(body, log)
const v = (signer: Signer | undefined) => (signer ? formatVerifierKey(signer) : '')

/** The example of c2sp.org/tlog-policy, with keys. */
const example = `log ${v(log)}

witness X1 ${v(witnesses.get('X1'))}
witness X2 ${v(witnesses.get('X2'))}
witness X3 ${v(witnesses.get('X3'))}
group X-witnesses 2 X1 X2 X3

witness Y1 ${v(witnesses.get('Y1'))}
witness Y2 ${v(witnesses.get('Y2'))}
witness Y3 ${v(witnesses.get('Y3'))}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
`
const plain = `log ${v(log)}\nquorum none\n`

async function cosignedBy(...cosigners: readonly (typeof names)[number][]): Promise<string> {
  let whole = note
  for (const [at, name] of cosigners.entries()) {
    whole += await cosign(note, witnesses.get(name) as Signer, 1_700_000_000 + at)
  }
  return whole
}

/** `expected`: witnesses and their times, or the code of the error. */
async function check(
  text: string,
  checkpoint: string,
  expected: EvidenceErrorCode | readonly string[],
): Promise<void> {
  const run = async () => checkTrust(checkpoint, parseTrust(text))
  if (typeof expected === 'string') {
    await assert.rejects(run, (error) => error instanceof EvidenceError && error.code === expected)
    return
  }
  const trusted = await run()
  assert.equal(trusted.checkpoint.origin, origin)
  assert.deepEqual(
    trusted.witnesses.map(({ name, time }) => `${name} ${time}`),
    expected,
  )
}

const sameNameForged =
  note +
  (await cosign(
    await signNote(body.replace('\n0\n', '\n1\n'), log),
    witnesses.get('X1') as Signer,
    1,
  ))
const quorum = (name: string) => example.replace('quorum X-and-Y', `quorum ${name}`)
const rows: readonly (readonly [string, string, string, EvidenceErrorCode | readonly string[]])[] =
  [
    ['no witness asked for', plain, note, []],
    [
      'a quorum',
      example,
      await cosignedBy('X1', 'X3', 'Y2'),
      ['X1 1700000000', 'X3 1700000001', 'Y2 1700000002'],
    ],
    ['too few of one group', example, await cosignedBy('X1', 'Y2', 'Y1', 'Y3'), 'trust-unmet'],
    ['none of the other', example, await cosignedBy('X1', 'X2', 'X3'), 'trust-unmet'],
    ['nobody', example, note, 'trust-unmet'],
    ['one witness', quorum('X2'), await cosignedBy('X2'), ['X2 1700000000']],
    ['another witness', quorum('X2'), await cosignedBy('X1'), 'trust-unmet'],
    ['one group', quorum('Y-witnesses'), await cosignedBy('Y3'), ['Y3 1700000000']],
    ['more than asked for', quorum('none'), await cosignedBy('Y3'), ['Y3 1700000000']],
    ['a cosignature of another size', quorum('none'), sameNameForged, 'signature-invalid'],
    ['the same, unasked', plain, sameNameForged, []],
    ['an old and a new key', `log ${v(next)}\n${plain}`, await signNote(body, [log, next]), []],
    ['the new key alone', `log ${v(next)}\n${plain}`, await signNote(body, next), []],
    ['a key that is not trusted', plain, await signNote(body, next), 'trust-unmet'],
    [
      'another log',
      `log ${v(stranger)}\nquorum none\n`,
      await signNote(body, stranger),
      'trust-unmet',
    ],
    ['no log', 'quorum none\n', note, 'trust-unmet'],
    ['a text alone', plain, body, 'note-malformed'],
    ['no checkpoint', plain, await signNote('hello\n', log), 'checkpoint-malformed'],
  ]
for (const [name, text, checkpoint, expected] of rows) {
  test(name, () => check(text, checkpoint, expected))
}

test('keys of two logs of one name are told apart, and the cure is named', async () => {
  const [signed, trusted] = [log, next].map((key) => v(key).split('+', 2).join('+'))
  await assert.rejects(checkTrust(note, parseTrust(`log ${v(next)}\nquorum none\n`)), {
    message:
      `no log of the trust file signed the checkpoint: it is signed by ${signed}, and trusted are ` +
      `${trusted}; get the trust file of that log (sallyport evidence trust)`,
  })
  const long = `log ${v(await newSigner('x'.repeat(9999)))}\nquorum none\n`
  await assert.rejects(checkTrust(note, parseTrust(long)), ({ message }) => message.length < 400)
})

const w1 = v(witnesses.get('X1'))
const w2 = v(witnesses.get('X2'))
const sameKey = formatVerifierKey({ ...log, name: 'log.example/renamed' })
const sameWitness = formatVerifierKey({ ...(witnesses.get('X1') as Signer), name: 'renamed' })
const accepted: readonly (readonly [string, string])[] = [
  ['comments and white space', `# all of it\n  #\t\n\n \t\n\tlog \t ${v(log)}  \nquorum\tnone\t\n`],
  ['URLs', `log ${v(log)} https://log.example/\nwitness w ${w1} https://w.example\nquorum none\n`],
  ['the quorum first', `quorum none\nlog ${v(log)}\n`],
  [
    'names that are not ASCII',
    `log ${v(log)}\nwitness \u212a ${w1}\nwitness K ${w2}\nquorum none\n`,
  ],
  ['a group of one', `log ${v(log)}\nwitness a ${w1}\ngroup g 1 a\nquorum none\n`],
]
for (const [name, text] of accepted) test(`accepts ${name}`, () => check(text, note, []))

const refused: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['no quorum', `log ${v(log)}\n`],
  ['two quorums', 'quorum none\nquorum none\n'],
  ['a quorum of two', `witness a ${w1}\nwitness b ${w2}\nquorum a b\n`],
  ['a quorum without a name', 'quorum\n'],
  ['an undefined quorum', 'quorum a\n'],
  ['a quorum defined later', `quorum a\nwitness a ${w1}\n`],
  ['no final newline', 'quorum none'],
  ['carriage returns', 'quorum none\r\n'],
  ['a form feed', 'quorum none\f\n'],
  ['a NUL', 'quorum none\0\n'],
  ['a DEL', 'quorum none\u007f\n'],
  ['a lone surrogate', '# \ud800\nquorum none\n'],
  ['a no-break space between', 'quorum\u00a0none\n'],
  ['an unknown word', 'quorum none\nlogs\n'],
  ['a word in capitals', 'Quorum none\n'],
  ['a comment after', 'quorum none # because\n'],
  ['a log without key', 'log\nquorum none\n'],
  ['a log with three items', `log ${v(log)} https://a b\nquorum none\n`],
  ['a broken key', `log ${v(log)}=\nquorum none\n`],
  ['a log with the key of a witness', `log ${w1}\nquorum none\n`],
  ['a witness with the key of a log', `witness a ${v(log)}\nquorum none\n`],
  ['a witness without key', 'witness a\nquorum none\n'],
  ['a log twice', `log ${v(log)}\nlog ${v(log)}\nquorum none\n`],
  ['a log twice under two names', `log ${v(log)}\nlog ${sameKey}\nquorum none\n`],
  ['a witness twice', `witness a ${w1}\nwitness b ${sameWitness}\nquorum none\n`],
  ['a name twice', `witness a ${w1}\nwitness a ${w2}\nquorum none\n`],
  ['a group named like a witness', `witness a ${w1}\ngroup a any a\nquorum none\n`],
  ['a witness named none', `witness none ${w1}\nquorum none\n`],
  ['a group named none', `witness a ${w1}\ngroup none any a\nquorum none\n`],
  ['a member none', `witness a ${w1}\ngroup g any a none\nquorum none\n`],
  ['an empty group', 'group g any\nquorum none\n'],
  ['a group of itself', 'group g any g\nquorum none\n'],
  ['an unknown member', `witness a ${w1}\ngroup g any a b\nquorum none\n`],
  ['a member defined later', `group g any a\nwitness a ${w1}\nquorum none\n`],
  ['a member twice', `witness a ${w1}\ngroup g any a a\nquorum none\n`],
  ['a member of two groups', `witness a ${w1}\ngroup g any a\ngroup h any a\nquorum none\n`],
  ...['0', '2', '01', '+1', '-1', '1.0', '1e0', 'some', 'ALL', '9'.repeat(99)].map(
    (k) => [`${k.slice(0, 5)} of one`, `witness a ${w1}\ngroup g ${k} a\nquorum none\n`] as const,
  ),
]
for (const [name, text] of refused)
  test(`refuses ${name}`, () => check(text, note, 'trust-malformed'))

const octets = (...parts: readonly (string | number)[]) =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))),
  )

test('bytes from 0x80 on are fine in comments, and UTF-8 elsewhere', async () => {
  const bytes = octets(
    '# caf',
    0xe9,
    '\n \t#',
    0xff,
    0x80,
    `\nlog ${v(log)} https://é.example\nquorum none\n`,
  )
  const { checkpoint } = await checkTrust(note, parseTrust(bytes))
  assert.equal(checkpoint.origin, origin)
  assert.deepEqual(parseTrust(octets(example)), parseTrust(example))
})

const lines: readonly (readonly [string, Parameters<typeof parseTrust>[0], RegExp])[] = [
  ['a carriage return', '# a\nquorum none\r\n', /line 2: ends in a carriage return/],
  ['the same of bytes', octets('# a\nquorum none\r\n'), /line 2: ends in a carriage return/],
  ['a NUL in a comment', octets('\n\n# ', 0, '\nquorum none\n'), /line 3: has a control character/],
  [
    'a name that is no UTF-8',
    octets('witness ', 0xe9, ` ${w1}\nquorum none\n`),
    /line 1: is no UTF-8/,
  ],
  ['a lone surrogate', 'quorum none\n# \ud800\n', /line 2: is no UTF-8/],
  ['a cut', octets('# a\nquorum none'), /line 2: does not end/],
  ['nothing', octets(), /line 1: does not end|none says quorum/],
]
for (const [name, file, expected] of lines) {
  test(`the line is named: ${name}`, () => assert.throws(() => parseTrust(file), expected))
}

test('the error names the line and not its content', () => {
  assert.throws(
    () => parseTrust('# secret\nquorum none\nlog secret\n'),
    ({ message }: Error) => message.includes('line 3') && !message.includes('secret'),
  )
})
