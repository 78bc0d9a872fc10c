import {
  checkTrust,
  parseCheckpoint,
  parseNote,
  parseTrust,
  parseVerifierKey,
  type Trust,
  type VerifierKey,
} from '@sallyport/evidence/log'
import type { Limits } from '../config/limits.ts'
import { type ShownHead, showsFork } from './shown-fork.ts'
import {
  cosignatureBy,
  signatureLines,
  takeToWitness,
  type WitnessTrouble,
} from './take-to-witness.ts'

export type WitnessNeeds = {
  readonly members: readonly {
    readonly name: string
    /** Its verifier key, type 0x04. */
    readonly key: string
    /** Its submission prefix. */
    readonly url: string
  }[]
  /** The trust file: what it asks of a checkpoint is what `witnessed` means. */
  readonly trust: () => string
  /** The keys that sign for this log now. */
  readonly logKeys: () => readonly string[]
  /** Unix milliseconds. */
  readonly now: () => number
  readonly report: (event: WitnessEvent) => void
  readonly limits: Pick<
    Limits,
    'witnessAskMs' | 'witnessRetryMs' | 'witnessRetryMsMax' | 'witnessStopMs'
  >
}

/** What witnesses need of the published log. */
export type WitnessedLog = {
  /** From the tree of one size to a later one (RFC 6962 section 2.1.2). */
  readonly consistency: (size1: bigint, size2: bigint) => Promise<readonly Uint8Array[]>
  /** Publishes the same checkpoint with more signatures; false when it is no longer the newest. */
  readonly addSignatures: (note: string) => Promise<boolean>
  /** Whether this head, signed by the log's key, is none of this log. Rejects when that cannot be told now. */
  readonly contradicts: (head: ShownHead) => Promise<boolean>
}

export type Witnesses = {
  /** Takes a published checkpoint (a signed note) to every witness. Returns at once; the newest wins. */
  readonly onPublished: (note: string) => void
  /**
   * Takes note of the cosignatures of an older checkpoint, from before this start. It is shown to nobody: a
   * witness that has seen a newer one would think that the log was rolled back. What is no checkpoint, or
   * not cosigned by the quorum, changes nothing.
   */
  readonly recall: (note: string) => Promise<void>
  /** The newest checkpoint that the quorum has cosigned, with the cosignatures; undefined before. */
  readonly witnessed: () => Witnessed | undefined
  readonly states: () => readonly WitnessState[]
  /**
   * Takes the last checkpoint before a stop to every witness, away or not a moment ago, and resolves when each has
   * answered, or after `witnessStopMs`: nobody comes back for it later.
   */
  readonly takeLast: (note: string) => Promise<void>
  /** Before this nobody is asked. */
  readonly start: (log: WitnessedLog) => void
  /** Cuts off what is under way. */
  readonly close: () => Promise<void>
}

export type Witnessed = { readonly size: bigint; readonly note: string }

export type WitnessState = {
  readonly name: string
  /** Leaves under the newest checkpoint it cosigned; 0 before. */
  readonly size: number
  /** When it did, Unix milliseconds as it says; undefined before. */
  readonly cosignedAt: number | undefined
  readonly trouble: WitnessTrouble | undefined
  /** It has shown another history under the log's own key; what it only says is trouble, and no proof. */
  readonly forked: boolean
}

/** `size`: of the checkpoint it was shown. `forked`: as in `WitnessState`. */
export type WitnessEvent = {
  readonly witness: string
  readonly event: 'back' | WitnessTrouble
  readonly forked: boolean
  readonly size: bigint
  readonly why: string
}

/** A checkpoint on its way to the witnesses. */
type Target = {
  readonly size: bigint
  readonly text: string
  /** Signed by the log alone. */
  readonly note: string
  /** Verified cosignature lines by the witness's name. */
  readonly lines: Map<string, string>
}

type Member = {
  readonly name: string
  readonly key: VerifierKey
  readonly url: string
  /** The size it last said to have cosigned. */
  known: bigint
  cosigned: { readonly size: bigint; readonly atMs: number; readonly text: string } | undefined
  trouble: WitnessTrouble | undefined
  forked: boolean
  failures: number
  /** Not asked before, by `performance.now()`. */
  notBefore: number
}

/**
 * Asks any number of witnesses to cosign what is published (c2sp.org/tlog-witness), one checkpoint at a
 * time, so that a quorum comes together on the same one, and one request per witness. Nothing waits for it:
 * no call is slower, and none is refused, because a witness is away.
 */
export function openWitnesses(needs: WitnessNeeds): Witnesses {
  const members = needs.members.map(memberOf)
  // A trust file that cannot be read is found at the start, not by an auditor.
  parseTrust(needs.trust())
  const closing = new AbortController()
  let log: WitnessedLog | undefined
  let newest: Target | undefined
  let witnessed: Witnessed | undefined
  let round: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined

  /** Runs one round after the other while somebody may be asked, then sleeps until somebody may. */
  const wake = () => {
    clearTimeout(timer)
    if (round || !log || !newest || closing.signal.aborted) return
    const { text } = newest
    const waiting = members.filter(({ cosigned }) => cosigned?.text !== text)
    if (waiting.length === 0) return
    const pauseMs = Math.min(...waiting.map(({ notBefore }) => notBefore)) - performance.now()
    if (pauseMs > 0) {
      timer = setTimeout(wake, Math.ceil(pauseMs)).unref()
      return
    }
    const due = waiting.filter(({ notBefore }) => notBefore <= performance.now())
    round = askAll(due, newest, log).finally(() => {
      round = undefined
      wake()
    })
  }
  const askAll = async (due: readonly Member[], target: Target, at: WitnessedLog) => {
    // One after the other, so that a note with fewer lines never replaces one with more.
    let gathered = Promise.resolve()
    const ask = async (member: Member) => {
      if (!(await askOne(member, target, { ...needs, log: at, signal: closing.signal }))) return
      gathered = gathered.then(() => gather(target, at))
      await gathered
    }
    await Promise.all(due.map(ask))
  }
  const gather = async (target: Target, at: WitnessedLog) => {
    const note = target.note + [...target.lines.values()].join('')
    await keepIfWitnessed({ size: target.size, note })
    // What could not be published with these lines is published with the next ones.
    if (await isSound(note, needs.trust())) await at.addSignatures(note).catch(() => false)
  }
  const keepIfWitnessed = async (found: Witnessed) => {
    if (!(await isWitnessed(found.note, needs.trust()))) return
    if (!witnessed || found.size >= witnessed.size) witnessed = found
  }
  const take = async (note: string) => {
    const target = await targetOf(note, members)
    await keepIfWitnessed({ size: target.size, note })
    if (newest && (target.text === newest.text || target.size < newest.size)) return
    newest = target
    wake()
  }
  const askAtOnce = async () => {
    for (const member of members) member.notBefore = 0
    wake()
    // The first may be about an older checkpoint.
    while (round !== undefined) await round
  }
  return {
    // What is no checkpoint is nobody's to cosign; the log's own reader refuses it at the next start.
    onPublished: (note) => void take(note).catch(() => undefined),
    recall: async (note) => {
      if (await isWitnessed(note, needs.trust())) {
        await keepIfWitnessed({ size: parseCheckpoint(note).size, note })
      }
    },
    takeLast: async (note) => {
      await take(note).catch(() => undefined)
      await within(needs.limits.witnessStopMs, askAtOnce())
    },
    witnessed: () => witnessed,
    states: () => members.map(stateOf),
    start: (started) => {
      log = started
      wake()
    },
    close: async () => {
      closing.abort()
      clearTimeout(timer)
      await round
    },
  }
}

/** Resolves with `work`, or after so long without it. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([work, late])
  clearTimeout(timer)
}

function memberOf({ name, key, url }: WitnessNeeds['members'][number]): Member {
  return {
    ...{ name, url, key: keyOf(name, key) },
    ...{ known: 0n, cosigned: undefined, trouble: undefined, failures: 0, notBefore: 0 },
    forked: false,
  }
}

function keyOf(name: string, text: string): VerifierKey {
  try {
    return parseVerifierKey(text)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'it cannot be read'
    throw new Error(`The key of the witness ${name} in the configuration: ${why}.`, { cause })
  }
}

function stateOf({ name, cosigned, trouble, forked }: Member): WitnessState {
  const size = Number(cosigned?.size ?? 0n)
  return { name, size, cosignedAt: cosigned?.atMs, trouble, forked }
}

/** The cosignatures a published checkpoint already has are kept: after a restart they still count. */
async function targetOf(note: string, members: readonly Member[]): Promise<Target> {
  const { text } = parseNote(note)
  const ofMember = (one: { readonly name: string; readonly id: number }) =>
    members.some(({ key }) => key.name === one.name && key.id === one.id)
  const own = signatureLines(note).filter((one) => !ofMember(one))
  const lines = new Map<string, string>()
  for (const { name, key } of members) {
    const found = await cosignatureBy(key, note)
    if (found) lines.set(name, found.line)
  }
  const signed = `${text}\n${own.map(({ line }) => line).join('')}`
  return { size: parseCheckpoint(text).size, text, note: signed, lines }
}

/** Whether it cosigned. What it said is noted with the member, and reported where somebody has to know. */
async function askOne(
  member: Member,
  target: Target,
  given: WitnessNeeds & { readonly log: WitnessedLog; readonly signal: AbortSignal },
): Promise<boolean> {
  const { log, signal, limits, report } = given
  const taken = await takeToWitness({
    witness: member,
    checkpoint: target,
    consistency: log.consistency,
    timeoutMs: limits.witnessAskMs,
    ...{ signal, now: given.now },
  })
  if (signal.aborted) return false
  const { name: witness, trouble } = member
  const { size, text } = target
  if (taken.kind === 'cosigned') {
    member.known = size
    member.cosigned = { size, text, atMs: taken.time * 1000 }
    member.trouble = undefined
    member.forked = false
    member.failures = 0
    target.lines.set(witness, taken.line)
    if (trouble) {
      report({ witness, event: 'back', forked: false, size, why: 'it has cosigned' })
    }
    return true
  }
  const { kind, known, why } = taken
  // A witness that is away takes back nothing of what it has shown.
  const forked = claimsFork(kind)
    ? await showsFork({
        ...{ url: member.url, key: member.key },
        origin: parseCheckpoint(text).origin,
        logKeys: given.logKeys(),
        contradicts: log.contradicts,
        ...{ timeoutMs: limits.witnessAskMs, signal },
      })
    : member.forked
  if (signal.aborted) return false
  member.known = known
  member.trouble = kind
  member.forked = forked
  member.notBefore = performance.now() + pauseMs(kind, member.failures++, limits)
  // Two histories are said again and again: whoever reads logs must not be able to overlook it.
  if (kind !== trouble || claimsFork(kind)) report({ witness, event: kind, forked, size, why })
  return false
}

/** A witness says that it holds a history of this log that is not ours. */
export function claimsFork(trouble: WitnessTrouble | undefined): boolean {
  return trouble === 'inconsistent' || trouble === 'ahead'
}

/** Doubled up to the most; what only a person can mend is tried at the slowest pace at once. */
function pauseMs(
  kind: WitnessTrouble,
  failures: number,
  { witnessRetryMs, witnessRetryMsMax }: WitnessNeeds['limits'],
): number {
  if (kind !== 'unreachable') return witnessRetryMsMax
  return Math.min(witnessRetryMsMax, witnessRetryMs * 2 ** Math.min(failures, 20))
}

/** A trust file that asks for no witness calls nothing witnessed. */
async function isWitnessed(note: string, trustText: string): Promise<boolean> {
  const trust = parseTrust(trustText)
  return trust.quorum !== undefined && isTrusted(note, trust)
}

/** Whether an auditor reads every signature of it as good, however many there are: one that is bad spoils the others. */
async function isSound(note: string, trustText: string): Promise<boolean> {
  return isTrusted(note, { ...parseTrust(trustText), quorum: undefined })
}

async function isTrusted(note: string, trust: Trust): Promise<boolean> {
  return checkTrust(note, trust).then(
    () => true,
    () => false,
  )
}
