import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cosign } from './cosignature.ts'
import { EvidenceError, type EvidenceErrorCode } from './error.ts'
import { formatVerifierKey, newSigner, type VerifierKey } from './key.ts'
import { parseNote, signNote, verifyNote } from './note.ts'

/** The examples of c2sp.org/signed-note. */
const exampleKey = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'
const exampleNote = `This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
`
const poem = `Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
`

const log = await newSigner('log.example/one')
const other = await newSigner('log.example/one')
const witness = await newSigner('witness.example/w', 0x04)
const checkpoint = `log.example/one\n1\n${'A'.repeat(43)}=\n`
const signed = await signNote(checkpoint, [log, other])
const cosigned = signed + (await cosign(signed, witness, 1_700_000_000))

/** `expected`: the names and times of those who signed, or the code of the error. */
async function check(
  text: string,
  keys: readonly (string | VerifierKey)[],
  expected: EvidenceErrorCode | readonly string[],
): Promise<void> {
  if (typeof expected === 'string') {
    await assert.rejects(
      verifyNote(text, keys),
      (error) => error instanceof EvidenceError && error.code === expected,
    )
    return
  }
  const { signedBy } = await verifyNote(text, keys)
  assert.deepEqual(
    signedBy.map(({ name, id, time }) => `${name} ${id} ${time ?? ''}`),
    expected,
  )
}

const by = ({ name, id }: VerifierKey, time = '') => `${name} ${id} ${time}`
const [blank = 0, lines = ''] = [exampleNote.indexOf('\n\n'), exampleNote.split('\n\n')[1]]
const line = lines.slice(0, -1)
/** The same name and id, another public key. */
const impostor: VerifierKey = { ...log, publicKey: other.publicKey }
const unknown = '— someone.example/else AAAAAAE=\n'

const rows: readonly (readonly [
  string,
  string,
  readonly (string | VerifierKey)[],
  EvidenceErrorCode | readonly string[],
])[] = [
  ['the example', exampleNote, [exampleKey], ['example.com/foo 1393397818 ']],
  ['without keys', exampleNote, [], 'signature-missing'],
  ['another text', `!${exampleNote}`, [exampleKey], 'signature-invalid'],
  ['two keys of one name', signed, [other, log], [by(log), by(other)]],
  ['one of two', signed, [formatVerifierKey(other)], [by(other)]],
  ['a key given twice', signed, [log, formatVerifierKey(log)], [by(log)]],
  ['keys that share an id', signed, [log, impostor], 'key-malformed'],
  ['a known key signed otherwise', signed, [other, impostor], 'signature-invalid'],
  ['a cosignature', cosigned, [witness], [by(witness, '1700000000')]],
  ['log and witness', cosigned, [witness, log], [by(log), by(witness, '1700000000')]],
  ['a witness as a log', cosigned, [{ ...witness, type: 0x01 }], 'signature-invalid'],
  ['a log as a witness', cosigned, [{ ...log, type: 0x04 }], 'signature-invalid'],
  ['a name in part', signed, [{ ...log, name: 'log.example/on' }], 'signature-missing'],
  ['another id', signed, [{ ...log, id: log.id ^ 1 }], 'signature-missing'],
  ['an unknown signature', exampleNote + unknown, [exampleKey], ['example.com/foo 1393397818 ']],
  [
    'an unknown signature twice, and two by one unknown key',
    `${exampleNote}${unknown}${unknown}— someone.example/else AAAAAAI=\n`,
    [exampleKey],
    ['example.com/foo 1393397818 '],
  ],
  [
    'a short signature of a known key',
    `${exampleNote.slice(0, blank)}\n\n— example.com/foo Uw2QOgE=\n`,
    [exampleKey],
    'signature-invalid',
  ],
  ['a malformed key', exampleNote, [`${exampleKey}=`], 'key-malformed'],
]
for (const [name, text, keys, expected] of rows) test(name, () => check(text, keys, expected))

test('a text with empty lines', () => {
  const { text, signatures } = parseNote(poem)
  assert.equal(text.split('\n').length, 5)
  assert.deepEqual(
    signatures.map(({ name, id, signature }) => [name, id, signature.length]),
    [['quasimodo.example/salvatore', 0x367ba04b, 64]],
  )
})

const notes: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['no signatures', 'text\n'],
  ['an empty signature block', 'text\n\n'],
  ['no blank line', `text\n${lines}`],
  ['no final newline', exampleNote.slice(0, -1)],
  ['two final newlines', `${exampleNote}\n`],
  ['carriage returns', exampleNote.replaceAll('\n', '\r\n')],
  ['a tab', `\t${exampleNote}`],
  ['a NUL', `\0${exampleNote}`],
  ['an escape', `\u001b[2J${exampleNote}`],
  ['a lone surrogate', `\ud800${exampleNote}`],
  ['a trailing space', exampleNote.replace(/\n$/, ' \n')],
  ['two spaces', exampleNote.replace('foo ', 'foo  ')],
  ['a hyphen for the dash', exampleNote.replace('—', '-')],
  ['no space after the dash', exampleNote.replace('— ', '—')],
  ['no name', exampleNote.replace('example.com/foo', '')],
  ['a plus in the name', exampleNote.replace('com/foo', 'com+foo')],
  ['a no-break space in the name', exampleNote.replace('com/foo', 'com\u00a0foo')],
  ['a next line in the name', exampleNote.replace('com/foo', 'com\u0085foo')],
  ['an ideographic space in the name', exampleNote.replace('com/foo', 'com\u3000foo')],
  ['no base64', exampleNote.replace(/ Uw.*/, '')],
  ['unpadded base64', exampleNote.replace('aQM=', 'aQM')],
  ['stray bits', exampleNote.replace('aQM=', 'aQN=')],
  ['URL base64', exampleNote.replace('1yJGh2', '1yJ-_2')],
  ['more padding', exampleNote.replace('aQM=', 'aQM==')],
  ['an id alone', exampleNote.replace(/ Uw.*/, ' Uw2QOg==')],
  ['the same line twice', `${exampleNote}${line}\n`],
  ['one key twice', `${exampleNote}— example.com/foo Uw2QOgE=\n`],
  [
    '101 signatures',
    `t\n\n${Array.from({ length: 101 }, (_, n) => `— k${n} AAAAAAE=\n`).join('')}`,
  ],
]
for (const [name, text] of notes) {
  test(`refuses ${name}`, () => check(text, [exampleKey], 'note-malformed'))
}

test('100 signatures are read', () => {
  const many = Array.from({ length: 100 }, (_, n) => `— k${n} AAAAAAE=\n`).join('')
  assert.equal(parseNote(`t\n\n${many}`).signatures.length, 100)
})

const noteText = fc
  .string({ unit: fc.oneof(fc.constant('\n'), fc.string({ unit: 'grapheme', maxLength: 3 })) })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what a note may not have.
  .map((text) => `${text.replaceAll(/[\u0000-\u0009\u000b-\u001f]/g, '')}\n`)
test('whatever is signed is read back, and not with another bit', async () => {
  const bit = fc.nat()
  await fc.assert(
    fc.asyncProperty(noteText, bit, async (text, n) => {
      const note = await signNote(text, log)
      assert.equal(parseNote(note).text, text)
      await check(note, [log], [by(log)])
      const bytes = Buffer.from(note)
      const at = n % (bytes.length * 8)
      bytes[at >> 3] = (bytes[at >> 3] ?? 0) ^ (1 << (at & 7))
      await assert.rejects(verifyNote(bytes.toString(), [log]), EvidenceError)
    }),
    { numRuns: 200 },
  )
})

for (const [name, text] of [
  ['no final newline', 'text'],
  ['a carriage return', 'text\r\n'],
  ['a lone surrogate', '\udc00\n'],
] as const) {
  test(`does not sign ${name}`, async () => {
    await assert.rejects(signNote(text, log), { code: 'note-malformed' })
  })
}
test('a cosigner signs no plain note', async () => {
  await assert.rejects(signNote('text\n', witness), { code: 'key-unsupported' })
})
test('a note by nobody is none', async () => {
  await assert.rejects(signNote('text\n', []), { code: 'note-malformed' })
})
