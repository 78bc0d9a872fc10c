import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { test } from 'node:test'
import { formatCheckpoint } from './checkpoint.ts'
import { cosign } from './cosignature.ts'
import type { EvidenceErrorCode } from './error.ts'
import { emptyRoot } from './hash.ts'
import { newSigner, type Signer } from './key.ts'
import { parseNote, signNote } from './note.ts'

const log = await newSigner('log.example/one')
const witness = await newSigner('witness.example/w', 0x04)
const body = formatCheckpoint({ origin: log.name, size: 0n, root: emptyRoot, extensions: ['more'] })
const note = await signNote(body, log)

async function check(
  text: string,
  signer: Signer,
  time: number,
  expected: true | EvidenceErrorCode,
): Promise<void> {
  if (expected !== true) return assert.rejects(cosign(text, signer, time), { code: expected })
  const [, line] = parseNote(text + (await cosign(text, signer, time))).signatures
  assert.ok(line)
  assert.deepEqual([line.name, line.id, line.signature.length], [signer.name, signer.id, 72])
  const bytes = Buffer.from(line.signature)
  assert.equal(bytes.readBigUInt64BE(), BigInt(time))
  // The message as the specification writes it, verified by OpenSSL.
  const x = Buffer.from(signer.publicKey).toString('base64url')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  const message = Buffer.from(`cosignature/v1\ntime ${time}\n${body}`)
  assert.equal(verify(null, message, key, bytes.subarray(8)), true)
}

const rows: readonly (readonly [string, string, Signer, number, true | EvidenceErrorCode])[] = [
  ['a checkpoint', note, witness, 1_679_315_147, true],
  ['at the beginning of time', note, witness, 0, true],
  ['at the end of time', note, witness, Number.MAX_SAFE_INTEGER, true],
  ['before time', note, witness, -1, 'out-of-range'],
  ['in parts of seconds', note, witness, 1.5, 'out-of-range'],
  ['at no time', note, witness, Number.NaN, 'out-of-range'],
  ['with the key of a log', note, log, 1, 'key-unsupported'],
  ['a text without signature', body, witness, 1, 'note-malformed'],
  [
    'a note that is no checkpoint',
    await signNote('hello\n', log),
    witness,
    1,
    'checkpoint-malformed',
  ],
]
for (const [name, text, signer, time, expected] of rows) {
  test(name, () => check(text, signer, time, expected))
}
