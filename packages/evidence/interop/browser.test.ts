import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import {
  cosign,
  formatCheckpoint,
  formatProof,
  formatVerifierKey,
  inclusionProof,
  leafHash,
  newSigner,
  rootFromLeafHashes,
  signNote,
} from '../src/evidence.ts'

// What a browser has: WebCrypto, and no process, no Buffer, no modules of Node.

const door = new URL('../src/evidence.ts', import.meta.url)

const entries = Array.from({ length: 5 }, (_, n) => new TextEncoder().encode(`entry ${n}`))
const hashes = entries.map(leafHash)
const log = await newSigner('log.example/one')
const witness = await newSigner('witness.example/w', 0x04)
const root = rootFromLeafHashes(hashes)
const note = await signNote(formatCheckpoint({ origin: log.name, size: 5n, root }), log)
const proof = formatProof({
  extra: entries[3] as Uint8Array,
  index: 3n,
  proof: await inclusionProof(3n, 5n, (level, at) =>
    rootFromLeafHashes(hashes.slice(Number(at) << level, (Number(at) + 1) << level)),
  ),
  checkpoint: note + (await cosign(note, witness, 1_700_000_000)),
})
const trust = `log ${formatVerifierKey(log)}
witness w ${formatVerifierKey(witness)}
quorum w
`

const script = `
const { parentPort, workerData } = require('node:worker_threads')
for (const name of ['process', 'Buffer', 'global', 'setImmediate']) delete globalThis[name]
import(workerData.door).then(async (door) => {
  const { proof, trust } = workerData
  const { entry, witnesses } = await door.verifyProof(proof, door.parseTrust(trust))
  parentPort.postMessage({
    node: typeof globalThis.process,
    entry: new TextDecoder().decode(entry),
    witnesses,
    hash: door.sha256(entry),
  })
}).catch((error) => parentPort.postMessage({ error: String(error.code ?? error) }))
`

async function check(text: string, expected: Readonly<Record<string, unknown>>): Promise<void> {
  const workerData = { door: door.href, proof: text, trust }
  const worker = new Worker(script, { eval: true, workerData })
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  worker.once('message', resolve).once('error', reject)
  assert.deepEqual(await promise, expected)
  await worker.terminate()
}

test('a proof is verified without Node', () =>
  check(proof, {
    node: 'undefined',
    entry: 'entry 3',
    witnesses: [{ name: 'w', time: 1_700_000_000 }],
    hash: new Uint8Array(createHash('sha256').update('entry 3').digest()),
  }))
test('and a damaged one is not', () =>
  check(proof.replace('index 3', 'index 2'), { error: 'inclusion-failed' }))

/** Every file that the door leads to, and what it imports from elsewhere. */
function outsideImports(path: string, seen = new Set<string>()): string[] {
  if (seen.has(path)) return []
  seen.add(path)
  const imports = readFileSync(path, 'utf8').matchAll(
    /^(?:import|export) (?!type )[^'"]*?from '([^']+)'|\bimport\('([^']+)'\)/gm,
  )
  return [...imports].flatMap(([, name = '', lazy = '']) => {
    const target = name || lazy
    if (target.startsWith('.')) return outsideImports(join(dirname(path), target), seen)
    // An optional peer is asked for when it is needed, and may be absent.
    return lazy !== '' && !lazy.startsWith('node:') ? [] : [`${path}: ${target}`]
  })
}

test('the door leads to no module of Node', () => {
  const seen = new Set<string>()
  assert.deepEqual(outsideImports(door.pathname, seen), [])
  assert.ok(seen.size > 10)
})
