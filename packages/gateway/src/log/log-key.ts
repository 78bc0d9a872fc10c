import {
  formatSigner,
  formatVerifierKey,
  newSigner,
  parseSigner,
  type Signer,
  signNote,
} from '@sallyport/evidence/log'
import { limits } from '../config/limits.ts'
import { Conflict } from '../store/store.ts'
import { type KeyFile, type LogKeyEntry, newKeyFile, openKeyFile } from './log-key-file.ts'

/** The keys that sign the log's checkpoints. */
export type LogKeys = {
  /** The key a new log begins with, and the one that signs from now on: a note verifier key. */
  readonly current: () => string
  /** Every key that ever signed for this log, the newest first. */
  readonly verifierKeys: () => readonly string[]
  /** Those of them that sign at `now` (Unix ms), the newest first: whoever has stolen another has stolen nothing. */
  readonly signing: (now: number) => readonly string[]
  /** The signed note (c2sp.org/signed-note): by every key whose time has not ended at `now` (Unix ms). */
  readonly sign: (text: string, now: number) => Promise<string>
  /**
   * Makes a new key. Both sign until the overlap ends, so that an auditor has that long to fetch the new
   * trust file. Durable when it resolves. The caller records it and then says so (`recorded`). Conflict, and
   * nothing is changed, while as many keys sign as may, or one is not recorded yet. One call at a time.
   */
  readonly rotate: (rotating: {
    readonly by: string
    readonly now: number
    /** Leaves stored by now: the record of the rotation comes after them. */
    readonly size: number
  }) => Promise<Rotation>
  /** Rotations whose record may be missing, the oldest first: a crash came between. */
  readonly unrecorded: () => readonly Rotation[]
  readonly recorded: (rotation: Rotation) => Promise<void>
  /** Whether a database was begun with these keys: then a home that holds none has lost it. */
  readonly hasBegun: () => boolean
  /** Durable when it resolves. */
  readonly begin: () => Promise<void>
  /** Destroys the private half of every key whose overlap has ended. */
  readonly retire: (now: number) => Promise<void>
}

/** `since`: below this index no leaf is its record. */
export type Rotation = {
  readonly key: string
  readonly previous: string
  readonly by: string
  readonly since: number
}

type Options = {
  readonly origin: string
  /** How long the key before goes on signing. */
  readonly overlapMs: number
}

/**
 * Reads the log's key file, or makes the first key and writes it (mode 0600). Rejects, saying what to do,
 * when others may read it, when it is damaged, is of another log, or is missing although `databasePath` or
 * `checkpointPath` exists: under another key nobody would believe that it is the same log.
 */
export async function openLogKeys(
  path: string,
  options: Options & {
    readonly databasePath?: string
    readonly checkpointPath?: string
    readonly now: number
  },
): Promise<LogKeys> {
  const { origin, databasePath, checkpointPath, now } = options
  const first = async () => [await newEntry(origin, now)]
  const signed = [databasePath, checkpointPath].filter((one) => one !== undefined)
  return openKeys(await openKeyFile(path, { first, signed }), options)
}

/** For a gateway whose home is memory. */
export async function openLogKeysInMemory(
  options: Options & { readonly now: number },
): Promise<LogKeys> {
  return openKeys(newKeyFile([await newEntry(options.origin, options.now)]), options)
}

async function openKeys(file: KeyFile, { origin, overlapMs }: Options): Promise<LogKeys> {
  const signers = new Map<string, Signer>()
  for (const { key, secret } of file.entries()) {
    if (secret === undefined) continue
    const signer = await parseSigner(secret)
    if (signer.name !== origin || formatVerifierKey(signer) !== key) {
      throw new Error(
        `The log's key file is that of the log "${signer.name}", not of "${origin}". Restore this log's own.`,
      )
    }
    signers.set(key, signer)
  }
  const newest = (): LogKeyEntry => {
    const [entry] = file.entries()
    if (!entry) throw new Error('the log has no key')
    return entry
  }
  const inForce = ({ until }: LogKeyEntry, now: number) => until === undefined || now < until
  const signing = (now: number) =>
    file
      .entries()
      .filter((entry) => inForce(entry, now))
      .map(({ key }) => key)
  return {
    current: () => newest().key,
    verifierKeys: () => file.entries().map(({ key }) => key),
    signing,
    sign: (text, now) =>
      signNote(
        text,
        signing(now).flatMap((key) => signers.get(key) ?? []),
      ),
    rotate: async ({ by, now, size: since }) => {
      const [before, ...earlier] = file.entries()
      if (!before) throw new Error('the log has no key')
      if (unrecorded(file).length > 0) throw new Conflict(notRecorded)
      if (signing(now).length >= limits.logKeysSigning) throw new Conflict(tooMany)
      const entry = { ...(await newEntry(origin, now)), by, since, recorded: false }
      await file.replace([entry, { ...before, until: now + overlapMs }, ...earlier])
      signers.set(entry.key, await parseSigner(entry.secret))
      return { key: entry.key, previous: before.key, by, since }
    },
    unrecorded: () => unrecorded(file),
    recorded: ({ key }) =>
      file.replace(
        file.entries().map((entry) => (entry.key === key ? { ...entry, recorded: true } : entry)),
      ),
    hasBegun: () => file.entries().some(({ begun }) => begun === true),
    begin: async () => {
      const [first, ...earlier] = file.entries()
      if (first && !first.begun) await file.replace([{ ...first, begun: true }, ...earlier])
    },
    retire: async (now) => {
      const ended = file
        .entries()
        .filter((entry) => entry.secret !== undefined && !inForce(entry, now))
      if (ended.length === 0) return
      await file.replace(
        file.entries().map((entry) => {
          if (!ended.includes(entry)) return entry
          const { secret: _, ...kept } = entry
          return kept
        }),
      )
      for (const { key } of ended) signers.delete(key)
    },
  }
}

const notRecorded = 'The rotation before is not recorded yet: the log could not be written.'
const tooMany = `${limits.logKeysSigning} keys sign already. Rotate again when the overlap of the oldest has ended.`

function unrecorded(file: KeyFile): readonly Rotation[] {
  const rotations = file.entries().flatMap(({ key, by, recorded, since = 0 }, at, all) => {
    const previous = all[at + 1]?.key
    return by !== undefined && previous !== undefined && !recorded
      ? [{ key, previous, by, since }]
      : []
  })
  return rotations.toReversed()
}

async function newEntry(origin: string, now: number) {
  const signer = await newSigner(origin)
  return { key: formatVerifierKey(signer), secret: await formatSigner(signer), from: now }
}
