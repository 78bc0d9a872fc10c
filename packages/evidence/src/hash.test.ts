import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { hmacSha256, leafHash, nodeHash, sha256 } from './hash.ts'
import { portableSha256 } from './sha256.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const bytes = fc.uint8Array({ maxLength: 300 })

function check(ours: Uint8Array, theirs: Buffer): void {
  assert.equal(ours.constructor, Uint8Array)
  assert.equal(hex(ours), theirs.toString('hex'))
}

test('SHA-256, by Node and by hand', () => {
  fc.assert(
    fc.property(bytes, fc.nat(40), (input, skip) => {
      // A view into the middle of a buffer, as leaves of a bundle are.
      const view = input.subarray(skip)
      const theirs = createHash('sha256').update(view).digest()
      check(sha256(view), theirs)
      check(portableSha256(view), theirs)
    }),
    { numRuns: 1000 },
  )
})

for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 1_000_003]) {
  test(`SHA-256 of ${length} bytes by hand`, () => {
    const input = new Uint8Array(length).fill(0xa5)
    check(portableSha256(input), createHash('sha256').update(input).digest())
  })
}

test('the examples of FIPS 180', () => {
  assert.equal(
    hex(portableSha256(Buffer.from('abc'))),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
  assert.equal(
    hex(portableSha256(Buffer.from('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'))),
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  )
})

test('HMAC-SHA-256', () => {
  fc.assert(
    fc.property(bytes, bytes, (key, input) => {
      check(hmacSha256(key, input), createHmac('sha256', key).update(input).digest())
    }),
    { numRuns: 1000 },
  )
})

test('a leaf and a node have different prefixes', () => {
  const left = leafHash(Buffer.from('left'))
  const right = leafHash(Buffer.from('right'))
  const prefixed = Buffer.concat([Uint8Array.of(1), left, right])
  check(nodeHash(left, right), createHash('sha256').update(prefixed).digest())
  check(leafHash(left), createHash('sha256').update(Uint8Array.of(0)).update(left).digest())
})

for (const length of [0, 1, 65_534, 65_535, 65_536, 65_537, 0, 3]) {
  test(`a leaf of ${length} bytes`, () => {
    const input = new Uint8Array(length).fill(0xa5)
    check(leafHash(input), createHash('sha256').update(Uint8Array.of(0)).update(input).digest())
  })
}

for (const [name, value] of [
  ['a string', 'abc'],
  ['numbers', [1, 2, 3]],
  ['a buffer without a view', new ArrayBuffer(3)],
  ['nothing', undefined],
] as const) {
  test(`a leaf is no ${name}`, () => {
    // Whoever passes over the compiler is stopped all the same.
    assert.throws(() => leafHash(value as never), TypeError)
  })
}
