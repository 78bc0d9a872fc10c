import { mkdir } from 'node:fs/promises'
import {
  cosign,
  ed25519Type,
  formatVerifierKey,
  parseNote,
  parseVerifierKey,
  type Signer,
  type VerifierKey,
  verifyNote,
} from '@sallyport/evidence/log'
import { lockFolder } from './folder-lock.ts'
import { type Heads, openHeads } from './heads.ts'
import { type Judgement, judge } from './judge.ts'
import { parseSubmission, type Submission } from './submission.ts'
import { openTurns } from './turns.ts'
import { readWitnessKey } from './witness-key.ts'

/** What is said over HTTP. `type` is plain text unless given. */
export type Answer = { readonly status: number; readonly body: string; readonly type?: string }

/** Something the operator has to know. `inconsistent` is what a witness is there for. */
export type WitnessEvent = {
  readonly event: 'cosigned' | 'inconsistent' | 'clock-behind' | 'failed'
  readonly origin: string
  readonly size: bigint
  /** With `inconsistent`: the submitted checkpoint, which the log has signed. */
  readonly note?: string
  readonly cause?: unknown
}

export type Witness = {
  /** Its verifier key, type 0x04. */
  readonly key: string
  /** Answers the body of `add-checkpoint`. Never rejects: what fails is reported and refused. */
  readonly add: (body: Uint8Array) => Promise<Answer>
  /** The latest cosigned checkpoint of the log with this origin hash (SHA-256, lower-case hex). */
  readonly latest: (originHash: string) => string | undefined
  readonly close: () => Promise<void>
}

/**
 * A witness of c2sp.org/tlog-witness over one folder: of each log it remembers the latest checkpoint it
 * cosigned, and cosigns only what extends it. One process per folder. Rejects, saying what to do, when
 * the folder is in use, the key is not there or not kept safe, or a head is damaged.
 */
export async function openWitness(options: {
  /** Folder with `witness.key` and the heads. */
  readonly home: string
  /** Verifier keys of the logs it watches; several of one name are one log whose key rotates. */
  readonly logs: readonly string[]
  /** Unix milliseconds. */
  readonly now: () => number
  readonly report: (event: WitnessEvent) => void
}): Promise<Witness> {
  const { home, now, report } = options
  await mkdir(home, { recursive: true, mode: 0o700 })
  const lock = lockFolder(home)
  try {
    const signer = await readWitnessKey(home)
    const heads = await openHeads(home, signer)
    const logs = Map.groupBy(options.logs.map(logKey), ({ name }) => name)
    const inTurn = openTurns()
    return {
      key: formatVerifierKey(signer),
      add: (body) => add(body, { signer, heads, logs, inTurn, now, report }),
      latest: (hash) => heads.byHash(hash)?.note,
      close: () => inTurn(async () => lock.close()),
    }
  } catch (thrown) {
    lock.close()
    throw thrown
  }
}

type Room = {
  readonly signer: Signer
  readonly heads: Heads
  readonly logs: ReadonlyMap<string, readonly VerifierKey[]>
  readonly inTurn: ReturnType<typeof openTurns>
  readonly now: () => number
  readonly report: (event: WitnessEvent) => void
}

function logKey(text: string): VerifierKey {
  const key = parseVerifierKey(text)
  if (key.type === ed25519Type) return key
  throw new Error(`The key of ${key.name} is not a log's key: its type has to be 0x01 (Ed25519).`)
}

async function add(body: Uint8Array, room: Room): Promise<Answer> {
  const asked = parseSubmission(body)
  if (!asked) return malformed
  const { origin, size } = asked.checkpoint
  const keys = room.logs.get(origin)
  if (!keys) return { status: 404, body: 'no log of this origin is watched here\n' }
  const signed = await onlyBy(asked.note, keys)
  if (signed === undefined) return { status: 403, body: 'no signature of a known key verifies\n' }
  // Checked and kept in one turn: otherwise a slower, shorter checkpoint could overwrite a longer one.
  return room
    .inTurn(() => decide({ ...asked, note: signed }, room))
    .catch((cause: unknown) => {
      room.report({ event: 'failed', origin, size, cause })
      return unavailable
    })
}

/** The note with the signatures of these keys only; undefined when none verifies, or one is wrong. */
async function onlyBy(note: string, keys: readonly VerifierKey[]): Promise<string | undefined> {
  try {
    const { text, signedBy } = await verifyNote(note, keys)
    const lines = note.slice(text.length + 1).split('\n')
    const kept = parseNote(note).signatures.flatMap(({ name, id }, at) =>
      signedBy.some((key) => key.name === name && key.id === id) ? [`${lines[at]}\n`] : [],
    )
    return `${text}\n${kept.join('')}`
  } catch {
    return undefined
  }
}

async function decide(asked: Submission, room: Room): Promise<Answer> {
  const { signer, heads, report } = room
  const { origin, size, root } = asked.checkpoint
  const head = heads.of(origin)
  const judgement = judge(asked, head)
  if (judgement.verdict !== 'cosign') {
    if (judgement.verdict === 'inconsistent') {
      report({ event: 'inconsistent', origin, size, note: asked.note })
    }
    return refusal(judgement)
  }
  const time = Math.floor(room.now() / 1000)
  if (head && time < head.time) {
    // A cosignature says "the largest I saw, as of then": going back in time would contradict the last one.
    report({ event: 'clock-behind', origin, size })
    return unavailable
  }
  const line = await cosign(asked.note, signer, time)
  const note = `${asked.note}${line}`
  // Asked again within a second: what is kept says all of it already.
  if (head?.note !== note) await heads.replace({ origin, size, root, time, note })
  // Before this line nobody has our cosignature; after it the head is on the disk.
  report({ event: 'cosigned', origin, size })
  return { status: 200, body: line }
}

function refusal(judgement: Exclude<Judgement, { verdict: 'cosign' }>): Answer {
  switch (judgement.verdict) {
    case 'malformed':
      return malformed
    case 'stale':
      return { status: 409, body: `${judgement.size}\n`, type: 'text/x.tlog.size' }
    case 'inconsistent':
      return { status: 422, body: 'this does not continue what was cosigned before\n' }
  }
}

const malformed: Answer = { status: 400, body: 'this is no add-checkpoint request\n' }
const unavailable: Answer = { status: 503, body: 'the witness cannot cosign now\n' }
