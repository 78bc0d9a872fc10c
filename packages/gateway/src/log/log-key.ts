import {
  formatSigner,
  formatVerifierKey,
  newSigner,
  parseSigner,
  type Signer,
  signNote,
} from '@sallyport/evidence'
import { type KeyFile, type LogKeyEntry, newKeyFile, openKeyFile } from './log-key-file.ts'

/** The keys that sign the log's checkpoints. */
export type LogKeys = {
  /** The key a new log begins with, and the one that signs from now on: a note verifier key. */
  readonly current: () => string
  /** Every key that ever signed for this log, the newest first. */
  readonly verifierKeys: () => readonly string[]
  /** The signed note (c2sp.org/signed-note): by every key whose time has not ended at `now` (Unix ms). */
  readonly sign: (text: string, now: number) => Promise<string>
  /**
   * Makes a new key. Both sign until the overlap ends, so that an auditor has that long to fetch the new
   * trust file. Durable when it resolves. The caller records it and then says so (`recorded`).
   */
  readonly rotate: (by: string, now: number) => Promise<Rotation>
  /** Rotations whose record may be missing: a crash came between. */
  readonly unrecorded: () => readonly Rotation[]
  readonly recorded: (rotation: Rotation) => Promise<void>
  /** Destroys the private half of every key whose overlap has ended. */
  readonly retire: (now: number) => Promise<void>
}

export type Rotation = { readonly key: string; readonly previous: string; readonly by: string }

type Options = {
  readonly origin: string
  /** How long the key before goes on signing. */
  readonly overlapMs: number
}

/**
 * Reads the log's key file, or makes the first key and writes it (mode 0600). Rejects, saying what to do,
 * when others may read it, when it is damaged, is of another log, or is missing although `databasePath` exists:
 * under another key nobody would believe that it is the same log.
 */
export async function openLogKeys(
  path: string,
  options: Options & { readonly databasePath?: string; readonly now: number },
): Promise<LogKeys> {
  const { origin, databasePath, now } = options
  const first = async () => [await newEntry(origin, now)]
  return openKeys(await openKeyFile(path, { first, databasePath }), options)
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
  return {
    current: () => newest().key,
    verifierKeys: () => file.entries().map(({ key }) => key),
    sign: (text, now) =>
      signNote(
        text,
        file
          .entries()
          .filter((entry) => inForce(entry, now))
          .flatMap(({ key }) => signers.get(key) ?? []),
      ),
    rotate: async (by, now) => {
      const [before, ...earlier] = file.entries()
      if (!before) throw new Error('the log has no key')
      const entry = { ...(await newEntry(origin, now)), by, recorded: false }
      await file.replace([entry, { ...before, until: now + overlapMs }, ...earlier])
      signers.set(entry.key, await parseSigner(entry.secret))
      return { key: entry.key, previous: before.key, by }
    },
    unrecorded: () =>
      file.entries().flatMap(({ key, by, recorded }, at, all) => {
        const previous = all[at + 1]?.key
        return by !== undefined && previous !== undefined && !recorded
          ? [{ key, previous, by }]
          : []
      }),
    recorded: ({ key }) =>
      file.replace(
        file.entries().map((entry) => (entry.key === key ? { ...entry, recorded: true } : entry)),
      ),
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

async function newEntry(origin: string, now: number) {
  const signer = await newSigner(origin)
  return { key: formatVerifierKey(signer), secret: await formatSigner(signer), from: now }
}
