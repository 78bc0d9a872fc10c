import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  consistencyProof,
  formatCheckpoint,
  formatVerifierKey,
  leafHash,
  newSigner,
  parseCheckpoint,
  parseNote,
  rootFromLeafHashes,
  type Signer,
  signNote,
  verifyNote,
} from '@sallyport/evidence'
import { addCheckpoint } from './small-log.ts'
import { initWitness, startWitness, type WitnessProcess } from './witness-process.ts'

/** `WITNESS_KILLS=1000 node --test …` for the long form. */
const kills = Number(process.env.WITNESS_KILLS ?? 5)
const clients = 4
const origin = 'log.example/killed'

/** One history: its leaves' hashes, and the checkpoint over them. */
type History = { readonly leaves: readonly Uint8Array[]; readonly note: string }

/** A log that lies all the time: whoever asks for it gets another next leaf. */
type Liar = {
  readonly signer: Signer
  readonly logKey: string
  readonly witnessKey: string
  /** By the checkpoint's text. */
  readonly proposed: Map<string, History>
  readonly answered: { readonly text: string; readonly line: string }[]
}

/** Whatever moment the witness is killed at: one history, and no head it answered for is forgotten. */
test('a witness killed at any moment cosigns one history', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'witness-kill-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const home = join(folder, 'w')
  const witnessKey = initWitness(home, 'witness.example/killed')
  const signer = await newSigner(origin)
  const logKey = formatVerifierKey(signer)
  const liar: Liar = { signer, logKey, witnessKey, proposed: new Map(), answered: [] }
  const { proposed, answered } = liar
  const args = ['--home', home, '--listen', '127.0.0.1:0', '--log', logKey]
  for (let kill = 0; kill < kills; kill++) {
    const witness = await startWitness(t, args)
    await assertKept(liar, await latest(liar, witness.url))
    const enough = answered.length + Math.floor(Math.random() * 30)
    let cut = false
    const cutOff = Array.from({ length: clients }, () =>
      client(liar, witness.url).catch((reason: unknown) => {
        cut = true
        return reason
      }),
    )
    await killWhen(witness, () => cut || answered.length >= enough)
    for (const reason of await Promise.all(cutOff)) {
      // What else goes wrong than the connection is a finding.
      if (!(reason instanceof TypeError)) throw reason
    }
  }
  const last = await startWitness(t, args)
  await assertKept(liar, await latest(liar, last.url))
  last.kill('SIGTERM')
  assert.equal(await last.exited, 0)
  assert.ok(answered.length > 0, 'nothing was cosigned')
  t.diagnostic(`${kills} kills, ${proposed.size} heads proposed, ${answered.length} cosigned`)
})

/** Asks for a next head of its own, again and again, until the connection breaks. */
async function client(liar: Liar, url: string): Promise<never> {
  for (;;) {
    const before = await latest(liar, url)
    const next = await propose(liar, before)
    const [from, to] = [BigInt(before.length), BigInt(next.leaves.length)]
    const proof = from === 0n ? [] : await consistencyProof(from, to, nodeOf(next.leaves))
    const body = addCheckpoint(before.length, proof, next.note)
    const response = await fetch(`${url}/add-checkpoint`, { method: 'POST', body })
    const line = await response.text()
    assert.ok(response.status === 200 || response.status === 409, `${response.status} ${line}`)
    if (response.status === 200) liar.answered.push({ text: parseNote(next.note).text, line })
  }
}

/** The leaves under the head the witness shows. */
async function latest(liar: Liar, url: string): Promise<readonly Uint8Array[]> {
  const hash = createHash('sha256').update(origin).digest('hex')
  const response = await fetch(`${url}/${hash}/checkpoint`)
  const note = await response.text()
  if (response.status === 404) return []
  assert.equal((await verifyNote(note, [liar.logKey, liar.witnessKey])).signedBy.length, 2)
  const history = liar.proposed.get(parseNote(note).text)
  assert.ok(history, 'it shows what nobody proposed')
  return history.leaves
}

async function propose(liar: Liar, before: readonly Uint8Array[]): Promise<History> {
  const added = 1 + Math.floor(Math.random() * 3)
  const leaves = [...before, ...Array.from({ length: added }, () => leafHash(randomBytes(16)))]
  const root = rootFromLeafHashes(leaves)
  const text = formatCheckpoint({ origin, size: BigInt(leaves.length), root })
  const history = { leaves, note: await signNote(text, liar.signer) }
  liar.proposed.set(text, history)
  return history
}

/** What is kept now continues everything that was ever answered for, one head per size. */
async function assertKept(liar: Liar, now: readonly Uint8Array[]): Promise<void> {
  const textBySize = new Map<bigint, string>()
  for (const { text, line } of liar.answered) {
    await verifyNote(`${text}\n${line}`, [liar.witnessKey])
    const { size, root } = parseCheckpoint(text)
    assert.equal(textBySize.get(size) ?? text, text, 'two heads of one size are cosigned')
    textBySize.set(size, text)
    assert.ok(now.length >= Number(size), 'a head it answered for is forgotten')
    const prefix = rootFromLeafHashes(now.slice(0, Number(size)))
    assert.ok(Buffer.from(prefix).equals(root), 'two histories are cosigned')
  }
}

const nodeOf = (leaves: readonly Uint8Array[]) => (level: number, index: bigint) => {
  const start = Number(index) << level
  return rootFromLeafHashes(leaves.slice(start, start + (1 << level)))
}

/** The connections break in the middle of the next requests. */
async function killWhen(witness: WitnessProcess, holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1))
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 5))
  witness.kill('SIGKILL')
  await witness.exited
}
