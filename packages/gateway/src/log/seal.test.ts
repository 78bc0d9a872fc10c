import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { saltBytes, seal, unseal, unwrap, wrap } from './seal.ts'
import { commitStream } from './stream-commitment.ts'

const kek = new Uint8Array(32).fill(5)
const binding = { call: 'call-1', role: 'args' }
const bytes = Buffer.from('{"card":"4111111111111111"}')

test('what was kept comes back, and is bound to its commitment', () => {
  const payload = fc.uint8Array({ maxLength: 5000 })
  fc.assert(
    fc.property(payload, (value) => {
      const { commitment, secret, box } = seal(value, binding, true)
      assert.ok(box)
      const clear = unseal({ commitment, secret, box }, binding)
      assert.deepEqual(new Uint8Array(clear.subarray(saltBytes)), value)
      const shown = createHmac('sha256', clear.subarray(0, saltBytes)).update(value).digest()
      assert.deepEqual(shown, commitment)
    }),
    { numRuns: 50 },
  )
})

test('what is only committed to can be shown with its salt', () => {
  const { commitment, secret, box } = seal(bytes, binding, false)
  assert.equal(box, undefined)
  assert.deepEqual(createHmac('sha256', secret).update(bytes).digest(), commitment)
})

test('a commitment is HMAC-SHA-256 whatever the length', () => {
  for (const length of [0, 1, 63, 64, 65, 65_535, 65_536, 65_537, 200_000]) {
    const value = Buffer.alloc(length, 0x5a)
    const { commitment, secret } = seal(value, binding, false)
    assert.deepEqual(createHmac('sha256', secret).update(value).digest(), commitment, `${length}`)
  }
})

test('no two commitments or boxes of the same bytes are alike', () => {
  const seals = Array.from({ length: 3000 }, () => seal(bytes, binding, true))
  for (const part of ['commitment', 'secret', 'box'] as const) {
    const seen = new Set(seals.map((one) => Buffer.from(one[part] ?? []).toString('hex')))
    assert.equal(seen.size, seals.length, part)
  }
})

const { commitment, secret, box } = seal(bytes, binding, true)
const sealed = { commitment, secret, box: box ?? assert.fail() }
const flip = (value: Uint8Array, at: number) => {
  const changed = Buffer.from(value)
  changed[at] = (changed[at] ?? 0) ^ 1
  return changed
}
const tampered: readonly (readonly [string, typeof sealed, typeof binding])[] = [
  ['another call', sealed, { ...binding, call: 'call-2' }],
  ['another role', sealed, { ...binding, role: 'result' }],
  ['a changed byte', { ...sealed, box: flip(sealed.box, 40) }, binding],
  ['a changed salt', { ...sealed, box: flip(sealed.box, 0) }, binding],
  ['a changed tag', { ...sealed, box: flip(sealed.box, sealed.box.length - 1) }, binding],
  ['another commitment', { ...sealed, commitment: flip(commitment, 0) }, binding],
  ['another key', { ...sealed, secret: flip(secret, 31) }, binding],
  ['a box cut short', { ...sealed, box: sealed.box.subarray(0, 20) }, binding],
]
for (const [name, payload, to] of tampered) {
  test(`does not open: ${name}`, () => assert.throws(() => unseal(payload, to)))
}

test('secrets wrapped together come back one by one, with this key only', () => {
  const secrets = Array.from({ length: 300 }, (_, n) => new Uint8Array(saltBytes).fill(n))
  const { nonce, secrets: wrapped } = wrap(kek, secrets)
  for (const [position, one] of secrets.entries()) {
    const part = wrapped.subarray(position * saltBytes, (position + 1) * saltBytes)
    assert.deepEqual(new Uint8Array(unwrap(kek, { nonce, secret: part, position })), one)
    const other = unwrap(new Uint8Array(32), { nonce, secret: part, position })
    assert.notDeepEqual(new Uint8Array(other), one)
  }
})

test('a nonce at the end of its range goes on from zero, as the cipher does', () => {
  const nonce = Buffer.alloc(16, 255)
  const zeros = new Uint8Array(32)
  const first = unwrap(kek, { nonce, secret: zeros, position: 1 })
  const same = unwrap(kek, {
    nonce: Buffer.from(`${'0'.repeat(31)}1`, 'hex'),
    secret: zeros,
    position: 0,
  })
  assert.deepEqual(first, same)
})

test('a stream is committed to at any point as HMAC-SHA-256 of all so far', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array(), { maxLength: 8 }), (chunks) => {
      const stream = commitStream()
      const { salt } = stream.soFar()
      let passed = Buffer.alloc(0)
      for (const chunk of chunks) {
        stream.update(chunk)
        passed = Buffer.concat([passed, chunk])
        const expected = createHmac('sha256', salt).update(passed).digest()
        assert.deepEqual(stream.soFar(), { salt, hmac: expected, bytes: passed.length })
      }
    }),
  )
})
