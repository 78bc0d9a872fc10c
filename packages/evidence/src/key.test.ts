import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { EvidenceError, type EvidenceErrorCode } from './error.ts'
import {
  formatSigner,
  formatVerifierKey,
  newSigner,
  parseSigner,
  parseVerifierKey,
  signBytes,
  verifyBytes,
} from './key.ts'

/** The key of c2sp.org/signed-note's example. */
const vkey = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'
const signer = await newSigner('log.example/one')
const skey = await formatSigner(signer)

async function check(text: string, expected: true | EvidenceErrorCode): Promise<void> {
  const isPrivate = text.startsWith('PRIVATE')
  const again = async () =>
    isPrivate ? formatSigner(await parseSigner(text)) : formatVerifierKey(parseVerifierKey(text))
  if (expected === true) assert.equal(await again(), text)
  else {
    await assert.rejects(
      again,
      (error) =>
        error instanceof EvidenceError &&
        error.code === expected &&
        (text === '' || !error.message.includes(text)),
    )
  }
}

const cosigner = await newSigner('w.example', 0x04)
const rows: readonly (readonly [string, string, true | EvidenceErrorCode])[] = [
  ['the example', vkey, true],
  ['our key', formatVerifierKey(signer), true],
  ['our cosigner', formatVerifierKey(cosigner), true],
  ['our private key', skey, true],
  ['our private cosigner', await formatSigner(cosigner), true],
  ['nothing', '', 'key-malformed'],
  ['an empty name', vkey.replace('example.com/foo', ''), 'key-malformed'],
  ['a space in the name', vkey.replace('/foo', '/ foo'), 'key-malformed'],
  ['a control character in the name', vkey.replace('/foo', '/\u0001foo'), 'key-malformed'],
  ['a lone surrogate in the name', vkey.replace('/foo', '/\ud800'), 'key-malformed'],
  ['another name', vkey.replace('/foo', '/fop'), 'key-malformed'],
  ['another id', vkey.replace('530d903a', '530d903b'), 'key-malformed'],
  ['an id in capitals', vkey.replace('530d903a', '530D903A'), 'key-malformed'],
  ['a short id', vkey.replace('530d903a', '530d903'), 'key-malformed'],
  ['no key', 'example.com/foo+530d903a', 'key-malformed'],
  ['unpadded', vkey.replace('AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k', 'AQ'), 'key-malformed'],
  ['a short key', vkey.replace('v3U2k', 'v3U='), 'key-malformed'],
  ['an ECDSA key', vkey.replace('+Ae', '+Au'), 'key-unsupported'],
  ['no type', 'example.com/foo+530d903a+', 'key-malformed'],
  ['a line after it', `${vkey}\n`, 'key-malformed'],
  ['another part', `${vkey}+${vkey}`, 'key-malformed'],
  ['a private key of another name', skey.replace('one', 'two'), 'key-malformed'],
  ['a private key cut short', skey.slice(0, -4), 'key-malformed'],
]
for (const [name, text, expected] of rows) test(name, () => check(text, expected))

test('a verifier key is no private key', async () => {
  await assert.rejects(parseSigner(vkey), { code: 'key-malformed' })
})

test('a private key read back signs the same', async () => {
  const message = Buffer.from('message')
  const again = await parseSigner(skey)
  assert.deepEqual(await signBytes(again, message), await signBytes(signer, message))
  assert.equal(await verifyBytes(again, message, await signBytes(signer, message)), true)
  assert.equal(await verifyBytes(again, message, new Uint8Array(64)), false)
  assert.equal(await verifyBytes(again, message, new Uint8Array(0)), false)
})

test('showing a signer shows no secret', () => {
  const seed = Buffer.from(skey.slice(-44), 'base64').subarray(-32)
  const shown = inspect(signer, { depth: 9, showHidden: true }) + JSON.stringify(signer)
  assert.ok(shown.includes(signer.name))
  for (const encoding of ['base64', 'base64url', 'hex'] as const) {
    assert.ok(!shown.includes(seed.toString(encoding).slice(2, 40)))
  }
  assert.ok(!shown.includes(seed.subarray(0, 8).join(',')))
})

test('bytes that are no point of the curve verify nothing', async () => {
  const key = { ...signer, publicKey: new Uint8Array(32).fill(0xff) }
  assert.equal(await verifyBytes(key, Buffer.from('message'), new Uint8Array(64)), false)
})
