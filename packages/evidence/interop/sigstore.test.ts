import assert from 'node:assert/strict'
import { createPublicKey, type KeyObject } from 'node:crypto'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  formatCheckpoint,
  inclusionProof,
  leafHash,
  newSigner,
  rootFromLeafHashes,
  signNote,
  verifyInclusion,
} from '../src/evidence.ts'

// Agreement with @sigstore/verify, whose Merkle functions are not among its public ones.

type TlogEntry = {
  readonly canonicalizedBody: Buffer
  readonly inclusionProof: {
    readonly logIndex: string
    readonly hashes: readonly Buffer[]
    readonly checkpoint: { readonly envelope: string }
  }
}
type Head = { readonly origin: string; readonly logSize: bigint; readonly logHash: Buffer }
type Tlog = { readonly logID: Buffer; readonly publicKey: KeyObject; readonly baseURL: string }
type Sigstore = {
  readonly verifyMerkleInclusion: (entry: TlogEntry, checkpoint: Head) => void
  readonly verifyCheckpoint: (entry: TlogEntry, tlogs: readonly Tlog[]) => Head
}

function loadSigstore(): Sigstore | undefined {
  const require = createRequire(import.meta.url)
  try {
    const folder = join(dirname(require.resolve('@sigstore/verify')), 'tlog')
    return { ...require(join(folder, 'merkle.js')), ...require(join(folder, 'checkpoint.js')) }
  } catch {
    return undefined
  }
}

const sigstore = loadSigstore()
const skip = sigstore === undefined ? '@sigstore/verify is not installed' : false
if (skip) process.stdout.write(`skipped: agreement with Sigstore: ${skip}\n`)

const entryOf = (n: number) => Buffer.from(`entry ${n}`)
const hashes = Array.from({ length: 1100 }, (_, n) => leafHash(entryOf(n)))
const log = await newSigner('log.example/one')

/** Theirs and ours accept the entry as leaf `index`, or theirs and ours refuse it. */
async function check(size: number, index: number, entry: Buffer, fits: boolean): Promise<void> {
  const root = rootFromLeafHashes(hashes.slice(0, size))
  const proof = await inclusionProof(BigInt(index), BigInt(size), (level, at) =>
    rootFromLeafHashes(
      hashes.slice(Number(at << BigInt(level)), Number((at + 1n) << BigInt(level))),
    ),
  )
  const body = formatCheckpoint({ origin: log.name, size: BigInt(size), root })
  const theirs = {
    canonicalizedBody: entry,
    inclusionProof: {
      logIndex: `${index}`,
      hashes: proof.map((hash) => Buffer.from(hash)),
      checkpoint: { envelope: await signNote(body, log) },
    },
  }
  const head = sigstore?.verifyCheckpoint(theirs, [tlog])
  assert.equal(head?.origin, log.name)
  assert.equal(head.logSize, BigInt(size))
  const claim = { leafHash: leafHash(entry), index: BigInt(index), size: BigInt(size), proof, root }
  if (fits) {
    sigstore?.verifyMerkleInclusion(theirs, head)
    assert.equal(verifyInclusion(claim), true)
  } else {
    assert.throws(() => sigstore?.verifyMerkleInclusion(theirs, head))
    assert.throws(() => verifyInclusion(claim))
  }
}

const logID = Buffer.alloc(32)
logID.writeUInt32BE(log.id)
const x = Buffer.from(log.publicKey).toString('base64url')
const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
const tlog: Tlog = { logID, publicKey, baseURL: `https://${log.name}` }

test('Sigstore accepts and refuses the same leaves', { skip }, async () => {
  const places = fc.tuple(fc.integer({ min: 1, max: 1100 }), fc.nat())
  await fc.assert(
    fc.asyncProperty(places, async ([size, n]) => {
      const index = n % size
      await check(size, index, entryOf(index), true)
      await check(size, index, Buffer.from('forged'), false)
    }),
    { numRuns: 100 },
  )
})

test('Sigstore refuses a changed checkpoint', { skip }, async () => {
  const body = formatCheckpoint({ origin: log.name, size: 1n, root: leafHash(entryOf(0)) })
  const envelope = (await signNote(body, log)).replace('\n1\n', '\n2\n')
  const inclusionProof = { logIndex: '0', hashes: [], checkpoint: { envelope } }
  const entry = { canonicalizedBody: entryOf(0), inclusionProof }
  assert.throws(() => sigstore?.verifyCheckpoint(entry, [tlog]))
})
