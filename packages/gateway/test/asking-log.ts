import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import {
  cosignatureType,
  formatVerifierKey,
  newSigner,
  parseCheckpoint,
  parseNote,
  type Signer,
} from '@sallyport/evidence'
import { trustText } from '../src/log/trust-text.ts'
import { openWitnesses, type WitnessEvent, type Witnesses } from '../src/log/witnesses.ts'
import { listen } from '../src/witness/listen.ts'
import { openWitness } from '../src/witness/witness.ts'
import { createWitnessKey, verifierKeys } from '../src/witness/witness-key.ts'
import { type SmallLog, smallLog } from './small-log.ts'

export const origin = 'log.example/asks'

/** A real witness that can be stopped and started at its address. */
export type Peer = {
  readonly name: string
  readonly key: string
  readonly url: string
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
}

export type Asked = {
  readonly log: SmallLog
  readonly witnesses: Witnesses
  readonly events: WitnessEvent[]
  /** What was published last, with the cosignatures that came. */
  readonly published: () => string
  readonly publish: (size: number, history?: string) => Promise<void>
  readonly trust: string
}

type Options = {
  readonly quorum?: 'all' | 'any' | 'none' | number
  readonly log?: SmallLog
  /** Longer than any machine is busy, but where a peer is silent. */
  readonly askMs?: number
  readonly stopMs?: number
  /** How long a witness that could not be asked is left alone. */
  readonly retryMs?: number
}

/** A log that publishes to these witnesses. */
export async function asking(
  t: TestContext,
  members: readonly Pick<Peer, 'key' | 'name' | 'url'>[],
  { quorum = 'all', log: given, askMs = 60_000, stopMs = 60_000, retryMs = 5 }: Options = {},
): Promise<Asked> {
  const log = given ?? (await smallLog(origin))
  const events: WitnessEvent[] = []
  const trust = trustText({ origin, logKeys: [log.key], witnesses: members, quorum })
  const witnesses = openWitnesses({
    members,
    trust: () => trust,
    report: (event) => events.push(event),
    logKeys: () => [log.key],
    now: Date.now,
    limits: {
      ...{ witnessAskMs: askMs, witnessRetryMs: retryMs, witnessRetryMsMax: 4 * retryMs },
      witnessStopMs: stopMs,
    },
  })
  t.after(witnesses.close)
  let published = ''
  let told = 'a'
  witnesses.start({
    contradicts: async ({ size, root }) => {
      const ours = parseCheckpoint(published).size
      if (size > ours) return true
      const { root: known } = parseCheckpoint(await log.note(Number(size), told))
      return !Buffer.from(known).equals(root)
    },
    consistency: (from, to) => log.proof(Number(from), Number(to), told),
    addSignatures: async (note) => {
      const same = parseNote(note).text === parseNote(published).text
      if (same) published = note
      return same
    },
  })
  return {
    ...{ log, witnesses, events, trust },
    published: () => published,
    publish: async (size, history = 'a') => {
      told = history
      published = await log.note(size, history)
      witnesses.onPublished(published)
    },
  }
}

export async function peer(
  t: TestContext,
  { name, logs }: { name: string; logs: string[] },
): Promise<Peer> {
  const home = await mkdtemp(join(tmpdir(), 'peer-'))
  const { current } = verifierKeys(await createWitnessKey(home, `witness.example/${name}`))
  const open: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const close of open.splice(0).reverse()) await close()
  }
  const start = async (port: number) => {
    const witness = await openWitness({ home, logs, now: Date.now, report: () => undefined })
    open.push(witness.close)
    const listener = await listen(witness, { host: '127.0.0.1', port })
    open.push(listener.close)
    return listener.url
  }
  const url = await start(0)
  t.after(async () => {
    await stop()
    await rm(home, { recursive: true })
  })
  return {
    name,
    key: current,
    url,
    stop,
    start: async () => void (await start(Number(new URL(url).port))),
  }
}

/** A peer that answers whatever it likes. */
export async function rogue(
  t: TestContext,
  answer: (signer: Signer) => RequestListener,
): Promise<Pick<Peer, 'key' | 'name' | 'url'>> {
  const signer = await newSigner('witness.example/rogue', cosignatureType)
  const server = createServer(answer(signer))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return { name: 'rogue', key: formatVerifierKey(signer), url: `http://127.0.0.1:${port}/` }
}

export async function textOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const piece of request) body += piece
  return body
}

/** The note in the body of `add-checkpoint`. */
export const noteIn = (body: string): string => body.slice(body.indexOf('\n\n') + 2)

/**
 * An answer that begins with an empty line, and signs the text that the note then has: the checkpoint's and,
 * behind it, the log's own signature. By hand: `cosign` signs no such text.
 */
export async function signingMore(body: string, signer: Signer): Promise<string> {
  const time = Math.floor(Date.now() / 1000)
  const message = Buffer.from(`cosignature/v1\ntime ${time}\n${noteIn(body)}`)
  const signature = await crypto.subtle.sign('Ed25519', signer.privateKey, message)
  const head = Buffer.alloc(12)
  head.writeUInt32BE(signer.id)
  head.writeBigUInt64BE(BigInt(time), 4)
  const base64 = Buffer.concat([head, Buffer.from(signature)]).toString('base64')
  return `\n\u2014 ${signer.name} ${base64}\n`
}

export const sizeOf = ({ witnesses }: Asked): number => Number(witnesses.witnessed()?.size ?? 0n)
export const troubleOf = ({ witnesses }: Asked, name: string): string | undefined =>
  witnesses.states().find((one) => one.name === name)?.trouble

export const forkedOf = ({ witnesses }: Asked): readonly boolean[] =>
  witnesses.states().map(({ forked }) => forked)

/** What never holds fails the test by itself, whatever the machine's speed. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 1_000; tries++) {
    if (holds()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.fail(`never happened: ${what}`)
}
