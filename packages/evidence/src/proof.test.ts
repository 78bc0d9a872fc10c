import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatCheckpoint } from './checkpoint.ts'
import { cosign } from './cosignature.ts'
import { EvidenceError, type EvidenceErrorCode } from './error.ts'
import { leafHash } from './hash.ts'
import { formatVerifierKey, newSigner } from './key.ts'
import { rootFromLeafHashes } from './merkle.ts'
import { signNote } from './note.ts'
import { formatProof, type Proof, parseProof, verifyProof } from './proof.ts'
import { inclusionProof } from './prove.ts'
import { parseTrust } from './trust.ts'

const entries = Array.from({ length: 9 }, (_, n) => new TextEncoder().encode(`entry ${n}`))
const hashes = entries.map(leafHash)
const log = await newSigner('log.example/one')
const witness = await newSigner('witness.example/w', 0x04)
const body = formatCheckpoint({ origin: log.name, size: 9n, root: rootFromLeafHashes(hashes) })
const note = await signNote(body, log)
const cosigned = note + (await cosign(note, witness, 1_700_000_000))
const trust = parseTrust(
  `log ${formatVerifierKey(log)}\nwitness w ${formatVerifierKey(witness)}\nquorum w\n`,
)

async function prove(n: number, part: Partial<Proof> = {}): Promise<string> {
  const proof = await inclusionProof(BigInt(n), 9n, (level, index) =>
    rootFromLeafHashes(
      hashes.slice(Number(index << BigInt(level)), Number((index + 1n) << BigInt(level))),
    ),
  )
  return formatProof({ index: BigInt(n), proof, checkpoint: cosigned, ...part })
}

/** `expected`: the entry proven, or the code of the error. */
async function check(
  text: string,
  entry: Uint8Array | undefined,
  expected: Uint8Array | undefined | EvidenceErrorCode,
): Promise<void> {
  const run = () => verifyProof(text, trust, entry === undefined ? {} : { entry })
  if (typeof expected === 'string') {
    await assert.rejects(run, (error) => error instanceof EvidenceError && error.code === expected)
    return
  }
  const verified = await run()
  assert.deepEqual(Buffer.from(verified.entry), Buffer.from(expected ?? []))
  assert.equal(verified.checkpoint.size, 9n)
}

const [four, five] = [entries[4] as Uint8Array, entries[5] as Uint8Array]
const plain = await prove(4)
const full = await prove(4, { extra: four })
const index = (text: string) => full.replace('index 4', `index ${text}`)
const [, , , firstHash = ''] = full.split('\n')

const rows: readonly (readonly [
  string,
  string,
  Uint8Array | undefined,
  Uint8Array | undefined | EvidenceErrorCode,
])[] = [
  ['the entry in extra', full, undefined, four],
  ['the entry given', plain, four, four],
  ['the entry given, whatever extra says', await prove(4, { extra: five }), four, four],
  ['another entry given, though extra fits', full, five, 'inclusion-failed'],
  ['no entry', plain, undefined, 'entry-missing'],
  ['another entry in extra', await prove(4, { extra: five }), undefined, 'inclusion-failed'],
  ['another index', index('5'), undefined, 'inclusion-failed'],
  ['an index with another path', index('8'), undefined, 'proof-length'],
  ['an index outside', index('9'), undefined, 'out-of-range'],
  ['too few witnesses', await prove(4, { checkpoint: note }), four, 'trust-unmet'],
  ['a hash less', full.replace(`${firstHash}\n`, ''), undefined, 'proof-length'],
  ['a hash more', full.replace(firstHash, `${firstHash}\n${firstHash}`), undefined, 'proof-length'],
  ['another size', full.replace('\n9\n', '\n10\n'), undefined, 'signature-invalid'],
  ['nothing', '', undefined, 'proof-malformed'],
  ['another version', full.replace('@v1', '@v2'), undefined, 'proof-malformed'],
  ['a space after the version', full.replace('@v1', '@v1 '), undefined, 'proof-malformed'],
  ['no index', full.replace('index 4\n', ''), undefined, 'proof-malformed'],
  ['index before extra', plain.replace('index 4', 'index 4\nextra AAAA'), four, 'proof-malformed'],
  ['extra twice', full.replace('extra', 'extra AAAA\nextra'), undefined, 'proof-malformed'],
  ['an empty extra', plain.replace('index', 'extra \nindex'), four, 'proof-malformed'],
  ['extra unpadded', plain.replace('index', 'extra AA\nindex'), four, 'proof-malformed'],
  ['extra with stray bits', plain.replace('index', 'extra AB==\nindex'), four, 'proof-malformed'],
  ...[
    '',
    '04',
    '+4',
    '-4',
    '4 ',
    ' 4',
    '4.0',
    '0x4',
    '\u0664',
    `${2n ** 63n}`,
    '9'.repeat(999),
  ].map((n) => [`index ${n.slice(0, 20)}|`, index(n), undefined, 'proof-malformed'] as const),
  ['a short hash', full.replace(firstHash, 'AAAA'), undefined, 'proof-malformed'],
  ['a space before a hash', full.replace(firstHash, ` ${firstHash}`), undefined, 'proof-malformed'],
  [
    'sixty-four hashes',
    full.replace(firstHash, Array.from({ length: 64 }, () => firstHash).join('\n')),
    undefined,
    'proof-malformed',
  ],
  ['no empty line', full.replace('\n\n', '\n'), undefined, 'proof-malformed'],
  ['two empty lines', full.replace('\n\n', '\n\n\n'), undefined, 'checkpoint-malformed'],
  ['carriage returns', full.replaceAll('\n', '\r\n'), undefined, 'note-malformed'],
  [
    'a text without signatures',
    full.slice(0, full.lastIndexOf('\n\n') + 1),
    undefined,
    'note-malformed',
  ],
  ['no final newline', full.slice(0, -1), undefined, 'note-malformed'],
]
for (const [name, text, entry, expected] of rows) test(name, () => check(text, entry, expected))

/** The example of c2sp.org/tlog-proof; its signatures are left out there, and its extra is cut. */
const example = `c2sp.org/tlog-proof@v1
extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=

example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

— example.com/fancylog AAAAAAE=
`
test('the example of the specification', () => {
  const { extra, index, proof } = parseProof(example)
  assert.equal(Buffer.from(extra ?? []).toString(), 'age-v1.2.1-darwin-arm64.tar.gz')
  assert.equal(index, 73894n)
  assert.equal(proof.length, 5)
  assert.equal(formatProof(parseProof(example)), example)
})

const anyProof: fc.Arbitrary<Proof> = fc.record(
  {
    extra: fc.uint8Array({ minLength: 1 }),
    index: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
    proof: fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 63 }),
    checkpoint: fc.constant(cosigned),
  },
  { noNullPrototype: true, requiredKeys: ['index', 'proof', 'checkpoint'] },
)
test('what is formatted is read back', () => {
  fc.assert(
    fc.property(anyProof, (proof) => assert.deepEqual(parseProof(formatProof(proof)), proof)),
  )
})

test('every proof of the tree, and none with a bit changed', async () => {
  for (const [n, extra] of entries.entries())
    await check(await prove(n, { extra }), undefined, extra)
  const bytes = Buffer.from(full)
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    await assert.rejects(verifyProof(flipped.toString(), trust), EvidenceError, `bit ${bit}`)
  }
})
