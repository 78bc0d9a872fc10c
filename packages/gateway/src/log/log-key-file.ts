import { randomBytes } from 'node:crypto'
import { type FileHandle, link, open, rename, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'

/** One key of the log, as kept in its key file. Times are Unix milliseconds. */
export type LogKeyEntry = {
  /** The public half: a note verifier key. */
  readonly key: string
  /** The private half; absent once it no longer signs. */
  readonly secret?: string
  readonly from: number
  /** It signs until then; absent: until another takes over. */
  readonly until?: number
  /** Who asked for it, where it took over from another; and whether the log says so. */
  readonly by?: string
  readonly recorded?: boolean
  /** Leaves that were stored when it took over: where its record is looked for after a crash. */
  readonly since?: number
  /** A database was begun with it. */
  readonly begun?: boolean
}

/** The newest key first. */
export type KeyFile = {
  readonly entries: () => readonly LogKeyEntry[]
  /** Durable, whole or not at all, when it resolves. Rejects what would be too long to be read again. */
  readonly replace: (entries: readonly LogKeyEntry[]) => Promise<void>
}

/** Room for a thousand rotations; whatever is longer is another file, and is never written. */
const fileBytesMax = 262_144

/** Reads the file, or makes it with `first`. Rejects with what to do. */
export async function openKeyFile(
  path: string,
  options: {
    readonly first: () => Promise<readonly LogKeyEntry[]>
    /** Files that were made with the keys: where one exists, new ones are no cure. */
    readonly signed: readonly string[]
  },
): Promise<KeyFile> {
  const { first, signed } = options
  const found = await openIfThere(path)
  if (!found) {
    for (const other of signed) {
      if (!(await exists(other))) continue
      throw new Error(
        `The log's key file ${path} is missing, but ${other} exists. Restore the key file from its backup; under a new key nobody would believe that it is the same log.`,
      )
    }
    await writeWhole(path, await first(), 'new')
  }
  let entries = await read(found ?? (await open(path, 'r')), path)
  return {
    entries: () => entries,
    replace: async (changed) => {
      await writeWhole(path, changed, 'replaced')
      entries = changed
    },
  }
}

/** One that is forgotten. */
export function newKeyFile(first: readonly LogKeyEntry[]): KeyFile {
  let entries = first
  return {
    entries: () => entries,
    replace: async (changed) => {
      entries = changed
    },
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (thrown) {
    if (isCode(thrown, 'ENOENT')) return undefined
    throw thrown
  }
}

async function read(file: FileHandle, path: string): Promise<readonly LogKeyEntry[]> {
  try {
    const { mode, size } = await file.stat()
    if (mode & 0o077) {
      throw new Error(`The log's key file ${path} can be read by others. Run: chmod 600 ${path}`)
    }
    const entries = size <= fileBytesMax ? parse(await file.readFile('utf8')) : undefined
    if (!entries) {
      throw new Error(`The log's key file ${path} is damaged. Restore it from its backup.`)
    }
    return entries
  } finally {
    await file.close()
  }
}

/**
 * Written under another name, synced, then put into place: a crash leaves the old file or the new one.
 * A new one is linked, not renamed: when two starts race, one of them wins and both read the same key.
 */
async function writeWhole(
  path: string,
  keys: readonly LogKeyEntry[],
  kind: 'new' | 'replaced',
): Promise<void> {
  const text = `${JSON.stringify({ version: 1, keys }, undefined, 2)}\n`
  // Written, it would be taken for damaged at the next start.
  if (Buffer.byteLength(text) > fileBytesMax) {
    throw new Error(`The log's key file ${path} has no room for another key.`)
  }
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  if (kind === 'replaced') await rename(draft, path)
  else {
    try {
      await link(draft, path)
    } catch (thrown) {
      if (!isCode(thrown, 'EEXIST')) throw thrown
    } finally {
      await unlink(draft)
    }
  }
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Undefined for what is not a key file. The parser's message would quote it, so it is not passed on. */
function parse(text: string): readonly LogKeyEntry[] | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const members = entriesOf(value)
  const keys = members.version === 1 && Array.isArray(members.keys) ? members.keys : []
  const entries = keys.map(parseEntry)
  const sound = entries.filter((entry) => entry !== undefined)
  // Without its private half the newest key could sign nothing.
  return sound[0]?.secret !== undefined && sound.length === entries.length ? sound : undefined
}

function parseEntry(value: unknown): LogKeyEntry | undefined {
  const { key, secret, from, until, by, recorded, since, begun } = entriesOf(value)
  if (typeof key !== 'string' || typeof from !== 'number') return undefined
  return {
    key,
    from,
    ...(typeof secret === 'string' && { secret }),
    ...(typeof until === 'number' && { until }),
    ...(typeof by === 'string' && { by }),
    ...(typeof recorded === 'boolean' && { recorded }),
    ...(typeof since === 'number' && { since }),
    ...(typeof begun === 'boolean' && { begun }),
  }
}

function entriesOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (thrown) => {
      if (isCode(thrown, 'ENOENT')) return false
      throw thrown
    },
  )
}

function isCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code
}
